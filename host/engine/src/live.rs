//! What is live: plugins, and for each channel and bot the plugin it uses with its settings,
//! secrets and permit bound to it. Replaced as a whole by one pointer; a call keeps what it began
//! with.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde_json::Value;
use trunkline_core::id::PluginName;
use trunkline_flow::ports::{Answer, PluginVersion};

use crate::config::{EngineConfig, User, UserConfig};
use crate::grant::{GrantError, Standing, grant};
use crate::guest::World;
use crate::manifest::{Ack, Kind, Manifest};
use crate::permit::Permit;
use crate::run::{Linked, try_instance};
use crate::secrets::Secrets;
use crate::settings::{self, Complaint};

/// A compiled version of a plugin.
pub(crate) struct Plugin {
    pub(crate) version: PluginVersion,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) linked: Linked,
    pub(crate) standing: Standing,
    pub(crate) counters: Arc<Counters>,
    /// Of this version alone.
    pub(crate) good: GoodCalls,
}

/// How many calls of each export went well.
#[derive(Debug, Default)]
pub(crate) struct GoodCalls(Mutex<BTreeMap<&'static str, u64>>);

impl GoodCalls {
    pub(crate) fn note(&self, export: &'static str) {
        let mut good = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *good.entry(export).or_default() += 1;
    }

    pub(crate) fn of(&self, export: &'static str) -> u64 {
        let good = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        good.get(export).copied().unwrap_or_default()
    }
}

impl Plugin {
    /// Instantiates once on this thread, with no configuration to look at.
    ///
    /// # Errors
    /// What failed.
    pub(crate) fn try_instance(&self) -> Result<(), String> {
        try_instance(&self.linked, self.manifest.call_limits()).map(drop)
    }
}

/// What a plugin did, over all its versions since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) calls: AtomicU64,
    pub(crate) replays: AtomicU64,
    pub(crate) traps: AtomicU64,
    pub(crate) cpu_us: AtomicU64,
    pub(crate) memory_bytes_max: AtomicU64,
}

/// A plugin with everything one channel or bot brings along.
#[derive(Clone)]
pub(crate) struct Bound {
    pub(crate) user: User,
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) world: Arc<World>,
    pub(crate) permit: Arc<Permit>,
    /// What the provider calls our side, where the manifest has a setting for it.
    pub(crate) account: Option<String>,
}

/// Why a plugin cannot serve a channel or bot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BindError {
    #[error("[{table}] {}", joined(.complaints))]
    Settings {
        table: String,
        complaints: Vec<Complaint>,
    },
    #[error("[{table}] {error}")]
    Grant { table: String, error: GrantError },
    #[error("[{table}] wants a {wanted}, plugin `{plugin}` is none")]
    Kind {
        table: String,
        wanted: &'static str,
        plugin: PluginName,
    },
}

fn joined(complaints: &[Complaint]) -> String {
    let texts: Vec<_> = complaints.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

/// What a channel or bot makes of a manifest, before anything is compiled.
pub(crate) struct Fit {
    world: World,
    permit: Permit,
    account: Option<String>,
}

/// Whether a manifest fits a channel or bot.
///
/// # Errors
/// See [`BindError`].
pub(crate) fn fit(
    manifest: &Manifest,
    standing: &Standing,
    user: &User,
    config: &UserConfig,
    public_url: &str,
) -> Result<Fit, BindError> {
    check_kind(user, manifest)?;
    let table = user.table();
    let settings = settings::check(manifest, config).map_err(|complaints| {
        let table = table.clone();
        BindError::Settings { table, complaints }
    })?;
    let permit = grant(manifest, standing, config, &settings)
        .map_err(|error| BindError::Grant { table, error })?;
    let account = manifest
        .account_setting()
        .and_then(|name| settings.get(name));
    let account = account.map(|value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    });
    let world = World {
        name: user.name().to_owned(),
        public_url: format!("{public_url}{}", user.path()),
        settings: Value::Object(settings).to_string(),
        secrets: Secrets::new(config.secrets.clone()),
    };
    Ok(Fit {
        world,
        permit,
        account,
    })
}

