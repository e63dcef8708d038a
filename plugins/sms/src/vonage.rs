//! Vonage's SMS API, and the webhooks of its Messages API.
//!
//! In: messages at the channel's URL and delivery receipts at `/status`, as GET, form or JSON, signed with the signature
//! secret: either by the parameter `sig`, or by a token in `Authorization`. Out: `sms/json`, whose answer has status 200
//! always and says in `messages` what became of each part. Pictures and the Messages API's own sending are absent.

mod wire;

mod signature;

mod inbound;

mod receipt;

mod outbound;

mod refusal;

pub(crate) use inbound::receive;
pub(crate) use outbound::{check, send};

const API_KEY: &str = "api_key";
const API_SECRET: &str = "api_secret";
const SIGNATURE_SECRET: &str = "signature_secret";

const API_BASE: &str = "https://rest.nexmo.com";
