//! Logs of frames for sockets, and upload slots, as the port's docstrings name them.

use std::collections::BTreeMap;

use trunkline_core::id::{CustomerId, Timestamp};
use trunkline_core::message::StoredFile;
use trunkline_flow::ports::{
    LOG_BYTES_MAX, LOG_FRAMES_MAX, LOG_KEEP_MS, LogPage, PushedFrames, StoreError,
    UPLOADS_OPEN_MAX, Upload,
};

/// A customer's log.
#[derive(Debug, Default)]
struct Log {
    last: u64,
    frames: BTreeMap<u64, (Timestamp, Vec<u8>)>,
}

impl Log {
    fn bytes(&self) -> usize {
        self.frames.values().map(|(_, frame)| frame.len()).sum()
    }

    fn shorten(&mut self) {
        while self.frames.len() as u64 > LOG_FRAMES_MAX || self.bytes() as u64 > LOG_BYTES_MAX {
            self.frames.pop_first();
        }
    }
}

/// All logs.
#[derive(Debug, Default)]
pub(super) struct Logs(BTreeMap<CustomerId, Log>);

impl Logs {
    pub(super) fn next(&self, customer: CustomerId) -> u64 {
        self.0.get(&customer).map_or(0, |log| log.last) + 1
    }

    pub(super) fn append(
        &mut self,
        customer: CustomerId,
        at: Timestamp,
        pushed: &PushedFrames,
    ) -> Result<(), StoreError> {
        let next = self.next(customer);
        if next != pushed.first {
            let text = format!("frame {} where {next} is next", pushed.first);
            return Err(StoreError::Stale(text));
        }
        let log = self.0.entry(customer).or_default();
        for frame in &pushed.frames {
            log.last += 1;
            log.frames.insert(log.last, (at, frame.clone()));
        }
        log.shorten();
        Ok(())
    }

    pub(super) fn page(&self, customer: CustomerId, after: u64, bytes_max: usize) -> LogPage {
        let Some(log) = self.0.get(&customer) else {
            return LogPage::default();
        };
        let mut page = LogPage {
            frames: Vec::new(),
            last: log.last,
        };
        let mut bytes = 0;
        for (number, (_, frame)) in log.frames.iter().filter(|(number, _)| **number > after) {
            bytes += frame.len();
            if bytes > bytes_max && !page.frames.is_empty() {
                break;
            }
            page.frames.push((*number, frame.clone()));
        }
        page
    }

    pub(super) fn forget_until(&mut self, customer: CustomerId, number: u64) {
        if let Some(log) = self.0.get_mut(&customer) {
            log.frames.retain(|kept, _| *kept > number);
        }
    }

    pub(super) fn sweep(&mut self, now: Timestamp) {
        for log in self.0.values_mut() {
            log.frames
                .retain(|_, (at, _)| at.plus_ms(LOG_KEEP_MS) > now);
        }
    }
}

/// All upload slots, by token.
#[derive(Debug, Default)]
pub(super) struct Uploads(BTreeMap<String, Upload>);

impl Uploads {
    pub(super) fn open(&mut self, upload: Upload, now: Timestamp) -> Option<String> {
        let same = |open: &&Upload| {
            open.channel == upload.channel
                && open.customer == upload.customer
                && open.file.is_none()
                && open.expires > now
        };
        if self.0.values().filter(same).count() >= UPLOADS_OPEN_MAX {
            return None;
        }
        let token = format!("u{}", self.0.len() + 1);
        self.0.insert(token.clone(), upload);
        Some(token)
    }

    pub(super) fn by_token(&self, token: &str, now: Timestamp) -> Option<Upload> {
        let upload = self.0.get(token)?;
        (upload.expires > now).then(|| upload.clone())
    }

    pub(super) fn fill(&mut self, token: &str, file: &StoredFile, until: Timestamp) {
        if let Some(upload) = self.0.get_mut(token)
            && upload.file.is_none()
        {
            upload.file = Some(file.clone());
            upload.expires = until;
        }
    }
}
