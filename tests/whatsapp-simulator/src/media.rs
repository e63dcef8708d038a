//! Files both ways: uploads of the connector, and customers' files behind URLs that expire.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::multipart::{Field, Multipart};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::api::{authorise, of_ours};
use crate::clock::now_ms;
use crate::customer::CustomerFile;
use crate::faults::Fault;
use crate::ledger::SentFile;
use crate::refusal::Refusal;
use crate::signature::hex;
use crate::state::Shared;

/// The most that any kind of message carries.
const UPLOAD_BYTES_MAX: u64 = 100 * 1024 * 1024;

/// `POST /{version}/{phone_number_id}/media`. The bytes are hashed, not kept.
pub(crate) async fn upload(
    State(shared): State<Arc<Shared>>,
    Path((version, number_id)): Path<(String, String)>,
    headers: HeaderMap,
    parts: Multipart,
) -> Response {
    let allowed =
        authorise(&shared, &headers).and_then(|()| of_ours(&shared, &version, &number_id));
    let uploaded = match allowed {
        Ok(()) => take_upload(&shared, parts).await,
        Err(refusal) => Err(refusal),
    };
    match uploaded {
        Ok(file) => {
            let id = shared.media_id();
            shared.state().uploads.insert(id.clone(), file);
            Json(json!({"id": id})).into_response()
        }
        Err(refusal) => {
            let refused = (refusal.code, String::new());
            shared
                .watched
                .change(|state| state.ledger.refused.push(refused));
            refusal.into_response()
        }
    }
}

async fn take_upload(shared: &Shared, mut parts: Multipart) -> Result<SentFile, Refusal> {
    let fault = shared.state().faults.take_if(Fault::is_for_uploads);
    let (mut product, mut file) = (None, None);
    let broken =
        |error: axum::extract::multipart::MultipartError| Refusal::new(400, 100, error.body_text());
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        match part.name() {
            Some("messaging_product") => product = Some(part.text().await.map_err(broken)?),
            Some("file") => file = Some(measured(part).await?),
            _ => {}
        }
    }
    if let Some(Fault::UploadError { code }) = fault {
        return Err(Refusal::of(code, 400));
    }
    if product.as_deref() != Some("whatsapp") {
        return Err(Refusal::missing("messaging_product"));
    }
    file.ok_or_else(|| Refusal::missing("file"))
}

async fn measured(mut part: Field<'_>) -> Result<SentFile, Refusal> {
    let name = part.file_name().unwrap_or_default().to_owned();
    let content_type = part.content_type().unwrap_or_default().to_owned();
    if !content_type.contains('/') {
        return Err(Refusal::new(
            400,
            100,
            "Param file must be a file with a type",
        ));
    }
    let (mut hash, mut size) = (Sha256::new(), 0_u64);
    let broken = |error: axum::extract::multipart::MultipartError| {
        Refusal::new(400, 131_053, error.body_text())
    };
    while let Some(chunk) = part.chunk().await.map_err(broken)? {
        hash.update(&chunk);
        size += chunk.len() as u64;
        if size > UPLOAD_BYTES_MAX {
            return Err(Refusal::new(400, 131_053, "The file is larger than 100 MB"));
        }
    }
    Ok(SentFile {
        name,
        content_type,
        size,
        sha256: hex(&hash.finalize()),
    })
}

/// Keeps a customer's file and gives its media id.
pub(crate) fn keep(shared: &Shared, file: &CustomerFile) -> String {
    let id = shared.media_id();
    shared.state().files.insert(id.clone(), file.clone());
    id
}

/// `{url, mime_type, sha256, file_size, id}` of a customer's file. Each asking makes a URL of its own.
pub(crate) fn place(shared: &Shared, id: &str) -> Option<Value> {
    let file = shared.state().files.get(id).cloned()?;
    let hash = shared.unguessable();
    let expires = now_ms() + shared.config.media_url_ms;
    let entry = (id.to_owned(), expires);
    shared.state().file_urls.insert(hash.clone(), entry);
    let base = &shared.base_url;
    Some(json!({
        "messaging_product": "whatsapp",
        "url": format!("{base}/whatsapp_business/attachments/?mid={id}&ext={expires}&hash={hash}"),
        "mime_type": file.content_type,
        "sha256": STANDARD.encode(file.sha256()),
        // Text here, a number in the description: connectors must take both.
        "file_size": file.size().to_string(),
        "id": id,
    }))
}

#[derive(Deserialize)]
pub(crate) struct Signed {
    hash: String,
}

/// `GET /whatsapp_business/attachments/`: with the token, while the URL lives.
pub(crate) async fn lookaside(
    State(shared): State<Arc<Shared>>,
    Query(signed): Query<Signed>,
    headers: HeaderMap,
) -> Response {
    if authorise(&shared, &headers).is_err() {
        let page = [(header::CONTENT_TYPE, "text/html")];
        return (StatusCode::UNAUTHORIZED, page, "<html>no</html>").into_response();
    }
    let known = shared.state().file_urls.get(&signed.hash).cloned();
    let Some((id, _)) = known.filter(|(_, expires)| now_ms() < *expires) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match &shared.config.media_redirect_origin {
        Some(origin) => {
            let url = format!("{origin}/_cdn/{}", signed.hash);
            (StatusCode::FOUND, [(header::LOCATION, url)]).into_response()
        }
        None => bytes_of(&shared, &id),
    }
}

/// `GET /_cdn/{hash}`: the bytes, without a token. Whoever sends one here leaks it.
pub(crate) async fn cdn(
    State(shared): State<Arc<Shared>>,
    Path(hash): Path<String>,
    headers: HeaderMap,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        return (StatusCode::BAD_REQUEST, "the token leaked").into_response();
    }
    let known = shared.state().file_urls.get(&hash).cloned();
    match known {
        Some((id, _)) => bytes_of(&shared, &id),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn bytes_of(shared: &Shared, id: &str) -> Response {
    let Some(file) = shared.state().files.get(id).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    count(shared, id);
    let headers = [
        (header::CONTENT_TYPE, file.content_type.clone()),
        (header::CONTENT_LENGTH, file.size().to_string()),
    ];
    let pieces = futures::stream::iter(file.into_pieces().map(Ok::<_, Infallible>));
    (headers, Body::from_stream(pieces)).into_response()
}

fn count(shared: &Shared, id: &str) {
    shared.watched.change(|state| {
        let fetched = &mut state.ledger.fetched;
        match fetched.iter_mut().find(|(known, _)| known == id) {
            Some((_, times)) => *times += 1,
            None => fetched.push((id.to_owned(), 1)),
        }
    });
}
