//! Ids are types: a channel's name cannot stand where a bot's is wanted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// A configured channel: `acme-sms`.
    ChannelName
    /// A configured bot: `faq`.
    BotName
    /// A configured ECE: `acme`.
    IntegrationName
    /// Our name of an ECE entry point: `support`.
    EntryPointName
    /// A configured journey.
    JourneyName
    /// A plugin's name, from its manifest: `sms`.
    PluginName
    /// ECE's id of one of its conversations.
    EceSession
    /// The provider's id of one message or event, unique on its channel.
    EventKey
    /// A timer of one conversation: at most one of a name runs.
    TimerName
    /// A file in the store.
    FileId
    /// A language tag such as `en` or `pt-br`, lower case.
    Language
}

impl Language {
    /// Its first part: `pt` of `pt-br`.
    pub fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }
}

/// Milliseconds since 1970-01-01 UTC.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This time and so many milliseconds.
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX)))
    }

    /// Milliseconds from `earlier` to this time; 0 if it is not earlier.
    pub fn ms_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
}

/// A customer on one channel; given by the store when the first message comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(pub i64);

/// A conversation: the customer's, counted from 1. Written `c12-3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConversationId {
    /// Whose.
    pub customer: CustomerId,
    /// Their how-manieth.
    pub number: u32,
}

/// A delivery of a conversation, counted from 1. Written `d12-3-7`: what providers echo back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeliveryId {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Position in it, over all lanes.
    pub number: u32,
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}-{}", self.customer, self.number)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "d{}-{}-{}",
            self.conversation.customer, self.conversation.number, self.number
        )
    }
}

/// The text is no id of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {wanted}")]
pub struct IdError {
    /// What was read.
    pub text: String,
    /// What an id of this kind looks like.
    pub wanted: &'static str,
}

impl FromStr for ConversationId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = || IdError {
            text: text.to_owned(),
            wanted: "conversation id such as c12-3",
        };
        let mut parts = text.strip_prefix('c').ok_or_else(error)?.splitn(2, '-');
        let mut next = || parts.next().ok_or_else(error);
        let customer = CustomerId(next()?.parse().map_err(|_| error())?);
        let number = next()?.parse().map_err(|_| error())?;
        Ok(Self { customer, number })
    }
}

impl FromStr for DeliveryId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = || IdError {
            text: text.to_owned(),
            wanted: "delivery id such as d12-3-7",
        };
        let mut parts = text.strip_prefix('d').ok_or_else(error)?.splitn(3, '-');
        let mut next = || parts.next().ok_or_else(error);
        let customer = CustomerId(next()?.parse().map_err(|_| error())?);
        let conversation = ConversationId {
            customer,
            number: next()?.parse().map_err(|_| error())?,
        };
        let number = next()?.parse().map_err(|_| error())?;
        Ok(Self {
            conversation,
            number,
        })
    }
}

/// How often the conversation has changed hands. An action that names an older one comes too late.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u32);

impl Epoch {
    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
