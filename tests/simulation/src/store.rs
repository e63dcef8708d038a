//! The store in memory, with the semantics the port's docstrings name: every method is one transaction, and may find the
//! process dead before and after it. What takes part in no simulation (raw files' bytes, plugin archives) is simple.

/// What the tables hold, and the transactions on them.
mod tables;

/// Logs of frames and upload slots.
mod sockets;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trunkline_core::id::{ChannelName, ConversationId, CustomerId, DeliveryId, FileId, Timestamp};
use trunkline_core::message::{Address, StoredFile};
use trunkline_flow::ports::{
    Accept, Accepted, Clock, DeadLetter, DeadLetterId, Discard, Download, FileError, Fired,
    KeepFile, Loaded, LogPage, News, PluginVersion, RawCall, RawId, Request, Resolved, Scope,
    Settle, Step, Stepped, Store, StoreError, Swept, Target, TraceLine, Upload,
};

use crate::clock::SimClock;
use crate::world::Shared;
pub use tables::{Flaw, Tables};
pub(crate) use tables::{ece_words, words};

/// The tables, shared by the stores of all lives.
pub type Disk = Arc<Mutex<Tables>>;

/// The store of one life.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    disk: Disk,
    shared: Shared,
    clock: SimClock,
}

impl MemoryStore {
    /// On a disk that outlives it.
    pub fn new(disk: Disk, shared: Shared, clock: SimClock) -> Self {
        Self {
            disk,
            shared,
            clock,
        }
    }

    /// What is on the disk.
    pub fn tables(&self) -> MutexGuard<'_, Tables> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One transaction: the process may die before it and after it, and the disk may be full.
    async fn write<T>(
        &self,
        act: impl FnOnce(&mut Tables) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let now = self.clock.now();
        self.shared.may_crash(now).await;
        tokio::task::yield_now().await;
        let chance = self.shared.world().faults.slow;
        if self.shared.happens(chance, now) {
            let until = self.shared.world().within(now, 5_000);
            self.clock.sleep_until(until).await;
        }
        let chance = self.shared.world().faults.store;
        if self.shared.happens(chance, now) {
            return Err(StoreError::Unavailable("the disk is full".to_owned()));
        }
        let done = act(&mut self.tables());
        self.shared.may_crash(now).await;
        done
    }

    async fn read<T>(&self, act: impl FnOnce(&Tables) -> T) -> Result<T, StoreError> {
        self.shared.may_crash(self.clock.now()).await;
        tokio::task::yield_now().await;
        Ok(act(&self.tables()))
    }
}

impl Store for MemoryStore {
    async fn accept(&self, accept: Accept) -> Result<Accepted, StoreError> {
        self.write(|tables| tables.accept(accept)).await
    }

    async fn load(&self, customer: CustomerId, limit: usize) -> Result<Option<Loaded>, StoreError> {
        self.read(|tables| tables.load(customer, limit)).await
    }

    async fn news(&self, customer: CustomerId, limit: usize) -> Result<News, StoreError> {
        self.read(|tables| tables.news(customer, limit)).await
    }

    async fn whose(&self, target: &Target) -> Result<Option<CustomerId>, StoreError> {
        self.read(|tables| tables.whose(target)).await
    }

    async fn resolved(&self, resolved: Resolved) -> Result<(), StoreError> {
        self.write(|tables| tables.resolved(resolved)).await
    }

    async fn step(&self, step: Step) -> Result<Stepped, StoreError> {
        self.write(|tables| tables.step(step)).await
    }

