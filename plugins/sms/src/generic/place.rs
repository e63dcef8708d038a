//! Where in a request a value stands: `/a/0/b` is a JSON pointer (RFC 6901) into the body, `header:NAME` a header,
//! `query:NAME` in the URL, anything else a field of the form.

use serde_json::Value;
use trunkline_plugin::{InboundRequest, Rejection};

use crate::form::Form;

/// A place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Pointer(String),
    Header(String),
    Query(String),
    Field(String),
}

impl Place {
    pub(super) fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some(("header", name)) => Self::Header(name.to_owned()),
            Some(("query", name)) => Self::Query(name.to_owned()),
            Some(_) | None if text.starts_with('/') => Self::Pointer(text.to_owned()),
            Some(_) | None => Self::Field(text.to_owned()),
        }
    }

    pub(super) fn is_pointer(&self) -> bool {
        matches!(self, Self::Pointer(_))
    }
}

/// A request taken apart: what places point into.
#[derive(Debug)]
pub(super) struct Content<'a> {
    request: &'a InboundRequest,
    query: Form,
    form: Form,
    json: Value,
}

impl<'a> Content<'a> {
    /// Reads the body as JSON if `is_json`, else as a form.
    pub(super) fn of(request: &'a InboundRequest, is_json: bool) -> Result<Self, Rejection> {
        let query = Form::parse(request.query.as_bytes());
        let mut content = Self {
            request,
            form: Form::default(),
            query,
            json: Value::Null,
        };
        if is_json {
            content.json = serde_json::from_slice(&request.body)
                .map_err(|error| Rejection::Malformed(format!("the body is no JSON: {error}")))?;
        } else if request.method == "GET" {
            content.form = content.query.clone();
        } else {
            content.form = Form::parse(&request.body);
        }
        Ok(content)
    }

    /// The whole body; null if it is a form.
    pub(super) fn json(&self) -> &Value {
        &self.json
    }

    /// What stands there; pointers begin at `item`. `None` for nothing and for an empty text.
    pub(super) fn get(&self, place: &Place, item: &Value) -> Option<String> {
        match place {
            Place::Pointer(pointer) => written(item.pointer(pointer)?),
            Place::Header(name) => self.request.header(name).map(str::to_owned),
            Place::Query(name) => self.query.get(name),
            Place::Field(name) => self.form.get(name),
        }
    }
}

/// A text or number; `None` for anything else, and for an empty text.
pub(super) fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_by_its_beginning() {
        assert_eq!(Place::parse("/a/0"), Place::Pointer("/a/0".to_owned()));
        assert_eq!(Place::parse("header:X-A"), Place::Header("X-A".to_owned()));
        assert_eq!(Place::parse("query:a"), Place::Query("a".to_owned()));
        assert_eq!(Place::parse("a:b"), Place::Field("a:b".to_owned()));
        assert_eq!(Place::parse("/a:b"), Place::Pointer("/a:b".to_owned()));
    }
}
