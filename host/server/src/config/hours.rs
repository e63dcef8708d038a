//! `[hours.NAME]`: when an entry point is open.
//!
//! `open` names days (`mon`, `mon-fri`, `daily`) and spans (`"08:00-20:00"`, or a list of them). A span
//! past midnight belongs to two days.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;
use trunkline_core::settings::Hours;

use super::section::{Placed, Section};
use super::server::time_zone;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Minutes of a day.
const DAY: u16 = 1_440;

type Week = [Vec<(u16, u16)>; 7];

/// Reads all of them; a broken one is there all the same, so that its name is known.
pub(super) fn hours(file: &Section<'_>, default_zone: &str) -> BTreeMap<String, Hours> {
    file.named_sections("hours")
        .into_iter()
        .map(|(name, section)| (name.into_inner(), one(section, default_zone)))
        .collect()
}

fn one(section: Section<'_>, default_zone: &str) -> Hours {
    let zone = time_zone(&section).map(|(name, _)| name);
    let mut week = Week::default();
    match section.section("open") {
        Some(open) => read_week(&open, &mut week),
        None if section.value("open").is_none() => {
            section.missing("open", "{ mon-fri = \"08:00-20:00\" }");
        }
        None => {}
    }
    let closed = closed_days(&section);
    section.done();
    for day in &mut week {
        day.sort_unstable();
    }
    Hours {
        time_zone: zone.unwrap_or_else(|| default_zone.to_owned()),
        week,
        closed,
    }
}

fn read_week(open: &Section<'_>, week: &mut Week) {
    for (days, value) in open.entries() {
        let Some(days) = days_of(open, &days) else {
            continue;
        };
        for text in spans_of(open, value) {
            match span(text.get_ref()) {
                Some(span) => add_span(week, &days, span),
                None => open.sink.add(
                    &text.span(),
                    format!("`{}` is no span of a day", text.get_ref()),
                    "write HH:MM-HH:MM, for instance 08:00-20:00 or 18:00-24:00",
                ),
            }
        }
    }
}

fn spans_of<'t>(open: &Section<'t>, value: &'t Spanned<DeValue<'t>>) -> Vec<Placed<String>> {
    match value.get_ref().as_array() {
        Some(list) => list
            .iter()
            .filter_map(|item| open.text_of(item, "open"))
            .collect(),
        None => open.text_of(value, "open").into_iter().collect(),
    }
}

fn days_of(open: &Section<'_>, key: &Placed<String>) -> Option<Vec<usize>> {
    let text = key.get_ref().as_str();
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let days = match text.split_once('-') {
        None if text == "daily" => Some((0..7).collect()),
        None => day(text).map(|day| vec![day]),
        Some((first, last)) => day(first).zip(day(last)).map(|(first, last)| {
            let length = (last + 7 - first) % 7;
            (0..=length).map(|step| (first + step) % 7).collect()
        }),
    };
    if days.is_none() {
        open.sink.add(
            &key.span(),
            format!("`{text}` names no days"),
            "write mon, tue, wed, thu, fri, sat, sun, a span such as mon-fri, or daily",
        );
    }
    days
}

fn add_span(week: &mut Week, days: &[usize], (from, to): (u16, u16)) {
    for day in days {
        if from < to {
            week[*day].push((from, to));
        } else {
            week[*day].push((from, DAY));
            if to > 0 {
                week[(day + 1) % 7].push((0, to));
            }
        }
    }
}

fn span(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minute(from)?, minute(to)?);
    (from != to && from < DAY).then_some((from, to))
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (minute < 60 && hour <= 24 && hour * 60 + minute <= DAY).then_some(hour * 60 + minute)
}

fn closed_days(section: &Section<'_>) -> Vec<(i16, i8, i8)> {
    let wanted = "a list of dates such as [2026-12-25]";
    section
        .list("closed", wanted)
        .iter()
        .filter_map(|item| {
            let date = item.get_ref().as_datetime().and_then(|day| day.date);
            if date.is_none() {
                section.wrong_type(item, "closed", "a date such as 2026-12-25");
            }
            // TOML has checked year, month and day: they fit.
            let date = date?;
            Some((
                i16::try_from(date.year).ok()?,
                i8::try_from(date.month).ok()?,
                i8::try_from(date.day).ok()?,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_past_midnight_belongs_to_two_days() {
        let mut week = Week::default();
        let span = span("22:00-02:00").expect("a span");
        add_span(&mut week, &[6], span);
        assert_eq!(week[6], [(1_320, 1_440)]);
        assert_eq!(week[0], [(0, 120)]);
    }

    #[test]
    fn a_day_ends_at_24_and_no_later() {
        assert_eq!(span("18:00-24:00"), Some((1_080, 1_440)));
        assert_eq!(span("18:00-24:01"), None);
        assert_eq!(span("08:00-08:00"), None);
    }
}
