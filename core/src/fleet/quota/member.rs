//! [`QuotaMember`]: what one process asks the clock, and when its next request may leave.
//!
//! Times are the process's own, from any start, and never go back.

use std::collections::VecDeque;
use std::time::Duration;

use super::LATE;
use super::clock::{Answer, Ask, Micros, SETTLE_ASK};
use super::engine_time::{EngineTime, micros};
use super::share::{Presence, Share};

/// How many places are reserved at once, as time at the rate of all: what a process that
/// dies has reserved is lost. At least so many round trips, so that one process alone can
/// use the whole rate.
const RESERVED: Duration = Duration::from_millis(20);
const RESERVED_ROUND_TRIPS: u32 = 2;

/// A process does not reserve further ahead for a slower way to the engine.
const MAX_LEAD: Duration = Duration::from_millis(250);

/// How often the clock is tried again while it is away.
const PROBE: Duration = Duration::from_secs(1);

/// The first time: before a share begins, so that a moment's trouble of one process adds
/// nothing to what the others send.
const FIRST_PROBE: Duration = Duration::from_millis(50);

/// Longer than a question takes, its time-out included: nobody has asked for so long.
const STALE: Duration = Duration::from_secs(3);

/// From the last place that anybody may have to the first share.
const GAP: Duration = Duration::from_millis(250);

/// When a request may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Now. It has been counted.
    Now,
    /// At this time, and not sooner.
    At(Duration),
    /// Not known yet; perhaps at this time.
    Unknown(Option<Duration>),
}

/// How the rate is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// By the clock, at this rate.
    Clock(u32),
    /// By shares: the clock is away.
    Away(Share),
    /// By shares: the clock is back, or new.
    Settling(Share),
}

pub(crate) struct QuotaMember {
    /// This process's `requests_per_second`.
    rate: u32,
    /// From 0 to below 1: where in its interval a share begins, so that the processes do
    /// not begin together.
    phase: f64,
    time: EngineTime,
    presence: Presence,
    /// Of the last answer.
    told: Micros,
    agreed: u32,
    /// From the last answer to the last place that anybody had then.
    ahead: Duration,
    lost: bool,
    places: VecDeque<Place>,
    asked: Option<Asked>,
    away: Option<Away>,
    /// In a row.
    failures: u32,
    /// When the next share is, also of an earlier absence.
    next_share: Duration,
    paused: Duration,
    pause_is_news: bool,
}

struct Place {
    from: Duration,
    until: Duration,
}

struct Asked {
    at: Duration,
    pause_until: Option<Duration>,
}

struct Away {
    share: Share,
    /// When the clock gives places again, as it said.
    until: Option<Duration>,
    ask_at: Duration,
}

impl Away {
    /// Whether the clock has not come back since.
    fn holds(&self, now: Duration) -> bool {
        self.until.is_none_or(|until| now < until) && now <= self.ask_at + STALE
    }
}

impl QuotaMember {
    pub(crate) fn new(rate: u32, phase: f64) -> Self {
        Self {
            rate,
            phase,
            time: EngineTime::default(),
            presence: Presence::default(),
            told: 0,
            agreed: rate,
            ahead: Duration::ZERO,
            lost: false,
            places: VecDeque::new(),
            asked: None,
            away: None,
            failures: 0,
            next_share: Duration::ZERO,
            paused: Duration::ZERO,
            pause_is_news: false,
        }
    }

    /// What to ask first: whether the clock is there, and nothing else.
    pub(crate) fn hello(&mut self, now: Duration) -> Ask {
        self.asked = Some(Asked {
            at: now,
            pause_until: None,
        });
        self.question(now, 0)
    }

    /// What to ask now, while so many requests wait. Once it has asked, nothing until
    /// [`answered`](Self::answered) or [`failed`](Self::failed).
    pub(crate) fn ask(&mut self, now: Duration, waiting: usize) -> Option<Ask> {
        if !self.is_due(now, waiting) {
            return None;
        }
        self.away = self.away.take().filter(|away| away.holds(now));
        if let Some(away) = &mut self.away {
            away.ask_at = now;
        }
        let pause_until = self.pause_is_news.then_some(self.paused);
        self.asked = Some(Asked {
            at: now,
            pause_until,
        });
        Some(self.question(now, waiting))
    }

    /// The same question, after its answer was lost with the connection.
    pub(crate) fn ask_again(&mut self, now: Duration, waiting: usize) -> Ask {
        self.disconnected(now);
        if let Some(asked) = &mut self.asked {
            asked.at = now;
        }
        self.question(now, waiting)
    }

    /// The connection broke since the last answer.
    pub(crate) fn disconnected(&mut self, now: Duration) {
        self.lost |= self.presence.is_counted(now);
    }

    /// Whether it waits for an answer.
    pub(crate) fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    /// How many places it has.
    pub(crate) fn places(&self) -> usize {
        self.places.len()
    }

