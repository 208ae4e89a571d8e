//! How long a machine waits after the engine failed.

use crate::ordering::queue::Millis;

const FIRST: Millis = 50;
const LAST: Millis = 1000;

/// The pause after so many failures in a row: doubled each time.
pub(super) fn after(failures: u32) -> Millis {
    let doublings = failures.saturating_sub(1).min(10);
    (FIRST << doublings).min(LAST)
}

#[cfg(test)]
mod tests {
    #[test]
    fn pauses_double_up_to_a_second() {
        for (failures, pause) in [
            (0, 50),
            (1, 50),
            (2, 100),
            (5, 800),
            (6, 1000),
            (u32::MAX, 1000),
        ] {
            assert_eq!(super::after(failures), pause, "{failures}");
        }
    }
}
