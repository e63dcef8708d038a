//! The window of 24 hours after a customer's message, in which anything may be sent to them. Remembered a customer: when
//! they last wrote, by Meta's clock, and that message's id.

use trunkline_plugin::channel::Event;
use trunkline_plugin::{Millis, PeerChange, PeerState};

const WINDOW_MS: Millis = 24 * 60 * 60 * 1_000;

const LAST_AT: &str = "last_at";
const LAST_ID: &str = "last_id";

/// Whether Meta would refuse anything but a template. Of a customer we know nothing about, it is left to Meta.
pub(crate) fn is_shut(peer_state: &PeerState, now: Millis) -> bool {
    let last: Option<Millis> = peer_state.get(LAST_AT).and_then(|at| at.parse().ok());
    last.is_some_and(|last| now >= last.saturating_add(WINDOW_MS))
}

/// The id of the customer's last message.
pub(crate) fn last_id(peer_state: &PeerState) -> Option<&str> {
    peer_state.get(LAST_ID).map(String::as_str)
}

/// What a message that opens the window makes true.
pub(crate) fn opened_by(event: &Event) -> Vec<PeerChange> {
    let change = |key: &str, value: String| PeerChange {
        key: key.to_owned(),
        value: Some(value),
        at: event.at,
    };
    vec![
        change(LAST_AT, event.at.to_string()),
        change(LAST_ID, event.key.clone()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_shuts_24_hours_after_the_last_message() {
        let state = PeerState::from([(LAST_AT.to_owned(), "1000".to_owned())]);
        assert!(!is_shut(&state, 1_000 + WINDOW_MS - 1));
        assert!(is_shut(&state, 1_000 + WINDOW_MS));
        assert!(!is_shut(&PeerState::new(), u64::MAX));
    }
}
