//! What can be chosen when a store is opened.

use std::path::PathBuf;

use crate::masking::Masking;

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where files are kept; made if it is missing. Must belong to this store alone.
    pub files_dir: PathBuf,
    /// What is masked before it is written.
    pub masking: Masking,
    /// Threads that read beside the writer, 1 to 16; each holds a connection, and there are as many for short reads.
    pub readers: usize,
}

impl Options {
    /// Card numbers are masked everywhere; two readers.
    pub fn new(files_dir: impl Into<PathBuf>) -> Self {
        Self {
            files_dir: files_dir.into(),
            masking: Masking::default(),
            readers: 2,
        }
    }
}
