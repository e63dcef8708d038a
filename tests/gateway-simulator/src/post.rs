//! Posts webhooks: again until it is answered 200 or 204, as often as configured.

use std::time::Duration;

use crate::state::{Answer, Shared};

/// Between two attempts; the real gateways wait longer and go on for a day.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// One answer a post; never empty.
pub(crate) async fn post(
    shared: &Shared,
    make: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
) -> Vec<Answer> {
    let mut answers = Vec::new();
    for _ in 0..=shared.config.retries {
        let answer = match make(&shared.client).send().await {
            Ok(answer) => Answer::Status(answer.status().as_u16()),
            Err(error) => Answer::Failed(error.to_string()),
        };
        let taken = matches!(answer, Answer::Status(200 | 204));
        answers.push(answer);
        if taken {
            break;
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
    answers
}

pub(crate) fn now_s() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
