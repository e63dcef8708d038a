//! The running host: store, plugin engine, ECE and flow, put together; and its configuration, which can
//! be replaced while it runs.
//!
//! A reload is all or nothing: a file that is wrong, or asks for what needs a restart, changes nothing,
//! and says so in the log and in `status` until a right one comes.

/// The lights of entry points and channels.
mod lights;

/// What the admin API tells.
mod status;

/// Replacing the configuration.
mod reload;

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use trunkline_core::id::{ChannelName, FileId, Timestamp};
use trunkline_ece::EceClient;
use trunkline_engine::{Engine, EngineEvent, FoundFile, Supplies};
use trunkline_flow::ports::{BoxFuture, Clock, PluginArchive, Scope, Store, StoreError};
use trunkline_flow::{Flow, Limits, Ports};
use trunkline_store::SqliteStore;

use crate::clock::SystemClock;
use crate::config::{Config, Secret};
use crate::token;
use crate::wiring::{self, ChannelFacts};

use lights::Board;

/// Flow over this process's ports.
pub type HostFlow = Flow<Arc<SqliteStore>, Engine, EceClient, SystemClock>;

/// Why the host did not start. Nothing runs then.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be opened.
    #[error("the store {path} cannot be opened: {source}{}", causes(.source))]
    Store {
        /// Its file.
        path: std::path::PathBuf,
        /// Why.
        source: trunkline_store::OpenError,
    },
    /// The settings of integrations cannot work.
    #[error("{0}")]
    Ece(String),
    /// The plugin engine cannot work on this machine.
    #[error("the plugin engine did not start: {source}{}", causes(.source))]
    Engine {
        /// Why.
        source: trunkline_engine::StartError,
    },
    /// The store's own key cannot be read.
    #[error("the store's own key cannot be read")]
    ReplyKey(#[source] StoreError),
    /// The admin token cannot be read or made.
    #[error("the admin token in {path}: {source}")]
    Token {
        /// Its file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What stands behind an error, for one line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// The configuration in use.
#[derive(Debug)]
struct InForce {
    config: Arc<Config>,
    since: Timestamp,
    /// Why the file as it stands now is not in use.
    refused: Option<String>,
    token: Secret,
}

/// The running host.
pub struct Host {
    flow: HostFlow,
    clock: SystemClock,
    in_force: RwLock<InForce>,
    reloading: tokio::sync::Mutex<()>,
    board: Board,
    started: Timestamp,
    stopping: CancellationToken,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

impl Host {
    /// Opens the store, starts plugins and flow. Takes no calls yet: see [`crate::edge::router`].
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: Config) -> Result<Arc<Self>, StartError> {
        warn_of_idle(&config);
        let store = Arc::new(open_store(&config)?);
        let token = admin_token(&config)?;
        let ece = EceClient::new(wiring::integrations(&config), ece_options(&config))
            .map_err(|errors| StartError::Ece(ece_complaints(&errors)))?;
        let engine = start_engine(&config, &store).await?;
        let clock = SystemClock;
        let events = engine.events();
        let settings = wiring::settings(&config, &|channel| facts(&engine, channel));
        let ports = Ports {
            store,
            plugins: engine,
            ece,
            clock,
        };
        let started = clock.now();
        let host = Arc::new(Self {
            flow: Flow::new(ports, Arc::new(settings), Limits::default()),
            clock,
            in_force: RwLock::new(InForce {
                config: Arc::new(config),
                since: started,
                refused: None,
                token,
            }),
            reloading: tokio::sync::Mutex::default(),
            board: Board::default(),
            started,
            stopping: CancellationToken::new(),
        });
        tokio::spawn(follow_engine(Arc::clone(&host), events));
        tokio::spawn(lights::keep(Arc::clone(&host)));
        tokio::spawn(reload::watch(Arc::clone(&host)));
        Ok(host)
    }

    /// The flow.
    pub fn flow(&self) -> &HostFlow {
        &self.flow
    }

    /// The store.
    pub fn store(&self) -> &SqliteStore {
        self.flow.store()
    }

    /// The plugins.
    pub fn engine(&self) -> &Engine {
        self.flow.plugins()
    }

    /// ECE.
    pub fn ece(&self) -> &EceClient {
        self.flow.ece()
    }

    /// The clock.
    pub fn clock(&self) -> &SystemClock {
        &self.clock
    }

    /// The configuration in force.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.read().config)
    }

    /// What the admin API asks for.
    pub fn admin_token(&self) -> Secret {
        self.read().token.clone()
    }

    /// Ends: nothing new is begun, what is under way settles until `deadline`. True: all had settled.
    pub async fn shutdown(&self, deadline: Timestamp) -> bool {
        self.stopping.cancel();
        self.flow.shutdown(deadline).await
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, InForce> {
        self.in_force.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, InForce> {
        self.in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells conversations what the configuration and the live plugins say.
    fn settle_settings(&self) {
        let settings = wiring::settings(&self.config(), &|channel| facts(self.engine(), channel));
        self.flow.set_settings(Arc::new(settings));
    }
}

/// What is configured and lets nothing through.
fn warn_of_idle(config: &Config) {
    for (of, why) in config.idle() {
        tracing::warn!(of, why, "nothing comes through");
    }
}

fn open_store(config: &Config) -> Result<SqliteStore, StartError> {
    let path = &config.store.path;
    let options = trunkline_store::Options {
        masking: wiring::masking(&config.masking),
        ..trunkline_store::Options::new(wiring::beside(path, ".files"))
    };
    SqliteStore::open(path, options).map_err(|source| StartError::Store {
        path: path.clone(),
        source,
    })
}

fn admin_token(config: &Config) -> Result<Secret, StartError> {
    if let Some(token) = &config.server.admin_token {
        return Ok(token.clone());
    }
    let path = token::token_file(&config.store.path);
    token::read_or_make(&path).map_err(|source| StartError::Token { path, source })
}

async fn start_engine(config: &Config, store: &Arc<SqliteStore>) -> Result<Engine, StartError> {
    let archive: Arc<dyn PluginArchive> = Arc::clone(store) as _;
    let files = Arc::clone(store);
    let open = move |id: FileId| -> BoxFuture<'static, Result<FoundFile, StoreError>> {
        let store = Arc::clone(&files);
        Box::pin(async move { store.read_file(&id).await })
    };
    let reply_key = store.reply_key().await.map_err(StartError::ReplyKey)?;
    let supplies = Supplies {
        archive,
        calls: Some(Arc::clone(store) as _),
        reply_key,
        files: Arc::new(open),
        time: Arc::new(SystemClock),
    };
    Engine::start(wiring::engine(config), supplies)
        .await
        .map_err(|source| StartError::Engine { source })
}

fn ece_options(config: &Config) -> trunkline_ece::Options {
    trunkline_ece::Options {
        proxy: config.server.proxy.clone(),
        private_bot_files: false,
    }
}

fn ece_complaints(errors: &[trunkline_ece::ConfigError]) -> String {
    let lines: Vec<String> = errors
        .iter()
        .flat_map(|error| {
            let integration = &error.integration;
            let complaints = error.complaints.iter();
            complaints.map(move |complaint| format!("[integrations.{integration}] {complaint}"))
        })
        .collect();
    lines.join("\n")
}

fn facts(engine: &Engine, channel: &ChannelName) -> Option<ChannelFacts> {
    engine
        .channel_manifest(channel)
        .map(|manifest| ChannelFacts::of(&manifest))
}

/// Calls that waited for a plugin run when it is live, and its manifest counts from then on.
async fn follow_engine(host: Arc<Host>, mut events: broadcast::Receiver<EngineEvent>) {
    // What waits since the last run, for plugins that were live before this task listened.
    raw_again(&host, all_that_are_called(&host)).await;
    loop {
        let event = tokio::select! {
            () = host.stopping.cancelled() => return,
            event = events.recv() => event,
        };
        // The engine has logged it.
        match event {
            Ok(EngineEvent::Live { channels, bots, .. }) => {
                host.settle_settings();
                host.board.read_soon();
                let channels = channels.into_iter().map(Scope::Channel);
                let bots = bots.into_iter().map(Scope::Bot);
                raw_again(&host, channels.chain(bots).collect()).await;
            }
            Ok(EngineEvent::Refused { .. }) => {}
            Ok(EngineEvent::Quarantined { .. } | EngineEvent::Gone { .. }) => {
                host.settle_settings();
                host.board.read_soon();
            }
            // Missed some: all there is to know is asked for anew.
            Err(broadcast::error::RecvError::Lagged(_)) => {
                host.settle_settings();
                raw_again(&host, all_that_are_called(&host)).await;
            }
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Channels and bots.
fn all_that_are_called(host: &Host) -> Vec<Scope> {
    let config = host.config();
    let channels = config.channels.keys().cloned().map(Scope::Channel);
    let bots = config.bots.keys().cloned().map(Scope::Bot);
    channels.chain(bots).collect()
}

async fn raw_again(host: &Host, called: Vec<Scope>) {
    for scope in called {
        match host.flow.raw_again(&scope).await {
            Ok(0) => {}
            Ok(taken) => {
                tracing::info!(%scope, taken, "calls that waited for a plugin were read");
            }
            Err(error) => {
                tracing::warn!(%scope, %error, "calls that wait for a plugin wait on");
            }
        }
    }
}
