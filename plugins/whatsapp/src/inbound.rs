//! Webhook to events. One call may hold several accounts, customers and kinds of news; each element is read by itself,
//! so that an odd one costs only itself.

use std::collections::BTreeSet;

use serde::Deserialize as _;
use serde_json::Value;
use trunkline_plugin::channel::{Event, Reception};
use trunkline_plugin::{Answer, InboundRequest, Rejection, log};

use crate::settings::Settings;
use crate::wire::{Change, Entry, Envelope, News};
use crate::{message, notice, signature, status, window};

/// What the app's other products say instead.
const OBJECT: &str = "whatsapp_business_account";

/// An event, and whether it opens the customer's window of 24 hours.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) event: Event,
    pub(crate) opens: bool,
}

impl Arrived {
    pub(crate) fn aside(event: Event) -> Self {
        Self {
            event,
            opens: false,
        }
    }

    /// With what it makes true, which is its own customer's: one call may be about several.
    fn into_event(mut self) -> Event {
        if self.opens {
            self.event.peer_changes = window::opened_by(&self.event);
        }
        self.event
    }
}

/// Where a piece of news comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    /// Our number's id; the channel's own where the news does not say.
    pub(crate) account: &'a str,
    pub(crate) field: &'a str,
}

/// One webhook call.
pub(crate) fn receive(
    settings: &Settings,
    request: &InboundRequest,
) -> Result<Reception, Rejection> {
    if !matches!(request.path.as_str(), "" | "/") {
        return Err(Rejection::NotFound);
    }
    match request.method.as_str() {
        "GET" => Ok(Reception::new(signature::handshake(request)?, Vec::new())),
        "POST" => {
            signature::verify(request)?;
            take(settings, &request.body)
        }
        _ => Err(Rejection::MethodNotAllowed),
    }
}

fn take(settings: &Settings, body: &[u8]) -> Result<Reception, Rejection> {
    let envelope: Envelope = serde_json::from_slice(body)
        .map_err(|error| Rejection::Malformed(format!("no webhook of Meta's: {error}")))?;
    let mut arrived = Vec::new();
    if envelope.object == OBJECT {
        for entry in &envelope.entry {
            take_entry(settings, entry, &mut arrived);
        }
    } else {
        log::warn("a webhook of another product of the app: subscribe this URL to WhatsApp alone");
    }
    drop_repeated(&mut arrived);
    let events = arrived.into_iter().map(Arrived::into_event).collect();
    Ok(Reception::new(Answer::status(200), events))
}

fn take_entry(settings: &Settings, entry: &Value, arrived: &mut Vec<Arrived>) {
    let entry = Entry::deserialize(entry).unwrap_or_default();
    for change in &entry.changes {
        let change = Change::deserialize(change).unwrap_or_default();
        let news = News::deserialize(&change.value).unwrap_or_default();
        let account = news.metadata.phone_number_id.as_deref();
        let source = Source {
            account: account.unwrap_or(&settings.phone_number_id),
            field: change.field.as_deref().unwrap_or_default(),
        };
        take_change(source, &change.value, &news, arrived);
    }
}

fn take_change(source: Source<'_>, value: &Value, news: &News, arrived: &mut Vec<Arrived>) {
    match source.field {
        "messages" => {
            for message in &news.messages {
                arrived.push(message::arrived(source, news, message, arrived.len()));
            }
            arrived.extend(status::receipts(source, &news.statuses));
            arrived.extend(notice::errors(source, &news.errors, arrived.len()));
        }
        "user_preferences" => {
            for preference in &news.user_preferences {
                arrived.push(notice::preference(source, preference, arrived.len()));
            }
        }
        "smb_message_echoes" => log::debug(format!(
            "{} messages were sent from the WhatsApp Business app",
            news.message_echoes.len()
        )),
        "standby" => arrived.extend(notice::standby(source, news, arrived.len())),
        _ => arrived.extend(notice::of_account(source, value, arrived.len())),
    }
}

/// Meta may repeat an element within a call as well as over several.
fn drop_repeated(arrived: &mut Vec<Arrived>) {
    let mut keys = BTreeSet::new();
    arrived.retain(|one| keys.insert(one.event.key.clone()));
}
