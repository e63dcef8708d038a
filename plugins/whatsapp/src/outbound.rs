//! Message to requests: one provider message a call. What is left stands in `rest`: a byte of the text, or the id of a
//! file that was uploaded.

use std::fmt::Display;

use serde_json::Value;
use trunkline_plugin::channel::{File, Outbound, OutboundContent, Progress, Sent};
use trunkline_plugin::split::{self, Utf16Units};
use trunkline_plugin::{PeerState, SendError, clock, numbered};

use crate::api::{self, ApiError};
use crate::files::{self, Kind};
use crate::payload::{self, Recipient};
use crate::refusal::{MEDIA_FAILED, WINDOW_SHUT};
use crate::settings::Settings;
use crate::{choices, signal, window};

const TEXT_MAX: usize = 4096;
const CAPTION_MAX: usize = 1024;
/// A template's body has 1024 characters, of which its own words take some.
const TEMPLATE_TEXT_MAX: usize = 800;

/// Names a file's part.
const MEDIA: &str = "media";

/// A status that names the delivery comes within seconds after Meta took a message. There is nothing to ask, so after
/// this long it counts as not taken.
const WORD_WITHIN_MS: u64 = 30_000;

/// Sends the next piece, a read mark or a typing sign.
pub(crate) fn send(
    settings: &Settings,
    message: &Outbound,
    peer_state: &PeerState,
) -> Result<Sent, SendError> {
    match &message.content {
        OutboundContent::Close => return Ok(Sent::not_applicable()),
        OutboundContent::Typing(on) => return Ok(signal::typing(settings, *on, peer_state)),
        OutboundContent::Seen(key) => return Ok(signal::seen(settings, key)),
        OutboundContent::Text(_)
        | OutboundContent::File(_)
        | OutboundContent::Choices { .. }
        | OutboundContent::Template { .. } => {}
    }
    let rest = Rest::read(message.rest.as_deref())?;
    if let Some(behind) = behind_taken(message, &rest) {
        let progress = Progress::Rest(behind.written().into_bytes());
        return Ok(Sent::known(progress));
    }
    if let Some(wait_ms) = wait_for_word(message) {
        return Ok(Sent {
            ids: Vec::new(),
            progress: Progress::Wait(wait_ms),
            peer_changes: Vec::new(),
        });
    }
    let sending = Sending {
        settings,
        message,
        to: payload::recipient(message)?,
        shut: window::is_shut(peer_state, clock::now()),
    };
    match rest {
        Rest::Everything => sending.begin(),
        Rest::Text(from) => sending.text(&spoken(&message.content), from, Rest::Text),
        Rest::Caption(from) => sending.text(caption(&message.content), from, Rest::Caption),
        Rest::Media(id) => sending.media(&id),
    }
}

fn wait_for_word(message: &Outbound) -> Option<u32> {
    let until = message
        .attempt
        .unknown_since?
        .saturating_add(WORD_WITHIN_MS);
    let left = until.checked_sub(clock::now())?;
    u32::try_from(left).ok().filter(|left| *left > 0)
}

/// The part to send now is at Meta, as a status told after its answer was lost: what follows it. (One that nothing follows
/// has settled the message.)
fn behind_taken(message: &Outbound, rest: &Rest) -> Option<Rest> {
    let content = &message.content;
    match rest {
        Rest::Everything => behind_text(message, &spoken(content), 0, Rest::Text),
        Rest::Text(from) => behind_text(message, &spoken(content), *from, Rest::Text),
        Rest::Caption(from) => behind_text(message, caption(content), *from, Rest::Caption),
        Rest::Media(_) if message.was_taken(&message.part_name(MEDIA, false)) => {
            let OutboundContent::File(file) = content else {
                return None;
            };
            let (_, after) = under_and_after(files::kind(file)?, caption(content));
            Some(Rest::Caption(caption(content).len() - after.len()))
        }
        Rest::Media(_) => behind_text(message, &spoken(content), 0, Rest::Text),
    }
}

