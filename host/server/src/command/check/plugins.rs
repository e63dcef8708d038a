//! Plugins and those who use them, on a copy of the folder: the engine leaves notes beside files that
//! it refuses, and keeps what it runs.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use trunkline_core::id::Timestamp;
use trunkline_engine::{
    Engine, EngineConfig, FileState, FileStatus, FoundFile, Supplies, TokenError, User,
};
use trunkline_flow::ports::{
    BoxFuture, CheckedAccount, PluginArchive, PluginFile, PluginVersion, SendError, StoreError,
};

use super::{Line, Word, provider};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::wiring;

/// Every file, then every channel and bot.
pub(super) async fn look(config: &Config) -> Vec<Line> {
    let wanted = wiring::engine(config);
    // A store that cannot be read has a line of its own.
    let firsts = trunkline_store::first_versions(&config.store.path).unwrap_or_default();
    match look_at_copy(config, &wanted, MemoryArchive::of(firsts)).await {
        Ok(lines) => lines,
        Err(why) => {
            let dir = wanted.dir.display();
            vec![Line::new(
                "plugins",
                "folder",
                Word::Bad,
                format!("{dir}: {why}"),
            )]
        }
    }
}

async fn look_at_copy(
    configured: &Config,
    wanted: &EngineConfig,
    archive: MemoryArchive,
) -> Result<Vec<Line>, String> {
    let copy = tempfile::tempdir().map_err(|error| error.to_string())?;
    if wanted.dir.exists() {
        copy_files(&wanted.dir, copy.path()).map_err(|error| error.to_string())?;
    }
    let cache = tempfile::tempdir().map_err(|error| error.to_string())?;
    let config = EngineConfig {
        dir: copy.path().to_owned(),
        cache_dir: cache.path().join("cache"),
        ..wanted.clone()
    };
    let engine = Engine::start(config.clone(), supplies(archive))
        .await
        .map_err(|error| error.to_string())?;
    let status = engine.status();
    let mut lines: Vec<Line> = folder(&wanted.dir).into_iter().collect();
    lines.extend(status.files.iter().map(file));
    lines.extend(engine.check_tokens().await.into_iter().map(token));
    let channels = config.channels.keys().cloned().map(User::Channel);
    let bots = config.bots.keys().cloned().map(User::Bot);
    for user in channels.chain(bots) {
        lines.push(asked(configured, &engine, &user).await);
    }
    // Nobody knows the copy.
    let (copied, meant) = (copy.path().display(), wanted.dir.display());
    let (copied, meant) = (copied.to_string(), meant.to_string());
    for line in &mut lines {
        line.text = line.text.replace(&copied, &meant);
    }
    Ok(lines)
}

/// A folder that is not there is made by `serve`, and mostly a slip of the hand.
fn folder(dir: &Path) -> Option<Line> {
    let text = format!(
        "{} does not exist yet: `serve` makes it; is `[plugins] dir` right?",
        dir.display()
    );
    (!dir.exists()).then(|| Line::new("plugins", "folder", Word::Doubtful, text))
}

fn file(file: &FileStatus) -> Line {
    let (verdict, text) = match &file.state {
        FileState::Live => {
            let name = file.plugin.as_deref().unwrap_or_default();
            let version = file.version.as_deref().unwrap_or_default();
            (Word::Good, format!("{name} {version}"))
        }
        FileState::Refused(refusal) => (
            Word::Bad,
            format!("{}; {}", refusal.reason, refusal.what_to_do),
        ),
        FileState::Loading => (Word::Doubtful, "it is still being written".to_owned()),
        FileState::Quarantined { .. } => (
            Word::Bad,
            "it trapped too often and is in quarantine; put a mended file in its place, or remove the note beside it".to_owned(),
        ),
    };
    Line::new(format!("plugin {}", file.file), "file", verdict, text)
}

fn token((user, name, got): (User, String, Result<String, TokenError>)) -> Line {
    let (verdict, text) = match got {
        Ok(host) => (Word::Good, format!("{host} gave a token")),
        Err(error) => (Word::Bad, error.to_string()),
    };
    Line::new(of(&user), &format!("secret {name}"), verdict, text)
}

