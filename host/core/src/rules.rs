//! Which rule sends a conversation on its journey.
//!
//! A keyword is compared with the first words of the message, word by word, without case and outer
//! punctuation; the one with the most words wins, then the one written first. Without a keyword
//! that fits, the first catch-all decides. Runs only while no conversation is open.

use crate::id::{ChannelName, Timestamp};
use crate::message::Content;
use crate::settings::{Rule, RuleEvent, Settings};
use crate::words;

/// What a customer did that may begin a conversation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trigger<'a> {
    /// Said something.
    Said(&'a Content),
    /// Opted in.
    OptIn,
}

/// The rule that decides, if one does.
pub fn pick<'s>(
    settings: &'s Settings,
    channel: &ChannelName,
    trigger: Trigger<'_>,
    now: Timestamp,
) -> Option<&'s Rule> {
    let on_time = |rule: &&Rule| is_in_force(rule, now) && rule.channels.contains(channel);
    let rules: Vec<&Rule> = settings.rules.iter().filter(on_time).collect();
    match trigger {
        Trigger::OptIn => rules
            .into_iter()
            .find(|rule| rule.event == RuleEvent::OptIn),
        Trigger::Said(Content::Chosen { id, title }) => of(&rules, RuleEvent::Postback, id)
            .filter(|rule| rule.keyword.is_some())
            .or_else(|| of(&rules, RuleEvent::Postback, title))
            .or_else(|| of(&rules, RuleEvent::Message, title)),
        Trigger::Said(Content::Text(text)) => of(&rules, RuleEvent::Message, text),
        Trigger::Said(Content::Attachment(file)) => of(
            &rules,
            RuleEvent::Message,
            file.caption.as_deref().unwrap_or_default(),
        ),
        Trigger::Said(
            Content::Location { .. } | Content::Described { .. } | Content::Unknown(_),
        ) => of(&rules, RuleEvent::Message, ""),
    }
}

fn is_in_force(rule: &Rule, now: Timestamp) -> bool {
    rule.active
        && rule.starts.is_none_or(|starts| starts <= now)
        && rule.ends.is_none_or(|ends| now < ends)
}

fn of<'s>(rules: &[&'s Rule], event: RuleEvent, text: &str) -> Option<&'s Rule> {
    let said = words::tokens(text);
    let mut best: Option<(usize, &Rule)> = None;
    for rule in rules.iter().filter(|rule| rule.event == event) {
        let wanted = words::tokens(rule.keyword.as_deref().unwrap_or_default());
        let longer = best.is_none_or(|(length, _)| wanted.len() > length);
        if longer && said.starts_with(&wanted) {
            best = Some((wanted.len(), rule));
        }
    }
    best.map(|(_, rule)| rule)
}
