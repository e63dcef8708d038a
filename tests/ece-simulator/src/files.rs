//! Files in both directions: the agent's download of a customer's file, and agents' files served.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use sha2::Digest as _;

use crate::ledger::{Fetched, What};
use crate::login::session;
use crate::router::Call;
use crate::shared::Shared;
use crate::variants::Refusal;

/// What agents' downloads may take together; the oldest goes first.
const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What agents downloaded, by the number of its arrival.
#[derive(Default)]
pub(crate) struct KeptFiles {
    files: VecDeque<(u64, Bytes)>,
    bytes: usize,
}

impl KeptFiles {
    fn keep(&mut self, arrival: u64, file: Bytes) {
        self.bytes += file.len();
        self.files.push_back((arrival, file));
        while self.bytes > KEPT_BYTES_MAX
            && let Some((_, dropped)) = self.files.pop_front()
        {
            self.bytes -= dropped.len();
        }
    }

    /// The bytes, unless newer files took their room.
    pub(crate) fn get(&self, arrival: u64) -> Option<Bytes> {
        let mut files = self.files.iter();
        let found = files.find(|(number, _)| *number == arrival);
        found.map(|(_, file)| file.clone())
    }
}

/// Downloads what an agent accepted and notes what it was.
pub(crate) async fn fetch(shared: &Arc<Shared>, place: usize, seen: usize, url: &str) {
    let downloaded = download(shared, url).await;
    shared.with_desk(|desk| {
        let arrival = desk.ledger.conversations[place].seen[seen].arrival;
        let fetched = downloaded.map(|(fetched, bytes)| {
            desk.kept.keep(arrival, bytes);
            fetched
        });
        let seen = desk.ledger.record(place).seen.get_mut(seen);
        if let Some(What::File(file)) = seen.map(|seen| &mut seen.what) {
            file.fetched = Some(fetched);
        }
    });
}

async fn download(shared: &Shared, url: &str) -> Result<(Fetched, Bytes), String> {
    let answer = shared
        .client
        .get(url)
        .send()
        .await
        .map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("HTTP {}", answer.status().as_u16()));
    }
    let content_type = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let bytes = answer.bytes().await.map_err(|error| error.to_string())?;
    let sha256 = sha2::Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let fetched = Fetched {
        sha256,
        size: bytes.len() as u64,
        content_type,
    };
    Ok((fetched, bytes))
}

/// `GET …/messaging/attachment/{id}`: the address in an agent's offer (INFERRED, ours).
pub(crate) fn serve(call: &Call, id: &str) -> Result<Response, Refusal> {
    let variants = call.shared.look(|desk| desk.variants.clone());
    if variants.file_needs_bearer {
        session(call)?;
    }
    let found = call.shared.look(|desk| {
        let file = desk.files.get(id)?;
        Some((file.accepted, file.content_type.clone(), file.bytes.clone()))
    });
    match found {
        None => Err(Refusal::new(404, "404-102", "No such attachment.")),
        Some((false, ..)) if variants.file_needs_accept => Err(Refusal::new(
            403,
            "403-105",
            "The attachment has not been accepted.",
        )),
        Some((_, content_type, bytes)) => {
            Ok(([(header::CONTENT_TYPE, content_type)], bytes).into_response())
        }
    }
}
