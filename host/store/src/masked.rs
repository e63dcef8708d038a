//! Which members of what is written are people's words, and in which direction they go. Names, ids,
//! references and addresses are left alone: a changed one would find nothing.
//!
//! The customer's state is not searched: every word in it came in an event that was masked when it was
//! committed, or from the configuration.

use trunkline_core::conversation::Item;
use trunkline_core::customer::{Line, LineAuthor};
use trunkline_core::effect::{AskBot, EceMessage, OpenEce, OutboundContent, Payload, ToCustomer};
use trunkline_core::event::{
    BotAction, BotEvent, BotTurn, EceEvent, EceHappening, Event, Happening, Outcome,
};
use trunkline_core::message::{Choice, Content};
use trunkline_flow::ports::Undelivered;

use crate::masking::{Directions, Mask};

/// Masks an event in place.
pub(crate) fn event(rules: &Directions, event: &mut Event) {
    match event {
        Event::Channel(channel) => happening(&rules.inbound, &mut channel.happening),
        Event::Ece(ece) => ece_event(&rules.outbound, ece),
        Event::Delivery(report) => outcome(&rules.outbound, &mut report.outcome),
        Event::SaidAgain(said) => item(&rules.inbound, said),
        Event::Receipt(_) | Event::BotCallback { .. } | Event::Timer(_) => {}
    }
}

fn item(mask: &Mask, item: &mut Item) {
    match item {
        Item::Message(message) | Item::File { message, .. } | Item::LostFile { message, .. } => {
            content(mask, &mut message.content);
        }
        Item::Note { text, .. } => {
            mask.apply(text);
        }
    }
}

fn happening(mask: &Mask, happening: &mut Happening) {
    match happening {
        Happening::Said(said) | Happening::Edited { content: said, .. } => {
            content(mask, said);
        }
        Happening::Withdrawn { .. }
        | Happening::Reacted { .. }
        | Happening::FileAnswer { .. }
        | Happening::OptedOut { .. }
        | Happening::OptedIn
        | Happening::Left => {}
    }
}

fn content(mask: &Mask, content: &mut Content) -> bool {
    match content {
        Content::Text(text) | Content::Described { text, .. } => mask.apply(text),
        Content::Attachment(attachment) => optional(mask, &mut attachment.caption),
        Content::Location { name, .. } => optional(mask, name),
        Content::Chosen { title, .. } => mask.apply(title),
        Content::Unknown(_) => false,
    }
}

fn ece_event(mask: &Mask, event: &mut EceEvent) {
    match &mut event.happening {
        EceHappening::Said { text, .. } | EceHappening::Unknown { text, .. } => {
            mask.apply(text);
        }
        EceHappening::Assigned { .. }
        | EceHappening::Transferred(_)
        | EceHappening::PagePushed { .. }
        | EceHappening::FileOffered(_)
        | EceHappening::FileAccepted { .. }
        | EceHappening::FileRejected { .. }
        | EceHappening::Completed { .. } => {}
    }
}

fn outcome(mask: &Mask, outcome: &mut Outcome) {
    match outcome {
        Outcome::BotAnswered(turn) => bot_turn(mask, turn),
        Outcome::Started { .. }
        | Outcome::Unavailable(_)
        | Outcome::BotFailed(_)
        | Outcome::FileReady(_)
        | Outcome::FileAgain { .. }
        | Outcome::FileFailed(_)
        | Outcome::Taken
        | Outcome::SessionGone
        // As its delivery was committed.
        | Outcome::NotTaken(_)
        | Outcome::Failed { .. } => {}
    }
}

