//! `/api/v1`: the admin API. Closed: whatever is asked for, known or not, without the token it is 401.
//!
//! Each route names the role it needs. The one token there is now has them all; tokens of lesser roles
//! come with the console. `openapi.json` beside this file is kept by hand and tested against the routes.

/// Recorded calls of plugins.
mod calls;

/// What a call names.
mod asked;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use trunkline_core::id::{ConversationId, DeliveryId, Timestamp};
use trunkline_flow::ports::{Clock, DeadLetterId, Discard, Store, StoreError};
use trunkline_store::FOUND_MAX;

use asked::{Asked, Number};

use super::busy;
use crate::host::Host;
use crate::report::{ConversationTrace, LETTERS_MAX, LetterReport, Problem, TraceReport};

/// The document that describes this API.
const OPENAPI: &str = include_str!("admin/openapi.json");

/// Who may do what; a later one may do all that an earlier one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// Reads what the host does, but nothing that people wrote.
    Viewer,
    /// Also reads messages and recorded calls, puts dead letters back and discards them.
    Operator,
    /// Everything.
    Administrator,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
struct Caller {
    role: Role,
}

/// All routes, closed.
pub(super) fn router(host: &Arc<Host>) -> Router<Arc<Host>> {
    routes().layer(from_fn_with_state(Arc::clone(host), authorise))
}

/// Open to whoever has the role, once somebody has said who calls.
fn routes() -> Router<Arc<Host>> {
    Router::new()
        .route("/openapi.json", needs(Role::Viewer, get(openapi)))
        .route("/status", needs(Role::Viewer, get(status)))
        .route("/plugins", needs(Role::Viewer, get(plugins)))
        .route(
            "/dead-letters",
            needs(Role::Operator, get(dead_letters).delete(discard_old)),
        )
        .route(
            "/dead-letters/{id}",
            needs(Role::Operator, get(dead_letter).delete(discard)),
        )
        .route(
            "/dead-letters/{id}/replay",
            needs(Role::Operator, post(replay)),
        )
        .route("/trace/{id}", needs(Role::Operator, get(trace)))
        .route("/calls", needs(Role::Operator, get(calls::calls)))
        .route("/calls/{id}", needs(Role::Operator, get(calls::call)))
        .route(
            "/plugin-files/{hash}",
            needs(Role::Operator, get(calls::file)),
        )
        .route(
            "/recording/{name}",
            needs(Role::Operator, put(calls::record)),
        )
        .route("/reload", needs(Role::Administrator, post(reload)))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
}

fn needs(role: Role, route: MethodRouter<Arc<Host>>) -> MethodRouter<Arc<Host>> {
    route.layer(from_fn(
        move |Extension(caller): Extension<Caller>, request: Request, next: Next| async move {
            if caller.role >= role {
                return next.run(request).await;
            }
            let text = format!(
                "this needs the role {role:?}, the token has {:?}",
                caller.role
            );
            problem(StatusCode::FORBIDDEN, text)
        },
    ))
}

async fn authorise(State(host): State<Arc<Host>>, mut request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let token = host.admin_token();
    let right = given.is_some_and(|given| bool::from(given.ct_eq(token.reveal().as_bytes())));
    if !right {
        let text = "this needs the admin token: Authorization: Bearer TOKEN";
        let mut response = problem(StatusCode::UNAUTHORIZED, text);
        let challenge = header::HeaderValue::from_static("Bearer");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
        return response;
    }
    request.extensions_mut().insert(Caller {
        role: Role::Administrator,
    });
    next.run(request).await
}

async fn openapi() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, OPENAPI).into_response()
}

#[derive(Debug, Deserialize)]
struct StatusQuery {
    /// Read the lights anew (Z23).
    #[serde(default)]
    refresh: bool,
}

async fn status(State(host): State<Arc<Host>>, Asked(query): Asked<StatusQuery>) -> Response {
    if query.refresh {
        host.refresh_lights().await;
    }
    Json(host.report().await).into_response()
}

async fn plugins(State(host): State<Arc<Host>>) -> Response {
    Json(host.plugins()).into_response()
}

#[derive(Debug, Deserialize)]
struct LettersQuery {
    before: Option<i64>,
    limit: Option<usize>,
}

async fn dead_letters(
    State(host): State<Arc<Host>>,
    Asked(query): Asked<LettersQuery>,
) -> Response {
    let limit = query.limit.unwrap_or(50).min(LETTERS_MAX);
    let before = query.before.map(DeadLetterId);
    match host.store().dead_letters(before, limit).await {
        Ok(letters) => {
            let letters = letters.into_iter().map(LetterReport::from);
            Json(letters.collect::<Vec<_>>()).into_response()
        }
        Err(error) => store_problem(&error),
    }
}

