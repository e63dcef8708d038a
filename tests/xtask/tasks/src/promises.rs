//! Holds `tests/promises.toml` against the tests that were just run: every promise of the product
//! we replace has a test that shows it, or names the issue that will.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::suite::{Verdict, Verdicts};

/// The highest Z number.
const LAST: u32 = 60;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[allow(dead_code, reason = "for people")]
    says: String,
    /// `package::path::name`, one or several.
    #[serde(default)]
    tests: Vec<String>,
    /// What is still missing, and the issue that will bring it.
    issue: Option<u32>,
}

/// What is wrong with the file, one complaint a line.
pub(crate) fn complaints(file: &Path, verdicts: &Verdicts) -> Vec<String> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return vec![format!("{}: {error}", file.display())],
    };
    let rows: BTreeMap<String, Row> = match toml::from_str(&text) {
        Ok(rows) => rows,
        Err(error) => return vec![format!("{}: {error}", file.display())],
    };
    check(&rows, verdicts)
}

fn check(rows: &BTreeMap<String, Row>, verdicts: &Verdicts) -> Vec<String> {
    let mut complaints = Vec::new();
    for number in 1..=LAST {
        let name = format!("Z{number}");
        match rows.get(&name) {
            None => complaints.push(format!("{name} has no row")),
            Some(row) if row.tests.is_empty() && row.issue.is_none() => {
                complaints.push(format!("{name} names neither a test nor an issue"));
            }
            Some(row) => complaints.extend(
                row.tests
                    .iter()
                    .filter_map(|test| missing(&name, test, verdicts)),
            ),
        }
    }
    let known = |name: &str| (1..=LAST).any(|number| name == format!("Z{number}"));
    complaints.extend(
        rows.keys()
            .filter(|name| !known(name))
            .map(|name| format!("{name} is no promise of the seed")),
    );
    complaints
}

fn missing(promise: &str, test: &str, verdicts: &Verdicts) -> Option<String> {
    match verdicts.0.get(test) {
        Some(Verdict::Passed | Verdict::Skipped) => None,
        Some(Verdict::Failed) => Some(format!("{promise}: `{test}` failed")),
        None => Some(format!("{promise}: there is no test `{test}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, check};
    use crate::suite::{Verdict, Verdicts};
    use std::collections::BTreeMap;

    fn rows(with: &str) -> BTreeMap<String, Row> {
        let others = (2..=60).map(|n| format!("[Z{n}]\nsays = \"\"\nissue = 9\n"));
        toml::from_str(&others.chain([with.to_owned()]).collect::<String>()).unwrap()
    }

    #[test]
    fn a_row_whose_test_does_not_exist_is_a_complaint() {
        let complaints = check(
            &rows("[Z1]\nsays = \"\"\ntests = [\"a::b\"]\n"),
            &Verdicts::default(),
        );
        assert_eq!(complaints, ["Z1: there is no test `a::b`"]);
    }

    #[test]
    fn a_row_whose_test_passed_is_kept() {
        let mut verdicts = Verdicts::default();
        verdicts.add("a::b", Verdict::Passed);
        assert!(check(&rows("[Z1]\nsays = \"\"\ntests = [\"a::b\"]\n"), &verdicts).is_empty());
    }

    #[test]
    fn a_missing_row_and_an_unknown_row_are_complaints() {
        let complaints = check(
            &rows("[Z61]\nsays = \"\"\nissue = 3\n"),
            &Verdicts::default(),
        );
        assert_eq!(
            complaints,
            ["Z1 has no row", "Z61 is no promise of the seed"]
        );
    }
}
