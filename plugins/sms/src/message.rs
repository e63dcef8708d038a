//! What a message looks like on SMS, whoever carries it: text, a picture perhaps, numbered choices, links.
//!
//! A text that is longer than a provider takes goes in several messages.

use trunkline_plugin::channel::{File, Outbound, OutboundContent, Progress, Sent};
use trunkline_plugin::{SendError, numbered, split};

use crate::gsm::Length;

/// The kind of the customers' address: E.164 with plus, or a short code.
pub(crate) const PHONE: &str = "phone";

/// Twilio's limit for one message, in characters; counted as on the air, which is never less. Vonage takes more, but
/// nobody wants to read it in one piece.
const LENGTH_MAX: usize = 1600;

/// Pictures every MMS phone shows; Twilio's limit for a message is 5 MiB.
const PICTURES: [&str; 3] = ["image/jpeg", "image/png", "image/gif"];
const PICTURE_BYTES_MAX: u64 = 5 * 1024 * 1024;

/// A message written out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sms {
    pub(crate) text: String,
    /// Goes with the first part.
    pub(crate) picture: Option<String>,
}

/// The next provider message of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) text: &'a str,
    pub(crate) picture: Option<&'a str>,
    /// What its receipt may name it by.
    pub(crate) name: String,
    progress: Progress,
}

impl Sms {
    /// `None` for what SMS does not have. Without `mms` a picture goes as a link, as other files do.
    pub(crate) fn of(content: &OutboundContent, mms: bool) -> Result<Option<Self>, SendError> {
        Ok(match content {
            OutboundContent::Text(text) => Some(Self::text(text.clone())),
            OutboundContent::File(file) => Some(Self::file(file, mms)),
            OutboundContent::Choices { text, options } => Some(Self::text(numbered(text, options))),
            OutboundContent::Template { .. } => {
                return Err(SendError::Refused(
                    "there are no templates on SMS: send a text".to_owned(),
                ));
            }
            OutboundContent::Close | OutboundContent::Typing(_) | OutboundContent::Seen(_) => None,
        })
    }

    fn text(text: String) -> Self {
        Self {
            text,
            picture: None,
        }
    }

    fn file(file: &File, mms: bool) -> Self {
        let caption = file.caption.clone().unwrap_or_default();
        let picture = PICTURES.contains(&file.content_type.as_str());
        if mms && picture && file.size <= PICTURE_BYTES_MAX {
            return Self {
                text: caption,
                picture: Some(file.url.clone()),
            };
        }
        let line_break = if caption.is_empty() { "" } else { "\n" };
        Self::text(format!("{caption}{line_break}{}: {}", file.name, file.url))
    }

    /// What to send now.
    pub(crate) fn part(&self, message: &Outbound) -> Result<Part<'_>, SendError> {
        let (text, progress) = split::part::<Length>(message, &self.text, LENGTH_MAX)?;
        let first = message.rest.is_none();
        let start = message.rest.as_deref().unwrap_or(b"0");
        let start = String::from_utf8_lossy(start);
        Ok(Part {
            text,
            picture: self.picture.as_deref().filter(|_| first),
            name: message.part_name(start, progress == Progress::All),
            progress,
        })
    }
}

impl Part<'_> {
    /// An attempt whose answer was lost was taken: a receipt told so.
    pub(crate) fn was_taken(&self, message: &Outbound) -> bool {
        message.was_taken(&self.name)
    }

    /// It went out, under these ids.
    pub(crate) fn sent(self, ids: Vec<String>) -> Sent {
        Sent {
            ids,
            progress: self.progress,
            peer_changes: Vec::new(),
        }
    }
}

/// The customer's number.
pub(crate) fn recipient(message: &Outbound) -> Result<&str, SendError> {
    message.address(PHONE).ok_or_else(|| {
        SendError::Refused("the customer has no phone number on this channel".to_owned())
    })
}
