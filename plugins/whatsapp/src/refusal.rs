//! What Meta's error codes mean for a delivery. The code decides, not the HTTP status, which is 400 even for limits. A
//! code that is not here is final, and Meta's words go to the agent.

use serde_json::Value;
use trunkline_plugin::http::Response;
use trunkline_plugin::{SendError, log};

use crate::wire::{Failure, Problem};

/// The customer last wrote more than 24 hours ago: only templates now.
pub(crate) const WINDOW_SHUT: u32 = 131_047;
/// A file could not be uploaded or fetched.
pub(crate) const MEDIA_FAILED: u32 = 131_053;

/// The pause doubles from here with each attempt, where Meta names none.
const BACK_OFF_MS: u32 = 1_000;
const BACK_OFF_MAX_MS: u32 = 60_000;

/// One customer gets too much: 1, 4, 16, 64 s and so on, as Meta asks.
const PAIR_PAUSE_MAX_MS: u32 = 1_024_000;

/// Limits of API calls are counted over an hour.
const API_LIMIT_PAUSE_MS: u32 = 600_000;
/// Maintenance takes minutes.
const MAINTENANCE_PAUSE_MS: u32 = 120_000;
/// So does a Flow that is asked for too often.
const FLOW_PAUSE_MS: u32 = 60_000;

/// Code 1 may be a passing trouble or a request that is wrong for good.
const UNCLEAR_ATTEMPTS_MAX: u32 = 3;
/// Fetching and checking of media fails now and then.
const MEDIA_ATTEMPTS_MAX: u32 = 2;

/// An answer of 4xx or 5xx, understood.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Option<u32>,
    /// Meta's own words, for the operator.
    pub(crate) said: String,
    pub(crate) error: SendError,
}

/// What an answer that is no success means.
pub(crate) fn of_answer(answer: &Response, attempt: u32) -> Refusal {
    let failure: Failure = answer.json().unwrap_or_default();
    let problem = failure.error;
    if let Some(trace) = &problem.fbtrace_id {
        log::debug(format!(
            "Meta answered {} with code {:?}, trace {trace}",
            answer.status, problem.code
        ));
    }
    Refusal {
        code: problem.code,
        said: said(&problem, answer.status),
        error: meaning(answer, &problem, attempt),
    }
}

fn meaning(answer: &Response, problem: &Problem, attempt: u32) -> SendError {
    let why = said(problem, answer.status);
    let pause = |default| answer.retry_after_ms().unwrap_or(default);
    let again = |after_ms| SendError::Again {
        after_ms: pause(after_ms),
        why: why.clone(),
    };
    let throttled = |after_ms| SendError::Throttled {
        after_ms: pause(after_ms),
        why: why.clone(),
    };
    let Some(code) = problem.code else {
        return without_code(answer.status, why, pause(back_off_ms(attempt)));
    };
    match code {
        // Token, permission, number, payment, policy: nothing goes before somebody acts.
        0
        | 3
        | 10
        | 33
        | 190
        | 200..=299
        | 368
        | 130_497
        | 131_005
        | 131_031
        | 131_042
        | 131_045
        | 131_048
        | 131_064
        | 133_010 => SendError::Credentials(why),
        4 | 80_007 => throttled(regain_ms(answer).unwrap_or(API_LIMIT_PAUSE_MS)),
        130_429 => throttled(back_off_ms(attempt)),
        131_057 => throttled(MAINTENANCE_PAUSE_MS),
        // This customer alone: the others' messages go on.
        131_056 => again(pair_pause_ms(attempt)),
        132_069 => again(FLOW_PAUSE_MS),
        1 if attempt <= UNCLEAR_ATTEMPTS_MAX => again(back_off_ms(attempt)),
        2 | 131_000 | 131_016 | 133_004 => again(back_off_ms(attempt)),
        MEDIA_FAILED if attempt <= MEDIA_ATTEMPTS_MAX => again(back_off_ms(attempt)),
        code => match explained(code) {
            Some(words) => SendError::Refused(words.to_owned()),
            None if problem.is_transient == Some(true) => again(back_off_ms(attempt)),
            None if answer.status >= 500 => SendError::Unknown(why),
            None => SendError::Refused(why),
        },
    }
}

