//! How long a text is on the air: in GSM 03.38 if all its characters are in that alphabet, else in UCS-2.
//!
//! A single message holds 160 septets or 70 UTF-16 units; the parts of a longer one 153 or 67. Characters of the
//! extension table cost two septets, those beyond the basic plane two units, and neither pair is ever cut in two.

use trunkline_plugin::split::Count;

const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ\
                     ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

const SINGLE: (usize, usize) = (160, 70);
const PART: (usize, usize) = (153, 67);

/// The length so far of a text that is read character by character, in both counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Length {
    septets: usize,
    units: usize,
    beyond_gsm: bool,
}

impl Count for Length {
    fn plus(self, character: char) -> Self {
        let septets = septets(character);
        Self {
            septets: self.septets + septets.unwrap_or(0),
            units: self.units + character.len_utf16(),
            beyond_gsm: self.beyond_gsm || septets.is_none(),
        }
    }

    fn get(self) -> usize {
        if self.beyond_gsm {
            self.units
        } else {
            self.septets
        }
    }
}

/// Whether all its characters are in the alphabet.
pub(crate) fn is_gsm(text: &str) -> bool {
    text.chars().all(|character| septets(character).is_some())
}

/// How many messages go over the air for this text; what the provider charges for.
pub(crate) fn segments(text: &str) -> usize {
    let length = text.chars().fold(Length::default(), Length::plus);
    let (single, part) = if length.beyond_gsm {
        (SINGLE.1, PART.1)
    } else {
        (SINGLE.0, PART.0)
    };
    if length.get() <= single {
        1
    } else {
        parts(text, length.beyond_gsm, part)
    }
}

fn parts(text: &str, beyond_gsm: bool, part: usize) -> usize {
    let cost = |character: char| {
        if beyond_gsm {
            character.len_utf16()
        } else {
            septets(character).unwrap_or(1)
        }
    };
    let mut count = 1;
    let mut used = 0;
    for cost in text.chars().map(cost) {
        if used + cost > part {
            count += 1;
            used = 0;
        }
        used += cost;
    }
    count
}

/// `None` if the character is not in the alphabet.
fn septets(character: char) -> Option<usize> {
    if BASIC.contains(character) {
        Some(1)
    } else {
        EXTENSION.contains(character).then_some(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodings and sizes as computed for the reference, two of them checked against SMPP libraries.
    #[test]
    fn texts_take_as_many_segments_as_in_the_reference() {
        let cases = [
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            (format!("{}€", "a".repeat(158)), 1),
            (format!("{}€", "a".repeat(159)), 2),
            (format!("{}€{}", "a".repeat(152), "a".repeat(10)), 2),
            ("ж".repeat(70), 1),
            ("ж".repeat(71), 2),
            ("ж".repeat(134), 2),
            ("ж".repeat(135), 3),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
            (format!("{}😀{}", "ж".repeat(66), "ж".repeat(10)), 2),
            (format!("{}’", "a".repeat(158)), 3),
            (String::new(), 1),
        ];
        for (text, expected) in cases {
            assert_eq!(segments(&text), expected, "{text}");
        }
    }

    #[test]
    fn an_escape_pair_is_not_cut() {
        // 152 + 2 do not fit into 153: the pair begins the second part, which then overflows into a third.
        let text = format!("{}€{}", "a".repeat(152), "a".repeat(152));
        assert_eq!(segments(&text), 3);
    }

    #[test]
    fn the_alphabet_has_128_places_and_knows_its_neighbours() {
        // 127 characters and the escape.
        assert_eq!(BASIC.chars().count(), 127);
        for outside in ['`', 'ç', '’', '…', '–', '\t', 'á', 'í', 'ó', 'ú', 'ê'] {
            assert_eq!(septets(outside), None, "{outside}");
        }
        let length = "Order [42] costs €5"
            .chars()
            .fold(Length::default(), Length::plus);
        assert_eq!(length.get(), 22);
    }
}
