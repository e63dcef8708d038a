//! What a message of a callback means, in the core's words.
//!
//! Structured members decide where there are any; the texts are written by ECE's administrators in
//! any language, so they are the second choice, by the configured patterns.

use regex::Regex;
use serde_json::Value;
use trunkline_core::event::{EceEvent, EceHappening, RemoteFile, Signal, Transfer};
use url::Url;

use super::CallbackItem;
use super::item::{Item, first, name, text_of};
use crate::compiled::{Compiled, Kind};
use crate::config::IntegrationConfig;
use crate::files::with_session;
use crate::html;
use crate::unknowns::TransferTo;

/// What a message means; nothing when it tells us nothing.
pub(super) fn of(
    config: &IntegrationConfig,
    compiled: &Compiled,
    item: &Item<'_>,
) -> Vec<CallbackItem> {
    let Some(kind) = compiled.kind(&item.word) else {
        if is_echo(item) {
            return Vec::new();
        }
        return vec![event(item, 0, unknown(item))];
    };
    let happening = match kind {
        Kind::StartTyping => return vec![typing(item, true)],
        Kind::EndTyping => return vec![typing(item, false)],
        Kind::Text | Kind::Html => return said(config, compiled, item, kind),
        Kind::UploadAttachment => return files(config, compiled, item, 0),
        Kind::Assigned => EceHappening::Assigned {
            agent: assigned(compiled, item),
        },
        Kind::Transfer => EceHappening::Transferred(transfer(config, compiled, item)),
        Kind::PagePush => page(item),
        Kind::AcceptAttachment => EceHappening::FileAccepted {
            name: answered_file(compiled, item),
        },
        Kind::RejectAttachment => EceHappening::FileRejected {
            name: answered_file(compiled, item),
        },
        Kind::Complete => EceHappening::Completed {
            by_agent: by_agent(compiled, item),
        },
    };
    vec![event(item, 0, happening)]
}

/// `index`: a message with several files becomes several events, each with an id of its own.
fn event(item: &Item<'_>, index: usize, happening: EceHappening) -> CallbackItem {
    let id = if index == 0 {
        item.id.clone()
    } else {
        format!("{}#{index}", item.id)
    };
    CallbackItem::Event(EceEvent {
        session: item.session.clone(),
        id,
        at: item.at,
        happening,
    })
}

fn typing(item: &Item<'_>, on: bool) -> CallbackItem {
    CallbackItem::Typing(Signal::AgentTyping {
        session: item.session.clone(),
        on,
    })
}

fn unknown(item: &Item<'_>) -> EceHappening {
    let text = match &item.html {
        Some(html) if item.text.is_empty() => html::to_text(html),
        Some(_) | None => item.text.clone(),
    };
    EceHappening::Unknown {
        kind: item.word.clone(),
        text,
        by_agent: item.sender != "system",
    }
}

/// Some ECEs repeat the customer's own words.
fn is_echo(item: &Item<'_>) -> bool {
    item.sender == "customer"
}

fn said(
    config: &IntegrationConfig,
    compiled: &Compiled,
    item: &Item<'_>,
    kind: Kind,
) -> Vec<CallbackItem> {
    if is_echo(item) {
        return Vec::new();
    }
    let text = match (&item.html, kind) {
        (Some(written), Kind::Html) => html::to_text(written),
        (Some(written), _) if item.text.is_empty() => html::to_text(written),
        (None, Kind::Html) => html::to_text(&item.text),
        // Character for character.
        _ => item.text.clone(),
    };
    let mut items = Vec::new();
    if !text.is_empty() {
        items.push(event(
            item,
            0,
            EceHappening::Said {
                agent: item.sender_name.clone(),
                text,
            },
        ));
    }
    if !item.files.is_empty() {
        items.extend(files(config, compiled, item, items.len()));
    }
    items
}

fn files(
    config: &IntegrationConfig,
    compiled: &Compiled,
    item: &Item<'_>,
    from: usize,
) -> Vec<CallbackItem> {
    let offered: Vec<EceHappening> = item
        .files
        .iter()
        .map(|file| offered_file(config, compiled, item, file))
        .collect();
    // An offer without a file: the agent has to hear that nobody got it.
    let offered = if offered.is_empty() {
        vec![EceHappening::FileOffered(nowhere(item))]
    } else {
        offered
    };
    offered
        .into_iter()
        .enumerate()
        .map(|(index, happening)| event(item, from + index, happening))
        .collect()
}

/// A file that nobody can fetch.
fn nowhere(item: &Item<'_>) -> RemoteFile {
    let name = match item.text.trim() {
        "" => "file",
        text => text,
    };
    RemoteFile {
        url: String::new(),
        name: name.to_owned(),
        content_type: None,
        id: None,
    }
}

fn offered_file(
    config: &IntegrationConfig,
    compiled: &Compiled,
    item: &Item<'_>,
    file: &Value,
) -> EceHappening {
    let name = file_name(file).unwrap_or_else(|| "file".to_owned());
    let address = config
        .unknowns
        .file_urls
        .iter()
        .find_map(|member| file.get(member).and_then(text_of));
    let url = address.and_then(|address| compiled.base.join(&address).ok());
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    EceHappening::FileOffered(RemoteFile {
        url: url
            .map(|url| with_session(&url, &item.session))
            .unwrap_or_default(),
        name,
        content_type: first(file, &["/contentType", "/mimeType"]).and_then(text_of),
        id: first(file, &["/id", "/attachmentId", "/fileId"]).and_then(text_of),
    })
}

