//! Bodies that stream: files from the store, multipart, encryption on the way. No file is ever
//! whole in memory.

use std::sync::Arc;

use bytes::Bytes;
use ctr::cipher::{KeyIvInit, StreamCipher};
use futures::stream::{self, Stream};
use reqwest::RequestBuilder;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::multipart::{Form, Part};
use trunkline_core::id::FileId;
use trunkline_core::message::StoredFile;
use trunkline_flow::ports::{BoxFuture, Download, StoreError, StreamError};

use super::patience::Pulse;
use super::prepare::{PartContent, Prepared, PreparedBody, PreparedPart};
use crate::request::{AesCtr, FetchError};

/// AES-256 in counter mode, the counter block 128 bits big-endian.
pub(super) type Aes256Ctr = ctr::Ctr128BE<aes::Aes256>;

/// A file found: what it is, and its bytes.
pub type FoundFile = Option<(StoredFile, Download)>;

/// Files of the store, for request bodies.
pub trait Files: Send + Sync + 'static {
    /// The file and its bytes; none if there is no such file any more.
    fn open(&self, file: FileId) -> BoxFuture<'static, Result<FoundFile, StoreError>>;
}

impl<F> Files for F
where
    F: Fn(FileId) -> BoxFuture<'static, Result<FoundFile, StoreError>> + Send + Sync + 'static,
{
    fn open(&self, file: FileId) -> BoxFuture<'static, Result<FoundFile, StoreError>> {
        self(file)
    }
}

/// Puts the body on the request.
pub(super) async fn attach(
    request: RequestBuilder,
    prepared: &Prepared,
    files: &Arc<dyn Files>,
    pulse: &Pulse,
) -> Result<RequestBuilder, FetchError> {
    match &prepared.body {
        PreparedBody::None => Ok(request),
        PreparedBody::Bytes(bytes) => Ok(request.body(bytes.clone())),
        PreparedBody::Multipart(parts) => Ok(request.multipart(form(parts, files, pulse).await?)),
        PreparedBody::File { file, encrypt } => {
            let (stored, download) = open(files, file).await?;
            let cipher = encrypt.as_ref().map(cipher).transpose()?;
            let request =
                request
                    .header(CONTENT_LENGTH, stored.size)
                    .body(reqwest::Body::wrap_stream(pieces(
                        download,
                        cipher,
                        on_its_way(&stored, pulse),
                    )));
            if prepared.has_header(&CONTENT_TYPE) {
                return Ok(request);
            }
            Ok(request.header(CONTENT_TYPE, stored.content_type))
        }
    }
}

async fn form(
    parts: &[PreparedPart],
    files: &Arc<dyn Files>,
    pulse: &Pulse,
) -> Result<Form, FetchError> {
    let mut form = Form::new();
    for part in parts {
        form = form.part(part.name.clone(), one_part(part, files, pulse).await?);
    }
    Ok(form)
}

async fn one_part(
    part: &PreparedPart,
    files: &Arc<dyn Files>,
    pulse: &Pulse,
) -> Result<Part, FetchError> {
    let (mut made, stored) = match &part.content {
        PartContent::Text(text) => (Part::text(text.clone()), None),
        PartContent::File(file) => {
            let (stored, download) = open(files, file).await?;
            let body =
                reqwest::Body::wrap_stream(pieces(download, None, on_its_way(&stored, pulse)));
            (Part::stream_with_length(body, stored.size), Some(stored))
        }
    };
    let name = part.file_name.clone();
    if let Some(name) = name.or_else(|| stored.as_ref().map(|file| file.name.clone())) {
        made = made.file_name(name);
    }
    let content_type = part.content_type.clone();
    match content_type.or_else(|| stored.map(|file| file.content_type)) {
        Some(kind) => made
            .mime_str(&kind)
            .map_err(|_| FetchError::Denied(format!("`{kind}` is no content type"))),
        None => Ok(made),
    }
}

async fn open(files: &Arc<dyn Files>, file: &FileId) -> Result<(StoredFile, Download), FetchError> {
    match files.open(file.clone()).await {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(FetchError::Denied(format!("the file {file} is gone"))),
        Err(error) => Err(FetchError::Unreachable(format!("the file {file}: {error}"))),
    }
}

/// The cipher at its start.
pub(super) fn cipher(cipher: &AesCtr) -> Result<Aes256Ctr, FetchError> {
    Aes256Ctr::new_from_slices(&cipher.key, &cipher.iv)
        .map_err(|_| FetchError::Denied("AES-256-CTR wants 32 and 16 bytes".to_owned()))
}

fn pieces(
    download: Download,
    cipher: Option<Aes256Ctr>,
    on_its_way: OnItsWay,
) -> impl Stream<Item = Result<Bytes, StreamError>> + Send {
    stream::unfold(
        (download, cipher, on_its_way),
        |(mut download, mut cipher, mut on_its_way)| async move {
            let piece = (download.next)().await?;
            let piece = piece.map(|bytes| {
                on_its_way.took(bytes.len());
                match &mut cipher {
                    Some(cipher) => ciphered(cipher, &bytes),
                    None => bytes,
                }
            });
            Some((piece, (download, cipher, on_its_way)))
        },
    )
}

/// A file that a connection takes piece by piece: it asks for the next one when it has room.
struct OnItsWay {
    /// It never asks for the end: it knows the length.
    bytes_left: u64,
    pulse: Pulse,
}

impl OnItsWay {
    fn took(&mut self, bytes: usize) {
        self.bytes_left = self.bytes_left.saturating_sub(bytes as u64);
        if self.bytes_left == 0 {
            self.pulse.gave_all();
        } else {
            self.pulse.gave();
        }
    }
}

fn on_its_way(file: &StoredFile, pulse: &Pulse) -> OnItsWay {
    OnItsWay {
        bytes_left: file.size,
        pulse: pulse.clone(),
    }
}

/// The bytes, en- or decrypted: in counter mode that is the same.
pub(super) fn ciphered(cipher: &mut Aes256Ctr, bytes: &Bytes) -> Bytes {
    let mut bytes = bytes.to_vec();
    cipher.apply_keystream(&mut bytes);
    bytes.into()
}
