//! Counts traps of one version and says when it has trapped too often. Pure: time is an argument.

use std::collections::VecDeque;

use trunkline_core::id::Timestamp;

/// Traps on so many different calls …
const TRAPS: usize = 5;

/// … within so many milliseconds send a version into quarantine. One call tried again and again
/// counts once: a single message nobody can read must not take the channel down.
const WITHIN_MS: u64 = 60_000;

/// The traps of one version.
#[derive(Debug, Default)]
pub(crate) struct Traps(VecDeque<(Timestamp, u64)>);

impl Traps {
    /// Notes a trap on this call; true when that was one too many.
    pub(crate) fn note(&mut self, now: Timestamp, call: u64) -> bool {
        self.0
            .retain(|(at, other)| now.ms_since(*at) < WITHIN_MS && *other != call);
        self.0.push_back((now, call));
        self.0.len() >= TRAPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_different_calls_within_a_minute_are_too_many() {
        let mut traps = Traps::default();
        let results: Vec<_> = (0..5).map(|call| traps.note(Timestamp(0), call)).collect();
        assert_eq!(results, [false, false, false, false, true]);
    }

    #[test]
    fn one_call_tried_again_and_again_counts_once() {
        let mut traps = Traps::default();
        assert!((0..50).all(|at| !traps.note(Timestamp(at), 1)));
    }

    #[test]
    fn old_traps_are_forgotten() {
        let mut traps = Traps::default();
        let far_apart = |call| Timestamp(i64::try_from(call).unwrap_or(0) * 20_000);
        assert!((0..50).all(|call| !traps.note(far_apart(call), call)));
    }
}
