//! How words of a message are compared: without case and outer punctuation. Serves keywords, stop
//! words and numbered choices. Knows nothing about languages.

/// The words of a text, folded. A word of punctuation alone (an emoji) stays as it is.
pub fn tokens(text: &str) -> Vec<String> {
    let words = text.split_whitespace();
    words.map(|word| folded(word).collect()).collect()
}

/// Whether two whole messages say the same. An empty one says nothing.
pub fn same_message(one: &str, other: &str) -> bool {
    let mut others = other.split_whitespace();
    let mut is_empty = true;
    // Letter by letter: every message is held against every stop word, and most differ in the first.
    for word in one.split_whitespace() {
        let same = others
            .next()
            .is_some_and(|other| folded(word).eq(folded(other)));
        if !same {
            return false;
        }
        is_empty = false;
    }
    !is_empty && others.next().is_none()
}

/// Through upper case, so that `ß` meets `SS`.
fn folded(word: &str) -> impl Iterator<Item = char> {
    let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
    let kept = if inner.is_empty() { word } else { inner };
    kept.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_outer_punctuation_do_not_count() {
        assert!(same_message(" Stop! ", "STOP"));
        assert!(same_message("STOP  ALL.", "stop all"));
        assert!(same_message("Straße", "STRASSE"));
        assert!(same_message("ΛΟΓΟΣ", "λογος") && same_message("λογος", "ΛΟΓΟΣ"));
        assert!(!same_message("Stop texting me", "STOP"));
        assert!(!same_message("STOP", "Stop texting me"));
        assert!(!same_message("", ""));
    }

    #[test]
    fn an_emoji_is_a_word() {
        assert_eq!(tokens("👍 ok"), ["👍", "ok"]);
    }
}
