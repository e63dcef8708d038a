//! `plugin new NAME`: a folder with a channel or bot plugin that builds and is tested, to be changed into what one needs.
//!
//! The files are those of `plugin-sdk/template` and `template-bot`, which journeys build and talk through. An existing folder is left
//! alone.

use std::fmt;
use std::path::{Path, PathBuf};

use super::super::Failure;

/// Path in the new folder, and the file with `NAME`, `CRATE` and `SDK` to fill in.
type File = (&'static str, &'static str);

/// The files of a template, which lie there as they will in the new folder; all have one `Cargo.toml`.
macro_rules! files {
    ($folder:literal, $($file:literal),+ $(,)?) => {
        &[
            ("Cargo.toml", include_str!("../../../../../plugin-sdk/template/Cargo.toml.txt")),
            $(($file, include_str!(concat!("../../../../../plugin-sdk/", $folder, "/", $file)))),+
        ]
    };
}

const CHANNEL: &[File] = files![
    "template",
    "plugin.toml",
    "src/lib.rs",
    "tests/fixtures.rs",
    "fixtures/text.json",
    "fixtures/text.expected.json",
    "fixtures/wrong-token.json",
    "fixtures/wrong-token.expected.json",
    "fixtures/send-text.json",
    "fixtures/send-text.expected.json",
];

const BOT: &[File] = files![
    "template-bot",
    "plugin.toml",
    "src/lib.rs",
    "tests/fixtures.rs",
    "fixtures/first-words.json",
    "fixtures/first-words.expected.json",
    "fixtures/agent.json",
    "fixtures/agent.expected.json",
    "fixtures/not-understood-twice.json",
    "fixtures/not-understood-twice.expected.json",
    "fixtures/refused.json",
    "fixtures/refused.expected.json",
];

/// A crate may not be called like one of these.
const TAKEN: [&str; 4] = ["test", "core", "std", "trunkline-plugin"];

/// What is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A channel plugin.
    Channel,
    /// A bot plugin.
    Bot,
}

impl Kind {
    fn files(self) -> &'static [File] {
        match self {
            Self::Channel => CHANNEL,
            Self::Bot => BOT,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Bot => "bot",
        }
    }
}

/// What was made, and what comes next.
#[derive(Debug)]
pub(super) struct Made {
    kind: Kind,
    name: String,
    checkout: PathBuf,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            name,
            checkout,
        } = self;
        let kind = kind.word();
        let checkout = checkout.display();
        writeln!(
            f,
            "{name}/ is a {kind} plugin: its manifest is plugin.toml, its code src/lib.rs.\n"
        )?;
        writeln!(f, "  cd {name}")?;
        writeln!(f, "  cargo test")?;
        writeln!(
            f,
            "  (cd {checkout} && cargo xtask plugins --folder \"$OLDPWD\")   # makes {name}.wasm\n"
        )?;
        writeln!(
            f,
            "Copy {name}.wasm into the folder that [plugins] dir names: `trunkline status` prints the TOML to paste."
        )
    }
}

/// Makes the folder here.
///
/// # Errors
/// The name cannot be a plugin's, there is a folder of this name, the SDK is not found, or a file cannot be written.
pub(super) fn new(name: &str, kind: Kind, sdk: Option<&Path>) -> Result<Made, Failure> {
    if !is_name(name) {
        return Err(Failure::Usage(format!(
            "`{name}` cannot be a plugin's name: small letters, digits and hyphens, a letter first; not {}",
            TAKEN.join(", ")
        )));
    }
    let folder = Path::new(name);
    if folder.exists() {
        return Err(Failure::Problem(format!(
            "{name}: there is such a folder or file already"
        )));
    }
    let sdk = found_sdk(sdk)?;
    for (path, text) in kind.files() {
        let text = filled_in(text, name, &sdk);
        write(&folder.join(path), &text)?;
    }
    let checkout = sdk.ancestors().nth(2).unwrap_or(&sdk).to_owned();
    Ok(Made {
        kind,
        name: name.to_owned(),
        checkout,
    })
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(fits)
        && !name.ends_with('-')
        && !TAKEN.contains(&name)
}

fn filled_in(text: &str, name: &str, sdk: &Path) -> String {
    // A path in a TOML string: `\\` and `"` are escaped.
    let sdk = sdk
        .display()
        .to_string()
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    text.replace("NAME", name)
        .replace("CRATE", &name.replace('-', "_"))
        .replace("SDK", &sdk)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::Problem(format!("{}: {error}", path.display()));
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    std::fs::write(path, text).map_err(failed)
}

/// Whole, for the new folder may be moved.
fn found_sdk(given: Option<&Path>) -> Result<PathBuf, Failure> {
    let here = std::env::current_dir().map_err(Failure::problem)?;
    let upwards = here
        .ancestors()
        .map(|folder| folder.join("plugin-sdk/rust"));
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-sdk/rust");
    let candidates = match given {
        Some(given) => vec![given.to_owned()],
        None => upwards.chain([built]).collect(),
    };
    let found = candidates.iter().find(|folder| is_sdk(folder));
    let found = found.ok_or_else(|| {
        let first = candidates.first().map(|folder| folder.display().to_string());
        Failure::Usage(format!(
            "{}: the SDK is not there: say `--sdk FOLDER`, the folder plugin-sdk/rust of a checkout of Trunkline",
            first.unwrap_or_default()
        ))
    })?;
    found.canonicalize().map_err(Failure::problem)
}

fn is_sdk(folder: &Path) -> bool {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml"));
    manifest.is_ok_and(|text| text.contains("name = \"trunkline-plugin\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugins_name_is_also_a_crates_and_a_files() {
        for name in ["my-channel", "sms2", "a"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "My", "2sms", "a_b", "a/b", "../a", "a-", "test", "-a"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn every_blank_of_the_template_is_filled_in() {
        for (path, text) in CHANNEL.iter().chain(BOT) {
            let text = filled_in(text, "my-channel", Path::new("/a \"b\""));
            for blank in ["NAME", "CRATE", "SDK"] {
                assert!(!text.contains(blank), "{path} still says {blank}");
            }
        }
    }
}