/// As [`behind_taken`], for a text that goes from this byte, by itself or through a template.
fn behind_text(
    message: &Outbound,
    text: &str,
    from: usize,
    rest: fn(usize) -> Rest,
) -> Option<Rest> {
    let left = text.get(from..)?;
    let cuts = [
        (from.to_string(), TEXT_MAX),
        (through_template(from), TEMPLATE_TEXT_MAX),
    ];
    let (_, length_max) = cuts
        .into_iter()
        .find(|(part, _)| message.was_taken(&message.part_name(part, false)))?;
    let (_, behind) = split::first::<Utf16Units>(left, length_max);
    (!behind.is_empty()).then(|| rest(text.len() - behind.len()))
}

/// Names the part of a text from this byte that goes through a template, which is cut elsewhere.
fn through_template(from: usize) -> String {
    format!("t{from}")
}

/// What of a message is still to go out.
enum Rest {
    Everything,
    /// Of its text form, from this byte.
    Text(usize),
    /// Of a file's caption, from this byte.
    Caption(usize),
    /// The file is uploaded under this id.
    Media(String),
}

impl Rest {
    fn read(rest: Option<&[u8]>) -> Result<Self, SendError> {
        let Some(rest) = rest else {
            return Ok(Self::Everything);
        };
        let read = || {
            let (what, value) = std::str::from_utf8(rest).ok()?.split_once(':')?;
            match what {
                "text" => Some(Self::Text(value.parse().ok()?)),
                "caption" => Some(Self::Caption(value.parse().ok()?)),
                "media" => Some(Self::Media(value.to_owned())),
                _ => None,
            }
        };
        read().ok_or_else(unreadable_rest)
    }

    fn written(&self) -> String {
        match self {
            Self::Everything => String::new(),
            Self::Text(from) => format!("text:{from}"),
            Self::Caption(from) => format!("caption:{from}"),
            Self::Media(id) => format!("media:{id}"),
        }
    }
}

fn unreadable_rest() -> SendError {
    SendError::Refused("another version of the plugin began this message".to_owned())
}

/// A message as text, for a channel that is down to templates, and for what WhatsApp has no form for.
fn spoken(content: &OutboundContent) -> String {
    match content {
        OutboundContent::Text(text) => text.clone(),
        OutboundContent::Choices { text, options } => numbered(text, options),
        OutboundContent::File(file) => files::link(file),
        OutboundContent::Template { .. }
        | OutboundContent::Close
        | OutboundContent::Typing(_)
        | OutboundContent::Seen(_) => String::new(),
    }
}

fn caption(content: &OutboundContent) -> &str {
    match content {
        OutboundContent::File(file) => file.caption.as_deref().unwrap_or_default(),
        OutboundContent::Text(_)
        | OutboundContent::Choices { .. }
        | OutboundContent::Template { .. }
        | OutboundContent::Close
        | OutboundContent::Typing(_)
        | OutboundContent::Seen(_) => "",
    }
}

/// One call of `send`.
#[derive(Clone, Copy)]
struct Sending<'a> {
    settings: &'a Settings,
    message: &'a Outbound,
    to: Recipient<'a>,
    shut: bool,
}

