//! What people read of things that are not plain text: for the agent, for the transcript, for a
//! dead letter.

use crate::conversation::Item;
use crate::customer::{Line, LineAuthor};
use crate::effect::EceMessage;
use crate::message::{Attachment, Choice, Content};

/// What the agent gets, in order. Text is given character for character (H12); a kind nobody knows
/// is a placeholder (H10).
pub(crate) fn for_agent(item: &Item) -> Vec<EceMessage> {
    match item {
        Item::Message(message) => vec![of_content(&message.content)],
        Item::File { message, file } => {
            let mut parts = vec![EceMessage::File(file.clone())];
            parts.extend(caption(&message.content));
            parts
        }
        Item::LostFile { message, reason } => {
            let mut parts = vec![EceMessage::Note(lost_file(&message.content, reason))];
            parts.extend(caption(&message.content));
            parts
        }
        Item::Note { text, .. } => vec![EceMessage::Note(text.clone())],
    }
}

fn of_content(content: &Content) -> EceMessage {
    match content {
        Content::Unknown(_) | Content::Attachment(_) => EceMessage::Note(line_of(content)),
        Content::Text(_)
        | Content::Location { .. }
        | Content::Chosen { .. }
        | Content::Described { .. } => EceMessage::Text(line_of(content)),
    }
}

fn caption(content: &Content) -> Option<EceMessage> {
    attachment(content)?.caption.clone().map(EceMessage::Text)
}

fn attachment(content: &Content) -> Option<&Attachment> {
    match content {
        Content::Attachment(attachment) => Some(attachment),
        Content::Text(_)
        | Content::Location { .. }
        | Content::Chosen { .. }
        | Content::Described { .. }
        | Content::Unknown(_) => None,
    }
}

fn lost_file(content: &Content, reason: &str) -> String {
    let name = attachment(content)
        .and_then(|file| file.name.as_deref())
        .unwrap_or("unnamed");
    format!("[file could not be fetched: {name}: {reason}]")
}

/// Content as one text.
pub(crate) fn line_of(content: &Content) -> String {
    match content {
        Content::Text(text) | Content::Described { text, .. } => text.clone(),
        Content::Chosen { title, .. } => title.clone(),
        Content::Attachment(file) => file_line(file),
        Content::Location {
            latitude,
            longitude,
            name,
        } => {
            let name = name
                .as_deref()
                .map(|name| format!("{name} "))
                .unwrap_or_default();
            format!("Location: {name}({latitude}, {longitude})")
        }
        Content::Unknown(kind) => format!("[unsupported message: {kind}]"),
    }
}

fn file_line(file: &Attachment) -> String {
    let name = file.name.as_deref().unwrap_or("unnamed");
    match &file.caption {
        Some(caption) => format!("[file: {name}] {caption}"),
        None => format!("[file: {name}]"),
    }
}

/// An item as one text.
pub(crate) fn item_line(item: &Item) -> String {
    match item {
        Item::Message(message) | Item::File { message, .. } => line_of(&message.content),
        Item::LostFile { message, reason } => {
            let mut line = lost_file(&message.content, reason);
            if let Some(EceMessage::Text(caption)) = caption(&message.content) {
                line.push(' ');
                line.push_str(&caption);
            }
            line
        }
        Item::Note { text, .. } => text.clone(),
    }
}

/// Choices for a channel that has none: the customer answers with a number.
pub(crate) fn numbered(text: &str, options: &[Choice]) -> String {
    let mut out = text.to_owned();
    for (index, choice) in options.iter().enumerate() {
        out.push_str(&format!("\n{}. {}", index + 1, choice.title));
    }
    out
}

/// The conversation so far, for the agent who gets it from a bot; none if only we spoke.
pub(crate) fn transcript<'a>(lines: impl Iterator<Item = &'a Line> + Clone) -> Option<String> {
    let somebody = |line: &Line| match line.author {
        LineAuthor::Customer | LineAuthor::Bot | LineAuthor::Agent => true,
        LineAuthor::System => false,
    };
    lines.clone().any(somebody).then(|| {
        let spoken = lines.map(|line| format!("\n{}: {}", who(line.author), line.text));
        format!("The conversation so far:{}", spoken.collect::<String>())
    })
}

fn who(author: LineAuthor) -> &'static str {
    match author {
        LineAuthor::Customer => "Customer",
        LineAuthor::Bot => "Bot",
        LineAuthor::Agent => "Agent",
        LineAuthor::System => "System",
    }
}
