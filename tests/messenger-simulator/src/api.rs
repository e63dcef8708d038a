//! The routes of the Graph API, and who may use them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Query};
use axum::http::{HeaderMap, header};
use axum::routing::{get, post};
use serde::Deserialize;

use crate::config::Page;
use crate::refusal::Refusal;
use crate::state::Shared;
use crate::{media, objects, send};

/// A file of 25 MiB and what stands around it; larger ones are refused by Meta's own words.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What every request may say in its query.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) access_token: Option<String>,
    pub(crate) fields: String,
    pub(crate) subscribed_fields: Option<String>,
}

pub(crate) type AskedQuery = Query<Asked>;

/// Any version is served, as Meta serves expired ones.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/{version}/{object}", get(objects::read))
        .route(
            "/{version}/{object}/messages",
            post(send::send).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)),
        )
        .route(
            "/{version}/{object}/subscribed_apps",
            get(objects::subscriptions)
                .post(objects::subscribe)
                .delete(objects::unsubscribe),
        )
        .route(
            "/{version}/{object}/take_thread_control",
            post(objects::take_control),
        )
        .route("/_cdn/{file}/{name}", get(media::bytes))
}

/// Whose token it is.
pub(crate) fn authorise<'a>(
    shared: &'a Shared,
    headers: &HeaderMap,
    asked: &Asked,
) -> Result<&'a Page, Refusal> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let token = bearer.or(asked.access_token.as_deref());
    let mut pages = shared.config.pages.iter();
    let page = pages.find(|page| Some(page.access_token.as_str()) == token);
    page.filter(|page| !shared.watched.lock().revoked.contains(&page.access_token))
        .ok_or_else(Refusal::token)
}

/// As `authorise`, and the token must be this Page's.
pub(crate) fn authorise_for<'a>(
    shared: &'a Shared,
    headers: &HeaderMap,
    asked: &Asked,
    object: &str,
) -> Result<&'a Page, Refusal> {
    let page = authorise(shared, headers, asked)?;
    if object == page.id || object == "me" {
        return Ok(page);
    }
    Err(Refusal::no_object(object))
}
