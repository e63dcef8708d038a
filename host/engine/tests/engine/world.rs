//! An engine over a temporary folder, with everything around it in memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use trunkline_core::effect::Author;
use trunkline_core::id::{ConversationId, CustomerId, DeliveryId, FileId, Timestamp};
use trunkline_core::message::Address;
use trunkline_engine::{
    CALL_TIME, Engine, EngineConfig, FileState, FileStatus, FoundFile, RecordedCall, SecretValues,
    Stage, Supplies, Time, Trust, UserConfig,
};
use trunkline_flow::ports::{
    BoxFuture, CallArchive, CallHead, CallId, KeptCall, Leaving, NewCall, Outbound, OutboundBody,
    PluginArchive, PluginFile, PluginVersion, Request, Scope, SendCall, StoreError,
};

/// Plugin files in memory.
#[derive(Default)]
pub(crate) struct Archive {
    files: Mutex<BTreeMap<PluginVersion, PluginFile>>,
    history: Mutex<Vec<(String, PluginVersion)>>,
    firsts: Mutex<BTreeMap<String, PluginVersion>>,
    /// Its disk is full.
    pub(crate) full: AtomicBool,
}

impl PluginArchive for Archive {
    fn keep(
        &self,
        hash: &PluginVersion,
        name: &str,
        version: &str,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the disk is full".to_owned()));
        }
        let file = PluginFile {
            name: name.to_owned(),
            version: version.to_owned(),
            bytes: bytes.to_vec(),
        };
        self.files.lock().unwrap().insert(hash.clone(), file);
        Ok(())
    }

    fn fetch(&self, hash: &PluginVersion) -> Result<Option<PluginFile>, StoreError> {
        Ok(self.files.lock().unwrap().get(hash).cloned())
    }

    fn made_live(&self, hash: &PluginVersion, _: Timestamp) -> Result<(), StoreError> {
        let name = self.files.lock().unwrap()[hash].name.clone();
        let mut firsts = self.firsts.lock().unwrap();
        firsts.entry(name.clone()).or_insert_with(|| hash.clone());
        let mut history = self.history.lock().unwrap();
        history.retain(|(_, before)| before != hash);
        history.push((name, hash.clone()));
        Ok(())
    }

    fn history(&self, name: &str) -> Result<Vec<PluginVersion>, StoreError> {
        let history = self.history.lock().unwrap();
        let of_name = history.iter().rev().filter(|(other, _)| other == name);
        Ok(of_name.map(|(_, hash)| hash.clone()).collect())
    }

    fn first(&self, name: &str) -> Result<Option<PluginVersion>, StoreError> {
        Ok(self.firsts.lock().unwrap().get(name).cloned())
    }

    fn in_use(&self) -> Result<Vec<PluginVersion>, StoreError> {
        Ok(Vec::new())
    }
}

/// Recorded calls in memory.
#[derive(Default)]
pub(crate) struct Calls(Mutex<Vec<NewCall>>);

impl Calls {
    /// All that were kept, as the store would give them.
    pub(crate) fn kept(&self) -> Vec<RecordedCall> {
        let calls = self.0.lock().unwrap();
        let kept = calls.iter().map(|call| RecordedCall {
            head: call.head.clone(),
            masked: false,
            redacted: false,
            frame: call.frame.clone(),
            words: call.words.clone(),
        });
        kept.collect()
    }
}

impl CallArchive for Calls {
    fn keep_call(&self, call: NewCall) -> BoxFuture<'_, Result<CallId, StoreError>> {
        let mut calls = self.0.lock().unwrap();
        calls.push(call);
        let id = CallId(i64::try_from(calls.len()).unwrap());
        Box::pin(async move { Ok(id) })
    }

    fn calls(
        &self,
        _: Option<Scope>,
        _: Option<CallId>,
        _: usize,
    ) -> BoxFuture<'_, Result<Vec<(CallId, CallHead)>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn call(&self, _: CallId) -> BoxFuture<'_, Result<Option<KeptCall>, StoreError>> {
        Box::pin(async { Ok(None) })
    }
}

/// A clock that stands still until it is moved.
pub(crate) struct Clock(AtomicI64);

