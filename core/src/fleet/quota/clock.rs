//! [`QuotaClock`]: when the next request of an application may leave. The script of an
//! engine does the same in one atomic step; tests compare them.
//!
//! Times are microseconds of the engine's own clock.

use std::collections::HashMap;

use super::COUNTED;

/// A time of the engine, in microseconds since 1970-01-01 UTC.
pub(crate) type Micros = u64;

/// How long everybody goes on with the shares after the clock was away or went back: until
/// the last process has asked it again.
pub(crate) const SETTLE: Micros = 3_000_000;

/// How often everybody asks meanwhile.
pub(crate) const SETTLE_ASK: Micros = 250_000;

/// How long the clock gives a fifth of the rate after nobody has asked: if it was away, the
/// others take shares, three quarters together, until they ask again and say so.
pub(crate) const SLOW: Micros = 2_000_000;
const SLOWER: u32 = 5;

/// Between the last share and the first place after it.
const GAP: Micros = 250_000;

/// How long nobody has asked if the clock may have been away: so many requests' time, but
/// not less than this; less is enough if somebody says that it was.
const QUIET: Micros = 250_000;
const QUIET_LOST: Micros = 100_000;
const QUIET_REQUESTS: u32 = 4;

/// How far the store's own clock may go back unnoticed: it is set now and then.
const STEP: Micros = 10_000;

/// What a process asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ask {
    /// How many places, one for each request that waits.
    pub(crate) want: u32,
    /// Its `requests_per_second`, not 0.
    pub(crate) rate: u32,
    /// No place is sooner than so many microseconds from now: the answer has to travel.
    pub(crate) lead: Micros,
    /// The service asked for fewer requests: no place for anybody for so long.
    pub(crate) pause: Micros,
    /// It has places or a share, and the clock did not answer it or the connection broke.
    pub(crate) lost: bool,
    /// The [`at`](Answer::at) of its last answer; 0: it had none.
    pub(crate) told: Micros,
}

/// What it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Answer {
    /// The engine's time.
    pub(crate) now: Micros,
    /// When the first of the places is; the next ones follow at the rate.
    pub(crate) first: Micros,
    /// How many it got.
    pub(crate) granted: u32,
    /// The first time that nobody has reserved.
    pub(crate) at: Micros,
    /// The rate that holds for everybody.
    pub(crate) rate: u32,
    /// The rate at which the places follow each other.
    pub(crate) pace: u32,
    /// How many processes there are, this one included.
    pub(crate) members: u32,
    /// When the clock began. Another one: it lost what it knew.
    pub(crate) born: Micros,
    /// Until then everybody keeps to the shares, and there is no place.
    pub(crate) settle: Micros,
}

/// The clock of one application.
#[derive(Debug, Clone, Default)]
pub(crate) struct QuotaClock {
    born: Micros,
    /// When it was asked last.
    last: Micros,
    at: Micros,
    paused: Micros,
    settle: Micros,
    slow: Micros,
    rate: u32,
    /// When somebody with this rate asked last.
    rate_at: Micros,
    members: HashMap<u64, Micros>,
}

