//! The one thread that writes. Group commit: it takes all jobs that wait, runs each in a savepoint of
//! one transaction, commits once, then answers all; so one fsync serves every caller.
//!
//! A job that fails rolls back alone. When the disk fails (also at the commit), the whole group rolls
//! back and every caller of it reads `Unavailable`: nothing is half done, and the next group tries anew.
//! A caller that stops waiting does not stop its job.

use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use trunkline_flow::ports::StoreError;

use crate::failure::{Outcome, stopped};

/// Callers beyond this wait to hand over their job.
const QUEUE_JOBS: usize = 1024;

/// Bounds how long the first caller of a group waits for the last one's work.
const GROUP_JOBS: usize = 256;

/// The longest that a group gathers.
const GATHER_MAX: Duration = Duration::from_millis(2);

/// What a job works on.
pub(crate) struct Writing<'a> {
    /// Inside a transaction and a savepoint.
    pub(crate) db: &'a Connection,
    next_row: &'a Cell<i64>,
}

impl Writing<'_> {
    /// A number for an inbox row, above all given before.
    pub(crate) fn next_row(&self) -> i64 {
        let row = self.next_row.get();
        self.next_row.set(row + 1);
        row
    }
}

/// Of the last group; none if it was written.
type LastFailure = Option<(StoreError, Instant)>;

