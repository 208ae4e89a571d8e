//! How long the worker sleeps, and who wakes it.

use super::{MAX_POLL_INTERVAL, Millis, Worker, millis};
use crate::outbox::sleep::Sleep;

/// What the worker waits for.
#[derive(Debug, Clone, Copy)]
struct Agenda {
    now: Millis,
    /// When requests under way are abandoned.
    abandon_at: Option<Millis>,
    /// Until when the store rests that something is to be completed in.
    completes_at: Option<Millis>,
    /// When the deadlines of what is queued are looked at.
    expires_at: Option<Millis>,
    /// When something that failed may turn out to be over.
    recovers_at: Option<Millis>,
    /// When the next request may be sent.
    sends_at: Option<Millis>,
    /// It looks for submissions by itself until then,
    awake_until: Millis,
    /// and at least so often; 0: every submission wakes it.
    longest_nap: Millis,
}

impl Agenda {
    fn due(&self) -> Millis {
        const LONG: Millis = 3_600_000;
        // What was tried just now is not tried again at once.
        let soon = |at: Millis| at.max(self.now + 1);
        let dues = [
            self.abandon_at,
            self.completes_at.map(soon),
            self.expires_at.map(soon),
            self.recovers_at.map(soon),
            self.sends_at,
        ];
        let due = dues.into_iter().flatten().min();
        due.unwrap_or(Millis::MAX).min(self.now + LONG)
    }

    fn sleep(&self) -> Sleep {
        let longest_nap = if self.now < self.awake_until {
            self.longest_nap
        } else {
            0
        };
        Sleep::until(self.due(), self.now, longest_nap)
    }
}

impl Worker {
    /// Until there may be something to do.
    pub(super) fn sleep(&mut self) {
        if self.is_flushing() && !self.shared.intake.is_empty() {
            return;
        }
        let waker = &self.shared.intake.waker;
        let is_quiet = || self.shared.intake.is_empty() && !self.pool.has_done();
        self.agenda().sleep().take(waker, is_quiet);
    }

    fn agenda(&self) -> Agenda {
        let completes = !self.completing.is_empty() || !self.superseded.is_empty();
        let may_send = self.pool.has_capacity()
            && (!self.delivery.is_open() || self.pool.in_flight() == 0)
            && !self.shared.is_stopping();
        let allowed = self.delivery.next_allowed_at();
        let ready = self.delivery.queue().next_due().filter(|_| may_send);
        Agenda {
            now: self.now(),
            abandon_at: self.abandon_at,
            completes_at: completes.then_some(self.store_retry_at),
            expires_at: (self.delivery.queue().len() > 0).then_some(self.expires_at),
            recovers_at: self.health.due(),
            sends_at: ready.map(|ready| ready.max(allowed)),
            awake_until: self.awake_until,
            longest_nap: self.longest_nap(),
        }
    }

    /// How long it may look away while operations are submitted.
    fn longest_nap(&self) -> Millis {
        let linger = millis(self.options.linger).min(MAX_POLL_INTERVAL);
        if self.store.is_some() {
            linger.min(millis(self.options.commit))
        } else {
            linger
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Sleep::{Nap, Not, Park};

    #[test]
    fn worker_sleeps_until_the_first_thing_is_due() {
        let idle = Agenda {
            now: 1000,
            abandon_at: None,
            completes_at: None,
            expires_at: None,
            recovers_at: None,
            sends_at: None,
            awake_until: 0,
            longest_nap: 20,
        };
        let at = Some;
        let cases = [
            (idle, Park(3_600_000)),
            (
                Agenda {
                    sends_at: at(1700),
                    ..idle
                },
                Park(700),
            ),
            (
                Agenda {
                    sends_at: at(1000),
                    ..idle
                },
                Not,
            ),
            (
                Agenda {
                    sends_at: at(300),
                    ..idle
                },
                Not,
            ),
            (
                Agenda {
                    abandon_at: at(1000),
                    ..idle
                },
                Not,
            ),
            (
                Agenda {
                    abandon_at: at(1500),
                    sends_at: at(1700),
                    ..idle
                },
                Park(500),
            ),
            // The store did not take it just now.
            (
                Agenda {
                    completes_at: at(0),
                    ..idle
                },
                Park(1),
            ),
            (
                Agenda {
                    completes_at: at(1900),
                    ..idle
                },
                Park(900),
            ),
            (
                Agenda {
                    expires_at: at(500),
                    ..idle
                },
                Park(1),
            ),
            (
                Agenda {
                    recovers_at: at(1100),
                    expires_at: at(2000),
                    ..idle
                },
                Park(100),
            ),
            // Submissions come: it looks by itself.
            (
                Agenda {
                    awake_until: 1500,
                    ..idle
                },
                Nap(20),
            ),
            (
                Agenda {
                    awake_until: 1500,
                    sends_at: at(1005),
                    ..idle
                },
                Nap(5),
            ),
            (
                Agenda {
                    awake_until: 1500,
                    sends_at: at(1000),
                    ..idle
                },
                Not,
            ),
            (
                Agenda {
                    awake_until: 1000,
                    ..idle
                },
                Park(3_600_000),
            ),
            (
                Agenda {
                    awake_until: 1500,
                    longest_nap: 0,
                    ..idle
                },
                Park(3_600_000),
            ),
        ];
        for (agenda, sleep) in cases {
            assert_eq!(agenda.sleep(), sleep, "{agenda:?}");
        }
    }
}