/// Not Meta's JSON: something in between answered.
fn without_code(status: u16, why: String, pause: u32) -> SendError {
    match status {
        429 => SendError::Throttled {
            after_ms: pause,
            why,
        },
        401 | 403 => SendError::Credentials(why),
        // Meta may have taken the message before somebody failed to say so.
        500.. => SendError::Unknown(why),
        _ => SendError::Refused(why),
    }
}

/// What the agent reads about a message that was taken and failed later.
pub(crate) fn of_status(errors: &[Problem]) -> String {
    let Some(problem) = errors.first() else {
        return "WhatsApp gives no reason".to_owned();
    };
    match problem.code.and_then(explained) {
        Some(words) => format!("{words} ({})", problem.code.unwrap_or_default()),
        None => said(problem, 0),
    }
}

/// Codes whose meaning an agent can do something with.
fn explained(code: u32) -> Option<&'static str> {
    Some(match code {
        100 | 131_008 | 131_009 | 135_000 => "WhatsApp does not take a message of this form",
        130_403 => "we blocked this customer on WhatsApp: unblock them first",
        130_472 => "WhatsApp keeps marketing messages from this customer for an experiment",
        131_021 => "the customer's number is our own",
        131_026 => {
            "WhatsApp cannot deliver to this customer: not on WhatsApp, an old app, or terms not accepted"
        }
        131_030 => "the customer's number is not on the test number's list of recipients",
        WINDOW_SHUT => {
            "the customer last wrote more than 24 hours ago: only an approved template reaches them"
        }
        131_049 => {
            "WhatsApp limits marketing messages to this customer: not before tomorrow, or without a marketing template"
        }
        131_050 => "the customer stopped marketing messages; answers within 24 hours still go",
        131_051 => "WhatsApp does not know this kind of message",
        131_052 => "the file could not be downloaded",
        MEDIA_FAILED => "WhatsApp did not take the file",
        131_062 => "this template needs the customer's phone number, which they hide",
        131_063 => "marketing templates are switched off on this account",
        132_000 | 132_012 | 132_018 => "the template's placeholders and the values do not fit",
        132_001 => "there is no such template in this language",
        132_005 => "the template's text became too long with the values",
        132_007 => "the template breaks WhatsApp's policy",
        132_015 => "the template is paused because of its quality",
        132_016 => "the template is disabled because of its quality",
        132_068 => "the Flow is blocked",
        137_000 => "the customer's identity changed and must be confirmed first",
        _ => return None,
    })
}

fn said(problem: &Problem, status: u16) -> String {
    let words = problem.message.as_deref().or(problem.title.as_deref());
    match (words, problem.code) {
        (Some(words), Some(code)) => format!("WhatsApp says: {words} ({code})"),
        (Some(words), None) => format!("WhatsApp says: {words}"),
        (None, Some(code)) => format!("WhatsApp error {code}"),
        (None, None) => format!("WhatsApp answered with status {status}"),
    }
}

/// `X-Business-Use-Case-Usage` says in how many minutes calls are taken again.
fn regain_ms(answer: &Response) -> Option<u32> {
    let usage: Value = serde_json::from_str(answer.header("x-business-use-case-usage")?).ok()?;
    let accounts = usage.as_object()?.values().filter_map(Value::as_array);
    let minutes = accounts
        .flatten()
        .filter_map(|limit| limit.get("estimated_time_to_regain_access")?.as_u64())
        .max()
        .filter(|minutes| *minutes > 0)?;
    u32::try_from(minutes.min(24 * 60) * 60_000).ok()
}

fn pair_pause_ms(attempt: u32) -> u32 {
    4_u32
        .saturating_pow(attempt.saturating_sub(1))
        .saturating_mul(1_000)
        .min(PAIR_PAUSE_MAX_MS)
}

fn back_off_ms(attempt: u32) -> u32 {
    BACK_OFF_MS
        .saturating_mul(1 << attempt.saturating_sub(1).min(10))
        .min(BACK_OFF_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_their_limit() {
        let pauses = |of: fn(u32) -> u32| [0, 1, 2, 3, 4_000_000_000].map(of);
        assert_eq!(pauses(back_off_ms), [1_000, 1_000, 2_000, 4_000, 60_000]);
        assert_eq!(
            pauses(pair_pause_ms),
            [1_000, 1_000, 4_000, 16_000, 1_024_000]
        );
    }
}
