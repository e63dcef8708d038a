//! What Twilio's error codes mean for a delivery. Codes may change: one that is not here is final, and its text goes to
//! the agent.

use trunkline_plugin::SendError;
use trunkline_plugin::http::Response;

use super::wire::Problem;
use crate::back_off;

/// A full queue or an unknown trouble at the carrier: minutes apart.
const CARRIER_PAUSE_MS: u32 = 120_000;
const CARRIER_ATTEMPTS_MAX: u32 = 2;

/// A phone that is switched off: once more, a quarter of an hour later.
const UNREACHABLE_PAUSE_MS: u32 = 900_000;

/// What an answer that is no success means.
pub(crate) fn of_answer(answer: &Response, attempt: u32) -> SendError {
    let problem: Problem = answer.json().unwrap_or_default();
    let said = said(&problem, answer.status);
    let pause = answer
        .retry_after_ms()
        .unwrap_or_else(|| back_off::ms(attempt));
    match (problem.code.unwrap_or(0), answer.status) {
        (21610 | 63014, _) => SendError::OptedOut(said),
        (20003 | 20404 | 21601 | 21606 | 21608, _) | (0, 401 | 403 | 404) => {
            SendError::Credentials(said)
        }
        (20429, _) | (_, 429) => SendError::Throttled {
            after_ms: pause,
            why: said,
        },
        (30001 | 30008, _) if attempt <= CARRIER_ATTEMPTS_MAX => SendError::Again {
            after_ms: CARRIER_PAUSE_MS,
            why: said,
        },
        (30003, _) if attempt <= 1 => SendError::Again {
            after_ms: UNREACHABLE_PAUSE_MS,
            why: said,
        },
        // Twilio may have taken the message before it failed to say so: look before sending again.
        (_, 500..) => SendError::Unknown(said),
        (code, _) => SendError::Refused(meaning(code).map_or(said, str::to_owned)),
    }
}

/// What an answer that is no success means for a request that changes nothing.
pub(crate) fn of_question(answer: &Response) -> SendError {
    let error = of_answer(answer, 1);
    if let SendError::Unknown(why) = error {
        return SendError::Again {
            after_ms: back_off::ms(1),
            why,
        };
    }
    error
}

/// What the agent reads about a message that was taken and failed later.
pub(crate) fn of_receipt(code: u32) -> String {
    meaning(code).map_or_else(
        || format!("Twilio error {code}"),
        |meaning| format!("{meaning} ({code})"),
    )
}

/// The recipient does not want messages of this sender.
pub(crate) fn is_opt_out(code: u32) -> bool {
    matches!(code, 21610 | 63014)
}

fn meaning(code: u32) -> Option<&'static str> {
    Some(match code {
        21211 => "the customer's number is not valid",
        21610 => "the customer opted out of messages from this number",
        21612 => "the customer's number cannot be reached from ours",
        21614 => "the customer's number cannot receive SMS",
        21617 => "the text is too long",
        21635 => "the customer's number is a landline",
        30003 => "the customer's phone is unreachable or switched off",
        30004 => "the customer's number does not take messages from us",
        30005 => "the customer's number is unknown or no longer in service",
        30006 => "the customer's number is a landline or its carrier cannot be reached",
        30007 => "the carrier filtered the message as unwanted",
        30034 => "our number is not registered with the carriers, so they blocked the message",
        63014 => "the customer blocked messages from us",
        _ => return None,
    })
}

fn said(problem: &Problem, status: u16) -> String {
    match (&problem.message, problem.code) {
        (Some(message), Some(code)) => format!("Twilio says: {message} ({code})"),
        (Some(message), None) => format!("Twilio says: {message}"),
        (None, Some(code)) => format!("Twilio error {code}"),
        (None, None) => format!("Twilio answered with status {status}"),
    }
}
