//! A retry budget shared by all calls of a client, so that an outage is not
//! made worse by the retries of everybody who waits for its end.

use std::sync::atomic::{AtomicU32, Ordering};

use super::TransientKind;

/// Takes 14 for a retry and 5 for a retry after throttling (which was cheap for
/// the service); each success pays back what its retry took, and 1 if it took
/// none.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    left: AtomicU32,
    capacity: u32,
}

impl RetryBudget {
    pub(crate) fn new(capacity: u32) -> Self {
        Self {
            left: AtomicU32::new(capacity),
            capacity,
        }
    }

    pub(crate) fn cost(kind: TransientKind) -> u32 {
        match kind {
            TransientKind::Short => 14,
            TransientKind::Throttled => 5,
        }
    }

    /// Takes the cost of a retry, or nothing if too little is left.
    pub(crate) fn spend(&self, kind: TransientKind) -> bool {
        let cost = Self::cost(kind);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(cost)
            })
            .is_ok()
    }

    #[cfg(test)]
    pub(crate) fn left(&self) -> u32 {
        self.left.load(Ordering::Relaxed)
    }

    /// Pays back after a success; `taken` is the cost of the last retry, 0 if
    /// there was none.
    pub(crate) fn pay_back(&self, taken: u32) {
        self.refund(taken.max(1));
    }

    /// Refunds a retry that was not made.
    pub(crate) fn refund(&self, taken: u32) {
        if taken == 0 || self.left.load(Ordering::Relaxed) == self.capacity {
            return;
        }
        let _ = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_add(taken).min(self.capacity))
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn full_budget_allows_35_retries() {
        let budget = RetryBudget::new(500);
        let taken = (0..1000)
            .filter(|_| budget.spend(TransientKind::Short))
            .count();
        assert_eq!(taken, 35);
        assert!(budget.spend(TransientKind::Throttled), "10 are left");
    }

    proptest! {
        #[test]
        fn budget_is_a_bounded_counter(steps in prop::collection::vec(0u8..4, 0..300)) {
            let budget = RetryBudget::new(100);
            let mut model = 100u32;
            for step in steps {
                match step {
                    0 | 1 => {
                        let kind = if step == 0 { TransientKind::Short } else { TransientKind::Throttled };
                        let cost = if step == 0 { 14 } else { 5 };
                        prop_assert_eq!(budget.spend(kind), model >= cost);
                        if model >= cost { model -= cost; }
                    }
                    2 => { budget.pay_back(0); model = (model + 1).min(100); }
                    _ => { budget.pay_back(14); model = (model + 14).min(100); }
                }
                prop_assert_eq!(budget.left.load(Ordering::Relaxed), model);
            }
        }
    }
}
