//! The engine as the server sees it: start, reconfigure, status, events. Calls are in `plugins`.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};
use trunkline_core::id::{BotName, ChannelName, PluginName, Timestamp};
use trunkline_flow::ports::{CallArchive, PluginArchive};

use crate::cache::Cache;
use crate::config::{EngineConfig, User};
use crate::egress::{Egress, EgressError, Files, Patience};
use crate::invocation::Means;
use crate::keeper::{Keeper, Order, Shared};
use crate::live::{Live, Table};
use crate::manifest::Manifest;
use crate::recorder::{RECORDING_MS_MAX, Recorder};
use crate::reply_token::ReplyTokens;
use crate::runtime::Runtime;
use crate::scan::watch;
use crate::secrets::SecretSource;
use crate::status::{EngineEvent, EngineStatus, PluginMetrics};
use crate::taken::Taken;
use crate::threads::GuestThreads;
use crate::time::Time;
use crate::tokens::{TokenError, Tokens};
use crate::versions::Versions;

/// Orders waiting for the keeper; what does not fit is lost, and the next scan makes up for it.
const ORDERS_MAX: usize = 256;

/// Events a slow listener may be behind; then it misses the oldest and should ask for the status.
const EVENTS_MAX: usize = 256;

/// How long a start waits for plugins. A component of a few MiB compiles in seconds, one with an interpreter in half a minute:
/// a provider's calls are taken meanwhile, and whoever watches the process sees that it lives.
pub const START_PATIENCE: Duration = Duration::from_secs(5);

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder can neither be made nor watched.
    #[error("make the plugin folder {dir}")]
    Dir {
        /// Which.
        dir: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The machine cannot run plugins: no address space, no memory protection.
    #[error("set up WebAssembly: {0}")]
    Runtime(String),
    /// The system gives no threads.
    #[error("start threads for plugins")]
    Threads(#[source] std::io::Error),
    /// The proxy's address is none.
    #[error(transparent)]
    Egress(#[from] EgressError),
}

/// What the engine gets from outside itself.
pub struct Supplies {
    /// Keeps plugin files by hash.
    pub archive: Arc<dyn PluginArchive>,
    /// Keeps calls that failed, or that are recorded; none: no call is kept.
    pub calls: Option<Arc<dyn CallArchive>>,
    /// Bots' reply tokens are made with it: the same one after a restart, and known to nobody else.
    pub reply_key: [u8; 32],
    /// Opens the store's files for request bodies.
    pub files: Arc<dyn Files>,
    /// The time of day.
    pub time: Arc<dyn Time>,
}

/// The plugins of this process. Cheap to clone; the last clone dropped ends it.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
    pub(crate) orders: mpsc::Sender<Order>,
    /// Ends with the engine.
    _watcher: Arc<Option<notify::RecommendedWatcher>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts, and returns when every file in the folder is live or refused; at the latest after [`START_PATIENCE`]. What
    /// takes longer to compile goes on, and its calls wait as for any plugin that is not there.
    ///
    /// # Errors
    /// See [`StartError`]. A bad plugin file is none of them.
    pub async fn start(config: EngineConfig, supplies: Supplies) -> Result<Self, StartError> {
        let engine = Self::begin(config, supplies)?;
        // Slow, not wrong.
        let _ = tokio::time::timeout(START_PATIENCE, engine.settled()).await;
        Ok(engine)
    }

    /// Starts, and waits for no file.
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub fn begin(config: EngineConfig, supplies: Supplies) -> Result<Self, StartError> {
        make_dir(&config)?;
        let config = Arc::new(config);
        let shared = Arc::new(shared(&config, supplies)?);
        let (orders, taken) = mpsc::channel(ORDERS_MAX);
        let watcher = watched(&config, orders.clone().downgrade());
        tokio::spawn(Keeper::new(shared.clone(), config, taken).run());
        Ok(Self {
            shared,
            orders,
            _watcher: Arc::new(watcher),
        })
    }

    /// Takes another configuration: channels and bots are bound anew, files that were refused for
    /// settings, grants or signature are looked at again. Calls in flight keep what they began with.
    /// Another folder, cache or proxy counts from the next start. Returns when everything is live or refused.
    pub async fn reconfigure(&self, config: EngineConfig) {
        let (done, answered) = oneshot::channel();
        let order = Order::Reconfigure(Arc::new(config), done);
        if self.orders.send(order).await.is_ok() {
            // The keeper ends only with the process.
            let _ = answered.await;
            self.settled().await;
        }
    }

    /// Returns when everything that lies in the folder now is live or refused.
    pub async fn settled(&self) {
        let (done, settled) = oneshot::channel();
        if self.orders.send(Order::Settled(done)).await.is_ok() {
            let _ = settled.await;
        }
    }

    /// Files, who uses them, what to paste.
    pub fn status(&self) -> EngineStatus {
        let status = self.shared.status.read();
        status.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Plugins coming and going, from now on. A listener that falls behind misses the oldest.
    pub fn events(&self) -> broadcast::Receiver<EngineEvent> {
        self.shared.events.subscribe()
    }

    /// What plugins did since the start.
    pub fn metrics(&self) -> BTreeMap<PluginName, PluginMetrics> {
        let counters = self.shared.versions.counters();
        counters
            .into_iter()
            .map(|(name, counters)| (name, PluginMetrics::of(&counters)))
            .collect()
    }

    /// Keeps every call of a channel or bot for so many ms from now, an hour at most; 0 ends it. A restart ends it too.
    pub fn record(&self, user: User, for_ms: u64) {
        let now = self.shared.means.time.now();
        let until = now.plus_ms(for_ms.min(RECORDING_MS_MAX));
        self.shared.recorder.record_until(user, until);
    }

    /// Of which channels and bots every call is kept, and until when.
    pub fn recording(&self) -> BTreeMap<User, Timestamp> {
        let now = self.shared.means.time.now();
        self.shared.recorder.recording(now)
    }

    /// The manifest of the plugin that serves this channel.
    pub fn channel_manifest(&self, channel: &ChannelName) -> Option<Arc<Manifest>> {
        self.manifest(&User::Channel(channel.clone()))
    }

    /// The manifest of the plugin that serves this bot.
    pub fn bot_manifest(&self, bot: &BotName) -> Option<Arc<Manifest>> {
        self.manifest(&User::Bot(bot.clone()))
    }

    /// Gets every token that the configuration has the host fetch: by user and secret, each one's
    /// host or why there is none.
    pub async fn check_tokens(&self) -> Vec<(User, String, Result<String, TokenError>)> {
        let config = self.shared.live.now().config.clone();
        let mut checked = Vec::new();
        for (user, wanted) in config.users() {
            for (name, source) in &wanted.secrets {
                if let SecretSource::Oauth2(oauth2) = source {
                    let Means {
                        tokens,
                        egress,
                        time,
                        ..
                    } = &*self.shared.means;
                    let got = tokens.token(oauth2, None, egress, &**time).await;
                    let host = oauth2.token_url.host_str().unwrap_or_default().to_owned();
                    checked.push((user.clone(), name.clone(), got.map(|_| host)));
                }
            }
        }
        checked
    }

    fn manifest(&self, user: &User) -> Option<Arc<Manifest>> {
        let table = self.shared.live.now();
        let bound = table.users.get(user)?.as_ref().ok()?;
        Some(bound.plugin.manifest.clone())
    }
}

fn make_dir(config: &EngineConfig) -> Result<(), StartError> {
    std::fs::create_dir_all(&config.dir).map_err(|source| StartError::Dir {
        dir: config.dir.display().to_string(),
        source,
    })
}

fn shared(config: &Arc<EngineConfig>, supplies: Supplies) -> Result<Shared, StartError> {
    let cores = available_parallelism().map_or(1, usize::from);
    let guests = u32::try_from(cores + 1).unwrap_or(u32::MAX);
    let runtime =
        Runtime::new(guests).map_err(|error| StartError::Runtime(format!("{error:#}")))?;
    let cache = Cache::open(&config.cache_dir, &runtime);
    let means = Means {
        threads: GuestThreads::start(cores).map_err(StartError::Threads)?,
        egress: Egress::new(config.proxy.as_ref(), supplies.files, Patience::default())?,
        tokens: Tokens::default(),
        time: supplies.time,
        call_time: config.call_time,
    };
    let table = Table::new(config.clone(), &BTreeMap::new(), &BTreeMap::new());
    Ok(Shared {
        live: Live::new(table),
        means: Arc::new(means),
        versions: Arc::new(Versions::new(runtime, cache, supplies.archive)),
        status: RwLock::default(),
        events: broadcast::channel(EVENTS_MAX).0,
        taken: Taken::default(),
        recorder: Recorder::new(supplies.calls),
        reply_tokens: ReplyTokens::new(supplies.reply_key),
    })
}

fn watched(
    config: &EngineConfig,
    orders: mpsc::WeakSender<Order>,
) -> Option<notify::RecommendedWatcher> {
    let changed = move || {
        if let Some(orders) = orders.upgrade() {
            // Full: a look is on its way anyway.
            let _ = orders.try_send(Order::Look);
        }
    };
    match watch(&config.dir, changed) {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            let dir = config.dir.display();
            tracing::warn!(%dir, %error, "the plugin folder cannot be watched; it is scanned every few seconds");
            None
        }
    }
}
