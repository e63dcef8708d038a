//! For channels that declare a socket: a durable, numbered log a customer.

use crate::outside;

/// The number that the next [`push`] gets, for a frame that carries its own. In `send` alone.
pub fn next() -> u64 {
    outside::next_frame()
}

/// Appends a frame to the customer's log and counts as sent; gives its gap-free number. In `send` alone, not for typing and
/// seen, and taken only when that answers `all` or `rest`. A call may push and signal 64 frames, of 1 MiB in all.
pub fn push(frame: &[u8]) -> u64 {
    outside::push(frame)
}

/// A frame without number: a signal to whoever is attached now. In `send` alone.
pub fn signal(frame: &[u8]) {
    outside::signal(frame);
}
