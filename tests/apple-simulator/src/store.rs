//! Apple's file store: slots, encrypted bytes, short-lived URLs, and the decoding of large interactive data.

use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use stand_in::connection::Connection;

use crate::faults::Call;
use crate::gateway::{authorise, header, refused_by};
use crate::refusal::Refusal;
use crate::state::{Blob, Shared, fresh_id};

/// What stands before the JSON of interactive data in the store: a form only Apple reads.
const OPAQUE: &[u8] = b"bplist00\x01";

/// Keeps encrypted bytes under a fresh address; gives address, owner and signature.
pub(crate) fn keep(shared: &Shared, name: &str, bytes: Bytes) -> (String, String, Vec<u8>) {
    let (url, blob) = empty_blob(shared, name);
    let owner = blob.owner.clone();
    let signature = signature(&bytes);
    let blob = Blob {
        signature: signature.clone(),
        bytes,
        ..blob
    };
    shared.state().blobs.insert(url.clone(), blob);
    (url, owner, signature)
}

fn empty_blob(shared: &Shared, name: &str) -> (String, Blob) {
    let owner = format!("M{}.C01USN00", fresh_id());
    let blob = Blob {
        owner: owner.clone(),
        name: name.to_owned(),
        ..Blob::default()
    };
    (format!("{}/store/{owner}", shared.base_url), blob)
}

/// 21 bytes: a flag and a digest.
fn signature(bytes: &[u8]) -> Vec<u8> {
    let digest = Sha256::digest(bytes);
    [&[0x81], &digest[..20]].concat()
}

/// Interactive data as it lies in the store, before encryption.
pub(crate) fn opaque(json: &str) -> Vec<u8> {
    [OPAQUE, json.as_bytes()].concat()
}

/// `GET /v1/preUpload`.
pub(crate) async fn pre_upload(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = refused_by(shared.fault(Call::PreUpload).as_ref(), &connection) {
        return refused;
    }
    answered(&shared, slot(&shared, &headers))
}

fn slot(shared: &Shared, headers: &HeaderMap) -> Result<Response, Refusal> {
    authorise(shared, headers)?;
    let size: u64 = header(headers, "mmcs-size")
        .parse()
        .map_err(|_| Refusal::bad("MMCS-Size is missing or no number"))?;
    if size > shared.config.file_bytes_max {
        return Err(Refusal::bad("MMCS-Size is too large"));
    }
    let (url, blob) = empty_blob(shared, "");
    let token = fresh_id();
    let answer = json!({
        "upload-url": format!("{}/store/put/{token}", shared.base_url),
        "mmcs-url": url,
        "mmcs-owner": blob.owner,
    });
    let mut state = shared.state();
    state.blobs.insert(url.clone(), blob);
    state.slots.insert(token, (url, size));
    Ok(Json(answer).into_response())
}

/// `POST <upload-url>`: each slot once, without a token of ours.
pub(crate) async fn upload(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    Path(token): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    if let Some(refused) = refused_by(shared.fault(Call::Upload).as_ref(), &connection) {
        return refused;
    }
    answered(&shared, fill(&shared, &token, &headers, bytes))
}

fn fill(
    shared: &Shared,
    token: &str,
    headers: &HeaderMap,
    bytes: Bytes,
) -> Result<Response, Refusal> {
    if headers.contains_key("authorization") {
        return Err(Refusal::bad(
            "an upload carries no Authorization: the URL is signed",
        ));
    }
    let slot = shared.state().slots.remove(token);
    let (url, size) = slot.ok_or_else(|| Refusal::new(404, "there is no such slot any more"))?;
    if bytes.len() as u64 != size {
        return Err(Refusal::bad(format!(
            "{} bytes came instead of {size}",
            bytes.len()
        )));
    }
    let signature = signature(&bytes);
    let answer = json!({ "singleFile": {
        "fileChecksum": STANDARD.encode(&signature), "size": size, "receipt": fresh_id(),
    } });
    if let Some(blob) = shared.state().blobs.get_mut(&url) {
        blob.signature = signature;
        blob.bytes = bytes;
    }
    Ok(Json(answer).into_response())
}

/// `GET /v1/preDownload`.
pub(crate) async fn pre_download(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = refused_by(shared.fault(Call::PreDownload).as_ref(), &connection) {
        return refused;
    }
    answered(&shared, locate(&shared, &headers))
}

fn locate(shared: &Shared, headers: &HeaderMap) -> Result<Response, Refusal> {
    authorise(shared, headers)?;
    let signature = STANDARD
        .decode(header(headers, "mmcs-signature"))
        .map_err(|_| Refusal::bad("MMCS-Signature is no base64"))?;
    let url = header(headers, "mmcs-url");
    if url.contains('%') {
        return Err(Refusal::bad("MMCS-Url is encoded twice"));
    }
    let owner = header(headers, "mmcs-owner");
    let mut state = shared.state();
    let known = state
        .blobs
        .get(url)
        .is_some_and(|blob| blob.owner == owner && blob.signature == signature);
    if !known {
        return Err(Refusal::new(404, "there is no such file"));
    }
    let token = fresh_id();
    state.downloads.insert(token.clone(), url.to_owned());
    let place = format!("{}/store/get/{token}", shared.base_url);
    Ok(Json(json!({ "download-url": place })).into_response())
}

/// `GET <download-url>`: once.
pub(crate) async fn download(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    Path(token): Path<String>,
) -> Response {
    if let Some(refused) = refused_by(shared.fault(Call::Download).as_ref(), &connection) {
        return refused;
    }
    let found = shared.watched.change(|state| {
        let url = state.downloads.remove(&token)?;
        let blob = state.blobs.get(&url).cloned()?;
        state.ledger.fetched.push(blob.name.clone());
        Some(blob.bytes)
    });
    match found {
        Some(bytes) => bytes.into_response(),
        None => Refusal::new(410, "the address has expired").into_response(),
    }
}

/// `POST /v1/decodePayload`.
pub(crate) async fn decode_payload(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    if let Some(refused) = refused_by(shared.fault(Call::DecodePayload).as_ref(), &connection) {
        return refused;
    }
    answered(&shared, decode(&shared, &headers, &bytes))
}

fn decode(shared: &Shared, headers: &HeaderMap, bytes: &[u8]) -> Result<Response, Refusal> {
    authorise(shared, headers)?;
    if header(headers, "bid").is_empty() {
        return Err(Refusal::bad("bid is missing"));
    }
    let json = bytes
        .strip_prefix(OPAQUE)
        .ok_or_else(|| Refusal::bad("this is no interactive data"))?;
    Ok(([("content-type", "application/json")], json.to_vec()).into_response())
}

fn answered(shared: &Shared, result: Result<Response, Refusal>) -> Response {
    result.unwrap_or_else(|refusal| {
        shared.note_refusal(&refusal, "");
        refusal.into_response()
    })
}
