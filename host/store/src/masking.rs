//! Finds what must not be kept, and replaces it: card numbers, and what the operator's patterns match.
//!
//! A card number is 13 to 19 digits, single spaces or dashes between them, with a right check digit
//! (Luhn). It becomes `****` and its last four digits. A pattern's match becomes `****`. Every other
//! character stays as it is. Which members of an event are people's words is `masked`'s knowledge.

use std::collections::BTreeMap;

use regex::Regex;
use trunkline_core::id::ChannelName;

/// What replaces a match.
const MASK: &str = "****";

/// Digits of a card number.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// What is masked where.
#[derive(Debug, Clone, Default)]
pub struct Masking {
    /// For channels that are not named.
    pub default: Directions,
    /// By channel.
    pub channels: BTreeMap<ChannelName, Directions>,
}

/// What is masked a direction.
#[derive(Debug, Clone, Default)]
pub struct Directions {
    /// What customers write.
    pub inbound: Mask,
    /// What agents, bots and the configuration say.
    pub outbound: Mask,
}

/// What is masked in one direction.
#[derive(Debug, Clone)]
pub struct Mask {
    /// Card numbers.
    pub cards: bool,
    /// Matches of these, in order, after the cards.
    pub patterns: Vec<Regex>,
}

impl Default for Mask {
    fn default() -> Self {
        Self {
            cards: true,
            patterns: Vec::new(),
        }
    }
}

impl Masking {
    /// The rules of a channel; of none in particular while it is not known.
    pub(crate) fn of(&self, channel: Option<&ChannelName>) -> &Directions {
        channel
            .and_then(|name| self.channels.get(name))
            .unwrap_or(&self.default)
    }
}

impl Mask {
    /// Masks in place, and tells whether it changed anything. Applied twice it changes nothing more, as far as the
    /// patterns leave `****` alone.
    pub fn apply(&self, text: &mut String) -> bool {
        let mut changed = self.cards && may_hold_card(text) && mask_cards(text);
        for pattern in &self.patterns {
            if pattern.is_match(text) {
                changed = true;
                *text = pattern
                    .replace_all(text, regex::NoExpand(MASK))
                    .into_owned();
            }
        }
        changed
    }
}

/// Spares most texts the search.
fn may_hold_card(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= *CARD_DIGITS.start()
}

/// A digit of a run: its value, where it stands, and whether a separator stands before it.
#[derive(Clone, Copy)]
struct Digit {
    value: u32,
    at: usize,
    begins_group: bool,
}

impl Mask {
    /// Masks in place without changing lengths or forms: what `apply` would replace keeps its signs and separators, digits
    /// become 9, letters x, the last four digits of a card stay. For texts that programs read, as JSON bodies. Tells whether it
    /// changed anything.
    pub fn blank(&self, text: &mut String) -> bool {
        let mut found: Vec<std::ops::Range<usize>> = Vec::new();
        if self.cards && may_hold_card(text) {
            let cards = runs(text)
                .iter()
                .flat_map(|run| cards(run))
                .collect::<Vec<_>>();
            found.extend(cards.into_iter().map(|(from, last_four)| from..last_four));
        }
        for pattern in &self.patterns {
            found.extend(pattern.find_iter(text).map(|found| found.range()));
        }
        if found.is_empty() {
            return false;
        }
        let blanked = text.char_indices().map(|(at, char)| {
            if found.iter().any(|range| range.contains(&at)) {
                blank_char(char)
            } else {
                char
            }
        });
        let blanked: String = blanked.collect();
        let changed = blanked != *text;
        *text = blanked;
        changed
    }
}

fn blank_char(char: char) -> char {
    if char.is_numeric() {
        '9'
    } else if char.is_alphabetic() {
        'x'
    } else {
        char
    }
}

fn mask_cards(text: &mut String) -> bool {
    let found: Vec<(usize, usize)> = runs(text).iter().flat_map(|run| cards(run)).collect();
    let any = !found.is_empty();
    // From the end, so that earlier places stay true.
    for (from, last_four) in found.into_iter().rev() {
        let tail: String = text[last_four..]
            .chars()
            .filter(char::is_ascii_digit)
            .take(4)
            .collect();
        let end = end_of_digits(text, last_four, 4);
        text.replace_range(from..end, &format!("{MASK}{tail}"));
    }
    any
}

