//! `[integrations.NAME.wire]`: what public sources leave open about ECE's wire.
//!
//! The keys are those of [`Unknowns`], where each is described; `docs/ece.md` has them for people. They are
//! read one by one, so that each that is wrong gets its complaint.

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use trunkline_ece::Unknowns;

use super::complaint::{Place, suggest};
use super::section::{Placed, Section};

/// Reads the section over the defaults.
pub(super) fn wire(section: &Section<'_>) -> Unknowns {
    let mut sound = DeTable::new();
    for (key, value) in section.entries() {
        let mut single = DeTable::new();
        let named = Spanned::new(key.span(), key.get_ref().clone().into());
        single.insert(named.clone(), value.clone());
        match read(single, &section.place) {
            Ok(_) => {
                sound.insert(named, value.clone());
            }
            Err(error) => complain(section, &error, &key),
        }
    }
    read(sound, &section.place).unwrap_or_default()
}

fn read(table: DeTable<'_>, place: &Place) -> Result<Unknowns, toml::de::Error> {
    let value = Spanned::new(place.clone(), DeValue::Table(table));
    Unknowns::deserialize(toml::de::ValueDeserializer::from(value))
}

fn complain(section: &Section<'_>, error: &toml::de::Error, key: &Placed<String>) {
    let place = error.span().unwrap_or_else(|| key.span());
    let (problem, fix) = in_our_words(section, key.get_ref(), error.message());
    section.sink.add(&place, problem, fix);
}

/// The reader speaks of variants, fields and its own types.
fn in_our_words(section: &Section<'_>, key: &str, message: &str) -> (String, String) {
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let possible: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let named = what.split('`').nth(1).unwrap_or_default();
    let value = section.named(key);
    if what.starts_with("unknown field") {
        let table = if named == key {
            format!("[{}]", section.path)
        } else {
            value
        };
        let problem = format!("{table} has no key `{named}`");
        return (problem, suggest(named, &possible));
    }
    if what.starts_with("unknown variant") {
        let problem = format!("`{named}` is no value of {value}");
        return (problem, suggest(named, &possible));
    }
    if what.starts_with("missing field") {
        let fix = "add it; docs/ece.md says what it is".to_owned();
        return (format!("{value} needs `{named}`"), fix);
    }
    let problem = format!("{value} is of another kind");
    (problem, format!("it must be {}", kind(expected)))
}

fn kind(expected: &str) -> &'static str {
    match expected {
        "usize" | "u16" | "u32" | "u64" => "a whole number",
        "a string" | "string" | "a string or table" => "text in quotes",
        "a sequence" => "a list",
        "a boolean" => "true or false",
        other if other == "a map" || other.starts_with("struct") => "a table",
        _ => "what docs/ece.md says",
    }
}
