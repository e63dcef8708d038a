//! The time of day, behind a pointer: flow's clock cannot be one, for its `sleep_until` is async.

use trunkline_core::id::Timestamp;
use trunkline_flow::ports::Clock;

/// Tells the time. Every [`Clock`] does.
pub trait Time: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

impl<C: Clock> Time for C {
    fn now(&self) -> Timestamp {
        Clock::now(self)
    }
}
