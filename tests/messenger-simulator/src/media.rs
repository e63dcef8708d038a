//! Customers' files: URLs that need no credentials and expire.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::customer::CustomerFile;
use crate::state::{Shared, now_ms};

const LIFE_MS: u64 = 24 * 60 * 60 * 1_000;

/// Keeps a file and gives the URL that a webhook names; one that has expired already if the file says so.
pub(crate) fn keep(shared: &Shared, file: &CustomerFile) -> String {
    let id = shared.id("f");
    let url = url(shared, &id, &file.name, file.expired);
    shared
        .watched
        .change(|state| state.files.insert(id, file.clone()));
    url
}

/// A fresh URL of the same file.
pub(crate) fn renewed(url: &str) -> String {
    let (path, _) = url.split_once('?').unwrap_or((url, ""));
    format!("{path}?oe={:x}", (now_ms() + LIFE_MS) / 1_000)
}

fn url(shared: &Shared, id: &str, name: &str, expired: bool) -> String {
    let until = if expired {
        now_ms() - LIFE_MS
    } else {
        now_ms() + LIFE_MS
    };
    format!(
        "{}/_cdn/{id}/{name}?oe={:x}",
        shared.base_url,
        until / 1_000
    )
}

#[derive(Debug, Deserialize)]
pub(crate) struct Expiry {
    oe: String,
}

/// `GET /_cdn/{file}/{name}?oe=`.
pub(crate) async fn bytes(
    State(shared): State<Arc<Shared>>,
    Path((file, _name)): Path<(String, String)>,
    Query(Expiry { oe }): Query<Expiry>,
) -> Response {
    let until = u64::from_str_radix(&oe, 16).unwrap_or(0);
    if until <= now_ms() / 1_000 {
        return (StatusCode::FORBIDDEN, "URL signature expired").into_response();
    }
    let file = shared.watched.lock().files.get(&file).cloned();
    match file {
        Some(file) => ([(header::CONTENT_TYPE, file.content_type)], file.bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
