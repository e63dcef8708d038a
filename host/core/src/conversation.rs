//! An open conversation: its journey, its stage, what waits. (Placeholder shape: the core's author completes it.)

use serde::{Deserialize, Serialize};

use crate::id::{ConversationId, Epoch};

/// The open conversation of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Which.
    pub id: ConversationId,
    /// How often it changed hands.
    pub epoch: Epoch,
}
