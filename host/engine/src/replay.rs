//! Runs a recorded call again, from the record alone: no network, no store, no secret. The plugin may be the version that was called,
//! or another one that is to do better.

use std::fmt::Debug;
use std::sync::Arc;

use serde_json::Value;
use trunkline_flow::ports::Scope;

use crate::contract_0_1::Call;
use crate::contract_0_1::bot::{BotReceive, Turn};
use crate::contract_0_1::channel::{Check, OpenAttachment, Receive, Resolve, Send};
use crate::guest::{Beginning, World};
use crate::manifest::{Kind, Manifest};
use crate::record::{Ending, Frame, LogLine, RecordedCall, Words, call_of};
use crate::run::{Allowance, Ended, Linked, run};
use crate::runtime::Runtime;
use crate::secrets::Secrets;
use crate::signing::from_hex;

/// Why a record cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file is no plugin that this host can run.
    #[error("the plugin cannot be run: {0}")]
    Plugin(String),
    /// The record is damaged, or of another contract.
    #[error("the record cannot be read: {0}")]
    Record(String),
}

/// What a call did when it was run again.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// How it ended.
    pub ending: Ending,
    /// The result, the reason, or what it asks for.
    pub outcome: String,
    /// How many of the recorded answers it asked for.
    pub asked: usize,
    /// How many there are.
    pub recorded: usize,
    /// The plugin's log lines: level and text.
    pub log: Vec<(String, String)>,
    /// Name and version of the plugin that ran.
    pub plugin: String,
}

/// Runs a recorded call again on a plugin's file. Blocks for as long as the plugin runs, within its limits.
///
/// # Errors
/// See [`ReplayError`]. A plugin that fails is none of them.
pub fn replay(record: &RecordedCall, component: &[u8]) -> Result<Replayed, ReplayError> {
    let plugin = Loaded::new(component)?;
    let channel = match (&record.head.scope, plugin.manifest.kind) {
        (Scope::Channel(_), Kind::Channel) => true,
        (Scope::Bot(_), Kind::Bot) => false,
        (scope, _) => {
            let text = format!("it is no plugin for a call of {scope:?}");
            return Err(ReplayError::Plugin(text));
        }
    };
    let frame = of_json(record.frame.clone())?;
    let words = of_json(record.words.clone())?;
    let play = Play {
        plugin: &plugin,
        frame,
        words,
    };
    match (channel, record.head.export.as_str()) {
        (true, Receive::EXPORT) => play.again::<Receive>(),
        (true, Resolve::EXPORT) => play.again::<Resolve>(),
        (true, Send::EXPORT) => play.again::<Send>(),
        (true, OpenAttachment::EXPORT) => play.again::<OpenAttachment>(),
        (false, Turn::EXPORT) => play.again::<Turn>(),
        (false, BotReceive::EXPORT) => play.again::<BotReceive>(),
        (_, Check::EXPORT) => play.again::<Check>(),
        (_, export) => Err(ReplayError::Record(format!("nothing is called `{export}`"))),
    }
}

fn of_json<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, ReplayError> {
    serde_json::from_value(value).map_err(|error| ReplayError::Record(error.to_string()))
}

/// A plugin's file, ready to run.
struct Loaded {
    linked: Linked,
    manifest: Manifest,
}

impl Loaded {
    fn new(component: &[u8]) -> Result<Self, ReplayError> {
        let wrong = |error: String| ReplayError::Plugin(error);
        let manifest =
            Manifest::of_component(component).map_err(|error| wrong(error.to_string()))?;
        let whole = |error: wasmtime::Error| wrong(format!("{error:#}"));
        let runtime = Runtime::new(1).map_err(whole)?;
        let compiled = runtime.compile(component).map_err(whole)?;
        let linked = Linked::new(&runtime, &compiled).map_err(whole)?;
        Ok(Self { linked, manifest })
    }
}

struct Play<'a> {
    plugin: &'a Loaded,
    frame: Frame,
    words: Words,
}

impl Play<'_> {
    fn again<C: Call>(self) -> Result<Replayed, ReplayError> {
        let Self {
            plugin,
            frame,
            words,
        } = self;
        let call: C = call_of(words.arguments).map_err(ReplayError::Record)?;
        let seed = from_hex(&frame.seed).and_then(|seed| seed.try_into().ok());
        let seed = seed.ok_or_else(|| ReplayError::Record("the seed is no 32 bytes".to_owned()))?;
        let recorded = words.journal.len();
        let limits = plugin.manifest.call_limits();
        let beginning = Beginning {
            world: Arc::new(World {
                name: frame.name,
                public_url: frame.public_url,
                settings: frame.settings.to_string(),
                secrets: Secrets::default(),
            }),
            export: C::EXPORT,
            may_fetch: C::MAY_FETCH,
            pushing: call.pushing(),
            started: frame.started,
            journal: words.journal,
            recorded_secrets: Some(words.secrets),
            seed,
            limits,
        };
        let run = run(
            &plugin.linked,
            &Arc::new(call),
            beginning,
            Allowance::whole(limits),
        );
        let (ending, outcome) = told(run.ended);
        Ok(Replayed {
            ending,
            outcome,
            asked: run.asked,
            recorded,
            log: run.log.into_iter().map(LogLine::into_pair).collect(),
            plugin: format!("{} {}", plugin.manifest.name, plugin.manifest.version),
        })
    }
}

fn told(ended: Ended<impl Debug>) -> (Ending, String) {
    match ended {
        Ended::Done(output) => (Ending::Result, outcome(&output)),
        Ended::Failed(reason) => (Ending::Trap, reason),
        Ended::Wants(request) => (Ending::Asks, request.summary()),
    }
}

/// A result in one line, as lists and comparisons have it.
pub(crate) fn outcome(output: &impl Debug) -> String {
    format!("{output:?}")
}
