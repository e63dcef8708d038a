//! Family M: configuration, sendmessage, end; and what its calls have in common with start.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answer::Wants;
use crate::desk::Desk;
use crate::login::session;
use crate::router::Call;
use crate::variants::{EndCall, Refusal};
use crate::wire::{EndConversation, SendMessage};

/// `GET …/messaging/configuration?entrypoint=1001`.
pub(crate) fn configuration(call: &Call) -> Result<Response, Refusal> {
    let client = session(call)?;
    json_only(call)?;
    let id = call
        .parameter("entrypoint")
        .ok_or_else(|| bad("400-106", "The parameter entrypoint is missing."))?;
    let id = entry_point_id(id)?;
    call.shared.look(|desk| {
        usable(call, desk, id, &client)?;
        let point = &desk.entry_points[&id];
        let restriction = &point.config.attachment_restriction;
        let body = json!({"entryPointConfiguration": [{
            "entryPoint": {"id": id},
            "lastModified": {"date": point.last_modified},
            "attachmentPolicies": {"restrictionType": {"value": restriction}},
        }]});
        Ok(Json(body).into_response())
    })
}

/// `POST …/messaging/sendmessage`.
pub(crate) fn send(call: &Call) -> Result<Response, Refusal> {
    let client = session(call)?;
    json_only(call)?;
    let message: SendMessage = read_json(&call.body)?;
    call.shared.with_desk(|desk| {
        let place = desk.open(&message.conversation.id, &client)?;
        let id = message.conversation.id.clone();
        take_message(desk, place, message)?;
        Ok(answer(
            desk.variants.send_status,
            &json!({"conversation": {"id": id}}),
        ))
    })
}

/// `POST` or `PUT …/messaging/conversation/end` or `…/{id}/end` (INFERRED, all of them).
pub(crate) fn end(call: &Call, id: Option<String>) -> Result<Response, Refusal> {
    let client = session(call)?;
    let allowed = call.shared.look(|desk| desk.variants.end_call);
    if matches!(
        (allowed, &id),
        (EndCall::Body, Some(_)) | (EndCall::Path, None)
    ) {
        return Err(Refusal::new(404, "404-100", "There is no such call."));
    }
    let id = match id {
        Some(id) => id,
        None => {
            let body: EndConversation = read_json(&call.body)?;
            let id = body
                .id
                .or(body.conversation.map(|conversation| conversation.id));
            id.ok_or_else(|| bad("400-107", "The conversation's id is missing."))?
        }
    };
    call.shared.with_desk(|desk| {
        let place = desk.open(&id, &client)?;
        desk.customer_ends(place);
        Ok(answer(desk.variants.end_status, &json!({"id": id})))
    })
}

/// JSON, with ECE's separate error for control characters that are not escaped.
pub(crate) fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        match text.contains("control character") {
            true => {
                let text = "Illegal unquoted character: it has to be escaped using backslash to be included in string value";
                bad("400-102", text)
            }
            false => bad("400-101", format!("The request body cannot be read: {text}")),
        }
    })
}

pub(crate) fn bad(code: &str, text: impl Into<String>) -> Refusal {
    Refusal::new(400, code, text)
}

/// Successful answers of this family are JSON only.
pub(crate) fn json_only(call: &Call) -> Result<(), Refusal> {
    match Wants::of(&call.headers) {
        Wants::Json | Wants::Anything => Ok(()),
        Wants::Xml | Wants::Other => Err(Refusal::new(
            406,
            "406-100",
            "Accept must allow application/json.",
        )),
    }
}

pub(crate) fn answer(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    match status {
        StatusCode::NO_CONTENT => status.into_response(),
        _ => (status, Json(body)).into_response(),
    }
}

pub(crate) fn entry_point_id(text: &str) -> Result<u64, Refusal> {
    text.trim().parse().map_err(|_| {
        bad(
            "400-108",
            format!("{text:?} is not the id of an entry point."),
        )
    })
}

/// Whether this client may use the entry point at all.
pub(crate) fn usable(call: &Call, desk: &Desk, id: u64, client: &str) -> Result<(), Refusal> {
    let Some(point) = desk.entry_points.get(&id) else {
        return Err(Refusal::new(
            404,
            "404-103",
            format!("There is no entry point {id}."),
        ));
    };
    let is_main = client == call.shared.config.client_key || client.starts_with("user:");
    if !point.config.bound || !is_main {
        return Err(Refusal::new(
            403,
            "403-102",
            "The application is not bound to the entry point.",
        ));
    }
    match point.config.active {
        true => Ok(()),
        false => Err(desk.variants.inactive.clone()),
    }
}

fn take_message(desk: &mut Desk, place: usize, message: SendMessage) -> Result<(), Refusal> {
    match message.kind.as_str() {
        "text/plain" | "text/html" => {
            let text = message
                .content
                .ok_or_else(|| bad("400-113", "The content is missing."))?;
            check_length(desk, &text)?;
            desk.customer_wrote(place, text, message.kind == "text/html");
            Ok(())
        }
        "startTyping" | "endTyping" => {
            desk.customer_types(place, message.kind == "startTyping");
            Ok(())
        }
        "uploadAttachment" => take_files(desk, place, message),
        "acceptAttachment" | "rejectAttachment" => {
            let name = attachment_name(&message);
            desk.customer_answers_offer(place, name.as_deref(), message.kind == "acceptAttachment")
        }
        unknown => Err(bad(
            "400-114",
            format!("The type {unknown:?} is not supported."),
        )),
    }
}

fn check_length(desk: &Desk, text: &str) -> Result<(), Refusal> {
    match &desk.variants.text_limit {
        Some(limit) if text.chars().count() > limit.characters => Err(limit.refusal.clone()),
        Some(_) | None => Ok(()),
    }
}

fn take_files(desk: &mut Desk, place: usize, message: SendMessage) -> Result<(), Refusal> {
    let files = message
        .attachments
        .map(|attachments| attachments.attachment)
        .unwrap_or_default();
    if files.is_empty()
        || files
            .iter()
            .any(|file| url::Url::parse(&file.content_url).is_err())
    {
        return Err(bad(
            "400-116",
            "attachments.attachment[] with a contentUrl is required.",
        ));
    }
    for file in files {
        desk.customer_offers(
            place,
            file.file_name,
            file.content_type,
            file.size,
            file.content_url,
        );
    }
    Ok(())
}

fn attachment_name(message: &SendMessage) -> Option<String> {
    let first = message.attachments.as_ref()?.attachment.first()?;
    Some(first.file_name.clone()).filter(|name| !name.is_empty())
}
