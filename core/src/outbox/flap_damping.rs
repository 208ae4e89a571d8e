//! One line when something begins to fail and one when that is over, however often it
//! is tried in between. Pure, over the caller's clock.

/// Milliseconds from a moment that the caller chooses.
type Millis = u64;

/// A failure that begins again within this time of its end was not over.
const FLAPPING_WINDOW: Millis = 60_000;

/// The longest that it has to work before the failure counts as over.
const MAX_QUIET: Millis = 60_000;

/// Something that works, or fails time and again.
#[derive(Debug)]
pub(crate) struct FlapDamping {
    /// How long it has to have worked before it is over, the first time.
    first: Millis,
    /// The same now: it doubles each time that it was called over too soon.
    quiet: Millis,
    state: State,
    ended: Option<Millis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Works,
    Fails { last: Millis, works_since: bool },
}

impl FlapDamping {
    pub(crate) fn new(quiet: Millis) -> Self {
        Self {
            first: quiet,
            quiet,
            state: State::Works,
            ended: None,
        }
    }

    /// It failed. Whether that begins now: say so.
    pub(crate) fn fails(&mut self, now: Millis) -> bool {
        let begins = self.state == State::Works;
        if begins {
            let is_flapping = self
                .ended
                .is_some_and(|ended| now < ended + FLAPPING_WINDOW);
            self.quiet = if is_flapping {
                (self.quiet * 2).clamp(1000, MAX_QUIET)
            } else {
                self.first
            };
        }
        self.state = State::Fails {
            last: now,
            works_since: false,
        };
        begins
    }

    /// It worked.
    pub(crate) fn works(&mut self) {
        if let State::Fails { works_since, .. } = &mut self.state {
            *works_since = true;
        }
    }

    /// When to ask next whether it is over.
    pub(crate) fn due(&self) -> Option<Millis> {
        match self.state {
            State::Fails {
                last,
                works_since: true,
            } => Some(last + self.quiet),
            _ => None,
        }
    }

    /// Whether it is over now: say so. `at_the_end` nobody can wait and see.
    pub(crate) fn is_over(&mut self, now: Millis, at_the_end: bool) -> bool {
        let over = self.due().is_some_and(|due| at_the_end || due <= now);
        if over {
            self.state = State::Works;
            self.ended = Some(now);
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_once_and_is_over_once() {
        let mut damping = FlapDamping::new(1000);
        assert!(!damping.is_over(0, true));
        assert!(damping.fails(0));
        for now in 1..5000 {
            assert!(!damping.fails(now));
            // Something else works: that is no end.
            damping.works();
            assert!(!damping.is_over(now, false), "{now}");
        }
        assert_eq!(damping.due(), Some(5999));
        assert!(!damping.is_over(5998, false));
        assert!(damping.is_over(5999, false));
        assert!(!damping.is_over(6000, true) && damping.due().is_none());
    }

    #[test]
    fn flapping_is_logged_less_and_less() {
        let mut damping = FlapDamping::new(0);
        let mut lines = 0;
        // Every second it fails and works again, for an hour.
        for second in 0..3600 {
            let now = second * 1000;
            lines += u32::from(damping.fails(now));
            damping.works();
            lines += u32::from(damping.is_over(now + 500, false));
        }
        assert!(lines <= 4, "{lines}");
        assert!(damping.is_over(4_000_000, false));
        assert!(damping.fails(4_070_000));
        damping.works();
        assert!(
            damping.is_over(4_070_000, false),
            "a new one is over at once"
        );
    }

    #[test]
    fn what_still_fails_at_the_end_is_not_over() {
        let mut damping = FlapDamping::new(1000);
        damping.fails(0);
        assert!(!damping.is_over(10, true));
        damping.works();
        assert!(damping.is_over(10, true));
    }
}
