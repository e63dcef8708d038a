//! How words of a message are compared: without case and outer punctuation. Serves keywords, stop
//! words and numbered choices. Knows nothing about languages.

/// The words of a text, folded. A word of punctuation alone (an emoji) stays as it is.
pub fn tokens(text: &str) -> Vec<String> {
    words(text).collect()
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split_whitespace().map(fold)
}

/// Whether two whole messages say the same. An empty one says nothing.
pub fn same_message(one: &str, other: &str) -> bool {
    // Word by word: most messages differ from a stop word in the first.
    let mut one = words(one).peekable();
    one.peek().is_some() && one.eq(words(other))
}

/// Through upper case, so that `ß` meets `SS`.
fn fold(word: &str) -> String {
    let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
    let kept = if inner.is_empty() { word } else { inner };
    kept.to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_outer_punctuation_do_not_count() {
        assert!(same_message(" Stop! ", "STOP"));
        assert!(same_message("STOP  ALL.", "stop all"));
        assert!(same_message("Straße", "STRASSE"));
        assert!(!same_message("Stop texting me", "STOP"));
        assert!(!same_message("", ""));
    }

    #[test]
    fn an_emoji_is_a_word() {
        assert_eq!(tokens("👍 ok"), ["👍", "ok"]);
    }
}
