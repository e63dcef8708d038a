//! One call of a plugin, from its first run to its end.
//!
//! Run the guest; when it asks for something, fetch that, add the answer to the journal, run it
//! again from the top. Nothing of the guest is alive while the host waits, so any number of calls
//! can wait. The journal is in memory while the call runs: after a crash the call begins anew, and what has left
//! by then is known from [`Leaving`]. What remains of a call that ended is [`Remains`], for whoever keeps it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rand::TryRngCore;
use rand::rngs::OsRng;
use trunkline_core::id::{FileId, Timestamp};
use trunkline_flow::ports::{Leaving, PluginVersion, StoreError};

use crate::contract_0_1::Call;
use crate::egress::{Egress, Prepared, Rights, prepare};
use crate::guest::{Beginning, CallLimits, LogLevel};
use crate::live::Bound;
use crate::record::{LogLine, SecretUse};
use crate::request::{Entry, FetchError, FetchRequest, FetchResponse, Repeat};
use crate::run::{Allowance, Ended, Run, run};
use crate::threads::GuestThreads;
use crate::time::Time;
use crate::tokens::{Fetched, Tokens};

/// Requests and answers of one call, together.
const JOURNAL_BYTES_MAX: usize = 4 << 20;

/// What a plugin reads instead of an answer that the host did not live to keep.
const LOST_ANSWER: &str = "it was made before, and what came of it is not known";

/// Why a call gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The plugin's fault: a trap, or a limit.
    #[error("{0}")]
    Plugin(String),
    /// `Leaving` failed: nothing left.
    #[error("{0}")]
    Store(StoreError),
    /// The host's fault, or the time a provider took: no fault of the plugin.
    #[error("{0}")]
    Host(String),
}

impl Failure {
    /// A slow provider or a busy host: no fault of the plugin, whose own time is counted as CPU.
    pub(crate) fn too_long(limit: Duration) -> Self {
        Self::Host(format!("the call took more than {limit:?}"))
    }
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    /// A `once` request has left and may have been taken.
    pub(crate) once_left: bool,
}

/// What remains of a call that ended.
pub(crate) struct Remains {
    pub(crate) seed: [u8; 32],
    pub(crate) started: Timestamp,
    pub(crate) journal: Vec<Entry>,
    /// Of the last run, as the log lines are.
    pub(crate) secret_uses: Vec<SecretUse>,
    pub(crate) log: Vec<LogLine>,
    pub(crate) once_left: bool,
}

/// What invocations need of the engine.
pub(crate) struct Means {
    pub(crate) threads: GuestThreads,
    pub(crate) egress: Egress,
    pub(crate) tokens: Tokens,
    pub(crate) time: Arc<dyn Time>,
    pub(crate) call_time: Duration,
}

/// Everything that stays the same over the runs of one call.
pub(crate) struct Invocation {
    pub(crate) bound: Bound,
    /// Files of the store it may send.
    pub(crate) files: Vec<FileId>,
    /// The plugin's clock before the first answer.
    pub(crate) started: Timestamp,
    /// Without it `once` requests are denied.
    pub(crate) leaving: Option<Leaving>,
    /// So many `once` requests of a run before this one may have been taken, and nobody knows what came of them: as many of this one are
    /// not made, and answered so.
    pub(crate) unknown_onces: u32,
}

impl Invocation {
    /// Runs the call to its end. What remains of it is there unless it could not begin.
    ///
    /// # Errors
    /// See [`Failure`].
    pub(crate) async fn call<C: Call>(
        self,
        means: &Means,
        call: &Arc<C>,
    ) -> (Result<C::Output, Failed>, Option<Remains>) {
        match Progress::new(self, means) {
            Ok(mut progress) => {
                let result = progress.end(call).await;
                (result, Some(progress.into_remains()))
            }
            Err(failed) => (Err(failed), None),
        }
    }
}

struct Progress<'a> {
    invocation: Invocation,
    means: &'a Means,
    seed: [u8; 32],
    limits: CallLimits,
    deadline: Instant,
    cpu_left: Duration,
    journal: Vec<Entry>,
    journal_bytes: usize,
    secret_uses: Vec<SecretUse>,
    log: Vec<LogLine>,
    once_left: bool,
}

