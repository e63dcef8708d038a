//! Events and deliveries as lines that an operator reads in a trace or a dead letter. They hold what
//! people wrote: shown like messages, never logged.

use trunkline_core::conversation::Item;
use trunkline_core::effect::{EceMessage, OutboundContent, Payload};
use trunkline_core::event::{
    BotEvent, DeliveryName, EceHappening, Event, Happening, Outcome, ReceiptState, Transfer,
    Unavailable,
};
use trunkline_core::id::Timestamp;
use trunkline_core::message::Content;

/// One event.
pub(crate) fn event(event: &Event) -> String {
    match event {
        Event::Channel(channel) => {
            format!(
                "customer {} [{}]",
                happening(&channel.happening),
                channel.key
            )
        }
        Event::Ece(ece) => format!(
            "ECE {}: {} [{}]",
            ece.session,
            in_ece(&ece.happening),
            ece.id
        ),
        Event::Delivery(report) => format!("{}: {}", report.delivery, outcome(&report.outcome)),
        Event::Receipt(receipt) => format!(
            "receipt for {}: {}{}",
            delivery_name(&receipt.delivery),
            receipt_state(receipt.state),
            tail(receipt.detail.as_deref())
        ),
        Event::BotCallback { bytes, .. } => {
            format!("the bot called back with {} bytes", bytes.len())
        }
        Event::SaidAgain(item) => again(item),
        Event::Timer(name) => format!("timer {name}"),
    }
}

fn again(item: &Item) -> String {
    match item {
        Item::Message(message) | Item::File { message, .. } | Item::LostFile { message, .. } => {
            format!("again, {}", content(&message.content))
        }
        Item::Note { text, .. } => format!("again, {text}"),
    }
}

fn happening(happening: &Happening) -> String {
    match happening {
        Happening::Said(said) => content(said),
        Happening::Edited { key, content: said } => format!("changed {key}: {}", content(said)),
        Happening::Withdrawn { key } => format!("took back {key}"),
        Happening::Reacted { emoji, .. } => format!("reacted with {emoji}"),
        Happening::FileAnswer { accepted: true, .. } => "took the file".to_owned(),
        Happening::FileAnswer {
            accepted: false, ..
        } => "refused the file".to_owned(),
        Happening::OptedOut { .. } => "opted out".to_owned(),
        Happening::OptedIn => "opted in".to_owned(),
        Happening::Left => "left".to_owned(),
    }
}

fn content(content: &Content) -> String {
    match content {
        Content::Text(text) => format!("said: {text}"),
        Content::Attachment(file) => format!(
            "sent a file {}{}",
            file.name.as_deref().unwrap_or("without a name"),
            tail(file.caption.as_deref())
        ),
        Content::Location {
            latitude,
            longitude,
            name,
        } => format!(
            "sent a place {latitude}, {longitude}{}",
            tail(name.as_deref())
        ),
        Content::Chosen { title, .. } => format!("chose: {title}"),
        Content::Described { kind, text } => format!("sent {kind}: {text}"),
        Content::Unknown(kind) => format!("sent something unknown: {kind}"),
    }
}

fn in_ece(happening: &EceHappening) -> String {
    match happening {
        EceHappening::Assigned { agent } => format!("assigned to {}", name(agent.as_deref())),
        EceHappening::Said { agent, text } => format!("{} said: {text}", name(agent.as_deref())),
        EceHappening::Transferred(Transfer::Agent(agent)) => {
            format!("transferred to {}", name(agent.as_deref()))
        }
        EceHappening::Transferred(Transfer::Queue(queue)) => {
            format!("transferred to queue{}", tail(queue.as_deref()))
        }
        EceHappening::PagePushed { url } => format!("pushed the page {url}"),
        EceHappening::FileOffered(file) => format!("offers the file {}", file.name),
        EceHappening::FileAccepted { name } => format!("took the file{}", tail(name.as_deref())),
        EceHappening::FileRejected { name } => format!("refused the file{}", tail(name.as_deref())),
        EceHappening::Completed { by_agent: true } => "ended by the agent".to_owned(),
        EceHappening::Completed { by_agent: false } => "ended by the system".to_owned(),
        EceHappening::Unknown { kind, text, .. } => {
            format!("sent something unknown, {kind}: {text}")
        }
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Started { session, .. } => format!("ECE started {session}"),
        Outcome::Unavailable(why) => format!("ECE cannot take it: {}", unavailable(*why)),
        Outcome::BotAnswered(turn) => {
            format!("the bot answered with {} actions", turn.actions.len())
        }
        Outcome::BotFailed(why) => format!("the bot failed: {why}"),
        Outcome::FileReady(file) | Outcome::FileAgain { file, .. } => {
            format!("the file {} is here, {} bytes", file.name, file.size)
        }
        Outcome::FileFailed(why) => format!("the file cannot be had: {why}"),
        Outcome::Taken => "taken".to_owned(),
        Outcome::SessionGone | Outcome::NotTaken(_) => "ECE says that it is over there".to_owned(),
        Outcome::Failed { reason, .. } => format!("failed: {reason}"),
    }
}

