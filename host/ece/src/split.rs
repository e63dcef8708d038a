//! A long text in pieces that lose nothing.
//!
//! Lengths are counted in UTF-16 units, as ECE (a Java program) counts. The pieces put together are
//! the text; no character that people see as one is cut, unless it alone is longer than the limit.

use unicode_segmentation::UnicodeSegmentation;

/// The longest beginning of a text that is within the limit.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    &text[..end_of_piece(text, limit)]
}

/// The pieces of a text, each within the limit. They end behind a line break or a space where one is
/// found in the second half of the piece. An empty text is one empty piece.
pub(crate) fn pieces(text: &str, limit: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while units(rest) > limit {
        let end = gentle_end(rest, end_of_piece(rest, limit));
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    if pieces.is_empty() || !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

fn end_of_piece(text: &str, limit: usize) -> usize {
    let by_graphemes = end_within(text.graphemes(true), limit);
    if by_graphemes > 0 || text.is_empty() {
        return by_graphemes;
    }
    let by_characters = end_within(
        text.char_indices()
            .map(|(at, c)| &text[at..at + c.len_utf8()]),
        limit,
    );
    // Settings are at least 2, which any character is within; one character more is the way out of
    // an endless loop should that ever change.
    by_characters.max(text.chars().next().map_or(0, char::len_utf8))
}

fn end_within<'a>(parts: impl Iterator<Item = &'a str>, limit: usize) -> usize {
    let mut used = 0;
    let mut end = 0;
    for part in parts {
        used += units(part);
        if used > limit {
            break;
        }
        end += part.len();
    }
    end
}

fn gentle_end(text: &str, end: usize) -> usize {
    let piece = &text[..end];
    let late = |at: &usize| *at > end / 2;
    let line = piece.rfind('\n').map(|at| at + 1).filter(late);
    line.or_else(|| piece.rfind(' ').map(|at| at + 1).filter(late))
        .unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_put_together_are_the_text_and_each_is_within_the_limit() {
        let family = "👨‍👩‍👧‍👦";
        let text =
            format!("one two\nthree  four {family}{family} مرحبا e\u{301}\u{302}x\r\n\u{0}end ")
                .repeat(5);
        for limit in 2..60 {
            let pieces = pieces(&text, limit);
            assert_eq!(pieces.concat(), text, "limit {limit}");
            assert!(
                pieces
                    .iter()
                    .all(|piece| units(piece) <= limit && !piece.is_empty()),
                "limit {limit}"
            );
        }
    }

    #[test]
    fn a_short_text_stays_whole() {
        assert_eq!(pieces("", 5), [""]);
        assert_eq!(pieces("hello", 5), ["hello"]);
    }

    #[test]
    fn a_piece_ends_behind_a_space_and_never_inside_an_emoji() {
        assert_eq!(pieces("hello big world", 11), ["hello big ", "world"]);
        assert_eq!(pieces("ab👍🏽cd", 5), ["ab", "👍🏽c", "d"]);
        assert_eq!(cut("ab👍🏽cd", 5), "ab");
    }
}
