//! Digests of bodies. Signatures need secrets and are the host's.

use sha2::{Digest as _, Sha256};

use crate::hex;

pub(crate) fn of(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    hex::to_hex(&of(bytes))
}
