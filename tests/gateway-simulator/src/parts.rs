//! How a text is cut for the air: 160 septets of GSM 03.38 or 70 UTF-16 units alone, 153 or 67 a part.

const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ\
                     ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// What the phone shows of a text sent as `text`: characters that GSM does not have become question marks.
pub(crate) fn as_gsm(text: &str) -> String {
    let in_gsm = |character: &char| BASIC.contains(*character) || EXTENSION.contains(*character);
    text.chars()
        .map(|character| if in_gsm(&character) { character } else { '?' })
        .collect()
}

/// The parts of it; one even if it is empty. No escape pair and no surrogate pair is cut.
pub(crate) fn parts(text: &str, unicode: bool) -> Vec<String> {
    let cost = |character: char| match unicode {
        true => character.len_utf16(),
        false => 1 + usize::from(EXTENSION.contains(character)),
    };
    let (single, each) = if unicode { (70, 67) } else { (160, 153) };
    if text.chars().map(cost).sum::<usize>() <= single {
        return vec![text.to_owned()];
    }
    let mut parts = vec![String::new()];
    let mut used = 0;
    for character in text.chars() {
        if used + cost(character) > each {
            parts.push(String::new());
            used = 0;
        }
        used += cost(character);
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_as_in_the_reference() {
        for (text, unicode, sizes) in [
            ("a".repeat(160), false, vec![160]),
            ("a".repeat(161), false, vec![153, 8]),
            (
                format!("{}€{}", "a".repeat(152), "a".repeat(10)),
                false,
                vec![152, 11],
            ),
            ("ж".repeat(71), true, vec![67, 4]),
            ("😀".repeat(36), true, vec![33, 3]),
        ] {
            let found: Vec<_> = parts(&text, unicode)
                .iter()
                .map(|part| part.chars().count())
                .collect();
            assert_eq!(found, sizes);
        }
        assert_eq!(as_gsm("a☕€"), "a?€");
    }
}