fn bot_turn(mask: &Mask, turn: &mut BotTurn) {
    for action in &mut turn.actions {
        match action {
            BotAction::Say(text) => {
                mask.apply(text);
            }
            BotAction::Choices { text, options } => {
                choices(mask, text, options);
            }
            BotAction::SetAttributes(attributes) => {
                values(mask, attributes);
            }
            BotAction::OfferHandover { summary, .. } => {
                optional(mask, summary);
            }
            BotAction::FileByUrl { .. }
            | BotAction::Typing(_)
            | BotAction::Wake { .. }
            | BotAction::Cancel(_)
            | BotAction::Again(_)
            | BotAction::Done
            | BotAction::Close => {}
        }
    }
}

/// Masks a delivery's words in place, and tells whether that changed any.
pub(crate) fn payload(rules: &Directions, payload: &mut Payload) -> bool {
    match payload {
        Payload::ToCustomer(message) => to_customer(&rules.outbound, message),
        Payload::OpenEce(open) => open_ece(&rules.inbound, open),
        Payload::ToEce { message, .. } => ece_message(&rules.inbound, message),
        Payload::AskBot(ask) => ask_bot(rules, ask),
        Payload::FetchFromCustomer { attachment, .. } => {
            optional(&rules.inbound, &mut attachment.caption)
        }
        Payload::EndEce { .. } | Payload::FetchFromEce { .. } => false,
    }
}

fn to_customer(mask: &Mask, message: &mut ToCustomer) -> bool {
    match &mut message.content {
        OutboundContent::Text(text) => mask.apply(text),
        OutboundContent::Choices { text, options } => choices(mask, text, options),
        OutboundContent::File(_) | OutboundContent::Close => false,
    }
}

fn open_ece(mask: &Mask, open: &mut OpenEce) -> bool {
    mask.apply(&mut open.subject) | values(mask, &mut open.attributes)
}

fn ece_message(mask: &Mask, message: &mut EceMessage) -> bool {
    match message {
        EceMessage::Text(text) | EceMessage::Note(text) => mask.apply(text),
        EceMessage::File(_) | EceMessage::AcceptFile(_) | EceMessage::RejectFile(_) => false,
    }
}

fn ask_bot(rules: &Directions, ask: &mut AskBot) -> bool {
    let mut changed = match &mut ask.event {
        BotEvent::Said(message) => content(&rules.inbound, &mut message.content),
        BotEvent::Started(_)
        | BotEvent::Timer(_)
        | BotEvent::Callback(_)
        | BotEvent::Queued
        | BotEvent::Accepted(_)
        | BotEvent::Refused(_)
        | BotEvent::Expired
        | BotEvent::Returned
        | BotEvent::Closed(_) => false,
    };
    changed |= values(&rules.inbound, &mut ask.context.attributes);
    for line in &mut ask.context.history {
        changed |= line_of(rules, line);
    }
    changed
}

fn line_of(rules: &Directions, line: &mut Line) -> bool {
    match line.author {
        LineAuthor::Customer => rules.inbound.apply(&mut line.text),
        LineAuthor::Bot | LineAuthor::Agent | LineAuthor::System => {
            rules.outbound.apply(&mut line.text)
        }
    }
}

/// Masks a dead letter's words in place: both directions, as it may hold either.
pub(crate) fn undelivered(rules: &Directions, dead: &mut Undelivered) {
    rules.inbound.apply(&mut dead.content);
    rules.outbound.apply(&mut dead.content);
    if let Some((_, replay)) = &mut dead.replay {
        event(rules, replay);
    }
}

fn choices(mask: &Mask, text: &mut String, options: &mut [Choice]) -> bool {
    let mut changed = mask.apply(text);
    for option in options {
        changed |= mask.apply(&mut option.title);
        changed |= optional(mask, &mut option.description);
    }
    changed
}

fn values(mask: &Mask, pairs: &mut [(String, String)]) -> bool {
    let mut changed = false;
    for (_, value) in pairs {
        changed |= mask.apply(value);
    }
    changed
}

fn optional(mask: &Mask, text: &mut Option<String>) -> bool {
    text.as_mut().is_some_and(|text| mask.apply(text))
}
