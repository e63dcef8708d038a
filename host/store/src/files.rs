//! Files: the bytes in a folder under an id, all else in a row.
//!
//! A file is written under another name, synced, renamed, then its row is committed: a row always has
//! its bytes. What an interrupted run left without a row goes when the store is opened.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::{Bytes, BytesMut};
use rand::TryRngCore;
use rand::rngs::OsRng;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, mpsc};
use trunkline_core::id::{FileId, Timestamp};
use trunkline_core::message::StoredFile;
use trunkline_flow::ports::{Download, FileError, KeepFile, StoreError, StreamError};

use crate::failure::Outcome;
use crate::keys::{count, uncount};
use crate::names;
use crate::open::OpenError;

/// How much of a file is read at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// How much of a file is looked at to tell its type: Office documents tell theirs after a while.
const SNIFF_BYTES: usize = 16 * 1024;

/// Pieces on their way from the network to the disk.
const PIECES: usize = 4;

const ID_BYTES: usize = 16;
const TOKEN_BYTES: usize = 32;

/// Streams a file to disk. Its row is the caller's to write.
pub(crate) async fn receive(
    dir: &Path,
    file: KeepFile,
) -> Result<(StoredFile, Timestamp), FileError> {
    let KeepFile {
        name,
        content_type,
        mut download,
        size_max,
        expires,
    } = file;
    if download.size.is_some_and(|size| size > size_max) {
        return Err(FileError::TooLarge(size_max));
    }
    let id = format!("f{}", hex(&random::<ID_BYTES>()?));
    let token = URL_SAFE_NO_PAD.encode(random::<TOKEN_BYTES>()?);
    let (pieces, arriving) = mpsc::channel(PIECES);
    let path = dir.join(&id);
    let on_disk = tokio::task::spawn_blocking(move || write(&path, size_max, arriving));
    pump(&mut download, pieces).await;
    let written = on_disk
        .await
        .map_err(|error| FileError::Store(error.to_string()))??;
    let declared = content_type.or(download.content_type.take());
    let content_type = names::content_type(&written.start, declared.as_deref());
    let given = name.or(download.name.take());
    let stored = StoredFile {
        id: FileId(id),
        token,
        name: names::file_name(given.as_deref(), &written.start, &content_type),
        content_type,
        size: written.size,
        sha256: written.sha256,
    };
    Ok((stored, expires))
}

fn random<const N: usize>() -> Result<[u8; N], FileError> {
    let mut bytes = [0; N];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| FileError::Store(format!("no random bytes: {error}")))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A piece, the end, or what went wrong. A channel that closes without an end is a transfer given up.
enum Piece {
    Bytes(Bytes),
    End,
    Broken(StreamError),
}

async fn pump(download: &mut Download, pieces: mpsc::Sender<Piece>) {
    loop {
        let (piece, last) = match (download.next)().await {
            Some(Ok(bytes)) => (Piece::Bytes(bytes), false),
            Some(Err(error)) => (Piece::Broken(error), true),
            None => (Piece::End, true),
        };
        // A disk that fails, or a file that is too large, is told by the other side.
        if pieces.send(piece).await.is_err() || last {
            return;
        }
    }
}

struct Written {
    size: u64,
    sha256: String,
    start: Vec<u8>,
}

fn write(
    path: &Path,
    size_max: u64,
    arriving: mpsc::Receiver<Piece>,
) -> Result<Written, FileError> {
    let partial = path.with_extension("part");
    let written = write_partial(&partial, size_max, arriving).and_then(|written| {
        rename(&partial, path)
            .map(|()| written)
            .map_err(store_error)
    });
    if written.is_err() {
        // What is left goes when the store is opened next.
        let _ = fs::remove_file(&partial);
    }
    written
}

fn write_partial(
    partial: &Path,
    size_max: u64,
    mut arriving: mpsc::Receiver<Piece>,
) -> Result<Written, FileError> {
    let mut file = File::create_new(partial).map_err(store_error)?;
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut start = Vec::new();
    loop {
        let bytes = match arriving.blocking_recv() {
            Some(Piece::Bytes(bytes)) => bytes,
            Some(Piece::End) => break,
            Some(Piece::Broken(error)) => return Err(FileError::Broken(error.to_string())),
            None => return Err(FileError::Broken("the transfer was given up".to_owned())),
        };
        size += bytes.len() as u64;
        if size > size_max {
            return Err(FileError::TooLarge(size_max));
        }
        let more = (SNIFF_BYTES - start.len()).min(bytes.len());
        start.extend_from_slice(&bytes[..more]);
        hash.update(&bytes);
        file.write_all(&bytes).map_err(store_error)?;
    }
    file.sync_all().map_err(store_error)?;
    Ok(Written {
        size,
        sha256: hex(&hash.finalize()),
        start,
    })
}

