//! The wall clock beside our own, which never goes back.

use crate::ordering::queue::Millis;

/// How our own time is shown and kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct WallClock {
    ahead: i64,
    opened: Millis,
}

impl WallClock {
    pub(super) fn of(wall: Millis, own: Millis, opened: Millis) -> Self {
        let ahead = wall.cast_signed().saturating_sub(own.cast_signed());
        // The clocks are read one after the other, and by ticks.
        let ahead = if ahead.abs() < 20 { 0 } else { ahead };
        Self { ahead, opened }
    }

    /// Milliseconds since 1970. What came out of the file was dated by the wall clock
    /// of then.
    pub(super) fn date(self, own: Millis) -> Millis {
        if own < self.opened {
            return own;
        }
        own.saturating_add_signed(self.ahead)
    }
}
