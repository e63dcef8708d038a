//! The Bot API: `/bot{token}/{method}` with JSON or a form, and `/file/bot{token}/{path}`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest as _, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use stand_in::{Connection, cut};

use crate::state::{Fault, SentMessage, Shared};

/// Telegram's limit for a text, in UTF-16 units after entities.
const TEXT_MAX: usize = 4096;
const CAPTION_MAX: usize = 1024;
/// Bytes of a button's `callback_data`.
const DATA_MAX: usize = 64;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/file/{bot}/{*path}", get(download))
        .route("/{bot}/{method}", any(call))
}

/// An error: its code and description.
type Refusal = (u16, String);

fn bad(why: &str) -> Refusal {
    (400, format!("Bad Request: {why}"))
}

async fn call(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    Path((bot, method)): Path<(String, String)>,
    request: Request,
) -> Response {
    if bot != format!("bot{}", shared.config.token) {
        return refuse(&shared, 401, "Unauthorized".to_owned(), None);
    }
    let fault = shared.state.lock().faults.take();
    match fault {
        Some(Fault::DropBeforeAccept) => return cut(&connection),
        Some(Fault::ServerError { status }) => {
            return refuse(&shared, status, "Internal Server Error".to_owned(), None);
        }
        Some(Fault::TooManyRequests { retry_after_s }) => {
            let why = format!("Too Many Requests: retry after {retry_after_s}");
            return refuse(&shared, 429, why, Some(retry_after_s));
        }
        Some(Fault::DropAfterAccept) | None => {}
    }
    let parameters = match parameters(request).await {
        Ok(parameters) => parameters,
        Err((code, why)) => return refuse(&shared, code, why, None),
    };
    let result = match method.to_ascii_lowercase().as_str() {
        "getme" => Ok(me(&shared)),
        "sendmessage" => send_message(&shared, &parameters),
        "sendphoto" => send_photo(&shared, &parameters),
        "sendchataction" | "answercallbackquery" => Ok(Value::Bool(true)),
        "getfile" => file(&shared, &parameters),
        "setwebhook" => set_webhook(&shared, &parameters),
        _ => Err((404, "Not Found".to_owned())),
    };
    match result {
        _ if fault == Some(Fault::DropAfterAccept) => cut(&connection),
        Ok(result) => Json(json!({"ok": true, "result": result})).into_response(),
        Err((code, why)) => refuse(&shared, code, why, None),
    }
}

fn refuse(shared: &Shared, code: u16, why: String, retry_after_s: Option<u32>) -> Response {
    let mut body = json!({"ok": false, "error_code": code, "description": why});
    if let Some(seconds) = retry_after_s {
        body["parameters"] = json!({"retry_after": seconds});
    }
    shared
        .state
        .change(|state| state.ledger.refused.push((code, why)));
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(body)).into_response();
    if let Some(seconds) = retry_after_s {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// Whichever way they were sent.
async fn parameters(request: Request) -> Result<Map<String, Value>, Refusal> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let body = Bytes::from_request(request, &())
        .await
        .map_err(|_| bad("body too large"))?;
    if kind.starts_with("application/json") && !body.is_empty() {
        return serde_json::from_slice(&body).map_err(|_| bad("can't parse JSON object"));
    }
    let pairs = axum::extract::Form::<Vec<(String, String)>>::from_request(
        Request::builder()
            .method("POST")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.into())
            .map_err(|_| bad("no form"))?,
        &(),
    );
    let pairs = pairs.await.map_err(|_| bad("no form"))?;
    Ok(pairs
        .0
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect())
}

fn me(shared: &Shared) -> Value {
    json!({"id": 12345, "is_bot": true, "first_name": "Acme", "username": shared.config.username})
}

fn send_message(shared: &Shared, parameters: &Map<String, Value>) -> Result<Value, Refusal> {
    let text = text_of(parameters, "text");
    if text.is_empty() {
        return Err(bad("message text is empty"));
    }
    if text.encode_utf16().count() > TEXT_MAX {
        return Err(bad("message is too long"));
    }
    keep(shared, parameters, text, None)
}

