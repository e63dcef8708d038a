//! `cargo xtask docs`: what the plugins' manifests say, as tables for people.
//!
//! In: `plugins/*/plugin.toml` of channels. Out: `docs/channels.md`, whole, and the files that the guides
//! print. Tests fail when a file is not what would be written now.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use trunkline_plugin::manifest::{Attachments, By, Capabilities, Kind, Manifest, TextCount};

use crate::run::{Failure, root};

/// Why the docs could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocsError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no manifest.
    #[error("{path}: {why}")]
    Manifest {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A guide has no place for a file that it prints.
    #[error("no guide has a line `<!-- file: {0} -->` with a block of code behind it")]
    Place(&'static str),
}

impl From<DocsError> for Failure {
    fn from(error: DocsError) -> Self {
        Self::Docs(error)
    }
}

const CHANNELS: &str = "docs/channels.md";

/// The guides, and what each prints.
const GUIDES: [(&str, &[&str]); 2] = [
    (
        "docs/write-a-channel.md",
        &[
            "plugin-sdk/examples/telegram/plugin.toml",
            "plugin-sdk/examples/telegram/src/lib.rs",
        ],
    ),
    (
        "docs/write-a-bot.md",
        &["plugin-sdk/template-bot/src/lib.rs"],
    ),
];

/// Writes all of it.
///
/// # Errors
/// A manifest is wrong, or a file cannot be read or written.
pub(crate) fn write() -> Result<(), Failure> {
    for (path, text) in generated(&root())? {
        fs::write(&path, text).map_err(|source| DocsError::File { path, source })?;
    }
    Ok(())
}

/// Each file, and what should be in it.
fn generated(root: &Path) -> Result<Vec<(PathBuf, String)>, DocsError> {
    let mut all = vec![(root.join(CHANNELS), channels(&manifests(root)?))];
    for (path, files) in GUIDES {
        let path = root.join(path);
        let mut guide = read(&path)?;
        for file in files {
            guide = printed(&guide, file, &read(&root.join(file))?)?;
        }
        all.push((path, guide));
    }
    Ok(all)
}

fn read(path: &Path) -> Result<String, DocsError> {
    fs::read_to_string(path).map_err(|source| DocsError::File {
        path: path.to_owned(),
        source,
    })
}

/// The guide with this text in the block of code behind the file's mark.
fn printed(guide: &str, file: &'static str, text: &str) -> Result<String, DocsError> {
    let place = || DocsError::Place(file);
    let mark = format!("<!-- file: {file} -->\n");
    let (before, behind) = guide.split_once(&mark).ok_or_else(place)?;
    let (fence, code) = behind.split_once('\n').ok_or_else(place)?;
    if !fence.starts_with("```") {
        return Err(place());
    }
    // An empty block has no line break before its end.
    let end = if code.starts_with("```") {
        0
    } else {
        code.find("\n```").ok_or_else(place)? + 1
    };
    Ok(format!("{before}{mark}{fence}\n{text}{}", &code[end..]))
}

/// Channels by name.
fn manifests(root: &Path) -> Result<Vec<Manifest>, DocsError> {
    let folder = root.join("plugins");
    let entries = fs::read_dir(&folder).map_err(|source| DocsError::File {
        path: folder.clone(),
        source,
    })?;
    let mut manifests = Vec::new();
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path().join("plugin.toml");
        if !path.is_file() {
            continue;
        }
        let manifest = Manifest::parse(&read(&path)?).map_err(|error| DocsError::Manifest {
            path,
            why: error.to_string(),
        })?;
        if manifest.kind == Kind::Channel {
            manifests.push(manifest);
        }
    }
    manifests.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(manifests)
}

const ABOUT: &str = "\
# Channels

What each channel can do, as its plugin's `plugin.toml` says. `cargo xtask docs` writes this page; a test fails when it is
stale. How a channel is set up is in the README of its folder below `plugins/`.

