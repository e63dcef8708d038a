//! What Meta checks before it takes a message: fields, limits, the recipient, the template, the file.

use serde_json::Value;

use crate::config::{Template, WindowRefusal};
use crate::ledger::{SentFile, SentMessage};
use crate::refusal::Refusal;
use crate::state::{Shared, number_of};

const TEXT_MAX: usize = 4096;
const CAPTION_MAX: usize = 1024;
const INTERACTIVE_BODY_MAX: usize = 1024;
const BUTTONS_MAX: usize = 3;
const BUTTON_TITLE_MAX: usize = 20;
const BUTTON_ID_MAX: usize = 256;
const SECTIONS_MAX: usize = 10;
const ROWS_MAX: usize = 10;
const ROW_TITLE_MAX: usize = 24;
const ROW_ID_MAX: usize = 200;
const ROW_DESCRIPTION_MAX: usize = 72;
const CALLBACK_DATA_MAX: usize = 512;
const MEDIA: [&str; 5] = ["image", "audio", "video", "document", "sticker"];

/// What the customer would see of a message.
struct Seen {
    body: String,
    choices: Vec<String>,
    file: Option<SentFile>,
}

impl Seen {
    fn text(body: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            choices: Vec::new(),
            file: None,
        }
    }
}

/// A message as it goes into the ledger, or why it is refused.
pub(crate) fn accepted(
    shared: &Shared,
    from: &str,
    body: &Value,
    at_ms: u64,
) -> Result<SentMessage, Refusal> {
    if body["messaging_product"] != "whatsapp" {
        return Err(Refusal::missing("messaging_product"));
    }
    let (to, by_bsuid) = recipient(body)?;
    let refused = shared.state().refused_numbers.get(&to).copied();
    if let Some(code) = refused {
        return Err(Refusal::of(code, 400));
    }
    let kind = text_at(body, "type").unwrap_or("text");
    let content = &body[kind];
    let seen = match kind {
        "text" => text(content)?,
        "interactive" => interactive(content)?,
        "template" => template(&shared.config.templates, content)?,
        "reaction" => Seen::text(text_at(content, "emoji").unwrap_or_default()),
        "location" | "contacts" => Seen::text(content.to_string()),
        kind if MEDIA.contains(&kind) => media(shared, kind, content)?,
        kind => return Err(Refusal::value(format!("{kind} is no type of message"))),
    };
    let at_once = shared.config.window_refusal == WindowRefusal::AtOnce;
    if kind != "template" && at_once && !shared.window_is_open(&to) {
        return Err(Refusal::window());
    }
    Ok(SentMessage {
        id: shared.wamid(),
        from: from.to_owned(),
        to,
        by_bsuid,
        kind: kind.to_owned(),
        body: seen.body,
        choices: seen.choices,
        file: seen.file,
        callback_data: callback_data(body)?,
        raw: body.clone(),
        at_ms,
        statuses: Vec::new(),
    })
}

/// The customer a body names, as far as it does; for the list of refusals.
pub(crate) fn recipient_named(body: &Value) -> String {
    recipient(body).map(|(to, _)| to).unwrap_or_default()
}

/// `to` wins where both are given.
fn recipient(body: &Value) -> Result<(String, bool), Refusal> {
    if let Some(to) = text_at(body, "to") {
        let digits: String = to.chars().filter(char::is_ascii_digit).collect();
        if text_at(body, "recipient_type") == Some("group") {
            return Ok((to.to_owned(), false));
        }
        if digits.is_empty() {
            return Err(Refusal::value("to is not a phone number"));
        }
        return Ok((digits, false));
    }
    let bsuid = text_at(body, "recipient").ok_or_else(|| Refusal::missing("to"))?;
    let number = number_of(bsuid).ok_or_else(|| Refusal::value("recipient is not a user id"))?;
    Ok((number, true))
}

fn callback_data(body: &Value) -> Result<Option<String>, Refusal> {
    let data = text_at(body, "biz_opaque_callback_data");
    if data.is_some_and(|data| data.chars().count() > CALLBACK_DATA_MAX) {
        return Err(Refusal::value("biz_opaque_callback_data is too long"));
    }
    Ok(data.map(str::to_owned))
}

fn text(content: &Value) -> Result<Seen, Refusal> {
    limited(content, "body", TEXT_MAX).map(Seen::text)
}

fn interactive(content: &Value) -> Result<Seen, Refusal> {
    let body = limited(&content["body"], "text", INTERACTIVE_BODY_MAX)?;
    let action = &content["action"];
    let choices = match text_at(content, "type") {
        Some("button") => buttons(action)?,
        Some("list") => rows(action)?,
        _ => Vec::new(),
    };
    Ok(Seen {
        choices,
        ..Seen::text(body)
    })
}

fn buttons(action: &Value) -> Result<Vec<String>, Refusal> {
    let buttons = list(action, "buttons", BUTTONS_MAX)?;
    let titles: Vec<_> = buttons
        .iter()
        .map(|button| {
            limited(&button["reply"], "id", BUTTON_ID_MAX)?;
            limited(&button["reply"], "title", BUTTON_TITLE_MAX)
        })
        .collect::<Result<_, _>>()?;
    distinct(titles)
}

