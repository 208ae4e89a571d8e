//! The table as a page for people and as JSON for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Code, TABLE};

const HEAD: &str = "# Return codes 返回码

The return codes in the service's documents. The code of an item is `xg_outcome_code` in C, `item.code` in Python, `ItemOutcome::code` in Rust. A code that is not in the table is handled as *rejected* and not retried. Programs read the same table with `xg_codes_json` in C, `xgpush.CODES` in Python, `xgpush::codes::TABLE` in Rust; this page is generated from it (`core/src/model/codes/table.rs`).

本页列出服务文档中的返回码。表中没有的返回码按 *rejected* 处理，不重试。

| cause | 责任方 | meaning |
|---|---|---|
| `none` | 无 | success |
| `request` | 请求 | a parameter is missing or wrong |
| `item` | 单项 | one token, account or other target in the request is invalid |
| `configuration` | 配置 | key, access id, region, or a setting of the application in the console |
| `service` | 服务端 | the service failed |
| `rate` | 频率 | too many requests |

| retry | 重试 | meaning |
|---|---|---|
| `never` | 不重试 | repeating the request does not help |
| `backoff` | 稍后重试 | after a short, growing pause; xgpush does it by itself |
| `throttle` | 降速后重试 | after a longer, growing pause; xgpush does it by itself |
| `per_element` | 逐项判断 | see the codes of the items |

| code | meaning | 含义 | cause | retry | what to do | 处理办法 |
|---|---|---|---|---|---|---|
";

/// The reference page, in Markdown.
pub fn reference() -> String {
    let mut page = String::from(HEAD);
    for code in TABLE {
        let _ = writeln!(
            page,
            "| {} | {} | {} | `{}` | `{}` | {} | {} |",
            code.code,
            code.meaning,
            code.meaning_zh,
            code.fault.name(),
            code.retry.name(),
            or_nothing(code.advice, "nothing"),
            or_nothing(code.advice_zh, "无需处理"),
        );
    }
    page
}

fn or_nothing(advice: &'static str, nothing: &'static str) -> &'static str {
    if advice.is_empty() { nothing } else { advice }
}

/// One row as it stands in the JSON.
#[derive(Serialize)]
struct Row {
    code: i64,
    meaning: &'static str,
    meaning_zh: &'static str,
    fault: &'static str,
    retry: &'static str,
    advice: &'static str,
    advice_zh: &'static str,
}

impl From<&Code> for Row {
    fn from(code: &Code) -> Self {
        let Code {
            code,
            meaning,
            meaning_zh,
            fault,
            retry,
            advice,
            advice_zh,
        } = *code;
        Self {
            code,
            meaning,
            meaning_zh,
            fault: fault.name(),
            retry: retry.name(),
            advice,
            advice_zh,
        }
    }
}

/// The table as a JSON array of objects with the fields of [`Code`], by number.
pub fn to_json() -> String {
    let rows: Vec<Row> = TABLE.iter().map(Row::from).collect();
    serde_json::to_string(&rows).expect("texts and numbers have no value that JSON lacks")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_page_is_up_to_date_and_explains_its_words() {
        let committed = include_str!("../../../../docs/codes.md");
        assert!(
            committed == reference(),
            "docs/codes.md is stale; write it again with `bash scripts/docs/docs.sh pages docs`"
        );
        for code in TABLE {
            for word in [code.fault.name(), code.retry.name()] {
                assert!(HEAD.contains(&format!("\n| `{word}` |")), "{word}");
            }
        }
    }

    #[test]
    fn the_json_is_the_table() {
        let rows: Vec<serde_json::Value> = serde_json::from_str(&to_json()).unwrap();
        assert_eq!(rows.len(), TABLE.len());
        for (row, code) in rows.iter().zip(TABLE) {
            assert_eq!(row.as_object().unwrap().len(), 7);
            assert_eq!(row["code"], code.code);
            assert_eq!(row["meaning"], code.meaning);
            assert_eq!(row["meaning_zh"], code.meaning_zh);
            assert_eq!(row["fault"], code.fault.name());
            assert_eq!(row["retry"], code.retry.name());
            assert_eq!(row["advice"], code.advice);
            assert_eq!(row["advice_zh"], code.advice_zh);
        }
    }
}
