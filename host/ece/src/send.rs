//! Messages, typing and the end.
//!
//! `sendmessage` has no id of ours in it, so a repetition after an unclear outcome may be read
//! twice: what is certain and what is not is all that this file can tell. A long text goes a piece a
//! call; how much of it ECE has is told to the caller, who keeps it and says it with the next call.

use serde_json::{Value, json};
use trunkline_core::effect::EceMessage;
use trunkline_core::event::RemoteFile;
use trunkline_core::id::EceSession;
use trunkline_core::message::StoredFile;
use trunkline_flow::ports::{EceError, EceSent, Leaving};

use crate::connection::{Body, Call};
use crate::files::without_session;
use crate::integration::Integration;
use crate::open::left;
use crate::split::pieces;
use crate::unknowns::{AcceptBeforeFetch, Operation};

impl Integration {
    /// See [`trunkline_flow::ports::Ece::send`].
    pub(crate) async fn send(
        &self,
        session: &EceSession,
        message: &EceMessage,
        rest: Option<&[u8]>,
        leaving: &Leaving,
    ) -> Result<EceSent, EceError> {
        match message {
            EceMessage::Text(text) | EceMessage::Note(text) => {
                return self.send_text(session, text, rest, leaving).await;
            }
            EceMessage::File(file) => {
                self.send_one(&file_body(session, file, &self.media_url(file)), leaving)
                    .await?;
            }
            // Accepted before it was fetched.
            EceMessage::AcceptFile(_)
                if self.config.unknowns.accept_before_fetch == AcceptBeforeFetch::Always => {}
            EceMessage::AcceptFile(file) => {
                self.answer_offer(&answer_body(session, "acceptAttachment", file), leaving)
                    .await?;
            }
            EceMessage::RejectFile(file) => {
                self.answer_offer(&answer_body(session, "rejectAttachment", file), leaving)
                    .await?;
            }
        }
        Ok(EceSent::All)
    }

    /// An offer may be gone, or ECE may know no such answer, while people talk on: that never means that their conversation is
    /// over. If it is, their next words find out.
    async fn answer_offer(&self, body: &Value, leaving: &Leaving) -> Result<(), EceError> {
        self.send_one(body, leaving)
            .await
            .map_err(|error| match error {
                EceError::Gone(text) => EceError::Refused(text),
                EceError::Unreachable(_)
                | EceError::Unknown(_)
                | EceError::Throttled { .. }
                | EceError::Credentials(_)
                | EceError::Refused(_) => error,
            })
    }

    /// See [`trunkline_flow::ports::Ece::typing`].
    pub(crate) async fn typing(&self, session: &EceSession, on: bool) -> Result<(), EceError> {
        let kind = if on { "startTyping" } else { "endTyping" };
        self.post_message(&json!({ "conversation": { "id": session }, "type": { "value": kind } }))
            .await
    }

    /// See [`trunkline_flow::ports::Ece::end`].
    pub(crate) async fn end(&self, session: &EceSession) -> Result<(), EceError> {
        let reply = self.call(&self.end_call(session)).await?;
        if reply.status.is_success() {
            return Ok(());
        }
        match self.refused(Operation::End, &reply) {
            EceError::Gone(text) => {
                // Usual for a conversation that is over; telling for an ECE that ends them otherwise.
                tracing::info!(
                    conversation = %session,
                    answer = text,
                    "ECE knows no such conversation to end; if it is still open there, set wire.end"
                );
                Ok(())
            }
            error @ (EceError::Unreachable(_)
            | EceError::Unknown(_)
            | EceError::Throttled { .. }
            | EceError::Credentials(_)
            | EceError::Refused(_)) => Err(error),
        }
    }

    fn end_call(&self, session: &EceSession) -> Call {
        let end = &self.config.unknowns.end;
        let id = session.as_str();
        // As text inside JSON, without its quotes.
        let in_json = json!(id).to_string();
        let in_json = in_json.trim_matches('"');
        let body = end.body.replace("{conversation}", in_json);
        Call {
            method: self.compiled.end_method.clone(),
            url: self.url(&end.path, &[("conversation", id)]),
            language: self.language(),
            body: if body.is_empty() {
                Body::None
            } else {
                Body::Json(body)
            },
        }
    }

    /// `rest` says how many bytes of the text ECE has; they stay where they were split, whatever the limit is by now.
    async fn send_text(
        &self,
        session: &EceSession,
        text: &str,
        rest: Option<&[u8]>,
        leaving: &Leaving,
    ) -> Result<EceSent, EceError> {
        let taken = rest.map_or(0, bytes_taken);
        let left = text.get(taken..).unwrap_or(text);
        let pieces = pieces(left, self.config.unknowns.text_limit);
        let piece = pieces.first().copied().unwrap_or_default();
        self.send_one(&text_body(session, piece), leaving).await?;
        let taken = text.len() - left.len() + piece.len();
        Ok(if taken == text.len() {
            EceSent::All
        } else {
            EceSent::Rest(taken.to_string().into_bytes())
        })
    }

    async fn send_one(&self, body: &Value, leaving: &Leaving) -> Result<(), EceError> {
        left(leaving).await?;
        self.post_message(body).await
    }

    /// Sends one message; also for what may be lost or repeated freely.
    pub(crate) async fn post_message(&self, body: &Value) -> Result<(), EceError> {
        let url = self.url(&self.config.unknowns.paths.send, &[]);
        let reply = self.call(&self.post(url, body)).await?;
        if reply.status.is_success() {
            Ok(())
        } else {
            Err(self.refused(Operation::Send, &reply))
        }
    }

    /// Where ECE fetches a file of the customer.
    fn media_url(&self, file: &StoredFile) -> String {
        format!(
            "{}/media/{}",
            self.config.callback_url.trim_end_matches('/'),
            file.token
        )
    }
}

/// What `send_text` wrote; anything else is none.
fn bytes_taken(rest: &[u8]) -> usize {
    let text = std::str::from_utf8(rest).unwrap_or_default();
    text.parse().unwrap_or_default()
}

fn text_body(session: &EceSession, text: &str) -> Value {
    json!({ "conversation": { "id": session }, "type": { "value": "text/plain" }, "content": text })
}

fn file_body(session: &EceSession, file: &StoredFile, url: &str) -> Value {
    json!({
        "conversation": { "id": session },
        "type": { "value": "uploadAttachment" },
        "attachments": { "attachment": [{
            "fileName": file.name,
            "contentType": file.content_type,
            // Text: that is how ECE's other clients write it.
            "size": file.size.to_string(),
            "contentUrl": url,
        }] },
    })
}

/// The answer to an agent's offer.
pub(crate) fn answer_body(session: &EceSession, kind: &str, file: &RemoteFile) -> Value {
    let mut attachment = json!({ "fileName": file.name, "contentUrl": without_session(&file.url) });
    if let Some(id) = &file.id {
        attachment["id"] = json!(id);
    }
    json!({
        "conversation": { "id": session },
        "type": { "value": kind },
        "attachments": { "attachment": [attachment] },
    })
}