/// Hands jobs to the thread.
pub(crate) struct Writer {
    /// Why the last group was not written, and when.
    failed_last: Arc<Mutex<LastFailure>>,
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; it ends when this is dropped and what waits is done.
    pub(crate) fn start(db: Connection) -> Outcome<Self> {
        let newest: i64 = db.query_row("SELECT coalesce(max(row), 0) FROM inbox", [], |row| {
            row.get(0)
        })?;
        let (queue, jobs) = mpsc::channel(QUEUE_JOBS);
        let failed_last = Arc::<Mutex<LastFailure>>::default();
        let failed = Arc::clone(&failed_last);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || serve(&db, jobs, newest + 1, &failed))
            .map_err(|error| StoreError::Unavailable(format!("start a thread: {error}")))?;
        Ok(Self {
            failed_last,
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Why the last group was not written, and how long ago.
    pub(crate) fn failed_last(&self) -> Option<(StoreError, Duration)> {
        let failed = self.failed_last.lock();
        let failed = failed.unwrap_or_else(PoisonError::into_inner).clone();
        failed.map(|(error, at)| (error, at.elapsed()))
    }

    /// Runs `work` in the next group. Durable when it gives `Ok`.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Writing<'_>) -> Outcome<T> + Send + 'static,
    {
        let (job, answer) = waiting(work);
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.send(job).await.map_err(|_| stopped())?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// As `write`, for threads outside the async runtime.
    pub(crate) fn write_blocking<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Writing<'_>) -> Outcome<T> + Send + 'static,
    {
        let (job, answer) = waiting(work);
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.blocking_send(job).map_err(|_| stopped())?;
        answer.blocking_recv().unwrap_or_else(|_| Err(stopped()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was told when it happened.
            let _ = thread.join();
        }
    }
}

/// A caller's work and where its answer goes.
trait Job: Send {
    /// Does the work, inside a savepoint.
    fn run(&mut self, writing: &Writing<'_>) -> Result<(), StoreError>;
    /// Tells the caller; `group` is what became of the commit.
    fn answer(self: Box<Self>, group: &Result<(), StoreError>);
}

struct Waiting<T, F> {
    work: Option<F>,
    done: Option<Result<T, StoreError>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

fn waiting<T, F>(work: F) -> (Box<dyn Job>, oneshot::Receiver<Result<T, StoreError>>)
where
    T: Send + 'static,
    F: FnOnce(&Writing<'_>) -> Outcome<T> + Send + 'static,
{
    let (caller, answer) = oneshot::channel();
    let job = Waiting {
        work: Some(work),
        done: None,
        caller,
    };
    (Box::new(job), answer)
}

impl<T, F> Job for Waiting<T, F>
where
    T: Send,
    F: FnOnce(&Writing<'_>) -> Outcome<T> + Send,
{
    fn run(&mut self, writing: &Writing<'_>) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else {
            return Ok(());
        };
        let done = work(writing).map_err(StoreError::from);
        let seen = done.as_ref().map(|_| ()).map_err(Clone::clone);
        self.done = Some(done);
        seen
    }

    fn answer(self: Box<Self>, group: &Result<(), StoreError>) {
        let answer = match (group, self.done) {
            (Ok(()), Some(done)) => done,
            (Err(error), _) => Err(error.clone()),
            (Ok(()), None) => Err(stopped()),
        };
        // A caller that went away does not need it.
        let _ = self.caller.send(answer);
    }
}

fn serve(
    db: &Connection,
    mut jobs: mpsc::Receiver<Box<dyn Job>>,
    next_row: i64,
    failed_last: &Mutex<LastFailure>,
) {
    let next_row = Cell::new(next_row);
    let writing = Writing {
        db,
        next_row: &next_row,
    };
    let mut group: Vec<Box<dyn Job>> = Vec::with_capacity(GROUP_JOBS);
    let mut patience = Duration::ZERO;
    while let Some(first) = jobs.blocking_recv() {
        group.push(first);
        gather(&mut jobs, &mut group, patience);
        let (fate, took) = commit_group(&writing, &mut group);
        patience = patience_after(group.len(), took);
        let failed = fate.as_ref().err().cloned();
        *failed_last.lock().unwrap_or_else(PoisonError::into_inner) =
            failed.map(|error| (error, Instant::now()));
        if let Err(error) = &fate {
            tracing::error!(callers = group.len(), %error, "nothing was written: the disk fails");
        }
        for job in group.drain(..) {
            job.answer(&fate);
        }
    }
}

/// Takes what waits, and goes on while more comes in quick succession.
///
/// Callers that were answered together come again together, a moment after the writer looked: without
/// this they would split into two halves, each waiting for the other's fsync.
fn gather(
    jobs: &mut mpsc::Receiver<Box<dyn Job>>,
    group: &mut Vec<Box<dyn Job>>,
    patience: Duration,
) {
    let begun = Instant::now();
    let mut newest = begun;
    while group.len() < GROUP_JOBS {
        match jobs.try_recv() {
            Ok(job) => {
                group.push(job);
                newest = Instant::now();
            }
            Err(_) if newest.elapsed() < patience / 4 && begun.elapsed() < patience => {
                std::thread::yield_now();
            }
            Err(_) => return,
        }
    }
}

/// How long the next group may gather: a quarter of what a commit takes on this disk, and nothing for a
/// caller who is alone. With commits of 3 ms and 64 callers it carries a third more; with fast ones it
/// makes no difference.
fn patience_after(callers: usize, commit: Duration) -> Duration {
    match callers {
        0 | 1 => Duration::ZERO,
        _ => (commit / 4).min(GATHER_MAX),
    }
}

/// Gives what became of the group, and how long the commit took.
fn commit_group(
    writing: &Writing<'_>,
    group: &mut [Box<dyn Job>],
) -> (Result<(), StoreError>, Duration) {
    let ran = run_group(writing, group);
    let begun = Instant::now();
    let fate = ran.and_then(|()| execute(writing.db, "COMMIT"));
    let took = begun.elapsed();
    if fate.is_err() && !writing.db.is_autocommit() {
        // SQLite has rolled back by itself where this fails.
        let _ = execute(writing.db, "ROLLBACK");
    }
    (fate, took)
}

fn run_group(writing: &Writing<'_>, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    execute(writing.db, "BEGIN IMMEDIATE")?;
    for job in group {
        run_alone(writing, job.as_mut())?;
    }
    Ok(())
}

/// An error here is the group's: the disk fails, or SQLite gave up the whole transaction.
fn run_alone(writing: &Writing<'_>, job: &mut dyn Job) -> Result<(), StoreError> {
    execute(writing.db, "SAVEPOINT job")?;
    match job.run(writing) {
        Ok(()) => {}
        Err(error @ StoreError::Unavailable(_)) => return Err(error),
        Err(error) if writing.db.is_autocommit() => {
            return Err(StoreError::Unavailable(format!("given up with {error}")));
        }
        Err(_) => execute(writing.db, "ROLLBACK TO job")?,
    }
    execute(writing.db, "RELEASE job")
}

fn execute(db: &Connection, statement: &str) -> Result<(), StoreError> {
    let run = || db.prepare_cached(statement)?.execute([]);
    run().map(|_| ()).map_err(|error| {
        // Beginning and ending a transaction fails for no fault of the callers.
        StoreError::Unavailable(format!("{statement}: {error}"))
    })
}
