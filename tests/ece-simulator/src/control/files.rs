//! Files between agents and customers, as bytes.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

use super::{done, wrong};
use crate::ledger::CustomerFile;
use crate::shared::Shared;

/// The largest file an agent can send.
const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/_sim/conversations/{id}/files",
            axum::routing::post(send).layer(DefaultBodyLimit::max(FILE_BYTES_MAX)),
        )
        .route(
            "/_sim/conversations/{id}/files/{arrival}",
            get(customers).post(decide),
        )
        .route("/_sim/files/{id}", get(agents))
}

/// The header of our own keeps other sites' forms out.
async fn send(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(name) = text("x-file-name").filter(|name| !name.is_empty()) else {
        return wrong(
            StatusCode::BAD_REQUEST,
            "the header x-file-name is missing: the file's name, percent-encoded",
        );
    };
    let content_type = text("content-type").unwrap_or("application/octet-stream");
    let name = percent_decoded(name);
    done(shared.with_desk(|desk| desk.send_bytes(&id, &name, content_type, body)))
}

/// As a form's value, but that `+` is itself.
fn percent_decoded(text: &str) -> String {
    let form = format!("n={}", text.replace('+', "%2B").replace('&', "%26"));
    let mut pairs = url::form_urlencoded::parse(form.as_bytes());
    pairs
        .next()
        .map_or_else(String::new, |(_, name)| name.into_owned())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionWire {
    accept: bool,
}

async fn decide(
    State(shared): State<Arc<Shared>>,
    Path((id, arrival)): Path<(String, u64)>,
    Json(wire): Json<DecisionWire>,
) -> Response {
    done(shared.with_desk(|desk| desk.answer_file_at(&id, arrival, wire.accept)))
}

async fn customers(
    State(shared): State<Arc<Shared>>,
    Path((id, arrival)): Path<(String, u64)>,
) -> Response {
    let found = shared.look(|desk| {
        let record = desk.ledger.conversation(&id)?;
        let seen = record.seen.iter().find(|seen| seen.arrival == arrival)?;
        Some((seen.file()?.clone(), desk.kept.get(arrival)))
    });
    match found {
        None => wrong(StatusCode::NOT_FOUND, "the customer sent no such file"),
        Some((file, Some(bytes))) => download(&file.name, &file.content_type, bytes),
        Some((file, None)) => not_here(&file),
    }
}

fn not_here(file: &CustomerFile) -> Response {
    match &file.fetched {
        None => wrong(
            StatusCode::CONFLICT,
            "the file has not been downloaded: accept it, and wait a moment",
        ),
        Some(Err(why)) => wrong(
            StatusCode::BAD_GATEWAY,
            &format!("the download failed: {why}"),
        ),
        Some(Ok(_)) => wrong(StatusCode::GONE, "newer files took its room"),
    }
}

async fn agents(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let found = shared.look(|desk| {
        let file = desk.files.get(&id)?;
        Some((
            file.name.clone(),
            file.content_type.clone(),
            file.bytes.clone(),
        ))
    });
    match found {
        None => wrong(StatusCode::NOT_FOUND, "no agent sent such a file"),
        Some((name, content_type, bytes)) => download(&name, &content_type, bytes),
    }
}

/// To be saved, never to be shown: what strangers sent must not run on this page's origin.
fn download(name: &str, content_type: &str, bytes: Bytes) -> Response {
    let encoded: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let disposition = format!(
        "attachment; filename*=UTF-8''{}",
        encoded.replace('+', "%20")
    );
    let mut headers = HeaderMap::new();
    let mut set = |name: header::HeaderName, value: &str| {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, "application/octet-stream");
    set(header::CONTENT_TYPE, content_type);
    set(header::CONTENT_DISPOSITION, &disposition);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(
        header::CONTENT_SECURITY_POLICY,
        "sandbox; default-src 'none'",
    );
    (headers, bytes).into_response()
}
