//! [`EngineTime`]: when it is a time of the engine's clock, on this process's own.

use std::time::Duration;

use super::clock::Micros;

/// After how long a worse measurement replaces a better one: the two clocks drift.
const TRUSTED: Duration = Duration::from_secs(10);

/// Beyond what both measurements allow: the engine's clock was set.
const STEP: Duration = Duration::from_millis(20);

/// The engine said its time between a question and its answer, most likely in the middle;
/// the quickest exchange tells it best.
#[derive(Debug, Clone, Default)]
pub(super) struct EngineTime {
    best: Option<Sample>,
    /// What an exchange takes, smoothed.
    round_trip: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    /// Microseconds of the engine minus those of this process, which began at any time.
    offset: i64,
    round_trip: Duration,
    taken: Duration,
}

impl EngineTime {
    /// An exchange; `true` when the engine's clock was set since the last one.
    pub(super) fn measure(&mut self, sent: Duration, got: Duration, now: Micros) -> bool {
        let round_trip = got.saturating_sub(sent);
        let sample = Sample {
            offset: signed(now) - signed(micros(sent + round_trip / 2)),
            round_trip,
            taken: got,
        };
        self.round_trip = if self.best.is_none() {
            round_trip
        } else {
            (self.round_trip * 3 + round_trip) / 4
        };
        let Some(best) = self.best else {
            self.best = Some(sample);
            return false;
        };
        let allowed = (round_trip + best.round_trip) / 2 + STEP;
        let was_set = best.offset.abs_diff(sample.offset) > micros(allowed);
        if was_set || round_trip <= best.round_trip || got.saturating_sub(best.taken) > TRUSTED {
            self.best = Some(sample);
        }
        was_set
    }

    /// The time of this process at a time of the engine.
    pub(super) fn local(&self, time: Micros) -> Duration {
        let offset = self.best.map_or(0, |best| best.offset);
        Duration::from_micros(u64::try_from(signed(time) - offset).unwrap_or(0))
    }

    pub(super) fn round_trip(&self) -> Duration {
        self.round_trip
    }
}

pub(super) fn micros(time: Duration) -> Micros {
    Micros::try_from(time.as_micros()).unwrap_or(Micros::MAX)
}

fn signed(time: Micros) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const START: Micros = 1_790_000_000_000_000;

    fn at(ms: u32) -> Micros {
        START + u64::from(ms) * 1000
    }

    #[test]
    fn quickest_exchange_tells_the_time() {
        let mut time = EngineTime::default();
        assert!(!time.measure(100 * MS, 102 * MS, at(101)));
        // A slow answer says less.
        assert!(!time.measure(200 * MS, 230 * MS, at(201)));
        assert_eq!(time.local(at(300)), 300 * MS);
        assert!(time.round_trip() > 2 * MS);
        assert!(!time.measure(300 * MS, 300 * MS, at(300)));
        assert_eq!(time.local(at(400)), 400 * MS);
    }

    #[test]
    fn clock_that_is_set_is_noticed() {
        let mut time = EngineTime::default();
        time.measure(100 * MS, 102 * MS, at(101));
        assert!(time.measure(200 * MS, 202 * MS, at(1201)));
        assert_eq!(time.local(at(1300)), 300 * MS);
        assert!(time.measure(300 * MS, 302 * MS, at(301)));
    }

    #[test]
    fn old_measurement_is_replaced() {
        let mut time = EngineTime::default();
        time.measure(Duration::ZERO, MS, at(0));
        time.measure(11_000 * MS, 11_010 * MS, at(11_010));
        assert_eq!(time.local(at(11_010)), 11_005 * MS);
    }
}
