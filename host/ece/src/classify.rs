//! What an answer of ECE means.
//!
//! In: a refusal and the table of [`Rule`]s. Out: a [`Meaning`], and [`EceError`] made of it. The
//! text of an error is ECE's own, shortened; ECE does not repeat there what people wrote.

use std::time::{Duration, SystemTime};

use reqwest::header::RETRY_AFTER;
use serde_json::Value;
use trunkline_flow::ports::EceError;

use crate::connection::Reply;
use crate::unknowns::{Meaning, Operation, Rule};

/// What an operator reads of an answer at most.
const SHOWN_CHARACTERS: usize = 200;

/// A refusal, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) means: Meaning,
    /// ECE's words, for people.
    pub(crate) text: String,
    retry_after_ms: Option<u64>,
}

impl Refusal {
    /// Reads an answer that is no success.
    pub(crate) fn read(rules: &[Rule], operation: Operation, reply: &Reply) -> Self {
        let body = String::from_utf8_lossy(&reply.body);
        let (code, message) = code_and_message(&body);
        let status = reply.status.as_u16();
        let means = if leads_elsewhere(reply, &body) {
            Meaning::Credentials
        } else {
            let searched = message.to_lowercase();
            let found = rules
                .iter()
                .find(|rule| matches(rule, operation, status, &code, &searched));
            found.map_or(Meaning::Refused, |rule| rule.means)
        };
        Self {
            status,
            means,
            text: shown(reply, &code, &message),
            retry_after_ms: retry_after(reply),
        }
    }

    /// As an error of a call that neither opens nor is about availability. `throttle_ms` is used
    /// where ECE does not say how long.
    pub(crate) fn error(self, throttle_ms: u64) -> EceError {
        let text = self.text;
        match self.means {
            Meaning::Throttled => EceError::Throttled {
                wait_ms: self.retry_after_ms.unwrap_or(throttle_ms),
                text,
            },
            Meaning::Credentials => EceError::Credentials(text),
            Meaning::CallbackDeactivated => EceError::Credentials(format!(
                "{text}; ECE has switched off our callback address after failures: activate it in ECE under \
                 Integration > External Apps > Register Applications"
            )),
            Meaning::Gone => EceError::Gone(text),
            Meaning::Unknown => EceError::Unknown(text),
            Meaning::Stale
            | Meaning::NoAgents
            | Meaning::OutOfCapacity
            | Meaning::WaitTooLong
            | Meaning::EntryPointDisabled
            | Meaning::Refused => EceError::Refused(text),
        }
    }
}

/// A refused login says that the credentials are wrong, and not that there are too many sessions, say.
pub(crate) fn blames_credentials(reply: &Reply) -> bool {
    let (_, message) = code_and_message(&String::from_utf8_lossy(&reply.body));
    let message = message.to_lowercase();
    let words = crate::guesses::CREDENTIAL_WORDS.iter();
    words.into_iter().any(|word| message.contains(word))
}

fn matches(rule: &Rule, operation: Operation, status: u16, code: &str, message: &str) -> bool {
    (rule.operations.is_empty() || rule.operations.contains(&operation))
        && (if rule.status.is_empty() {
            status >= 400
        } else {
            rule.status.contains(&status)
        })
        && rule
            .code
            .as_ref()
            .is_none_or(|prefix| code.starts_with(prefix.as_str()))
        && (rule.words.is_empty()
            || rule
                .words
                .iter()
                .any(|words| message.contains(&words.to_lowercase())))
}

/// A redirect, or the web page of a server that knows no such path: the address is wrong, and no
/// conversation may be believed over because of it.
fn leads_elsewhere(reply: &Reply, body: &str) -> bool {
    let page = || {
        let start = body.trim_start().get(..200).unwrap_or(body).to_lowercase();
        start.contains("<!doctype html") || start.contains("<html")
    };
    reply.status.is_redirection() || (reply.status.as_u16() == 404 && page())
}

