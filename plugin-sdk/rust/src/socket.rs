//! For channels that declare a socket: a durable, numbered log a customer.

use crate::outside;

/// Appends a frame to the customer's log and counts as sent; gives its gap-free number. Taken only when the call ends
/// well.
pub fn push(frame: &[u8]) -> u64 {
    outside::push(frame)
}

/// A frame without number: a signal to whoever is attached now.
pub fn signal(frame: &[u8]) {
    outside::signal(frame);
}
