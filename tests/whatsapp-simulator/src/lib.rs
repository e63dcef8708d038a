//! A stand-in for WhatsApp's Cloud API, with the customers behind it.
//!
//! For tests and the demo: it takes the connector's messages, keeps a ledger of them in the order of acceptance, reports
//! statuses by signed webhooks, and plays customers who write, send files and tap buttons. Facts of the wire come from
//! the channel reference of Meta's channels.
//!
//! In: HTTP on `127.0.0.1` ([`WhatsAppSimulator::start`]), and calls of this library. Out: the ledger and signed
//! webhooks, tried again as Meta does. Another process drives it through `/_sim/…` ([`control`]).
//!
//! Absent: calls, catalogues, Flows, groups' management, prices, template review, and limits of rate (a [`Fault`]
//! answers with their codes). All state is in memory and ends with the process.

pub mod config;

pub mod signature;

pub mod ledger;

mod state;

mod refusal;

pub mod faults;

mod api;

mod checks;

mod media;

mod fate;

mod webhook;

pub mod customer;

pub mod control;

mod clock;

mod simulator;

pub use config::{Retries, Statuses, Template, WhatsAppConfig, WindowRefusal};
pub use customer::{CustomerFile, CustomerMessage, Receipt, Said, Tamper};
pub use faults::Fault;
pub use ledger::{Ledger, ReceivedMessage, SentFile, SentMessage, Signal, WebhookAnswer};
pub use simulator::{Customers, WhatsAppSimulator};
pub use stand_in::{DeadlinePassed, Outage, StartError, Times};
