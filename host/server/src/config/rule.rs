//! `[[rules]]`: what sends a conversation on which journey (Z41, Z45, Z46).

use jiff::civil;
use jiff::tz::TimeZone;
use toml::Spanned;
use trunkline_core::id::{ChannelName, JourneyName, Timestamp};
use trunkline_core::settings::{Journey, Rule, RuleEvent};
use trunkline_core::words;

use super::complaint::{Place, line_and_column, suggest};
use super::journey::journey;
use super::names::{Names, known};
use super::section::{Placed, Section};
use super::server::time_zone;

/// A rule, its service, where it stands, and its journey if that stands in place.
pub(super) struct ReadRule {
    pub(super) rule: Rule,
    pub(super) service: Option<String>,
    pub(super) place: Place,
    pub(super) own_journey: Option<Journey>,
}

/// What rules are read with.
pub(super) struct Context<'a> {
    pub(super) names: &'a Names,
    pub(super) zone: TimeZone,
    /// The whole file, to name the line of another rule.
    pub(super) text: &'a str,
    /// `[services.NAME]`: the label, and whether it is on.
    pub(super) services: &'a [(Placed<String>, bool)],
}

/// Reads all of them, in order, and complains about rules that get in each other's way.
pub(super) fn rules(file: &Section<'_>, context: &Context<'_>) -> Vec<ReadRule> {
    let mut read: Vec<ReadRule> = Vec::new();
    for (index, section) in file.sections("rules").into_iter().enumerate() {
        let keyword_place = section.value("keyword").map(Spanned::span);
        let rule = one(&section, index + 1, context);
        complain_of_overlaps(&section, &rule, keyword_place.as_ref(), &read, context.text);
        section.done();
        read.push(rule);
    }
    complain_of_unused_services(file, context, &read);
    read
}

/// A switch that switches nothing is a label misspelt, here or in the rules.
fn complain_of_unused_services(file: &Section<'_>, context: &Context<'_>, rules: &[ReadRule]) {
    let named = || rules.iter().filter_map(|rule| rule.service.as_deref());
    let unused = context.services.iter().map(|(name, _)| name);
    for name in unused.filter(|name| !named().any(|label| label == name.get_ref())) {
        let known: Vec<&str> = named().collect();
        let fix = match known.as_slice() {
            [] => "give rules service = \"NAME\", or leave the table out".to_owned(),
            known => suggest(name.get_ref(), known),
        };
        let problem = format!("no rule belongs to the service `{}`", name.get_ref());
        file.sink.add(&name.span(), problem, fix);
    }
}

fn one(section: &Section<'_>, number: usize, context: &Context<'_>) -> ReadRule {
    let name = section.text("name").map(Spanned::into_inner);
    let name = name.unwrap_or_else(|| format!("rule {number}"));
    let service = section.text("service").map(Spanned::into_inner);
    let switched_off = context.services.iter().any(|(name, on)| {
        let own = service.as_ref() == Some(name.get_ref());
        own && !on
    });
    let status = [("active", true), ("inactive", false)];
    let zone = time_zone(section).map_or_else(|| context.zone.clone(), |(_, zone)| zone);
    let (starts, ends) = (date(section, "starts", &zone), date(section, "ends", &zone));
    complain_of_order(section, starts, ends);
    let events = [
        ("message", RuleEvent::Message),
        ("mo", RuleEvent::Message),
        ("postback", RuleEvent::Postback),
        ("opt-in", RuleEvent::OptIn),
    ];
    let (journey, own_journey) = journey_of(section, &name, number, context.names);
    let rule = Rule {
        channels: channels(section, context.names),
        event: section.word("event", &events).unwrap_or(RuleEvent::Message),
        keyword: keyword(section),
        starts,
        ends,
        active: section.word("status", &status).unwrap_or(true) && !switched_off,
        journey,
        name,
    };
    ReadRule {
        rule,
        service,
        place: section.place.clone(),
        own_journey,
    }
}

fn channels(section: &Section<'_>, names: &Names) -> Vec<ChannelName> {
    let channels = section.texts("channels");
    match section.value("channels") {
        None => section.missing("channels", "[\"acme-sms\"]"),
        Some(list)
            if list
                .get_ref()
                .as_array()
                .is_some_and(|list| list.is_empty()) =>
        {
            let problem = format!(
                "{} is empty: the rule applies nowhere",
                section.named("channels")
            );
            let fix = "name channels, for instance [\"acme-sms\"]; to switch the rule off, write status = \"inactive\"";
            section.sink.add(&list.span(), problem, fix);
        }
        Some(_) => {}
    }
    channels
        .into_iter()
        .filter(|channel| known(section, channel, "channel", &names.channels))
        .map(|channel| ChannelName(channel.into_inner()))
        .collect()
}

fn keyword(section: &Section<'_>) -> Option<String> {
    let keyword = section.text("keyword")?;
    if keyword.get_ref().trim().is_empty() {
        section.sink.add(
            &keyword.span(),
            "the keyword is empty",
            "leave `keyword` out to catch every message",
        );
    }
    Some(keyword.get_ref().trim().to_owned())
}

fn journey_of(
    section: &Section<'_>,
    name: &str,
    number: usize,
    names: &Names,
) -> (JourneyName, Option<Journey>) {
    let named = section.text("journey");
    let in_place = section.value("stages");
    match (named, in_place) {
        (Some(named), None) => {
            known(section, &named, "journey", &names.journeys);
            (JourneyName(named.into_inner()), None)
        }
        (None, Some(_)) => {
            // A configured journey cannot be called so: names have no colon.
            let own = JourneyName(format!("rule:{number}:{name}"));
            (own, Some(journey(section, names)))
        }
        (named, _) => {
            let problem = match named {
                Some(_) => "has both a `journey` and `stages`",
                None => "leads nowhere",
            };
            section.sink.add(
                &section.place,
                format!("the rule `{name}` {problem}"),
                "add either journey = \"NAME\" or stages = [ … ]",
            );
            (JourneyName(String::new()), None)
        }
    }
}

