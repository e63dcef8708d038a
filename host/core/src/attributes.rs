//! Templates of custom attributes: `$(a.b)`, where `a` is a plugin's name, `customer`, `journey` or
//! `bot`. What is not known is empty. Which characters ECE takes is ECE's business (`host/ece`).

use crate::customer::Customer;
use crate::id::{Language, PluginName};

/// What a template may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// `$(customer.name)`, `$(customer.locale)`, and `$(PLUGIN.KEY)`.
    pub customer: &'a Customer,
    /// Whose keys the customer's attributes are.
    pub plugin: Option<&'a PluginName>,
    /// `$(customer.language)`.
    pub language: Option<&'a Language>,
    /// `$(journey.name)`.
    pub journey: &'a str,
    /// `$(bot.KEY)`: what bots set.
    pub bot: &'a [(String, String)],
}

/// Names and values filled in. One whose name or value comes out empty is left out: it would blank
/// what ECE knows.
pub fn fill(templates: &[(String, String)], source: Source<'_>) -> Vec<(String, String)> {
    let filled = templates
        .iter()
        .map(|(name, value)| (render(name, source), render(value, source)));
    filled
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
        .collect()
}

/// One template filled in.
pub fn render(template: &str, source: Source<'_>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, reference)) = rest.split_once("$(") {
        out.push_str(before);
        let Some((name, after)) = reference.split_once(')') else {
            out.push_str("$(");
            rest = reference;
            continue;
        };
        out.push_str(value(name.trim(), source).unwrap_or_default());
        rest = after;
    }
    out.push_str(rest);
    out
}

fn value<'a>(name: &str, source: Source<'a>) -> Option<&'a str> {
    let profile = &source.customer.profile;
    match name.split_once('.')? {
        ("customer", "name") => profile.name.as_deref(),
        ("customer", "locale") => profile.locale.as_deref(),
        ("customer", "language") => source.language.map(Language::as_str),
        ("journey", "name") => Some(source.journey),
        ("bot", key) => find(source.bot, key),
        (plugin, key) if source.plugin.is_some_and(|own| own.as_str() == plugin) => {
            find(&profile.attributes, key)
        }
        _ => None,
    }
}

fn find<'a>(attributes: &'a [(String, String)], key: &str) -> Option<&'a str> {
    attributes
        .iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.as_str())
}

/// Sets each, in the place it has, or at the end.
pub fn merge(into: &mut Vec<(String, String)>, news: Vec<(String, String)>) {
    for (name, value) in news {
        match into.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => into.push((name, value)),
        }
    }
}
