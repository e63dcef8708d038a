//! What language a customer writes.

use serde::{Deserialize, Serialize};

/// What their messages so far say about their language.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {}
