//! Shared types, ours to theirs and back: `types`, `http`, `secrets`, `log`.
//!
//! Long, because it is one conversion after another, a few lines each.

use super::channel::trunkline::plugin::{http as w, log as wl, secrets as ws, types as wt};
use crate::{http, log, secrets, types};

impl From<wt::Header> for types::Header {
    fn from(header: wt::Header) -> Self {
        Self {
            name: header.name,
            value: header.value,
        }
    }
}

impl From<types::Header> for wt::Header {
    fn from(header: types::Header) -> Self {
        Self {
            name: header.name,
            value: header.value,
        }
    }
}

impl From<wt::InboundRequest> for types::InboundRequest {
    fn from(request: wt::InboundRequest) -> Self {
        let wt::InboundRequest {
            method,
            url,
            path,
            query,
            headers,
            body,
            peer,
        } = request;
        Self {
            method,
            url,
            path,
            query,
            headers: each(headers),
            body,
            peer,
        }
    }
}

impl From<types::Answer> for wt::Answer {
    fn from(answer: types::Answer) -> Self {
        Self {
            status: answer.status,
            headers: each(answer.headers),
            body: answer.body,
        }
    }
}

impl From<types::Rejection> for wt::Rejection {
    fn from(rejection: types::Rejection) -> Self {
        match rejection {
            types::Rejection::Unauthentic(text) => Self::Unauthentic(text),
            types::Rejection::Malformed(text) => Self::Malformed(text),
            types::Rejection::NotFound => Self::NotFound,
            types::Rejection::MethodNotAllowed => Self::MethodNotAllowed,
        }
    }
}

impl From<types::PeerChange> for wt::PeerChange {
    fn from(change: types::PeerChange) -> Self {
        Self {
            key: change.key,
            value: change.value,
            at: change.at,
        }
    }
}

impl From<types::Address> for wt::Address {
    fn from(address: types::Address) -> Self {
        Self {
            kind: address.kind,
            value: address.value,
        }
    }
}

impl From<wt::Address> for types::Address {
    fn from(address: wt::Address) -> Self {
        Self {
            kind: address.kind,
            value: address.value,
        }
    }
}

impl From<types::Location> for wt::Location {
    fn from(location: types::Location) -> Self {
        let types::Location {
            latitude,
            longitude,
            name,
            street,
        } = location;
        Self {
            latitude,
            longitude,
            name,
            street,
        }
    }
}

impl From<wt::Location> for types::Location {
    fn from(location: wt::Location) -> Self {
        let wt::Location {
            latitude,
            longitude,
            name,
            street,
        } = location;
        Self {
            latitude,
            longitude,
            name,
            street,
        }
    }
}

impl From<types::Attachment> for wt::Attachment {
    fn from(attachment: types::Attachment) -> Self {
        let types::Attachment {
            reference,
            name,
            content_type,
            size,
            caption,
        } = attachment;
        Self {
            ref_: reference,
            name,
            content_type,
            size,
            caption,
        }
    }
}

impl From<wt::Attachment> for types::Attachment {
    fn from(attachment: wt::Attachment) -> Self {
        let wt::Attachment {
            ref_,
            name,
            content_type,
            size,
            caption,
        } = attachment;
        Self {
            reference: ref_,
            name,
            content_type,
            size,
            caption,
        }
    }
}

impl From<types::Choice> for wt::Choice {
    fn from(choice: types::Choice) -> Self {
        Self {
            id: choice.id,
            title: choice.title,
            description: choice.description,
        }
    }
}

impl From<wt::Choice> for types::Choice {
    fn from(choice: wt::Choice) -> Self {
        Self {
            id: choice.id,
            title: choice.title,
            description: choice.description,
        }
    }
}

impl From<types::Content> for wt::Content {
    fn from(content: types::Content) -> Self {
        match content {
            types::Content::Text(text) => Self::Text(text),
            types::Content::Attachment(attachment) => Self::Attachment(attachment.into()),
            types::Content::Location(location) => Self::Location(location.into()),
            types::Content::Chosen { id, title } => Self::Chosen((id, title)),
            types::Content::Described { kind, text } => Self::Described((kind, text)),
            types::Content::Unknown(kind) => Self::Unknown(kind),
        }
    }
}

impl From<wt::Content> for types::Content {
    fn from(content: wt::Content) -> Self {
        match content {
            wt::Content::Text(text) => Self::Text(text),
            wt::Content::Attachment(attachment) => Self::Attachment(attachment.into()),
            wt::Content::Location(location) => Self::Location(location.into()),
            wt::Content::Chosen((id, title)) => Self::Chosen { id, title },
            wt::Content::Described((kind, text)) => Self::Described { kind, text },
            wt::Content::Unknown(kind) => Self::Unknown(kind),
        }
    }
}

impl From<types::SendError> for wt::SendError {
    fn from(error: types::SendError) -> Self {
        match error {
            types::SendError::Again { after_ms, why } => Self::Again((after_ms, why)),
            types::SendError::Throttled { after_ms, why } => Self::Throttled((after_ms, why)),
            types::SendError::Refused(why) => Self::Refused(why),
            types::SendError::OptedOut(why) => Self::OptedOut(why),
            types::SendError::Credentials(why) => Self::Credentials(why),
            types::SendError::Unknown(why) => Self::Unknown(why),
        }
    }
}