fn send_photo(shared: &Shared, parameters: &Map<String, Value>) -> Result<Value, Refusal> {
    let photo = text_of(parameters, "photo");
    if photo.is_empty() {
        return Err(bad("there is no photo in the request"));
    }
    let caption = text_of(parameters, "caption");
    if caption.encode_utf16().count() > CAPTION_MAX {
        return Err(bad("message caption is too long"));
    }
    keep(shared, parameters, caption, Some(photo))
}

fn keep(
    shared: &Shared,
    parameters: &Map<String, Value>,
    text: String,
    photo: Option<String>,
) -> Result<Value, Refusal> {
    let chat: i64 = text_of(parameters, "chat_id")
        .parse()
        .map_err(|_| bad("chat not found"))?;
    let buttons = buttons(parameters)?;
    shared.state.change(|state| {
        if state.blocked.contains(&chat) {
            return Err((403, "Forbidden: bot was blocked by the user".to_owned()));
        }
        let id = state.next();
        let result = json!({"message_id": id, "chat": {"id": chat, "type": "private"}, "date": 0, "text": text});
        let message = SentMessage { id, chat, text, photo, buttons };
        state.ledger.messages.push(Arc::new(message));
        Ok(result)
    })
}

fn buttons(parameters: &Map<String, Value>) -> Result<Vec<(String, String)>, Refusal> {
    let markup = match parameters.get("reply_markup") {
        // In forms it is JSON in a text.
        Some(Value::String(text)) => {
            serde_json::from_str(text).map_err(|_| bad("can't parse reply keyboard markup"))?
        }
        Some(markup) => markup.clone(),
        None => return Ok(Vec::new()),
    };
    let rows = markup["inline_keyboard"].as_array();
    let rows = rows.ok_or_else(|| bad("can't parse reply keyboard markup"))?;
    let buttons = rows.iter().filter_map(Value::as_array).flatten();
    let button = |button: &Value| {
        let (title, data) = (text(&button["text"]), text(&button["callback_data"]));
        match (title.is_empty(), data.len()) {
            (false, 1..=DATA_MAX) => Ok((title, data)),
            (true, _) => Err(bad("text buttons must be non-empty")),
            (false, _) => Err(bad("BUTTON_DATA_INVALID")),
        }
    };
    buttons.map(button).collect()
}

fn file(shared: &Shared, parameters: &Map<String, Value>) -> Result<Value, Refusal> {
    let id = text_of(parameters, "file_id");
    let state = shared.state.lock();
    let bytes = state.files.get(&id).ok_or_else(|| bad("invalid file_id"))?;
    Ok(
        json!({"file_id": id, "file_unique_id": id, "file_size": bytes.len(), "file_path": format!("photos/{id}.jpg")}),
    )
}

fn set_webhook(shared: &Shared, parameters: &Map<String, Value>) -> Result<Value, Refusal> {
    // The secret token is the configuration's: another one would be a mistake in the test.
    if text_of(parameters, "secret_token") != shared.config.secret_token {
        return Err(bad("this stand-in was started with another secret_token"));
    }
    let url = text_of(parameters, "url");
    shared.state.change(|state| state.webhook = Some(url));
    Ok(Value::Bool(true))
}

async fn download(
    State(shared): State<Arc<Shared>>,
    Path((bot, path)): Path<(String, String)>,
) -> Response {
    let id = path
        .strip_prefix("photos/")
        .and_then(|name| name.strip_suffix(".jpg"));
    let state = shared.state.lock();
    let found = id.and_then(|id| state.files.get(id)).cloned();
    match found {
        Some(bytes) if bot == format!("bot{}", shared.config.token) => {
            ([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response()
        }
        Some(_) | None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn text_of(parameters: &Map<String, Value>, name: &str) -> String {
    parameters.get(name).map(text).unwrap_or_default()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}
