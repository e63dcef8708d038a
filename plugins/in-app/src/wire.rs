//! The frames between page and plugin, as structs, nothing else. Each is one JSON text. The host's own frames
//! (`{"upload":…}`, `{"gap":…}`) are in `plugin-sdk/README.md`.

use serde::{Deserialize, Serialize};
use trunkline_plugin::{Choice, Millis};

/// What the page says. `id` is the page's own and stays the same when it says the same again.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub(crate) enum FromPage {
    /// The first frame of a socket.
    Hello(Hello),
    Say(Say),
    /// One of the choices of a message was picked.
    Choose(Choose),
    /// A file is to be uploaded.
    Upload(Upload),
    Typing {
        on: bool,
    },
    /// Everything sent up to this time arrived.
    Ack {
        at: Millis,
    },
    /// Everything sent up to this time was seen.
    Read {
        at: Millis,
    },
    /// The agent's file of this message was taken or declined.
    File(FileAnswer),
    /// The customer ends the conversation.
    Leave {
        id: String,
    },
    Ping,
}

/// Who it is and what it has.
#[derive(Debug, Deserialize)]
pub(crate) struct Hello {
    /// A secret the browser made: 43 characters of base64url are 256 bits.
    pub(crate) visitor: Option<String>,
    /// A token the web site signed.
    pub(crate) token: Option<String>,
    /// The last number of the log it has; 0 for none.
    #[serde(default)]
    pub(crate) after: u64,
    /// When that frame was sent.
    #[serde(default)]
    pub(crate) at: Millis,
    pub(crate) locale: Option<String>,
    pub(crate) page: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Say {
    pub(crate) id: String,
    pub(crate) text: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Choose {
    pub(crate) id: String,
    pub(crate) choice: String,
    pub(crate) title: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(rename = "type", default)]
    pub(crate) content_type: String,
    pub(crate) size: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FileAnswer {
    /// The `id` of the file's message.
    pub(crate) id: String,
    pub(crate) accepted: bool,
}

/// Of a frame this version does not know: enough to say so.
#[derive(Debug, Deserialize)]
pub(crate) struct Unknown {
    pub(crate) op: String,
    pub(crate) id: Option<String>,
}

/// The claims of a token (RFC 7519).
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: Option<String>,
    /// Seconds since 1970.
    pub(crate) exp: Option<f64>,
    pub(crate) nbf: Option<f64>,
    pub(crate) iat: Option<f64>,
    pub(crate) aud: Option<Audience>,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Straight back on the socket, or a signal: not stored.
#[derive(Debug, Serialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub(crate) enum ToPage<'a> {
    /// The answer to `hello`: the replay follows.
    Ready {
        title: &'a str,
        /// Whether a token said who it is.
        known: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
        limits: Limits,
    },
    /// What had this id is on disk.
    Taken {
        id: &'a str,
    },
    /// What had this id will not be taken, now or later.
    Refused {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        code: &'a str,
    },
    /// The page has to say `hello` again, with another token.
    Bye {
        code: &'a str,
    },
    Pong,
    Typing {
        on: bool,
        from: From<'a>,
    },
    /// Everything up to the message of this id was seen.
    Seen {
        id: &'a str,
    },
}

#[derive(Debug, Serialize)]
pub(crate) struct Limits {
    /// Characters.
    pub(crate) text: usize,
    pub(crate) file_bytes: u64,
    pub(crate) file_types: &'static [&'static str],
}

/// A frame of the log. `fallback_text` is for pages that do not know the type.
#[derive(Debug, Serialize)]
pub(crate) struct Logged<'a> {
    /// The delivery; of a longer text's further parts with the byte where they begin.
    pub(crate) id: &'a str,
    pub(crate) at: Millis,
    pub(crate) from: From<'a>,
    #[serde(flatten)]
    pub(crate) what: What<'a>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum What<'a> {
    Message {
        text: &'a str,
    },
    File {
        name: &'a str,
        mime: &'a str,
        size: u64,
        url: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        caption: Option<&'a str>,
        fallback_text: String,
    },
    Choices {
        text: &'a str,
        items: &'a [Choice],
        fallback_text: String,
    },
    /// The conversation is over; the next message begins another.
    Closed {},
}

#[derive(Debug, Serialize)]
pub(crate) struct From<'a> {
    /// `agent`, `bot`, `system`.
    pub(crate) role: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<&'a str>,
}
