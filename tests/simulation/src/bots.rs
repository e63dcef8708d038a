use trunkline_core::event::{BotAction, BotEvent};

use crate::provider::said;

/// In a customer's message: the bot hands over.
pub const WANTS_AGENT: &str = "🙋";

/// After so many ms without a word a bot closes.
const IDLE_MS: u64 = 300_000;

fn file() -> BotAction {
    BotAction::FileByUrl {
        url: "https://bot.example.com/file".to_owned(),
        name: "bot file".to_owned(),
    }
}

fn wake() -> BotAction {
    BotAction::Wake {
        name: "idle".to_owned(),
        after_ms: IDLE_MS,
    }
}

fn offer() -> BotAction {
    BotAction::OfferHandover {
        entry_point: None,
        summary: None,
        expires_ms: 120_000,
    }
}

/// `faq`: repeats, and hands over to an agent who asks for one. What it does besides is a matter of `mood`.
pub(crate) fn faq_says(event: &BotEvent, mood: u8) -> Vec<BotAction> {
    match event {
        BotEvent::Started(_) => vec![BotAction::Say("I am a bot".to_owned()), wake()],
        BotEvent::Said(message) if said(&message.content).contains(WANTS_AGENT) => match mood {
            0 => vec![offer(), BotAction::Done],
            1 => vec![offer(), file(), wake()],
            2 => vec![BotAction::Done],
            _ => vec![offer()],
        },
        BotEvent::Said(_) if mood == 0 => vec![BotAction::Again(vec![1])],
        BotEvent::Said(message) if mood == 1 => vec![
            BotAction::Say("see here".to_owned()),
            file(),
            BotAction::Say(format!("you said {}", said(&message.content))),
            wake(),
        ],
        BotEvent::Queued if mood == 0 => vec![BotAction::Done],
        BotEvent::Queued if mood == 1 => vec![file(), BotAction::Close],
        BotEvent::Said(message) => vec![
            BotAction::Say(format!("you said {}", said(&message.content))),
            wake(),
        ],
        BotEvent::Timer(_) => vec![BotAction::Close],
        BotEvent::Refused(_) | BotEvent::Expired | BotEvent::Returned | BotEvent::Callback(_) => {
            vec![wake()]
        }
        BotEvent::Queued | BotEvent::Accepted(_) | BotEvent::Closed(_) => Vec::new(),
    }
}

/// `survey`: one question.
pub(crate) fn survey_says(event: &BotEvent) -> Vec<BotAction> {
    match event {
        BotEvent::Started(_) => vec![BotAction::Say("how was it?".to_owned()), wake()],
        BotEvent::Said(_) | BotEvent::Timer(_) => vec![BotAction::Done],
        BotEvent::Callback(_)
        | BotEvent::Queued
        | BotEvent::Accepted(_)
        | BotEvent::Refused(_)
        | BotEvent::Expired
        | BotEvent::Returned
        | BotEvent::Closed(_) => Vec::new(),
    }
}
