//! The store's face: each method of the port hands its work to the writer or to a reader.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trunkline_core::id::{ChannelName, ConversationId, CustomerId, DeliveryId, FileId, Timestamp};
use trunkline_core::message::{Address, StoredFile};
use trunkline_flow::ports::{
    Accept, Accepted, DeadLetter, DeadLetterId, Discard, Download, FileError, Fired, KeepFile,
    Loaded, LogPage, News, PluginVersion, RawCall, RawId, Request, Resolved, Scope, Settle, Step,
    Stepped, Store, StoreError, Swept, Target, TraceLine, Upload,
};

use crate::masking::Masking;
use crate::open::{self, OpenError};
use crate::options::Options;
use crate::readers::Readers;
use crate::writer::Writer;
use crate::{
    accept, dead, due, files, load, log, outbox, raw, resolved, settle, step, target, trace,
    uploads,
};

/// A store in one SQLite file, with a folder beside it for files. One process has it at a time.
///
/// Dropping it finishes what waits and gives the file free; it blocks for that long.
pub struct SqliteStore {
    // Before `lock`: the threads end before the file is free.
    writer: Writer,
    readers: Readers,
    masking: Arc<Masking>,
    files_dir: PathBuf,
    _lock: File,
}

impl SqliteStore {
    /// Opens the store, making it if there is none. Blocks; seconds after a crash, or when it migrates.
    ///
    /// # Errors
    /// See [`OpenError`]: another process has it, a newer version wrote it, or it cannot be used.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let parts = open::open(path.as_ref(), &options)?;
        Ok(Self {
            writer: parts.writer,
            readers: parts.readers,
            masking: Arc::new(options.masking),
            files_dir: options.files_dir,
            _lock: parts.lock,
        })
    }

    /// Bounds the database to so many pages of 4 KiB, as a full disk would; `None` lifts that.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn limit_pages(&self, pages: Option<u32>) -> Result<(), StoreError> {
        // SQLite's own largest number of pages.
        let pages = pages.unwrap_or(0xffff_fffe);
        self.writer
            .write(move |writing| {
                let pragma = format!("PRAGMA max_page_count = {pages}");
                writing.db.query_row(&pragma, [], |_| Ok(()))?;
                Ok(())
            })
            .await
    }

    /// The key that bots' reply tokens are made with: this store's own, so that they outlive a restart.
    ///
    /// # Errors
    /// The store's.
    pub async fn reply_key(&self) -> Result<[u8; 32], StoreError> {
        let read = |db: &rusqlite::Connection| {
            let select = "SELECT key FROM own_keys WHERE name = 'reply-token'";
            Ok(db.query_row(select, [], |row| row.get(0))?)
        };
        self.readers.read_few(read).await
    }

    pub(crate) fn masking(&self) -> &Masking {
        &self.masking
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }

    pub(crate) fn readers(&self) -> &Readers {
        &self.readers
    }

    async fn with_bytes(
        &self,
        file: Option<StoredFile>,
    ) -> Result<Option<(StoredFile, Download)>, StoreError> {
        match file {
            Some(file) => {
                let download = files::stream(&self.files_dir, &file).await?;
                Ok(Some((file, download)))
            }
            None => Ok(None),
        }
    }
}

impl Store for SqliteStore {
    async fn accept(&self, accept: Accept) -> Result<Accepted, StoreError> {
        let prepared = accept::Prepared::new(&self.masking, accept)?;
        self.writer
            .write(move |writing| accept::accept(writing, prepared))
            .await
    }

    async fn load(&self, customer: CustomerId, limit: usize) -> Result<Option<Loaded>, StoreError> {
        self.readers
            .read_few(move |db| load::load(db, customer, limit))
            .await
    }

    async fn news(&self, customer: CustomerId, limit: usize) -> Result<News, StoreError> {
        self.readers
            .read_few(move |db| load::news(db, customer, limit))
            .await
    }

    async fn whose(&self, target: &Target) -> Result<Option<CustomerId>, StoreError> {
        let target = target.clone();
        self.readers
            .read_few(move |db| target::known(db, &target))
            .await
    }

    async fn resolved(&self, resolved: Resolved) -> Result<(), StoreError> {
        let masking = Arc::clone(&self.masking);
        self.writer
            .write(move |writing| resolved::resolved(writing, &masking, resolved))
            .await
    }

    async fn step(&self, step: Step) -> Result<Stepped, StoreError> {
        let (prepared, masked) = step::Prepared::new(&self.masking, step)?;
        let revision = self
            .writer
            .write(move |writing| step::step(writing, prepared))
            .await?;
        Ok(Stepped { revision, masked })
    }

    async fn leave(
        &self,
        delivery: DeliveryId,
        version: Option<PluginVersion>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.writer
            .write(move |writing| outbox::leave(writing.db, delivery, version.as_ref(), at))
            .await
    }

    async fn settle(&self, settle: Settle) -> Result<Vec<CustomerId>, StoreError> {
        let masking = Arc::clone(&self.masking);
        self.writer
            .write(move |writing| settle::settle(writing, &masking, settle))
            .await
    }

    async fn next_frame(&self, customer: CustomerId) -> Result<u64, StoreError> {
        self.readers.read(move |db| log::next(db, customer)).await
    }