impl Sending<'_> {
    fn begin(&self) -> Result<Sent, SendError> {
        let content = &self.message.content;
        match content {
            OutboundContent::Template {
                name,
                locale,
                values,
            } => self.named_template(name, locale, values),
            OutboundContent::Choices { text, options } if !self.shut => {
                match choices::interactive(text, options, &self.settings.list_button) {
                    Some(interactive) => self.choices(interactive),
                    None => self.as_text(),
                }
            }
            OutboundContent::File(file) if !self.shut => match files::kind(file) {
                Some(_) => self.upload(file),
                None => self.as_text(),
            },
            OutboundContent::Text(_)
            | OutboundContent::Choices { .. }
            | OutboundContent::File(_)
            | OutboundContent::Close
            | OutboundContent::Typing(_)
            | OutboundContent::Seen(_) => self.as_text(),
        }
    }

    /// The next part of a text. `rest` says how what is left of it is remembered.
    fn text(&self, text: &str, from: usize, rest: fn(usize) -> Rest) -> Result<Sent, SendError> {
        let left = text.get(from..).ok_or_else(unreadable_rest)?;
        let done = |id: String, behind: &str| {
            if behind.is_empty() {
                return Sent::all(id);
            }
            Sent::rest(id, rest(text.len() - behind.len()).written())
        };
        if !self.shut {
            let (part, behind) = split::first::<Utf16Units>(left, TEXT_MAX);
            match self.post(from, behind.is_empty(), "text", payload::text(part)) {
                Ok(id) => return Ok(done(id, behind)),
                Err(error) if is_shut(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let (part, behind) = split::first::<Utf16Units>(left, TEMPLATE_TEXT_MAX);
        let id = self.through_template(from, behind.is_empty(), part)?;
        Ok(done(id, behind))
    }

    /// What Meta takes after 24 hours: the configured template, with the text in its placeholder.
    fn through_template(
        &self,
        from: usize,
        is_last: bool,
        text: &str,
    ) -> Result<String, SendError> {
        let Some((name, language)) = self.settings.default_template() else {
            return Err(SendError::Refused(
                "the customer last wrote more than 24 hours ago: only an approved template reaches them, and the channel has no default_template"
                    .to_owned(),
            ));
        };
        let line = one_line(text);
        let template = payload::template(name, language, [line.as_str()]);
        self.post(through_template(from), is_last, "template", template)
            .map_err(Into::into)
    }

    fn named_template(
        &self,
        name: &str,
        locale: &str,
        values: &[String],
    ) -> Result<Sent, SendError> {
        let values = values.iter().map(String::as_str);
        let template = payload::template(name, &locale.replace('-', "_"), values);
        Ok(Sent::all(self.post(0, true, "template", template)?))
    }

    fn choices(&self, interactive: Value) -> Result<Sent, SendError> {
        match self.post(0, true, "interactive", interactive) {
            Ok(id) => Ok(Sent::all(id)),
            Err(error) if is_shut(&error) => Self {
                shut: true,
                ..*self
            }
            .as_text(),
            Err(error) => Err(error.into()),
        }
    }

    /// What WhatsApp refused in its own form goes out in words.
    fn as_text(&self) -> Result<Sent, SendError> {
        self.text(&spoken(&self.message.content), 0, Rest::Text)
    }

    /// Uploading is a call of its own, so that a message that must be repeated is not uploaded again.
    fn upload(&self, file: &File) -> Result<Sent, SendError> {
        let attempt = self.message.attempt.number;
        let (handle, name) = (&file.handle, &file.name);
        match api::upload(self.settings, handle, name, &file.content_type, attempt) {
            Ok(id) => Ok(Sent {
                ids: Vec::new(),
                progress: Progress::Rest(Rest::Media(id).written().into_bytes()),
                peer_changes: Vec::new(),
            }),
            // The customer gets a link rather than nothing.
            Err(error) if error.is_final() => self.as_text(),
            Err(error) => Err(error.into()),
        }
    }

    fn media(&self, id: &str) -> Result<Sent, SendError> {
        let OutboundContent::File(file) = &self.message.content else {
            return Err(unreadable_rest());
        };
        let kind = files::kind(file).ok_or_else(unreadable_rest)?;
        if self.shut {
            return self.as_text();
        }
        let caption = caption(&self.message.content);
        let (under, after) = under_and_after(kind, caption);
        let media = payload::media(kind, id, &file.name, under);
        match self.post(MEDIA, after.is_empty(), kind.name(), media) {
            Ok(id) if after.is_empty() => Ok(Sent::all(id)),
            Ok(id) => {
                let rest = Rest::Caption(caption.len() - after.len());
                Ok(Sent::rest(id, rest.written()))
            }
            Err(error) if is_shut(&error) => Self {
                shut: true,
                ..*self
            }
            .as_text(),
            Err(error) if error.is_final() && error.code() == Some(MEDIA_FAILED) => self.as_text(),
            Err(error) => Err(error.into()),
        }
    }

    fn post(
        &self,
        part: impl Display,
        is_last: bool,
        kind: &str,
        content: Value,
    ) -> Result<String, ApiError> {
        let name = self.message.part_name(part, is_last);
        let body = payload::message(self.to, &name, kind, content);
        api::post_message(self.settings, &body, self.message.attempt.number)
    }
}

fn is_shut(error: &ApiError) -> bool {
    error.code() == Some(WINDOW_SHUT)
}

/// What of a caption stands under the file, and what follows as text.
fn under_and_after(kind: Kind, caption: &str) -> (Option<&str>, &str) {
    if caption.is_empty() || !kind.takes_caption() {
        return (None, caption);
    }
    let (under, after) = split::first::<Utf16Units>(caption, CAPTION_MAX);
    (Some(under), after)
}

/// A placeholder takes no line breaks, no tabs and no runs of spaces.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
