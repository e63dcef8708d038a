//! `[integrations.NAME.wire]`: what public sources leave open about ECE's wire.
//!
//! The keys are those of [`Unknowns`], where each is described. They are read one by one, so that each
//! that is wrong gets its complaint.

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use trunkline_ece::Unknowns;

use super::complaint::Place;
use super::section::Section;

/// Reads the section over the defaults.
pub(super) fn wire(section: &Section<'_>) -> Unknowns {
    let mut sound = DeTable::new();
    for (key, value) in section.entries() {
        let mut single = DeTable::new();
        let place = key.span();
        let key = Spanned::new(place.clone(), key.into_inner().into());
        single.insert(key.clone(), value.clone());
        match read(single, &section.place) {
            Ok(_) => {
                sound.insert(key, value.clone());
            }
            Err(error) => complain(section, &error, &place),
        }
    }
    read(sound, &section.place).unwrap_or_default()
}

fn read(table: DeTable<'_>, place: &Place) -> Result<Unknowns, toml::de::Error> {
    let value = Spanned::new(place.clone(), DeValue::Table(table));
    Unknowns::deserialize(toml::de::ValueDeserializer::from(value))
}

fn complain(section: &Section<'_>, error: &toml::de::Error, key: &Place) {
    let place = error.span().unwrap_or_else(|| key.clone());
    let message = error.message();
    let (problem, fix) = message.split_once(", expected").map_or(
        (
            message,
            "the keys of this table are those of `Unknowns` in the ECE guide".to_owned(),
        ),
        |(problem, expected)| (problem, format!("expected{expected}")),
    );
    section
        .sink
        .add(&place, format!("[{}]: {problem}", section.path), fix);
}
