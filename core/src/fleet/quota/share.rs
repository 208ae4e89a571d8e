//! [`Share`]: what part of the rate a process takes while the clock is away.
//!
//! A process that knows how many there are takes its part of three quarters of the rate. It knows if
//! it has been counted without a break for [`SURE`] at its last answer, and that answer is
//! at most [`SURE`] old when the clock is missed: then any two that know were counted in
//! the last answer of each other, so the parts of all who know add up to three quarters at
//! most. Everybody else takes a hundredth: a hundred such stay within the rate if nobody knows,
//! five beside those who know and a clock that begins slowly ([`SLOW`](super::clock::SLOW)).
//! What is left covers that the shares are not in step.

use std::time::Duration;

use super::COUNTED;
use super::clock::Answer;

const SURE: Duration = Duration::from_secs(2);

/// What a process knows of the others.
#[derive(Debug, Clone, Default)]
pub(super) struct Presence {
    /// The first answer since which it was counted without a break, and when the last
    /// question was asked.
    since: Option<(Duration, Duration)>,
    born: u64,
    members: u32,
}

impl Presence {
    pub(super) fn answered(&mut self, sent: Duration, got: Duration, answer: &Answer) {
        let unbroken = self.is_counted(got) && self.born == answer.born;
        let since = self.since.filter(|_| unbroken);
        let since = since.map_or(got, |(first, _)| first);
        self.since = Some((since, sent));
        self.born = answer.born;
        self.members = answer.members;
    }

    /// Whether the others count it still.
    pub(super) fn is_counted(&self, now: Duration) -> bool {
        (self.since).is_some_and(|(_, last)| now.saturating_sub(last) < COUNTED)
    }

    /// The share from now on, when the clock is missed.
    pub(super) fn share(&self, now: Duration) -> Share {
        let knows = self.since.is_some_and(|(first, last)| {
            last.saturating_sub(first) >= SURE && now.saturating_sub(last) <= SURE
        });
        if knows {
            Share::Counted(self.members.max(1))
        } else {
            Share::Unknown
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// One of so many.
    Counted(u32),
    /// Nobody knows how many there are.
    Unknown,
}

impl Share {
    /// Between two requests, at this rate for everybody.
    pub(crate) fn interval(self, rate: u32) -> Duration {
        let second = Duration::from_secs(1);
        let of_rate = match self {
            Self::Counted(members) => second * 4 * members / 3,
            Self::Unknown => second * 100,
        };
        of_rate / rate.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn answer(members: u32, born: u64) -> Answer {
        Answer {
            members,
            born,
            ..Answer::default()
        }
    }

    fn presence(answers: &[(u32, u32, u64)]) -> Presence {
        let mut presence = Presence::default();
        for (second, members, born) in answers {
            presence.answered(*second * S, *second * S, &answer(*members, *born));
        }
        presence
    }

    #[test]
    fn who_is_counted_by_all_takes_its_part() {
        let cases: [(&[_], u32, _); 7] = [
            (&[], 5, Share::Unknown),
            (&[(0, 3, 1)], 1, Share::Unknown),
            (&[(0, 3, 1), (2, 4, 1)], 3, Share::Counted(4)),
            (&[(0, 3, 1), (2, 4, 1)], 5, Share::Unknown),
            (&[(0, 3, 1), (11, 4, 1)], 11, Share::Unknown),
            (&[(0, 3, 1), (5, 4, 2)], 5, Share::Unknown),
            (&[(0, 3, 1), (5, 4, 2), (7, 5, 2)], 7, Share::Counted(5)),
        ];
        for (answers, now, share) in cases {
            assert_eq!(presence(answers).share(now * S), share, "{answers:?}");
        }
    }

    #[test]
    fn shares_stay_within_the_rate() {
        let each = |share: Share| 1.0 / share.interval(200).as_secs_f64();
        assert!((8.0 * each(Share::Counted(8)) - 150.0).abs() < 0.1);
        assert!((100.0 * each(Share::Unknown) - 200.0).abs() < 0.1);
    }
}
