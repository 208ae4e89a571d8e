//! Which reports were handed out, to hand out each once.

use std::collections::{HashSet, VecDeque};

use crate::fleet::engine::SenderId;

/// Reports that are remembered. An engine that went back shows the last ones again.
const MOST: usize = 100_000;

/// The newest numbers of operations, by sender.
#[derive(Debug, Default)]
pub(super) struct Recent {
    known: HashSet<(SenderId, u64)>,
    order: VecDeque<(SenderId, u64)>,
}

impl Recent {
    /// Whether this is the first time.
    pub(super) fn is_new(&mut self, sender: &SenderId, number: u64) -> bool {
        let key = (sender.clone(), number);
        if !self.known.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_new_once_and_the_oldest_are_forgotten() {
        let mut recent = Recent::default();
        let sender = SenderId("a.1".into());
        let other = SenderId("a.2".into());
        assert!(recent.is_new(&sender, 1) && recent.is_new(&other, 1));
        assert!(!recent.is_new(&sender, 1));
        for number in 2..=MOST as u64 {
            assert!(recent.is_new(&sender, number));
        }
        assert!(recent.is_new(&sender, 1), "forgotten");
        assert!(!recent.is_new(&other, 1) || recent.known.len() == MOST);
    }
}