/// Digits with at most one separator between neighbours.
fn runs(text: &str) -> Vec<Vec<Digit>> {
    let mut runs: Vec<Vec<Digit>> = Vec::new();
    let mut run: Vec<Digit> = Vec::new();
    let mut separators = 0;
    for (at, char) in text.char_indices() {
        if let Some(value) = char.to_digit(10) {
            let begins_group = separators > 0 || run.is_empty();
            run.push(Digit {
                value,
                at,
                begins_group,
            });
            separators = 0;
        } else if is_separator(char) && separators == 0 && !run.is_empty() {
            separators = 1;
        } else {
            runs.push(std::mem::take(&mut run));
            separators = 0;
        }
    }
    runs.push(run);
    runs.retain(|run| run.len() >= *CARD_DIGITS.start());
    runs
}

fn is_separator(char: char) -> bool {
    matches!(
        char,
        ' ' | '-' | '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{2010}'..='\u{2015}'
    )
}

/// Card numbers in a run, each as the places of its first digit and of its last four. A number begins
/// and ends where a group of digits does, so that one of twenty digits in a row is none.
fn cards(run: &[Digit]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    while from < run.len() {
        match card_length(&run[from..]) {
            Some(length) if run[from].begins_group => {
                found.push((run[from].at, run[from + length - 4].at));
                from += length;
            }
            _ => from += 1,
        }
    }
    found
}

/// The longest card number at the start of these digits.
fn card_length(digits: &[Digit]) -> Option<usize> {
    CARD_DIGITS.rev().find(|&length| {
        let ends_group = digits.get(length).is_none_or(|next| next.begins_group);
        digits.len() >= length && ends_group && is_luhn(&digits[..length])
    })
}

fn is_luhn(digits: &[Digit]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => digit.value,
            _ => digit.value * 2 / 10 + digit.value * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Just behind the `count`th digit from `from` on.
fn end_of_digits(text: &str, from: usize, count: usize) -> usize {
    text[from..]
        .char_indices()
        .filter(|(_, char)| char.is_ascii_digit())
        .nth(count - 1)
        .map_or(text.len(), |(at, _)| from + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        let mut text = text.to_owned();
        Mask::default().apply(&mut text);
        text
    }

    #[test]
    fn card_numbers_keep_their_last_four_digits() {
        assert_eq!(masked("4111111111111111"), "****1111");
        assert_eq!(
            masked("my card: 4111 1111 1111 1111, ok?"),
            "my card: ****1111, ok?"
        );
        assert_eq!(masked("5500-0000-0000-0004"), "****0004");
        assert_eq!(masked("378282246310005"), "****0005");
        assert_eq!(masked("4222222222222"), "****2222");
    }

    #[test]
    fn two_card_numbers_in_a_row_are_both_masked() {
        assert_eq!(
            masked("4111 1111 1111 1111 5500 0000 0000 0004"),
            "****1111 ****0004"
        );
    }

    #[test]
    fn a_number_beside_a_card_stays() {
        assert_eq!(masked("12 4111 1111 1111 1111 35"), "12 ****1111 35");
    }

    #[test]
    fn numbers_that_are_no_cards_stay() {
        for text in [
            "4111111111111112",
            "411111111111111",
            "41111111111111111111111",
            "4111  1111  1111  1111",
            "+49 170 1234567",
            "2026-01-01 12:00:00.000",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn no_other_character_changes() {
        assert_eq!(
            masked("\u{202e}\"x\"\n\t\u{1F600} 4111\u{a0}1111 1111-1111\u{0}é"),
            "\u{202e}\"x\"\n\t\u{1F600} ****1111\u{0}é"
        );
    }

    #[test]
    fn masking_twice_changes_nothing_more() {
        let once = masked("a 4111 1111 1111 1111 b");
        assert_eq!(masked(&once), once);
    }

    #[test]
    fn blanking_leaves_json_what_it_is() {
        let mask = Mask {
            cards: true,
            patterns: vec![Regex::new(r"\b[A-Z]{2}\d{9}\b").expect("a pattern")],
        };
        let mut text =
            r#"{"text":"4111 1111-11111111, \"AB123456789\"","id":4111111111111111}"#.to_owned();
        assert!(mask.blank(&mut text));
        assert_eq!(
            text,
            r#"{"text":"9999 9999-99991111, \"xx999999999\"","id":9999999999991111}"#
        );
        assert!(!mask.blank(&mut "+49 170 1234567".to_owned()));
    }

    #[test]
    fn a_pattern_is_masked_and_cards_can_be_left() {
        let mask = Mask {
            cards: false,
            patterns: vec![Regex::new(r"\b[A-Z]{2}\d{9}\b").expect("a pattern")],
        };
        let mut text = "id AB123456789 card 4111111111111111 $0".to_owned();
        mask.apply(&mut text);
        assert_eq!(text, "id **** card 4111111111111111 $0");
    }
}
