//! Cuts a long text into provider messages: nothing lost, no character and no emoji cut in two, between words where
//! there are any.
//!
//! Channels differ in what they count: [`Characters`], [`Utf16Units`], [`Utf8Bytes`], or a [`Count`] of the plugin's
//! own (SMS counts septets). What is absent: marks such as "(1/3)", which would change what the agent wrote.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::channel::{Outbound, Progress};
use crate::types::SendError;

/// The length so far of a text that is read character by character.
pub trait Count: Copy + Default {
    /// With this character behind it. Never shorter than before.
    #[must_use]
    fn plus(self, character: char) -> Self;

    /// In the provider's unit.
    fn get(self) -> usize;
}

/// The length of a whole text.
pub fn length<C: Count>(text: &str) -> usize {
    text.chars().fold(C::default(), C::plus).get()
}

/// The first message's worth of `text`, at most `max` long, and what is left; together they are the text.
///
/// The first is empty only if the text is, or if `max` is less than one character.
///
/// ```
/// use trunkline_plugin::split::{Characters, first};
/// assert_eq!(first::<Characters>("hello agents", 8), ("hello ", "agents"));
/// ```
pub fn first<C: Count>(text: &str, max: usize) -> (&str, &str) {
    let end = fitting::<C>(text, max);
    if end == text.len() {
        return (text, "");
    }
    text.split_at(word_boundary(&text[..end]).unwrap_or(end))
}

/// All messages of `text`, each at most `max` long; none for an empty text.
///
/// # Panics
/// Never: a `max` of less than one character gives what is left as one last piece.
pub fn all<C: Count>(mut text: &str, max: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    while !text.is_empty() {
        let (part, rest) = match first::<C>(text, max) {
            ("", whole) => (whole, ""),
            cut => cut,
        };
        parts.push(part);
        text = rest;
    }
    parts
}

/// What of `text` to send in this call, at most `max` long, and how far the message is once it went: `rest` holds the
/// byte at which the next call begins, as decimal digits.
///
/// # Errors
/// `Refused`: the message was begun by a plugin that wrote `rest` otherwise.
pub fn part<'a, C: Count>(
    message: &Outbound,
    text: &'a str,
    max: usize,
) -> Result<(&'a str, Progress), SendError> {
    let start = match &message.rest {
        None => Some(0),
        Some(rest) => std::str::from_utf8(rest)
            .ok()
            .and_then(|digits| digits.parse().ok()),
    };
    let left = start.and_then(|start| text.get(start..)).ok_or_else(|| {
        SendError::Refused("another version of the plugin began this message".to_owned())
    })?;
    let (part, rest) = first::<C>(left, max);
    if rest.is_empty() {
        return Ok((part, Progress::All));
    }
    let next = (text.len() - rest.len()).to_string();
    Ok((part, Progress::Rest(next.into_bytes())))
}

/// How many bytes fit, ending between two graphemes.
fn fitting<C: Count>(text: &str, max: usize) -> usize {
    let mut length = C::default();
    for (at, grapheme) in text.grapheme_indices(true) {
        length = grapheme.chars().fold(length, C::plus);
        if length.get() > max {
            // A grapheme that is longer than a message must be cut somewhere.
            return if at == 0 {
                fitting_characters::<C>(text, max)
            } else {
                at
            };
        }
    }
    text.len()
}

fn fitting_characters<C: Count>(text: &str, max: usize) -> usize {
    let mut length = C::default();
    for (at, character) in text.char_indices() {
        length = length.plus(character);
        if length.get() > max {
            return at;
        }
    }
    text.len()
}

/// Behind the last white space, unless that would leave the message less than half full.
fn word_boundary(text: &str) -> Option<usize> {
    let (at, space) = text
        .char_indices()
        .rev()
        .find(|(_, character)| character.is_whitespace())?;
    let end = at + space.len_utf8();
    (end > text.len() / 2).then_some(end)
}

/// Unicode scalar values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Characters(usize);

/// UTF-16 code units: an emoji is two or more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Utf16Units(usize);

/// Bytes of UTF-8.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Utf8Bytes(usize);

impl Count for Characters {
    fn plus(self, _: char) -> Self {
        Self(self.0 + 1)
    }

    fn get(self) -> usize {
        self.0
    }
}

impl Count for Utf16Units {
    fn plus(self, character: char) -> Self {
        Self(self.0 + character.len_utf16())
    }

    fn get(self) -> usize {
        self.0
    }
}

impl Count for Utf8Bytes {
    fn plus(self, character: char) -> Self {
        Self(self.0 + character.len_utf8())
    }

    fn get(self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_stays_whole() {
        let text = "a".repeat(100);
        assert_eq!(all::<Characters>(&text, 100), [text.as_str()]);
        assert!(all::<Characters>("", 100).is_empty());
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        let text = "word ".repeat(40);
        let parts = all::<Characters>(&text, 103);
        assert_eq!(parts.len(), 2);
        assert!(parts.iter().all(|part| part.ends_with("word ")));
    }

    #[test]
    fn each_count_counts_what_it_says() {
        let text = "e\u{301}😀";
        assert_eq!(length::<Characters>(text), 3);
        assert_eq!(length::<Utf16Units>(text), 4);
        assert_eq!(length::<Utf8Bytes>(text), 7);
    }

    #[test]
    fn an_emoji_of_several_characters_is_not_cut() {
        let family = "👨\u{200d}👩\u{200d}👧";
        let text = family.repeat(40);
        for part in all::<Utf16Units>(&text, 30) {
            assert!(part.len().is_multiple_of(family.len()) && part.starts_with(family));
        }
    }

    #[test]
    fn a_message_is_told_part_by_part() {
        let mut message: Outbound = serde_json::from_value(serde_json::json!({
            "delivery": "d", "seq": 1, "customer": [], "content": {"text": ""}, "author": "bot",
            "attempt": {"number": 1}
        }))
        .expect("a message");
        let text = "one two three";
        let mut told = Vec::new();
        loop {
            let (piece, progress) = part::<Characters>(&message, text, 5).expect("a part");
            told.push(piece);
            let Progress::Rest(rest) = progress else {
                break;
            };
            message.rest = Some(rest);
        }
        assert_eq!(told.concat(), text);
        assert_eq!(told.len(), 3);
        message.rest = Some(b"99".to_vec());
        assert!(part::<Characters>(&message, text, 5).is_err());
    }

    #[test]
    fn a_limit_below_one_character_loses_nothing() {
        assert_eq!(all::<Utf8Bytes>("😀😀", 3), ["😀😀"]);
    }

    proptest::proptest! {
        #[test]
        fn the_parts_together_are_the_text_and_each_fits(
            text in "(\\PC{0,30}[ \n]?|a{0,90}|😀{0,30}|e\u{301}{0,90}){0,8}",
            max in 4_usize..60,
        ) {
            let parts = all::<Utf8Bytes>(&text, max);
            proptest::prop_assert_eq!(parts.concat(), text.clone());
            proptest::prop_assert!(parts.iter().all(|part| !part.is_empty() && length::<Utf8Bytes>(part) <= max));
        }
    }
}
