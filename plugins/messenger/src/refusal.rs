//! What Meta's error codes mean for a delivery. The code decides, with its subcode; texts are for people, but for one case
//! that has no code of its own. A code that is not here is final, and its text goes to the agent.

use serde::Deserialize;
use trunkline_plugin::http::Response;
use trunkline_plugin::{SendError, log};

use crate::graph;
use crate::json::lenient;

/// The pause doubles from here with each attempt, where nobody names one.
const BACK_OFF_MS: u32 = 1_000;
const BACK_OFF_MAX_MS: u32 = 60_000;
/// What is called transient and stays is none.
const TRANSIENT_ATTEMPTS_MAX: u32 = 5;
/// The app's or the Page's allowance of an hour is used up.
const LIMIT_PAUSE_MS: u32 = 60_000;
/// More than the send rate of a second.
const RATE_PAUSE_MS: u32 = 5_000;
const LIMIT_PAUSE_MAX_MS: u32 = 3_600_000;
/// A Page that Meta restricts is asked once after half an hour, then ever more rarely.
const RESTRICTED_PAUSE_MS: u32 = 1_800_000;
const RESTRICTED_PAUSE_MAX_MS: u32 = 86_400_000;

const WINDOW_SHUT: &str = "the customer last wrote more than 24 hours ago, and Messenger takes answers only until then \
                           (an agent's for seven days, if Meta approved the Page for it): wait until they write again";

/// Why Messenger did not take a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The window for this kind of message is shut.
    WindowShut(String),
    /// Another app has the conversation.
    Elsewhere(String),
    /// The file could not be uploaded or fetched.
    File(String),
    /// Everything else.
    Other(SendError),
}

impl From<Refusal> for SendError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::WindowShut(_) => Self::Refused(WINDOW_SHUT.to_owned()),
            Refusal::Elsewhere(said) => Self::Refused(format!(
                "another app or the Page's inbox has this conversation: {said}"
            )),
            Refusal::File(said) => Self::Refused(said),
            Refusal::Other(error) => error,
        }
    }
}

/// An answer of 4xx or 5xx.
#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default, deserialize_with = "lenient")]
    error: Option<Problem>,
}

#[derive(Debug, Default, Deserialize)]
struct Problem {
    #[serde(default, deserialize_with = "lenient")]
    message: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    code: Option<u32>,
    #[serde(default, deserialize_with = "lenient")]
    error_subcode: Option<u32>,
    #[serde(default, deserialize_with = "lenient")]
    is_transient: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    error_user_msg: Option<String>,
    /// What Meta's support asks for.
    #[serde(default, deserialize_with = "lenient")]
    fbtrace_id: Option<String>,
}

/// An answer that is no success, read.
struct Refused<'a> {
    answer: &'a Response,
    problem: Problem,
    said: String,
    attempt: u32,
}

/// What was tried, as far as it decides what a refusal means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tried {
    /// From 1.
    pub(crate) attempt: u32,
    /// It was declared as a person's late answer.
    pub(crate) as_person: bool,
    /// By our clock the customer did something within 24 hours.
    pub(crate) window_open: bool,
}

/// What an answer that is no success means for a message.
pub(crate) fn of_answer(answer: &Response, tried: Tried) -> Refusal {
    let refused = Refused::read(answer, tried.attempt);
    let subcode = refused.problem.error_subcode.unwrap_or(0);
    let other = Refusal::Other;
    match (refused.problem.code, subcode) {
        // Meta may have taken the message before it failed to say so: wait for its echo before sending again.
        _ if answer.status >= 500 => other(SendError::Unknown(refused.said)),
        (Some(10 | 100), _) if refused.is_elsewhere() => Refusal::Elsewhere(refused.said),
        // Long the code for "not available", since 2026 for the window: our clock tells them apart.
        (Some(_), 1_545_041) | (Some(1_545_041), _) if tried.window_open => other(
            SendError::Refused("the customer cannot be reached on Messenger now".to_owned()),
        ),
        (Some(10), 2_018_278 | 2_018_065) | (Some(_), 1_545_041) | (Some(1_545_041), _) => {
            Refusal::WindowShut(refused.said)
        }
        // The tag's own permission is missing; the Page's are not.
        (Some(10 | 200), 0) if tried.as_person => Refusal::WindowShut(refused.said),
        (_, 1_893_063 | 2_534_122 | 2_534_029) | (Some(1_893_063 | 2_534_122 | 2_534_029), _) => {
            other(refused.restricted())
        }
        (Some(10), 2_018_108) => other(SendError::Refused(
            "this customer cannot receive messages on Messenger".to_owned(),
        )),
        (Some(100), 2_018_001) => other(SendError::Refused(
            "Messenger knows no such customer of this Page".to_owned(),
        )),
        (Some(100), 33) => other(SendError::Credentials(refused.said)),
        (Some(100), 2_018_007 | 2_018_008 | 2_018_047) => Refusal::File(refused.said),
        (Some(551), _) => other(SendError::OptedOut(
            "the customer blocked the Page, or left Messenger".to_owned(),
        )),
        (Some(1 | 2 | 199 | 1_200), _) => other(refused.transient()),
        (Some(4 | 17 | 32 | 80_006), _) => other(refused.throttled(LIMIT_PAUSE_MS)),
        (Some(613), _) => other(refused.throttled(RATE_PAUSE_MS)),
        (Some(10), 0) | (Some(0 | 3 | 102 | 190 | 200 | 368), _) => {
            other(SendError::Credentials(refused.said))
        }
        (_, _) => other(refused.by_status()),
    }
}

