//! What has arrived so far, and what is still on its way.

use serde::Serialize;

use crate::count::Count;

/// Counts over one direction while people are still writing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Progress {
    sent: usize,
    on_the_way: usize,
    lost: usize,
    duplicated: usize,
    out_of_order: usize,
}

impl Progress {
    /// Of one conversation: what was said, in order, and what was seen, in order. A lane keeps its order, so a line
    /// that is missing while a later one was seen is lost; one after the last that was seen is on its way.
    pub(super) fn of<S: AsRef<str>, T: AsRef<str>>(said: &[S], seen: &[T]) -> Self {
        let last = said
            .iter()
            .rposition(|said| seen.iter().rev().any(|seen| seen.as_ref() == said.as_ref()));
        let arrived = last.map_or(0, |last| last + 1);
        let count = Count::of(&said[..arrived], seen);
        Self {
            sent: said.len(),
            on_the_way: said.len() - arrived,
            lost: count.lost,
            duplicated: count.duplicated,
            out_of_order: count.out_of_order,
        }
    }

    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            on_the_way: self.on_the_way + other.on_the_way,
            lost: self.lost + other.lost,
            duplicated: self.duplicated + other.duplicated,
            out_of_order: self.out_of_order + other.out_of_order,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_behind_the_last_seen_are_on_their_way() {
        let progress = Progress::of(&["a", "b", "c"], &["welcome", "a"]);
        assert_eq!((progress.on_the_way, progress.lost), (2, 0));
        assert_eq!(Progress::of(&["a"], &[] as &[&str]).on_the_way, 1);
    }

    #[test]
    fn a_line_missing_before_a_later_one_is_lost() {
        let progress = Progress::of(&["a", "b", "c"], &["a", "c"]);
        assert_eq!((progress.on_the_way, progress.lost), (0, 1));
    }

    #[test]
    fn a_line_seen_twice_or_too_early_is_counted() {
        let progress = Progress::of(&["a", "b", "c"], &["b", "a", "a", "c"]);
        assert_eq!((progress.duplicated, progress.out_of_order), (1, 1));
    }
}