impl QuotaClock {
    pub(crate) fn ask(&mut self, now: Micros, member: u64, ask: &Ask) -> Answer {
        let counted = Micros::try_from(COUNTED.as_micros()).unwrap_or(Micros::MAX);
        let now = self.monotonic(now);
        // The smallest rate of those who are there.
        if self.rate == 0 || ask.rate <= self.rate || now - self.rate_at > counted {
            self.rate = ask.rate;
            self.rate_at = now;
        }
        if self.born == 0 {
            self.born = now;
        }
        let requests = spaced(QUIET_REQUESTS, self.rate);
        let asked = self
            .last
            .max(self.settle.min(self.last + SETTLE_ASK + QUIET_LOST));
        // Who has a place, or may not send, does not ask.
        let idle_since = asked.max(self.at).max(self.paused);
        if now.saturating_sub(idle_since) > QUIET.max(requests) {
            self.slow = now + SLOW;
        }
        // A process that lost its connection while others go on is alone with its trouble.
        let was_away = now < self.slow || now.saturating_sub(asked) > QUIET_LOST.max(requests);
        if ask.told > self.at || (ask.lost && was_away) {
            self.settle = now + SETTLE;
            self.slow = 0;
        }
        self.members.insert(member, now);
        self.members.retain(|_, seen| now - *seen <= counted);
        if ask.pause > 0 {
            self.paused = self.paused.max(now + ask.pause);
        }
        self.last = now;
        let after_shares = if self.settle > 0 {
            self.settle + GAP
        } else {
            0
        };
        let first = (self.at.max(now + ask.lead))
            .max(self.paused)
            .max(after_shares);
        let slower = if now < self.slow { SLOWER } else { 1 };
        let pace = (self.rate / slower).max(1);
        let granted = if now < self.settle {
            0
        } else {
            ask.want.div_ceil(slower)
        };
        if granted > 0 {
            self.at = first + spaced(granted, pace);
        }
        Answer {
            now,
            first,
            granted,
            at: self.at,
            rate: self.rate,
            pace,
            members: u32::try_from(self.members.len()).unwrap_or(u32::MAX),
            born: self.born,
            settle: self.settle,
        }
    }

    /// As a store that went back.
    #[cfg(test)]
    pub(crate) fn forget_at(&mut self, at: Micros) {
        self.at = at;
    }

    /// The machine's clock may be set back, and another machine's may be behind: every
    /// time that is kept goes with it.
    fn monotonic(&mut self, now: Micros) -> Micros {
        let back = self.last.saturating_sub(now);
        if back <= STEP {
            return now.max(self.last);
        }
        for time in [
            &mut self.at,
            &mut self.paused,
            &mut self.settle,
            &mut self.slow,
            &mut self.rate_at,
        ] {
            *time = time.saturating_sub(back);
        }
        for seen in self.members.values_mut() {
            *seen = (*seen).min(now);
        }
        self.last = now;
        now
    }
}

