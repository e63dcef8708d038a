//! Faults waiting for their calls. What a fault is, each stand-in says itself.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// For how many calls a fault holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// The next one.
    Once,
    /// So many of the next ones.
    Next(u32),
    /// Until the faults are cleared.
    Always,
}

/// Faults used up in the order they were set.
#[derive(Debug)]
pub struct FaultPlan<F> {
    waiting: VecDeque<(F, Option<u32>)>,
}

impl<F> Default for FaultPlan<F> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
        }
    }
}

impl<F: Clone> FaultPlan<F> {
    /// After those already planned.
    pub fn add(&mut self, fault: F, times: Times) {
        let left = match times {
            Times::Once => Some(1),
            Times::Next(count) => Some(count),
            Times::Always => None,
        };
        if left != Some(0) {
            self.waiting.push_back((fault, left));
        }
    }

    /// Calls go well again.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Those waiting, in order, with the calls left; any number when there is no count.
    pub fn waiting(&self) -> impl Iterator<Item = (&F, Option<u32>)> {
        self.waiting.iter().map(|(fault, left)| (fault, *left))
    }

    /// The fault of this call, used up by asking.
    pub fn take(&mut self) -> Option<F> {
        self.take_if(|_| true)
    }

    /// The first fault that is for this call, used up by asking.
    pub fn take_if(&mut self, mut is_for: impl FnMut(&F) -> bool) -> Option<F> {
        let at = self.waiting.iter().position(|(fault, _)| is_for(fault))?;
        let (fault, left) = self.waiting.get_mut(at)?;
        let fault = fault.clone();
        if let Some(left) = left {
            *left -= 1;
            if *left == 0 {
                self.waiting.remove(at);
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_used_up_in_the_order_they_were_set() {
        let mut plan = FaultPlan::default();
        plan.add("late", Times::Next(2));
        plan.add("never", Times::Next(0));
        plan.add("cut", Times::Once);
        let taken: Vec<_> = (0..4).map(|_| plan.take()).collect();
        assert_eq!(taken, [Some("late"), Some("late"), Some("cut"), None]);
    }

    #[test]
    fn a_fault_for_another_call_waits_for_it() {
        let mut plan = FaultPlan::default();
        plan.add("media", Times::Once);
        plan.add("send", Times::Always);
        assert_eq!(plan.take_if(|fault| *fault == "send"), Some("send"));
        assert_eq!(plan.take_if(|fault| *fault == "send"), Some("send"));
        assert_eq!(plan.take(), Some("media"));
        plan.clear();
        assert_eq!(plan.take(), None);
    }
}
