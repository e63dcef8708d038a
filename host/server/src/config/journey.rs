//! `[journeys.NAME]`: the stages a conversation goes through, and what happens when ECE cannot take it.
//!
//! The same `stages` and `on` may stand in a rule.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;
use trunkline_core::event::Unavailable;
use trunkline_core::id::{BotName, EntryPointName, IntegrationName, JourneyName};
use trunkline_core::settings::{EceStage, Journey, PickEntryPoint, Policies, Policy, Stage};

use super::complaint::suggest;
use super::names::{Names, known};
use super::section::{Placed, Section};
use super::template::check_attribute;

/// How to write a stage, for complaints.
const EXAMPLE: &str = "[{ bot = \"faq\" }, { ece = \"acme\", entry_point = \"support\" }]";

/// The longest wait that can be said: a week.
const WAIT_S_MAX: u64 = 604_800;

const REASONS: [(&str, Unavailable); 6] = [
    ("no-agents", Unavailable::NoAgents),
    ("out-of-capacity", Unavailable::OutOfCapacity),
    ("wait-too-long", Unavailable::WaitTooLong),
    ("entry-point-disabled", Unavailable::EntryPointDisabled),
    ("off-hours", Unavailable::OffHours),
    ("unreachable", Unavailable::Unreachable),
];

/// Reads all of them.
pub(super) fn journeys(file: &Section<'_>, names: &Names) -> BTreeMap<JourneyName, Journey> {
    file.named_sections("journeys")
        .into_iter()
        .map(|(name, section)| {
            let journey = journey(&section, names);
            section.done();
            (JourneyName(name.into_inner()), journey)
        })
        .collect()
}

/// Reads `stages` and `on` of a journey or a rule.
pub(super) fn journey(section: &Section<'_>, names: &Names) -> Journey {
    let stages = section.sections("stages");
    if stages.is_empty() {
        section.missing("stages", EXAMPLE);
    }
    let stages: Vec<Stage> = stages
        .into_iter()
        .filter_map(|section| stage(section, names))
        .collect();
    let on_unavailable = policies(section.section("on"), &stages, names);
    Journey {
        stages,
        on_unavailable,
    }
}

fn stage(section: Section<'_>, names: &Names) -> Option<Stage> {
    let bot = section.text("bot");
    let ece = section.text("ece");
    let stage = match (bot, ece) {
        (Some(bot), None) => bot_stage(&section, &bot, names),
        (None, Some(ece)) => ece_stage(&section, &ece, names),
        (None, None) | (Some(_), Some(_)) => {
            let problem = "a stage is either a bot or an ECE";
            let fix = format!("write stages = {EXAMPLE}");
            section.sink.add(&section.place, problem, fix);
            return None;
        }
    };
    section.done();
    stage
}

fn bot_stage(section: &Section<'_>, bot: &Placed<String>, names: &Names) -> Option<Stage> {
    for key in ["entry_point", "attributes"] {
        if let Some(value) = section.value(key) {
            section.sink.add(
                &value.span(),
                format!("a bot's stage has no `{key}`"),
                "it belongs to a stage of an ECE: { ece = \"acme\", entry_point = \"support\" }",
            );
        }
    }
    known(section, bot, "bot", &names.bots).then(|| Stage::Bot(BotName(bot.get_ref().clone())))
}

fn ece_stage(section: &Section<'_>, ece: &Placed<String>, names: &Names) -> Option<Stage> {
    let attributes = attributes(section);
    let value = section.value("entry_point");
    if !known(section, ece, "integration", names.integrations.keys()) {
        return None;
    }
    let points = names.integrations.get(ece.get_ref())?;
    let entry_point = match value {
        Some(value) => pick(section, value, points)?,
        None => PickEntryPoint::Fixed(only(section, ece, points)?),
    };
    Some(Stage::Ece(EceStage {
        integration: IntegrationName(ece.get_ref().clone()),
        entry_point,
        attributes,
    }))
}

