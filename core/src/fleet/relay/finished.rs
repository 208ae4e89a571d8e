//! What a relay has settled of late, for an engine that forgets that it did.
//!
//! An engine that fails over may show an operation again that is done, or be given it again
//! by its process. To send it again would be harmless for itself, but it would come after
//! whatever followed it on its keys and is done as well. Whoever has been the relay for as
//! long as an engine may lag knows everything that may come again, and settles it anew
//! without sending it.

use std::collections::{HashMap, VecDeque};

use crate::fleet::engine::SenderId;
use crate::model::outcome::ItemOutcome;

/// How many are remembered.
const MOST: usize = 100_000;

type Key = (SenderId, u64);

#[derive(Debug, Default)]
pub(super) struct Finished {
    outcomes: HashMap<Key, ItemOutcome>,
    order: VecDeque<Key>,
}

impl Finished {
    pub(super) fn remember(&mut self, sender: SenderId, number: u64, outcome: ItemOutcome) {
        let key = (sender, number);
        if self.outcomes.insert(key.clone(), outcome).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.outcomes.remove(&oldest);
        }
    }

    pub(super) fn outcome(&self, sender: &SenderId, number: u64) -> Option<&ItemOutcome> {
        if self.outcomes.is_empty() {
            return None;
        }
        self.outcomes.get(&(sender.clone(), number))
    }

    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
