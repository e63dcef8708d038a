//! Choices as text, for channels and devices that cannot show buttons or lists.

use crate::types::Choice;

/// The text, then one numbered line an option: `1. Title - description`. The host turns the number that comes back
/// into the choice.
pub fn numbered(text: &str, options: &[Choice]) -> String {
    let mut lines = vec![text.to_owned()];
    for (number, option) in (1..).zip(options) {
        let description = option
            .description
            .as_deref()
            .map(|text| format!(" - {text}"))
            .unwrap_or_default();
        lines.push(format!("{number}. {}{description}", option.title));
    }
    lines.join("\n")
}
