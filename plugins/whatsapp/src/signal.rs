//! Typing signs and read marks. A failure is not worth a second attempt.

use trunkline_plugin::channel::{Progress, Sent};
use trunkline_plugin::{PeerState, clock, log};

use crate::settings::Settings;
use crate::{api, payload, window};

/// How ids of messages begin; other keys of events name no message.
const MESSAGE_ID: &str = "wamid.";

/// WhatsApp shows typing only together with a read mark, so it is a setting. It cannot be switched off again: it fades.
pub(crate) fn typing(settings: &Settings, on: bool, peer_state: &PeerState) -> Sent {
    let shown = settings.typing && on && !window::is_shut(peer_state, clock::now());
    match window::last_id(peer_state).filter(|_| shown) {
        Some(id) => mark(settings, id, true),
        None => Sent::not_applicable(),
    }
}

/// The agent saw everything up to this message.
pub(crate) fn seen(settings: &Settings, key: &str) -> Sent {
    if !key.starts_with(MESSAGE_ID) {
        return Sent::not_applicable();
    }
    mark(settings, key, false)
}

fn mark(settings: &Settings, id: &str, typing: bool) -> Sent {
    match api::post_signal(settings, &payload::read_mark(id, typing)) {
        Ok(()) => Sent {
            ids: Vec::new(),
            progress: Progress::All,
            peer_changes: Vec::new(),
        },
        Err(error) => {
            log::debug(format!("no sign for the customer: {error:?}"));
            Sent::not_applicable()
        }
    }
}