/// A date (its first moment in `zone`), a date and time in `zone`, or a moment with an offset.
fn date(section: &Section<'_>, key: &'static str, zone: &TimeZone) -> Option<Timestamp> {
    let value = section.value(key)?;
    let moment = value
        .get_ref()
        .as_datetime()
        .and_then(|date| moment(&date.to_string(), zone));
    const WANTED: &str = "a date such as 2026-01-01 or 2026-01-01T08:00:00";
    if moment.is_none() {
        match value.get_ref().as_datetime() {
            Some(time) if time.date.is_none() => section.sink.add(
                &value.span(),
                format!("{} is a time of day without a date", section.named(key)),
                format!("it must be {WANTED}; for hours of every day give the entry point hours"),
            ),
            Some(_) | None => section.wrong_type(value, key, WANTED),
        }
    }
    moment
}

fn moment(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.replace(' ', "T");
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(moment.as_millisecond()));
    }
    let local = text
        .parse::<civil::DateTime>()
        .or_else(|_| text.parse::<civil::Date>().map(civil::Date::into))
        .ok()?;
    let moment = zone.to_ambiguous_timestamp(local).compatible().ok()?;
    Some(Timestamp(moment.as_millisecond()))
}

fn complain_of_order(section: &Section<'_>, starts: Option<Timestamp>, ends: Option<Timestamp>) {
    if let (Some(starts), Some(ends)) = (starts, ends)
        && starts >= ends
    {
        let place = section
            .value("ends")
            .map_or(section.place.clone(), Spanned::span);
        section.sink.add(
            &place,
            "the rule ends before it starts",
            "`ends` is the first moment at which it no longer counts; it must be later than `starts`",
        );
    }
}

/// A keyword is taken once at a time on a channel (Z46); a rule without one must not hide a later one.
fn complain_of_overlaps(
    section: &Section<'_>,
    new: &ReadRule,
    keyword_place: Option<&Place>,
    before: &[ReadRule],
    text: &str,
) {
    let Some((earlier, channel)) = before
        .iter()
        .find_map(|earlier| conflict(&earlier.rule, &new.rule).map(|channel| (earlier, channel)))
    else {
        return;
    };
    let (line, _) = line_and_column(text, earlier.place.start);
    let problem = match &new.rule.keyword {
        Some(keyword) => format!("the keyword `{keyword}` is taken on {channel} by"),
        None => format!("`{}` never applies on {channel} because of", new.rule.name),
    };
    section.sink.add(
        keyword_place.unwrap_or(&section.place),
        format!("{problem} the rule `{}` in line {line}", earlier.rule.name),
        "change keyword, channels or dates of one of them, or set status = \"inactive\"",
    );
}

fn conflict<'r>(earlier: &Rule, new: &'r Rule) -> Option<&'r ChannelName> {
    let hides = match new.keyword {
        Some(_) => want_the_same(earlier, new) && overlap(earlier, new),
        None => want_the_same(earlier, new) && covers(earlier, new),
    };
    let mut both = new.channels.iter();
    both.find(|channel| hides && earlier.channels.contains(channel))
}

fn want_the_same(earlier: &Rule, new: &Rule) -> bool {
    // As a message is compared: "Order!" and "ORDER" are the same words.
    let fold = |keyword: &Option<String>| keyword.as_deref().map(words::tokens);
    let in_use = earlier.active && new.active && earlier.event == new.event;
    in_use && fold(&earlier.keyword) == fold(&new.keyword)
}

/// A keyword that an earlier rule waits for on a channel that is the same to the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenTwice {
    /// How many rules stand before the earlier one.
    pub earlier: usize,
    /// Where that waits.
    pub earlier_channel: ChannelName,
    /// How many rules stand before the later one.
    pub new: usize,
    /// Where it waits.
    pub new_channel: ChannelName,
}

/// The keywords that two rules wait for at one time on two channels that are the `same`.
pub fn taken_twice(
    rules: &[Rule],
    same: impl Fn(&ChannelName, &ChannelName) -> bool,
) -> Vec<TakenTwice> {
    let mut all = Vec::new();
    for (new, rule) in rules.iter().enumerate() {
        let before = rules.iter().take(new).enumerate();
        let mut alike = before.filter(|(_, earlier)| {
            rule.keyword.is_some() && want_the_same(earlier, rule) && overlap(earlier, rule)
        });
        let found = alike.find_map(|(earlier, other)| {
            let mut pairs = rule
                .channels
                .iter()
                .flat_map(|new| other.channels.iter().map(move |old| (old, new)));
            let (old, channel) = pairs.find(|(old, channel)| same(old, channel))?;
            Some(TakenTwice {
                earlier,
                earlier_channel: old.clone(),
                new,
                new_channel: channel.clone(),
            })
        });
        all.extend(found);
    }
    all
}

fn span(rule: &Rule) -> (i64, i64) {
    (
        rule.starts.map_or(i64::MIN, |at| at.0),
        rule.ends.map_or(i64::MAX, |at| at.0),
    )
}

fn overlap(a: &Rule, b: &Rule) -> bool {
    let ((a_from, a_to), (b_from, b_to)) = (span(a), span(b));
    a_from < b_to && b_from < a_to
}

fn covers(outer: &Rule, inner: &Rule) -> bool {
    let ((outer_from, outer_to), (inner_from, inner_to)) = (span(outer), span(inner));
    outer_from <= inner_from && inner_to <= outer_to
}
