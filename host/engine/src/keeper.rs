//! The one task that owns the plugin folder: it scans, loads one file after the other, swaps,
//! quarantines, and writes the notes beside the files. Everybody else sends it orders.
//!
//! Start-up is a scan with nothing known. A file that fails leaves the version that serves in place.

/// What serves where a file does not.
mod before;

/// Files come, change and go.
mod folder;

/// Traps, quarantine, and the version before.
mod quarantine;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use trunkline_core::id::PluginName;
use trunkline_flow::ports::PluginVersion;

use crate::config::{EngineConfig, User};
use crate::invocation::Means;
use crate::live::{Live, Plugin, Table};
use crate::load::Loaded;
use crate::manifest::{Ack, Manifest};
use crate::plan::{Stamp, Stamps};
use crate::recorder::Recorder;
use crate::refusal::{Note, NoteKind, Refusal, Stage};
use crate::reply_token::ReplyTokens;
use crate::status::{
    EngineEvent, EngineStatus, FileState, FileStatus, Serving, paste, unserved, used_by,
};
use crate::taken::Taken;
use crate::traps::{Trap, Traps};
use crate::versions::Versions;

/// A file that two scans so far apart saw alike is whole.
const SETTLE: Duration = Duration::from_millis(200);

/// Scans without being told: a watch may be missing or lose events.
const RESCAN: Duration = Duration::from_secs(5);

/// What the keeper is told.
pub(crate) enum Order {
    /// Something in the folder may have changed.
    Look,
    /// Another configuration from now on.
    Reconfigure(Arc<EngineConfig>, oneshot::Sender<()>),
    /// A version trapped on a call.
    Trapped(PluginVersion, Trap),
    /// Tell when everything found so far is live or refused.
    Settled(oneshot::Sender<()>),
}

/// What the keeper shares with callers.
pub(crate) struct Shared {
    pub(crate) live: Live,
    pub(crate) means: Arc<Means>,
    pub(crate) versions: Arc<Versions>,
    pub(crate) status: RwLock<EngineStatus>,
    pub(crate) events: broadcast::Sender<EngineEvent>,
    pub(crate) taken: Taken,
    pub(crate) recorder: Recorder,
    pub(crate) reply_tokens: ReplyTokens,
}

/// A file the keeper has looked at.
struct Known {
    stamp: Stamp,
    state: FileState,
    /// Why it was refused before it was looked at again: the same is not told twice.
    before: Option<Refusal>,
    version: Option<PluginVersion>,
    manifest: Option<Manifest>,
}

/// Which file stands for a plugin's name, and the version that serves.
struct Provided {
    file: String,
    /// None: it is in quarantine, and there is no version before it.
    plugin: Option<Arc<Plugin>>,
    /// From the store, because the file was refused: a good file takes its place, whatever it is called.
    stands_in: bool,
}

/// A file on its way, and by which configuration it is judged.
struct Loading {
    file: String,
    config: Arc<EngineConfig>,
    handle: JoinHandle<Loaded>,
}

/// The owner of the folder.
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    config: Arc<EngineConfig>,
    orders: mpsc::Receiver<Order>,
    known: BTreeMap<String, Known>,
    before: Stamps,
    waiting: VecDeque<String>,
    loading: Option<Loading>,
    provided: BTreeMap<PluginName, Provided>,
    acks: BTreeMap<PluginName, Ack>,
    traps: BTreeMap<PluginVersion, Traps>,
    quarantined: Vec<PluginVersion>,
    unsettled: bool,
    next_look: Instant,
    to_tell: Vec<oneshot::Sender<()>>,
}

impl Keeper {
    pub(crate) fn new(
        shared: Arc<Shared>,
        config: Arc<EngineConfig>,
        orders: mpsc::Receiver<Order>,
    ) -> Self {
        Self {
            shared,
            config,
            orders,
            known: BTreeMap::new(),
            before: Stamps::new(),
            waiting: VecDeque::new(),
            loading: None,
            provided: BTreeMap::new(),
            acks: BTreeMap::new(),
            traps: BTreeMap::new(),
            quarantined: Vec::new(),
            unsettled: false,
            next_look: Instant::now(),
            to_tell: Vec::new(),
        }
    }

