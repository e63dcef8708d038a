//! The agents' page: a contact centre's desk in the browser, over the control API and nothing else.
//!
//! Its sources are in `page/`, plain modules that a browser runs as they are, embedded so that a
//! binary is all one needs. The policy allows no inline script or style; frames only for pages of
//! this machine, such as the demo's.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::shared::Shared;

/// Where the page is.
pub(crate) const PATH: &str = "/_sim/agent";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
    worker-src 'self'; form-action 'none'; base-uri 'none'; \
    frame-ancestors 'self' http://127.0.0.1:* http://localhost:*";

const INDEX: &str = include_str!("../page/index.html");

/// Name, kind and content of what the page loads.
const FILES: &[(&str, &str, &str)] = &[
    ("style.css", "text/css", include_str!("../page/style.css")),
    (
        "icon.svg",
        "image/svg+xml",
        include_str!("../page/icon.svg"),
    ),
    script("api.js", include_str!("../page/api.js")),
    script("composer.js", include_str!("../page/composer.js")),
    script("conversation.js", include_str!("../page/conversation.js")),
    script("desk.js", include_str!("../page/desk.js")),
    script("details.js", include_str!("../page/details.js")),
    script("dom.js", include_str!("../page/dom.js")),
    script("events.js", include_str!("../page/events.js")),
    script("worker.js", include_str!("../page/worker.js")),
    script("list.js", include_str!("../page/list.js")),
    script("live.js", include_str!("../page/live.js")),
    script("main.js", include_str!("../page/main.js")),
    script("record.js", include_str!("../page/record.js")),
    script("set-up.js", include_str!("../page/set-up.js")),
    script("sign-in.js", include_str!("../page/sign-in.js")),
    script("switches.js", include_str!("../page/switches.js")),
    script("top.js", include_str!("../page/top.js")),
    script("transcript.js", include_str!("../page/transcript.js")),
    script("unknowns.js", include_str!("../page/unknowns.js")),
];

const fn script(
    name: &'static str,
    source: &'static str,
) -> (&'static str, &'static str, &'static str) {
    (name, "text/javascript", source)
}

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(to_page))
        .route(PATH, get(index))
        .route("/_sim/agent/{file}", get(file))
}

async fn to_page(RawQuery(query): RawQuery) -> Redirect {
    match query {
        Some(query) => Redirect::temporary(&format!("{PATH}?{query}")),
        None => Redirect::temporary(PATH),
    }
}

async fn index() -> Response {
    served("text/html", INDEX)
}

async fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(known, ..)| *known == name) {
        Some((_, kind, content)) => served(kind, content),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn served(kind: &str, content: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, format!("{kind}; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        // A newer binary brings a newer page.
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (headers, content).into_response()
}
