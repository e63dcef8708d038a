//! An entry point's configuration, whose date every start echoes.
//!
//! Kept until a start says that it is stale.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use trunkline_flow::ports::EceError;

use crate::integration::Integration;
use crate::unknowns::{Meaning, Operation};

/// What is echoed: `lastModified` as ECE wrote it, whatever its shape.
pub(crate) type LastModified = Value;

/// By ECE's entry point id.
#[derive(Debug, Default)]
pub(crate) struct Configurations(Mutex<HashMap<String, LastModified>>);

/// What ECE says about an entry point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum EntryPoint {
    /// It is served.
    Served(LastModified),
    /// It is not, for this reason of ECE's: switched off, unknown, or not bound to our application.
    Disabled {
        /// ECE's answer.
        status: u16,
        /// ECE's words.
        text: String,
    },
}

impl Integration {
    /// The kept configuration, or a fresh one.
    pub(crate) async fn configuration(&self, id: &str) -> Result<EntryPoint, EceError> {
        if let Some(kept) = self.configurations.kept(id) {
            return Ok(EntryPoint::Served(kept));
        }
        self.fresh_configuration(id).await
    }

    /// Asks ECE.
    ///
    /// # Errors
    /// Anything but "not served"; as asking changes nothing, none is `Unknown`.
    pub(crate) async fn fresh_configuration(&self, id: &str) -> Result<EntryPoint, EceError> {
        self.configurations.forget(id);
        let mut url = self.url(&self.config.unknowns.paths.configuration, &[]);
        url.query_pairs_mut().append_pair("entrypoint", id);
        let reply = self.call(&self.get(url)).await.map_err(safe)?;
        if !reply.status.is_success() {
            let refusal = self.refusal(Operation::Configuration, &reply);
            return match refusal.means {
                Meaning::EntryPointDisabled => Ok(EntryPoint::Disabled {
                    status: refusal.status,
                    text: refusal.text,
                }),
                Meaning::NoAgents
                | Meaning::OutOfCapacity
                | Meaning::WaitTooLong
                | Meaning::Stale
                | Meaning::Gone
                | Meaning::CallbackDeactivated
                | Meaning::Throttled
                | Meaning::Credentials
                | Meaning::Unknown
                | Meaning::Refused => Err(safe(refusal.error(self.config.unknowns.throttle_ms))),
            };
        }
        let date = last_modified(&reply.body, id).ok_or_else(|| {
            EceError::Credentials(format!(
                "ECE's configuration of entry point {id} holds no lastModified: is base_url the address of ECE's web server?"
            ))
        })?;
        self.configurations.keep(id, date.clone());
        Ok(EntryPoint::Served(date))
    }
}

impl Configurations {
    fn kept(&self, id: &str) -> Option<LastModified> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    fn keep(&self, id: &str, date: LastModified) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.to_owned(), date);
    }

    fn forget(&self, id: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
    }
}

/// Nothing was changed by a question, so its outcome is never unclear.
pub(crate) fn safe(error: EceError) -> EceError {
    match error {
        EceError::Unknown(text) => EceError::Unreachable(text),
        EceError::Unreachable(_)
        | EceError::Throttled { .. }
        | EceError::Credentials(_)
        | EceError::Gone(_)
        | EceError::Refused(_) => error,
    }
}

/// Of the entry with this id; ECE writes ids as numbers here and as text elsewhere.
fn last_modified(body: &[u8], id: &str) -> Option<LastModified> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let listed = body.get("entryPointConfiguration").unwrap_or(&body);
    let entries = match listed {
        Value::Array(entries) => entries.as_slice(),
        Value::Object(_) => std::slice::from_ref(listed),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    };
    let is_it = |entry: &&Value| {
        entry
            .pointer("/entryPoint/id")
            .is_some_and(|found| same_id(found, id))
    };
    let entry = entries
        .iter()
        .find(is_it)
        .or_else(|| entries.first().filter(|_| entries.len() == 1))?;
    entry.get("lastModified").cloned()
}

fn same_id(found: &Value, id: &str) -> bool {
    found.as_str() == Some(id)
        || found
            .as_u64()
            .is_some_and(|number| number.to_string() == id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_date_is_echoed_as_it_was_whatever_the_ids_type() {
        let body = br#"{"entryPointConfiguration":[
            {"entryPoint":{"id":"1002"},"lastModified":{"date":"B"}},
            {"entryPoint":{"id":1001},"lastModified":{"date":"2025-08-01T10:11:12.000Z"}}]}"#;
        assert_eq!(
            last_modified(body, "1001"),
            Some(json!({"date": "2025-08-01T10:11:12.000Z"}))
        );
        assert_eq!(last_modified(body, "1002"), Some(json!({"date": "B"})));
        assert_eq!(last_modified(body, "7"), None);
    }

    #[test]
    fn one_entry_alone_needs_no_list_and_no_id() {
        let alone = br#"{"entryPointConfiguration":{"lastModified":{"date":"A"}}}"#;
        assert_eq!(last_modified(alone, "1001"), Some(json!({"date": "A"})));
        assert_eq!(last_modified(b"<html>", "1001"), None);
    }
}
