//! Choices in the richest form the customer's device shows: buttons, a list, else numbered text.
//!
//! What a device shows is in the `capability-list` of its messages and must be honoured. It is remembered about the
//! customer; before their first message nothing is known, and nothing is assumed.

use serde_json::{Value, json};
use trunkline_plugin::{Choice, Millis, PeerChange, PeerState};

use crate::wire::BUSINESS_EXTENSION;

/// The peer-state's key.
const KEY: &str = "capabilities";

/// Buttons: fewer than two the gateway refuses, more than five it does not show.
const BUTTONS: std::ops::RangeInclusive<usize> = 2..=5;

/// What a device can show, of what matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Device(Vec<String>);

impl Device {
    /// Of the header: names in any case, with commas that relays may have encoded.
    pub(crate) fn of_header(list: &str) -> Self {
        let mut names: Vec<_> = list
            .replace("%2C", ",")
            .replace("%2c", ",")
            .split(',')
            .map(|name| name.trim().to_ascii_uppercase())
            .filter(|name| !name.is_empty())
            .collect();
        names.sort_unstable();
        names.dedup();
        Self(names)
    }

    pub(crate) fn remembered(peer_state: &PeerState) -> Self {
        peer_state
            .get(KEY)
            .map(|list| Self::of_header(list))
            .unwrap_or_default()
    }

    pub(crate) fn as_change(&self, at: Millis) -> PeerChange {
        PeerChange {
            key: KEY.to_owned(),
            value: Some(self.0.join(",")),
            at,
        }
    }

    fn shows(&self, name: &str) -> bool {
        self.0.iter().any(|known| known == name)
    }

    /// The richest form for these options; `None` is numbered text.
    pub(crate) fn picker(&self, options: &[Choice]) -> Option<Picker> {
        let plain = options.iter().all(|option| option.description.is_none());
        if self.shows("QUICK") && plain && BUTTONS.contains(&options.len()) {
            return Some(Picker::Buttons);
        }
        (self.shows("LIST") && !options.is_empty()).then_some(Picker::List)
    }
}

/// How options are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Picker {
    /// `quick-reply`.
    Buttons,
    /// `listPicker`.
    List,
}

/// `interactiveData`. What is picked comes back with the choice's own id.
pub(crate) fn interactive_data(
    picker: Picker,
    request: &str,
    title: &str,
    options: &[Choice],
) -> Value {
    match picker {
        Picker::Buttons => json!({
            "bid": BUSINESS_EXTENSION,
            "data": {
                "version": "1.0",
                "requestIdentifier": request,
                "quick-reply": { "summaryText": title, "items": buttons(options) },
            },
            "useLiveLayout": true,
        }),
        Picker::List => json!({
            "bid": BUSINESS_EXTENSION,
            "data": {
                "version": "1.0",
                "requestIdentifier": request,
                "listPicker": { "sections": [{
                    "title": title, "order": 0, "multipleSelection": false, "items": lines(options),
                }] },
            },
            "receivedMessage": { "title": title, "style": "small" },
            // In practice both are required; this one becomes the customer's bubble.
            "replyMessage": { "title": title, "style": "small" },
            "useLiveLayout": true,
        }),
    }
}

fn buttons(options: &[Choice]) -> Vec<Value> {
    let button = |option: &Choice| json!({ "identifier": option.id, "title": option.title });
    options.iter().map(button).collect()
}

fn lines(options: &[Choice]) -> Vec<Value> {
    let line = |(order, option): (usize, &Choice)| {
        let mut line = json!({
            "identifier": option.id, "title": option.title, "order": order, "style": "default",
        });
        if let Some(description) = &option.description {
            line["subtitle"] = json!(description);
        }
        line
    };
    options.iter().enumerate().map(line).collect()
}