impl From<types::Account> for wt::Account {
    fn from(account: types::Account) -> Self {
        Self {
            id: account.id,
            name: account.name,
            warnings: account.warnings,
        }
    }
}

impl From<http::Value> for w::Value {
    fn from(value: http::Value) -> Self {
        match value {
            http::Value::Text(text) => Self::Text(text),
            http::Value::Secret { prefix, name } => Self::Secret((prefix, name)),
            http::Value::File(handle) => Self::File(handle),
        }
    }
}

impl From<http::Field> for w::Field {
    fn from(field: http::Field) -> Self {
        Self {
            name: field.name,
            value: field.value.into(),
        }
    }
}

impl From<http::Part> for w::Part {
    fn from(part: http::Part) -> Self {
        let http::Part {
            name,
            value,
            file_name,
            content_type,
        } = part;
        Self {
            name,
            value: value.into(),
            file_name,
            content_type,
        }
    }
}

impl From<http::Auth> for w::Auth {
    fn from(auth: http::Auth) -> Self {
        match auth {
            http::Auth::None => Self::None,
            http::Auth::Bearer(secret) => Self::Bearer(secret),
            http::Auth::Basic { user, secret } => Self::Basic((user, secret)),
        }
    }
}

impl From<http::AesCtr> for w::AesCtr {
    fn from(cipher: http::AesCtr) -> Self {
        Self {
            key: cipher.key,
            iv: cipher.iv,
        }
    }
}

impl From<http::JsonSecret> for w::JsonSecret {
    fn from(secret: http::JsonSecret) -> Self {
        Self {
            pointer: secret.pointer,
            prefix: secret.prefix,
            name: secret.name,
        }
    }
}

impl From<http::Body> for w::Body {
    fn from(body: http::Body) -> Self {
        match body {
            http::Body::None => Self::None,
            http::Body::Text(text) => Self::Text(text),
            http::Body::Bytes(bytes) => Self::Bytes(bytes),
            http::Body::Json { text, secrets } => Self::Json((text, each(secrets))),
            http::Body::Form(fields) => Self::Form(each(fields)),
            http::Body::Multipart(parts) => Self::Multipart(each(parts)),
            http::Body::File { handle, encrypt } => Self::File((handle, encrypt.map(Into::into))),
        }
    }
}

impl From<http::Repeat> for w::Repeat {
    fn from(repeat: http::Repeat) -> Self {
        match repeat {
            http::Repeat::Safe => Self::Safe,
            http::Repeat::Idempotent(key) => Self::Idempotent(key),
            http::Repeat::Once => Self::Once,
        }
    }
}

impl From<http::Request> for w::Request {
    fn from(request: http::Request) -> Self {
        let http::Request {
            method,
            url,
            path,
            query,
            headers,
            auth,
            body,
            repeat,
            timeout_ms,
        } = request;
        Self {
            method,
            url,
            path: each(path),
            query: each(query),
            headers: each(headers),
            auth: auth.into(),
            body: body.into(),
            repeat: repeat.into(),
            timeout_ms,
        }
    }
}

impl From<w::Response> for http::Response {
    fn from(response: w::Response) -> Self {
        let body = match response.body {
            w::Payload::Text(text) => http::Payload::Text(text),
            w::Payload::Bytes(bytes) => http::Payload::Bytes(bytes),
        };
        Self {
            status: response.status,
            headers: each(response.headers),
            body,
        }
    }
}

impl From<secrets::Encoding> for ws::Encoding {
    fn from(encoding: secrets::Encoding) -> Self {
        match encoding {
            secrets::Encoding::Text => Self::Text,
            secrets::Encoding::Hex => Self::Hex,
            secrets::Encoding::Base64 => Self::Base64,
        }
    }
}

impl From<secrets::Hash> for ws::Hash {
    fn from(hash: secrets::Hash) -> Self {
        match hash {
            secrets::Hash::Md5 => Self::Md5,
            secrets::Hash::Sha1 => Self::Sha1,
            secrets::Hash::Sha256 => Self::Sha256,
            secrets::Hash::Sha512 => Self::Sha512,
        }
    }
}

impl From<secrets::JwtAlgorithm> for ws::JwtAlgorithm {
    fn from(algorithm: secrets::JwtAlgorithm) -> Self {
        match algorithm {
            secrets::JwtAlgorithm::Hs256 => Self::Hs256,
            secrets::JwtAlgorithm::Rs256 => Self::Rs256,
            secrets::JwtAlgorithm::Es256 => Self::Es256,
        }
    }
}

impl From<ws::SecretError> for secrets::SecretError {
    fn from(error: ws::SecretError) -> Self {
        match error {
            ws::SecretError::Missing(name) => Self::Missing(name),
            ws::SecretError::Malformed(why) => Self::Malformed(why),
        }
    }
}

impl From<log::Level> for wl::Level {
    fn from(level: log::Level) -> Self {
        match level {
            log::Level::Debug => Self::Debug,
            log::Level::Info => Self::Info,
            log::Level::Warn => Self::Warn,
            log::Level::Error => Self::Error,
        }
    }
}

/// Every item of a list.
pub(super) fn each<A, B: From<A>>(items: Vec<A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}
