//! Files that customers bring to the host itself: a slot on a socket, then the bytes by PUT.
//!
//! The slot's name is the key of the event about the file, so a client that is not sure whether its upload came through
//! may make a new slot and do it again: the agent gets the file once. The 2xx comes when file and event are on disk. A plugin is not
//! asked for such a file: the reference in its event names the slot.

use std::sync::Arc;

use serde_json::{Value, json};
use trunkline_core::event::{Happening, Profile};
use trunkline_core::id::{ChannelName, EventKey, Timestamp};
use trunkline_core::message::{Address, Attachment, Content, StoredFile};

use crate::accept::accept_received;
use crate::deliver::files::type_fits;
use crate::flow::{Flow, Inner, Outside};
use crate::ports::{
    Clock, Download, Ece, FileError, KeepFile, Plugins, ReceivedEvent, ReceivedHappening,
    SocketTerms, Store, StoreError, UPLOAD_ENDS_MS, Upload,
};

/// How a reference to an uploaded file begins; the slot's token follows.
pub(crate) const UPLOADED: &str = "trunkline:upload/";

/// Why an upload was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// No slot has this token, or it expired.
    #[error("no such upload slot")]
    Unknown,
    /// The slot is for exactly so many bytes.
    #[error("the slot is for {0} bytes: no more, no fewer")]
    Size(u64),
    /// The client went away.
    #[error("the upload broke off: {0}")]
    Broken(String),
    /// Nothing can be stored now.
    #[error("the upload cannot be stored now: {0}")]
    Busy(String),
}

/// What a plugin asked for.
pub(crate) struct Wanted {
    pub(crate) channel: ChannelName,
    pub(crate) customer: Option<Address>,
    pub(crate) slot: EventKey,
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) size: u64,
}

impl<S: Store, P: Plugins, E: Ece, C: Clock> Flow<S, P, E, C> {
    /// The bytes for a slot. Durable, with the event about them, when it gives `Ok`; a repetition changes nothing.
    ///
    /// # Errors
    /// See [`UploadError`]; the slot stays open.
    pub async fn upload(&self, token: &str, bytes: Download) -> Result<(), UploadError> {
        let (inner, token) = (Arc::clone(&self.inner), token.to_owned());
        let taking = async move { inner.take_upload(&token, bytes).await };
        let taken = self.inner.undisturbed(taking).await;
        taken.unwrap_or_else(|| Err(UploadError::Busy("a bug stopped it".to_owned())))
    }
}

impl<O: Outside> Inner<O> {
    /// Makes a slot; gives the frame that tells the client.
    pub(crate) async fn open_upload(&self, wanted: Wanted, terms: &SocketTerms) -> Vec<u8> {
        let slot = wanted.slot.0.clone();
        let told = match self.try_open(wanted, terms).await {
            Ok(told) => told,
            Err(why) => json!({ "slot": slot, "error": why }),
        };
        json!({ "upload": told }).to_string().into_bytes()
    }

    async fn try_open(&self, wanted: Wanted, terms: &SocketTerms) -> Result<Value, &'static str> {
        let customer = wanted.customer.ok_or("not-attached")?;
        let limit = self.limits.file_bytes_max;
        if wanted.size > terms.upload_bytes_max.map_or(limit, |max| max.min(limit)) {
            return Err("too-large");
        }
        let (essence, _parameters) = wanted
            .content_type
            .split_once(';')
            .unwrap_or((&wanted.content_type, ""));
        if !type_fits(&terms.upload_types, essence.trim()) {
            return Err("type-not-allowed");
        }
        let now = self.now();
        let upload = Upload {
            channel: wanted.channel,
            customer,
            slot: wanted.slot,
            name: wanted.name,
            content_type: wanted.content_type,
            size: wanted.size,
            expires: now.plus_ms(self.limits.upload_open_ms),
            file: None,
        };
        let opened = self.ports.store().open_upload(upload.clone(), now).await;
        let token = opened.map_err(|error| {
            tracing::warn!(channel = %upload.channel, %error, "an upload slot cannot be made");
            "try-again"
        })?;
        let token = token.ok_or("too-many")?;
        Ok(json!({
            "slot": upload.slot.0,
            "method": "PUT",
            "url": format!("{}/{token}", terms.media_url),
            "headers": { "content-type": upload.content_type },
            "size": upload.size,
            "expires_at": upload.expires.0,
        }))
    }

    async fn take_upload(
        self: &Arc<Self>,
        token: &str,
        bytes: Download,
    ) -> Result<(), UploadError> {
        if self.stopping.is_cancelled() {
            return Err(UploadError::Busy("the host restarts".to_owned()));
        }
        let found = self.ports.store().upload(token, self.now()).await;
        let upload = found.map_err(busy)?.ok_or(UploadError::Unknown)?;
        let file = match &upload.file {
            Some(file) => file.clone(),
            None => self.keep_upload(token, &upload, bytes).await?,
        };
        let channel = upload.channel.clone();
        let event = event(token, upload, file, self.now());
        accept_received(self, &channel, vec![event], &[], None)
            .await
            .map_err(busy)?;
        self.counts.uploads.one();
        Ok(())
    }

    async fn keep_upload(
        &self,
        token: &str,
        upload: &Upload,
        bytes: Download,
    ) -> Result<StoredFile, UploadError> {
        if bytes.size.is_some_and(|size| size != upload.size) {
            return Err(UploadError::Size(upload.size));
        }
        let keep = KeepFile {
            name: Some(upload.name.clone()),
            content_type: Some(upload.content_type.clone()),
            download: bytes,
            size_max: upload.size,
            // Until it is in its slot.
            expires: upload.expires.plus_ms(UPLOAD_ENDS_MS),
        };
        let keeping = self.ports.store().keep_file(keep);
        let kept = self
            .within(self.limits.transfer_ms, Box::pin(keeping))
            .await;
        let kept = kept.ok_or_else(|| UploadError::Broken("it took too long".to_owned()))?;
        let file = kept.map_err(|error| match error {
            FileError::TooLarge(_) => UploadError::Size(upload.size),
            FileError::Broken(text) => UploadError::Broken(text),
            FileError::Store(text) => UploadError::Busy(text),
        })?;
        if file.size != upload.size {
            return Err(UploadError::Size(upload.size));
        }
        let keep_until = self.now().plus_ms(self.limits.file_keep_ms);
        let stored = self.ports.store().uploaded(token, &file.id, keep_until);
        stored.await.map_err(busy)?;
        Ok(file)
    }
}

fn event(token: &str, upload: Upload, file: StoredFile, at: Timestamp) -> ReceivedEvent {
    let attachment = Attachment {
        reference: format!("{UPLOADED}{token}"),
        name: Some(file.name),
        content_type: Some(file.content_type),
        size: Some(file.size),
        caption: None,
    };
    ReceivedEvent {
        channel: Some(upload.channel),
        account: String::new(),
        key: upload.slot,
        at,
        customer: vec![upload.customer],
        readdressed: Vec::new(),
        profile: Profile::default(),
        happening: ReceivedHappening::Customer(Happening::Said(Content::Attachment(attachment))),
        reply_to: None,
        part: None,
        resolve: None,
        peer_changes: Vec::new(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn busy(error: StoreError) -> UploadError {
    UploadError::Busy(error.to_string())
}