    async fn log(
        &self,
        channel: &ChannelName,
        customer: &Address,
        after: u64,
        bytes_max: usize,
    ) -> Result<LogPage, StoreError> {
        let (channel, customer) = (channel.clone(), customer.clone());
        self.readers
            .read(move |db| log::page(db, &channel, &customer, after, bytes_max))
            .await
    }

    async fn acked(
        &self,
        channel: &ChannelName,
        customer: &Address,
        number: u64,
    ) -> Result<(), StoreError> {
        let (channel, customer) = (channel.clone(), customer.clone());
        self.writer
            .write(move |writing| log::acked(writing.db, &channel, &customer, number))
            .await
    }

    async fn open_upload(
        &self,
        upload: Upload,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let token = uploads::token()?;
        let given = token.clone();
        let opened = self
            .writer
            .write(move |writing| uploads::open(writing.db, &given, &upload, now))
            .await?;
        Ok(opened.then_some(token))
    }

    async fn upload(&self, token: &str, now: Timestamp) -> Result<Option<Upload>, StoreError> {
        let token = token.to_owned();
        self.readers
            .read(move |db| uploads::by_token(db, &token, now))
            .await
    }

    async fn uploaded(
        &self,
        token: &str,
        file: &FileId,
        keep_until: Timestamp,
    ) -> Result<(), StoreError> {
        let (token, file) = (token.to_owned(), file.clone());
        self.writer
            .write(move |writing| uploads::fill(writing.db, &token, &file, keep_until))
            .await
    }

    async fn ready(
        &self,
        now: Timestamp,
        after: Option<CustomerId>,
        limit: usize,
    ) -> Result<Vec<CustomerId>, StoreError> {
        self.readers
            .read(move |db| due::ready(db, now, after, limit))
            .await
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.readers.read(move |db| due::next_due(db, now)).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError> {
        let mut customers = Vec::new();
        loop {
            let masking = Arc::clone(&self.masking);
            let swept = self
                .writer
                .write(move |writing| due::sweep(writing, &masking, now))
                .await?;
            customers.extend(swept.customers);
            files::remove(&self.files_dir, swept.files).await;
            if !swept.more {
                break;
            }
        }
        let expired = self.readers.read(move |db| due::expired(db, now)).await?;
        Ok(Swept { expired, customers })
    }

    async fn keep_raw(
        &self,
        scope: &Scope,
        request: &Request,
        trapped: &[PluginVersion],
        at: Timestamp,
    ) -> Result<RawId, StoreError> {
        let call = raw::Prepared::new(scope, request, trapped, at)?;
        self.writer
            .write(move |writing| raw::insert(writing.db, &call))
            .await
    }

    async fn raw_calls(&self, scope: &Scope, limit: usize) -> Result<Vec<RawCall>, StoreError> {
        let scope = scope.clone();
        self.readers
            .read(move |db| raw::list(db, &scope, limit))
            .await
    }

    async fn raw_trapped(&self, id: RawId, version: &PluginVersion) -> Result<(), StoreError> {
        let version = version.clone();
        self.writer
            .write(move |writing| raw::trapped(writing.db, id, &version))
            .await
    }

    async fn keep_file(&self, file: KeepFile) -> Result<StoredFile, FileError> {
        let (stored, expires) = files::receive(&self.files_dir, file).await?;
        let row = stored.clone();
        let written = self
            .writer
            .write(move |writing| files::insert(writing.db, &row, expires))
            .await;
        if let Err(error) = written {
            files::remove(&self.files_dir, vec![stored.id.0]).await;
            return Err(FileError::Store(error.to_string()));
        }
        Ok(stored)
    }

    async fn open_file(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<(StoredFile, Download)>, StoreError> {
        let token = token.to_owned();
        let file = self
            .readers
            .read(move |db| files::by_token(db, &token, now))
            .await?;
        self.with_bytes(file).await
    }

    async fn read_file(&self, id: &FileId) -> Result<Option<(StoredFile, Download)>, StoreError> {
        let id = id.0.clone();
        let file = self.readers.read(move |db| files::by_id(db, &id)).await?;
        self.with_bytes(file).await
    }

    async fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.readers
            .read(move |db| dead::list(db, before, limit))
            .await
    }

    async fn replay(&self, id: DeadLetterId, at: Timestamp) -> Result<Fired, StoreError> {
        let masking = Arc::clone(&self.masking);
        self.writer
            .write(move |writing| dead::replay(writing, &masking, id, at))
            .await
    }

    async fn discard(
        &self,
        which: Discard,
        at: Timestamp,
    ) -> Result<Vec<DeadLetterId>, StoreError> {
        self.writer
            .write(move |writing| dead::discard(writing.db, which, at))
            .await
    }

    async fn trace(&self, conversation: ConversationId) -> Result<Vec<TraceLine>, StoreError> {
        self.readers
            .read(move |db| trace::trace(db, conversation))
            .await
    }

    async fn find(&self, text: &str) -> Result<Vec<ConversationId>, StoreError> {
        let text = text.to_owned();
        self.readers.read(move |db| trace::find(db, &text)).await
    }
}
