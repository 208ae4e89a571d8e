//! The command line.

use std::path::PathBuf;

pub(crate) struct Arguments {
    pub(crate) dir: PathBuf,
    only: Option<String>,
    /// A filter of our own must find something; one that `cargo test` hands to
    /// every test program need not.
    pub(crate) must_match: bool,
}

impl Arguments {
    /// `None`: nothing is to be run.
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut read = Self {
            dir: concat!(env!("CARGO_MANIFEST_DIR"), "/../conformance").into(),
            only: None,
            must_match: false,
        };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let next = arguments.next();
                next.ok_or_else(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--only" => {
                    read.only = Some(value()?);
                    read.must_match = true;
                }
                "--dir" => read.dir = value()?.into(),
                // What people say to libtest, and what tools ask it.
                "--list" | "--ignored" => return Ok(None),
                "--test-threads" | "--color" | "--format" => {
                    value()?;
                }
                "--nocapture" | "--no-capture" | "--show-output" | "--exact" | "--quiet" | "-q"
                | "--include-ignored" => {}
                other if other.starts_with("--test-threads=") => {}
                other if other.starts_with('-') => {
                    return Err(format!("unknown argument {other}"));
                }
                filter => read.only = Some(filter.to_owned()),
            }
        }
        Ok(Some(read))
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only))
    }
}
