//! The time.

use crate::outside;
use crate::types::Millis;

/// The time of the last answer from outside; of the start of the call, if there was none. The same on every run of
/// one call.
pub fn now() -> Millis {
    outside::now()
}
