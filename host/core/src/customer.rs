//! What is known about a customer, and the conversation that is open. Kept by the store as JSON:
//! members may be added with `#[serde(default)]`, never renamed.

use serde::{Deserialize, Serialize};

use crate::event::Profile;
use crate::id::{ChannelName, CustomerId, Timestamp};

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
    /// Conversations begun so far.
    #[serde(default)]
    pub conversations: u32,
    /// The open one.
    #[serde(default)]
    pub open: Option<crate::conversation::Conversation>,
    /// Evidence of their language.
    #[serde(default)]
    pub language: crate::language::Evidence,
}

impl Customer {
    /// One who was never heard of.
    pub fn new(id: CustomerId, channel: ChannelName) -> Self {
        Self {
            id,
            channel,
            profile: Profile::default(),
            opted_out: false,
            conversations: 0,
            open: None,
            language: crate::language::Evidence::default(),
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
