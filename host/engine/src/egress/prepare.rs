//! From a plugin's request to one that can leave: host checked, secrets put in, everything encoded
//! for its place. Pure but for secrets; nothing leaves here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use trunkline_core::id::FileId;
use url::{Url, form_urlencoded};

use super::address::is_private;
use crate::permit::{HostPattern, Permit, Reach};
use crate::request::{
    AesCtr, Auth, Body, FetchError, FetchRequest, Field, JsonSecret, Repeat, Value,
};
use crate::secrets::Secrets;
use crate::tokens::Fetched;

/// Headers that belong to the connection, not to the request.
const HOST_HEADERS: [&str; 9] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "upgrade",
    "te",
    "trailer",
    "proxy-authorization",
    "keep-alive",
];

/// What a call may use: its permit, its secrets, the files it was given.
#[derive(Clone, Copy)]
pub(crate) struct Rights<'a> {
    pub(crate) permit: &'a Permit,
    pub(crate) secrets: &'a Secrets,
    /// Tokens for the secrets that the host fetches.
    pub(crate) tokens: &'a Fetched,
    pub(crate) files: &'a [FileId],
}

/// A header, and whether a secret is in it.
#[derive(Clone)]
pub(crate) struct Header {
    pub(crate) name: HeaderName,
    pub(crate) value: HeaderValue,
    pub(crate) secret: bool,
}

/// A request that can leave.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) reach: Reach,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: PreparedBody,
    pub(crate) body_has_secret: bool,
    /// The plugin's wish; 0 is the default.
    pub(crate) timeout_ms: u32,
    /// What the plugin may reach: redirects are checked against it.
    pub(crate) permit: Permit,
}

impl Prepared {
    /// Whether the plugin set this header.
    pub(crate) fn has_header(&self, name: &HeaderName) -> bool {
        has(&self.headers, name.as_str())
    }

    /// Whether bytes of a file go along: then it takes as long as they do.
    pub(crate) fn carries_file(&self) -> bool {
        match &self.body {
            PreparedBody::None | PreparedBody::Bytes(_) => false,
            PreparedBody::File { .. } => true,
            PreparedBody::Multipart(parts) => parts
                .iter()
                .any(|part| matches!(part.content, PartContent::File(_))),
        }
    }
}

/// A body with everything encoded but the files' bytes.
#[derive(Clone)]
pub(crate) enum PreparedBody {
    None,
    Bytes(Vec<u8>),
    Multipart(Vec<PreparedPart>),
    File {
        file: FileId,
        encrypt: Option<AesCtr>,
    },
}

/// A piece of a multipart body.
#[derive(Clone)]
pub(crate) struct PreparedPart {
    pub(crate) name: String,
    pub(crate) content: PartContent,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
}

/// What a piece holds.
#[derive(Clone)]
pub(crate) enum PartContent {
    Text(String),
    File(FileId),
}

/// Checks and encodes.
///
/// # Errors
/// `Denied`: not granted, or it cannot be encoded. Nothing left.
pub(crate) fn prepare(request: &FetchRequest, rights: Rights<'_>) -> Result<Prepared, FetchError> {
    let mut url = parse_url(&request.url)?;
    let (host, reach) = permitted(&url, rights.permit)?;
    let place = Place { rights, host };
    place.add_path(&mut url, &request.path)?;
    if !request.query.is_empty() {
        let pairs = place.texts(&request.query)?;
        url.query_pairs_mut()
            .extend_pairs(pairs.iter().map(|(name, value, _)| (name, value)));
    }
    let (body, body_has_secret, content_type) = place.body(&request.body)?;
    let headers = place.headers(request, content_type)?;
    Ok(Prepared {
        method: method(&request.method)?,
        url,
        reach,
        headers,
        body,
        body_has_secret,
        timeout_ms: request.timeout_ms,
        permit: rights.permit.clone(),
    })
}

fn denied(text: impl Into<String>) -> FetchError {
    FetchError::Denied(text.into())
}

