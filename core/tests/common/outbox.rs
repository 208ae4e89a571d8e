//! What the tests of the outbox share.

use std::time::Duration;

use xgpush::outbox::Report;
use xgpush::{Operation, Outbox};
use xgpush_emulator::Emulator;

use super::config;

/// An outbox to this emulator.
pub(crate) fn open(emulator: &Emulator, options: &[(&str, &str)]) -> Outbox {
    Outbox::open(&config(emulator, options)).unwrap()
}

/// Hands one binding in.
pub(crate) fn bind(outbox: &Outbox, token: &str, account: &str, tag: u64) {
    let accounts = [(account, None)];
    outbox
        .submit(&Operation::bind(token, &accounts), tag)
        .unwrap();
}

/// Takes every report that is there.
pub(crate) fn all_reports(outbox: &Outbox) -> Vec<Report> {
    let mut reports = Vec::new();
    while outbox.take_reports(&mut reports, 1000, Duration::ZERO) > 0 {}
    reports
}
