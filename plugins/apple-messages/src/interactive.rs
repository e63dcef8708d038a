//! What a customer answered with buttons, lists and forms. Read with tolerance: Apple's own samples differ, and an
//! answer must never be lost.

use serde_json::Value;
use trunkline_plugin::Content;

use crate::reply;
use crate::wire::as_text;

/// The answer in `interactiveData`, or in a decoded reference, which may hold the whole message or the data alone.
/// `None` if nothing in it can be read.
pub(crate) fn content(data: &Value) -> Option<Content> {
    let data = data.get("interactiveData").unwrap_or(data);
    let inner = data
        .get("data")
        .filter(|inner| inner.is_object())
        .unwrap_or(data);
    quick_reply(inner)
        .or_else(|| list(data, inner))
        .or_else(|| time(inner))
        .or_else(|| form(inner))
        .or_else(|| sign_in(inner))
        .or_else(|| shown(data))
}

fn quick_reply(inner: &Value) -> Option<Content> {
    let reply = inner.get("quick-reply")?;
    let items = reply.get("items").and_then(Value::as_array);
    let field = |item: &Value, name: &str| item.get(name).and_then(as_text);
    let by_index = || {
        let index: usize = as_text(reply.get("selectedIndex")?)?.parse().ok()?;
        field(items?.get(index)?, "identifier")
    };
    let id = field(reply, "selectedIdentifier").or_else(by_index)?;
    let title = items
        .into_iter()
        .flatten()
        .find(|item| field(item, "identifier").as_ref() == Some(&id))
        .and_then(|item| field(item, "title"));
    Some(Content::Chosen {
        title: title.unwrap_or_else(|| id.clone()),
        id,
    })
}

/// The echoed list holds what was selected; where it holds all, the reply's title says which.
fn list(data: &Value, inner: &Value) -> Option<Content> {
    let picker = inner.get("listPicker")?;
    let items: Vec<_> = items_of(picker).filter_map(id_and_title).collect();
    let answer = reply::title(data);
    if let [(id, title)] = items.as_slice() {
        return Some(chosen(id, title));
    }
    if let Some((id, title)) = items
        .iter()
        .find(|(_, title)| Some(title) == answer.as_ref())
    {
        return Some(chosen(id, title));
    }
    let titles: Vec<_> = items.into_iter().map(|(_, title)| title).collect();
    let text = answer.or_else(|| (!titles.is_empty()).then(|| titles.join(", ")))?;
    Some(described("list picker", text))
}

fn items_of(picker: &Value) -> impl Iterator<Item = &Value> {
    let sections = picker.get("sections").and_then(Value::as_array);
    sections
        .into_iter()
        .flatten()
        .chain([picker])
        .filter_map(|section| section.get("items")?.as_array())
        .flatten()
}

fn id_and_title(item: &Value) -> Option<(String, String)> {
    let id = as_text(item.get("identifier")?)?;
    let title = item.get("title").and_then(as_text);
    Some((id.clone(), title.unwrap_or(id)))
}

/// Numbers may be strings here.
fn time(inner: &Value) -> Option<Content> {
    let slot = inner.get("event")?.get("timeslots")?.get(0)?;
    let start = as_text(slot.get("startTime")?)?;
    let minutes = slot
        .get("duration")
        .and_then(as_text)
        .and_then(|seconds| seconds.parse::<u64>().ok())
        .map(|seconds| format!(", {} minutes", seconds / 60));
    Some(described(
        "time",
        format!("{start}{}", minutes.unwrap_or_default()),
    ))
}

fn form(inner: &Value) -> Option<Content> {
    let selections = inner.get("dynamic")?.get("selections")?.as_array()?;
    let lines: Vec<_> = selections.iter().filter_map(form_line).collect();
    (!lines.is_empty()).then(|| described("form", lines.join("\n")))
}

fn form_line(page: &Value) -> Option<String> {
    let field = |value: &Value, name: &str| value.get(name).and_then(as_text);
    let answers: Vec<_> = page
        .get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|item| field(item, "value").or_else(|| field(item, "title")))
        .collect();
    let title = field(page, "title").or_else(|| field(page, "pageIdentifier"));
    match (title, answers.is_empty()) {
        (Some(title), false) => Some(format!("{title}: {}", answers.join(", "))),
        (Some(title), true) => Some(title),
        (None, false) => Some(answers.join(", ")),
        (None, true) => None,
    }
}

/// The outcome alone: the token is nobody's to read.
fn sign_in(inner: &Value) -> Option<Content> {
    let status = as_text(inner.get("authenticate")?.get("status")?)?;
    Some(described("sign-in", status))
}

/// What the customer's own device shows of an answer of another kind.
fn shown(data: &Value) -> Option<Content> {
    reply::title(data).map(|text| described("interactive reply", text))
}

fn chosen(id: &str, title: &str) -> Content {
    Content::Chosen {
        id: id.to_owned(),
        title: title.to_owned(),
    }
}

fn described(kind: &str, text: String) -> Content {
    Content::Described {
        kind: kind.to_owned(),
        text,
    }
}
