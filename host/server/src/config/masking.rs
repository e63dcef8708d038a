//! `[masking]`: what is replaced by `****` before a text is first written to disk.
//!
//! Card numbers are masked unless something else is said. `inbound` is what customers write, `outbound` what
//! agents, bots and this file say; `channels.NAME` replaces both for one channel.

use std::collections::BTreeMap;

use regex::Regex;
use trunkline_core::id::ChannelName;

use super::names::{Names, known};
use super::section::Section;

/// What is masked where. Two are equal when the same would be masked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MaskingSettings {
    /// Where no channel says otherwise.
    pub default: MaskRules,
    /// By channel.
    pub channels: BTreeMap<ChannelName, MaskRules>,
}

/// What is masked a direction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MaskRules {
    /// What customers write.
    pub inbound: MaskRule,
    /// What agents, bots and the configuration say.
    pub outbound: MaskRule,
}

/// What is masked in one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskRule {
    /// Card numbers whose check digit is right.
    pub cards: bool,
    /// Regular expressions; they are sound.
    pub patterns: Vec<String>,
}

impl Default for MaskRule {
    fn default() -> Self {
        Self {
            cards: true,
            patterns: Vec::new(),
        }
    }
}

/// Reads the group.
pub(super) fn masking(section: Option<Section<'_>>, names: &Names) -> MaskingSettings {
    let Some(section) = section else {
        return MaskingSettings::default();
    };
    let mut channels = BTreeMap::new();
    if let Some(table) = section.section("channels") {
        for (name, value) in table.entries() {
            known(&table, &name, "channel", &names.channels);
            let path = format!("{}.{}", table.path, name.get_ref());
            if let Some(section) = table.section_of(value, path) {
                let read = rules(&section);
                section.done();
                channels.insert(ChannelName(name.into_inner()), read);
            }
        }
    }
    let default = rules(&section);
    section.done();
    MaskingSettings { default, channels }
}

fn rules(section: &Section<'_>) -> MaskRules {
    MaskRules {
        inbound: rule(section.section("inbound")),
        outbound: rule(section.section("outbound")),
    }
}

fn rule(section: Option<Section<'_>>) -> MaskRule {
    let mut rule = MaskRule::default();
    let Some(section) = section else {
        return rule;
    };
    rule.cards = section.flag("cards").unwrap_or(true);
    for pattern in section.texts("patterns") {
        if let Err(error) = Regex::new(pattern.get_ref()) {
            // The message shows the pattern over several lines; the last one says what is wrong.
            let text = error.to_string();
            let why = text.lines().last().unwrap_or_default().trim();
            section.sink.add(
                &pattern.span(),
                format!("`{}` is no regular expression: {why}", pattern.get_ref()),
                "write one such as '\\b\\d{3}-\\d{2}-\\d{4}\\b', in single quotes",
            );
        }
        rule.patterns.push(pattern.into_inner());
    }
    section.done();
    rule
}
