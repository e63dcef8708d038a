//! What is wrong with a configuration file, and what would be right.
//!
//! Parsers put what they find into a [`Sink`] and go on with a stand-in value, so that one run names
//! everything; nothing that was parsed with a complaint is ever used.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use serde::Serialize;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Complaint {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub fix: String,
}

/// Everything that is wrong with one file, in the order of the file. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Complaints {
    /// As it was named.
    pub file: PathBuf,
    /// In the order of the file.
    pub complaints: Vec<Complaint>,
}

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for complaint in &self.complaints {
            writeln!(
                f,
                "{}:{}:{}: {}\n    {}",
                self.file.display(),
                complaint.line,
                complaint.column,
                complaint.problem,
                complaint.fix
            )?;
        }
        let count = self.complaints.len();
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "{count} problem{plural} in {}", self.file.display())
    }
}

/// Where in the text, in bytes.
pub(super) type Place = Range<usize>;

/// Collects complaints while a text is parsed.
#[derive(Debug, Default)]
pub(super) struct Sink {
    found: RefCell<Vec<(usize, String, String)>>,
}

impl Sink {
    /// Notes a complaint.
    pub(super) fn add(&self, at: &Place, problem: impl Into<String>, fix: impl Into<String>) {
        self.found
            .borrow_mut()
            .push((at.start, problem.into(), fix.into()));
    }

    /// All of them with line and column in `text`; `None` if there are none.
    pub(super) fn into_complaints(self, file: PathBuf, text: &str) -> Option<Complaints> {
        let mut complaints: Vec<Complaint> = self
            .found
            .into_inner()
            .into_iter()
            .map(|(offset, problem, fix)| {
                let (line, column) = line_and_column(text, offset);
                Complaint {
                    line,
                    column,
                    problem,
                    fix,
                }
            })
            .collect();
        complaints.sort();
        complaints.dedup();
        (!complaints.is_empty()).then_some(Complaints { file, complaints })
    }
}

/// Line and column, both from 1, of a byte offset; columns count characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before: &str = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// ``did you mean `x`? allowed: …`` for a word that is not among `allowed`.
pub(super) fn suggest(word: &str, allowed: &[&str]) -> String {
    let list = allowed.join(", ");
    match nearest(word, allowed) {
        Some(near) => format!("did you mean `{near}`? possible here: {list}"),
        None if allowed.is_empty() => "nothing is configured that could stand here".to_owned(),
        None => format!("possible here: {list}"),
    }
}

fn nearest<'a>(word: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    allowed
        .iter()
        .map(|candidate| {
            let near = strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
            (near, *candidate)
        })
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_counts_characters_and_not_bytes() {
        assert_eq!(line_and_column("a = 1\nü = x", 10), (2, 4));
    }

    #[test]
    fn a_word_that_resembles_nothing_gets_the_list_alone() {
        assert_eq!(
            suggest("zebra", &["listen", "proxy"]),
            "possible here: listen, proxy"
        );
    }
}
