//! Effects as one line each, so that a whole list reads as a story. Numbers of deliveries are shown
//! as `d1-1-2`; what is only for the trace begins with `note`.

use trunkline_core::effect::{
    Delivery, EceMessage, Effect, OutboundContent, Payload, SignalEffect, ToCustomer,
};
use trunkline_core::event::BotEvent;
use trunkline_core::message::Content;

pub(crate) fn all(effects: &[Effect]) -> Vec<String> {
    effects.iter().map(effect).collect()
}

/// Without the trace.
pub(crate) fn acts(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .filter(|e| !matches!(e, Effect::Note { .. }))
        .map(effect)
        .collect()
}

fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Deliver(Delivery { id, payload }) => format!("{id} {}", payload_line(payload)),
        Effect::CancelToCustomer { reason } => format!("cancel all to the customer: {reason}"),
        Effect::Undeliverable {
            conversation,
            key,
            text,
            reason,
            item: _,
        } => {
            format!("dead letter {key} of {conversation}: {text} ({reason})")
        }
        Effect::NotDelivered { delivery, reason } => format!("dead letter {delivery}: {reason}"),
        Effect::SetTimer { name, at } => format!("timer {name} at {}", at.0),
        Effect::CancelTimer { name } => format!("no timer {name}"),
        Effect::Signal(SignalEffect::TypingToCustomer(on)) => format!("typing to customer {on}"),
        Effect::Signal(SignalEffect::SeenByAgent { key, by }) => format!("seen {key} by {by}"),
        Effect::Signal(SignalEffect::TypingToEce { session, on, .. }) => {
            format!("typing to {session} {on}")
        }
        Effect::Note { text, .. } => format!("note {text}"),
    }
}

fn payload_line(payload: &Payload) -> String {
    match payload {
        Payload::ToCustomer(message) => to_customer(message),
        Payload::OpenEce(open) => format!("open {} at {}", open.integration, open.entry_point),
        Payload::ToEce {
            session, message, ..
        } => format!("to {session} {}", ece_message(message)),
        Payload::EndEce { session, .. } => format!("end {session}"),
        Payload::AskBot(ask) => {
            format!("ask {} e{} {}", ask.bot, ask.epoch.0, bot_event(&ask.event))
        }
        Payload::FetchFromCustomer { attachment, .. } => format!("fetch {}", attachment.reference),
        Payload::FetchFromEce { file, session, .. } => {
            let from = session
                .as_ref()
                .map_or("the web", |session| session.as_str());
            format!("fetch {} from {from}", file.name)
        }
    }
}

fn to_customer(message: &ToCustomer) -> String {
    let who = match &message.author_name {
        Some(name) => format!("{:?} {name}", message.author),
        None => format!("{:?}", message.author),
    };
    let report = if message.report { " (report)" } else { "" };
    let despite = if message.despite_opt_out {
        " (despite opt-out)"
    } else {
        ""
    };
    let what = match &message.content {
        OutboundContent::Text(text) => text.clone(),
        OutboundContent::File(file) => format!("file {}", file.name),
        OutboundContent::Choices { text, options } => {
            let titles: Vec<_> = options.iter().map(|o| o.title.as_str()).collect();
            format!("{text} [{}]", titles.join(" | "))
        }
        OutboundContent::Close => "close".to_owned(),
    };
    format!("{who}: {what}{report}{despite}")
}

fn ece_message(message: &EceMessage) -> String {
    match message {
        EceMessage::Text(text) => format!("text: {text}"),
        EceMessage::Note(text) => format!("note: {text}"),
        EceMessage::File(file) => format!("file: {}", file.name),
        EceMessage::AcceptFile(file) => format!("accept: {}", file.name),
        EceMessage::RejectFile(file) => format!("reject: {}", file.name),
    }
}

fn bot_event(event: &BotEvent) -> String {
    match event {
        BotEvent::Started(None) => "started".to_owned(),
        BotEvent::Started(Some(outcome)) => format!("started after {outcome}"),
        BotEvent::Said(message) => format!("said {}", content(&message.content)),
        BotEvent::Timer(name) => format!("timer {name}"),
        BotEvent::Callback(bytes) => format!("callback {}", String::from_utf8_lossy(bytes)),
        BotEvent::Queued => "queued".to_owned(),
        BotEvent::Accepted(agent) => format!("accepted by {}", agent.as_deref().unwrap_or("-")),
        BotEvent::Refused(reason) => format!("refused {reason:?}"),
        BotEvent::Expired => "expired".to_owned(),
        BotEvent::Returned => "returned".to_owned(),
        BotEvent::Closed(why) => format!("closed: {why}"),
    }
}

fn content(content: &Content) -> String {
    match content {
        Content::Text(text) => text.clone(),
        Content::Attachment(file) => format!("file {}", file.name.as_deref().unwrap_or("-")),
        Content::Location { .. } => "location".to_owned(),
        Content::Chosen { id, title } => format!("choice {id} ({title})"),
        Content::Described { text, .. } => text.clone(),
        Content::Unknown(kind) => format!("unknown {kind}"),
    }
}
