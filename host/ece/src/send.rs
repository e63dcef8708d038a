//! Messages, typing and the end.
//!
//! `sendmessage` has no id of ours in it, so a repetition after an unclear outcome may be read
//! twice: what is certain and what is not is all that this file can tell. Of a long text that was
//! taken in part, the pieces taken are remembered and not sent again.

use std::collections::HashMap;
use std::sync::PoisonError;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trunkline_core::effect::EceMessage;
use trunkline_core::event::RemoteFile;
use trunkline_core::id::EceSession;
use trunkline_core::message::StoredFile;
use trunkline_flow::ports::{EceError, Leaving};

use crate::connection::{Body, Call};
use crate::files::without_session;
use crate::integration::Integration;
use crate::open::left;
use crate::split::pieces;
use crate::unknowns::{AcceptBeforeFetch, Operation};

/// Long texts half sent at once. Beyond this, the outcome of a half-sent text is unclear again.
const PROGRESS_MAX: usize = 10_000;

/// How far a long text got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Which text.
    text: [u8; 32],
    /// How many pieces ECE has.
    taken: usize,
}

impl Integration {
    /// See [`trunkline_flow::ports::Ece::send`].
    pub(crate) async fn send(
        &self,
        session: &EceSession,
        message: &EceMessage,
        leaving: &Leaving,
    ) -> Result<(), EceError> {
        match message {
            EceMessage::Text(text) | EceMessage::Note(text) => {
                self.send_text(session, text, leaving).await
            }
            EceMessage::File(file) => {
                self.send_one(&file_body(session, file, &self.media_url(file)), leaving)
                    .await
            }
            // Accepted before it was fetched.
            EceMessage::AcceptFile(_)
                if self.config.unknowns.accept_before_fetch == AcceptBeforeFetch::Always =>
            {
                Ok(())
            }
            EceMessage::AcceptFile(file) => {
                self.answer_offer(&answer_body(session, "acceptAttachment", file), leaving)
                    .await
            }
            EceMessage::RejectFile(file) => {
                self.answer_offer(&answer_body(session, "rejectAttachment", file), leaving)
                    .await
            }
        }
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
        self.forget_progress(session);
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

    async fn send_text(
        &self,
        session: &EceSession,
        text: &str,
        leaving: &Leaving,
    ) -> Result<(), EceError> {
        let pieces = pieces(text, self.config.unknowns.text_limit);
        if let [whole] = pieces.as_slice() {
            return self.send_one(&text_body(session, whole), leaving).await;
        }
        let hash: [u8; 32] = Sha256::digest(text).into();
        let taken = self.taken(session, hash);
        left(leaving).await?;
        for (index, piece) in pieces.iter().enumerate().skip(taken) {
            self.post_message(&text_body(session, piece)).await?;
            self.remember(
                session,
                Progress {
                    text: hash,
                    taken: index + 1,
                },
            );
        }
        self.forget_progress(session);
        Ok(())
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

    fn taken(&self, session: &EceSession, text: [u8; 32]) -> usize {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress
            .get(session)
            .filter(|progress| progress.text == text)
            .map_or(0, |progress| progress.taken)
    }

    fn remember(&self, session: &EceSession, progress: Progress) {
        let mut all = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut all);
        all.insert(session.clone(), progress);
    }
}

fn make_room(all: &mut HashMap<EceSession, Progress>) {
    if all.len() >= PROGRESS_MAX
        && let Some(any) = all.keys().next().cloned()
    {
        all.remove(&any);
    }
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
