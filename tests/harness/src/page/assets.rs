//! The page's files. The chat is built by Node and may be missing: then the page says how to build it.

use std::path::{Path, PathBuf};

/// The page.
pub(super) const INDEX: &str = include_str!("web/index.html");
/// Its script.
pub(super) const SCRIPT: &str = include_str!("web/page.js");
/// Its looks.
pub(super) const STYLE: &str = include_str!("web/page.css");

/// The embeddable chat, if Node has built it.
pub(super) fn built_chat() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    let file = root.join("plugins/in-app/web/dist/trunkline-chat.js");
    file.is_file().then_some(file)
}