impl<'a> Progress<'a> {
    fn new(invocation: Invocation, means: &'a Means) -> Result<Self, Failed> {
        let mut seed = [0; 32];
        OsRng.try_fill_bytes(&mut seed).map_err(|error| Failed {
            failure: Failure::Host(format!("the system gives no random bytes: {error}")),
            once_left: false,
        })?;
        let limits = invocation.bound.plugin.manifest.call_limits();
        Ok(Self {
            seed,
            limits,
            deadline: Instant::now() + means.call_time,
            cpu_left: Duration::from_millis(limits.cpu_ms),
            journal: Vec::new(),
            journal_bytes: 0,
            secret_uses: Vec::new(),
            log: Vec::new(),
            once_left: false,
            invocation,
            means,
        })
    }

    async fn end<C: Call>(&mut self, call: &Arc<C>) -> Result<C::Output, Failed> {
        loop {
            match self.run(call).await? {
                Ended::Done(output) => return Ok(output),
                // The time went by outside the guest: inside it, the limit of CPU comes first.
                Ended::Failed(_) if self.is_over() => return Err(self.too_long()),
                Ended::Failed(reason) => return Err(self.trapped(reason)),
                // Apart: many calls ask for nothing, and would carry room for a whole exchange about.
                Ended::Wants(request) => Box::pin(self.answer(*request)).await?,
            }
        }
    }

    fn into_remains(self) -> Remains {
        Remains {
            seed: self.seed,
            started: self.invocation.started,
            journal: self.journal,
            secret_uses: self.secret_uses,
            log: self.log,
            once_left: self.once_left,
        }
    }

    async fn run<C: Call>(&mut self, call: &Arc<C>) -> Result<Ended<C::Output>, Failed> {
        let plugin = self.invocation.bound.plugin.clone();
        let replay = !self.journal.is_empty();
        let beginning = Beginning {
            world: self.invocation.bound.world.clone(),
            export: C::EXPORT,
            may_fetch: C::MAY_FETCH,
            pushing: call.pushing(),
            started: self.invocation.started,
            journal: std::mem::take(&mut self.journal),
            recorded_secrets: None,
            seed: self.seed,
            limits: self.limits,
        };
        let allowance = Allowance {
            cpu: self.cpu_left,
            cpu_ms: self.limits.cpu_ms,
            deadline: self.deadline,
        };
        let work = {
            let (plugin, call) = (plugin.clone(), call.clone());
            move || run(&plugin.linked, &call, beginning, allowance)
        };
        let name = plugin.manifest.name.clone();
        let on_thread = self.means.threads.run(&name, work);
        let mut run = tokio::time::timeout_at(self.deadline.into(), on_thread)
            .await
            .map_err(|_| self.too_long())?
            .map_err(|error| self.failed(Failure::Host(error.to_string())))?;
        self.journal = std::mem::take(&mut run.journal);
        self.cpu_left = self.cpu_left.saturating_sub(run.cpu);
        self.count(replay, &run);
        self.secret_uses = run.secret_uses;
        self.log = run.log;
        Ok(run.ended)
    }

    fn count<T>(&self, replay: bool, run: &Run<T>) {
        let counters = &self.invocation.bound.plugin.counters;
        let which = if replay {
            &counters.replays
        } else {
            &counters.calls
        };
        which.fetch_add(1, Ordering::Relaxed);
        let us = u64::try_from(run.cpu.as_micros()).unwrap_or(u64::MAX);
        counters.cpu_us.fetch_add(us, Ordering::Relaxed);
        let bytes = u64::try_from(run.memory).unwrap_or(u64::MAX);
        counters
            .memory_bytes_max
            .fetch_max(bytes, Ordering::Relaxed);
        match run.ended {
            Ended::Wants(_) => {}
            Ended::Done(_) => self.write_log(&run.log),
            Ended::Failed(_) => {
                counters.traps.fetch_add(1, Ordering::Relaxed);
                self.write_log(&run.log);
            }
        }
    }

    fn write_log(&self, lines: &[LogLine]) {
        let plugin = &self.invocation.bound.plugin.manifest.name;
        let name = &self.invocation.bound.world.name;
        for LogLine { level, text } in lines {
            match level {
                LogLevel::Debug => tracing::debug!(%plugin, %name, "{text}"),
                LogLevel::Info => tracing::info!(%plugin, %name, "{text}"),
                LogLevel::Warn => tracing::warn!(%plugin, %name, "{text}"),
                LogLevel::Error => tracing::error!(%plugin, %name, "{text}"),
            }
        }
    }

