//! What may be sent now: batches of at most 20, and the order on each token and account.
//! Decisions over values.
//!
//! [`chains`] is the order: what waits for what. [`request_queue`] asks it for a call,
//! whose items are all known; [`queue`] for a stream of operations, in an outbox or in
//! bulk. [`blocked`] says what is held back, and behind what.

pub(crate) mod blocked;
mod chains;
mod key_index;
pub(crate) mod queue;
pub(crate) mod request_queue;

/// The most items in one HTTP request ("Up to 20 tokens can be set in each
/// call", parameter `token_accounts`). No limit is documented for the other
/// lists; the same one is safe for them.
pub const MAX_ITEMS_PER_REQUEST: usize = 20;

/// Twice would be memory that nothing uses.
fn grow_by_a_quarter<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 4 + 256);
    }
}
