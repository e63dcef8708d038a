//! What Vonage's codes mean: the status of each part in the answer, and the error code of a receipt. A code that is not
//! here is final, and its text goes to the agent.

use trunkline_plugin::SendError;
use trunkline_plugin::http::Response;

use super::wire::SentPart;
use crate::back_off;

/// The error code of a receipt to which the customer opted out.
pub(super) const OPTED_OUT: u32 = 9;

/// What a part's status means for a message of which nothing was taken.
pub(super) fn of_part(part: &SentPart, attempt: u32) -> SendError {
    let status = part.status.get();
    let said = said(part);
    let after_ms = back_off::ms(attempt);
    match status {
        // Over the requests a second that the account may make.
        Some(1 | 10) => SendError::Throttled {
            after_ms,
            why: said,
        },
        Some(5) => SendError::Again {
            after_ms,
            why: said,
        },
        Some(4 | 8 | 9 | 11 | 14 | 15 | 23 | 32 | 33) => SendError::Credentials(said),
        Some(_) | None => SendError::Refused(said),
    }
}

/// What it means when other parts were taken. What may pass is tried again from the beginning: a message without one of
/// its parts cannot be read, one of which a part comes twice can.
pub(super) fn of_some_parts(taken: usize, of: usize, error: SendError) -> SendError {
    let some = |why: String| format!("{taken} of {of} parts were taken, then: {why}");
    match error {
        SendError::Again { after_ms, why } => SendError::Again {
            after_ms,
            why: some(why),
        },
        SendError::Throttled { after_ms, why } => SendError::Throttled {
            after_ms,
            why: some(why),
        },
        SendError::Refused(why) => SendError::Refused(some(why)),
        SendError::OptedOut(why) => SendError::OptedOut(some(why)),
        SendError::Credentials(why) => SendError::Credentials(some(why)),
        SendError::Unknown(why) => SendError::Unknown(some(why)),
    }
}

/// What an HTTP status means that is no success; the SMS API's own refusals have status 200.
pub(super) fn of_answer(answer: &Response, attempt: u32) -> SendError {
    let why = format!("Vonage answered with status {}", answer.status);
    let after_ms = answer
        .retry_after_ms()
        .unwrap_or_else(|| back_off::ms(attempt));
    match answer.status {
        // 420 is what the account API says to too many requests.
        420 | 429 => SendError::Throttled { after_ms, why },
        401..=404 => SendError::Credentials(why),
        500.. => SendError::Unknown(why),
        _ => SendError::Refused(why),
    }
}

/// As `of_answer`, for a request that changes nothing.
pub(super) fn of_question(answer: &Response) -> SendError {
    match of_answer(answer, 1) {
        SendError::Unknown(why) => SendError::Again {
            after_ms: back_off::ms(1),
            why,
        },
        other @ (SendError::Again { .. }
        | SendError::Throttled { .. }
        | SendError::Refused(_)
        | SendError::OptedOut(_)
        | SendError::Credentials(_)) => other,
    }
}

/// What the agent reads about a message that was taken and failed later.
pub(super) fn of_receipt(status: &str, code: Option<u32>) -> String {
    match code.and_then(|code| Some((meaning_of_receipt(code)?, code))) {
        Some((meaning, code)) => format!("{meaning} ({code})"),
        None => format!("Vonage says: {status}, error {}", code.unwrap_or_default()),
    }
}

fn said(part: &SentPart) -> String {
    let status = part.status.get();
    let meaning = status.and_then(meaning_of_part);
    match (meaning, &part.error_text, status) {
        (Some(meaning), Some(text), Some(status)) => {
            format!("{meaning}; Vonage says: {text} ({status})")
        }
        (Some(meaning), None, Some(status)) => format!("{meaning} ({status})"),
        (_, Some(text), _) => format!("Vonage says: {text}"),
        (_, None, _) => format!("Vonage answered with {:?}", part.status),
    }
}

/// Status 0, 1 and 7 were seen, the others are from the provider's list.
fn meaning_of_part(status: u32) -> Option<&'static str> {
    Some(match status {
        1 => "too many messages a second",
        2 => "the request misses a parameter",
        3 => "the number or another parameter is not valid",
        4 => "api_key or api_secret is wrong",
        5 => "Vonage had an internal error",
        6 => "Vonage cannot carry this message",
        7 => "the customer's number is barred",
        8 => "the account is barred",
        9 => "the account's balance is used up",
        10 => "too many connections",
        11 => "the account may not use the SMS API",
        12 => "the text is too long",
        14 => "the signature is wrong",
        15 => "the account may not send from this number",
        22 => "the customer's network is not known",
        23 => "the address for receipts is not valid",
        29 => "a trial account sends to listed numbers only",
        32 => "Vonage wants either a secret or a signature",
        33 => "the number was switched off",
        _ => return None,
    })
}

/// Code 9 was seen, the others are from the provider's list.
fn meaning_of_receipt(code: u32) -> Option<&'static str> {
    Some(match code {
        1 => "it was not delivered, nobody knows why",
        2 => "the customer's phone is unreachable for now",
        3 => "the customer's number is no longer in service",
        4 => "the customer barred such messages",
        5 => "the customer's number moved to another network",
        6 => "the carrier filtered the message as unwanted",
        7 => "the customer's phone was busy",
        8 => "the carrier's network failed",
        OPTED_OUT => "the customer opted out of messages from this number",
        10 => "the carrier refused the message",
        11 => "the customer's number cannot be reached from ours",
        12 => "the customer's network cannot be reached",
        13 => "the customer is under age for this message",
        14 => "the carrier blocks our number",
        15 => "the customer's prepaid account is empty",
        _ => return None,
    })
}
