//! One run of a plugin call, seen from its imports: the world it may look at, the journal it
//! replays, and what it left behind (a request it waits for, log lines, its error).
//!
//! A call is run again from the top whenever an answer arrived; every run gets a fresh [`Guest`]
//! with the same [`World`] and the same seed, so that it asks for the same things again.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use trunkline_core::id::Timestamp;
use wasmtime::ResourceLimiter;

use crate::chance::Chance;
use crate::record::{LogLine, SecretUse};
use crate::request::{Entry, FetchError, FetchRequest, FetchResponse};
use crate::secrets::{SecretError, Secrets};

/// More requests than this in a call are denied.
pub(crate) const REQUESTS_MAX: usize = 16;

/// More log lines than this end the call: a plugin must not fill the operator's disk.
pub(crate) const LOG_LINES_MAX: usize = 100;

/// Longer lines are cut.
pub(crate) const LOG_LINE_BYTES_MAX: usize = 4096;

/// Bytes one call of `random` gives at most; the contract says so.
pub(crate) const RANDOM_BYTES_MAX: u32 = 1024;

/// What a call sees of the configuration, the same in all its runs.
#[derive(Debug)]
pub(crate) struct World {
    /// The channel's or bot's name.
    pub(crate) name: String,
    pub(crate) public_url: String,
    /// A JSON object.
    pub(crate) settings: String,
    pub(crate) secrets: Secrets,
}

/// What a call may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallLimits {
    pub(crate) memory_bytes: usize,
    /// Over all runs of the call.
    pub(crate) cpu_ms: u64,
}

/// Bounds the memories of a guest together: a component may have several.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    /// Bytes.
    limit: usize,
    used: usize,
    /// The guest was refused more. It may have lived with that; mostly it traps, and its trap does not say why.
    refused: bool,
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        let fits = more <= self.limit - self.used;
        if fits {
            self.used += more;
        } else {
            self.refused = true;
        }
        Ok(fits)
    }

    /// The pool bounds tables.
    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

/// How a plugin's log line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        })
    }
}

/// More frames for sockets than this end the call.
pub(crate) const FRAMES_MAX: usize = 64;

/// More bytes of frames than this end the call.
pub(crate) const FRAME_BYTES_MAX: usize = 1 << 20;

/// What a call may give to its customer's sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pushing {
    /// Another export than `send`.
    NotHere,
    /// The manifest declares no socket.
    NoSocket,
    /// Nothing that is kept.
    SignalsAlone,
    /// Frames for the log from this number on, and signals.
    From(u64),
}

/// What a run gave to its customer's sockets.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    pub(crate) pushed: Vec<Vec<u8>>,
    pub(crate) signals: Vec<Vec<u8>>,
}