async fn asked(config: &Config, engine: &Engine, user: &User) -> Line {
    let (verdict, text) = match engine.check(user).await {
        Ok(Some(account)) if account.warnings.is_empty() => (Word::Good, named(&account)),
        Ok(Some(account)) => (
            Word::Doubtful,
            format!("{}; {}", named(&account), account.warnings.join("; ")),
        ),
        Ok(None) => (Word::Good, "its plugin is live and has no check".to_owned()),
        Err(error @ (SendError::Again { .. } | SendError::Unknown(_))) => {
            let obstacle = match user {
                User::Channel(name) => provider::obstacle(config, engine, name).await,
                User::Bot(_) => None,
            };
            match obstacle {
                Some(obstacle) => (Word::Bad, obstacle),
                // Somebody answers there, only not well just now.
                None => (Word::Doubtful, error.to_string()),
            }
        }
        Err(error @ SendError::Throttled { .. }) => (Word::Doubtful, error.to_string()),
        Err(
            error @ (SendError::Refused(_)
            | SendError::OptedOut(_)
            | SendError::Credentials(_)
            | SendError::Plugin(_)
            | SendError::NoPlugin(_)
            | SendError::Store(_)),
        ) => (Word::Bad, error.to_string()),
    };
    Line::new(of(user), "account", verdict, text)
}

fn named(account: &CheckedAccount) -> String {
    match &account.name {
        Some(name) => format!("{name} ({})", account.id),
        None => account.id.clone(),
    }
}

fn of(user: &User) -> String {
    match user {
        User::Channel(name) => format!("channel {name}"),
        User::Bot(name) => format!("bot {name}"),
    }
}

fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        // With the notes of the host's quarantines: it does not serve those files.
        let needed = [".wasm", ".minisig", ".quarantined.json"];
        if needed.iter().any(|end| text.ends_with(end)) {
            std::fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

fn supplies(archive: MemoryArchive) -> Supplies {
    let no_files = |_| -> BoxFuture<'static, Result<FoundFile, StoreError>> {
        Box::pin(std::future::ready(Ok(None)))
    };
    Supplies {
        archive: Arc::new(archive),
        calls: None,
        // No bot is called back here.
        reply_key: [0; 32],
        files: Arc::new(no_files),
        time: Arc::new(SystemClock),
    }
}

/// Plugin files for as long as the check runs.
#[derive(Debug, Default)]
struct MemoryArchive {
    /// By plugin: the version that was live first, as the host's store has it.
    firsts: BTreeMap<String, PluginVersion>,
    files: Mutex<BTreeMap<String, PluginFile>>,
}

impl MemoryArchive {
    fn of(firsts: Vec<(PluginVersion, PluginFile)>) -> Self {
        let names = firsts.iter();
        let names = names.map(|(version, file)| (file.name.clone(), version.clone()));
        Self {
            firsts: names.collect(),
            files: Mutex::new(
                firsts
                    .into_iter()
                    .map(|(version, file)| (version.0, file))
                    .collect(),
            ),
        }
    }
}

impl PluginArchive for MemoryArchive {
    fn keep(
        &self,
        hash: &PluginVersion,
        name: &str,
        version: &str,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let file = PluginFile {
            name: name.to_owned(),
            version: version.to_owned(),
            bytes: bytes.to_vec(),
        };
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(hash.0.clone(), file);
        Ok(())
    }

    fn fetch(&self, hash: &PluginVersion) -> Result<Option<PluginFile>, StoreError> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(files.get(&hash.0).cloned())
    }

    fn made_live(&self, _: &PluginVersion, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    fn history(&self, _: &str) -> Result<Vec<PluginVersion>, StoreError> {
        Ok(Vec::new())
    }

    fn first(&self, name: &str) -> Result<Option<PluginVersion>, StoreError> {
        Ok(self.firsts.get(name).cloned())
    }

    fn in_use(&self) -> Result<Vec<PluginVersion>, StoreError> {
        Ok(Vec::new())
    }
}
