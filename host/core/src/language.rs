//! What language a customer writes: evidence over their messages, and an answer once it is sure.
//!
//! Each message is ranked by `whatlang` among [`EXPECTED`] languages; how far one is before the next
//! becomes nats (natural logarithms of odds), and what earlier messages said fades by [`DECAY`].
//! The customer's locale on the channel counts [`NATS_LOCALE`]. While no language has
//! [`SHARE_SURE`] of it all, the answer is none: a wrong queue is worse than the general one.
//!
//! Known weakness: no list of frequent words stands behind it. Of 22 invented chats in 13 languages
//! it is sure of 5 after one message of a few words, of 11 after two, of 18 after four (with the
//! right locale 5, 18 and 20), and then right; English takes longest. A language that is not
//! expected may be taken for its neighbour.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use whatlang::{Detector, Lang};

use crate::event::LanguageGuess;
use crate::id::Language;

/// What is left of earlier evidence when a message comes.
const DECAY: f64 = 0.7;
/// Nats between neighbours in the ranking at confidence 1. More is sure sooner, and wrong more often.
const NATS_PER_CONFIDENCE: f64 = 6.0;
/// The most that one message says for a language.
const NATS_MAX: f64 = 5.0;
/// What the locale says.
const NATS_LOCALE: f64 = 1.0;
/// Below this the answer is none.
const SHARE_SURE: f64 = 0.7;
/// Evidence below this is forgotten.
const MILLINATS_MIN: i32 = 50;
/// Places of the ranking that are looked at.
const RANKS: usize = 8;
/// Characters of a message that are looked at.
const TEXT_MAX: usize = 400;
/// Fewer letters say nothing.
const LETTERS_MIN: usize = 3;
/// Fewer letters say nothing new once a language has [`SHARE_CERTAIN`]: "ok" and names are the same
/// in most, and looking costs a tenth of a millisecond.
const LETTERS_FEW: usize = 16;
const SHARE_CERTAIN: f64 = 0.97;
/// The most messages that are not looked at between two that are, once a language is certain: few people change it in the
/// middle of a conversation, and looking is a sixth of what a message costs the host.
const UNSEEN_MAX: u8 = 3;

#[rustfmt::skip]
/// What customers are expected to write. The detector knows twice as many, and in short messages
/// finds them everywhere.
const EXPECTED: &[Lang] = &[
    Lang::Ara, Lang::Ben, Lang::Bul, Lang::Cat, Lang::Ces, Lang::Cmn, Lang::Dan, Lang::Deu,
    Lang::Ell, Lang::Eng, Lang::Fin, Lang::Fra, Lang::Heb, Lang::Hin, Lang::Hrv, Lang::Hun,
    Lang::Ind, Lang::Ita, Lang::Jpn, Lang::Kor, Lang::Nld, Lang::Nob, Lang::Pes, Lang::Pol,
    Lang::Por, Lang::Ron, Lang::Rus, Lang::Slk, Lang::Spa, Lang::Swe, Lang::Tgl, Lang::Tha,
    Lang::Tur, Lang::Ukr, Lang::Urd, Lang::Vie,
];

#[rustfmt::skip]
/// Our tags for the detector's codes; a code that is not here is its own tag.
const TAGS: &[(&str, &str)] = &[
    ("ara", "ar"), ("ben", "bn"), ("bul", "bg"), ("cat", "ca"), ("ces", "cs"), ("cmn", "zh"),
    ("dan", "da"), ("deu", "de"), ("ell", "el"), ("eng", "en"), ("fin", "fi"), ("fra", "fr"),
    ("heb", "he"), ("hin", "hi"), ("hrv", "hr"), ("hun", "hu"), ("ind", "id"), ("ita", "it"),
    ("jpn", "ja"), ("kor", "ko"), ("nld", "nl"), ("nob", "no"), ("pes", "fa"), ("pol", "pl"),
    ("por", "pt"), ("ron", "ro"), ("rus", "ru"), ("slk", "sk"), ("spa", "es"), ("swe", "sv"),
    ("tgl", "tl"), ("tha", "th"), ("tur", "tr"), ("ukr", "uk"), ("urd", "ur"), ("vie", "vi"),
    // Known by their script alone.
    ("amh", "am"), ("guj", "gu"), ("hye", "hy"), ("kan", "kn"), ("kat", "ka"), ("khm", "km"),
    ("mal", "ml"), ("mya", "my"), ("ori", "or"), ("pan", "pa"), ("sin", "si"), ("tam", "ta"),
    ("tel", "te"),
];

/// What their messages so far say about their language.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Thousandths of a nat for each language that has any: whole numbers, so that what the store
    /// gives back is what it was given.
    #[serde(default)]
    millinats: BTreeMap<Language, i32>,
    /// How often in a row the certain language was found again, counted up to [`UNSEEN_MAX`].
    #[serde(default)]
    confirmed: u8,
    /// Messages since then that were not looked at.
    #[serde(default)]
    unseen: u8,
}

