//! A stand-in for Apple's Messages for Business gateway, with its file store and the customers behind it.
//!
//! For tests and the demo: it takes the connector's messages as strictly as the gateway is known to, keeps a ledger of
//! them in acceptance order with each file decrypted, and plays customers who write, send files, pick, type and close.
//! Facts of the wire come from the channel reference, part A; what is inferred there is inferred here.
//!
//! In: HTTP on `127.0.0.1` ([`AppleSimulator::start`]), and calls of this library. Out: the ledger, signed webhooks.
//! Another process drives it through `/_sim/…` ([`control`]).
//!
//! Absent: authentication, payment, forms and time pickers (their replies can be sent with [`Said::Other`]), references
//! for large interactive data that the connector sends, real certificates. All state is in memory and ends with the
//! process.

pub mod config;

pub mod token;

pub mod cipher;

mod state;

mod gateway;

mod checks;

mod refusal;

pub mod faults;

mod store;

pub mod ledger;

pub mod customer;

mod webhook;

pub mod control;

mod simulator;

pub use config::{AppleConfig, Repeats};
pub use customer::{CustomerFile, CustomerMessage, Receipt, Said};
pub use faults::{Call, Fault};
pub use ledger::{Ledger, ReceivedMessage, Refused, SentFile, SentMessage, WebhookAnswer};
pub use simulator::{AppleSimulator, Customers};
pub use stand_in::{DeadlinePassed, Outage, StartError, Times};
pub use webhook::Tamper;
