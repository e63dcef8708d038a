//! `/media/{token}`: a file for ECE, a provider or an agent; or a file from a customer. The token is the permission; it expires.
//!
//! A browser must never run what a stranger sent: always a download, never sniffed. A page of any origin may ask: whoever
//! has the token may, and no cookie is looked at.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use tokio::sync::Mutex;
use trunkline_core::message::StoredFile;
use trunkline_flow::UploadError;
use trunkline_flow::ports::{Clock, Download, Store, StreamError};

use super::busy;
use crate::host::Host;

/// Nothing comes for this long: an upload is over. A slow one that goes on is not.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// The file, streamed; 404 when the token is unknown or has expired.
pub(super) async fn file(State(host): State<Arc<Host>>, Path(token): Path<String>) -> Response {
    let response = match host.store().open_file(&token, host.clock().now()).await {
        Ok(Some((file, download))) => send(&file, download),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "a file cannot be read");
            busy()
        }
    };
    for_any_origin(response)
}

/// The bytes for an upload slot: 204 once the agent is sure to get them, also when they were there already.
pub(super) async fn upload(
    State(host): State<Arc<Host>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let taken = host.flow().upload(&token, download(&headers, body)).await;
    for_any_origin(match taken {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error @ UploadError::Unknown) => {
            (StatusCode::NOT_FOUND, error.to_string()).into_response()
        }
        Err(error @ (UploadError::Size(_) | UploadError::Broken(_))) => {
            (StatusCode::BAD_REQUEST, error.to_string()).into_response()
        }
        Err(error @ UploadError::Busy(_)) => {
            tracing::warn!(%error, "an upload was not taken");
            busy()
        }
    })
}

/// Yes, a page of another origin may GET and PUT.
pub(super) async fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, PUT"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    for_any_origin(response)
}

fn for_any_origin(mut response: Response) -> Response {
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "content-disposition"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        ),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

fn download(headers: &HeaderMap, body: Body) -> Download {
    let size = headers.get(header::CONTENT_LENGTH);
    let pieces = Arc::new(Mutex::new(body.into_data_stream()));
    Download {
        name: None,
        content_type: None,
        size: size.and_then(|size| size.to_str().ok()?.parse().ok()),
        next: Box::new(move || {
            let pieces = Arc::clone(&pieces);
            Box::pin(async move {
                let mut pieces = pieces.lock().await;
                let Ok(piece) = tokio::time::timeout(SILENCE_MAX, pieces.next()).await else {
                    let seconds = SILENCE_MAX.as_secs();
                    return Some(Err(StreamError(format!("nothing came for {seconds} s"))));
                };
                Some(piece?.map_err(|error| StreamError(error.to_string())))
            })
        }),
    }
}

fn send(file: &StoredFile, download: Download) -> Response {
    let pieces = stream::unfold(download, |mut download| async move {
        let piece = (download.next)().await?;
        Some((piece, download))
    });
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type(&file.content_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(file.size));
    headers.insert(header::CONTENT_DISPOSITION, disposition(&file.name));
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
        (header::CACHE_CONTROL, "private, no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn content_type(text: &str) -> HeaderValue {
    let unknown = HeaderValue::from_static("application/octet-stream");
    HeaderValue::from_str(text).unwrap_or(unknown)
}

/// The name twice (RFC 6266): plain for old readers, then as it is.
fn disposition(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || ".-_ ".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let exact: String = name
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    let text = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_break_out_of_no_header() {
        let header = disposition("a\"b\r\nSet-Cookie: x=ü.png");
        assert_eq!(
            header,
            "attachment; filename=\"a_b__Set-Cookie_ x__.png\"; \
             filename*=UTF-8''a%22b%0D%0ASet-Cookie%3A%20x%3D%C3%BC.png"
        );
    }
}
