//! Decides what to load, replace and unload after the plugin folder changed.
//!
//! Takes the files known, those of the scan before and those found now, gives back [`Change`]s in
//! the order to apply them. Reads no file and starts nothing: `scan` feeds it, `keeper` carries it
//! out. Start-up is the same call with nothing known, so the reload path is the tested path.

use std::collections::BTreeMap;

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Bytes.
    pub(crate) size: u64,
    /// Milliseconds since 1970.
    pub(crate) modified_ms: u64,
    /// The same of the signature beside it.
    pub(crate) signature: Option<(u64, u64)>,
}

/// A file of the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) stamp: Stamp,
    /// Nobody has written to it for a good while: it needs no second look.
    pub(crate) old: bool,
}

/// By file name.
pub(crate) type Stamps = BTreeMap<String, Stamp>;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Unload(String),
    Load(String),
    Replace(String),
}

/// What follows from a scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) changes: Vec<Change>,
    /// A file is still being written: scan again soon.
    pub(crate) unsettled: bool,
}

/// Compares what is known with what was found. A file counts once two scans saw it alike; one that is empty, only when
/// nobody writes to it any more: a copy begins so.
pub(crate) fn plan(known: &Stamps, before: &Stamps, found: &BTreeMap<String, Found>) -> Plan {
    let gone = known.keys().filter(|file| !found.contains_key(*file));
    let mut plan = Plan {
        changes: gone.cloned().map(Change::Unload).collect(),
        unsettled: false,
    };
    for (file, now) in found {
        if known.get(file) == Some(&now.stamp) {
            continue;
        }
        let seen_alike = before.get(file) == Some(&now.stamp) && now.stamp.size > 0;
        if !now.old && !seen_alike {
            plan.unsettled = true;
        } else if known.contains_key(file) {
            plan.changes.push(Change::Replace(file.clone()));
        } else {
            plan.changes.push(Change::Load(file.clone()));
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(size: u64) -> Stamp {
        Stamp {
            size,
            modified_ms: 7,
            signature: None,
        }
    }

    fn stamps(files: &[(&str, u64)]) -> Stamps {
        let files = files.iter();
        files
            .map(|(file, size)| ((*file).to_owned(), stamp(*size)))
            .collect()
    }

    fn found(files: &[(&str, u64, bool)]) -> BTreeMap<String, Found> {
        let one = |(file, size, old): &(&str, u64, bool)| {
            let found = Found {
                stamp: stamp(*size),
                old: *old,
            };
            ((*file).to_owned(), found)
        };
        files.iter().map(one).collect()
    }

    #[test]
    fn start_up_loads_what_lies_there() {
        let plan = plan(
            &stamps(&[]),
            &stamps(&[]),
            &found(&[("a", 1, true), ("b", 2, true)]),
        );
        assert_eq!(
            plan.changes,
            [Change::Load("a".into()), Change::Load("b".into())]
        );
        assert!(!plan.unsettled);
    }

    #[test]
    fn a_file_being_written_waits_until_two_scans_agree() {
        let growing = plan(
            &stamps(&[]),
            &stamps(&[("a", 1)]),
            &found(&[("a", 2, false)]),
        );
        assert_eq!(
            growing,
            Plan {
                changes: Vec::new(),
                unsettled: true
            }
        );
        let still = plan(
            &stamps(&[]),
            &stamps(&[("a", 2)]),
            &found(&[("a", 2, false)]),
        );
        assert_eq!(still.changes, [Change::Load("a".into())]);
    }

    #[test]
    fn a_copy_that_has_not_begun_to_write_is_not_looked_at() {
        let empty = |old| {
            plan(
                &stamps(&[("a", 2)]),
                &stamps(&[("a", 0)]),
                &found(&[("a", 0, old)]),
            )
        };
        assert!(empty(false).unsettled && empty(false).changes.is_empty());
        assert_eq!(empty(true).changes, [Change::Replace("a".into())]);
    }

    #[test]
    fn a_changed_file_replaces_and_a_missing_one_unloads() {
        let known = stamps(&[("a", 1), ("b", 1), ("c", 1)]);
        let before = stamps(&[("a", 2), ("c", 1)]);
        let plan = plan(&known, &before, &found(&[("a", 2, false), ("c", 1, false)]));
        assert_eq!(
            plan.changes,
            [Change::Unload("b".into()), Change::Replace("a".into())]
        );
    }

    #[test]
    fn a_signature_that_comes_later_is_a_change() {
        let known = stamps(&[("a", 1)]);
        let mut found = found(&[("a", 1, true)]);
        if let Some(file) = found.get_mut("a") {
            file.stamp.signature = Some((100, 8));
        }
        assert_eq!(
            plan(&known, &known, &found).changes,
            [Change::Replace("a".into())]
        );
    }

    #[test]
    fn nothing_new_changes_nothing() {
        let known = stamps(&[("a", 1)]);
        assert_eq!(
            plan(&known, &known, &found(&[("a", 1, false)])),
            Plan::default()
        );
    }
}
