//! A stand-in for Cisco Enterprise Chat and Email (ECE): the messaging API for client applications
//! (family M), the anonymous status API (family C) and the user login of family D, with agents to
//! script or to drive by hand.
//!
//! In: HTTP as ECE offers it, and acts of agents, by library or under `/_sim/…` ([`control`]). Out:
//! callbacks to one webhook, retried and in order; files; and a ledger of what agents saw, in the
//! order they saw it. What no public source settles is a field of [`Variants`].
//!
//! Lenient wherever real clients differ, so that it serves other ECE clients than ours. Absent:
//! families A, B (BOSH), E and F, persistence, and an idle timer (use [`Act::CloseBySystem`]).

pub mod config;

mod simulator;

mod shared;

mod router;

mod answer;

mod login;

mod sessions;

mod messaging;

mod start;

mod status;

mod wire;

mod desk;

pub mod script;

mod callbacks;

mod files;

pub mod ledger;

pub mod faults;

pub mod variants;

pub mod control;

mod page;

mod clock;

mod ids;

pub use config::{
    Account, AgentConfig, CallbackAuth, CallbackConfig, CallbackFormat, ConfigError, EceConfig,
    EntryPointConfig, PickUp,
};
pub use desk::acts::ActError;
pub use faults::{Fault, Operation, Times};
pub use ledger::{ConversationRecord, Ledger, Phase, Seen, What};
pub use script::{Act, On, RuleConfig};
pub use simulator::{DeadlinePassed, EceSimulator, StartError};
pub use stand_in::Outage;
pub use variants::{Refusal, Variants};
