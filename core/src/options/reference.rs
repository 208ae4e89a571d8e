//! The reference page of the options, in Markdown.

use std::fmt::Write as _;

use super::table::OPTIONS;

/// The text of `docs/options.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Options\n\nOne table for every language: the option of `xg_config_set` in C, the \
         keyword argument in Python, and `XGPUSH_` with the name in upper case as an environment \
         variable. This page is generated from the table in `core/src/options/table.rs`.\n\n\
         | option | type | default | range | what it does |\n|---|---|---|---|---|\n",
    );
    for option in OPTIONS {
        let default = match option.default {
            "" => "(none)".to_owned(),
            value => format!("`{value}`"),
        };
        let _ = writeln!(
            page,
            "| `{}` | {} | {default} | {} | {} |",
            option.name,
            option.type_name(),
            option.range(),
            option.text
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_page_equals_the_committed_one() {
        let committed = include_str!("../../../docs/options.md");
        assert!(
            committed == reference(),
            "docs/options.md is stale; write it again with `bash scripts/docs/docs.sh pages docs`"
        );
    }
}
