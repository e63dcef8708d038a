use std::time::Duration;

use tokio::time::Instant;
use trunkline_core::id::Timestamp;
use trunkline_flow::ports::Clock;

/// Virtual time of one life of the flow: it began at `base`.
#[derive(Debug, Clone, Copy)]
pub struct SimClock {
    base: Timestamp,
    origin: Instant,
}

impl SimClock {
    /// Inside a runtime with paused time.
    pub fn starting_at(base: Timestamp) -> Self {
        Self {
            base,
            origin: Instant::now(),
        }
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let passed = u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.base.plus_ms(passed)
    }

    async fn sleep_until(&self, at: Timestamp) {
        let wait = Duration::from_millis(at.ms_since(self.base));
        tokio::time::sleep_until(self.origin + wait).await;
    }
}