const FIRST: Tried = Tried {
    attempt: 1,
    as_person: false,
    window_open: false,
};

/// What an answer that is no success means for a request that changes nothing, or that may be made twice.
pub(crate) fn of_question(answer: &Response) -> SendError {
    match SendError::from(of_answer(answer, FIRST)) {
        SendError::Unknown(why) => SendError::Again {
            after_ms: BACK_OFF_MS,
            why,
        },
        error @ (SendError::Again { .. }
        | SendError::Throttled { .. }
        | SendError::Refused(_)
        | SendError::OptedOut(_)
        | SendError::Credentials(_)) => error,
    }
}

/// Whether a question was refused for want of a permission.
pub(crate) fn is_permission(answer: &Response) -> bool {
    let refused = Refused::read(answer, 1);
    let subcode = refused.problem.error_subcode.unwrap_or(0);
    matches!(refused.problem.code, Some(3 | 10 | 200..=299))
        || (refused.problem.code == Some(100) && !matches!(subcode, 33 | 2_018_001 | NO_PROFILE))
}

/// The customer has no profile: an account made with a phone number alone.
const NO_PROFILE: u32 = 2_018_218;

/// Whether there is no profile to be had.
pub(crate) fn is_without_profile(answer: &Response) -> bool {
    let problem = Refused::read(answer, 1).problem;
    problem.error_subcode == Some(NO_PROFILE) || problem.code == Some(NO_PROFILE)
}

impl<'a> Refused<'a> {
    fn read(answer: &'a Response, attempt: u32) -> Self {
        let body: Body = answer.json().unwrap_or_default();
        let problem = body.error.unwrap_or_default();
        if let Some(trace) = &problem.fbtrace_id {
            log::warn(format!(
                "Meta refused: code {:?}, subcode {:?}, fbtrace_id {trace}",
                problem.code, problem.error_subcode
            ));
        }
        Self {
            said: said(&problem, answer.status),
            answer,
            problem,
            attempt,
        }
    }

    /// Meta has no code of its own for this: 10 and 100 mean many things.
    fn is_elsewhere(&self) -> bool {
        let message = self.problem.message.as_deref().unwrap_or_default();
        let message = message.to_ascii_lowercase();
        self.problem.error_subcode == Some(2_018_300)
            || message.contains("thread owner")
            || message.contains("controlling this thread")
    }

    fn transient(self) -> SendError {
        if self.attempt > TRANSIENT_ATTEMPTS_MAX {
            return SendError::Refused(self.said);
        }
        SendError::Again {
            after_ms: self.pause(doubled(BACK_OFF_MS, self.attempt, BACK_OFF_MAX_MS)),
            why: self.said,
        }
    }

    fn throttled(self, pause_ms: u32) -> SendError {
        let pause_ms = doubled(pause_ms, self.attempt, LIMIT_PAUSE_MAX_MS);
        SendError::Throttled {
            after_ms: self.pause(pause_ms),
            why: self.said,
        }
    }

    fn restricted(self) -> SendError {
        log::error("Meta restricts what this Page may send: see its support inbox");
        SendError::Throttled {
            after_ms: doubled(RESTRICTED_PAUSE_MS, self.attempt, RESTRICTED_PAUSE_MAX_MS),
            why: self.said,
        }
    }

    fn by_status(self) -> SendError {
        match self.answer.status {
            _ if self.problem.is_transient == Some(true) => self.transient(),
            401 | 403 => SendError::Credentials(self.said),
            // What is at this address is not the Graph API.
            404 if self.problem.code.is_none() => SendError::Credentials(self.said),
            429 => self.throttled(LIMIT_PAUSE_MS),
            _ => SendError::Refused(self.said),
        }
    }

    /// What Meta says, else this.
    fn pause(&self, otherwise_ms: u32) -> u32 {
        let minutes = graph::usage(self.answer).regain_minutes;
        let regained = (minutes > 0).then(|| minutes.saturating_mul(60_000));
        self.answer
            .retry_after_ms()
            .or(regained)
            .unwrap_or(otherwise_ms)
    }
}

fn said(problem: &Problem, status: u16) -> String {
    let code = match (problem.code, problem.error_subcode) {
        (Some(code), Some(subcode)) => format!(" ({code}/{subcode})"),
        (Some(code), None) => format!(" ({code})"),
        (None, _) => String::new(),
    };
    match problem.error_user_msg.as_ref().or(problem.message.as_ref()) {
        Some(message) => format!("Messenger says: {message}{code}"),
        None if code.is_empty() => format!("Messenger answered with status {status}"),
        None => format!("Messenger error{code}"),
    }
}

fn doubled(pause_ms: u32, attempt: u32, max_ms: u32) -> u32 {
    pause_ms
        .saturating_mul(1 << attempt.saturating_sub(1).min(10))
        .min(max_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_its_limit() {
        let pauses: Vec<_> = [0, 1, 2, 3, 6, 7, 4_000_000_000]
            .into_iter()
            .map(|attempt| doubled(BACK_OFF_MS, attempt, BACK_OFF_MAX_MS))
            .collect();
        assert_eq!(pauses, [1_000, 1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
    }
}
