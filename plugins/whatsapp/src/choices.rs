//! Choices in the richest form they fit: up to three buttons, a list of up to ten, else none (numbered text).

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trunkline_plugin::Choice;
use trunkline_plugin::split::{Utf16Units, length};

const BODY_MAX: usize = 1024;

const BUTTONS_MAX: usize = 3;
const BUTTON_TITLE_MAX: usize = 20;
const BUTTON_ID_MAX: usize = 256;

const ROWS_MAX: usize = 10;
const ROW_TITLE_MAX: usize = 24;
const ROW_DESCRIPTION_MAX: usize = 72;
const ROW_ID_MAX: usize = 200;

/// The `interactive` object; `None` if WhatsApp would refuse it.
pub(crate) fn interactive(text: &str, options: &[Choice], list_button: &str) -> Option<Value> {
    if !fits(text, BODY_MAX) || options.is_empty() || !distinct(options) {
        return None;
    }
    if options.len() <= BUTTONS_MAX && options.iter().all(is_button) {
        return Some(buttons(text, options));
    }
    let listable = options.len() <= ROWS_MAX && options.iter().all(is_row);
    (listable && fits(list_button, BUTTON_TITLE_MAX)).then(|| list(text, options, list_button))
}

fn fits(text: &str, max: usize) -> bool {
    !text.trim().is_empty() && length::<Utf16Units>(text) <= max
}

/// Meta refuses two with the same id or title.
fn distinct(options: &[Choice]) -> bool {
    let ids: BTreeSet<_> = options.iter().map(|option| &option.id).collect();
    let titles: BTreeSet<_> = options.iter().map(|option| &option.title).collect();
    ids.len() == options.len() && titles.len() == options.len()
}

fn is_button(option: &Choice) -> bool {
    option.description.is_none()
        && fits(&option.title, BUTTON_TITLE_MAX)
        && fits(&option.id, BUTTON_ID_MAX)
}

fn is_row(option: &Choice) -> bool {
    let description = option.description.as_deref();
    fits(&option.title, ROW_TITLE_MAX)
        && fits(&option.id, ROW_ID_MAX)
        && description.is_none_or(|text| length::<Utf16Units>(text) <= ROW_DESCRIPTION_MAX)
}

fn buttons(text: &str, options: &[Choice]) -> Value {
    let buttons: Vec<_> = options
        .iter()
        .map(|option| json!({"type": "reply", "reply": {"id": option.id, "title": option.title}}))
        .collect();
    json!({"type": "button", "body": {"text": text}, "action": {"buttons": buttons}})
}

fn list(text: &str, options: &[Choice], button: &str) -> Value {
    let rows: Vec<_> = options.iter().map(row).collect();
    json!({
        "type": "list",
        "body": {"text": text},
        "action": {"button": button, "sections": [{"rows": rows}]},
    })
}

fn row(option: &Choice) -> Value {
    match option.description.as_deref() {
        Some(description) if !description.is_empty() => {
            json!({"id": option.id, "title": option.title, "description": description})
        }
        Some(_) | None => json!({"id": option.id, "title": option.title}),
    }
}