impl Clock {
    pub(crate) fn pass_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Time for Clock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Where the world's clock stands.
pub(crate) const NOW: Timestamp = Timestamp(1_795_428_000_000);

/// The world of one test.
pub(crate) struct World {
    /// Removed with the world: an engine must not outlive it.
    _folder: TempDir,
    pub(crate) config: EngineConfig,
    pub(crate) archive: Arc<Archive>,
    pub(crate) calls: Arc<Calls>,
    pub(crate) clock: Arc<Clock>,
}

impl World {
    /// An empty folder and no configuration.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = EngineConfig {
            dir: folder.path().join("plugins"),
            cache_dir: folder.path().join("cache"),
            public_url: "https://chat.example.com".to_owned(),
            trust: Trust::default(),
            proxy: None,
            call_time: CALL_TIME,
            channels: BTreeMap::new(),
            bots: BTreeMap::new(),
        };
        fs::create_dir_all(&config.dir).unwrap();
        Self {
            _folder: folder,
            config,
            archive: Arc::default(),
            calls: Arc::default(),
            clock: Arc::new(Clock(NOW.0.into())),
        }
    }

    /// With a channel: its name, its plugin, its settings as TOML.
    pub(crate) fn channel(mut self, name: &str, plugin: &str, settings: &str) -> Self {
        self.config
            .channels
            .insert(name.into(), user(plugin, settings));
        self
    }

    /// With a secret of a channel.
    pub(crate) fn secret(mut self, channel: &str, name: &str, value: &str) -> Self {
        let channel = self.config.channels.get_mut(&channel.into()).unwrap();
        channel
            .secrets
            .insert(name.to_owned(), SecretValues::one(value).into());
        self
    }

    /// With a file in the plugin folder.
    pub(crate) fn file(self, name: &str, bytes: &[u8]) -> Self {
        self.drop_file(name, bytes);
        self
    }

    /// Puts a file into the folder, whole.
    pub(crate) fn drop_file(&self, name: &str, bytes: &[u8]) {
        let part = self.config.dir.join(format!(".{name}.part"));
        fs::write(&part, bytes).unwrap();
        fs::rename(part, self.path(name)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.config.dir.join(name)
    }

    pub(crate) async fn start(&self) -> Engine {
        Engine::start(self.config.clone(), self.supplies())
            .await
            .unwrap()
    }

    /// As `start`, with no patience for files.
    pub(crate) fn begin(&self) -> Engine {
        Engine::begin(self.config.clone(), self.supplies()).unwrap()
    }

    fn supplies(&self) -> Supplies {
        Supplies {
            archive: self.archive.clone(),
            calls: Some(self.calls.clone()),
            reply_key: [9; 32],
            files: Arc::new(no_files),
            time: self.clock.clone(),
        }
    }
}

fn no_files(_: FileId) -> BoxFuture<'static, Result<FoundFile, StoreError>> {
    Box::pin(async { Ok(None) })
}

/// A channel or bot without secrets.
pub(crate) fn user(plugin: &str, settings: &str) -> UserConfig {
    UserConfig {
        plugin: plugin.into(),
        settings: settings.parse().unwrap(),
        secrets: BTreeMap::new(),
        hosts: Vec::new(),
    }
}

/// A webhook call with this body.
pub(crate) fn post(body: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        url: "https://chat.example.com/channels/test".to_owned(),
        path: String::new(),
        query: String::new(),
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
    }
}

/// A message of somebody, as echo and trap-on-payload read it.
pub(crate) fn said(key: &str, text: &str) -> Request {
    post(&format!(
        r#"{{"key":"{key}","from":"anna","text":"{text}"}}"#
    ))
}

/// A delivery to anna.
pub(crate) fn text(channel: &str, number: u32, text: &str) -> SendCall {
    SendCall {
        channel: channel.into(),
        outbound: Outbound {
            delivery: DeliveryId {
                conversation: ConversationId {
                    customer: CustomerId(1),
                    number: 1,
                },
                number,
            },
            customer: vec![Address {
                kind: "echo".to_owned(),
                value: "anna".to_owned(),
            }],
            body: OutboundBody::Text(text.to_owned()),
            author: Author::Agent,
            author_name: None,
            attempt: 1,
            unknown_since: None,
            taken: Vec::new(),
            rest: None,
        },
        peer_state: Vec::new(),
        pinned: None,
        next_frame: None,
    }
}

/// What left, in order.
pub(crate) type LeftVersions = Arc<Mutex<Vec<Option<PluginVersion>>>>;

/// A `Leaving` that always says yes, and what it was asked.
pub(crate) fn leaving() -> (Leaving, LeftVersions) {
    let asked = LeftVersions::default();
    let ledger = asked.clone();
    let leaving = Leaving(Arc::new(move |version| {
        ledger.lock().unwrap().push(version);
        Box::pin(async { Ok(()) })
    }));
    (leaving, asked)
}

/// The status of a file.
pub(crate) fn file_status(engine: &Engine, file: &str) -> FileStatus {
    let status = engine.status();
    let found = status.files.iter().find(|status| status.file == file);
    found
        .unwrap_or_else(|| panic!("no {file} in {status:?}"))
        .clone()
}

/// At which stage a file was refused, and why.
pub(crate) fn refused(engine: &Engine, file: &str) -> (Stage, String) {
    match file_status(engine, file).state {
        FileState::Refused(refusal) => (refusal.stage, refusal.reason),
        state @ (FileState::Loading | FileState::Live | FileState::Quarantined { .. }) => {
            panic!("{file} is {state:?}")
        }
    }
}

/// Waits until a fact holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let result = tokio::time::timeout(Duration::from_secs(60), wait).await;
    assert!(result.is_ok(), "waited in vain: {what}");
}
