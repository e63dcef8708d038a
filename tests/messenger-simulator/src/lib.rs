//! A stand-in for Meta's Graph API as Messenger uses it, with several Pages and the customers behind it.
//!
//! For tests, the demo and the bench: it takes the connector's sends, keeps a ledger of them in acceptance order, answers
//! with echoes, deliveries and reads, and plays customers who write. Facts of the wire come from the channel reference.
//!
//! In: HTTP on `127.0.0.1` ([`MessengerSimulator::start`]), and calls of this library. Out: the ledger and signed
//! webhooks. Another process drives it through `/_sim/…` (`control`).
//!
//! Absent: files sent by URL or attachment id, personas, utility and marketing messages, rate limits of its own (a
//! [`Fault`] plays them), the hour after which Meta unsubscribes ([`MessengerSimulator::unsubscribe`] plays it). All
//! state is in memory and ends with the process.

pub mod config;

pub mod signature;

mod state;

mod api;

mod send;

mod upload;

mod refusal;

mod objects;

pub mod faults;

mod aftermath;

mod webhook;

pub mod ledger;

pub mod customer;

mod media;

mod control;

mod simulator;

pub use config::{MessengerConfig, Page, Reports};
pub use customer::{CustomerFile, CustomerMessage, Receipt, Said, Tamper};
pub use faults::{Fault, Problem};
pub use ledger::{Ledger, ReceivedMessage, SentFile, SentMessage, WebhookAnswer};
pub use objects::Profile;
pub use simulator::{Customers, MessengerSimulator};
pub use stand_in::{DeadlinePassed, Outage, StartError, Times};
