//! One run of a call on a guest thread: a fresh instance, used once and dropped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use trunkline_core::id::Timestamp;
use wasmtime::component::{Component, InstancePre};
use wasmtime::{Engine, Store, Trap, UpdateDeadline};

use crate::config::CALL_TIME;
use crate::contract_0_1::{Call, Exports};
use crate::guest::{Beginning, CallLimits, Guest, Halt, LogLevel, Pushing, Remains, World};
use crate::record::{LogLine, SecretUse};
use crate::request::{Entry, FetchRequest};
use crate::runtime::Runtime;
use crate::secrets::Secrets;

/// Of an error that a guest logs before it traps, so much goes into the reason.
const LAST_WORDS_BYTES_MAX: usize = 200;

/// A compiled component, linked, with its exports looked up.
#[derive(Clone)]
pub(crate) struct Linked {
    engine: Engine,
    pre: InstancePre<Guest>,
    exports: Exports,
}

impl Linked {
    /// Links a component against everything plugins may import.
    ///
    /// # Errors
    /// It imports something else, or by another type; the error names it.
    pub(crate) fn new(runtime: &Runtime, component: &Component) -> wasmtime::Result<Self> {
        let pre = runtime.linker().instantiate_pre(component)?;
        Ok(Self {
            engine: runtime.engine().clone(),
            exports: Exports::of(&pre),
            pre,
        })
    }

    pub(crate) fn exports(&self) -> &Exports {
        &self.exports
    }
}

/// Instantiates once, with no configuration to look at: an import whose type has changed shows only here. Gives the bytes of
/// memory a call begins with.
///
/// # Errors
/// What failed.
pub(crate) fn try_instance(linked: &Linked, limits: CallLimits) -> Result<usize, String> {
    let world = World {
        name: String::new(),
        public_url: String::new(),
        settings: "{}".to_owned(),
        secrets: Secrets::default(),
    };
    let beginning = Beginning {
        world: Arc::new(world),
        export: "the first instance",
        may_fetch: false,
        pushing: Pushing::NotHere,
        started: Timestamp::default(),
        journal: Vec::new(),
        recorded_secrets: None,
        seed: [0; 32],
        limits,
    };
    let mut store = prepared_store(linked, beginning, Allowance::whole(limits), thread_cpu());
    let instance = linked.pre.instantiate(&mut store);
    instance.map_err(|error| reason(&error))?;
    Ok(store.into_data().into_remains().memory)
}

fn prepared_store(
    linked: &Linked,
    beginning: Beginning,
    allowance: Allowance,
    before: Duration,
) -> Store<Guest> {
    let mut store = Store::new(&linked.engine, Guest::new(beginning));
    store.limiter(|guest| &mut guest.limits);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| within(allowance, before));
    store
}

/// How a run ended.
pub(crate) enum Ended<T> {
    Done(T),
    /// It needs this answer to go on.
    Wants(Box<FetchRequest>),
    /// It trapped, or broke a limit: the plugin's fault.
    Failed(String),
}

/// A run that ended.
pub(crate) struct Run<T> {
    pub(crate) ended: Ended<T>,
    /// Given in, given back.
    pub(crate) journal: Vec<Entry>,
    /// How many of its answers were asked for.
    pub(crate) asked: usize,
    pub(crate) log: Vec<LogLine>,
    pub(crate) secret_uses: Vec<SecretUse>,
    pub(crate) cpu: Duration,
    /// In bytes, what it began with included.
    pub(crate) memory: usize,
}

/// What a run may still use of its call's limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// CPU of this run.
    pub(crate) cpu: Duration,
    /// The whole call's CPU in ms, for the error.
    pub(crate) cpu_ms: u64,
    pub(crate) deadline: Instant,
}

impl Allowance {
    /// All of a call's limits, for a single run.
    pub(crate) fn whole(limits: CallLimits) -> Self {
        Self {
            cpu: Duration::from_millis(limits.cpu_ms),
            cpu_ms: limits.cpu_ms,
            deadline: Instant::now() + CALL_TIME,
        }
    }
}

/// Runs the call once, to its end or to the first request without an answer.
pub(crate) fn run<C: Call>(
    linked: &Linked,
    call: &Arc<C>,
    beginning: Beginning,
    allowance: Allowance,
) -> Run<C::Output> {
    let before = thread_cpu();
    let memory_bytes = beginning.limits.memory_bytes;
    let mut store = prepared_store(linked, beginning, allowance, before);
    let result = linked
        .pre
        .instantiate(&mut store)
        .and_then(|instance| call.run(&mut store, &instance, &linked.exports));
    let mut remains = store.into_data().into_remains();
    let wants = remains.wants.take();
    let ended = match (result, wants) {
        (Ok(output), _) => Ended::Done(output),
        (Err(_), Some(request)) => Ended::Wants(Box::new(request)),
        (Err(error), None) => Ended::Failed(explained(&error, &remains, memory_bytes)),
    };
    Run {
        ended,
        journal: remains.journal,
        asked: remains.asked,
        log: remains.log,
        secret_uses: remains.secret_uses,
        cpu: thread_cpu().saturating_sub(before),
        memory: remains.memory,
    }
}

/// Called every tick while the guest runs. Counts CPU, not time: a busy machine fails nobody's call.
fn within(allowance: Allowance, before: Duration) -> wasmtime::Result<UpdateDeadline> {
    if thread_cpu().saturating_sub(before) > allowance.cpu {
        return Err(Halt::Cpu(allowance.cpu_ms).into());
    }
    if Instant::now() > allowance.deadline {
        return Err(Halt::TooLong.into());
    }
    Ok(UpdateDeadline::Continue(1))
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// A trap alone says where the guest gave up, not why: what it was refused, or said last as an error, does.
fn explained(error: &wasmtime::Error, remains: &Remains, memory_bytes: usize) -> String {
    let trap = reason(error);
    if error.downcast_ref::<Trap>().is_none() {
        return trap;
    }
    let last = remains.log.last();
    let last = last.filter(|line| line.level == LogLevel::Error);
    // First, for lists show the beginning. In quotes: an exported record must not tell it.
    let said = last.map(|line| {
        let end = line.text.floor_char_boundary(LAST_WORDS_BYTES_MAX);
        format!("it said {:?}, then ", &line.text[..end])
    });
    let refused = remains.memory_refused.then(|| {
        let mib = memory_bytes >> 20;
        format!(
            "it was refused more than {mib} MiB of memory (`memory-mib` of its manifest), then "
        )
    });
    [said, refused, Some(trap)].into_iter().flatten().collect()
}

/// The root cause, without the backtrace: that would name functions, not reasons.
fn reason(error: &wasmtime::Error) -> String {
    error.root_cause().to_string()
}
