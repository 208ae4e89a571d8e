//! What the tests of `apply` share.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use xgpush::apply::{Apply, ApplyEnd, ApplyInput, ApplyOptions, Progress};
use xgpush::bulk::BulkOptions;
use xgpush::{Client, ErrorKind, Operator, Result};

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
        ApplyInput::from_path(path).unwrap()
    }

    pub(crate) fn options(&self, suffix: &str) -> ApplyOptions {
        plain()
            .with_report(self.path(&format!("report.{suffix}")))
            .with_rejects(self.path(&format!("rejects.{suffix}")))
    }

    /// The same, with a state to resume from.
    pub(crate) fn with_state(&self) -> ApplyOptions {
        self.options("csv").with_state(self.path("state"))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

pub(crate) fn plain() -> ApplyOptions {
    ApplyOptions::new(Operator::Bind).with_bulk(BulkOptions::new().with_parallel(2))
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
