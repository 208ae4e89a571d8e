//! `include/xgpush.h` is what cbindgen makes of `ffi/src`. With `UPDATE_HEADER=1`
//! this writes the header instead of comparing it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn generated() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = cbindgen::Config::from_file(folder.join("cbindgen.toml")).unwrap();
    config.header = Some(include_str!("head.h").trim_end().to_owned());
    config.after_includes = Some(format!(
        "\n/** The version of this header, as text. */\n\
         #define XG_VERSION \"{}\"\n\
         /** Major: an incompatible ABI, with a new XG_ABI_VERSION and SONAME (libxgpush.so.MAJOR). */\n\
         #define XG_VERSION_MAJOR {}\n\
         /** Minor: functions were added. */\n\
         #define XG_VERSION_MINOR {}\n\
         /** Patch: fixes only. */\n\
         #define XG_VERSION_PATCH {}\n\n\
         /** An account without a type: the field is not sent, and the service takes 0. */\n\
         #define XG_NO_ACCOUNT_TYPE INT32_MIN",
        env!("CARGO_PKG_VERSION"),
        env!("CARGO_PKG_VERSION_MAJOR"),
        env!("CARGO_PKG_VERSION_MINOR"),
        env!("CARGO_PKG_VERSION_PATCH"),
    ));
    let mut header = Vec::new();
    cbindgen::Builder::new()
        .with_config(config)
        .with_crate(folder)
        .generate()
        .unwrap()
        .write(&mut header);
    let header = String::from_utf8(header).unwrap();

    assert!(
        !header.contains("__STDC_VERSION__"),
        "preprocessor lines that other parsers choke on"
    );
    header
}

#[test]
fn committed_header_equals_the_generated_one() {
    let file = root().join("include/xgpush.h");
    let header = generated();
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::write(&file, &header).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap();
    assert!(
        committed == header,
        "run the tests of xgpush-ffi with UPDATE_HEADER=1 and commit"
    );
}