/// How long so many requests take at a rate; rounded up, so that it is never exceeded.
pub(crate) fn spaced(requests: u32, rate: u32) -> Micros {
    (u64::from(requests) * 1_000_000).div_ceil(u64::from(rate.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Micros = 1_000_000;
    const START: Micros = 1_790_000_000 * S;

    fn want(want: u32) -> Ask {
        Ask {
            want,
            rate: 10,
            lead: 0,
            pause: 0,
            lost: false,
            told: 0,
        }
    }

    /// Somebody asks again and again until then.
    fn busy(clock: &mut QuotaClock, until: Micros) {
        for n in (1..=12).rev() {
            clock.ask(until - n * S / 5, 1, &want(0));
        }
    }

    /// A clock that gives the whole rate, from now on.
    fn running() -> (QuotaClock, Micros) {
        let mut clock = QuotaClock::default();
        busy(&mut clock, START);
        (clock, START)
    }

    #[test]
    fn places_follow_each_other_over_all_processes_and_idle_time_is_not_saved() {
        let (mut clock, t) = running();
        assert_eq!(clock.ask(t, 1, &want(3)).first, t);
        assert_eq!(clock.ask(t, 2, &want(1)).first, t + 3 * S / 10);
        assert_eq!(clock.ask(t + 1, 1, &want(2)).first, t + 4 * S / 10);
        let later = t + 60 * S;
        busy(&mut clock, later);
        let answer = clock.ask(later, 1, &want(2));
        assert_eq!((answer.first, answer.granted), (later, 2));
        assert_eq!(answer.at, later + 2 * S / 10);
        let lead = Ask {
            lead: 500_000,
            ..want(1)
        };
        assert_eq!(clock.ask(later, 1, &lead).first, later + S / 2);
    }

    #[test]
    fn clock_begins_slowly_after_nobody_has_asked() {
        let mut clock = QuotaClock::default();
        for begins in [START, START + 10 * S] {
            let answer = clock.ask(begins, 1, &want(10));
            assert_eq!((answer.granted, answer.first, answer.pace), (2, begins, 2));
            assert_eq!(answer.at, begins + S);
            busy(&mut clock, begins + 2 * S + 1);
            assert_eq!(clock.ask(begins + 2 * S + 1, 1, &want(1)).pace, 10);
        }
    }

    #[test]
    fn rate_is_never_rounded_up() {
        for rate in [1, 3, 7, 200, 999, 700_000, 1_000_000] {
            for requests in [1, 2, 5, 1000] {
                let time = spaced(requests, rate);
                assert!(u64::from(requests) * S <= time * u64::from(rate));
            }
        }
    }

    #[test]
    fn pause_is_one_for_everybody_and_is_not_made_shorter() {
        let (mut clock, t) = running();
        let throttled = |pause| Ask { pause, ..want(1) };
        assert_eq!(clock.ask(t, 1, &throttled(2 * S)).first, t + 2 * S);
        assert_eq!(clock.ask(t, 2, &throttled(S)).first, t + 2 * S + S / 10);
        let later = t + 2 * S + S / 5;
        busy(&mut clock, later);
        assert_eq!(clock.ask(later, 2, &want(1)).first, later);
    }

    #[test]
    fn smallest_rate_of_those_who_are_there_holds() {
        let (mut clock, t) = running();
        let fast = Ask {
            rate: 100,
            ..want(1)
        };
        assert_eq!(clock.ask(t, 2, &fast).rate, 10);
        assert_eq!(clock.ask(t + 8 * S, 2, &fast).rate, 10);
        assert_eq!(clock.ask(t + 12 * S, 2, &fast).rate, 100, "the other ended");
        assert_eq!(clock.ask(t + 12 * S, 1, &want(1)).rate, 10);
    }

    #[test]
    fn process_counts_until_it_was_not_heard_of_for_a_while() {
        let (mut clock, t) = running();
        assert_eq!(clock.ask(t, 2, &want(0)).members, 2);
        assert_eq!(clock.ask(t + 8 * S, 2, &want(0)).members, 2);
        assert_eq!(clock.ask(t + 11 * S, 2, &want(0)).members, 1);
    }

    #[test]
    fn clock_that_was_away_or_knows_less_lets_everybody_settle() {
        let (mut clock, t) = running();
        let told = clock.ask(t, 1, &want(5)).at;
        let knows_more = Ask { told, ..want(1) };
        assert_eq!(clock.ask(t, 1, &knows_more).granted, 1);
        let lost = Ask {
            lost: true,
            ..want(1)
        };
        for (ask, at) in [(knows_more, t), (lost, t + S)] {
            let (mut clock, _) = running();
            let answer = clock.ask(at, 2, &ask);
            assert_eq!((answer.granted, answer.settle), (0, at + SETTLE));
            for n in 1..12 {
                assert_eq!(clock.ask(at + n * SETTLE_ASK, 2, &want(1)).granted, 0);
            }
            let after = clock.ask(at + SETTLE, 1, &want(1));
            assert_eq!((after.granted, after.first), (1, at + SETTLE + GAP));
            assert_eq!(after.pace, 10);
        }
    }

    #[test]
    fn process_alone_in_trouble_does_not_hold_the_others_up() {
        let (mut clock, t) = running();
        let lost = Ask {
            lost: true,
            ..want(1)
        };
        assert_eq!(clock.ask(t, 2, &lost).granted, 1);
    }

    #[test]
    fn clock_that_is_set_back_keeps_nobody_waiting() {
        let (mut clock, t) = running();
        clock.ask(t, 1, &want(5));
        let back = t - 3600 * S;
        let answer = clock.ask(back, 1, &want(1));
        assert_eq!(answer.first, back + S / 2);
        assert_eq!(answer.members, 1);
        assert_eq!(clock.ask(back - 5, 1, &want(1)).now, back);
    }
}
