//! One file on its way to live: read, signature, manifest, contract, grants, compiled, tried, kept.
//!
//! Stops at the first step that fails and says which. Changes nothing but the store, where the
//! file's bytes are kept once it has passed everything else; `keeper` makes it live.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use trunkline_flow::ports::{PluginVersion, Request};

use crate::config::{EngineConfig, User};
use crate::contract_0_1::CONTRACT;
use crate::contract_0_1::channel::Receive;
use crate::grant::Standing;
use crate::invocation::{Failure, Invocation, Means};
use crate::live::{BindError, Bound, Plugin, Table, bind, fit};
use crate::manifest::{Kind, Manifest};
use crate::refusal::{NoteKind, Refusal, Stage};
use crate::scan::signature_path;
use crate::signature;
use crate::standing::{keep_signature, standing};
use crate::versions::Versions;

/// Larger files are no plugins: one made from Python has 18 MB.
const FILE_BYTES_MAX: u64 = 128 << 20;

/// A file that may become live.
pub(crate) enum Candidate {
    /// It passed everything.
    Good(Arc<Plugin>),
    /// It is in quarantine: the note names this very file.
    Quarantined(PluginVersion, Box<Manifest>),
}

/// What became of a file.
pub(crate) struct Loaded {
    /// Of its bytes; none if it could not be read.
    pub(crate) version: Option<PluginVersion>,
    /// The manifest, as far as it could be read.
    pub(crate) manifest: Option<Manifest>,
    pub(crate) result: Result<Candidate, Refusal>,
}

/// What loading needs.
pub(crate) struct Loader {
    pub(crate) versions: Arc<Versions>,
    pub(crate) means: Arc<Means>,
    pub(crate) config: Arc<EngineConfig>,
    /// What is live: a version that breaks a channel it serves now stays out.
    pub(crate) table: Arc<Table>,
}

impl Loader {
    /// Takes the file through all steps.
    pub(crate) async fn load(self, path: PathBuf) -> Loaded {
        let mut loaded = Loaded::broken_off("the loader broke off");
        let this = Arc::new(self);
        let worker = this.clone();
        let prepared = tokio::task::spawn_blocking(move || {
            let result = worker.prepare(&path, &mut loaded);
            (loaded, result)
        });
        let (mut loaded, result) = match prepared.await {
            Ok(prepared) => prepared,
            Err(error) => return Loaded::broken_off(&error.to_string()),
        };
        loaded.result = match result {
            Ok(Candidate::Good(plugin)) => this
                .try_out(&plugin)
                .await
                .map(|()| Candidate::Good(plugin)),
            other => other,
        };
        loaded
    }

    fn prepare(&self, path: &Path, loaded: &mut Loaded) -> Result<Candidate, Refusal> {
        let bytes = read(path)?;
        let version = PluginVersion(hex(&Sha256::digest(&bytes)));
        loaded.version = Some(version.clone());
        let signature = std::fs::read_to_string(signature_path(path)).ok();
        let signed = signature::check(&self.config.trust, &version, &bytes, signature.as_deref())?;
        let manifest = manifest(&bytes)?;
        loaded.manifest = Some(manifest.clone());
        check_contract(&manifest)?;
        let note = NoteKind::Quarantined.read(path);
        if note.is_some_and(|note| note.sha256 == version.0) {
            return Ok(Candidate::Quarantined(version, Box::new(manifest)));
        }
        let archive = self.versions.archive();
        let standing = standing(&self.config.trust, archive, &manifest, &version, signed);
        let standing = standing.map_err(|error| store_refusal(&error))?;
        self.check_users(&manifest, &standing)?;
        let plugin = self
            .versions
            .compile(&version, manifest, standing, &bytes)?;
        self.keep(&plugin, &bytes, signature.as_deref())?;
        Ok(Candidate::Good(plugin))
    }

    /// Whether it fits the channels and bots that want it. One that serves nobody may come; one
    /// that would break a channel served now, or fits none, may not.
    fn check_users(&self, manifest: &Manifest, standing: &Standing) -> Result<(), Refusal> {
        let mut errors = Vec::new();
        let mut fits = 0;
        for (user, wanted) in self.config.users() {
            if wanted.plugin != manifest.name {
                continue;
            }
            match fit(manifest, standing, &user, wanted, &self.config.public_url) {
                Ok(_) => fits += 1,
                Err(error) => errors.push((user, error)),
            }
        }
        let breaks = errors.iter().any(|(user, _)| self.is_served(user));
        match errors.into_iter().next() {
            Some((user, error)) if breaks || fits == 0 => Err(misfit(&user, &error)),
            Some(_) | None => Ok(()),
        }
    }

    fn is_served(&self, user: &User) -> bool {
        self.table.users.get(user).is_some_and(Result::is_ok)
    }

