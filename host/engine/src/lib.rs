//! Plugins: from a file in a folder to a live plugin, and every call of one. The only crate that
//! knows wasmtime.
//!
//! A file becomes live in `keeper`: found, settled, signature, manifest, grants, compiled, tried,
//! live. A call goes through `plugins` (flow's port), `invocation` (run, wait, run again) and `run`
//! (one fresh instance on a guest thread). What leaves the host leaves through `egress`. There is
//! no conversation here, no store, and nothing that waits inside a guest.

/// What the engine is told.
mod config;

/// The engine as the server sees it.
mod engine;

/// When providers last took a message.
mod taken;

/// The one task that owns the plugin folder.
mod keeper;

/// Which files lie there.
mod scan;

/// What to load, replace and unload.
mod plan;

/// One file on its way to live.
mod load;

/// The last step on that way.
mod trial;

/// Signatures beside plugin files.
mod signature;

/// How far a version is trusted.
mod standing;

/// What a plugin says about itself.
mod manifest;

/// What is needed only with certain settings.
mod needed;

/// Settings checked against the manifest.
mod settings;

/// What may be reached.
mod permit;

/// Grant = manifest AND operator.
mod grant;

/// Versions of plugins by hash.
mod versions;

/// Compiled components, kept.
mod cache;

/// What is live.
mod live;

/// Why a file is not, and the note beside it.
mod refusal;

/// When a version has trapped too often.
mod traps;

/// What the operator is told.
mod status;

/// What `trunkline check` asks.
mod check;

/// Flow's port.
mod plugins;

/// What goes with every call.
mod calling;

/// Which plugin serves a call.
mod binding;

/// What flow does about a call that failed.
mod failures;

/// What a bot's server names a conversation by.
mod reply_token;

/// Which channel an event is for.
mod accounts;

/// wasmtime, set up once.
mod runtime;

/// The threads guests run on.
mod threads;

/// One call, from its first run to its end.
mod invocation;

/// One run of a call.
mod run;

/// One run of a call, seen from its imports.
mod guest;

/// Random bytes.
mod chance;

/// A call as it was.
mod record;

/// Which calls are kept.
mod recorder;

/// A recorded call, run again.
mod replay;

/// A recorded call for somebody outside.
mod redact;

/// Contract 0.1.
mod contract_0_1;

/// What a plugin asks of the outside.
mod request;

/// The way out.
mod egress;

/// Secrets: kept, used, never printed.
mod secrets;

/// Tokens that the host fetches.
mod tokens;

/// HMAC and comparison.
mod signing;

/// JSON web tokens.
mod jwt;

/// The time of day.
mod time;

/// Fixture pairs in the sandbox.
#[cfg(test)]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what a test does not expect ends it"
)]
mod sandbox;

pub use check::{FoundManifest, complaints, manifests_in};
pub use config::{CALL_TIME, EngineConfig, Trust, User, UserConfig};
pub use egress::{EgressError, Files, FoundFile, ProxySettings};
pub use engine::{Engine, START_PATIENCE, StartError, Supplies};
pub use manifest::{
    Ack, Attachments, Kind, Limits, Manifest, ManifestCapabilities, ManifestSecret, SecretKind,
    Setting, SettingType,
};
pub use needed::NeededWhen;
pub use record::{Ending, RecordedCall};
pub use recorder::RECORDING_MS_MAX;
pub use refusal::{Note, Refusal, Stage};
pub use replay::{ReplayError, Replayed, replay};
pub use secrets::{ClientAuth, Oauth2, Secret, SecretSource, SecretValues};
pub use settings::Complaint;
pub use signature::bad_keys;
pub use status::{EngineEvent, EngineStatus, FileState, FileStatus, PluginMetrics, Serving};
pub use time::Time;
pub use tokens::TokenError;
