//! Counts traps of one version and says when it has trapped too often. Pure: time is an argument.
//!
//! Two rules, for busy channels and for quiet ones. A version that also does good work has trapped too often with five calls in a minute. One of which
//! no call went well in between has with five calls, however far apart: on a channel with a message every
//! few minutes it would serve, and lose them, for ever.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use trunkline_core::id::Timestamp;

/// Traps on so many different calls …
const TRAPS: usize = 5;

/// … within so many milliseconds, or with no good call of that export in between, send a version into quarantine. One call
/// tried again and again counts once: a single message nobody can read must not take the channel down.
const WITHIN_MS: u64 = 60_000;

/// One call that trapped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trap {
    /// The export called: that `check` goes well says nothing about `receive`.
    pub(crate) export: &'static str,
    /// Tells one call from another.
    pub(crate) call: u64,
    /// How many calls of this export had gone well by then.
    pub(crate) good: u64,
}

/// The traps of one version.
#[derive(Debug, Default)]
pub(crate) struct Traps {
    recent: VecDeque<(Timestamp, u64)>,
    in_a_row: BTreeMap<&'static str, Row>,
}

/// Calls of one export since the last that went well.
#[derive(Debug, Default)]
struct Row {
    good: u64,
    calls: BTreeSet<u64>,
}

impl Traps {
    /// Notes a trap; true when that was one too many.
    pub(crate) fn note(&mut self, now: Timestamp, trap: Trap) -> bool {
        self.recent
            .retain(|(at, other)| now.ms_since(*at) < WITHIN_MS && *other != trap.call);
        self.recent.push_back((now, trap.call));
        let row = self.in_a_row.entry(trap.export).or_default();
        if row.good != trap.good {
            row.calls.clear();
            row.good = trap.good;
        }
        row.calls.insert(trap.call);
        self.recent.len() >= TRAPS || row.calls.len() >= TRAPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trap(call: u64, good: u64) -> Trap {
        let export = "receive";
        Trap { export, call, good }
    }

    /// 20 s between one call and the next.
    fn far_apart(call: u64) -> Timestamp {
        Timestamp(i64::try_from(call).unwrap_or(0) * 20_000)
    }

    #[test]
    fn five_different_calls_within_a_minute_are_too_many() {
        let mut traps = Traps::default();
        let mut note = |call| traps.note(Timestamp(0), trap(call, call));
        let results: Vec<_> = (0..5).map(&mut note).collect();
        assert_eq!(results, [false, false, false, false, true]);
    }

    #[test]
    fn one_call_tried_again_and_again_counts_once() {
        let mut traps = Traps::default();
        assert!((0..50).all(|at| !traps.note(Timestamp(at), trap(1, 0))));
    }

    #[test]
    fn old_traps_are_forgotten_once_a_call_went_well() {
        let mut traps = Traps::default();
        assert!((0..50).all(|call| !traps.note(far_apart(call), trap(call, call / 4))));
    }

    #[test]
    fn five_different_calls_with_no_good_one_between_are_too_many_however_far_apart() {
        let mut traps = Traps::default();
        let mut note = |call| traps.note(far_apart(call), trap(call, 7));
        let results: Vec<_> = (0..5).map(&mut note).collect();
        assert_eq!(results, [false, false, false, false, true]);
    }

    #[test]
    fn rows_are_of_one_export_each() {
        let mut traps = Traps::default();
        let noted = (0..8).map(|call| {
            let export = if call % 2 == 0 { "receive" } else { "send" };
            let good = 0;
            traps.note(far_apart(call), Trap { export, call, good })
        });
        assert_eq!(noted.filter(|too_many| *too_many).count(), 0);
    }
}
