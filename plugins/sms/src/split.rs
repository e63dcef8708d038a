//! Cuts a long text into provider messages: nothing lost, no character and no emoji cut in two, between words where
//! there are any.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::gsm::Length;

/// Twilio's limit for one message; counted on the air's side, which is never less than characters.
pub(crate) const LENGTH_MAX: usize = 1600;

/// The first message's worth of the text and what is left. The first is empty only if the text is.
pub(crate) fn first(text: &str) -> (&str, &str) {
    let end = fitting(text);
    if end == text.len() {
        return (text, "");
    }
    text.split_at(word_boundary(&text[..end]).unwrap_or(end))
}

/// How many bytes fit, ending between two graphemes.
fn fitting(text: &str) -> usize {
    let mut length = Length::default();
    for (at, grapheme) in text.grapheme_indices(true) {
        length = grapheme.chars().fold(length, Length::plus);
        if length.get() > LENGTH_MAX {
            // A grapheme that is longer than a message must be cut somewhere.
            return if at == 0 {
                fitting_characters(text)
            } else {
                at
            };
        }
    }
    text.len()
}

fn fitting_characters(text: &str) -> usize {
    let mut length = Length::default();
    for (at, character) in text.char_indices() {
        length = length.plus(character);
        if length.get() > LENGTH_MAX {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(mut text: &str) -> Vec<&str> {
        let mut parts = Vec::new();
        while !text.is_empty() {
            let (part, rest) = first(text);
            parts.push(part);
            text = rest;
        }
        parts
    }

    fn length(text: &str) -> usize {
        text.chars().fold(Length::default(), Length::plus).get()
    }

    #[test]
    fn a_text_that_fits_stays_whole() {
        let text = "a".repeat(LENGTH_MAX);
        assert_eq!(parts(&text), [text.as_str()]);
        assert_eq!(parts("hello").len(), 1);
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        let text = "word ".repeat(400);
        let parts = parts(&text);
        assert_eq!(parts.len(), 2);
        assert!(parts.iter().all(|part| part.ends_with("word ")));
    }

    #[test]
    fn an_emoji_of_several_characters_is_not_cut() {
        let family = "👨\u{200d}👩\u{200d}👧";
        let text = family.repeat(400);
        for part in parts(&text) {
            assert!(part.len().is_multiple_of(family.len()) && part.starts_with(family));
        }
    }

    proptest::proptest! {
        #[test]
        fn the_parts_together_are_the_text_and_each_fits(words in "(\\PC{0,30}[ \n]?|a{0,900}|😀{0,300}|e\u{301}{0,900}){0,8}") {
            let parts = parts(&words);
            proptest::prop_assert_eq!(parts.concat(), words.clone());
            proptest::prop_assert!(parts.iter().all(|part| !part.is_empty() && length(part) <= LENGTH_MAX));
        }
    }
}
