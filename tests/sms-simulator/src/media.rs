//! Customers' pictures: a URL that asks for Basic auth and redirects to where the bytes are.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::api::authorise;
use crate::customer::Picture;
use crate::refusal::Refusal;
use crate::state::Shared;

/// Keeps a picture and gives the URL that a webhook names.
pub(crate) fn keep(shared: &Shared, message: &str, picture: &Picture) -> String {
    let sid = shared.sid("ME");
    let account = &shared.config.account_sid;
    let url = format!(
        "{}/2010-04-01/Accounts/{account}/Messages/{message}/Media/{sid}",
        shared.base_url
    );
    shared.state().pictures.insert(sid, picture.clone());
    url
}

/// `GET …/Messages/{message}/Media/{media}`: 307 to the bytes, which need no credentials.
pub(crate) async fn locate(
    State(shared): State<Arc<Shared>>,
    Path((account, _message, media)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    if shared.config.media_auth
        && let Err(refusal) = authorise(&shared, &account, &headers)
    {
        return refusal.into_response();
    }
    if !shared.state().pictures.contains_key(&media) {
        return Refusal::not_found(&format!("/Media/{media}")).into_response();
    }
    let origin = shared
        .config
        .media_redirect_origin
        .as_deref()
        .unwrap_or(&shared.base_url);
    (
        StatusCode::TEMPORARY_REDIRECT,
        [(header::LOCATION, format!("{origin}/_cdn/{media}"))],
    )
        .into_response()
}

/// `DELETE …/Media/{media}`: gone for good, 204.
pub(crate) async fn delete(
    State(shared): State<Arc<Shared>>,
    Path((account, _message, media)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = authorise(&shared, &account, &headers) {
        return refusal.into_response();
    }
    match shared.state().pictures.remove(&media) {
        Some(_) => StatusCode::NO_CONTENT.into_response(),
        None => Refusal::not_found(&format!("/Media/{media}")).into_response(),
    }
}

/// `GET /_cdn/{media}`: the bytes.
pub(crate) async fn bytes(
    State(shared): State<Arc<Shared>>,
    Path(media): Path<String>,
) -> Response {
    let picture = shared.state().pictures.get(&media).cloned();
    match picture {
        Some(picture) => (
            [(header::CONTENT_TYPE, picture.content_type)],
            picture.bytes,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
