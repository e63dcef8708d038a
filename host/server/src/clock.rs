//! The system's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use trunkline_core::id::Timestamp;
use trunkline_flow::ports::Clock;

/// The longest sleep in one piece: a clock that somebody sets is looked at again after it.
const NAP: Duration = Duration::from_secs(30);

/// The system's clock. Setting it makes timers early or late, never lost.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    async fn sleep_until(&self, at: Timestamp) {
        loop {
            let left = Duration::from_millis(at.ms_since(self.now()));
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(NAP)).await;
        }
    }
}
