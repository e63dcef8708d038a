//! What people say, and the files they send.

use serde::{Deserialize, Serialize};

use crate::id::{EventKey, FileId};

/// A way to name a customer on a channel: a number, a PSID, a wa_id. Only the plugin looks inside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// `phone`, `psid`…
    pub kind: String,
    /// The provider's spelling.
    pub value: String,
}

/// A file a customer sent, still at the provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// The plugin's word for it, given back to `open-attachment`.
    pub reference: String,
    /// Its name, if the provider said.
    pub name: Option<String>,
    /// Its type, if the provider said.
    pub content_type: Option<String>,
    /// Bytes, if the provider said.
    pub size: Option<u64>,
    /// Text that came with it.
    pub caption: Option<String>,
}

/// A file in our keeping, sniffed and measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Where it is in the store.
    pub id: FileId,
    /// The unguessable part of its address `/media/{token}`.
    pub token: String,
    /// What people see.
    pub name: String,
    /// By its bytes where they tell, else as declared.
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    /// Of the bytes, in hex.
    pub sha256: String,
}

/// One answer a customer can pick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Comes back when it is picked.
    pub id: String,
    /// What the customer sees.
    pub title: String,
    /// More about it.
    pub description: Option<String>,
}

/// What a customer said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Plain text.
    Text(String),
    /// A file, still at the provider.
    Attachment(Attachment),
    /// A place.
    Location {
        /// Degrees.
        latitude: f64,
        /// Degrees.
        longitude: f64,
        /// Name or street, if given.
        name: Option<String>,
    },
    /// A choice was made.
    Chosen {
        /// The choice's id.
        id: String,
        /// What the customer saw.
        title: String,
    },
    /// A known kind that agents read as text: a contact card, an order.
    Described {
        /// The kind's name.
        kind: String,
        /// What the agent reads.
        text: String,
    },
    /// A kind nobody here knows: the agent sees a placeholder with this name (H10).
    Unknown(String),
}

/// A message of the customer in a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The provider's id.
    pub key: EventKey,
    /// What it says.
    pub content: Content,
    /// The message it answers.
    pub reply_to: Option<EventKey>,
}
