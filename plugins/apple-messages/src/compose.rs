//! One message of ours as the gateway's messages, in order: an upload, a file with the beginning of its caption, texts,
//! and choices last. A [`Cursor`] says how far an earlier call came.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trunkline_plugin::channel::{File, OutboundContent};
use trunkline_plugin::split::{self, Characters};
use trunkline_plugin::{Choice, SendError, numbered};
use uuid::Uuid;

use crate::choices::{self, Device, Picker};
use crate::wire::FILE_MARK;

/// Apple names no limit but that of the whole payload, which is not documented; other providers take 3000.
const TEXT_CHARACTERS_MAX: usize = 3_000;

/// What is asked for with a list or buttons stands in a bubble that cuts long titles: a longer text goes out before it.
const TITLE_CHARACTERS_MAX: usize = 200;

/// The largest file Apple is known to take; a larger one goes as a link.
const FILE_BYTES_MAX: u64 = 100 << 20;

/// What a message of ours looks like here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Written<'a> {
    text: String,
    pub(crate) file: Option<&'a File>,
    picker: Option<(Picker, String, &'a [Choice])>,
}

/// A file in Apple's store, as a message names it. Sizes are strings there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) name: String,
    #[serde(rename = "mimeType")]
    pub(crate) mime_type: String,
    pub(crate) size: String,
    #[serde(rename = "signature-base64")]
    pub(crate) signature: String,
    pub(crate) url: String,
    pub(crate) owner: String,
    pub(crate) key: String,
}

/// How far a message came: travels as `rest`, so that a repeat sends the same bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// Gateway messages sent.
    pub(crate) sent: u32,
    /// The byte of the text where the next begins.
    pub(crate) at: usize,
    /// The file, once Apple has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<Stored>,
}

impl Cursor {
    /// As `rest` holds it.
    pub(crate) fn read(rest: Option<&[u8]>) -> Result<Self, SendError> {
        let Some(rest) = rest else {
            return Ok(Self::default());
        };
        serde_json::from_slice(rest).map_err(|_| {
            SendError::Refused("another version of the plugin began this message".to_owned())
        })
    }

    pub(crate) fn to_rest(&self) -> Vec<u8> {
        // Plain data: its JSON cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl<'a> Written<'a> {
    /// `None` for what the channel has no such thing of.
    pub(crate) fn of(
        content: &'a OutboundContent,
        device: &Device,
    ) -> Result<Option<Self>, SendError> {
        Ok(match content {
            OutboundContent::Text(text) => Some(Self::text(text.clone())),
            OutboundContent::File(file) => Some(Self::file(file)),
            OutboundContent::Choices { text, options } => {
                Some(Self::choices(text, options, device))
            }
            OutboundContent::Template { .. } => {
                return Err(SendError::Refused(
                    "there are no templates on Apple Messages: send a text".to_owned(),
                ));
            }
            OutboundContent::Close | OutboundContent::Seen(_) | OutboundContent::Typing(_) => None,
        })
    }

    fn text(text: String) -> Self {
        Self {
            text,
            file: None,
            picker: None,
        }
    }

    fn file(file: &'a File) -> Self {
        let caption = file.caption.clone().unwrap_or_default();
        if file.size > FILE_BYTES_MAX {
            let line_break = if caption.is_empty() { "" } else { "\n" };
            return Self::text(format!("{caption}{line_break}{}: {}", file.name, file.url));
        }
        Self {
            // A mark in it would be taken for another file's place.
            text: caption.replace(FILE_MARK, ""),
            file: Some(file),
            picker: None,
        }
    }

    fn choices(text: &str, options: &'a [Choice], device: &Device) -> Self {
        let Some(picker) = device.picker(options) else {
            return Self::text(numbered(text, options));
        };
        if split::length::<Characters>(text) <= TITLE_CHARACTERS_MAX {
            return Self {
                text: String::new(),
                file: None,
                picker: Some((picker, text.to_owned(), options)),
            };
        }
        // The question is what a text ends with.
        let last_line = text.trim_end().lines().next_back().unwrap_or(text);
        let (title, _) = split::first::<Characters>(last_line, TITLE_CHARACTERS_MAX);
        Self {
            text: text.to_owned(),
            file: None,
            picker: Some((picker, title.to_owned(), options)),
        }
    }

    /// The next gateway message without its envelope, and the cursor behind it; `None` if nothing is left.
    pub(crate) fn next(
        &self,
        cursor: &Cursor,
        id: &str,
    ) -> Result<Option<(Value, Cursor)>, SendError> {
        let left = self.text.get(cursor.at..).ok_or_else(|| {
            SendError::Refused("another version of the plugin began this message".to_owned())
        })?;
        let (part, after) = split::first::<Characters>(left, TEXT_CHARACTERS_MAX);
        let behind = Cursor {
            sent: cursor.sent + 1,
            at: self.text.len() - after.len(),
            file: None,
        };
        if let Some(file) = &cursor.file {
            let body = format!("{FILE_MARK}{part}");
            let message = json!({ "type": "text", "body": body, "attachments": [file] });
            return Ok(Some((message, behind)));
        }
        if !part.is_empty() {
            return Ok(Some((json!({ "type": "text", "body": part }), behind)));
        }
        let unsent = self.picker.as_ref().filter(|_| cursor.sent <= self.texts());
        Ok(unsent.map(|(picker, title, options)| {
            let data = choices::interactive_data(*picker, id, title, options);
            (
                json!({ "type": "interactive", "interactiveData": data }),
                behind,
            )
        }))
    }

    fn texts(&self) -> u32 {
        let parts = split::all::<Characters>(&self.text, TEXT_CHARACTERS_MAX).len();
        u32::try_from(parts).unwrap_or(u32::MAX)
    }
}

/// The id of the nth gateway message of a delivery: the same on every attempt, so that Apple knows a repeat.
pub(crate) fn message_id(business: &str, customer: &str, delivery: &str, nth: u32) -> String {
    let name = format!("{business}\n{customer}\n{delivery}\n{nth}");
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}
