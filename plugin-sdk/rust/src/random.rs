//! Chance.

use crate::outside;

/// Random bytes, at most 1024 at once: the same on every run of one call, so not for keys that outlive it.
pub fn bytes(len: u32) -> Vec<u8> {
    outside::random(len)
}
