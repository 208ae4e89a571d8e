//! Submitting operations: checked, copied, without waiting.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::intake::SubmitError;
use super::{Outbox, wrong_process};
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::operation::{Operation, Request, single};

impl Outbox {
    /// Submits an operation: copies it and returns without waiting. The report with `tag`
    /// has its result.
    ///
    /// With `outbox_file`, choose tags that keep their meaning after a restart, such as a row
    /// or player number, never a pointer or an index: the next run reports what this one
    /// left. [`Report::is_recovered`](crate::outbox::Report::is_recovered) marks those reports.
    ///
    /// Two accounts of one type in one binding are allowed; the later one wins.
    ///
    /// # Errors
    /// [`Full`](ErrorKind::Full), [`Closed`](ErrorKind::Closed), and
    /// [`InvalidValue`](ErrorKind::InvalidValue) or
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) when it breaks a rule of the
    /// protocol version. Then nothing was submitted.
    pub fn submit(&self, operation: &Operation<'_>, tag: u64) -> Result<()> {
        if self.owner.is_known_forked() {
            return Err(wrong_process());
        }
        self.engine.api.check_operation(operation)?;
        let at = self.shared.about_now();
        match self.shared.intake.submit(operation, tag, at) {
            Ok(()) => Ok(()),
            Err(SubmitError::Full) => {
                self.shared.counters.full.fetch_add(1, Ordering::Relaxed);
                Err(Error::new(
                    ErrorKind::Full,
                    "the outbox is full (outbox_max_operations, outbox_max_bytes): read reports, \
                     and submit it again later",
                ))
            }
            Err(SubmitError::Closed) => Err(Error::new(ErrorKind::Closed, "the outbox is closed")),
        }
    }

    /// Submits every item of a request, in order; the n-th has the tag `first_tag` + n.
    ///
    /// # Errors
    /// As [`submit`](Outbox::submit). If the request breaks a rule, nothing was
    /// submitted; otherwise the items before [`Error::item`] were.
    pub fn submit_all(&self, request: &Request, first_tag: u64) -> Result<()> {
        self.ensure_same_process()?;
        self.check_request(request)?;
        single::of_request(request, |index, operation| {
            operation.check().map_err(|error| error.at_item(index))
        })?;
        single::of_request(request, |index, operation| {
            let tag = first_tag.wrapping_add(index as u64);
            self.submit(operation, tag)
                .map_err(|error| error.at_item(index))
        })
    }

    fn check_request(&self, request: &Request) -> Result<()> {
        if request.is_query() {
            return Err(Error::request(
                "an outbox was given a query, which belongs to the other API",
            ));
        }
        if request.legacy.op_type.is_some() || request.legacy.op_id.is_some() {
            return Err(Error::request(
                "an outbox does not carry op_type and op_id: they belong to one HTTP request, and \
                 it makes its own",
            ));
        }
        self.engine.api.check(request).map(|_| ())
    }

    /// As [`submit`](Outbox::submit), but waits up to `timeout` while it is full.
    ///
    /// # Errors
    /// As [`submit`](Outbox::submit).
    pub fn submit_waiting(
        &self,
        operation: &Operation<'_>,
        tag: u64,
        timeout: Duration,
    ) -> Result<()> {
        let ends = Instant::now().checked_add(timeout);
        loop {
            match self.submit(operation, tag) {
                Err(error) if error.kind() == ErrorKind::Full => {
                    let left = left(ends);
                    if left.is_zero() {
                        return Err(error);
                    }
                    self.shared.wait_not_full(left);
                }
                other => return other,
            }
        }
    }

    /// Waits up to `timeout` until it is not full. `false` if it is still full, and at once
    /// if it is closed. Another thread may take the room first.
    pub fn wait_not_full(&self, timeout: Duration) -> bool {
        let ends = Instant::now().checked_add(timeout);
        loop {
            match self
                .ensure_same_process()
                .map(|()| self.shared.intake.room())
            {
                Ok(Some(0)) => {}
                Ok(Some(_)) => return true,
                Ok(None) | Err(_) => return false,
            }
            let left = left(ends);
            if left.is_zero() {
                return false;
            }
            self.shared.wait_not_full(left);
        }
    }
}

/// How long until then; without an end forever.
fn left(ends: Option<Instant>) -> Duration {
    ends.map_or(Duration::MAX, |ends| {
        ends.saturating_duration_since(Instant::now())
    })
}
