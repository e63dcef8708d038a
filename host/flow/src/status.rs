use std::sync::atomic::{AtomicU64, Ordering};

use trunkline_core::effect::Lane;

/// Counts since the start, for `/metrics`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Customers being worked on now.
    pub owners: u64,
    /// Customers that wait because `owners_max` are being worked on.
    pub owners_waiting: u64,
    /// Events put into an inbox or parked.
    pub accepted: u64,
    /// Events dropped because their key was known.
    pub duplicates: u64,
    /// Events parked until their ECE conversation or provider id is known.
    pub parked: u64,
    /// Webhook calls kept raw.
    pub kept_raw: u64,
    /// Webhook calls and callbacks that their plugin refused: forged, signed with another secret, or malformed.
    pub refused: u64,
    /// Events taken through the core.
    pub stepped: u64,
    /// Deliveries done, to the customer.
    pub delivered_customer: u64,
    /// Deliveries done, to ECE.
    pub delivered_ece: u64,
    /// Deliveries done, to bots.
    pub delivered_bot: u64,
    /// Files fetched.
    pub delivered_files: u64,
    /// Deliveries that became dead letters.
    pub dead: u64,
    /// Attempts that will be made again.
    pub retries: u64,
    /// Attempts whose outcome is unknown.
    pub unknown: u64,
    /// Typing signs that were dropped.
    pub signals_dropped: u64,
    /// Sockets open now.
    pub sockets: u64,
    /// Frames that came in on sockets.
    pub frames_in: u64,
    /// Frames that went out on sockets, those of the log counted for each socket.
    pub frames_out: u64,
    /// Files that customers uploaded.
    pub uploads: u64,
}

/// The counters behind [`Status`].
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) accepted: Count,
    pub(crate) duplicates: Count,
    pub(crate) parked: Count,
    pub(crate) kept_raw: Count,
    pub(crate) refused: Count,
    pub(crate) stepped: Count,
    delivered: [Count; 4],
    pub(crate) dead: Count,
    pub(crate) retries: Count,
    pub(crate) unknown: Count,
    pub(crate) signals_dropped: Count,
    pub(crate) frames_in: Count,
    pub(crate) frames_out: Count,
    pub(crate) uploads: Count,
}

impl Counts {
    /// The counter of deliveries done on this lane.
    pub(crate) fn delivered(&self, lane: Lane) -> &Count {
        let index = match lane {
            Lane::Customer => 0,
            Lane::Ece => 1,
            Lane::Bot => 2,
            Lane::Files => 3,
        };
        &self.delivered[index]
    }

    /// All of them now; `owners` are being worked on, `waiting` wait, `sockets` are open.
    pub(crate) fn status(&self, owners: usize, waiting: usize, sockets: usize) -> Status {
        Status {
            owners: owners as u64,
            owners_waiting: waiting as u64,
            accepted: self.accepted.get(),
            duplicates: self.duplicates.get(),
            parked: self.parked.get(),
            kept_raw: self.kept_raw.get(),
            refused: self.refused.get(),
            stepped: self.stepped.get(),
            delivered_customer: self.delivered(Lane::Customer).get(),
            delivered_ece: self.delivered(Lane::Ece).get(),
            delivered_bot: self.delivered(Lane::Bot).get(),
            delivered_files: self.delivered(Lane::Files).get(),
            dead: self.dead.get(),
            retries: self.retries.get(),
            unknown: self.unknown.get(),
            signals_dropped: self.signals_dropped.get(),
            sockets: sockets as u64,
            frames_in: self.frames_in.get(),
            frames_out: self.frames_out.get(),
            uploads: self.uploads.get(),
        }
    }
}

/// One counter.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// One more.
    pub(crate) fn one(&self) {
        self.add(1);
    }

    /// So many more.
    pub(crate) fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