fn file_name(file: &Value) -> Option<String> {
    first(file, &["/fileName", "/name", "/attachmentName"])
        .and_then(text_of)
        .filter(|name| !name.is_empty())
}

fn assigned(compiled: &Compiled, item: &Item<'_>) -> Option<String> {
    item.sender_name
        .clone()
        .or_else(|| named(&compiled.assigned, &item.text))
}

fn answered_file(compiled: &Compiled, item: &Item<'_>) -> Option<String> {
    let structured = item.files.first().and_then(|file| file_name(file));
    structured.or_else(|| named(&compiled.file_answers, &item.text))
}

/// The group `name` of the first pattern that matches and holds one.
fn named(patterns: &[Regex], text: &str) -> Option<String> {
    patterns
        .iter()
        .find_map(|pattern| group(pattern, text).flatten())
}

/// Outer: it matches. Inner: it names something.
fn group(pattern: &Regex, text: &str) -> Option<Option<String>> {
    let found = pattern.captures(text)?;
    let name = found
        .name("name")
        .map(|name| name.as_str().trim().trim_end_matches('.').to_owned());
    Some(name.filter(|name| !name.is_empty()))
}

/// ECE has one word for all transfers: a structured member tells, else the text, else it is a queue.
fn transfer(config: &IntegrationConfig, compiled: &Compiled, item: &Item<'_>) -> Transfer {
    if let Some(transfer) = structured_transfer(config, item.whole) {
        let from_text = || {
            compiled
                .transfers
                .iter()
                .find_map(|(pattern, _)| group(pattern, &item.text))
                .flatten()
        };
        return match transfer {
            Transfer::Agent(None) => Transfer::Agent(from_text()),
            Transfer::Queue(None) => Transfer::Queue(from_text()),
            known @ (Transfer::Agent(Some(_)) | Transfer::Queue(Some(_))) => known,
        };
    }
    let told = compiled
        .transfers
        .iter()
        .find_map(|(pattern, to)| Some((*to, group(pattern, &item.text)?)));
    match told {
        Some((TransferTo::Agent, name)) => Transfer::Agent(name),
        Some((TransferTo::Queue, name)) => Transfer::Queue(name),
        None => Transfer::Queue(None),
    }
}

fn structured_transfer(config: &IntegrationConfig, message: &Value) -> Option<Transfer> {
    let names = &config.unknowns.sender_names;
    let entity = first(
        message,
        &[
            "/transferEntityName",
            "/eglvtransferEntityName",
            "/transfer/name",
        ],
    )
    .and_then(text_of);
    let of = |place: &str| {
        let found = message
            .pointer(place)
            .or_else(|| message.pointer(&format!("/transfer{place}")))?;
        (found.is_object() || found.is_string()).then(|| name(names, found))
    };
    let word = first(
        message,
        &[
            "/transferType/value",
            "/transferType",
            "/transfer/type/value",
            "/transfer/type",
        ],
    );
    let word = word.and_then(text_of).unwrap_or_default().to_lowercase();
    if word.contains("queue") || word.contains("department") {
        return Some(Transfer::Queue(
            entity.or_else(|| of("/queue").or_else(|| of("/department"))?),
        ));
    }
    if word.contains("agent") || word.contains("user") {
        return Some(Transfer::Agent(
            entity.or_else(|| of("/user").or_else(|| of("/agent"))?),
        ));
    }
    let queue = of("/queue")
        .or_else(|| of("/department"))
        .map(Transfer::Queue);
    queue.or_else(|| of("/user").or_else(|| of("/agent")).map(Transfer::Agent))
}

/// An address, or a text or HTML that holds one. A text without `https://` is given as it is: people read `www.example.com` well.
fn page(item: &Item<'_>) -> EceHappening {
    let content = item.whole.get("content");
    let members = content
        .and_then(|content| first(content, &["/url", "/href", "/link"]))
        .and_then(text_of);
    let text = members
        .or_else(|| item.html.clone())
        .unwrap_or_else(|| item.text.clone());
    let readable = || {
        if text.contains('<') {
            html::to_text(&text)
        } else {
            text.clone()
        }
    };
    let url = address_in(&text).unwrap_or_else(|| readable().trim().to_owned());
    if url.is_empty() {
        return unknown(item);
    }
    EceHappening::PagePushed { url }
}

fn address_in(text: &str) -> Option<String> {
    let at = [text.find("https://"), text.find("http://")]
        .into_iter()
        .flatten()
        .min()?;
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>');
    let found = text[at..].split(ends).next()?;
    // A sentence's full stop is not the address's.
    let found = found
        .trim_end_matches(['.', ',', ';', ')', '!', '?'])
        .replace("&amp;", "&");
    Url::parse(&found).is_ok().then_some(found)
}

/// ECE's own example of an agent's end has the system as its sender, so the text tells: whatever is
/// not known as the system's is an agent's.
fn by_agent(compiled: &Compiled, item: &Item<'_>) -> bool {
    let by_system = || {
        compiled
            .system_ends
            .iter()
            .any(|pattern| pattern.is_match(item.text.trim()))
    };
    matches!(item.sender.as_str(), "user" | "agent")
        || (!item.text.trim().is_empty() && !by_system())
}
