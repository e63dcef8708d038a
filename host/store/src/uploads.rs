//! Slots that customers upload files into.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use rusqlite::{Connection, OptionalExtension, Row, params};
use trunkline_core::id::{ChannelName, EventKey, FileId, Timestamp};
use trunkline_core::message::{Address, StoredFile};
use trunkline_flow::ports::{StoreError, UPLOADS_OPEN_MAX, Upload};

use crate::failure::Outcome;
use crate::keys::{count, uncount};

const TOKEN_BYTES: usize = 32;

/// A token nobody can guess.
pub(crate) fn token() -> Result<String, StoreError> {
    let mut bytes = [0; TOKEN_BYTES];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| StoreError::Unavailable(format!("no random bytes: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Makes a slot with this token; false where its address has too many open.
pub(crate) fn open(db: &Connection, token: &str, upload: &Upload, now: Timestamp) -> Outcome<bool> {
    let (channel, customer) = (&upload.channel.0, &upload.customer);
    let open: usize = db
        .prepare_cached(
            "SELECT count(*) FROM uploads WHERE value = ?1 AND kind = ?2 AND channel = ?3
                 AND file IS NULL AND expires > ?4",
        )?
        .query_row(
            params![customer.value, customer.kind, channel, now.0],
            |row| row.get(0),
        )?;
    if open >= UPLOADS_OPEN_MAX {
        return Ok(false);
    }
    db.prepare_cached(
        "INSERT INTO uploads (token, channel, kind, value, slot, name, content_type, size, expires)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        token,
        channel,
        customer.kind,
        customer.value,
        upload.slot.0,
        upload.name,
        upload.content_type,
        count(upload.size),
        upload.expires.0
    ])?;
    Ok(true)
}

/// The slot with this token, unless it expired.
pub(crate) fn by_token(db: &Connection, token: &str, now: Timestamp) -> Outcome<Option<Upload>> {
    let upload = db
        .prepare_cached(
            "SELECT uploads.channel, uploads.kind, uploads.value, uploads.slot, uploads.name,
                 uploads.content_type, uploads.size, uploads.expires,
                 files.id, files.token, files.name, files.content_type, files.size, files.sha256
             FROM uploads LEFT JOIN files ON files.id = uploads.file
             WHERE uploads.token = ?1 AND uploads.expires > ?2",
        )?
        .query_row(params![token, now.0], read)
        .optional()?;
    Ok(upload)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload {
        channel: ChannelName(row.get(0)?),
        customer: Address {
            kind: row.get(1)?,
            value: row.get(2)?,
        },
        slot: EventKey(row.get(3)?),
        name: row.get(4)?,
        content_type: row.get(5)?,
        size: uncount(row.get(6)?),
        expires: Timestamp(row.get(7)?),
        file: file(row)?,
    })
}

fn file(row: &Row<'_>) -> rusqlite::Result<Option<StoredFile>> {
    let Some(id) = row.get::<_, Option<String>>(8)? else {
        return Ok(None);
    };
    Ok(Some(StoredFile {
        id: FileId(id),
        token: row.get(9)?,
        name: row.get(10)?,
        content_type: row.get(11)?,
        size: uncount(row.get(12)?),
        sha256: row.get(13)?,
    }))
}

/// Puts a file into its slot, if that is empty; both are kept until then.
pub(crate) fn fill(db: &Connection, token: &str, file: &FileId, until: Timestamp) -> Outcome<()> {
    let filled = db
        .prepare_cached(
            "UPDATE uploads SET file = ?2, expires = ?3 WHERE token = ?1 AND file IS NULL",
        )?
        .execute(params![token, file.0, until.0])?;
    if filled > 0 {
        db.prepare_cached("UPDATE files SET expires = ?2 WHERE id = ?1")?
            .execute(params![file.0, until.0])?;
    }
    Ok(())
}
