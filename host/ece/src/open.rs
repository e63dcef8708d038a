//! From availability to a started conversation.
//!
//! Everything up to the start is safe to repeat. The start leaves once; after a certain refusal that
//! blames the entry point's date it leaves a second time, with the new date.

use trunkline_core::event::Unavailable;
use trunkline_core::id::EceSession;
use trunkline_flow::ports::{EceError, Leaving, OpenOutcome, Opening};

use crate::classify::Refusal;
use crate::configuration::{EntryPoint, LastModified};
use crate::connection::{Call, Reply};
use crate::integration::Integration;
use crate::unknowns::{Meaning, Operation};

impl Integration {
    /// See [`trunkline_flow::ports::Ece::open`].
    pub(crate) async fn open(
        &self,
        opening: &Opening,
        leaving: &Leaving,
    ) -> Result<OpenOutcome, EceError> {
        let opened = self.try_to_open(opening, leaving).await;
        self.refusals.opened(&self.config.name, &opened);
        opened
    }

    async fn try_to_open(
        &self,
        opening: &Opening,
        leaving: &Leaving,
    ) -> Result<OpenOutcome, EceError> {
        let id = self.entry_point(&opening.open.entry_point)?.to_owned();
        if let Some((kind, text)) = self.obstacle(&id).await? {
            return Ok(OpenOutcome::Unavailable(kind, text));
        }
        let date = match self.configuration(&id).await? {
            EntryPoint::Served(date) => date,
            EntryPoint::Disabled { text, .. } => return Ok(disabled(text)),
        };
        let call = self.start_call(opening, &id, &date);
        left(leaving).await?;
        let reply = self.call(&call).await?;
        if reply.status.is_success() {
            return self.started(&reply);
        }
        let refusal = self.refusal(Operation::Start, &reply);
        if refusal.means != Meaning::Stale {
            return self.not_started(refusal, &id).await;
        }
        let date = match self.fresh_configuration(&id).await? {
            EntryPoint::Served(date) => date,
            EntryPoint::Disabled { text, .. } => return Ok(disabled(text)),
        };
        let reply = self.call(&self.start_call(opening, &id, &date)).await?;
        if reply.status.is_success() {
            return self.started(&reply);
        }
        self.not_started(self.refusal(Operation::Start, &reply), &id)
            .await
    }

    fn start_call(&self, opening: &Opening, id: &str, date: &LastModified) -> Call {
        let mut call = self.post(self.start_url(opening), &self.start_body(opening, id, date));
        if let Some(language) = &opening.open.language {
            call.language = language.as_str().to_owned();
        }
        call
    }

    /// A start that was taken: without an id nobody can talk in it.
    fn started(&self, reply: &Reply) -> Result<OpenOutcome, EceError> {
        self.started_id(&reply.body).map(|id| OpenOutcome::Started(EceSession(id))).ok_or_else(|| {
            EceError::Unknown(format!(
                "ECE answered the start with HTTP {} but the answer holds no id under any of wire.start_ids",
                reply.status.as_u16()
            ))
        })
    }

    /// What a refused start means. Where ECE's words do not say, its availability may: an agent can
    /// have left between our question and the start.
    async fn not_started(&self, refusal: Refusal, id: &str) -> Result<OpenOutcome, EceError> {
        let throttle_ms = self.config.unknowns.throttle_ms;
        match refusal.means {
            Meaning::NoAgents => Ok(OpenOutcome::Unavailable(
                Unavailable::NoAgents,
                refusal.text,
            )),
            Meaning::OutOfCapacity => Ok(OpenOutcome::Unavailable(
                Unavailable::OutOfCapacity,
                refusal.text,
            )),
            Meaning::WaitTooLong => Ok(OpenOutcome::Unavailable(
                Unavailable::WaitTooLong,
                refusal.text,
            )),
            Meaning::Credentials | Meaning::CallbackDeactivated | Meaning::Throttled => {
                Err(refusal.error(throttle_ms))
            }
            Meaning::EntryPointDisabled
            | Meaning::Stale
            | Meaning::Gone
            | Meaning::Unknown
            | Meaning::Refused => {
                let nobody = self
                    .figures(id)
                    .await
                    .is_ok_and(|figures| figures.available == Ok(false));
                match refusal.means {
                    _ if nobody => Ok(OpenOutcome::Unavailable(
                        Unavailable::NoAgents,
                        refusal.text,
                    )),
                    Meaning::EntryPointDisabled => Ok(disabled(refusal.text)),
                    // Twice in a row: somebody is editing the entry point at this moment.
                    Meaning::Stale => Err(EceError::Unreachable(refusal.text)),
                    Meaning::NoAgents
                    | Meaning::OutOfCapacity
                    | Meaning::WaitTooLong
                    | Meaning::Gone
                    | Meaning::CallbackDeactivated
                    | Meaning::Throttled
                    | Meaning::Credentials
                    | Meaning::Unknown
                    | Meaning::Refused => Err(refusal.error(throttle_ms)),
                }
            }
        }
    }
}

fn disabled(text: String) -> OpenOutcome {
    OpenOutcome::Unavailable(Unavailable::EntryPointDisabled, text)
}

/// Makes it durable that a request is about to leave.
pub(crate) async fn left(leaving: &Leaving) -> Result<(), EceError> {
    leaving
        .now(None)
        .await
        .map_err(|error| EceError::Unreachable(format!("nothing was sent to ECE, as {error}")))
}
