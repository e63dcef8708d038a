//! The HTTP side: files, one stream of looks, and what the visitor does.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::{Stream, stream};
use serde::Deserialize;
use sms_simulator::CustomerMessage;
use tokio::net::TcpListener;

use super::buttons::Button;
use super::{Chat, Stage, VISITOR, assets, lock};

/// Serves until the page is closed.
pub(super) async fn serve(stage: Arc<Stage>, listener: TcpListener) {
    let stopped = stage.stopped.clone();
    let router = Router::new()
        .route("/", get(index))
        .route("/page.js", get(|| file("text/javascript", assets::SCRIPT)))
        .route("/page.css", get(|| file("text/css", assets::STYLE)))
        .route("/trunkline-chat.js", get(chat))
        .route("/api/place", get(place))
        .route("/api/live", get(live))
        .route("/api/press/{button}", post(press))
        .route("/api/sms", post(sms))
        .route("/api/chat/{browser}", post(shown_by_a_browser))
        .with_state(stage);
    // Accept errors are retried inside; this ends when the page is closed.
    let _ = axum::serve(listener, router)
        .with_graceful_shutdown(stopped.cancelled_owned())
        .await;
}

async fn file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Scripts and styles come from this page alone; frames and connections go to this machine only.
const POLICY: &str = "default-src 'self'; connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:*; \
                      frame-src http://127.0.0.1:*; img-src 'self' blob: data: http://127.0.0.1:*; \
                      media-src 'self' blob: http://127.0.0.1:*; object-src 'none'; base-uri 'none'";

async fn index() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, assets::INDEX).into_response()
}

async fn chat(State(stage): State<Arc<Stage>>) -> Response {
    match stage.chat.as_ref().map(std::fs::read) {
        Some(Ok(bytes)) => ([(header::CONTENT_TYPE, "text/javascript")], bytes).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Where the page finds the others.
async fn place(State(stage): State<Arc<Stage>>) -> Response {
    Json(serde_json::json!({
        "host": stage.world.host.url(),
        "desk": stage.desk_url(),
        "number": stage.world.sms.config().number,
        "visitor": VISITOR,
        "chat": stage.chat.is_some() && stage.world.serves_in_app(),
    }))
    .into_response()
}

async fn live(
    State(stage): State<Arc<Stage>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let shown = stage.shown.subscribe();
    stage.viewer.notify_one();
    let looks = stream::unfold(
        (shown, stage.stopped.clone(), true),
        |(mut shown, stopped, first)| async move {
            if !first {
                tokio::select! {
                    changed = shown.changed() => changed.ok()?,
                    () = stopped.cancelled() => return None,
                }
            }
            let look = shown.borrow_and_update().clone();
            Some((Ok(Event::default().data(&*look)), (shown, stopped, false)))
        },
    );
    Sse::new(looks).keep_alive(KeepAlive::default())
}

async fn press(State(stage): State<Arc<Stage>>, Path(button): Path<Button>) -> StatusCode {
    stage.press(button).await;
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

/// Longer than any kill of the host.
const RETRIES: u32 = 12;

/// The visitor writes by SMS. The stand-in posts the webhook again until the host has taken it, as a provider does; the
/// page does not wait for that.
async fn sms(State(stage): State<Arc<Stage>>, Json(body): Json<Text>) -> StatusCode {
    let customers = stage.world.sms.customers();
    let message = CustomerMessage {
        retries: RETRIES,
        ..CustomerMessage::text(VISITOR, body.text)
    };
    tokio::spawn(async move { customers.deliver(message).await });
    StatusCode::ACCEPTED
}

/// A browser shows this now.
async fn shown_by_a_browser(
    State(stage): State<Arc<Stage>>,
    Path(browser): Path<String>,
    Json(chat): Json<Chat>,
) -> StatusCode {
    lock(&stage.chats).insert(browser, chat);
    StatusCode::NO_CONTENT
}
