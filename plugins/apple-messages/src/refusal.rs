//! What the gateway's answers mean. It says little: a status, and with 400 a reason in the body. The table is
//! documented for `/preUpload`; `/message` follows the same family (INFERRED).

use trunkline_plugin::SendError;
use trunkline_plugin::http::{Payload, Response};

/// The pause before another attempt where Apple names none.
pub(crate) const PAUSE_MS: u32 = 1_000;
const PAUSE_MAX_MS: u32 = 60_000;

/// Of a reason, so many characters reach the agent.
const REASON_CHARACTERS_MAX: usize = 300;

/// What an answer to `/message` that is no success means.
pub(crate) fn of_message(answer: &Response, attempt: u32) -> SendError {
    match answer.status {
        // Unknown, closed or blocked: nothing more until the customer writes again.
        404 | 410 => SendError::OptedOut(
            "the customer deleted the conversation or blocked the business".to_owned(),
        ),
        // Apple may have taken it; the same id goes again.
        500..=502 | 504.. => SendError::Unknown(said(answer)),
        _ => common(answer, attempt),
    }
}

/// What an answer means that is about a file or a question: asking again does no harm.
pub(crate) fn of_file(answer: &Response) -> SendError {
    match answer.status {
        404 | 410 => SendError::Refused("Apple's store does not have the file any more".to_owned()),
        _ => common(answer, 1),
    }
}

/// What the store's answer to an upload means. It knows no token of ours: whatever it says of the slot, a new slot may do.
pub(crate) fn of_upload(answer: &Response) -> SendError {
    match answer.status {
        413 => SendError::Refused("the file is too large for Apple".to_owned()),
        _ => SendError::Again {
            after_ms: answer.retry_after_ms().unwrap_or(PAUSE_MS),
            why: format!("the upload: {}", said(answer)),
        },
    }
}

/// What an answer to the question for an upload slot means.
pub(crate) fn of_slot(answer: &Response) -> SendError {
    match answer.status {
        404 | 410 => of_question(answer),
        _ => common(answer, 1),
    }
}

/// What an answer to `check`'s question means.
pub(crate) fn of_question(answer: &Response) -> SendError {
    match answer.status {
        400 | 404 | 410 => SendError::Credentials(format!(
            "{}: are business_id and api_base right?",
            said(answer)
        )),
        _ => common(answer, 1),
    }
}

fn common(answer: &Response, attempt: u32) -> SendError {
    let pause = answer.retry_after_ms();
    let after_ms = pause.unwrap_or_else(|| pause_ms(attempt));
    let why = said(answer);
    match answer.status {
        401 => SendError::Credentials(format!("{why}: the gateway saw no token")),
        403 => SendError::Credentials(format!(
            "{why}: the token was refused; are msp_id, api_secret and the clock right?"
        )),
        413 => SendError::Refused("the message is too large for Apple".to_owned()),
        429 => SendError::Throttled { after_ms, why },
        408 | 425 | 500.. => SendError::Again { after_ms, why },
        _ => SendError::Refused(why),
    }
}

fn said(answer: &Response) -> String {
    let reason = match &answer.body {
        Payload::Text(text) => text.trim(),
        Payload::Bytes(_) => "",
    };
    if reason.is_empty() {
        return format!("Apple answered with status {}", answer.status);
    }
    let cut: String = reason.chars().take(REASON_CHARACTERS_MAX).collect();
    format!("Apple says: {cut} ({})", answer.status)
}

fn pause_ms(attempt: u32) -> u32 {
    PAUSE_MS
        .saturating_mul(1 << attempt.saturating_sub(1).min(10))
        .min(PAUSE_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_a_minute() {
        let pauses: Vec<_> = [0, 1, 2, 3, 6, 7, 4_000_000_000]
            .into_iter()
            .map(pause_ms)
            .collect();
        assert_eq!(pauses, [1_000, 1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
    }
}
