use trunkline_core::id::Timestamp;

/// Time. The simulation moves it by hand.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Returns when `now` is at or past `at`.
    fn sleep_until(&self, at: Timestamp) -> impl Future<Output = ()> + Send;
}