    /// Runs until the last sender of orders is gone.
    pub(crate) async fn run(mut self) {
        self.look().await;
        loop {
            self.tell_when_settled();
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => return,
                },
                loaded = finished(&mut self.loading) => self.loaded(loaded).await,
                () = tokio::time::sleep_until(self.next_look) => self.look_by_the_clock().await,
            }
            self.load_next();
            self.write_status();
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Look => self.look().await,
            Order::Reconfigure(config, done) => {
                self.reconfigure(config).await;
                // The asker may have gone.
                let _ = done.send(());
            }
            Order::Trapped(version, trap) => self.trapped(&version, trap).await,
            Order::Settled(done) => {
                self.look().await;
                self.to_tell.push(done);
            }
        }
    }

    fn tell_when_settled(&mut self) {
        if self.waiting.is_empty() && self.loading.is_none() && !self.unsettled {
            for done in self.to_tell.drain(..) {
                let _ = done.send(());
            }
        }
    }

    async fn reconfigure(&mut self, config: Arc<EngineConfig>) {
        let trust_changed = self.config.trust != config.trust;
        self.config = config;
        if trust_changed {
            self.judge_anew().await;
        }
        self.swap();
        let misfits = [
            Stage::Settings,
            Stage::Grants,
            Stage::Signature,
            Stage::Trial,
        ];
        self.look_again_at(&misfits);
    }

    /// Forgets files refused for these reasons: the next look loads them anew.
    fn look_again_at(&mut self, stages: &[Stage]) {
        let refused = |known: &Known| match &known.state {
            FileState::Refused(refusal) => stages.contains(&refusal.stage),
            FileState::Loading | FileState::Live | FileState::Quarantined { .. } => false,
        };
        let files = self.known.iter_mut();
        for (file, known) in files.filter(|(_, known)| refused(known)) {
            if let FileState::Refused(refusal) = &known.state {
                known.before = Some(refusal.clone());
            }
            known.state = FileState::Loading;
            self.waiting.push_back(file.clone());
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.config.dir.join(file)
    }

    fn set_state(&mut self, file: &str, state: FileState) {
        if let Some(known) = self.known.get_mut(file) {
            known.state = state;
        }
    }

    async fn mark_live(&self, plugin: &Arc<Plugin>) -> Result<(), Refusal> {
        let versions = self.shared.versions.clone();
        let version = plugin.version.clone();
        let now = self.shared.means.time.now();
        let marked = move || versions.archive().made_live(&version, now);
        let what_to_do = "see to the store; the file is tried again every few seconds";
        match tokio::task::spawn_blocking(marked).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Refusal::new(Stage::Store, error.to_string(), what_to_do)),
            Err(error) => Err(Refusal::new(Stage::Store, error.to_string(), what_to_do)),
        }
    }

    fn note(&self, file: &str, reason: &str, what_to_do: &str) -> Note {
        let version = self
            .known
            .get(file)
            .and_then(|known| known.version.as_ref());
        Note {
            file: file.to_owned(),
            sha256: version.map(|version| version.0.clone()).unwrap_or_default(),
            stage: None,
            reason: reason.to_owned(),
            at: self.shared.means.time.now(),
            what_to_do: what_to_do.to_owned(),
            serving: None,
            plugin: None,
        }
    }

    fn leave_note(&self, file: &str, kind: NoteKind, note: &Note) {
        if let Err(error) = kind.write(&self.path(file), note) {
            tracing::warn!(%file, %error, "no note could be written beside the file");
        }
    }

    fn swap(&self) {
        let serving = self.provided.iter();
        let plugins = serving
            .filter_map(|(name, provided)| Some((name.clone(), provided.plugin.clone()?)))
            .collect();
        let table = Table::new(self.config.clone(), &plugins, &self.acks);
        self.shared.live.swap(table);
    }

    fn tell(&self, event: EngineEvent) {
        self.write_status();
        // Nobody listens: nobody needs it.
        let _ = self.shared.events.send(event);
    }

    fn tell_live(&self, plugin: PluginName, version: PluginVersion) {
        let mut channels = Vec::new();
        let mut bots = Vec::new();
        for user in self.shared.live.now().served_by(&plugin) {
            match user {
                User::Channel(name) => channels.push(name),
                User::Bot(name) => bots.push(name),
            }
        }
        self.tell(EngineEvent::Live {
            plugin,
            version,
            channels,
            bots,
        });
    }

    fn write_status(&self) {
        let table = self.shared.live.now();
        let status = EngineStatus {
            files: self
                .known
                .iter()
                .map(|(file, known)| known.status(file, self.serving_for(file), &table))
                .collect(),
            unserved: unserved(&table),
        };
        *self
            .shared
            .status
            .write()
            .unwrap_or_else(PoisonError::into_inner) = status;
    }
}

impl Known {
    fn status(&self, file: &str, serving: Option<&Arc<Plugin>>, table: &Table) -> FileStatus {
        let is_live = self.state == FileState::Live;
        let manifest = self.manifest.as_ref();
        let served = serving.map(|plugin| used_by(table, &plugin.manifest.name));
        let used_by = served.unwrap_or_default();
        let unused = serving.filter(|_| is_live && used_by.is_empty());
        let paste = unused.map(|plugin| paste(&plugin.manifest, &plugin.standing));
        FileStatus {
            file: file.to_owned(),
            state: self.state.clone(),
            sha256: self.version.as_ref().map(|version| version.0.clone()),
            plugin: manifest.map(|manifest| manifest.name.0.clone()),
            version: manifest.map(|manifest| manifest.version.clone()),
            used_by,
            serving: serving.filter(|_| !is_live).map(|plugin| Serving {
                sha256: plugin.version.0.clone(),
                version: plugin.manifest.version.clone(),
            }),
            paste,
        }
    }
}

/// The load that has ended, and by which configuration; never, while none is running.
async fn finished(loading: &mut Option<Loading>) -> (String, Arc<EngineConfig>, Loaded) {
    let Some(Loading {
        file,
        config,
        handle,
    }) = loading
    else {
        return std::future::pending().await;
    };
    let loaded = match handle.await {
        Ok(loaded) => loaded,
        Err(error) => Loaded::broken_off(&error.to_string()),
    };
    let (file, config) = (std::mem::take(file), config.clone());
    *loading = None;
    (file, config, loaded)
}
