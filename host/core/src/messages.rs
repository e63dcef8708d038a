//! Configured texts: which one, in which language, with its placeholders filled in.
//!
//! A language is looked for as it is (`pt-br`), then by its first part (`pt`), then as `default`;
//! each text by itself, so that a language may translate only some. An empty text sends nothing.

use crate::event::Unavailable;
use crate::id::Language;
use crate::settings::{Integration, Messages};

/// The names that stand in where ECE names nobody.
const SOME_AGENT: &str = "an agent";
const SOME_QUEUE: &str = "next";

/// The text that `which` names, in the best language.
pub fn text<'s>(
    integration: &'s Integration,
    language: Option<&Language>,
    which: fn(&Messages) -> &Option<String>,
) -> Option<&'s str> {
    by_language(integration, language)
        .find_map(|messages| which(messages).as_deref())
        .filter(said)
}

/// The text for a reason, and the reason it is configured for: the fallback is `NoAgents`.
pub fn unavailable<'s>(
    integration: &'s Integration,
    language: Option<&Language>,
    reason: Unavailable,
) -> Option<(Unavailable, &'s str)> {
    let reasons = match reason {
        Unavailable::EntryPointDisabled => vec![reason],
        Unavailable::NoAgents
        | Unavailable::OutOfCapacity
        | Unavailable::WaitTooLong
        | Unavailable::OffHours
        | Unavailable::Unreachable => vec![reason, Unavailable::NoAgents],
    };
    let configured = reasons.into_iter().find_map(|reason| {
        let text = by_language(integration, language).find_map(|m| m.unavailable.get(&reason))?;
        Some((reason, text.as_str()))
    });
    configured.filter(|(_, text)| said(text))
}

fn said(text: &&str) -> bool {
    !text.is_empty()
}

fn by_language<'s>(
    integration: &'s Integration,
    language: Option<&Language>,
) -> impl Iterator<Item = &'s Messages> {
    let mut keys = Vec::new();
    if let Some(language) = language {
        keys.extend([language.as_str().to_owned(), language.primary().to_owned()]);
    }
    keys.push("default".to_owned());
    keys.into_iter()
        .filter_map(|key| integration.messages.get(&key))
}

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy)]
pub enum Fill<'a> {
    /// `{{ agent.name }}`
    Agent(Option<&'a str>),
    /// `{{ queue.name }}`
    Queue(Option<&'a str>),
    /// `{{ file.name }}`
    File(&'a str),
    /// `{{ url }}`
    Url(&'a str),
    /// `{{ text }}`
    Text(&'a str),
    /// The text has no placeholder.
    Nothing,
}

impl<'a> Fill<'a> {
    fn value(self, name: &str) -> Option<&'a str> {
        match (self, name) {
            (Self::Agent(agent), "agent.name") => Some(agent.unwrap_or(SOME_AGENT)),
            (Self::Queue(queue), "queue.name") => Some(queue.unwrap_or(SOME_QUEUE)),
            (Self::File(file), "file.name") => Some(file),
            (Self::Url(url), "url") => Some(url),
            (Self::Text(text), "text") => Some(text),
            (
                Self::Agent(_)
                | Self::Queue(_)
                | Self::File(_)
                | Self::Url(_)
                | Self::Text(_)
                | Self::Nothing,
                _,
            ) => None,
        }
    }
}

/// Puts the value in. A placeholder that `fill` does not know stays as it is written: `server`
/// refuses such texts, by what each message can fill in, and what a name contains is never read again as a template.
pub fn render(text: &str, fill: Fill<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, placeholder)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, after)) = placeholder.split_once("}}") else {
            out.push_str("{{");
            rest = placeholder;
            continue;
        };
        match fill.value(name.trim()) {
            Some(value) => out.push_str(value),
            None => {
                out.push_str("{{");
                out.push_str(name);
                out.push_str("}}");
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_filled_once_and_its_value_is_no_template() {
        let fill = Fill::Agent(Some("{{ agent.name }}"));
        assert_eq!(
            render("Hi, {{agent.name}} here", fill),
            "Hi, {{ agent.name }} here"
        );
        assert_eq!(render("{{ agent.name }}", Fill::Agent(None)), "an agent");
    }

    #[test]
    fn what_is_no_placeholder_stays() {
        assert_eq!(
            render("{{ other }} and {{ open", Fill::Nothing),
            "{{ other }} and {{ open"
        );
    }

    #[test]
    fn a_language_translates_some_texts_and_the_default_fills_the_rest() {
        let english = Messages {
            chat_started: Some("Hi".into()),
            page_push: Some("See".into()),
            ..Messages::default()
        };
        let spanish = Messages {
            chat_started: Some("Hola".into()),
            ..Messages::default()
        };
        let messages = [("default".to_owned(), english), ("es".to_owned(), spanish)].into();
        let integration = Integration {
            messages,
            ..Integration::default()
        };
        let mexican = Language::from("es-mx");
        assert_eq!(
            text(&integration, Some(&mexican), |m| &m.chat_started),
            Some("Hola")
        );
        assert_eq!(
            text(&integration, Some(&mexican), |m| &m.page_push),
            Some("See")
        );
        assert_eq!(text(&integration, None, |m| &m.chat_started), Some("Hi"));
    }
}