/// Binds a version to a channel or bot.
///
/// # Errors
/// See [`BindError`].
pub(crate) fn bind(
    plugin: &Arc<Plugin>,
    user: &User,
    config: &UserConfig,
    public_url: &str,
) -> Result<Bound, BindError> {
    let fit = fit(&plugin.manifest, &plugin.standing, user, config, public_url)?;
    Ok(Bound {
        user: user.clone(),
        plugin: plugin.clone(),
        world: Arc::new(fit.world),
        permit: Arc::new(fit.permit),
        account: fit.account,
    })
}

fn check_kind(user: &User, manifest: &Manifest) -> Result<(), BindError> {
    let (fits, wanted) = match user {
        User::Channel(_) => (manifest.kind == Kind::Channel, "channel"),
        User::Bot(_) => (manifest.kind == Kind::Bot, "bot"),
    };
    if fits {
        return Ok(());
    }
    Err(BindError::Kind {
        table: user.table(),
        wanted,
        plugin: manifest.name.clone(),
    })
}

/// Why a channel or bot has no plugin now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Absent {
    pub(crate) reason: String,
    /// The last known manifest's, for webhooks that must wait.
    pub(crate) ack: Ack,
}

/// One moment's truth.
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) config: Arc<EngineConfig>,
    /// For every configured channel and bot.
    pub(crate) users: BTreeMap<User, Result<Bound, Absent>>,
}

impl Table {
    /// The channels and bots that use this plugin and are served by it.
    pub(crate) fn served_by(&self, plugin: &PluginName) -> Vec<User> {
        let served = |bound: &Result<Bound, Absent>| {
            bound
                .as_ref()
                .is_ok_and(|bound| bound.plugin.manifest.name == *plugin)
        };
        let users = self.users.iter().filter(|(_, bound)| served(bound));
        users.map(|(user, _)| user.clone()).collect()
    }

    /// Binds every configured channel and bot to the live plugins. `acks` are of the last known manifests.
    pub(crate) fn new(
        config: Arc<EngineConfig>,
        plugins: &BTreeMap<PluginName, Arc<Plugin>>,
        acks: &BTreeMap<PluginName, Ack>,
    ) -> Self {
        let users = config
            .users()
            .map(|(user, wanted)| {
                let ack = acks.get(&wanted.plugin).cloned().unwrap_or_default();
                let bound = match plugins.get(&wanted.plugin) {
                    Some(plugin) => bind(plugin, &user, wanted, &config.public_url)
                        .map_err(|error| error.to_string()),
                    None => Err(format!(
                        "no plugin `{}` is live: its file belongs into {}",
                        wanted.plugin,
                        config.dir.display()
                    )),
                };
                (user, bound.map_err(|reason| Absent { reason, ack }))
            })
            .collect();
        Self { config, users }
    }
}

/// The answer for a call that must wait; none where calls of its method are not kept.
pub(crate) fn ack_answer(ack: &Ack, method: &str) -> Option<Answer> {
    let mut methods = ack.methods.iter();
    if !methods.any(|kept| kept.eq_ignore_ascii_case(method)) {
        return None;
    }
    let content_type = ack.content_type.iter();
    Some(Answer {
        status: ack.status,
        headers: content_type
            .map(|kind| ("content-type".to_owned(), kind.clone()))
            .collect(),
        body: ack.body.clone().into_bytes(),
    })
}

/// The table in use.
pub(crate) struct Live(RwLock<Arc<Table>>);

impl Live {
    pub(crate) fn new(table: Table) -> Self {
        Self(RwLock::new(Arc::new(table)))
    }

    /// What is true now. A call keeps it to its end.
    pub(crate) fn now(&self) -> Arc<Table> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The swap.
    pub(crate) fn swap(&self, table: Table) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }
}
