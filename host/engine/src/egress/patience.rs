//! How long a request may take: a large file as long as bytes keep moving, anything else a fixed time.
//!
//! What moves is seen where the connection takes pieces of a file from the host, and where the host
//! reads pieces of an answer. The connection and the system hold up to some MB on their way out, so
//! the last piece taken is not the last byte sent: the answer to a file has a longer time of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::request::FetchError;

/// Bounds of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Nothing moves for this long: the transfer is given up.
    pub(crate) silence: Duration,
    /// From the last piece of a file taken to its answer: 4.5 MB of buffers leave in it at the
    /// pace that `transfer` asks of 100 MiB, and providers look at a file before they answer.
    pub(crate) answer_to_file: Duration,
    /// A request with a file as a whole, so that nothing hangs for ever: 100 MiB at 0.5 Mbit/s.
    pub(crate) transfer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(30),
            answer_to_file: Duration::from_secs(120),
            transfer: Duration::from_secs(30 * 60),
        }
    }
}

/// What a transfer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The other side takes a file.
    Giving,
    /// It has all of it.
    Given,
    /// Its answer is read.
    Reading,
}

/// Where those who see bytes move say so.
#[derive(Debug, Clone)]
pub(super) struct Pulse(Arc<Mutex<(Phase, Instant)>>);

impl Pulse {
    /// Of a request that is about to leave.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new((Phase::Giving, Instant::now()))))
    }

    /// A piece of a file was taken.
    pub(super) fn gave(&self) {
        self.is(Phase::Giving);
    }

    /// A file was taken to its end.
    pub(super) fn gave_all(&self) {
        self.is(Phase::Given);
    }

    /// The answer began, or a piece of it came.
    pub(super) fn read(&self) {
        self.is(Phase::Reading);
    }

    fn is(&self, phase: Phase) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (phase, Instant::now());
    }

    fn now(&self) -> (Phase, Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a request with a file for as long as bytes move.
///
/// # Errors
/// Its own, and `Unknown` with what stood still when nothing moved for too long.
pub(super) async fn while_it_moves<T>(
    patience: Patience,
    pulse: &Pulse,
    request: impl Future<Output = Result<T, FetchError>>,
) -> Result<T, FetchError> {
    tokio::select! {
        biased;
        done = request => done,
        stuck = stuck(patience, pulse) => Err(FetchError::Unknown(stuck)),
        () = tokio::time::sleep(patience.transfer) => {
            let seconds = patience.transfer.as_secs_f32();
            Err(FetchError::Unknown(format!("the transfer took more than {seconds} s")))
        }
    }
}

/// Ends when nothing has moved for as long as may be.
async fn stuck(patience: Patience, pulse: &Pulse) -> String {
    loop {
        let (phase, last) = pulse.now();
        let limit = match phase {
            Phase::Giving | Phase::Reading => patience.silence,
            Phase::Given => patience.answer_to_file,
        };
        if last.elapsed() < limit {
            sleep_until(last + limit).await;
            continue;
        }
        let seconds = limit.as_secs_f32();
        return match phase {
            Phase::Giving => format!("the other side took nothing of the file for {seconds} s"),
            Phase::Given => format!("no answer within {seconds} s after the whole file"),
            Phase::Reading => silent(limit),
        };
    }
}

/// What an answer is that stopped coming.
pub(super) fn silent(limit: Duration) -> String {
    let seconds = limit.as_secs_f32();
    format!("nothing of the answer came for {seconds} s")
}
