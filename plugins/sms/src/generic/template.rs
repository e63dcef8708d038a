//! `send_fields`: what a request to the gateway carries, with `{text}` and other words in braces filled in.
//!
//! A key that is a JSON pointer makes the body JSON, `header:NAME` is a header, `query:NAME` goes into the URL, anything
//! else is a field of a form (of the query, if the method is GET).

use serde_json::{Map, Value};
use trunkline_plugin::http::{self, Field, Request};

use super::TOKEN;
use super::place::Place;
use crate::settings::SettingsError;

const SETTING: &str = "send_fields";

/// The word that stands for the secret.
const TOKEN_WORD: &str = "{token}";

/// What the words in braces stand for.
#[derive(Debug)]
pub(super) struct Words<'a>(pub(super) Vec<(&'static str, &'a str)>);

impl Words<'_> {
    /// The text with every word filled in once: what a customer or agent wrote is never looked at for words.
    fn fill(&self, name: &str, template: &str) -> Result<String, SettingsError> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, behind)) = rest.split_once('{') {
            let (word, after) = behind
                .split_once('}')
                .ok_or_else(|| SettingsError::wrong(place(name), "has a { without a }"))?;
            let value = self.0.iter().find(|(known, _)| *known == word);
            let (_, value) = value.ok_or_else(|| {
                let known: Vec<_> = self
                    .0
                    .iter()
                    .map(|(known, _)| format!("{{{known}}}"))
                    .collect();
                SettingsError::wrong(
                    place(name),
                    format!(
                        "{{{word}}} is not known; these are: {} and {TOKEN_WORD}",
                        known.join(", ")
                    ),
                )
            })?;
            filled.push_str(before);
            filled.push_str(value);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn value(&self, name: &str, template: &str) -> Result<http::Value, SettingsError> {
        match template.split_once(TOKEN_WORD) {
            None => Ok(http::Value::Text(self.fill(name, template)?)),
            Some((before, "")) => Ok(http::Value::Secret {
                prefix: self.fill(name, before)?,
                name: TOKEN.to_owned(),
            }),
            Some(_) => Err(SettingsError::wrong(
                place(name),
                format!("{TOKEN_WORD} must stand at the end"),
            )),
        }
    }
}

fn place(name: &str) -> String {
    format!("{SETTING}.{name}")
}

/// Puts the fields into the request, and authorises it with the token unless a field does.
pub(super) fn fill_in(
    mut request: Request,
    fields: &Map<String, Value>,
    words: &Words<'_>,
) -> Result<Request, SettingsError> {
    let mut json = Value::Null;
    let mut form: Vec<Field> = Vec::new();
    for (name, value) in fields {
        match (Place::parse(name), value) {
            (Place::Pointer(pointer), value) => {
                insert(&mut json, name, &pointer, filled(words, name, value)?)?;
            }
            (Place::Header(header), value) => {
                request = request.header(header, words.value(name, &text(name, value)?)?);
            }
            (Place::Query(key), value) => {
                request = request.query([(key, words.value(name, &text(name, value)?)?)]);
            }
            (Place::Field(key), value) => {
                form.push((key, words.value(name, &text(name, value)?)?).into());
            }
        }
    }
    if !json.is_null() && !form.is_empty() {
        return Err(SettingsError::wrong(
            SETTING,
            "has both pointers like \"/text\", for JSON, and names like \"text\", for a form: a body is one or the other",
        ));
    }
    Ok(match (json.is_null(), request.method.as_str()) {
        (false, _) => request.json(&json),
        (true, "GET") => request.query(form),
        (true, _) => request.form(form),
    })
}

/// Whether any field uses this word.
pub(super) fn uses(fields: &Map<String, Value>, word: &str) -> bool {
    let mut texts = fields.values().filter_map(Value::as_str);
    texts.any(|text| text.contains(word))
}

/// Whether any field carries the secret.
pub(super) fn uses_token(fields: &Map<String, Value>) -> bool {
    uses(fields, TOKEN_WORD)
}

