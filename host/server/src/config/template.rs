//! Placeholders in texts: `{{ agent.name }}` in messages, `$(messenger.username)` in attributes.
//!
//! They are filled in by the core; here they are only checked.

use super::complaint::suggest;
use super::section::{Placed, Section};

/// Complains about a placeholder that this message cannot fill: `possible` is what the happening behind
/// it knows. Any other would reach the customer as it is written.
pub(super) fn check_message(section: &Section<'_>, text: &Placed<String>, possible: &[&str]) {
    let mut rest = text.get_ref().as_str();
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else {
            let problem = "a `{{` is never closed";
            section
                .sink
                .add(&text.span(), problem, how_to_write(possible));
            return;
        };
        let name = name.trim();
        if !possible.contains(&name) {
            let problem = format!("this message cannot fill `{{{{ {name} }}}}` in");
            let fix = match possible {
                [] => NO_PLACEHOLDER.to_owned(),
                _ => suggest(name, possible),
            };
            section.sink.add(&text.span(), problem, fix);
        }
        rest = behind;
    }
}

/// For messages that are always the same.
const NO_PLACEHOLDER: &str = "it has no placeholders: write it as the customer shall read it";

fn how_to_write(possible: &[&str]) -> String {
    match possible {
        [] => NO_PLACEHOLDER.to_owned(),
        [first, ..] => format!("write {{{{ {first} }}}}"),
    }
}

/// Complains about a `$(…)` that cannot be read.
pub(super) fn check_attribute(section: &Section<'_>, text: &Placed<String>) {
    let mut rest = text.get_ref().as_str();
    while let Some((_, after)) = rest.split_once("$(") {
        let inside = after.split_once(')');
        let named = inside.and_then(|(name, _)| name.trim().split_once('.'));
        let fits = named.is_some_and(|(of, what)| !of.is_empty() && !what.is_empty());
        let (Some((_, behind)), true) = (inside, fits) else {
            section.sink.add(
                &text.span(),
                "a `$(…)` names no attribute",
                "write $(PLUGIN.ATTRIBUTE), $(customer.…), $(journey.…) or $(BOT.ATTRIBUTE), for instance $(messenger.username)",
            );
            return;
        };
        rest = behind;
    }
}
