//! What the tests of `apply` share.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use xgpush::{
    Apply, ApplyEnd, ApplyInput, ApplyOptions, BulkOptions, Client, ErrorKind, Format, Operator,
    Progress, Reading, Result,
};

pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A folder for one test.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn input(&self, name: &str, text: &str) -> ApplyInput {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        ApplyInput {
            format: Format::of(&path).unwrap(),
            path,
            read_from: None,
            reading: Reading::default(),
        }
    }

    pub(crate) fn options(&self, suffix: &str) -> ApplyOptions {
        ApplyOptions {
            report: Some(self.path(&format!("report.{suffix}"))),
            rejects: Some(self.path(&format!("rejects.{suffix}"))),
            ..plain()
        }
    }

    /// The same, with a state to resume from.
    pub(crate) fn with_state(&self) -> ApplyOptions {
        ApplyOptions {
            state: Some(self.path("state")),
            ..self.options("csv")
        }
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

pub(crate) fn plain() -> ApplyOptions {
    ApplyOptions {
        operator: Operator::Bind,
        platform: None,
        bulk: BulkOptions {
            parallel: 2,
            ..BulkOptions::default()
        },
        report: None,
        rejects: None,
        state: None,
        escape_formulas: false,
    }
}

pub(crate) fn finish(
    client: &Client,
    input: &ApplyInput,
    options: &ApplyOptions,
) -> (ApplyEnd, Progress) {
    let mut apply = Apply::open(client, input, options).unwrap();
    loop {
        if let Some(end) = apply.work(LONG).unwrap() {
            return (end, apply.progress());
        }
    }
}

pub(crate) fn refusal(result: Result<Apply>) -> String {
    let error = result.unwrap_err();
    let known = matches!(
        error.kind(),
        ErrorKind::InvalidArgument | ErrorKind::Storage
    );
    assert!(known, "{error:?}");
    error.to_string()
}
