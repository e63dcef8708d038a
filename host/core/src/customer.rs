//! What is known about a customer, and the conversation that is open. Kept by the store as JSON:
//! members may be added with `#[serde(default)]`, never renamed.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::conversation::SentItem;
use crate::event::Profile;
use crate::id::{
    ChannelName, ConversationId, CustomerId, DeliveryId, IntegrationName, JourneyName, Timestamp,
};

/// A customer on one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    /// Given by the store.
    pub id: CustomerId,
    /// Where they write.
    pub channel: ChannelName,
    /// What the channel told.
    #[serde(default)]
    pub profile: Profile,
    /// No message goes out (H14).
    #[serde(default)]
    pub opted_out: bool,
    /// They said so in words, and take it back in words: writing alone does not opt them in.
    #[serde(default)]
    pub opted_out_in_words: bool,
    /// Conversations begun so far.
    #[serde(default)]
    pub conversations: u32,
    /// The open one.
    #[serde(default)]
    pub open: Option<crate::conversation::Conversation>,
    /// Evidence of their language.
    #[serde(default)]
    pub language: crate::language::Evidence,
    /// Deliveries outside any conversation so far: those of conversation number 0.
    #[serde(default)]
    pub outside_deliveries: u32,
    /// Conversations in ECE that were asked for and whose answer comes after the conversation here
    /// went on without them: each is ended when its `Started` comes.
    #[serde(default)]
    pub stray_opens: Vec<StrayOpen>,
    /// The last items of the last conversation, should ECE not have taken them.
    #[serde(default)]
    pub parting: Option<Parting>,
}

/// An `OpenEce` whose answer nobody waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StrayOpen {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Where it went.
    pub integration: IntegrationName,
}

/// What a closed conversation leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parting {
    /// Which.
    pub conversation: ConversationId,
    /// Its journey.
    pub journey: JourneyName,
    /// The last items given to ECE, oldest first.
    pub sent: VecDeque<SentItem>,
    /// Items up to this delivery are not in `sent` any more.
    #[serde(default)]
    pub sent_forgotten: u32,
}

impl Customer {
    /// One who was never heard of.
    pub fn new(id: CustomerId, channel: ChannelName) -> Self {
        Self {
            id,
            channel,
            profile: Profile::default(),
            opted_out: false,
            opted_out_in_words: false,
            conversations: 0,
            open: None,
            language: crate::language::Evidence::default(),
            outside_deliveries: 0,
            stray_opens: Vec::new(),
            parting: None,
        }
    }

    /// What is sent or lost while no conversation is open belongs to this: number 0.
    pub fn outside(&self) -> ConversationId {
        ConversationId {
            customer: self.id,
            number: 0,
        }
    }
}

/// A line of a conversation, as a bot or the next agent may read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Who.
    pub author: LineAuthor,
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// Who said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineAuthor {
    /// The customer.
    Customer,
    /// A bot.
    Bot,
    /// An agent.
    Agent,
    /// A configured message.
    System,
}