/// Of `{"code", "developerMessage" | "message"}`; else the body is the message.
fn code_and_message(body: &str) -> (String, String) {
    let Ok(Value::Object(members)) = serde_json::from_str(body) else {
        return (String::new(), without_tags(body));
    };
    let text = |names: &[&str]| names.iter().find_map(|name| members.get(*name).map(plain));
    let code = text(&["code", "errorCode"]).unwrap_or_default();
    let message = text(&["developerMessage", "message", "userMessage", "errorMessage"]);
    (code, message.unwrap_or_else(|| body.to_owned()))
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn without_tags(body: &str) -> String {
    if body.trim_start().starts_with('<') {
        crate::html::to_text(body)
    } else {
        body.to_owned()
    }
}

fn shown(reply: &Reply, code: &str, message: &str) -> String {
    let mut text = format!("HTTP {}", reply.status.as_u16());
    if let Some(location) = reply.headers.get(reqwest::header::LOCATION) {
        let place = String::from_utf8_lossy(location.as_bytes());
        text.push_str(&format!(
            ", leading to {place}: is base_url the address of ECE's web server?"
        ));
    }
    if !code.is_empty() {
        text.push_str(&format!(" {code}"));
    }
    let message: String = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if !message.is_empty() {
        text.push_str(": ");
        text.extend(message.chars().take(SHOWN_CHARACTERS));
    }
    text
}

/// Seconds or a date.
fn retry_after(reply: &Reply) -> Option<u64> {
    let text = reply.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(seconds.saturating_mul(1000));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let wait = at
        .duration_since(SystemTime::now())
        .unwrap_or(Duration::ZERO);
    u64::try_from(wait.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;

    use super::*;
    use crate::guesses;

    fn reply(status: u16, body: &str) -> Reply {
        let status = StatusCode::from_u16(status).unwrap();
        Reply {
            status,
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn means(operation: Operation, status: u16, body: &str) -> Meaning {
        Refusal::read(&guesses::rules(), operation, &reply(status, body)).means
    }

    #[test]
    fn a_start_that_finds_no_agent_is_told_by_its_words_under_any_status() {
        for status in [400, 403, 404, 409, 500] {
            let body = r#"{"code":"400-201","developerMessage":"No agent is available for the entry point."}"#;
            assert_eq!(
                means(Operation::Start, status, body),
                Meaning::NoAgents,
                "{status}"
            );
        }
    }

    #[test]
    fn refusals_of_an_opening_are_told_apart() {
        let body = |text: &str| format!(r#"{{"code":"400-1","message":"{text}"}}"#);
        let start = |status, text: &str| means(Operation::Start, status, &body(text));
        assert_eq!(
            start(400, "The entry point is inactive."),
            Meaning::EntryPointDisabled
        );
        assert_eq!(
            start(500, "The webhook callback URL is deactivated."),
            Meaning::CallbackDeactivated
        );
        assert_eq!(
            start(409, "The queue is at its maximum depth."),
            Meaning::OutOfCapacity
        );
        assert_eq!(start(409, "lastModified does not match"), Meaning::Stale);
        assert_eq!(start(400, "subject is too long"), Meaning::Refused);
        assert_eq!(start(500, "boom"), Meaning::Unknown);
        assert_eq!(
            means(Operation::Configuration, 404, ""),
            Meaning::EntryPointDisabled
        );
    }

    #[test]
    fn a_finished_conversation_is_gone_and_a_bad_message_is_refused() {
        let send = |status, body: &str| means(Operation::Send, status, body);
        assert_eq!(send(404, "{}"), Meaning::Gone);
        assert_eq!(
            send(400, r#"{"code":"400-115","developerMessage":"x"}"#),
            Meaning::Gone
        );
        assert_eq!(
            send(
                409,
                r#"{"code":"409-7","developerMessage":"Conversation is closed"}"#
            ),
            Meaning::Gone
        );
        assert_eq!(
            send(400, r#"{"developerMessage":"Illegal unquoted character"}"#),
            Meaning::Refused
        );
        assert_eq!(
            send(
                403,
                r#"{"developerMessage":"started by another client application"}"#
            ),
            Meaning::Credentials
        );
        assert_eq!(send(413, ""), Meaning::Refused);
    }

    #[test]
    fn a_web_page_or_a_redirect_ends_no_conversation() {
        assert_eq!(
            means(
                Operation::Send,
                404,
                "<!DOCTYPE html><html>Not found</html>"
            ),
            Meaning::Credentials
        );
        assert_eq!(means(Operation::Send, 302, ""), Meaning::Credentials);
    }

    #[test]
    fn the_operators_rules_come_first() {
        let own = Rule {
            operations: vec![Operation::Send],
            status: vec![418],
            code: Some("418-".to_owned()),
            words: vec!["Teapot".to_owned()],
            means: Meaning::Gone,
        };
        let rules: Vec<Rule> = std::iter::once(own).chain(guesses::rules()).collect();
        let read =
            |operation, body: &str| Refusal::read(&rules, operation, &reply(418, body)).means;
        assert_eq!(
            read(Operation::Send, r#"{"code":"418-1","message":"a teapot"}"#),
            Meaning::Gone
        );
        assert_eq!(
            read(Operation::Send, r#"{"code":"419-1","message":"a teapot"}"#),
            Meaning::Refused
        );
        assert_eq!(
            read(Operation::Start, r#"{"code":"418-1","message":"a teapot"}"#),
            Meaning::Refused
        );
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let mut answer = reply(429, "slow down");
        answer.headers.insert(RETRY_AFTER, "7".parse().unwrap());
        let read =
            |answer: &Reply| Refusal::read(&guesses::rules(), Operation::Send, answer).error(5_000);
        assert!(matches!(
            read(&answer),
            EceError::Throttled { wait_ms: 7_000, .. }
        ));
        let past = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH);
        answer.headers.insert(RETRY_AFTER, past.parse().unwrap());
        assert!(matches!(
            read(&answer),
            EceError::Throttled { wait_ms: 0, .. }
        ));
        answer.headers.remove(RETRY_AFTER);
        assert!(matches!(
            read(&answer),
            EceError::Throttled { wait_ms: 5_000, .. }
        ));
    }
}
