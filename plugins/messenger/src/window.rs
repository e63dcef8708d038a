//! The 24 hours in which Messenger takes any message, and the seven days in which it takes a person's.
//!
//! Both count from the customer's last message, button, reaction or followed link. Peer-state remembers it; Meta's clock
//! decides, so a window that looks open may be shut, and the other way round.

use trunkline_plugin::channel::Author;
use trunkline_plugin::{Millis, PeerChange, PeerState};

/// The key in peer-state: milliseconds since 1970.
const LAST_ACTION: &str = "last-action";

const WINDOW_MS: u64 = 24 * 60 * 60 * 1_000;
const HUMAN_AGENT_MS: u64 = 7 * WINDOW_MS;

/// How a message is declared to Messenger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declared {
    /// An answer within 24 hours.
    Response,
    /// A person's answer within seven days.
    HumanAgent,
}

/// What is known of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    Open,
    /// A person may still answer.
    ForPeople,
    Shut,
    /// Nobody remembers when the customer last did something.
    Unknown,
}

/// The customer did something at this time.
pub(crate) fn opened(at: Millis) -> PeerChange {
    PeerChange {
        key: LAST_ACTION.to_owned(),
        value: Some(at.to_string()),
        at,
    }
}

/// As far as we know.
pub(crate) fn now(peer_state: &PeerState, now: Millis) -> Window {
    let last: Option<Millis> = peer_state
        .get(LAST_ACTION)
        .and_then(|text| text.parse().ok());
    match last.map(|last| now.saturating_sub(last)) {
        None => Window::Unknown,
        Some(age) if age <= WINDOW_MS => Window::Open,
        Some(age) if age <= HUMAN_AGENT_MS => Window::ForPeople,
        Some(_) => Window::Shut,
    }
}

impl Window {
    /// How a message of this author is declared first.
    pub(crate) fn declare(self, author: Author) -> Declared {
        match (self, author) {
            (Self::ForPeople, Author::Agent) => Declared::HumanAgent,
            // What we do not see may have opened the window: Messenger decides.
            (Self::Open | Self::ForPeople | Self::Shut | Self::Unknown, _) => Declared::Response,
        }
    }

    /// Whether the other declaration is worth a try after Messenger said that the window is shut.
    pub(crate) fn may_declare_human(self, author: Author) -> bool {
        author == Author::Agent && self != Self::Shut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_shuts_after_a_day_and_for_people_after_a_week() {
        let state = PeerState::from([(LAST_ACTION.to_owned(), "1000".to_owned())]);
        let cases = [
            (500, Window::Open),
            (1_000 + WINDOW_MS, Window::Open),
            (1_001 + WINDOW_MS, Window::ForPeople),
            (1_000 + HUMAN_AGENT_MS, Window::ForPeople),
            (1_001 + HUMAN_AGENT_MS, Window::Shut),
        ];
        for (at, expected) in cases {
            assert_eq!(now(&state, at), expected, "{at}");
        }
        assert_eq!(now(&PeerState::new(), 0), Window::Unknown);
    }

    #[test]
    fn only_people_are_declared_as_people() {
        assert_eq!(
            Window::ForPeople.declare(Author::Agent),
            Declared::HumanAgent
        );
        for author in [Author::Bot, Author::System] {
            assert_eq!(Window::ForPeople.declare(author), Declared::Response);
            assert!(!Window::Unknown.may_declare_human(author));
        }
    }
}