fn only(section: &Section<'_>, ece: &Placed<String>, points: &[String]) -> Option<EntryPointName> {
    match points {
        [point] => Some(EntryPointName(point.clone())),
        // An integration without any has its own complaint.
        [] => None,
        _ => {
            section.sink.add(
                &section.place,
                format!(
                    "`{}` has several entry points and this stage names none",
                    ece.get_ref()
                ),
                format!("add entry_point = \"…\"; {}", suggest("", &words(points))),
            );
            None
        }
    }
}

fn pick<'t>(
    section: &Section<'t>,
    value: &'t Spanned<DeValue<'t>>,
    points: &[String],
) -> Option<PickEntryPoint> {
    if value.get_ref().is_str() {
        let name = section.text_of(value, "entry_point")?;
        return entry_point(section, &name, points).map(PickEntryPoint::Fixed);
    }
    if !value.get_ref().is_table() {
        let wanted = "the name of one in quotes, or { by = \"language\", else = \"support\" }";
        section.wrong_type(value, "entry_point", wanted);
        return None;
    }
    let choice = section.section_of(value, "entry_point".to_owned())?;
    if choice.value("by").is_none() {
        choice.missing("by", "\"language\"");
    }
    choice.word("by", &[("language", ())]);
    let fallback = choice
        .needed_text("else", "support")
        .and_then(|name| entry_point(&choice, &name, points));
    choice.done();
    Some(PickEntryPoint::ByLanguage {
        fallback: fallback?,
    })
}

fn entry_point(
    section: &Section<'_>,
    name: &Placed<String>,
    points: &[String],
) -> Option<EntryPointName> {
    known(section, name, "entry point", points).then(|| EntryPointName(name.get_ref().clone()))
}

fn attributes(section: &Section<'_>) -> Vec<(String, String)> {
    let Some(table) = section.section("attributes") else {
        return Vec::new();
    };
    table
        .entries()
        .into_iter()
        .filter_map(|(name, value)| {
            let text = table.text_of(value, name.get_ref())?;
            check_attribute(&table, &text);
            Some((name.into_inner(), text.into_inner()))
        })
        .collect()
}

fn policies(section: Option<Section<'_>>, stages: &[Stage], names: &Names) -> Policies {
    let mut policies = Policies::default();
    let Some(section) = section else {
        return policies;
    };
    let points = reachable(stages, names);
    for (key, why) in REASONS {
        if let Some(policy) = policy(&section, key, &points) {
            policies.on.insert(why, policy);
        }
    }
    if let Some(hold) = section.number("hold_s", 1..=WAIT_S_MAX) {
        policies.hold_ms = hold.get_ref() * 1_000;
    }
    // Who may wait longer for a place in the queue may wait as long in it.
    policies.nobody_answers_ms = match section.number("nobody_answers_s", 1..=WAIT_S_MAX) {
        Some(wait) => wait.get_ref() * 1_000,
        None => policies.nobody_answers_ms.max(policies.hold_ms),
    };
    match policy(&section, "then", &points) {
        Some(Policy::Hold) => section.sink.add(
            &section
                .value("then")
                .map_or(section.place.clone(), Spanned::span),
            "`then` says what happens after holding: it cannot be `hold`",
            "write close, discard, back or { entry_point = \"…\" }",
        ),
        Some(then) => policies.then = then,
        None => {}
    }
    section.done();
    policies
}

fn policy(section: &Section<'_>, key: &'static str, points: &[String]) -> Option<Policy> {
    let value = section.value(key)?;
    if !value.get_ref().is_table() {
        let words = [("hold", 0), ("close", 1), ("discard", 2), ("back", 3)];
        return section.word(key, &words).map(|word| match word {
            0 => Policy::Hold,
            1 => Policy::Close,
            2 => Policy::Discard,
            _ => Policy::Back,
        });
    }
    let other = section.section(key)?;
    let name = other.needed_text("entry_point", "support");
    let found = name.and_then(|name| entry_point(&other, &name, points));
    other.done();
    found.map(Policy::EntryPoint)
}

/// Entry points of the integrations that these stages use.
fn reachable(stages: &[Stage], names: &Names) -> Vec<String> {
    let integrations = stages.iter().filter_map(|stage| match stage {
        Stage::Ece(stage) => names.integrations.get(stage.integration.as_str()),
        Stage::Bot(_) => None,
    });
    integrations.flatten().cloned().collect()
}

fn words(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