fn rows(action: &Value) -> Result<Vec<String>, Refusal> {
    limited(action, "button", BUTTON_TITLE_MAX)?;
    let sections = list(action, "sections", SECTIONS_MAX)?;
    let mut titles = Vec::new();
    for section in sections {
        for row in list(section, "rows", ROWS_MAX)? {
            limited(row, "id", ROW_ID_MAX)?;
            if row.get("description").is_some() {
                limited(row, "description", ROW_DESCRIPTION_MAX)?;
            }
            titles.push(limited(row, "title", ROW_TITLE_MAX)?);
        }
    }
    if titles.len() > ROWS_MAX {
        return Err(Refusal::value("more than 10 rows in total"));
    }
    distinct(titles)
}

fn distinct(titles: Vec<String>) -> Result<Vec<String>, Refusal> {
    let mut sorted = titles.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() < titles.len() {
        return Err(Refusal::value("two choices have the same title"));
    }
    Ok(titles)
}

fn template(known: &[Template], content: &Value) -> Result<Seen, Refusal> {
    let name = text_at(content, "name").ok_or_else(|| Refusal::missing("template.name"))?;
    let language = text_at(&content["language"], "code").unwrap_or_default();
    let template = known
        .iter()
        .find(|template| template.name == name && template.language == language);
    let template = template.ok_or_else(|| {
        Refusal::new(
            404,
            132_001,
            "Template name does not exist in the translation",
        )
    })?;
    let components = content["components"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let values: Vec<String> = components
        .iter()
        .filter(|component| component["type"] == "body")
        .flat_map(|component| {
            component["parameters"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        })
        .filter_map(|parameter| text_at(&parameter, "text").map(str::to_owned))
        .collect();
    if values.len() != template.placeholders {
        return Err(Refusal::new(
            400,
            132_000,
            "Number of parameters does not match the expected number of params",
        ));
    }
    if values.iter().any(|value| breaks_a_placeholder(value)) {
        let details =
            "Param text cannot have new-line/tab characters or more than 4 consecutive spaces";
        return Err(Refusal::new(400, 132_018, details));
    }
    Ok(Seen::text(values.join(" ")))
}

fn breaks_a_placeholder(value: &str) -> bool {
    value.is_empty() || value.contains(['\n', '\r', '\t']) || value.contains("     ")
}

fn media(shared: &Shared, kind: &str, content: &Value) -> Result<Seen, Refusal> {
    let caption = text_at(content, "caption").unwrap_or_default();
    if matches!(kind, "audio" | "sticker") && !caption.is_empty() {
        return Err(Refusal::value(format!("{kind} takes no caption")));
    }
    if caption.encode_utf16().count() > CAPTION_MAX {
        return Err(Refusal::value("the caption is too long"));
    }
    let file = match (text_at(content, "id"), text_at(content, "link")) {
        (Some(id), _) => {
            let upload = shared.state().uploads.get(id).cloned();
            Some(upload.ok_or_else(|| Refusal::no_object(id))?)
        }
        // Fetched later.
        (None, Some(_)) => None,
        (None, None) => return Err(Refusal::missing("id")),
    };
    Ok(Seen {
        file,
        ..Seen::text(caption)
    })
}

/// Whether WhatsApp carries a file of this type and size as this kind of message (else 131053, later).
pub(crate) fn carries(kind: &str, content_type: &str, size: u64) -> bool {
    const MIB: u64 = 1024 * 1024;
    let (types, bytes_max): (&[&str], u64) = match kind {
        "image" => (&["image/jpeg", "image/png"], 5 * MIB),
        "audio" => (
            &[
                "audio/aac",
                "audio/amr",
                "audio/mpeg",
                "audio/mp4",
                "audio/ogg",
            ],
            16 * MIB,
        ),
        "video" => (&["video/mp4", "video/3gpp"], 16 * MIB),
        "sticker" => (&["image/webp"], 512_000),
        _ => (&[], 100 * MIB),
    };
    (types.is_empty() || types.contains(&content_type)) && size <= bytes_max
}

fn text_at<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

/// A text that is there, not blank, and not longer than this in UTF-16 units.
fn limited(value: &Value, name: &str, max: usize) -> Result<String, Refusal> {
    let text = text_at(value, name).unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Refusal::missing(name));
    }
    if text.encode_utf16().count() > max {
        return Err(Refusal::new(
            400,
            100,
            format!("Param {name} must be at most {max} characters long."),
        ));
    }
    Ok(text.to_owned())
}

fn list<'a>(value: &'a Value, name: &str, max: usize) -> Result<&'a Vec<Value>, Refusal> {
    let elements = value.get(name).and_then(Value::as_array);
    let elements = elements.filter(|elements| !elements.is_empty());
    let elements = elements.ok_or_else(|| Refusal::missing(name))?;
    if elements.len() > max {
        return Err(Refusal::value(format!("{name} has more than {max}")));
    }
    Ok(elements)
}