";

const EVENTS: &str = "\
## Who is told what

*Native*: the channel has a sign for it. *Message*: it is said in words. *Not possible*: the channel has no such sign, and words
would be noise. What agents are told reaches them in ECE, whichever way it came.

";

const AFTER_EVENTS: &str = "
A file of an agent that a channel does not take as it is goes as a link. Where customers cannot say whether they took a file,
ECE is told \"accepted\" when the provider took it, and \"rejected\" when size, type or provider refused it
(`accept_agent_files`); a link counts as taken by nobody because something fetched it.

";

fn channels(manifests: &[Manifest]) -> String {
    let all: Vec<_> = manifests
        .iter()
        .map(|manifest| &manifest.capabilities)
        .collect();
    let mut page = ABOUT.to_owned();
    page.push_str(EVENTS);
    table(&mut page, manifests, &EVENT_ROWS, &all);
    page.push_str(AFTER_EVENTS);
    page.push_str("## What goes through\n\n");
    table(&mut page, manifests, &CAPABILITY_ROWS, &all);
    page
}

/// What a row says, and how it is read off a channel's capabilities.
type Row = (&'static str, fn(&Capabilities) -> String);

const EVENT_ROWS: [Row; 13] = [
    ("Agent: customer started typing (Z8)", |can| {
        native(can.customer_typing)
    }),
    ("Agent: customer stopped typing (Z8)", |can| {
        native(can.customer_typing)
    }),
    ("Agent: customer uploaded an attachment (Z9)", |can| {
        native(can.content_in.contains("attachment"))
    }),
    ("Agent: customer accepted an attachment (Z9)", |can| {
        native(can.file_answers)
    }),
    ("Agent: customer rejected an attachment (Z9)", |can| {
        native(can.file_answers)
    }),
    ("Customer: agent started typing (Z10)", |can| {
        native(can.typing)
    }),
    ("Customer: agent stopped typing (Z10)", |can| {
        native(can.typing)
    }),
    ("Customer: chat started, assigned, transferred (Z11)", said),
    ("Customer: chat closed (Z11)", closed),
    ("Customer: agent uploaded an attachment (Z12)", agent_file),
    ("Customer: agent accepted an attachment (Z12)", said),
    ("Customer: agent rejected an attachment (Z12)", said),
    ("Customer: the service is not available (Z35, Z36)", said),
];

const CAPABILITY_ROWS: [Row; 9] = [
    ("From the customer", |can| list(&can.content_in)),
    ("To the customer", |can| list(&can.content_out)),
    (
        "Longest message (a longer text goes in several)",
        text_limit,
    ),
    ("Files from the customer", |can| {
        files(can.attachments_in.as_ref())
    }),
    ("Files to the customer", |can| {
        files(can.attachments_out.as_ref())
    }),
    ("Receipts", |can| list(&can.receipts)),
    ("Typing sign to the customer", typing),
    ("The customer sees that an agent read it", |can| {
        native(can.seen)
    }),
    ("Opting out is confirmed by", |can| {
        if can.confirms_opt_out {
            "the provider"
        } else {
            "Trunkline"
        }
        .to_owned()
    }),
];

fn table(page: &mut String, manifests: &[Manifest], rows: &[Row], all: &[&Capabilities]) {
    let names: Vec<_> = manifests
        .iter()
        .map(|manifest| manifest.name.as_str())
        .collect();
    let _ = writeln!(page, "| | {} |", names.join(" | "));
    let _ = writeln!(page, "| --- |{}", " --- |".repeat(names.len()));
    for (what, read) in rows {
        let cells: Vec<_> = all.iter().map(|can| read(can)).collect();
        let _ = writeln!(page, "| {what} | {} |", cells.join(" | "));
    }
}

fn native(can: bool) -> String {
    if can { "native" } else { "not possible" }.to_owned()
}

fn said(can: &Capabilities) -> String {
    if can.content_out.contains("text") {
        "message"
    } else {
        "not possible"
    }
    .to_owned()
}

fn closed(can: &Capabilities) -> String {
    if can.content_out.contains("close") {
        "native, and message".to_owned()
    } else {
        said(can)
    }
}

fn agent_file(can: &Capabilities) -> String {
    match &can.attachments_out {
        Some(files) if files.by == Some(By::Native) => "native, and message".to_owned(),
        Some(_) => "link, and message".to_owned(),
        None => "message with a link".to_owned(),
    }
}

fn list(words: &std::collections::BTreeSet<String>) -> String {
    if words.is_empty() {
        return "none".to_owned();
    }
    words
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

fn text_limit(can: &Capabilities) -> String {
    let unit = match can.text_count {
        Some(TextCount::Characters) | None => "characters",
        Some(TextCount::Gsm) => "GSM characters",
        Some(TextCount::Utf16) => "UTF-16 units",
        Some(TextCount::Bytes) => "bytes",
    };
    can.text_max
        .map_or_else(|| "no limit".to_owned(), |max| format!("{max} {unit}"))
}

fn files(files: Option<&Attachments>) -> String {
    let Some(files) = files else {
        return "none".to_owned();
    };
    let by = match files.by {
        Some(By::Native) => "native",
        Some(By::Url) | None => "by link",
    };
    let size = files
        .size_max
        .map_or_else(String::new, |bytes| format!(", up to {}", size(bytes)));
    let types = if files.types.is_empty() {
        "any type".to_owned()
    } else {
        files.types.join(", ").replace('*', "\\*")
    };
    format!("{by}{size}: {types}")
}

fn size(bytes: u64) -> String {
    let (mib, kib) = (1024 * 1024, 1024);
    match bytes {
        _ if bytes >= mib && bytes.is_multiple_of(mib) => format!("{} MiB", bytes / mib),
        _ if bytes >= 1_000_000 && bytes.is_multiple_of(1_000_000) => {
            format!("{} MB", bytes / 1_000_000)
        }
        _ if bytes.is_multiple_of(kib) => format!("{} KiB", bytes / kib),
        _ => format!("{bytes} bytes"),
    }
}

fn typing(can: &Capabilities) -> String {
    match (can.typing, can.typing_refresh_ms) {
        (false, _) => "none".to_owned(),
        (true, None) => "until taken back".to_owned(),
        (true, Some(ms)) => format!("renewed every {} s", f64::from(ms) / 1_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_generated_below_docs_is_up_to_date() {
        for (path, expected) in generated(&root()).unwrap() {
            let found = fs::read_to_string(&path).unwrap();
            assert!(
                found == expected,
                "{} is stale: run `cargo xtask docs`",
                path.display()
            );
        }
    }

    #[test]
    fn a_capability_that_changes_changes_the_page() {
        let text = "name = \"a\"\nversion = \"1\"\nkind = \"channel\"\ncontract = \"0.1-dev\"\n[capabilities]\n";
        let page = |more: &str| channels(&[Manifest::parse(&format!("{text}{more}")).unwrap()]);
        let (without, with) = (page("typing = false"), page("typing = true"));
        assert!(without.contains("| Customer: agent started typing (Z10) | not possible |"));
        assert!(with.contains("| Customer: agent started typing (Z10) | native |"));
    }

    #[test]
    fn a_file_takes_the_place_of_the_one_printed_before() {
        let guide = "a\n<!-- file: x -->\n```rust\nold\n```\nb\n";
        let new = printed(guide, "x", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- file: x -->\n```rust\nnew\n```\nb\n");
        let empty = "<!-- file: x -->\n```rust\n```\n";
        assert_eq!(
            printed(empty, "x", "new\n").unwrap(),
            "<!-- file: x -->\n```rust\nnew\n```\n"
        );
        assert!(printed("a", "x", "new\n").is_err());
    }
}
