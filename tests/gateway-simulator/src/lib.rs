//! Stand-ins for the SMS gateways that are not Twilio: Vonage's SMS API, and a gateway with a JSON API of its own such as
//! the SMS plugin's provider `generic` is set up for.
//!
//! They take the connector's sends, keep a ledger of them in acceptance order, report delivery with signed receipts, and
//! play customers who write; which wire they speak is said by [`GatewayConfig`]. Facts of Vonage's wire come from the
//! channel reference, part B2. Another process drives them through `/_sim/…` ([`control`]).
//!
//! Absent: prices, Vonage's Messages API, real carriers. All state is in memory and ends with the process.

mod config;

mod state;

mod signature;

mod parts;

mod vonage;

mod json_gateway;

mod post;

mod customer;

pub mod control;

mod simulator;

pub use config::{GatewayConfig, JsonAccount, SignatureMethod, VonageAccount, WebhookStyle, Wire};
pub use customer::{CustomerMessage, Tamper};
pub use simulator::GatewaySimulator;
pub use state::{Answer, Fault, Ledger, ReceivedMessage, SentMessage};
