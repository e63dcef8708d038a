//! A stand-in for Telegram's Bot API, with customers behind it.
//!
//! For the guide that writes a channel, and for tests: it takes a bot's messages and pictures, keeps a ledger of them, and
//! posts what customers write as updates with the secret token in a header. In: HTTP on `127.0.0.1`
//! ([`TelegramSimulator::start`]), and calls of this library. Another process drives it through `/_sim/…` ([`control`]).
//!
//! Source of the wire: the Bot API's public documentation. Absent: groups, edits, stickers, `getUpdates`, uploads, everything that
//! the example channel does not use. All state is in memory and ends with the process.

mod state;

mod api;

mod customer;

pub mod control;

mod simulator;

pub use customer::{CustomerMessage, Tamper};
pub use simulator::TelegramSimulator;
pub use state::{Answer, Fault, Ledger, ReceivedMessage, SentMessage, TelegramConfig};