    /// Gets the answer and writes it into the journal.
    async fn answer(&mut self, request: FetchRequest) -> Result<(), Failed> {
        // What cannot be written down must not leave.
        self.bound_journal(request.size())?;
        let answer = self.fetch(&request).await?;
        let entry = Entry {
            request,
            answer,
            at: self.means.time.now(),
        };
        self.bound_journal(entry.size())?;
        self.journal_bytes += entry.size();
        self.journal.push(entry);
        Ok(())
    }

    fn bound_journal(&self, more: usize) -> Result<(), Failed> {
        if self.journal_bytes + more <= JOURNAL_BYTES_MAX {
            return Ok(());
        }
        let mib = JOURNAL_BYTES_MAX >> 20;
        let text = format!("requests and answers of one call take more than {mib} MiB");
        Err(self.trapped(text))
    }

    async fn fetch(
        &mut self,
        request: &FetchRequest,
    ) -> Result<Result<FetchResponse, FetchError>, Failed> {
        let once = request.repeat == Repeat::Once;
        if once && self.invocation.unknown_onces > 0 {
            self.invocation.unknown_onces -= 1;
            self.once_left = true;
            return Ok(Err(FetchError::Unknown(LOST_ANSWER.to_owned())));
        }
        let tokens = match self.tokens(request, &Fetched::default()).await {
            Ok(tokens) => tokens,
            Err(error) => return Ok(Err(error)),
        };
        let prepared = match self.prepare(request, &tokens) {
            Ok(prepared) => prepared,
            Err(error) => return Ok(Err(error)),
        };
        if once && let Err(denied) = self.leave().await? {
            return Ok(Err(denied));
        }
        let mut answer = self.exchange(prepared).await?;
        if tokens.refused_by(&answer) {
            // What was refused for its token was not taken.
            answer = match self.tokens(request, &tokens).await {
                Ok(tokens) => match self.prepare(request, &tokens) {
                    Ok(prepared) => self.exchange(prepared).await?,
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
        }
        if once {
            self.once_left |= may_have_been_taken(&answer);
        }
        Ok(answer)
    }

    /// The tokens a request needs; not those that were `refused`.
    async fn tokens(
        &self,
        request: &FetchRequest,
        refused: &Fetched,
    ) -> Result<Fetched, FetchError> {
        let secrets = &self.invocation.bound.world.secrets;
        let Means {
            tokens,
            egress,
            time,
            ..
        } = self.means;
        tokens
            .of_request(request, secrets, refused, egress, &**time)
            .await
    }

    fn prepare(&self, request: &FetchRequest, tokens: &Fetched) -> Result<Prepared, FetchError> {
        let bound = &self.invocation.bound;
        let rights = Rights {
            permit: &bound.permit,
            secrets: &bound.world.secrets,
            tokens,
            files: &self.invocation.files,
        };
        prepare(request, rights)
    }

    async fn exchange(
        &mut self,
        prepared: Prepared,
    ) -> Result<Result<FetchResponse, FetchError>, Failed> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(self.too_long());
        }
        let with_file = prepared.carries_file();
        let began = Instant::now();
        let answer = self.means.egress.fetch(prepared, left).await;
        if with_file {
            // It has limits of its own.
            self.deadline += began.elapsed();
        }
        Ok(answer)
    }

    /// Makes it durable that a `once` request is about to leave.
    async fn leave(&self) -> Result<Result<(), FetchError>, Failed> {
        let Some(leaving) = &self.invocation.leaving else {
            let text = "a request that must not be repeated belongs into `send` or a bot's turn";
            return Ok(Err(FetchError::Denied(text.to_owned())));
        };
        let version: PluginVersion = self.invocation.bound.plugin.version.clone();
        leaving
            .now(Some(version))
            .await
            .map(Ok)
            .map_err(|error| self.failed(Failure::Store(error)))
    }

    fn trapped(&self, reason: String) -> Failed {
        self.failed(Failure::Plugin(reason))
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }

    fn too_long(&self) -> Failed {
        self.failed(Failure::too_long(self.means.call_time))
    }

    fn failed(&self, failure: Failure) -> Failed {
        Failed {
            failure,
            once_left: self.once_left,
        }
    }
}

fn may_have_been_taken(answer: &Result<FetchResponse, FetchError>) -> bool {
    match answer {
        Ok(_) | Err(FetchError::Unknown(_) | FetchError::TooLarge) => true,
        Err(FetchError::Denied(_) | FetchError::Unreachable(_)) => false,
    }
}
