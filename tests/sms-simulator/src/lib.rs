//! A stand-in for Twilio's Messages API, with the carrier and the customer behind it.
//!
//! For tests, the demo and the bench: it takes the connector's sends, keeps a ledger of them in
//! acceptance order, reports delivery with signed callbacks, and plays customers who write. Facts
//! of the wire come from the channel reference, part B1; what is inferred there is inferred here.
//!
//! In: HTTP on `127.0.0.1` ([`SmsSimulator::start`]), and calls of this library. Out: the ledger,
//! signed webhooks and status callbacks. Another process drives it through `/_sim/…` ([`control`]).
//!
//! Absent: messaging-service pools, prices, segments of real carriers, TwiML answers (an answer's
//! body is kept as text, never obeyed). All state is in memory and ends with the process.

pub mod config;

pub mod signature;

mod state;

mod api;

mod numbers;

mod refusal;

pub mod faults;

mod aftermath;

pub mod ledger;

pub mod customer;

mod media;

pub mod control;

mod clock;

mod simulator;

pub use config::{SmsConfig, StatusCallbacks};
pub use customer::{Answer, CustomerMessage, Picture, Receipt, Tamper};
pub use faults::Fault;
pub use ledger::{Ledger, ReceivedMessage, SentMedia, SentMessage};
pub use simulator::{Customers, DeadlinePassed, SmsSimulator};
pub use stand_in::{Outage, StartError, Times};