fn parse_url(text: &str) -> Result<Url, FetchError> {
    let url = Url::parse(text).map_err(|error| denied(format!("the URL is malformed: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(denied("a URL may not hold a user or password: use `auth`"));
    }
    Ok(url)
}

/// The host of the URL, and what of it may be reached.
pub(crate) fn permitted(url: &Url, permit: &Permit) -> Result<(HostPattern, Reach), FetchError> {
    let host = HostPattern::of_url(url)
        .ok_or_else(|| denied(format!("only http and https, not {}:", url.scheme())))?;
    let reach = permit.reach(&host).ok_or_else(|| {
        denied(format!(
            "{host} is not granted: name it in `hosts` of plugin.toml, or of the channel or bot"
        ))
    })?;
    if reach == Reach::Public && host.address().is_some_and(is_private) {
        return Err(denied(format!("{host} is a private address")));
    }
    Ok((host, reach))
}

fn method(text: &str) -> Result<Method, FetchError> {
    match Method::from_bytes(text.as_bytes()) {
        Ok(method) if method != Method::CONNECT && method != Method::TRACE => Ok(method),
        Ok(_) | Err(_) => Err(denied(format!("`{text}` is no method a plugin may use"))),
    }
}

/// Where values are put in: a host, and what may go there.
struct Place<'a> {
    rights: Rights<'a>,
    host: HostPattern,
}

impl Place<'_> {
    /// The text of a value, and whether a secret is in it.
    fn text(&self, value: &Value) -> Result<(String, bool), FetchError> {
        match value {
            Value::Text(text) => Ok((text.clone(), false)),
            Value::Secret { prefix, name } => Ok((format!("{prefix}{}", self.secret(name)?), true)),
            Value::File(_) => Err(denied("a file can be a part of a multipart body only")),
        }
    }

    fn add_path(&self, url: &mut Url, path: &[Value]) -> Result<(), FetchError> {
        for segment in path {
            let (text, _) = self.text(segment)?;
            // The parser drops these silently, and the request would go elsewhere.
            if matches!(text.as_str(), "" | "." | "..") {
                return Err(denied("a path segment may not be empty, `.` or `..`"));
            }
            let mut segments = url
                .path_segments_mut()
                .map_err(|()| denied("the URL cannot have a path"))?;
            segments.pop_if_empty().push(&text);
        }
        Ok(())
    }

    fn secret(&self, name: &str) -> Result<&str, FetchError> {
        let value = match self.rights.tokens.get(name) {
            Some(token) => token,
            None => {
                let values = self.rights.secrets.get(name);
                &values.map_err(|error| denied(error.to_string()))?.current
            }
        };
        if !self.rights.permit.secret_may_go(name, &self.host) {
            let text = format!("secret `{name}` may not go to {}", self.host);
            return Err(denied(text));
        }
        Ok(value.expose())
    }

    fn texts(&self, fields: &[Field]) -> Result<Vec<(String, String, bool)>, FetchError> {
        let one = |field: &Field| {
            let (text, secret) = self.text(&field.value)?;
            Ok((field.name.clone(), text, secret))
        };
        fields.iter().map(one).collect()
    }

    fn headers(
        &self,
        request: &FetchRequest,
        content_type: Option<&str>,
    ) -> Result<Vec<Header>, FetchError> {
        let mut headers = Vec::new();
        for (name, text, secret) in self.texts(&request.headers)? {
            headers.push(header(&name, &text, secret)?);
        }
        if let Some(value) = self.authorization(&request.auth)? {
            headers.retain(|header| header.name != AUTHORIZATION);
            headers.push(header("authorization", &value, true)?);
        }
        if let Repeat::Idempotent(key) = &request.repeat
            && !has(&headers, "idempotency-key")
        {
            headers.push(header("idempotency-key", key, false)?);
        }
        if let Some(content_type) = content_type
            && !has(&headers, CONTENT_TYPE.as_str())
        {
            headers.push(header(CONTENT_TYPE.as_str(), content_type, false)?);
        }
        Ok(headers)
    }

    fn authorization(&self, auth: &Auth) -> Result<Option<String>, FetchError> {
        match auth {
            Auth::None => Ok(None),
            Auth::Bearer(name) => Ok(Some(format!("Bearer {}", self.secret(name)?))),
            Auth::Basic { user, secret } if user.contains(':') => Err(denied(format!(
                "the user of basic authentication with `{secret}` contains a colon"
            ))),
            Auth::Basic { user, secret } => {
                let pair = format!("{user}:{}", self.secret(secret)?);
                Ok(Some(format!("Basic {}", STANDARD.encode(pair))))
            }
        }
    }

    fn body(&self, body: &Body) -> Result<(PreparedBody, bool, Option<&'static str>), FetchError> {
        Ok(match body {
            Body::None => (PreparedBody::None, false, None),
            Body::Text(text) => {
                let bytes = PreparedBody::Bytes(text.clone().into_bytes());
                (bytes, false, Some("text/plain; charset=utf-8"))
            }
            Body::Bytes(bytes) => (PreparedBody::Bytes(bytes.clone()), false, None),
            Body::Json { text, secrets } => {
                let bytes = PreparedBody::Bytes(self.json(text, secrets)?);
                (bytes, !secrets.is_empty(), Some("application/json"))
            }
            Body::Form(fields) => {
                let pairs = self.texts(fields)?;
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(pairs.iter().map(|(name, value, _)| (name, value)));
                let secret = pairs.iter().any(|(_, _, secret)| *secret);
                let bytes = PreparedBody::Bytes(form.finish().into_bytes());
                (bytes, secret, Some("application/x-www-form-urlencoded"))
            }
            Body::Multipart(parts) => {
                let (parts, secret) = self.parts(parts)?;
                (PreparedBody::Multipart(parts), secret, None)
            }
            Body::File { handle, encrypt } => {
                if let Some(cipher) = encrypt {
                    check_cipher(cipher)?;
                }
                let body = PreparedBody::File {
                    file: self.file(handle)?,
                    encrypt: encrypt.clone(),
                };
                (body, false, None)
            }
        })
    }

    fn json(&self, text: &str, secrets: &[JsonSecret]) -> Result<Vec<u8>, FetchError> {
        let unreadable = |error| denied(format!("the JSON body cannot be read: {error}"));
        let mut document: serde_json::Value = serde_json::from_str(text).map_err(unreadable)?;
        for JsonSecret { pointer, value } in secrets {
            let (secret, _) = self.text(value)?;
            let place = document.pointer_mut(pointer).ok_or_else(|| {
                denied(format!(
                    "the JSON body has nothing at `{pointer}`, where a secret is to stand"
                ))
            })?;
            *place = secret.into();
        }
        Ok(document.to_string().into_bytes())
    }

    fn parts(
        &self,
        parts: &[crate::request::Part],
    ) -> Result<(Vec<PreparedPart>, bool), FetchError> {
        let mut any_secret = false;
        let mut prepared = Vec::with_capacity(parts.len());
        for part in parts {
            let content = match &part.value {
                Value::File(handle) => PartContent::File(self.file(handle)?),
                value @ (Value::Text(_) | Value::Secret { .. }) => {
                    let (text, secret) = self.text(value)?;
                    any_secret |= secret;
                    PartContent::Text(text)
                }
            };
            prepared.push(PreparedPart {
                name: part.name.clone(),
                content,
                file_name: part.file_name.clone(),
                content_type: part.content_type.clone(),
            });
        }
        Ok((prepared, any_secret))
    }

    /// A handle counts only in the call it was given to: ids of other customers' files are worth nothing.
    fn file(&self, handle: &str) -> Result<FileId, FetchError> {
        let given = self.rights.files.iter().find(|file| file.0 == handle);
        given
            .cloned()
            .ok_or_else(|| denied(format!("this call was given no file `{handle}`")))
    }
}

/// A key of 32 bytes and a counter block of 16, or an explanation.
pub(crate) fn check_cipher(cipher: &AesCtr) -> Result<(), FetchError> {
    if cipher.key.len() == 32 && cipher.iv.len() == 16 {
        return Ok(());
    }
    Err(denied(
        "AES-256-CTR wants a key of 32 bytes and an initial counter of 16",
    ))
}

fn has(headers: &[Header], name: &str) -> bool {
    headers.iter().any(|header| header.name == name)
}

fn header(name: &str, text: &str, secret: bool) -> Result<Header, FetchError> {
    let header = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| denied(format!("`{name}` is no header name")))?;
    if HOST_HEADERS.contains(&header.as_str()) {
        return Err(denied(format!("the host sets the header `{name}`")));
    }
    let mut value = latin1(text)
        .and_then(|bytes| HeaderValue::from_bytes(&bytes).ok())
        .ok_or_else(|| {
            denied(format!(
                "the value of header `{name}` holds characters that no header can"
            ))
        })?;
    value.set_sensitive(secret);
    Ok(Header {
        name: header,
        value,
        secret,
    })
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(c).ok()).collect()
}
