//! Asking the outside: [`Request`] says what, [`fetch`] gives the answer, in one straight line.
//!
//! ```no_run
//! use trunkline_plugin::{SendError, http::{self, Request}};
//!
//! fn greet() -> Result<u16, SendError> {
//!     let request = Request::post("https://api.example.com/messages")
//!         .basic("user", "auth_token")
//!         .form([("To", "+15005550010"), ("Body", "Hello")])
//!         .once();
//!     Ok(http::fetch(&request)?.status)
//! }
//! ```
//!
//! Only granted hosts answer; everything else is [`FetchError::Denied`]. A secret goes by its name and is put in by
//! the host, at its edge. Without a word about repetition a GET or HEAD is `safe` and everything else `once`.
//!
//! Long, because a request, its builder and its answer are read together.

use serde::{Deserialize, Serialize};

use crate::bytes;
use crate::outside;
use crate::types::{Header, SendError, header};

/// The pause before another attempt where nobody named one, in milliseconds.
const AGAIN_AFTER_MS: u32 = 5_000;

/// A text that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// As it stands; encoded for its place by the host.
    Text(String),
    /// A secret, put in by the host.
    Secret {
        /// What stands before it, for instance `Bearer `.
        prefix: String,
        /// Its name in the manifest.
        name: String,
    },
    /// A file by handle; in multipart only.
    File(String),
}

impl Value {
    /// The secret of this name, behind a prefix that may be empty.
    pub fn secret(prefix: impl Into<String>, name: impl Into<String>) -> Self {
        Self::Secret {
            prefix: prefix.into(),
            name: name.into(),
        }
    }
}

impl<T: Into<String>> From<T> for Value {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

/// A named value: of a query, a header or a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
}

impl<N: Into<String>, V: Into<Value>> From<(N, V)> for Field {
    fn from((name, value): (N, V)) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// A part of a multipart body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// The file name to send along.
    pub file_name: Option<String>,
    /// The media type to send along.
    pub content_type: Option<String>,
}

/// Who we are to the other side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// Nobody.
    #[default]
    None,
    /// `Authorization: Bearer` with the secret of this name.
    Bearer(String),
    /// `Authorization: Basic`.
    Basic {
        /// The user.
        user: String,
        /// The password's name as a secret.
        secret: String,
    },
}

/// AES-256-CTR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AesCtr {
    /// 32 bytes.
    #[serde(with = "bytes")]
    pub key: Vec<u8>,
    /// The initial counter, 16 bytes.
    #[serde(with = "bytes")]
    pub iv: Vec<u8>,
}

/// A secret inside a JSON body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct JsonSecret {
    /// Where, by RFC 6901: `/auth/api-key`. What stands there is replaced; where nothing stands the request is denied.
    pub pointer: String,
    /// What stands before it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// Its name in the manifest.
    pub name: String,
}

impl JsonSecret {
    /// The secret of this name at this place.
    pub fn new(pointer: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            prefix: String::new(),
            name: name.into(),
        }
    }
}

/// What a request carries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// UTF-8. Say the type with [`Request::header`]; JSON has [`Request::json`].
    Text(String),
    /// Anything.
    Bytes(#[serde(with = "bytes")] Vec<u8>),
    /// `application/json` with secrets in it, put in by the host. Without any, [`Request::json`] does.
    Json {
        /// The document.
        text: String,
        /// What of it the host replaces.
        secrets: Vec<JsonSecret>,
    },
    /// `application/x-www-form-urlencoded`, encoded by the host.
    Form(Vec<Field>),
    /// `multipart/form-data`, encoded by the host.
    Multipart(Vec<Part>),
    /// A file in the host's keeping, streamed.
    File {
        /// Its handle.
        handle: String,
        /// Encrypts it on the way.
        encrypt: Option<AesCtr>,
    },
}

/// What a repetition of a request does. Decides what the host may do after a crash or a lost answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// Changes nothing: asked again freely.
    Safe,
    /// The provider drops repetitions with this key.
    Idempotent(String),
    /// A repetition would be a second message.
    Once,
}

