//! A message as Messenger takes it: one or several provider messages, the same on every call.
//!
//! A text is cut at 2000; a caption follows its file, for Messenger has none; choices go as buttons or quick replies where
//! they fit, else as numbered lines.

use serde_json::{Value, json};
use trunkline_plugin::channel::{File, OutboundContent};
use trunkline_plugin::split::{self, Utf16Units};
use trunkline_plugin::{Choice, SendError, numbered};

const TEXT_MAX: usize = 2_000;

const BUTTONS_MAX: usize = 3;
const BUTTONS_TEXT_MAX: usize = 640;
const QUICK_REPLIES_MAX: usize = 13;
const TITLE_MAX: usize = 20;
const PAYLOAD_MAX: usize = 1_000;

/// The largest file Messenger takes; of a picture shown as such, a third.
const FILE_BYTES_MAX: u64 = 25 * 1024 * 1024;
const PICTURE_BYTES_MAX: u64 = 8 * 1024 * 1024;
const PICTURES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// One provider message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    /// The `message` member of the request.
    Message(Value),
    /// The same, with the file that goes along.
    Upload { message: Value, file: File },
}

/// In the order to send; `None` for what Messenger does not have.
///
/// # Errors
/// Nothing would be left to show, or it is a kind that this plugin does not send.
pub(crate) fn of(content: &OutboundContent) -> Result<Option<Vec<Piece>>, SendError> {
    let pieces = match content {
        OutboundContent::Text(text) => texts(text),
        OutboundContent::File(file) => file_and_caption(file),
        OutboundContent::Choices { text, options } => choices(text, options),
        OutboundContent::Template { .. } => {
            return Err(SendError::Refused(
                "this channel sends no templates: send a text".to_owned(),
            ));
        }
        OutboundContent::Close | OutboundContent::Typing(_) | OutboundContent::Seen(_) => {
            return Ok(None);
        }
    };
    if pieces.is_empty() {
        return Err(SendError::Refused(
            "Messenger takes no message without a visible character".to_owned(),
        ));
    }
    Ok(Some(pieces))
}

/// A piece of white space alone would be refused, and nobody would see it.
fn texts(text: &str) -> Vec<Piece> {
    let parts = split::all::<Utf16Units>(text, TEXT_MAX).into_iter();
    parts
        .filter(|part| !part.trim().is_empty())
        .map(|part| Piece::Message(json!({ "text": part })))
        .collect()
}

fn file_and_caption(file: &File) -> Vec<Piece> {
    if file.size > FILE_BYTES_MAX {
        return link(file, file.caption.as_deref());
    }
    let kind = attachment_kind(file);
    let message = json!({ "attachment": { "type": kind, "payload": { "is_reusable": false } } });
    let upload = Piece::Upload {
        message,
        file: file.clone(),
    };
    let caption = texts(file.caption.as_deref().unwrap_or_default());
    [upload].into_iter().chain(caption).collect()
}

/// The file as text, for where it cannot go itself.
pub(crate) fn link(file: &File, caption: Option<&str>) -> Vec<Piece> {
    let caption = caption.filter(|caption| !caption.is_empty());
    let lines = caption.map(|caption| format!("{caption}\n"));
    texts(&format!(
        "{}{}: {}",
        lines.unwrap_or_default(),
        file.name,
        file.url
    ))
}

fn attachment_kind(file: &File) -> &'static str {
    let media_type = file.content_type.to_ascii_lowercase();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    match media_type.split_once('/') {
        Some(("image", _)) if PICTURES.contains(&media_type) && file.size <= PICTURE_BYTES_MAX => {
            "image"
        }
        Some(("audio", _)) => "audio",
        Some(("video", _)) => "video",
        _ => "file",
    }
}

fn choices(text: &str, options: &[Choice]) -> Vec<Piece> {
    let above = with_descriptions(text, options);
    let fit = !above.trim().is_empty() && !options.is_empty() && options.iter().all(fits);
    let length = split::length::<Utf16Units>(&above);
    match options.len() {
        ..=BUTTONS_MAX if fit && length <= BUTTONS_TEXT_MAX => vec![buttons(&above, options)],
        ..=QUICK_REPLIES_MAX if fit => quick_replies(&above, options),
        _ => texts(&numbered(text, options)),
    }
}

fn fits(option: &Choice) -> bool {
    let length = split::length::<Utf16Units>;
    !option.title.trim().is_empty()
        && length(&option.title) <= TITLE_MAX
        && !option.id.is_empty()
        && length(&option.id) <= PAYLOAD_MAX
}

/// Neither buttons nor quick replies have a second line.
fn with_descriptions(text: &str, options: &[Choice]) -> String {
    let described = options.iter().filter_map(|option| {
        let description = option.description.as_deref()?;
        Some(format!("{}: {description}", option.title))
    });
    [text.to_owned()]
        .into_iter()
        .chain(described)
        .collect::<Vec<_>>()
        .join("\n")
}

fn buttons(text: &str, options: &[Choice]) -> Piece {
    let button = |option: &Choice| json!({ "type": "postback", "title": option.title, "payload": option.id });
    let buttons: Vec<_> = options.iter().map(button).collect();
    let payload = json!({ "template_type": "button", "text": text, "buttons": buttons });
    Piece::Message(json!({ "attachment": { "type": "template", "payload": payload } }))
}

/// They go with the last part, for they vanish with the next message.
fn quick_replies(text: &str, options: &[Choice]) -> Vec<Piece> {
    let mut pieces = texts(text);
    let reply = |option: &Choice| json!({ "content_type": "text", "title": option.title, "payload": option.id });
    if let Some(Piece::Message(message)) = pieces.last_mut() {
        message["quick_replies"] = options.iter().map(reply).collect();
    }
    pieces
}
