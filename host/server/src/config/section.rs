//! A table of the configuration file, read key by key.
//!
//! Every `text`, `number`, … names the key once; [`Section::done`] then complains about keys that
//! nobody asked for. Wrong types and missing keys are complaints at their place, and the caller goes
//! on with `None`.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::complaint::{Place, Sink, suggest};

/// A value and where it stands.
pub(super) type Placed<T> = Spanned<T>;

/// One table.
pub(super) struct Section<'t> {
    pub(super) sink: &'t Sink,
    /// As it is written: `integrations.acme`; empty for the whole file.
    pub(super) path: String,
    /// Where it begins.
    pub(super) place: Place,
    table: &'t DeTable<'t>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'t> Section<'t> {
    /// A table that stands at `place` and is called `path`.
    pub(super) fn new(
        sink: &'t Sink,
        path: impl Into<String>,
        place: Place,
        table: &'t DeTable<'t>,
    ) -> Self {
        Self {
            sink,
            path: path.into(),
            place,
            table,
            asked: RefCell::default(),
        }
    }

    /// The table itself, for looking at it without asking for a key.
    pub(super) fn table(&self) -> &'t DeTable<'t> {
        self.table
    }

    /// The value as it is.
    pub(super) fn value(&self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.borrow_mut().push(key);
        self.table.get(key)
    }

    /// Text.
    pub(super) fn text(&self, key: &'static str) -> Option<Placed<String>> {
        self.text_of(self.value(key)?, key)
    }

    /// Text that must be there; `example` is a value to copy.
    pub(super) fn needed_text(&self, key: &'static str, example: &str) -> Option<Placed<String>> {
        if self.value(key).is_none() {
            self.missing(key, &format!("\"{example}\""));
        }
        self.text(key)
    }

    /// A list of texts; empty if absent.
    pub(super) fn texts(&self, key: &'static str) -> Vec<Placed<String>> {
        self.list(key, "a list of texts such as [\"a\", \"b\"]")
            .iter()
            .filter_map(|item| self.text_of(item, key))
            .collect()
    }

    /// A list of whatever, empty if absent; `wanted` says what it must be.
    pub(super) fn list(&self, key: &'static str, wanted: &str) -> &'t [Spanned<DeValue<'t>>] {
        let Some(value) = self.value(key) else {
            return &[];
        };
        if let Some(list) = value.get_ref().as_array() {
            return list;
        }
        self.wrong_type(value, key, wanted);
        &[]
    }

    /// A whole number within `range`.
    pub(super) fn number(
        &self,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Option<Placed<u64>> {
        let value = self.value(key)?;
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|digits| u64::from_str_radix(digits.as_str(), digits.radix()).ok())
            .filter(|number| range.contains(number));
        if number.is_none() {
            let wanted = format!("a whole number from {} to {}", range.start(), range.end());
            self.wrong_type(value, key, &wanted);
        }
        Some(Spanned::new(value.span(), number?))
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(value, key, "true or false");
        }
        flag
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = words.iter().find(|(word, _)| *word == text.get_ref());
        if found.is_none() {
            let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.sink.add(
                &text.span(),
                format!("`{}` is no value of {}", text.get_ref(), self.named(key)),
                suggest(text.get_ref(), &allowed),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// A table below this one.
    pub(super) fn section(&self, key: &'static str) -> Option<Section<'t>> {
        let value = self.value(key)?;
        self.section_of(value, self.below(key))
    }

    /// A list of tables (`[[…]]`); empty if absent.
    pub(super) fn sections(&self, key: &'static str) -> Vec<Section<'t>> {
        self.list(key, "a list of tables")
            .iter()
            .filter_map(|item| self.section_of(item, self.below(key)))
            .collect()
    }

    /// The tables of a table of tables (`[channels.NAME]`), in the order of the file. Names come into
    /// URLs and log lines: letters, digits, `-`, `_` and `.` only.
    pub(super) fn named_sections(&self, key: &'static str) -> Vec<(Placed<String>, Section<'t>)> {
        let Some(group) = self.section(key) else {
            return Vec::new();
        };
        let entries = group.entries();
        entries
            .into_iter()
            .filter_map(|(name, value)| {
                self.check_name(&name);
                let section = self.section_of(value, format!("{key}.{}", name.get_ref()))?;
                Some((name, section))
            })
            .collect()
    }

    /// Every key and value, in the order of the file: for tables with free keys, in place of `done`.
    pub(super) fn entries(&self) -> Vec<(Placed<String>, &'t Spanned<DeValue<'t>>)> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| {
                let name = Spanned::new(key.span(), key.get_ref().clone().into_owned());
                (name, value)
            })
            .collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
    }

    /// A text of a free key.
    pub(super) fn text_of(
        &self,
        value: &Spanned<DeValue<'t>>,
        key: &str,
    ) -> Option<Placed<String>> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(value, key, "text in quotes");
        }
        Some(Spanned::new(value.span(), text?.to_owned()))
    }

    /// A table that is the value of a free key or an item of a list.
    pub(super) fn section_of(
        &self,
        value: &'t Spanned<DeValue<'t>>,
        path: String,
    ) -> Option<Section<'t>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.sink.add(
                &value.span(),
                format!("[{path}] is {}", describe(value.get_ref())),
                "it must be a table, such as { key = \"value\" }",
            );
        }
        Some(Section::new(self.sink, path, value.span(), table?))
    }

    /// Complains that `key` is not there.
    pub(super) fn missing(&self, key: &str, example: &str) {
        self.sink.add(
            &self.place,
            format!("[{}] needs `{key}`", self.path),
            format!("add {key} = {example}"),
        );
    }

    /// Complains about a value of the wrong type.
    pub(super) fn wrong_type(&self, value: &Spanned<DeValue<'_>>, key: &str, wanted: &str) {
        self.sink.add(
            &value.span(),
            format!("{} is {}", self.named(key), describe(value.get_ref())),
            format!("it must be {wanted}"),
        );
    }

    /// Complains about keys that nobody asked for.
    pub(super) fn done(self) {
        let mut allowed = self.asked.borrow().clone();
        allowed.sort_unstable();
        allowed.dedup();
        for (key, _) in self.entries() {
            if !allowed.contains(&key.get_ref().as_str()) {
                let place = match self.path.as_str() {
                    "" => "this file".to_owned(),
                    path => format!("[{path}]"),
                };
                self.sink.add(
                    &key.span(),
                    format!("{place} has no key `{}`", key.get_ref()),
                    suggest(key.get_ref(), &allowed),
                );
            }
        }
    }

    /// `` `key` of [path] ``.
    pub(super) fn named(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => format!("`{key}`"),
            path => format!("`{key}` of [{path}]"),
        }
    }

    fn below(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    fn check_name(&self, name: &Placed<String>) {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.get_ref().is_empty() || !name.get_ref().chars().all(fits) {
            self.sink.add(
                &name.span(),
                format!("`{}` cannot be a name", name.get_ref()),
                "names are letters, digits, `-`, `_` and `.`, for instance acme-sms",
            );
        }
    }
}

fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(_) => "text".to_owned(),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