impl Evidence {
    /// Takes a message into account. Addresses, links and numbers are no words. A language that stays the same is
    /// looked at less and less, at last every fourth time; any doubt, and each message is looked at again.
    pub fn observe(&mut self, text: &str) {
        let text = words_only(text);
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        let certain = self.certain();
        if letters < LETTERS_MIN || (letters < LETTERS_FEW && certain.is_some()) {
            return;
        }
        if certain.is_some() && self.unseen < self.confirmed {
            self.unseen += 1;
            return;
        }
        let ranked = ranked(&text, certain.as_ref());
        self.count_look(
            ranked.first().map(|(language, _)| language),
            certain.as_ref(),
        );
        for millinats in self.millinats.values_mut() {
            *millinats = scaled(f64::from(*millinats), DECAY);
        }
        for (language, nats) in ranked {
            *self.millinats.entry(language).or_default() += scaled(nats, 1000.0);
        }
        self.millinats
            .retain(|_, millinats| *millinats >= MILLINATS_MIN);
    }

    fn count_look(&mut self, found: Option<&Language>, certain: Option<&Language>) {
        let again = certain.is_some() && found == certain;
        self.unseen = 0;
        self.confirmed = if again {
            (self.confirmed + 1).min(UNSEEN_MAX)
        } else {
            0
        };
    }

    fn certain(&self) -> Option<Language> {
        let guess = guess(self, None).filter(|guess| guess.share >= SHARE_CERTAIN);
        guess.map(|guess| guess.language)
    }
}

/// The language, once it is sure; before the first words it never is. `locale` is the channel's
/// word, such as `es_MX`.
pub fn guess(evidence: &Evidence, locale: Option<&str>) -> Option<LanguageGuess> {
    if evidence.millinats.is_empty() {
        return None;
    }
    let in_nats = |(language, millinats): (&Language, &i32)| {
        (language.clone(), f64::from(*millinats) / 1000.0)
    };
    let mut nats: BTreeMap<Language, f64> = evidence.millinats.iter().map(in_nats).collect();
    if let Some(locale) = locale
        .map(locale_language)
        .filter(|tag| !tag.as_str().is_empty())
    {
        *nats.entry(locale).or_default() += NATS_LOCALE;
    }
    // The 1 stands for all the languages that nothing speaks for.
    let all: f64 = 1.0 + nats.values().map(|nats| nats.exp()).sum::<f64>();
    let (language, best) = nats
        .into_iter()
        .max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    let share = best.exp() / all;
    (share >= SHARE_SURE).then_some(LanguageGuess { language, share })
}

/// Rounded; evidence stays far below what an `i32` holds.
#[expect(clippy::cast_possible_truncation, reason = "a few thousand at most")]
fn scaled(number: f64, factor: f64) -> i32 {
    (number * factor).round() as i32
}