fn text(name: &str, value: &Value) -> Result<String, SettingsError> {
    super::place::written(value)
        .or_else(|| (value == "").then(String::new))
        .ok_or_else(|| SettingsError::wrong(place(name), "is a text or a number"))
}

/// JSON keeps the types of what is no text, and the texts in lists and tables are filled in, too.
fn filled(words: &Words<'_>, name: &str, value: &Value) -> Result<Value, SettingsError> {
    Ok(match value {
        Value::String(text) if text.contains(TOKEN_WORD) => {
            return Err(SettingsError::wrong(
                place(name),
                format!(
                    "a secret does not go into JSON: put {TOKEN_WORD} into a header or the query"
                ),
            ));
        }
        Value::String(text) => Value::String(words.fill(name, text)?),
        Value::Array(items) => {
            let items = items.iter().map(|item| filled(words, name, item));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| Ok((key.clone(), filled(words, name, value)?)));
            Value::Object(fields.collect::<Result<_, _>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

/// Puts a value where the pointer says, making objects on the way; a segment of digits makes a list, from 0 on.
fn insert(root: &mut Value, name: &str, pointer: &str, value: Value) -> Result<(), SettingsError> {
    let mut at = root;
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        let index = segment.parse::<usize>().ok();
        if at.is_null() {
            *at = match index {
                Some(_) => Value::Array(Vec::new()),
                None => Value::Object(Map::new()),
            };
        }
        at = match (at, index) {
            (Value::Object(fields), _) => fields.entry(segment).or_insert(Value::Null),
            (Value::Array(items), Some(index)) if index <= items.len() => {
                if index == items.len() {
                    items.push(Value::Null);
                }
                &mut items[index]
            }
            (_, _) => {
                return Err(SettingsError::wrong(
                    place(name),
                    "does not fit the other pointers",
                ));
            }
        };
    }
    *at = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_plugin::http::Body;

    fn made(fields: &Value) -> Result<Request, SettingsError> {
        let words = Words(vec![("to", "+1"), ("text", "a {to} \" b")]);
        let fields = fields.as_object().expect("an object");
        fill_in(Request::post("https://gateway.example"), fields, &words)
    }

    #[test]
    fn pointers_make_json_and_words_in_a_text_stay() {
        let request = made(&serde_json::json!({
            "/messages/0/to": "{to}",
            "/messages/0/body/text": "{text}!",
            "/flash": false,
            "/tags": ["x-{to}"],
            "header:X-Key": "Key {token}",
        }));
        let request = request.expect("it fits");
        let Body::Text(body) = &request.body else {
            panic!("no text")
        };
        let body: Value = serde_json::from_str(body).expect("json");
        assert_eq!(
            body,
            serde_json::json!({"messages": [{"to": "+1", "body": {"text": "a {to} \" b!"}}], "flash": false, "tags": ["x-+1"]})
        );
        let secret = http::Value::Secret {
            prefix: "Key ".to_owned(),
            name: TOKEN.to_owned(),
        };
        assert_eq!(request.headers[0].value, secret);
    }

    #[test]
    fn fields_that_make_no_sense_say_why() {
        for (fields, why) in [
            (
                serde_json::json!({"to": "{nobody}"}),
                "these are: {to}, {text} and {token}",
            ),
            (serde_json::json!({"to": "{to"}), "without a }"),
            (serde_json::json!({"key": "{token}!"}), "at the end"),
            (serde_json::json!({"/key": "{token}"}), "into a header"),
            (
                serde_json::json!({"/to": "{to}", "text": "{text}"}),
                "one or the other",
            ),
            (
                serde_json::json!({"/to": "{to}", "/to/a": "{text}"}),
                "other pointers",
            ),
            (serde_json::json!({"/a/1": "{to}"}), "other pointers"),
            (serde_json::json!({"to": ["{to}"]}), "text or a number"),
        ] {
            let error = made(&fields).expect_err("it fits").to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
