//! Reads beside the writer: they see what is committed and never wait for it.
//!
//! What a message needs (an inbox, a customer) is a few rows that lie in memory: such a read takes less time than handing it
//! to another thread, so it is done where it is asked for, on a connection that is free at the moment. Everything else, and
//! whatever finds no connection free, goes to a few threads, each with a connection and its prepared statements.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use trunkline_flow::ports::StoreError;

use crate::failure::{Outcome, stopped};

/// Callers beyond this wait to hand over their question.
const QUEUE_JOBS: usize = 1024;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// Hands questions to the threads.
pub(crate) struct Readers {
    /// Free connections for short reads.
    near: Mutex<Vec<Connection>>,
    queue: Option<mpsc::Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts one thread a connection; they end when this is dropped. `near` are for short reads.
    pub(crate) fn start(connections: Vec<Connection>, near: Vec<Connection>) -> Outcome<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE_JOBS);
        let jobs = Arc::new(Mutex::new(jobs));
        let mut threads = Vec::with_capacity(connections.len());
        for db in connections {
            let jobs = Arc::clone(&jobs);
            let thread = std::thread::Builder::new()
                .name("store-reader".to_owned())
                .spawn(move || serve(&db, &jobs))
                .map_err(|error| StoreError::Unavailable(format!("start a thread: {error}")))?;
            threads.push(thread);
        }
        Ok(Self {
            near: Mutex::new(near),
            queue: Some(queue),
            threads,
        })
    }

    /// As `read`, for a few rows found by their key: at once, on the caller's thread.
    pub(crate) async fn read_few<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        let free = self.lock_near().pop();
        let Some(db) = free else {
            return self.read(work).await;
        };
        let done = in_transaction(&db, work).map_err(StoreError::from);
        self.lock_near().push(db);
        done
    }

    fn lock_near(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.near.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` on one of the connections, in one transaction: all its statements see the same state.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        let (job, answer) = question(work);
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.send(job).await.map_err(|_| stopped())?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// As `read`, for threads outside the async runtime.
    pub(crate) fn read_blocking<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        let (job, answer) = question(work);
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.blocking_send(job).map_err(|_| stopped())?;
        answer.blocking_recv().unwrap_or_else(|_| Err(stopped()))
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        drop(self.queue.take());
        for thread in self.threads.drain(..) {
            // A panic of the thread was told when it happened.
            let _ = thread.join();
        }
    }
}

fn question<T, F>(work: F) -> (Job, oneshot::Receiver<Result<T, StoreError>>)
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
{
    let (caller, answer) = oneshot::channel();
    let job = Box::new(move |db: &Connection| {
        // A caller that went away does not need it.
        let _ = caller.send(in_transaction(db, work).map_err(StoreError::from));
    });
    (job, answer)
}

fn in_transaction<T>(db: &Connection, work: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
    db.prepare_cached("BEGIN")?.execute([])?;
    let done = work(db);
    db.prepare_cached("COMMIT")?.execute([])?;
    done
}

fn serve(db: &Connection, jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        // The lock is held while waiting: one thread waits for the queue, the others for the lock.
        let job = jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        match job {
            Some(job) => job(db),
            None => return,
        }
    }
}
