//! Submitting operations: checked, copied, without waiting.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Outbox;
use super::fork::wrong_process;
use super::intake::SubmitError;
use crate::model::error::{Error, ErrorKind, Result};
use crate::model::operation::{self, Operation};
use crate::model::request::Request;

/// Memory that was short comes back without a notice: how often a submission that waits
/// for room looks itself.
const MEMORY_INTERVAL: Duration = Duration::from_secs(1);

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
        let submitted = self.try_submit(operation, tag)?;
        submitted.map_err(|error| self.refuse(operation, error))
    }

    fn try_submit(
        &self,
        operation: &Operation<'_>,
        tag: u64,
    ) -> Result<std::result::Result<(), SubmitError>> {
        if self.owner.is_known_forked() {
            return Err(wrong_process());
        }
        self.engine.api.check_operation(operation)?;
        let at = self.shared.about_now();
        Ok(self.shared.intake.submit(operation, tag, at))
    }

    /// The error of a submission that was not taken.
    fn refuse(&self, operation: &Operation<'_>, error: SubmitError) -> Error {
        match error {
            SubmitError::Full => {
                self.shared.counters.full.fetch_add(1, Ordering::Relaxed);
                self.shared.intake.note_refused(operation.encoded_len());
                Error::new(
                    ErrorKind::Full,
                    "the outbox is full (outbox_max_operations, outbox_max_bytes): read reports, \
                     and submit it again later",
                )
            }
            SubmitError::Closed => Error::new(ErrorKind::Closed, "the outbox is closed"),
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
        operation::of_request(request, |index, operation| {
            operation.check().map_err(|error| error.at_item(index))
        })?;
        operation::of_request(request, |index, operation| {
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
            let error = match self.try_submit(operation, tag)? {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let left = left(ends);
            if error == SubmitError::Closed || left.is_zero() {
                return Err(self.refuse(operation, error));
            }
            let bytes = operation.encoded_len();
            self.shared.wait_for_room(bytes, left.min(MEMORY_INTERVAL));
        }
    }

    /// Waits up to `timeout` until it is not full: until there is room for the operation
    /// that was refused last. `false` if it is still full, and at once if it is closed.
    /// Another thread may take the room first.
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
            self.shared.wait_not_full(left.min(MEMORY_INTERVAL));
        }
    }
}

/// How long until then; without an end forever.
fn left(ends: Option<Instant>) -> Duration {
    ends.map_or(Duration::MAX, |ends| {
        ends.saturating_duration_since(Instant::now())
    })
}
