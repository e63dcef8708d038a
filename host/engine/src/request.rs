//! What a plugin asks of the outside, and what it gets back: the engine's own words for it.
//!
//! The contract module makes these from WIT types, `egress` carries them out, the journal keeps
//! them. Nothing here knows a wire or a secret's value.

use serde::{Deserialize, Serialize};
use trunkline_core::id::Timestamp;

use crate::record::bytes;

/// A text that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Value {
    /// As it stands.
    Text(String),
    /// A secret's value behind a prefix.
    Secret { prefix: String, name: String },
    /// A file of the store, by handle.
    File(String),
}

/// A named value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: Value,
}

/// A piece of a multipart body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) value: Value,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
}

/// The `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Auth {
    None,
    /// The secret's name.
    Bearer(String),
    Basic {
        user: String,
        secret: String,
    },
}

/// AES-256 in counter mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AesCtr {
    /// 32 bytes.
    pub(crate) key: Vec<u8>,
    /// 16 bytes: the first counter block.
    pub(crate) iv: Vec<u8>,
}

/// A secret inside a JSON body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JsonSecret {
    /// RFC 6901.
    pub(crate) pointer: String,
    /// A [`Value::Secret`].
    pub(crate) value: Value,
}

/// What goes along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Body {
    None,
    Text(String),
    Bytes(#[serde(with = "bytes")] Vec<u8>),
    Json {
        text: String,
        secrets: Vec<JsonSecret>,
    },
    Form(Vec<Field>),
    Multipart(Vec<Part>),
    File {
        handle: String,
        encrypt: Option<AesCtr>,
    },
}

/// What a repetition does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Repeat {
    Safe,
    Idempotent(String),
    Once,
}

/// One request, as the plugin wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FetchRequest {
    pub(crate) method: String,
    pub(crate) url: String,
    /// Segments to add to the URL's path.
    pub(crate) path: Vec<Value>,
    pub(crate) query: Vec<Field>,
    pub(crate) headers: Vec<Field>,
    pub(crate) auth: Auth,
    pub(crate) body: Body,
    pub(crate) repeat: Repeat,
    /// 0 is the default.
    pub(crate) timeout_ms: u32,
}

impl FetchRequest {
    /// For errors and the log: method and URL without what follows `?`, where people's words may be.
    pub(crate) fn summary(&self) -> String {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        format!("{} {url}", self.method)
    }

    /// The names of the secrets it uses.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let auth = match &self.auth {
            Auth::None => None,
            Auth::Bearer(name) | Auth::Basic { secret: name, .. } => Some(name.as_str()),
        };
        let fields = self.query.iter().chain(&self.headers).map(|f| &f.value);
        let values = self.path.iter().chain(fields).chain(self.body.values());
        auth.into_iter().chain(values.filter_map(Value::secret))
    }

    /// What it counts against the journal's limit.
    pub(crate) fn size(&self) -> usize {
        let fields = |fields: &[Field]| fields.iter().map(field_size).sum::<usize>();
        let path: usize = self.path.iter().map(Value::size).sum();
        self.url.len() + path + fields(&self.query) + fields(&self.headers) + self.body.size()
    }
}

impl Body {
    fn values(&self) -> Vec<&Value> {
        match self {
            Self::None | Self::Text(_) | Self::Bytes(_) | Self::File { .. } => Vec::new(),
            Self::Json { secrets, .. } => secrets.iter().map(|secret| &secret.value).collect(),
            Self::Form(fields) => fields.iter().map(|field| &field.value).collect(),
            Self::Multipart(parts) => parts.iter().map(|part| &part.value).collect(),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::None | Self::File { .. } => 0,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Json { text, secrets } => {
                let places = secrets.iter().map(|secret| secret.pointer.len());
                text.len() + places.sum::<usize>()
            }
            Self::Form(fields) => fields.iter().map(field_size).sum(),
            Self::Multipart(parts) => parts
                .iter()
                .map(|part| part.name.len() + part.value.size())
                .sum(),
        }
    }
}

impl Value {
    fn secret(&self) -> Option<&str> {
        match self {
            Self::Text(_) | Self::File(_) => None,
            Self::Secret { name, .. } => Some(name),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Text(text) | Self::File(text) => text.len(),
            Self::Secret { prefix, name } => prefix.len() + name.len(),
        }
    }
}

fn field_size(field: &Field) -> usize {
    field.name.len() + field.value.size()
}

/// Text where it is valid UTF-8, bytes elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResponseBody {
    Text(String),
    Bytes(#[serde(with = "bytes")] Vec<u8>),
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FetchResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: ResponseBody,
}

impl FetchResponse {
    fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(n, v)| n.len() + v.len()).sum();
        headers
            + match &self.body {
                ResponseBody::Text(text) => text.len(),
                ResponseBody::Bytes(bytes) => bytes.len(),
            }
    }
}

/// Why nothing came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FetchError {
    /// Nothing left.
    #[error("denied: {0}")]
    Denied(String),
    /// Certain that nothing was taken.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It left, and no whole answer came back.
    #[error("unknown: {0}")]
    Unknown(String),
    /// More than 1 MiB.
    #[error("the answer was larger than 1 MiB")]
    TooLarge,
}

/// One request of a call and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) request: FetchRequest,
    pub(crate) answer: Result<FetchResponse, FetchError>,
    /// When the answer came: the plugin's clock from then on.
    pub(crate) at: Timestamp,
}

impl Entry {
    /// In one line: what was asked, and what came.
    pub(crate) fn summary(&self) -> String {
        let came = match &self.answer {
            Ok(response) => response.status.to_string(),
            Err(error) => error.to_string(),
        };
        format!("{}: {came}", self.request.summary())
    }

    /// What it counts against the journal's limit.
    pub(crate) fn size(&self) -> usize {
        let answer = match &self.answer {
            Ok(response) => response.size(),
            Err(FetchError::Denied(text) | FetchError::Unreachable(text)) => text.len(),
            Err(FetchError::Unknown(text)) => text.len(),
            Err(FetchError::TooLarge) => 0,
        };
        self.request.size() + answer
    }
}