fn rename(partial: &Path, path: &Path) -> io::Result<()> {
    fs::rename(partial, path)?;
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn store_error(error: io::Error) -> FileError {
    FileError::Store(error.to_string())
}

/// Removes bytes that have no row.
pub(crate) async fn remove(dir: &Path, ids: Vec<String>) {
    let dir = dir.to_owned();
    let gone = tokio::task::spawn_blocking(move || {
        for id in ids {
            if let Err(error) = fs::remove_file(dir.join(&id)) {
                tracing::warn!(file = id, %error, "an expired file stays on disk");
            }
        }
    });
    // Only a runtime that shuts down ends it early; opening the store tidies up.
    let _ = gone.await;
}

/// Writes a file's row.
pub(crate) fn insert(db: &Connection, file: &StoredFile, expires: Timestamp) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO files (id, token, name, content_type, size, sha256, expires)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        file.id.0,
        file.token,
        file.name,
        file.content_type,
        count(file.size),
        file.sha256,
        expires.0
    ])?;
    Ok(())
}

/// The file with this token, unless it expired.
pub(crate) fn by_token(
    db: &Connection,
    token: &str,
    now: Timestamp,
) -> Outcome<Option<StoredFile>> {
    let file = db
        .prepare_cached(
            "SELECT id, token, name, content_type, size, sha256 FROM files WHERE token = ?1 AND expires > ?2",
        )?
        .query_row(params![token, now.0], read)
        .optional()?;
    Ok(file)
}

/// The file with this id.
pub(crate) fn by_id(db: &Connection, id: &str) -> Outcome<Option<StoredFile>> {
    let file = db
        .prepare_cached(
            "SELECT id, token, name, content_type, size, sha256 FROM files WHERE id = ?1",
        )?
        .query_row([id], read)
        .optional()?;
    Ok(file)
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoredFile> {
    Ok(StoredFile {
        id: FileId(row.get(0)?),
        token: row.get(1)?,
        name: row.get(2)?,
        content_type: row.get(3)?,
        size: uncount(row.get(4)?),
        sha256: row.get(5)?,
    })
}

/// The bytes of a file, read as they are asked for.
pub(crate) async fn stream(dir: &Path, file: &StoredFile) -> Result<Download, StoreError> {
    let opened = tokio::fs::File::open(dir.join(&file.id.0)).await;
    let opened = opened.map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            return StoreError::Broken(format!("the bytes of file {} are missing", file.id));
        }
        StoreError::Unavailable(format!("open file {}: {error}", file.id))
    })?;
    let opened = Arc::new(Mutex::new(opened.into_std().await));
    Ok(Download {
        name: Some(file.name.clone()),
        content_type: Some(file.content_type.clone()),
        size: Some(file.size),
        next: Box::new(move || Box::pin(next_piece(Arc::clone(&opened)))),
    })
}

async fn next_piece(file: Arc<Mutex<File>>) -> Option<Result<Bytes, StreamError>> {
    let mut file = file.lock_owned().await;
    let read = tokio::task::spawn_blocking(move || {
        let mut piece = BytesMut::zeroed(PIECE_BYTES);
        let read = file.read(&mut piece)?;
        piece.truncate(read);
        Ok::<Bytes, io::Error>(piece.freeze())
    });
    match read.await {
        Ok(Ok(piece)) if piece.is_empty() => None,
        Ok(Ok(piece)) => Some(Ok(piece)),
        Ok(Err(error)) => Some(Err(StreamError(error.to_string()))),
        Err(error) => Some(Err(StreamError(error.to_string()))),
    }
}

/// Removes what an interrupted run left: half-written files, and files without a row. Names that are
/// not ours are left alone.
pub(crate) fn tidy(dir: &Path, db: &Connection) -> Result<(), OpenError> {
    let at = |path: &Path| {
        let path: PathBuf = path.to_owned();
        move |source| OpenError::Io { path, source }
    };
    for entry in fs::read_dir(dir).map_err(at(dir))? {
        let path = entry.map_err(at(dir))?.path();
        if is_left_over(db, &path)? {
            fs::remove_file(&path).map_err(at(&path))?;
        }
    }
    Ok(())
}

fn is_left_over(db: &Connection, path: &Path) -> Outcome<bool> {
    let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else {
        return Ok(false);
    };
    let ours = stem.len() == 1 + 2 * ID_BYTES
        && stem.starts_with('f')
        && stem[1..].bytes().all(|byte| byte.is_ascii_hexdigit());
    match path.extension() {
        Some(extension) => Ok(ours && extension == "part"),
        None => Ok(ours && by_id(db, stem)?.is_none()),
    }
}
