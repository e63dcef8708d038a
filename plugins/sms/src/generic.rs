//! Any gateway that takes a message as one HTTP request and posts what comes back as JSON or a form: all it needs to know
//! about a gateway stands in the settings.
//!
//! In: messages at the channel's URL and receipts at `/status`, vouched for by an HMAC or a shared token. Out: one
//! request a provider message. Absent: files of customers, several requests a message, a look whether a message was
//! taken, because no two gateways agree on these.

mod place;

mod profile;

mod inbound;

mod authenticity;

mod template;

mod outbound;

pub(crate) use inbound::receive;
pub(crate) use outbound::{check, send};

const TOKEN: &str = "token";
const INBOUND_SECRET: &str = "inbound_secret";
