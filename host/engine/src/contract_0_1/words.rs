//! Words that channels and bots share: times, headers, contents, errors.

use trunkline_core::id::Timestamp;
use trunkline_core::message::{Address, Attachment, Choice, Content};
use trunkline_flow::ports::{Answer, CheckedAccount, PeerChange, Request, SendError};

use super::wit::trunkline::plugin::types;

/// A plugin's answer that refuses the caller: what the caller gets, and what the log says.
#[derive(Debug)]
pub(crate) struct Rejection {
    /// First: a list of calls shows the beginning of it.
    pub(crate) reason: String,
    pub(crate) answer: Answer,
}

pub(super) fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.0).unwrap_or(0)
}

pub(super) fn timestamp(at: u64) -> Timestamp {
    Timestamp(i64::try_from(at).unwrap_or(i64::MAX))
}

pub(super) fn wit_headers(headers: Vec<(String, String)>) -> Vec<types::Header> {
    headers
        .into_iter()
        .map(|(name, value)| types::Header { name, value })
        .collect()
}

pub(super) fn wit_request(request: &Request, peer: Option<&str>) -> types::InboundRequest {
    types::InboundRequest {
        method: request.method.clone(),
        url: request.url.clone(),
        path: request.path.clone(),
        query: request.query.clone(),
        headers: wit_headers(request.headers.clone()),
        body: request.body.clone(),
        peer: peer.map(str::to_owned),
    }
}

pub(super) fn answer(answer: types::Answer) -> Answer {
    Answer {
        status: answer.status,
        headers: answer
            .headers
            .into_iter()
            .map(|header| (header.name, header.value))
            .collect(),
        body: answer.body,
    }
}

pub(super) fn rejection(rejection: types::Rejection) -> Rejection {
    let (status, reason) = match rejection {
        types::Rejection::Unauthentic(text) => (403, text),
        types::Rejection::Malformed(text) => (400, text),
        types::Rejection::NotFound => (404, "no such path".to_owned()),
        types::Rejection::MethodNotAllowed => (405, "method not allowed".to_owned()),
    };
    Rejection {
        answer: Answer {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        },
        reason,
    }
}

pub(super) fn peer_changes(changes: Vec<types::PeerChange>) -> Vec<PeerChange> {
    changes
        .into_iter()
        .map(|change| PeerChange {
            key: change.key,
            value: change.value,
            at: timestamp(change.at),
        })
        .collect()
}

pub(super) fn addresses(addresses: Vec<types::Address>) -> Vec<Address> {
    addresses.into_iter().map(address).collect()
}

pub(super) fn address(address: types::Address) -> Address {
    Address {
        kind: address.kind,
        value: address.value,
    }
}

pub(super) fn wit_addresses(addresses: &[Address]) -> Vec<types::Address> {
    addresses
        .iter()
        .map(|address| types::Address {
            kind: address.kind.clone(),
            value: address.value.clone(),
        })
        .collect()
}

pub(super) fn choices(options: Vec<types::Choice>) -> Vec<Choice> {
    options
        .into_iter()
        .map(|choice| Choice {
            id: choice.id,
            title: choice.title,
            description: choice.description,
        })
        .collect()
}

pub(super) fn wit_choices(options: Vec<Choice>) -> Vec<types::Choice> {
    options
        .into_iter()
        .map(|choice| types::Choice {
            id: choice.id,
            title: choice.title,
            description: choice.description,
        })
        .collect()
}

pub(super) fn content(content: types::Content) -> Content {
    match content {
        types::Content::Text(text) => Content::Text(text),
        types::Content::Attachment(file) => Content::Attachment(Attachment {
            reference: file.ref_,
            name: file.name,
            content_type: file.content_type,
            size: file.size,
            caption: file.caption,
        }),
        types::Content::Location(place) => Content::Location {
            latitude: place.latitude,
            longitude: place.longitude,
            name: named(place.name, place.street),
        },
        types::Content::Chosen((id, title)) => Content::Chosen { id, title },
        types::Content::Described((kind, text)) => Content::Described { kind, text },
        types::Content::Unknown(kind) => Content::Unknown(kind),
    }
}

/// The core knows one text of a place: both, where there are two.
pub(crate) fn named(name: Option<String>, street: Option<String>) -> Option<String> {
    match (name, street) {
        (Some(name), Some(street)) if name != street => Some(format!("{name}, {street}")),
        (name, street) => name.or(street),
    }
}

pub(super) fn wit_content(content: Content) -> types::Content {
    match content {
        Content::Text(text) => types::Content::Text(text),
        Content::Attachment(file) => types::Content::Attachment(types::Attachment {
            ref_: file.reference,
            name: file.name,
            content_type: file.content_type,
            size: file.size,
            caption: file.caption,
        }),
        Content::Location {
            latitude,
            longitude,
            name,
        } => types::Content::Location(types::Location {
            latitude,
            longitude,
            name,
            street: None,
        }),
        Content::Chosen { id, title } => types::Content::Chosen((id, title)),
        Content::Described { kind, text } => types::Content::Described((kind, text)),
        Content::Unknown(kind) => types::Content::Unknown(kind),
    }
}

pub(super) fn send_error(error: types::SendError) -> SendError {
    match error {
        types::SendError::Again((wait_ms, text)) => SendError::Again {
            wait_ms: wait_ms.into(),
            text,
        },
        types::SendError::Throttled((wait_ms, text)) => SendError::Throttled {
            wait_ms: wait_ms.into(),
            text,
        },
        types::SendError::Refused(text) => SendError::Refused(text),
        types::SendError::OptedOut(text) => SendError::OptedOut(text),
        types::SendError::Credentials(text) => SendError::Credentials(text),
        types::SendError::Unknown(text) => SendError::Unknown(text),
    }
}

pub(super) fn account(account: types::Account) -> CheckedAccount {
    CheckedAccount {
        id: account.id,
        name: account.name,
        warnings: account.warnings,
    }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_place_keeps_its_name_and_its_street() {
        let named = |name: &str, street: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            named(some(name), some(street))
        };
        let both = named("Town hall", "1 High Street");
        assert_eq!(both.as_deref(), Some("Town hall, 1 High Street"));
        assert_eq!(
            named("1 High Street", "1 High Street"),
            named("", "1 High Street")
        );
        assert_eq!(named("Town hall", "").as_deref(), Some("Town hall"));
        assert_eq!(named("", ""), None);
    }
}