async fn dead_letter(State(host): State<Arc<Host>>, Number(id): Number) -> Response {
    let before = DeadLetterId(id.saturating_add(1));
    match host.store().dead_letters(Some(before), 1).await {
        Ok(letters) => match letters.into_iter().find(|letter| letter.id.0 == id) {
            Some(letter) => Json(LetterReport::from(letter)).into_response(),
            None => problem(
                StatusCode::NOT_FOUND,
                format!("there is no dead letter {id}"),
            ),
        },
        Err(error) => store_problem(&error),
    }
}

async fn replay(State(host): State<Arc<Host>>, Number(id): Number) -> Response {
    match host.flow().replay(DeadLetterId(id)).await {
        Ok(_) => {
            tracing::info!(id, "a dead letter was put back");
            Json(serde_json::json!({ "replayed": id })).into_response()
        }
        // Its words say why: none of this number, or nothing that can be replayed.
        Err(StoreError::Broken(reason)) => problem(StatusCode::CONFLICT, reason),
        Err(error) => store_problem(&error),
    }
}

async fn discard(State(host): State<Arc<Host>>, Number(id): Number) -> Response {
    discarded(&host, Discard::These(vec![DeadLetterId(id)])).await
}

#[derive(Debug, Deserialize)]
struct OldLetters {
    /// Without it nothing is discarded: a slip of the hand would be all letters.
    older_than_s: u64,
}

async fn discard_old(State(host): State<Arc<Host>>, Asked(which): Asked<OldLetters>) -> Response {
    let age_ms = i64::try_from(which.older_than_s.saturating_mul(1000)).unwrap_or(i64::MAX);
    let until = host.clock().now().0.saturating_sub(age_ms);
    discarded(&host, Discard::OlderThan(Timestamp(until))).await
}

async fn discarded(host: &Host, which: Discard) -> Response {
    match host.flow().discard(which).await {
        Ok(ids) => {
            let ids: Vec<i64> = ids.into_iter().map(|id| id.0).collect();
            tracing::info!(?ids, "dead letters were discarded");
            Json(serde_json::json!({ "discarded": ids })).into_response()
        }
        // Its words say why: none of this number, or discarded before.
        Err(StoreError::Broken(reason)) => problem(StatusCode::CONFLICT, reason),
        Err(error) => store_problem(&error),
    }
}

async fn trace(State(host): State<Arc<Host>>, Path(id): Path<String>) -> Response {
    match traced(&host, &id).await {
        Ok(report) if report.conversations.is_empty() => {
            problem(StatusCode::NOT_FOUND, format!("nothing is known by `{id}`"))
        }
        Ok(report) => Json(report).into_response(),
        Err(error) => store_problem(&error),
    }
}

async fn traced(host: &Host, id: &str) -> Result<TraceReport, StoreError> {
    let conversations = match (id.parse::<ConversationId>(), id.parse::<DeliveryId>()) {
        (Ok(conversation), _) => vec![conversation],
        (_, Ok(delivery)) => vec![delivery.conversation],
        (Err(_), Err(_)) => host.store().find(id).await?,
    };
    let more = conversations.len() >= FOUND_MAX;
    let mut found = Vec::new();
    for conversation in conversations {
        let lines = host.store().trace(conversation).await?;
        if !lines.is_empty() {
            found.push(ConversationTrace {
                conversation: conversation.to_string(),
                lines,
            });
        }
    }
    Ok(TraceReport {
        conversations: found,
        more,
    })
}

async fn reload(State(host): State<Arc<Host>>) -> Response {
    match host.reload().await {
        Ok(()) => Json(host.configuration()).into_response(),
        Err(refused) => problem(StatusCode::UNPROCESSABLE_ENTITY, refused),
    }
}

async fn unknown() -> Response {
    let text = "there is no such path; see /api/v1/openapi.json";
    problem(StatusCode::NOT_FOUND, text)
}

async fn wrong_method() -> Response {
    let text = "this path takes another method; see /api/v1/openapi.json";
    problem(StatusCode::METHOD_NOT_ALLOWED, text)
}

fn store_problem(error: &StoreError) -> Response {
    let mut response = busy();
    let body = problem(response.status(), error.to_string());
    *response.body_mut() = body.into_body();
    response
}

fn problem(status: StatusCode, error: impl Into<String>) -> Response {
    let problem = Problem {
        error: error.into(),
    };
    (status, Json(problem)).into_response()
}
