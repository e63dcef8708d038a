//! What a host answers to webhooks, and how often it is asked.

use std::time::Duration;

use serde::Serialize;

/// What came back from a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookAnswer {
    /// An HTTP status.
    Status(u16),
    /// No answer: the reason.
    Failed(String),
}

impl WebhookAnswer {
    /// Sends the request once.
    pub async fn to(request: reqwest::RequestBuilder) -> Self {
        match request.send().await {
            Ok(answer) => Self::Status(answer.status().as_u16()),
            Err(error) => Self::Failed(error.to_string()),
        }
    }

    /// Any 2xx.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Status(200..=299))
    }

    /// 0 when there was no answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Status(status) => *status,
            Self::Failed(_) => 0,
        }
    }
}

/// Posts until the answer counts as taken, at most `retries` times more than once, with a pause before each further one
/// (given the number of the retry, from 1). Each answer, in order; never empty.
pub async fn until_taken<A, F: Future<Output = A>>(
    retries: u32,
    pause: impl Fn(u32) -> Duration,
    taken: impl Fn(&A) -> bool,
    mut post: impl FnMut() -> F,
) -> Vec<A> {
    let mut answers = vec![post().await];
    for retry in 1..=retries {
        if answers.last().is_some_and(&taken) {
            break;
        }
        tokio::time::sleep(pause(retry)).await;
        answers.push(post().await);
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answers(retries: u32, statuses: &[u16]) -> Vec<u16> {
        let mut statuses = statuses.iter();
        let mut next = || WebhookAnswer::Status(*statuses.next().expect("one more"));
        let post = || std::future::ready(next());
        let no_pause = |_| Duration::ZERO;
        let posted = until_taken(retries, no_pause, WebhookAnswer::is_success, post).await;
        posted.iter().map(WebhookAnswer::status).collect()
    }

    #[tokio::test]
    async fn a_webhook_is_posted_until_it_is_taken_and_no_more_often_than_said() {
        assert_eq!(answers(5, &[503, 500, 204]).await, [503, 500, 204]);
        assert_eq!(answers(1, &[503, 503]).await, [503, 503]);
        assert_eq!(answers(0, &[503]).await, [503]);
    }
}