    fn question(&self, now: Duration, waiting: usize) -> Ask {
        let wanted = waiting.saturating_sub(self.places.len());
        let pause = if self.pause_is_news {
            self.paused.saturating_sub(now)
        } else {
            Duration::ZERO
        };
        Ask {
            want: u32::try_from(wanted.min(self.block())).unwrap_or(u32::MAX),
            rate: self.rate,
            lead: micros(self.time.round_trip().min(MAX_LEAD)),
            pause: micros(pause),
            lost: self.lost,
            told: self.told,
        }
    }

    /// Whether there is something to ask.
    pub(crate) fn is_due(&self, now: Duration, waiting: usize) -> bool {
        if self.asked.is_some() {
            return false;
        }
        if let Some(away) = &self.away {
            return now >= away.ask_at && (waiting > 0 || self.pause_is_news);
        }
        self.pause_is_news
            || (now >= self.paused
                && waiting > self.places.len()
                && self.places.len() <= self.block() / 2)
    }

    /// When there may be something to ask without an event.
    pub(crate) fn due(&self, waiting: usize) -> Option<Duration> {
        if self.asked.is_some() || waiting == 0 {
            return None;
        }
        match &self.away {
            Some(away) => Some(away.ask_at),
            None => Some(self.paused),
        }
    }

    fn block(&self) -> usize {
        let round_trips = self.time.round_trip().min(MAX_LEAD) * RESERVED_ROUND_TRIPS;
        let ahead = u64::from(self.agreed) * micros(RESERVED.max(round_trips));
        usize::try_from(ahead.div_ceil(1_000_000)).unwrap_or(usize::MAX)
    }

    pub(crate) fn answered(&mut self, got: Duration, answer: &Answer) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        if asked.pause_until == Some(self.paused) {
            self.pause_is_news = false;
        }
        self.failures = 0;
        // What it knew before the clock forgot it counts.
        let share = self.presence.share(got);
        self.lost = self.time.measure(asked.at, got, answer.now);
        self.presence.answered(asked.at, got, answer);
        self.told = answer.at;
        self.agreed = answer.rate.max(1);
        self.ahead = Duration::from_micros(answer.at.saturating_sub(answer.now));
        if answer.settle > answer.now {
            let until = self.time.local(answer.settle).max(got);
            self.go_away(
                got,
                share,
                Some(until),
                until.min(got + Duration::from_micros(SETTLE_ASK)),
            );
            return;
        }
        self.away = None;
        let interval = Duration::from_secs(1) / answer.pace.max(1);
        let first = self.time.local(answer.first);
        self.places.extend((0..answer.granted).map(|n| {
            let from = first + interval * n;
            Place {
                from,
                until: from + LATE,
            }
        }));
    }

    /// The clock did not answer.
    pub(crate) fn failed(&mut self, now: Duration) {
        self.asked = None;
        self.lost = true;
        let share = self.presence.share(now);
        let probe = (FIRST_PROBE * 2_u32.saturating_pow(self.failures.min(10))).min(PROBE);
        self.failures += 1;
        self.go_away(now, share, None, now + probe);
    }

    fn go_away(&mut self, now: Duration, share: Share, until: Option<Duration>, ask_at: Duration) {
        if let Some(away) = &mut self.away {
            away.until = until;
            away.ask_at = ask_at;
            return;
        }
        let begins = match share {
            Share::Counted(_) => {
                let interval = share.interval(self.agreed);
                now + self.ahead + GAP + interval.mul_f64(self.phase)
            }
            Share::Unknown => now,
        };
        self.next_share = self.next_share.max(begins);
        self.away = Some(Away {
            share,
            until,
            ask_at,
        });
    }

    /// The service asked for fewer requests: none from this process for so long, and none
    /// from the others as soon as they hear of it.
    pub(crate) fn pause(&mut self, now: Duration, pause: Duration) {
        let until = now + pause;
        if until > self.paused {
            self.paused = until;
            self.pause_is_news = true;
            self.places.clear();
        }
    }

    /// For a request with so many in front of it.
    pub(crate) fn turn(&mut self, now: Duration, position: usize) -> Turn {
        while self.places.front().is_some_and(|place| place.until < now) {
            self.places.pop_front();
        }
        if now < self.paused {
            return Turn::Unknown(Some(self.paused));
        }
        if self.places.front().is_some_and(|place| place.from <= now) {
            self.places.pop_front();
            return Turn::Now;
        }
        if let Some(place) = self.places.get(position) {
            return Turn::At(place.from);
        }
        if position > 0 {
            return Turn::Unknown(None);
        }
        let Some(away) = &self.away else {
            return Turn::Unknown(None);
        };
        if !away.holds(now) {
            // The clock is asked first.
            return Turn::Unknown(None);
        }
        if now < self.next_share {
            return Turn::Unknown(Some(self.next_share));
        }
        self.next_share = now + away.share.interval(self.agreed);
        Turn::Now
    }

    pub(crate) fn keeping(&self) -> Keeping {
        match &self.away {
            None => Keeping::Clock(self.agreed),
            Some(Away {
                share, until: None, ..
            }) => Keeping::Away(*share),
            Some(Away { share, .. }) => Keeping::Settling(*share),
        }
    }
}
