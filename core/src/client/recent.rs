//! Which bodies ended without a valid response of late.

use std::collections::VecDeque;
use std::hash::BuildHasher as _;
use std::sync::{Mutex, PoisonError};

/// The last so many, as hashes.
#[derive(Default)]
pub(super) struct Recent {
    hashes: Mutex<VecDeque<u64>>,
    hasher: foldhash::quality::RandomState,
}

impl Recent {
    const MOST: usize = 256;

    /// This body may have been taken.
    pub(super) fn note(&self, path: &str, body: &[u8]) {
        let hash = self.hasher.hash_one((path, body));
        let mut hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        if hashes.len() == Self::MOST {
            hashes.pop_front();
        }
        hashes.push_back(hash);
    }

    /// It has its answer.
    pub(super) fn forget(&self, path: &str, body: &[u8]) {
        let mut hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        if !hashes.is_empty() {
            let hash = self.hasher.hash_one((path, body));
            hashes.retain(|known| *known != hash);
        }
    }

    /// Whether it was noted.
    pub(super) fn has(&self, path: &str, body: &[u8]) -> bool {
        let hash = self.hasher.hash_one((path, body));
        let hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        hashes.contains(&hash)
    }
}