fn locale_language(locale: &str) -> Language {
    let first = locale
        .split(['_', '-', '.'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    Language(if first == "nb" || first == "nn" {
        "no".to_owned()
    } else {
        first
    })
}

/// Languages of the first ranks, and how many nats each is above what is not among them. One that is certain already and
/// ranks first again is all that is looked for: each further rank costs as much as the first.
fn ranked(text: &str, certain: Option<&Language>) -> Vec<(Language, f64)> {
    let mut expected = EXPECTED.to_vec();
    let mut behind = 0.0;
    let mut ranks = Vec::new();
    while ranks.len() < RANKS && behind < NATS_MAX && !expected.is_empty() {
        let Some(found) = Detector::with_allowlist(expected.clone()).detect(text) else {
            break;
        };
        // For a script with one language the detector does not look at the list.
        if !ranks.is_empty() && !expected.contains(&found.lang()) {
            break;
        }
        let language = tag(found.lang());
        if ranks.is_empty() && certain == Some(&language) {
            return vec![(language, NATS_MAX)];
        }
        ranks.push((language, NATS_MAX - behind));
        expected.retain(|lang| *lang != found.lang());
        behind += found.confidence() * NATS_PER_CONFIDENCE;
    }
    above_the_rest(ranks, behind)
}

/// Beyond the last rank come all the others: only what is above them speaks for a language.
fn above_the_rest(ranks: Vec<(Language, f64)>, behind: f64) -> Vec<(Language, f64)> {
    let rest = if ranks.len() < RANKS {
        0.0
    } else {
        (NATS_MAX - behind).max(0.0)
    };
    ranks
        .into_iter()
        .map(|(language, nats)| (language, nats - rest))
        .collect()
}

fn tag(lang: Lang) -> Language {
    let code = lang.code();
    let known = TAGS.iter().find(|(theirs, _)| *theirs == code);
    Language::from(known.map_or(code, |(_, ours)| ours))
}

fn words_only(text: &str) -> String {
    let start: String = text.chars().take(TEXT_MAX).collect();
    let words = start.split_whitespace().filter(|word| is_word(word));
    words.collect::<Vec<_>>().join(" ")
}

fn is_word(word: &str) -> bool {
    let is_address = word.contains('@') || word.contains("://") || word.starts_with("www.");
    !is_address && !word.chars().any(|c| c.is_numeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(messages: &[&str], locale: Option<&str>) -> Option<String> {
        let mut evidence = Evidence::default();
        for message in messages {
            evidence.observe(message);
        }
        guess(&evidence, locale).map(|guess| guess.language.0)
    }

    const TALKS: &[(&str, [&str; 3])] = &[
        (
            "en",
            [
                "my parcel has not arrived yet",
                "can you help me please?",
                "it is broken and I want my money back",
            ],
        ),
        (
            "es",
            [
                "hola",
                "¿dónde está mi pedido?",
                "no ha llegado todavía, quiero hablar con alguien",
            ],
        ),
        (
            "de",
            [
                "hallo",
                "wo ist meine Bestellung?",
                "ich möchte mein Geld zurück",
            ],
        ),
        (
            "fr",
            [
                "bonjour",
                "où est ma commande ?",
                "je voudrais parler à quelqu'un",
            ],
        ),
        (
            "it",
            [
                "ciao",
                "dove è il mio ordine?",
                "vorrei parlare con qualcuno",
            ],
        ),
        (
            "pl",
            [
                "dzień dobry",
                "gdzie jest moje zamówienie?",
                "paczka jeszcze nie przyszła",
            ],
        ),
        (
            "ru",
            ["здравствуйте", "где мой заказ?", "посылка ещё не пришла"],
        ),
        ("ar", ["مرحبا", "أين طلبي؟", "لم يصل الطرد بعد"]),
        (
            "ja",
            ["こんにちは", "注文はどこですか", "まだ届いていません"],
        ),
    ];

    #[test]
    fn three_messages_and_a_locale_tell_the_language() {
        for (language, messages) in TALKS {
            let locale = format!("{language}_XX");
            assert_eq!(after(messages, Some(&locale)).as_deref(), Some(*language));
        }
    }

    #[test]
    fn without_a_locale_it_is_right_or_not_sure() {
        let sure = |(language, messages): &(&str, [&str; 3])| {
            let answers = (1..=3).map(|count| after(&messages[..count], None));
            let sure: Vec<_> = answers.flatten().collect();
            assert!(
                sure.iter().all(|answer| answer == language),
                "{language}: {sure:?}"
            );
            !sure.is_empty()
        };
        assert!(TALKS.iter().filter(|talk| sure(talk)).count() > TALKS.len() / 2);
    }

    #[test]
    fn a_short_word_says_too_little() {
        for word in ["ok", "hola", "refund", "ORDERS 7 please", "👍", ""] {
            assert_eq!(after(&[word], None), None, "{word}");
        }
    }

    #[test]
    fn short_words_do_not_move_what_is_certain() {
        assert_eq!(
            after(&[GERMAN, "ok", "please", "thanks", "bye"], None).as_deref(),
            Some("de")
        );
    }

    #[test]
    fn the_locale_alone_is_no_answer() {
        assert_eq!(after(&[], Some("es_MX")), None);
    }

    #[test]
    fn links_addresses_and_numbers_are_no_words() {
        let link = "https://example.com/wo/ist/meine/bestellung";
        assert_eq!(after(&[link, "wo@ist.meine", "12345 7a"], Some("de")), None);
        assert_eq!(
            words_only("see www.example.com or a@b.c at 10am"),
            "see or at"
        );
    }

    #[test]
    fn who_changes_language_is_followed() {
        assert_eq!(after(&[GERMAN, GERMAN], None).as_deref(), Some("de"));
        assert_eq!(
            after(&[GERMAN, GERMAN, POLISH, POLISH, POLISH], None).as_deref(),
            Some("pl")
        );
    }

    const GERMAN: &str = "Mein Paket ist noch nicht angekommen, können Sie mir helfen?";
    const POLISH: &str = "Paczka jeszcze nie przyszła, czy możecie mi pomóc?";

    #[test]
    fn a_language_that_stays_is_looked_at_every_fourth_time() {
        let mut evidence = Evidence::default();
        let mut looked = Vec::new();
        for number in 1..=20 {
            let before = evidence.unseen;
            evidence.observe(GERMAN);
            if evidence.unseen <= before {
                looked.push(number);
            }
        }
        assert_eq!(looked, [1, 2, 4, 7, 11, 15, 19]);
    }

    #[test]
    fn who_changes_language_late_is_followed_after_six_messages_at_most() {
        for talk in 2..=20 {
            let mut messages = vec![GERMAN; talk];
            messages.extend([POLISH; 6]);
            assert_eq!(after(&messages, None).as_deref(), Some("pl"), "{talk}");
        }
    }

    #[test]
    fn every_language_that_is_expected_has_a_tag() {
        assert!(EXPECTED.iter().all(|lang| tag(*lang).as_str().len() == 2));
    }
}