/// What a delivery carries.
pub(crate) fn payload(payload: &Payload) -> String {
    match payload {
        Payload::ToCustomer(message) => {
            format!("to the customer: {}", outbound(&message.content))
        }
        Payload::OpenEce(open) => {
            format!("open ECE {} at {}", open.integration, open.entry_point)
        }
        Payload::ToEce {
            session, message, ..
        } => format!("to ECE {session}: {}", ece_message(message)),
        Payload::EndEce { session, .. } => format!("end ECE {session}"),
        Payload::AskBot(ask) => format!("ask bot {}: {}", ask.bot, bot_event(&ask.event)),
        Payload::FetchFromCustomer { attachment, .. } => format!(
            "fetch the customer's file {}",
            attachment.name.as_deref().unwrap_or("without a name")
        ),
        Payload::FetchFromEce { file, .. } => format!("fetch the file {}", file.name),
    }
}

fn outbound(content: &OutboundContent) -> String {
    match content {
        OutboundContent::Text(text) => text.clone(),
        OutboundContent::File(file) => format!("the file {}", file.name),
        OutboundContent::Choices { text, options } => {
            let titles: Vec<&str> = options.iter().map(|one| one.title.as_str()).collect();
            format!("{text} [{}]", titles.join(" | "))
        }
        OutboundContent::Close => "the conversation is over".to_owned(),
    }
}

fn ece_message(message: &EceMessage) -> String {
    match message {
        EceMessage::Text(text) | EceMessage::Note(text) => text.clone(),
        EceMessage::File(file) => format!("the file {}", file.name),
        EceMessage::AcceptFile(file) => format!("the customer has {}", file.name),
        EceMessage::RejectFile(file) => format!("the customer cannot get {}", file.name),
    }
}

fn bot_event(event: &BotEvent) -> String {
    match event {
        BotEvent::Started(after) => format!("started{}", tail(after.as_deref())),
        BotEvent::Said(message) => content(&message.content),
        BotEvent::Timer(name) => format!("timer {name}"),
        BotEvent::Callback(bytes) => format!("callback of {} bytes", bytes.len()),
        BotEvent::Queued => "queued".to_owned(),
        BotEvent::Accepted(agent) => format!("accepted by {}", name(agent.as_deref())),
        BotEvent::Refused(why) => format!("refused: {}", unavailable(*why)),
        BotEvent::Expired => "expired".to_owned(),
        BotEvent::Returned => "returned".to_owned(),
        BotEvent::Closed(why) => format!("closed: {why}"),
    }
}

/// As the guides call it.
fn unavailable(why: Unavailable) -> &'static str {
    match why {
        Unavailable::NoAgents => "no agent is there or free",
        Unavailable::OutOfCapacity => "the queue is full",
        Unavailable::WaitTooLong => "the wait would be too long",
        Unavailable::EntryPointDisabled => "the entry point is switched off",
        Unavailable::OffHours => "outside the hours of the entry point",
        Unavailable::Unreachable => "ECE does not answer",
    }
}

fn receipt_state(state: ReceiptState) -> &'static str {
    match state {
        ReceiptState::Accepted => "accepted",
        ReceiptState::Sent => "sent",
        ReceiptState::Failed => "failed",
        ReceiptState::Delivered => "delivered",
        ReceiptState::Read => "read",
    }
}

fn delivery_name(name: &DeliveryName) -> String {
    match name {
        DeliveryName::Ours(id) => id.to_string(),
        DeliveryName::Part { delivery, part } => format!("part {part} of {delivery}"),
        DeliveryName::Gone(delivery) => format!("a part of {delivery}"),
        DeliveryName::Provider(id) => id.clone(),
        DeliveryName::AllUntil(at) => format!("all until {} UTC", time_of_day(*at)),
    }
}

/// As the trace's own times; receipts come within the day.
fn time_of_day(at: Timestamp) -> String {
    let ms = at.0.rem_euclid(24 * 60 * 60 * 1000);
    let (seconds, ms) = (ms / 1000, ms % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    format!(
        "{:02}:{:02}:{seconds:02}.{ms:03}",
        minutes / 60,
        minutes % 60
    )
}

fn name(agent: Option<&str>) -> &str {
    agent.unwrap_or("an agent")
}

fn tail(text: Option<&str>) -> String {
    text.map(|text| format!(": {text}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use trunkline_core::event::Receipt;

    use super::*;

    #[test]
    fn what_happened_is_said_in_the_words_of_the_field() {
        let receipt = Receipt {
            delivery: DeliveryName::Provider("SM1".to_owned()),
            state: ReceiptState::Failed,
            detail: Some("blocked".to_owned()),
            opted_out: false,
            at: Timestamp(0),
        };
        assert_eq!(
            event(&Event::Receipt(receipt)),
            "receipt for SM1: failed: blocked"
        );
        let until = DeliveryName::AllUntil(Timestamp(1_796_068_824_725));
        assert_eq!(delivery_name(&until), "all until 20:00:24.725 UTC");
        assert_eq!(
            outcome(&Outcome::Unavailable(Unavailable::NoAgents)),
            "ECE cannot take it: no agent is there or free"
        );
    }
}