/// A request to the outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// Absolute, `https` or `http`.
    pub url: String,
    /// Segments added to the URL's path, each encoded by the host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<Value>,
    /// Added to the URL's query, encoded by the host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<Field>,
    /// In the order to send.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Field>,
    /// Who we are.
    #[serde(default, skip_serializing_if = "is_default")]
    pub auth: Auth,
    /// What it carries.
    #[serde(default, skip_serializing_if = "is_default")]
    pub body: Body,
    /// What a repetition does.
    pub repeat: Repeat,
    /// For the whole answer: at most 30 000; 0 means the host's default of 10 000. Not for a
    /// request with a file: that lasts as long as its bytes move, and ends after 30 s of silence.
    #[serde(default, skip_serializing_if = "is_default")]
    pub timeout_ms: u32,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Request {
    /// A request that is `safe` if its method is GET or HEAD, else `once`.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        let method = method.into();
        let repeat = if matches!(method.as_str(), "GET" | "HEAD") {
            Repeat::Safe
        } else {
            Repeat::Once
        };
        Self {
            method,
            url: url.into(),
            path: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            auth: Auth::None,
            body: Body::None,
            repeat,
            timeout_ms: 0,
        }
    }

    /// Reads; `safe`.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// Writes; `once` unless said otherwise.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// Adds a segment to the path: a slash in it does not begin another one.
    #[must_use]
    pub fn segment(mut self, segment: impl Into<Value>) -> Self {
        self.path.push(segment.into());
        self
    }

    /// Adds these to the query.
    #[must_use]
    pub fn query<F: Into<Field>>(mut self, fields: impl IntoIterator<Item = F>) -> Self {
        self.query.extend(fields.into_iter().map(Into::into));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.headers.push(Field {
            name: name.into(),
            value: value.into(),
        });
        self
    }

    /// Authorises with the secret of this name as bearer token.
    #[must_use]
    pub fn bearer(mut self, secret: impl Into<String>) -> Self {
        self.auth = Auth::Bearer(secret.into());
        self
    }

    /// Authorises as `user` with the secret of this name as password.
    #[must_use]
    pub fn basic(mut self, user: impl Into<String>, secret: impl Into<String>) -> Self {
        self.auth = Auth::Basic {
            user: user.into(),
            secret: secret.into(),
        };
        self
    }

    /// Carries a form.
    #[must_use]
    pub fn form<F: Into<Field>>(mut self, fields: impl IntoIterator<Item = F>) -> Self {
        self.body = Body::Form(fields.into_iter().map(Into::into).collect());
        self
    }

    /// Carries JSON, with its content type.
    #[must_use]
    pub fn json(self, value: &serde_json::Value) -> Self {
        self.header("content-type", "application/json")
            .body(Body::Text(value.to_string()))
    }

    /// Carries JSON in which the host puts secrets: each replaces what stands at its place.
    #[must_use]
    pub fn json_with_secrets(
        self,
        value: &serde_json::Value,
        secrets: impl IntoIterator<Item = JsonSecret>,
    ) -> Self {
        self.body(Body::Json {
            text: value.to_string(),
            secrets: secrets.into_iter().collect(),
        })
    }

    /// Carries this.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Changes nothing: the host may ask again freely.
    #[must_use]
    pub fn safe(mut self) -> Self {
        self.repeat = Repeat::Safe;
        self
    }

    /// The provider drops repetitions with this key.
    #[must_use]
    pub fn idempotent(mut self, key: impl Into<String>) -> Self {
        self.repeat = Repeat::Idempotent(key.into());
        self
    }

    /// A repetition would be a second message.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.repeat = Repeat::Once;
        self
    }

    /// Waits this long for the answer: at most 30 000 ms. Not for a request with a file: that lasts
    /// as long as its bytes move.
    #[must_use]
    pub fn timeout_ms(mut self, ms: u32) -> Self {
        self.timeout_ms = ms;
        self
    }
}

/// The body of an answer: text if it is UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payload {
    /// UTF-8.
    Text(String),
    /// Anything else.
    Bytes(#[serde(with = "bytes")] Vec<u8>),
}

/// An answer, of any status, of at most 1 MiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// As they came.
    pub headers: Vec<Header>,
    /// As it came.
    pub body: Payload,
}

impl Response {
    /// The first header of this name, compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body as text; empty if it is none.
    pub fn text(&self) -> &str {
        match &self.body {
            Payload::Text(text) => text,
            Payload::Bytes(_) => "",
        }
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// It is not what `T` says.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        match &self.body {
            Payload::Text(text) => serde_json::from_str(text),
            Payload::Bytes(bytes) => serde_json::from_slice(bytes),
        }
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// `Retry-After` in milliseconds, if it is given in seconds; at most a day.
    pub fn retry_after_ms(&self) -> Option<u32> {
        let seconds: u32 = self.header("retry-after")?.trim().parse().ok()?;
        Some(seconds.min(86_400) * 1_000)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not granted, a private address, or more requests than a call may make. Nothing left.
    #[error("not allowed: {0}")]
    Denied(String),
    /// No connection: it is certain that nothing was taken.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It left, and no whole answer came back.
    #[error("no answer: {why}")]
    Unknown {
        /// What was seen.
        why: String,
        /// The request was `safe`: nothing can have been taken.
        safe: bool,
    },
    /// The answer was larger than 1 MiB.
    #[error("the answer was larger than 1 MiB")]
    TooLarge {
        /// The request was `safe`: nothing can have been taken.
        safe: bool,
    },
}

impl From<FetchError> for SendError {
    /// What most plugins want of `?`: what did not leave or changes nothing is tried again, anything else is unknown.
    fn from(error: FetchError) -> Self {
        let why = error.to_string();
        match error {
            FetchError::Denied(_) => Self::Credentials(why),
            FetchError::Unreachable(_)
            | FetchError::Unknown { safe: true, .. }
            | FetchError::TooLarge { safe: true } => Self::Again {
                after_ms: AGAIN_AFTER_MS,
                why,
            },
            FetchError::Unknown { safe: false, .. } | FetchError::TooLarge { safe: false } => {
                Self::Unknown(why)
            }
        }
    }
}

/// Asks, and gives the answer of whatever status.
///
/// # Errors
/// There is no answer; [`FetchError`] says whether the request may have been taken.
pub fn fetch(request: &Request) -> Result<Response, FetchError> {
    outside::fetch(request)
}
