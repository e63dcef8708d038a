//! What Meta sends, as structs and nothing else. Source: reference of Messenger's webhook events and of the Graph API.
//!
//! Everything is optional: samples and deliveries differ, and one odd field must not cost an event.

use serde::Deserialize;
use serde_json::Value;

use crate::json::{lenient, lenient_list, millis, text};

/// A POST.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope {
    /// `page`; the same app may receive `instagram`.
    pub(crate) object: String,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(crate) entry: Vec<Entry>,
}

/// Events of one Page.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    /// The Page.
    #[serde(default, deserialize_with = "text")]
    pub(crate) id: Option<String>,
    #[serde(default, deserialize_with = "millis")]
    pub(crate) time: Option<u64>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(crate) messaging: Vec<Messaging>,
    /// The same, of conversations that another app has.
    #[serde(default, deserialize_with = "lenient_list")]
    pub(crate) standby: Vec<Messaging>,
}

/// Which event it is says the member that is there; a `Value` is one of which only little is read.
#[derive(Debug, Deserialize)]
pub(crate) struct Messaging {
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) sender: Option<Party>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) recipient: Option<Party>,
    #[serde(default, deserialize_with = "millis")]
    pub(crate) timestamp: Option<u64>,
    pub(crate) message: Option<Value>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) prior_message: Option<PriorMessage>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) postback: Option<Postback>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) delivery: Option<Delivery>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) read: Option<Read>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) reaction: Option<Reaction>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) message_edit: Option<MessageEdit>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) referral: Option<Referral>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) optin: Option<Optin>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) account_linking: Option<AccountLinking>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) pass_thread_control: Option<ThreadControl>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) take_thread_control: Option<ThreadControl>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) request_thread_control: Option<ThreadControl>,
    pub(crate) app_roles: Option<Value>,
    #[serde(default, deserialize_with = "lenient", alias = "policy-enforcement")]
    pub(crate) policy_enforcement: Option<PolicyEnforcement>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Party {
    #[serde(default, deserialize_with = "text")]
    pub(crate) id: Option<String>,
    /// In place of an id: who came through a checkbox or chat plugin.
    #[serde(default, deserialize_with = "text")]
    pub(crate) user_ref: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Message {
    #[serde(default, deserialize_with = "text")]
    pub(crate) mid: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) text: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) quick_reply: Option<QuickReply>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(crate) attachments: Vec<Attachment>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) sticker_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) reply_to: Option<ReplyTo>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) referral: Option<Referral>,
    #[serde(default)]
    pub(crate) is_echo: bool,
    #[serde(default)]
    pub(crate) is_deleted: bool,
    #[serde(default)]
    pub(crate) is_unsupported: bool,
    /// Of an echo: what was given at send.
    #[serde(default, deserialize_with = "text")]
    pub(crate) metadata: Option<String>,
    /// Of an echo: which app sent it.
    #[serde(default, deserialize_with = "text")]
    pub(crate) app_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct QuickReply {
    #[serde(default, deserialize_with = "text")]
    pub(crate) payload: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ReplyTo {
    #[serde(default, deserialize_with = "text")]
    pub(crate) mid: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Attachment {
    #[serde(default, rename = "type", deserialize_with = "text")]
    pub(crate) kind: Option<String>,
    /// An object as a rule; of a fallback `null` or a string too.
    #[serde(default)]
    pub(crate) payload: Value,
    #[serde(default, deserialize_with = "text")]
    pub(crate) title: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) url: Option<String>,
}

/// The members of an attachment's payload that any kind may have.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Payload {
    #[serde(default, deserialize_with = "text")]
    pub(crate) url: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) title: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) text: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) sticker_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) coordinates: Option<Coordinates>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(crate) elements: Vec<Element>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) product: Option<Product>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Coordinates {
    pub(crate) lat: f64,
    /// Not `lng`.
    pub(crate) long: f64,
}

/// A card of a template, or a product of a catalogue.
#[derive(Debug, Deserialize)]
pub(crate) struct Element {
    #[serde(default, deserialize_with = "text")]
    pub(crate) title: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) subtitle: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) retailer_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Product {
    #[serde(default, deserialize_with = "lenient_list")]
    pub(crate) elements: Vec<Element>,
}

/// The checkbox plugin's name of who now wrote for the first time.
#[derive(Debug, Deserialize)]
pub(crate) struct PriorMessage {
    #[serde(default, deserialize_with = "text")]
    pub(crate) identifier: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) user_ref: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Postback {
    #[serde(default, deserialize_with = "text")]
    pub(crate) mid: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) title: Option<String>,
    /// Absent in standby.
    #[serde(default, deserialize_with = "text")]
    pub(crate) payload: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) referral: Option<Referral>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Delivery {
    #[serde(default, deserialize_with = "millis")]
    pub(crate) watermark: Option<u64>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(crate) mids: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Read {
    #[serde(default, deserialize_with = "millis")]
    pub(crate) watermark: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Reaction {
    /// The message reacted to.
    #[serde(default, deserialize_with = "text")]
    pub(crate) mid: Option<String>,
    /// `react` or `unreact`.
    #[serde(default, deserialize_with = "text")]
    pub(crate) action: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) emoji: Option<String>,
    /// A word: `love`, `sad`, `other`.
    #[serde(default, deserialize_with = "text")]
    pub(crate) reaction: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MessageEdit {
    /// Of the original message.
    #[serde(default, deserialize_with = "text")]
    pub(crate) mid: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) text: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) num_edit: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Referral {
    #[serde(default, rename = "ref", deserialize_with = "text")]
    pub(crate) reference: Option<String>,
    /// `SHORTLINK`, `ADS`, `CUSTOMER_CHAT_PLUGIN`…
    #[serde(default, deserialize_with = "text")]
    pub(crate) source: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) ad_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) ads_context_data: Option<AdsContext>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AdsContext {
    #[serde(default, deserialize_with = "text")]
    pub(crate) ad_title: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) product_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Optin {
    #[serde(default, rename = "type", deserialize_with = "text")]
    pub(crate) kind: Option<String>,
    #[serde(default, rename = "ref", deserialize_with = "text")]
    pub(crate) reference: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) user_ref: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) payload: Option<String>,
    /// `STOP_NOTIFICATIONS` or `RESUME_NOTIFICATIONS`.
    #[serde(default, deserialize_with = "text")]
    pub(crate) notification_messages_status: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AccountLinking {
    /// `linked` or `unlinked`. The authorisation code beside it is nobody's to read.
    #[serde(default, deserialize_with = "text")]
    pub(crate) status: Option<String>,
}

/// `pass_`, `take_` and `request_thread_control`.
#[derive(Debug, Deserialize)]
pub(crate) struct ThreadControl {
    #[serde(default, deserialize_with = "text")]
    pub(crate) previous_owner_app_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) new_owner_app_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) requested_owner_app_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PolicyEnforcement {
    /// `warning`, `block` or `unblock`.
    #[serde(default, deserialize_with = "text")]
    pub(crate) action: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) reason: Option<String>,
}
