//! A callback in XML, as the tree that JSON would have given.
//!
//! In: the document. Out: its messages, with elements and attributes alike as members, by local name.
//! No real XML callback is public, so the shape is read with patience: any root, any prefixes, one
//! message or many. An element beside the messages is a message too, of a kind named like itself:
//! what an agent did must not vanish because its name is new.
//!
//! **Nothing is looked up or expanded.** A document type declaration is refused as a whole, and of
//! references only the five that XML itself knows and character numbers are read. So a document
//! cannot grow, and cannot make the host read anything else.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde_json::{Map, Value};

/// Elements inside each other; real messages have five or so.
const DEPTH_MAX: usize = 32;

/// Elements that may hold an agent's HTML as it is, not escaped.
const WRITTEN: &[&str] = &["content", "text", "html", "body", "value"];

/// What `content` is known to hold; any other element inside it is markup.
const CONTENT_MEMBERS: &[&str] = &[
    "text",
    "html",
    "value",
    "body",
    "url",
    "href",
    "link",
    "attachments",
    "attachment",
];

/// One element.
#[derive(Default)]
struct Element<'a> {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element<'a>>,
    text: String,
    /// Everything between its tags, as written.
    source: &'a str,
    /// Where `source` begins in the document, in bytes.
    from: usize,
}

/// The messages of a document.
///
/// # Errors
/// What is wrong with it, for people.
pub(super) fn messages(document: &[u8]) -> Result<Vec<Value>, String> {
    let document = std::str::from_utf8(document)
        .map_err(|error| format!("it is not UTF-8 after byte {}", error.valid_up_to()))?;
    let mut root = root(document)?;
    // Some answers of ECE are wrapped once more.
    while root.children.len() == 1 && root.children[0].name == "messages" {
        root = root.children.remove(0);
    }
    if is_message(&root) {
        return Ok(vec![root.value()]);
    }
    if root.children.is_empty() && (root.name != "messages" || !root.text.trim().is_empty()) {
        return Err(format!("<{}> holds no message", root.name));
    }
    Ok(root.children.iter().map(Element::message).collect())
}

fn is_message(element: &Element<'_>) -> bool {
    let members = element.children.iter().map(|child| &child.name);
    let mut members = members.chain(element.attributes.iter().map(|(name, _)| name));
    element.name == "message" || members.any(|name| name.starts_with("conversation"))
}

/// Reads the whole document.
fn root(document: &str) -> Result<Element<'_>, String> {
    let mut reader = Reader::from_str(document);
    let mut open: Vec<Element<'_>> = Vec::new();
    let mut root = None;
    loop {
        let from = position(&reader);
        let event = reader
            .read_event()
            .map_err(|error| format!("{error}, at byte {}", reader.error_position()))?;
        match event {
            Event::Start(tag) => {
                let mut element = started(&tag)?;
                element.from = position(&reader);
                only_one(&open, root.as_ref(), from)?;
                if open.len() == DEPTH_MAX {
                    return Err(format!("more than {DEPTH_MAX} elements inside each other"));
                }
                open.push(element);
            }
            Event::Empty(tag) => {
                only_one(&open, root.as_ref(), from)?;
                close(started(&tag)?, &mut open, &mut root);
            }
            Event::End(_) => {
                // The reader has checked that each end tag has its start tag.
                let Some(mut element) = open.pop() else {
                    return Err(format!("an end without a beginning, at byte {from}"));
                };
                element.source = &document[element.from..from];
                close(element, &mut open, &mut root);
            }
            Event::Text(text) => add_text(&mut open, &text.xml10_content(), from)?,
            Event::CData(text) => add_text(&mut open, &text.xml10_content(), from)?,
            Event::GeneralRef(reference) => add_text(&mut open, &character(&reference)?, from)?,
            Event::DocType(_) => return Err("document type declarations are not read".to_owned()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof if open.is_empty() => {
                return root.ok_or_else(|| "it holds no element".to_owned());
            }
            Event::Eof => return Err(format!("it ends inside <{}>", open[open.len() - 1].name)),
        }
    }
}

/// Bytes read. A document in memory is shorter than `usize::MAX`.
fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn only_one(open: &[Element<'_>], root: Option<&Element<'_>>, at: usize) -> Result<(), String> {
    match open.is_empty() && root.is_some() {
        true => Err(format!("a second root element, at byte {at}")),
        false => Ok(()),
    }
}

fn started<'a>(tag: &BytesStart<'_>) -> Result<Element<'a>, String> {
    let mut element = Element {
        name: tag.local_name().as_ref().to_owned(),
        ..Element::default()
    };
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| format!("<{}>: {error}", element.name))?;
        let (name, prefix) = attribute.key.decompose();
        let prefix = prefix.as_ref().map(AsRef::as_ref);
        // These are about the document, not about the message.
        if name.as_ref() == "xmlns" || matches!(prefix, Some("xmlns" | "xml" | "xsi")) {
            continue;
        }
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| format!("<{}>: {error}", element.name))?;
        element
            .attributes
            .push((name.as_ref().to_owned(), value.into_owned()));
    }
    Ok(element)
}

fn close<'a>(element: Element<'a>, open: &mut [Element<'a>], root: &mut Option<Element<'a>>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

fn add_text(open: &mut [Element<'_>], text: &str, at: usize) -> Result<(), String> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(format!("text outside of the root element, at byte {at}")),
    }
    Ok(())
}

fn character(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, String> {
    if let Some(known) = resolve_predefined_entity(reference) {
        return Ok(Cow::Borrowed(known));
    }
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Ok(Cow::Owned(character.to_string())),
        Ok(None) => Err(format!(
            "the entity &{};: only XML's own five are read",
            &**reference
        )),
        Err(error) => Err(error.to_string()),
    }
}

impl Element<'_> {
    /// As one of the messages: an element that is not called so tells its kind by its name.
    fn message(&self) -> Value {
        let mut value = self.value();
        if let Value::Object(members) = &mut value
            && self.name != "message"
        {
            members
                .entry("type")
                .or_insert_with(|| Value::String(self.name.clone()));
        }
        value
    }

    /// Text alone is a string; else members, several of a name as a list, text beside them as `value`.
    fn value(&self) -> Value {
        if self.holds_markup() {
            return Value::String(self.source.to_owned());
        }
        if self.children.is_empty() && self.attributes.is_empty() {
            return Value::String(self.text.clone());
        }
        let mut members = Map::new();
        for child in &self.children {
            match members.get_mut(&child.name) {
                None => {
                    members.insert(child.name.clone(), child.value());
                }
                Some(Value::Array(several)) => several.push(child.value()),
                Some(one) => *one = Value::Array(vec![one.take(), child.value()]),
            }
        }
        for (name, value) in &self.attributes {
            members
                .entry(name.as_str())
                .or_insert_with(|| Value::String(value.clone()));
        }
        if !self.text.trim().is_empty() {
            members
                .entry("value")
                .or_insert_with(|| Value::String(self.text.clone()));
        }
        Value::Object(members)
    }

    /// An agent's HTML that nobody escaped: it is kept as written.
    fn holds_markup(&self) -> bool {
        let known = |child: &Element<'_>| CONTENT_MEMBERS.contains(&child.name.as_str());
        WRITTEN.contains(&self.name.as_str())
            && !self.children.is_empty()
            && !(self.children.iter().all(known) && self.text.trim().is_empty())
    }
}

#[cfg(test)]
mod tests;
