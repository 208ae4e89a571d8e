//! What a holder knows of its lease and of the engine.

use crate::fleet::engine::{Lease, Position};
use crate::ordering::queue::Millis;

/// A holder counts on so much of its lease, in hundredths: its clock may be slower than the
/// engine's.
const COUNTED_ON: Millis = 95;

#[derive(Debug)]
pub(super) struct Lead {
    pub(super) epoch: u64,
    /// The last one that the engine told.
    beat: u64,
    /// So many commands may have raised it since, or may not.
    unknown: u64,
    /// By this process's clock, counted from before it asked.
    pub(super) until: Millis,
    pub(super) renew_at: Millis,
    /// When it asked for what the engine granted last, and need not have kept.
    pub(super) granted: Millis,
    /// What may have been sent before this lease.
    pub(super) maybe_sent: Position,
    /// As the engine has it.
    pub(super) top: Position,
    /// The last one that was loaded.
    pub(super) loaded: Position,
    pub(super) took_at: Millis,
    /// Whether there was more to load than fitted; else when to look again, and how long
    /// after that.
    pub(super) more: bool,
    pub(super) load_at: Millis,
    pub(super) gap: Millis,
}

impl Lead {
    /// It counts on nothing before [`holds_from`](Self::holds_from).
    pub(super) fn new(lease: &Lease, asked_at: Millis, maybe_sent: Position) -> Self {
        Self {
            epoch: lease.epoch,
            beat: lease.beat,
            unknown: 0,
            until: 0,
            renew_at: asked_at,
            granted: asked_at,
            maybe_sent: lease.top.max(maybe_sent),
            top: lease.top,
            loaded: Position::default(),
            took_at: asked_at,
            more: true,
            load_at: 0,
            gap: 0,
        }
    }

    /// It was taken or renewed by a command that was asked for at this time.
    pub(super) fn holds_from(&mut self, asked_at: Millis, time: Millis) {
        self.until = self.until.max(asked_at + time * COUNTED_ON / 100);
        self.renew_at = asked_at + time / 3;
    }

    /// Nobody knows whether a command was carried out that raises the beat.
    pub(super) fn may_have_beaten(&mut self) {
        self.unknown += 1;
    }

    /// Whether the engine still has everything that it told this holder, by the beat of an
    /// answer, which the command has raised or not. Everything that was told before is
    /// there then.
    pub(super) fn follows(&mut self, beat: u64, raised: bool) -> bool {
        let first = self.beat + u64::from(raised);
        let follows = (first..=first + self.unknown).contains(&beat);
        self.beat = beat;
        self.unknown = 0;
        follows
    }

    /// When the last moment to begin a request is over.
    pub(super) fn leave_by(&self, request_timeout: Millis) -> Millis {
        self.until.saturating_sub(request_timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(beat: u64) -> Lead {
        let lease = Lease {
            epoch: 3,
            beat,
            top: Position::default(),
        };
        let mut lead = Lead::new(&lease, 1000, Position::default());
        assert_eq!(lead.leave_by(1), 0);
        lead.holds_from(1000, 10_000);
        lead
    }

    #[test]
    fn a_beat_that_is_not_the_next_says_that_the_engine_went_back() {
        // The last beat, how many are unknown, the next, whether it was raised.
        for (last, unknown, beat, raised, follows) in [
            (7, 0, 8, true, true),
            (7, 0, 7, true, false),
            (7, 0, 6, true, false),
            (7, 0, 9, true, false),
            (7, 0, 7, false, true),
            (7, 0, 8, false, false),
            (7, 0, 6, false, false),
            (7, 1, 8, true, true),
            (7, 1, 9, true, true),
            (7, 1, 10, true, false),
            (7, 1, 7, true, false),
            (7, 2, 9, false, true),
        ] {
            let mut lead = lead(last);
            for _ in 0..unknown {
                lead.may_have_beaten();
            }
            let case = (last, unknown, beat, raised);
            assert_eq!(lead.follows(beat, raised), follows, "{case:?}");
            assert!(!follows || lead.follows(beat + 1, true), "{case:?}");
        }
    }

    #[test]
    fn a_lease_is_counted_from_before_it_was_asked_for_and_not_to_its_end() {
        let mut lead = lead(1);
        assert_eq!((lead.until, lead.renew_at), (10_500, 4333));
        assert_eq!(lead.leave_by(3000), 7500);
        assert_eq!(lead.leave_by(20_000), 0);
        lead.holds_from(4333, 10_000);
        assert_eq!(lead.until, 13_833);
    }
}
