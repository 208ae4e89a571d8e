//! An application's credentials, ready to sign with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::config::Region;

/// One application: its access id, and the key ready to sign with.
pub(super) struct Key {
    pub(super) access_id: String,
    pub(super) secret: String,
    pub(super) region: Option<Region>,
    keyed: Hmac<Sha256>,
}

impl Key {
    pub(super) fn new(access_id: &str, secret_key: &str, region: Option<Region>) -> Self {
        Self {
            access_id: access_id.into(),
            secret: secret_key.into(),
            region,
            keyed: keyed(secret_key.as_bytes()),
        }
    }

    /// Base64 of the lowercase hex of HMAC-SHA256(key, timestamp + access id + body).
    pub(super) fn sign(&self, timestamp: &str, body: &[u8]) -> [u8; 88] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut mac = self.keyed.clone();
        mac.update(timestamp.as_bytes());
        mac.update(self.access_id.as_bytes());
        mac.update(body);
        let mut hex = [0; 64];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(mac.finalize().into_bytes()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        let mut sign = [0; 88];
        let written = STANDARD.encode_slice(hex, &mut sign);
        debug_assert_eq!(written.ok(), Some(88));
        sign
    }
}

/// HMAC takes keys of every length.
pub(super) fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of every length")
}
