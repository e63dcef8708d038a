//! Files to keep.

use trunkline_core::id::Timestamp;

use crate::ports::Download;

/// A file to keep.
pub struct KeepFile {
    /// What people see; a name is made from the type if there is none.
    pub name: Option<String>,
    /// As the sender says; the bytes decide where they tell.
    pub content_type: Option<String>,
    /// Bytes.
    pub download: Download,
    /// More than this many bytes is `FileError::TooLarge`.
    pub size_max: u64,
    /// Its address stops working then.
    pub expires: Timestamp,
}

/// Why a file was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is larger than allowed.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// The transfer broke off.
    #[error("{0}")]
    Broken(String),
    /// The store cannot write.
    #[error("the store cannot write the file: {0}")]
    Store(String),
}
