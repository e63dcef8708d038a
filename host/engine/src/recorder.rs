//! Which calls are kept, and what of them: those that failed, and all of a channel or bot while the operator records it.
//!
//! What is kept holds no secret: values that stand in it anyway (a provider that sends one with its webhook) become `***`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use trunkline_core::id::{ChannelName, Timestamp};
use trunkline_flow::ports::{CallArchive, CallHead, CallId, NewCall};

use crate::config::User;
use crate::record::{Frame, Words};
use crate::secrets::Secrets;

/// Failed calls a minute of one channel or bot that are kept: whoever makes a plugin trap by the thousand fills no disk.
const FAILED_A_MINUTE: u32 = 30;

/// The longest recording, in ms.
pub const RECORDING_MS_MAX: u64 = 60 * 60 * 1000;

/// Shorter values are no secrets worth the name, and stand in every text.
const SECRET_CHARS_MIN: usize = 4;

/// Headers whose value is a credential, whatever its form.
const CREDENTIAL_HEADERS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// Decides, and hands to the archive.
pub(crate) struct Recorder {
    archive: Option<Arc<dyn CallArchive>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Recorded until then.
    until: BTreeMap<User, Timestamp>,
    /// The minute, and failed calls kept in it.
    failed: BTreeMap<User, (i64, u32)>,
}

/// A call that ended, before it is known whether anybody wants it.
pub(crate) struct EndedCall<'a> {
    pub(crate) user: &'a User,
    /// Whose masking rules count.
    pub(crate) channel: Option<ChannelName>,
    pub(crate) head: CallHead,
    pub(crate) frame: Frame,
    pub(crate) words: Words,
    pub(crate) secrets: &'a Secrets,
}

impl Recorder {
    pub(crate) fn new(archive: Option<Arc<dyn CallArchive>>) -> Self {
        Self {
            archive,
            state: Mutex::default(),
        }
    }

    /// Whether a call of this user that ended now is to be kept.
    pub(crate) fn wants(&self, user: &User, failed: bool, now: Timestamp) -> bool {
        if self.archive.is_none() {
            return false;
        }
        let mut state = self.state();
        if state.until.get(user).is_some_and(|until| now < *until) {
            return true;
        }
        if !failed {
            return false;
        }
        let minute = now.0 / 60_000;
        let (of, kept) = state.failed.entry(user.clone()).or_default();
        if *of != minute {
            (*of, *kept) = (minute, 0);
        }
        *kept += 1;
        *kept <= FAILED_A_MINUTE
    }

    /// Records all calls of a user until then; a time that has passed ends it.
    pub(crate) fn record_until(&self, user: User, until: Timestamp) {
        self.state().until.insert(user, until);
    }

    /// Who is recorded, and until when.
    pub(crate) fn recording(&self, now: Timestamp) -> BTreeMap<User, Timestamp> {
        let mut state = self.state();
        state.until.retain(|_, until| now < *until);
        state.until.clone()
    }

    /// Keeps a call. None: the store cannot, which the log says; the call itself is as it is.
    pub(crate) async fn keep(&self, call: EndedCall<'_>) -> Option<CallId> {
        let mut head = call.head;
        let mut words = serde_json::to_value(&call.words).unwrap_or_default();
        drop_credentials(&mut words);
        for value in values(call.secrets) {
            scrub(&mut words, &value);
            head.outcome = head.outcome.replace(&value, "***");
        }
        let new = NewCall {
            head,
            channel: call.channel.or_else(|| match call.user {
                User::Channel(name) => Some(name.clone()),
                User::Bot(_) => None,
            }),
            frame: serde_json::to_value(&call.frame).unwrap_or_default(),
            words,
        };
        match self.archive.as_ref()?.keep_call(new).await {
            Ok(id) => Some(id),
            Err(error) => {
                tracing::warn!(%error, "a failed plugin call could not be kept");
                None
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The secrets' values, plain and in base64.
fn values(secrets: &Secrets) -> Vec<String> {
    let values = secrets.kept().map(|secret| secret.expose().to_owned());
    let long = values.filter(|value| value.chars().count() >= SECRET_CHARS_MIN);
    long.flat_map(|value| {
        let encoded = STANDARD.encode(&value);
        [value, encoded]
    })
    .collect()
}

fn scrub(value: &mut Value, secret: &str) {
    match value {
        Value::String(text) => {
            if text.contains(secret) {
                *text = text.replace(secret, "***");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| scrub(item, secret)),
        Value::Object(members) => members.values_mut().for_each(|item| scrub(item, secret)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Headers are pairs of texts.
fn drop_credentials(value: &mut Value) {
    match value {
        Value::Array(items) => {
            if let [Value::String(name), Value::String(text)] = items.as_mut_slice() {
                let lower = name.to_ascii_lowercase();
                if CREDENTIAL_HEADERS.contains(&lower.as_str()) {
                    "***".clone_into(text);
                }
            }
            items.iter_mut().for_each(drop_credentials);
        }
        Value::Object(members) => members.values_mut().for_each(drop_credentials),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
