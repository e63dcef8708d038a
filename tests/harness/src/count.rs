//! What a conversation should have carried against what the ledgers say.

use std::collections::BTreeMap;
use std::fmt;

/// Counts over one direction of one or many conversations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Said by the sending side.
    pub sent: usize,
    /// Never seen by the receiving side.
    pub lost: usize,
    /// Seen more than once; each further time counts.
    pub duplicated: usize,
    /// First seen after a later one.
    pub out_of_order: usize,
}

/// One text: where it was first said, how often it was said and seen.
struct Line {
    place: usize,
    said: usize,
    seen: usize,
}

impl Count {
    /// Compares what was said, in order, with what was seen, in order. A line said twice may be seen
    /// twice. Lines seen that were never said (system messages) do not count.
    pub fn of<S: AsRef<str>, T: AsRef<str>>(said: &[S], seen: &[T]) -> Self {
        let mut lines: BTreeMap<&str, Line> = BTreeMap::new();
        for (place, text) in said.iter().enumerate() {
            let line = lines.entry(text.as_ref()).or_insert(Line {
                place,
                said: 0,
                seen: 0,
            });
            line.said += 1;
        }
        let mut highest = None;
        let mut out_of_order = 0;
        for text in seen {
            let Some(line) = lines.get_mut(text.as_ref()) else {
                continue;
            };
            line.seen += 1;
            if line.seen > 1 {
                continue;
            }
            if highest.is_some_and(|highest| line.place < highest) {
                out_of_order += 1;
            }
            highest = highest.max(Some(line.place));
        }
        Self {
            sent: said.len(),
            lost: lines
                .values()
                .map(|line| line.said.saturating_sub(line.seen))
                .sum(),
            duplicated: lines
                .values()
                .map(|line| line.seen.saturating_sub(line.said))
                .sum(),
            out_of_order,
        }
    }

    /// Everything arrived once and in order.
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.duplicated == 0 && self.out_of_order == 0
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            lost: self.lost + other.lost,
            duplicated: self.duplicated + other.duplicated,
            out_of_order: self.out_of_order + other.out_of_order,
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sent,
            lost,
            duplicated,
            out_of_order,
        } = self;
        write!(
            f,
            "{sent} sent, {lost} lost, {duplicated} duplicated, {out_of_order} out of order"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn everything_once_and_in_order_is_clean() {
        let count = Count::of(&["a", "b", "c"], &["welcome", "a", "b", "c"]);
        assert_eq!(
            count,
            Count {
                sent: 3,
                ..Count::default()
            }
        );
        assert!(count.is_clean());
    }

    #[test]
    fn a_missing_line_is_lost() {
        assert_eq!(Count::of(&["a", "b"], &["b"]).lost, 1);
    }

    #[test]
    fn a_line_seen_three_times_is_two_duplicates_and_no_disorder() {
        let count = Count::of(&["a", "b"], &["a", "b", "a", "a"]);
        assert_eq!((count.duplicated, count.out_of_order), (2, 0));
    }

    #[test]
    fn a_line_said_twice_may_be_seen_twice_and_not_once() {
        assert!(Count::of(&["a", "a", "b"], &["a", "a", "b"]).is_clean());
        assert_eq!(Count::of(&["a", "a", "b"], &["a", "b"]).lost, 1);
    }

    #[test]
    fn a_line_first_seen_after_a_later_one_is_out_of_order() {
        assert_eq!(
            Count::of(&["a", "b", "c"], &["a", "c", "b"]).out_of_order,
            1
        );
    }
}