    fn keep(&self, plugin: &Plugin, bytes: &[u8], signature: Option<&str>) -> Result<(), Refusal> {
        let Manifest { name, version, .. } = &*plugin.manifest;
        let archive = self.versions.archive();
        let kept = archive.keep(&plugin.version, name.as_str(), version, bytes);
        kept.map_err(|error| store_refusal(&error))?;
        let Some(signature) = signature else {
            return Ok(());
        };
        let kept = keep_signature(archive, &plugin.version, signature);
        kept.map_err(|error| store_refusal(&error))
    }

    /// The first call: a plugin that cannot be instantiated, or traps on a harmless request, shows it here.
    async fn try_out(&self, plugin: &Arc<Plugin>) -> Result<(), Refusal> {
        let users = self
            .config
            .users()
            .filter(|(_, wanted)| wanted.plugin == plugin.manifest.name);
        let bound: Vec<_> = users
            .filter_map(|(user, wanted)| {
                let bound = bind(plugin, &user, wanted, &self.config.public_url).ok()?;
                Some((user, bound))
            })
            .collect();
        match bound.first() {
            Some((_, first)) if plugin.manifest.kind == Kind::Channel => {
                self.probe(first.clone()).await?;
            }
            Some(_) | None => self.instantiate(plugin).await?,
        }
        self.check(&bound).await
    }

    async fn instantiate(&self, plugin: &Arc<Plugin>) -> Result<(), Refusal> {
        let name = plugin.manifest.name.clone();
        let plugin = plugin.clone();
        let tried = self.means.threads.run(&name, move || plugin.try_instance());
        match tried.await {
            Ok(result) => result.map_err(|reason| trial_refusal(&reason)),
            Err(error) => Err(trial_refusal(&error.to_string())),
        }
    }

    async fn probe(&self, bound: Bound) -> Result<(), Refusal> {
        let request = Request {
            method: "GET".to_owned(),
            url: bound.world.public_url.clone(),
            path: String::new(),
            query: String::new(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let invocation = Invocation {
            bound,
            files: Vec::new(),
            started: self.means.time.now(),
            leaving: None,
            unknown_onces: 0,
        };
        let call = Receive {
            request,
            peer: None,
            peer_state: Vec::new(),
        };
        match invocation.call(&self.means, &Arc::new(call)).await.0 {
            Ok(_) => Ok(()),
            Err(failed) => Err(match failed.failure {
                Failure::Plugin(reason) | Failure::Host(reason) => trial_refusal(&reason),
                Failure::Store(error) => store_refusal(&error),
            }),
        }
    }
}

impl Loaded {
    /// The host's own failure; the file is tried again when it changes.
    pub(crate) fn broken_off(reason: &str) -> Self {
        Self {
            version: None,
            manifest: None,
            result: Err(Refusal::new(Stage::Read, reason, "see the log")),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Refusal> {
    let refuse = |reason: String| {
        Refusal::new(
            Stage::Read,
            reason,
            "copy the file anew, or let the host read it: it is tried again every few seconds",
        )
    };
    let size = std::fs::metadata(path)
        .map_err(|error| refuse(error.to_string()))?
        .len();
    if size > FILE_BYTES_MAX {
        let reason = format!("{size} bytes: a plugin has at most {FILE_BYTES_MAX}");
        return Err(refuse(reason));
    }
    std::fs::read(path).map_err(|error| refuse(error.to_string()))
}

fn manifest(bytes: &[u8]) -> Result<Manifest, Refusal> {
    Manifest::of_component(bytes).map_err(|error| {
        let what_to_do = "build it as plugin-sdk/README.md says";
        Refusal::new(Stage::Manifest, error.to_string(), what_to_do)
    })
}

fn check_contract(manifest: &Manifest) -> Result<(), Refusal> {
    if manifest.contract == CONTRACT {
        return Ok(());
    }
    let reason = format!(
        "built for contract {}, this host speaks {CONTRACT}",
        manifest.contract
    );
    let what_to_do = "build it with an SDK of this host's release, or use a host that speaks it";
    Err(Refusal::new(Stage::Contract, reason, what_to_do))
}

fn misfit(user: &User, error: &BindError) -> Refusal {
    match error {
        BindError::Grant { error: grant, .. } => Refusal::new(
            Stage::Grants,
            error.to_string(),
            grant.what_to_do(&user.table()),
        ),
        BindError::Settings { .. } | BindError::Kind { .. } => {
            let what_to_do = format!("correct [{}] in the configuration", user.table());
            Refusal::new(Stage::Settings, error.to_string(), what_to_do)
        }
    }
}

pub(crate) fn trial_refusal(reason: &str) -> Refusal {
    let reason = format!("its first call failed: {reason}");
    let what_to_do = "mend the plugin; the version before serves on";
    Refusal::new(Stage::Trial, reason, what_to_do)
}

fn store_refusal(error: &dyn std::fmt::Display) -> Refusal {
    let what_to_do = "see to the store; the file is tried again every few seconds";
    Refusal::new(
        Stage::Store,
        format!("the store cannot keep it: {error}"),
        what_to_do,
    )
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
