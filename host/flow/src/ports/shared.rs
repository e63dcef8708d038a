//! A store that several hold: flow and the plugin engine use the same one.

use std::sync::Arc;

use trunkline_core::id::{ChannelName, ConversationId, CustomerId, DeliveryId, FileId, Timestamp};
use trunkline_core::message::{Address, StoredFile};

use super::plugins::{Download, PluginVersion, Request};
use super::store::{
    Accept, Accepted, DeadLetter, DeadLetterId, Discard, FileError, Fired, KeepFile, Loaded,
    LogPage, News, RawCall, RawId, Resolved, Scope, Settle, Step, Stepped, Store, StoreError,
    Swept, Target, TraceLine, Upload,
};

/// Everything goes to the store behind the pointer.
impl<S: Store> Store for Arc<S> {
    async fn accept(&self, accept: Accept) -> Result<Accepted, StoreError> {
        (**self).accept(accept).await
    }

    async fn load(&self, customer: CustomerId, limit: usize) -> Result<Option<Loaded>, StoreError> {
        (**self).load(customer, limit).await
    }

    async fn news(&self, customer: CustomerId, limit: usize) -> Result<News, StoreError> {
        (**self).news(customer, limit).await
    }

    async fn whose(&self, target: &Target) -> Result<Option<CustomerId>, StoreError> {
        (**self).whose(target).await
    }

    async fn resolved(&self, resolved: Resolved) -> Result<(), StoreError> {
        (**self).resolved(resolved).await
    }

    async fn step(&self, step: Step) -> Result<Stepped, StoreError> {
        (**self).step(step).await
    }

    async fn leave(
        &self,
        delivery: DeliveryId,
        version: Option<PluginVersion>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        (**self).leave(delivery, version, at).await
    }

    async fn next_frame(&self, customer: CustomerId) -> Result<u64, StoreError> {
        (**self).next_frame(customer).await
    }

    async fn log(
        &self,
        channel: &ChannelName,
        customer: &Address,
        after: u64,
        bytes_max: usize,
    ) -> Result<LogPage, StoreError> {
        (**self).log(channel, customer, after, bytes_max).await
    }

    async fn acked(
        &self,
        channel: &ChannelName,
        customer: &Address,
        number: u64,
    ) -> Result<(), StoreError> {
        (**self).acked(channel, customer, number).await
    }

    async fn open_upload(
        &self,
        upload: Upload,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        (**self).open_upload(upload, now).await
    }

    async fn upload(&self, token: &str, now: Timestamp) -> Result<Option<Upload>, StoreError> {
        (**self).upload(token, now).await
    }

    async fn uploaded(
        &self,
        token: &str,
        file: &FileId,
        keep_until: Timestamp,
    ) -> Result<(), StoreError> {
        (**self).uploaded(token, file, keep_until).await
    }

    async fn settle(&self, settle: Settle) -> Result<Vec<CustomerId>, StoreError> {
        (**self).settle(settle).await
    }

    async fn ready(
        &self,
        now: Timestamp,
        after: Option<CustomerId>,
        limit: usize,
    ) -> Result<Vec<CustomerId>, StoreError> {
        (**self).ready(now, after, limit).await
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        (**self).next_due(now).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError> {
        (**self).sweep(now).await
    }

    async fn keep_raw(
        &self,
        scope: &Scope,
        request: &Request,
        trapped: &[PluginVersion],
        at: Timestamp,
    ) -> Result<RawId, StoreError> {
        (**self).keep_raw(scope, request, trapped, at).await
    }

    async fn raw_calls(&self, scope: &Scope, limit: usize) -> Result<Vec<RawCall>, StoreError> {
        (**self).raw_calls(scope, limit).await
    }

    async fn raw_trapped(&self, id: RawId, version: &PluginVersion) -> Result<(), StoreError> {
        (**self).raw_trapped(id, version).await
    }

    async fn keep_file(&self, file: KeepFile) -> Result<StoredFile, FileError> {
        (**self).keep_file(file).await
    }

    async fn open_file(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<(StoredFile, Download)>, StoreError> {
        (**self).open_file(token, now).await
    }

    async fn read_file(&self, id: &FileId) -> Result<Option<(StoredFile, Download)>, StoreError> {
        (**self).read_file(id).await
    }

    async fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        (**self).dead_letters(before, limit).await
    }

    async fn replay(&self, id: DeadLetterId, at: Timestamp) -> Result<Fired, StoreError> {
        (**self).replay(id, at).await
    }

    async fn discard(
        &self,
        which: Discard,
        at: Timestamp,
    ) -> Result<Vec<DeadLetterId>, StoreError> {
        (**self).discard(which, at).await
    }

    async fn trace(&self, conversation: ConversationId) -> Result<Vec<TraceLine>, StoreError> {
        (**self).trace(conversation).await
    }

    async fn find(&self, text: &str) -> Result<Vec<ConversationId>, StoreError> {
        (**self).find(text).await
    }
}