/// Why a run was ended by an import, on purpose.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Halt {
    /// The journal has no answer yet: not an error.
    #[error("waits for an answer from outside")]
    Wants,
    #[error("a replay asked for `{now}` where the run before asked for `{before}`")]
    Strayed { before: String, now: String },
    #[error("a replay uses a secret where the recorded call did not: {0}")]
    UnrecordedSecret(String),
    #[error("`{0}` may not make requests")]
    MayNotFetch(&'static str),
    #[error("more than {LOG_LINES_MAX} log lines in one call")]
    TooManyLogLines,
    #[error("`random` gives at most {RANDOM_BYTES_MAX} bytes a call, {0} were asked for")]
    TooMuchRandom(u32),
    #[error("the manifest declares no socket")]
    NoSocket,
    #[error("`{0}` may not give frames to sockets: that belongs into `send`")]
    MayNotPush(&'static str),
    #[error("a typing sign or a `seen` is not pushed: it can only be signalled")]
    SignPushed,
    #[error("more than {FRAMES_MAX} frames, or {FRAME_BYTES_MAX} bytes of them, in one call")]
    TooManyFrames,
    #[error("used more than {0} ms of CPU")]
    Cpu(u64),
    #[error("ran past the end of its call's time")]
    TooLong,
}

/// The store data of one run.
pub(crate) struct Guest {
    world: Arc<World>,
    export: &'static str,
    may_fetch: bool,
    started: Timestamp,
    journal: Vec<Entry>,
    position: usize,
    wants: Option<FetchRequest>,
    log: Vec<LogLine>,
    secret_uses: Vec<SecretUse>,
    /// Of a recorded call, in order: no secret is at hand, and none is needed.
    recorded_secrets: Option<std::vec::IntoIter<SecretUse>>,
    random: Chance,
    pushing: Pushing,
    frames: Frames,
    pub(crate) limits: MemoryLimit,
}

/// What remains of a run.
pub(crate) struct Remains {
    /// Given in, given back.
    pub(crate) journal: Vec<Entry>,
    /// How many of its answers were asked for.
    pub(crate) asked: usize,
    pub(crate) wants: Option<FetchRequest>,
    pub(crate) log: Vec<LogLine>,
    pub(crate) secret_uses: Vec<SecretUse>,
    /// In bytes, what it began with included.
    pub(crate) memory: usize,
    /// More memory was wanted than its limit allows.
    pub(crate) memory_refused: bool,
}

/// What a run begins with.
pub(crate) struct Beginning {
    pub(crate) world: Arc<World>,
    /// The export's name, for errors.
    pub(crate) export: &'static str,
    pub(crate) may_fetch: bool,
    pub(crate) pushing: Pushing,
    pub(crate) started: Timestamp,
    pub(crate) journal: Vec<Entry>,
    /// What came of uses of secrets, where a recorded call is run again.
    pub(crate) recorded_secrets: Option<Vec<SecretUse>>,
    pub(crate) seed: [u8; 32],
    pub(crate) limits: CallLimits,
}

impl Guest {
    pub(crate) fn new(beginning: Beginning) -> Self {
        let limits = MemoryLimit {
            limit: beginning.limits.memory_bytes,
            used: 0,
            refused: false,
        };
        Self {
            world: beginning.world,
            export: beginning.export,
            may_fetch: beginning.may_fetch,
            started: beginning.started,
            journal: beginning.journal,
            position: 0,
            wants: None,
            log: Vec::new(),
            secret_uses: Vec::new(),
            recorded_secrets: beginning.recorded_secrets.map(Vec::into_iter),
            random: Chance::from_seed(beginning.seed),
            pushing: beginning.pushing,
            frames: Frames::default(),
            limits,
        }
    }

    pub(crate) fn into_remains(self) -> Remains {
        Remains {
            journal: self.journal,
            asked: self.position,
            wants: self.wants,
            log: self.log,
            secret_uses: self.secret_uses,
            memory: self.limits.used,
            memory_refused: self.limits.refused,
        }
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Does something with a secret, or tells what came of it in the recorded call.
    pub(crate) fn use_secret<T: Serialize + DeserializeOwned>(
        &mut self,
        what: &str,
        secret: String,
        using: impl FnOnce(&Secrets, &str) -> Result<T, SecretError>,
    ) -> Result<Result<T, SecretError>, Halt> {
        let came = match &mut self.recorded_secrets {
            None => using(&self.world.secrets, &secret),
            Some(recorded) => {
                let before = recorded.next();
                let same = before.filter(|use_| use_.what == what && use_.secret == secret);
                let same =
                    same.ok_or_else(|| Halt::UnrecordedSecret(format!("{what} `{secret}`")))?;
                match same.came {
                    Ok(value) => Ok(serde_json::from_value(value)
                        .map_err(|_| Halt::UnrecordedSecret(format!("{what} `{secret}`")))?),
                    Err(error) => Err(error),
                }
            }
        };
        let kept = match &came {
            // Plain data: it always has a JSON form.
            Ok(value) => Ok(serde_json::to_value(value).unwrap_or_default()),
            Err(error) => Err(error.clone()),
        };
        self.secret_uses.push(SecretUse {
            what: what.to_owned(),
            secret,
            came: kept,
        });
        Ok(came)
    }

    /// The answer from the journal; without one the run ends here.
    pub(crate) fn fetch(
        &mut self,
        request: FetchRequest,
    ) -> Result<Result<FetchResponse, FetchError>, Halt> {
        if !self.may_fetch {
            return Err(Halt::MayNotFetch(self.export));
        }
        if self.position >= REQUESTS_MAX {
            let text = format!("more than {REQUESTS_MAX} requests in one call");
            return Ok(Err(FetchError::Denied(text)));
        }
        let Some(entry) = self.journal.get(self.position) else {
            self.wants = Some(request);
            return Err(Halt::Wants);
        };
        if entry.request != request {
            return Err(Halt::Strayed {
                before: entry.request.summary(),
                now: request.summary(),
            });
        }
        self.position += 1;
        Ok(entry.answer.clone())
    }

    /// The time of the last answer; of the start, before the first.
    pub(crate) fn now(&self) -> Timestamp {
        let last = self.position.checked_sub(1);
        last.and_then(|index| self.journal.get(index))
            .map_or(self.started, |entry| entry.at)
    }

    pub(crate) fn random(&mut self, len: u32) -> Result<Vec<u8>, Halt> {
        if len > RANDOM_BYTES_MAX {
            return Err(Halt::TooMuchRandom(len));
        }
        let mut bytes = vec![0; len as usize];
        self.random.fill(&mut bytes);
        Ok(bytes)
    }

    /// The number of the next frame pushed.
    pub(crate) fn next_frame(&self) -> Result<u64, Halt> {
        match self.pushing {
            Pushing::From(first) => Ok(first + self.frames.pushed.len() as u64),
            Pushing::SignalsAlone => Err(Halt::SignPushed),
            Pushing::NoSocket => Err(Halt::NoSocket),
            Pushing::NotHere => Err(Halt::MayNotPush(self.export)),
        }
    }

    pub(crate) fn push(&mut self, frame: Vec<u8>) -> Result<u64, Halt> {
        let number = self.next_frame()?;
        self.bound_frames(&frame)?;
        self.frames.pushed.push(frame);
        Ok(number)
    }

    pub(crate) fn signal(&mut self, frame: Vec<u8>) -> Result<(), Halt> {
        match self.pushing {
            Pushing::From(_) | Pushing::SignalsAlone => {}
            Pushing::NoSocket => return Err(Halt::NoSocket),
            Pushing::NotHere => return Err(Halt::MayNotPush(self.export)),
        }
        self.bound_frames(&frame)?;
        self.frames.signals.push(frame);
        Ok(())
    }

    fn bound_frames(&self, more: &[u8]) -> Result<(), Halt> {
        let all = || self.frames.pushed.iter().chain(&self.frames.signals);
        let bytes: usize = all().map(Vec::len).sum();
        if all().count() >= FRAMES_MAX || bytes + more.len() > FRAME_BYTES_MAX {
            return Err(Halt::TooManyFrames);
        }
        Ok(())
    }

    /// What the run that ends well gave to sockets.
    pub(crate) fn take_frames(&mut self) -> Frames {
        std::mem::take(&mut self.frames)
    }

    pub(crate) fn write_log(&mut self, level: LogLevel, mut text: String) -> Result<(), Halt> {
        if self.log.len() >= LOG_LINES_MAX {
            return Err(Halt::TooManyLogLines);
        }
        if text.len() > LOG_LINE_BYTES_MAX {
            text.truncate(text.floor_char_boundary(LOG_LINE_BYTES_MAX));
        }
        self.log.push(LogLine { level, text });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Auth, Body, Repeat, ResponseBody};

    fn ask(url: &str) -> FetchRequest {
        FetchRequest {
            method: "GET".to_owned(),
            url: url.to_owned(),
            path: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            auth: Auth::None,
            body: Body::None,
            repeat: Repeat::Safe,
            timeout_ms: 0,
        }
    }

    fn answered(url: &str, at: i64) -> Entry {
        let response = FetchResponse {
            status: 200,
            headers: Vec::new(),
            body: ResponseBody::Text(url.to_owned()),
        };
        Entry {
            request: ask(url),
            answer: Ok(response),
            at: Timestamp(at),
        }
    }

    fn guest(journal: Vec<Entry>) -> Guest {
        let world = World {
            name: "test".to_owned(),
            public_url: String::new(),
            settings: "{}".to_owned(),
            secrets: Secrets::default(),
        };
        Guest::new(Beginning {
            world: Arc::new(world),
            export: "send",
            may_fetch: true,
            pushing: Pushing::NoSocket,
            started: Timestamp(1),
            journal,
            recorded_secrets: None,
            seed: [5; 32],
            limits: CallLimits {
                memory_bytes: 1 << 20,
                cpu_ms: 1,
            },
        })
    }

    #[test]
    fn a_replay_gets_the_same_answers_chance_and_time_and_ends_at_the_next_question() {
        let mut first = guest(Vec::new());
        let random = first.random(32).unwrap();
        assert_eq!(first.now(), Timestamp(1));
        assert!(matches!(first.fetch(ask("a")), Err(Halt::Wants)));
        assert_eq!(first.into_remains().wants, Some(ask("a")));

        let mut replay = guest(vec![answered("a", 7)]);
        assert_eq!(replay.random(32).unwrap(), random);
        assert_eq!(replay.now(), Timestamp(1));
        assert!(matches!(replay.fetch(ask("a")), Ok(Ok(_))));
        assert_eq!(replay.now(), Timestamp(7));
        assert!(matches!(replay.fetch(ask("b")), Err(Halt::Wants)));
        assert_eq!(replay.into_remains().wants, Some(ask("b")));
    }

    #[test]
    fn a_replay_that_asks_for_something_else_ends_with_both_named() {
        let mut replay = guest(vec![answered("https://a.example/x?words=secret", 7)]);
        let halt = replay.fetch(ask("https://b.example/")).unwrap_err();
        assert_eq!(
            halt.to_string(),
            "a replay asked for `GET https://b.example/` where the run before asked for `GET https://a.example/x`"
        );
        assert_eq!(replay.into_remains().wants, None);
    }

    #[test]
    fn memories_of_a_guest_are_bounded_together() {
        let mut guest = guest(Vec::new());
        let half = 1 << 19;
        let mut grow = |current, desired| {
            let grown = guest.limits.memory_growing(current, desired, None);
            grown.unwrap()
        };
        assert!(grow(0, half));
        assert!(grow(0, half / 2));
        assert!(!grow(half, 2 * half));
        assert!(grow(half / 2, half));
        assert!(!grow(0, 1));
    }

    #[test]
    fn the_line_after_the_hundredth_ends_the_call() {
        let mut guest = guest(Vec::new());
        for _ in 0..LOG_LINES_MAX {
            guest.write_log(LogLevel::Info, "x".repeat(10_000)).unwrap();
        }
        let halt = guest.write_log(LogLevel::Info, String::new());
        assert!(matches!(halt, Err(Halt::TooManyLogLines)));
        let log = guest.into_remains().log;
        assert!(log.iter().all(|line| line.text.len() == LOG_LINE_BYTES_MAX));
    }
}
