//! Posts webhooks: again until it is answered 200 or 204, as often as configured.

use std::time::Duration;

use stand_in::until_taken;

use crate::state::{Answer, Shared};

/// Between two attempts; the real gateways wait longer and go on for a day.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// One answer a post; never empty.
pub(crate) async fn post(
    shared: &Shared,
    make: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
) -> Vec<Answer> {
    let taken = |answer: &Answer| matches!(answer, Answer::Status(200 | 204));
    let once = || Answer::to(make(&shared.client));
    until_taken(shared.config.retries, |_| RETRY_PAUSE, taken, once).await
}

pub(crate) fn now_s() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
