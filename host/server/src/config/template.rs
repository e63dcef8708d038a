//! Placeholders in texts: `{{ agent.name }}` in messages, `$(messenger.username)` in attributes.
//!
//! They are filled in by the core; here they are only checked.

use super::complaint::suggest;
use super::section::{Placed, Section};

/// What a message may name.
const PLACEHOLDERS: [&str; 5] = ["agent.name", "queue.name", "file.name", "url", "text"];

/// Complains about a placeholder of a message that nobody fills in.
pub(super) fn check_message(section: &Section<'_>, text: &Placed<String>) {
    let mut rest = text.get_ref().as_str();
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else {
            section.sink.add(
                &text.span(),
                "a `{{` is never closed",
                "write {{ agent.name }}",
            );
            return;
        };
        if !PLACEHOLDERS.contains(&name.trim()) {
            section.sink.add(
                &text.span(),
                format!("nothing is known as `{{{{ {} }}}}`", name.trim()),
                suggest(name.trim(), &PLACEHOLDERS),
            );
        }
        rest = behind;
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