    async fn leave(
        &self,
        delivery: DeliveryId,
        version: Option<PluginVersion>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tables| tables.leave(delivery, version, at))
            .await
    }

    async fn settle(&self, settle: Settle) -> Result<Vec<CustomerId>, StoreError> {
        let slow = self.shared.world().slow_settles_ms;
        if let Some(ms) = slow {
            let until = self.clock.now().plus_ms(ms);
            self.clock.sleep_until(until).await;
        }
        self.write(|tables| tables.settle(settle)).await
    }

    async fn next_frame(&self, customer: CustomerId) -> Result<u64, StoreError> {
        self.read(|tables| tables.logs.next(customer)).await
    }

    async fn log(
        &self,
        channel: &ChannelName,
        customer: &Address,
        after: u64,
        bytes_max: usize,
    ) -> Result<LogPage, StoreError> {
        self.read(|tables| match tables.who(channel, customer) {
            Some(customer) => tables.logs.page(customer, after, bytes_max),
            None => LogPage::default(),
        })
        .await
    }

    async fn acked(
        &self,
        channel: &ChannelName,
        customer: &Address,
        number: u64,
    ) -> Result<(), StoreError> {
        self.write(|tables| {
            if let Some(customer) = tables.who(channel, customer) {
                tables.logs.forget_until(customer, number);
            }
            Ok(())
        })
        .await
    }

    async fn open_upload(
        &self,
        upload: Upload,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        self.write(|tables| Ok(tables.uploads.open(upload, now)))
            .await
    }

    async fn upload(&self, token: &str, now: Timestamp) -> Result<Option<Upload>, StoreError> {
        self.read(|tables| tables.uploads.by_token(token, now))
            .await
    }

    async fn uploaded(
        &self,
        token: &str,
        file: &FileId,
        keep_until: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tables| {
            tables.fill_upload(token, file, keep_until);
            Ok(())
        })
        .await
    }

    async fn ready(
        &self,
        now: Timestamp,
        after: Option<CustomerId>,
        limit: usize,
    ) -> Result<Vec<CustomerId>, StoreError> {
        {
            let mut world = self.shared.world();
            if world.bugs_in_looks > 0 {
                world.bugs_in_looks -= 1;
                drop(world);
                panic!("a bug, as the test wants it");
            }
        }
        self.read(|tables| tables.ready(now, after, limit)).await
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.read(|tables| tables.next_due(now)).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError> {
        self.write(|tables| Ok(tables.sweep(now))).await
    }

    async fn keep_raw(
        &self,
        scope: &Scope,
        request: &Request,
        trapped: &[PluginVersion],
        at: Timestamp,
    ) -> Result<RawId, StoreError> {
        self.write(|tables| Ok(tables.keep_raw(scope, request, trapped, at)))
            .await
    }

    async fn raw_calls(&self, scope: &Scope, limit: usize) -> Result<Vec<RawCall>, StoreError> {
        self.read(|tables| tables.raw_calls(scope, limit)).await
    }

    async fn raw_trapped(&self, id: RawId, version: &PluginVersion) -> Result<(), StoreError> {
        self.write(|tables| {
            tables.raw_trapped(id, version);
            Ok(())
        })
        .await
    }

    async fn keep_file(&self, mut file: KeepFile) -> Result<StoredFile, FileError> {
        let mut size = 0;
        while let Some(piece) = (file.download.next)().await {
            let piece = piece.map_err(|error| FileError::Broken(error.0))?;
            size += piece.len() as u64;
            if size > file.size_max {
                return Err(FileError::TooLarge(file.size_max));
            }
        }
        let (name, content_type) = (file.name, file.content_type);
        let keep = |tables: &mut Tables| Ok(tables.keep_file(name, content_type, size));
        let kept = self.write(keep).await;
        kept.map_err(|error| FileError::Store(error.to_string()))
    }

    async fn open_file(
        &self,
        _token: &str,
        _now: Timestamp,
    ) -> Result<Option<(StoredFile, Download)>, StoreError> {
        Ok(None)
    }

    async fn read_file(&self, _id: &FileId) -> Result<Option<(StoredFile, Download)>, StoreError> {
        Ok(None)
    }

    async fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.read(|tables| tables.dead_letters(before, limit)).await
    }

    async fn replay(&self, id: DeadLetterId, at: Timestamp) -> Result<Fired, StoreError> {
        self.write(|tables| tables.replay(id, at)).await
    }

    /// No operator is simulated who would.
    async fn discard(
        &self,
        _which: Discard,
        _at: Timestamp,
    ) -> Result<Vec<DeadLetterId>, StoreError> {
        Ok(Vec::new())
    }

    async fn trace(&self, conversation: ConversationId) -> Result<Vec<TraceLine>, StoreError> {
        self.read(|tables| tables.trace_of(conversation)).await
    }

    async fn find(&self, _text: &str) -> Result<Vec<ConversationId>, StoreError> {
        Ok(Vec::new())
    }
}
