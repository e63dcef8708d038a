//! A channel's calls.

use serde::{Deserialize, Serialize};
use trunkline_core::effect::Author;
use trunkline_core::id::EventKey;
use trunkline_core::message::StoredFile;
use trunkline_flow::ports::{
    Answer, CheckedAccount, Outbound, OutboundBody, PeerChange, ReceivedEvent, Request, SendError,
    SendProgress, SocketAction,
};
use wasmtime::Store;
use wasmtime::component::Instance;

use super::exports::{attachments, receiving, sending};
use super::words::{
    self, Rejection, millis, peer_changes, wit_addresses, wit_choices, wit_request,
};
use super::{Call, Exports, happenings, need, recorded_request};
use crate::guest::{Frames, Guest, Pushing};
use crate::request::{AesCtr, FetchRequest};

/// No later attempt will do better, or nobody knows what became of this one.
fn is_final(error: &SendError) -> bool {
    match error {
        SendError::Refused(_) | SendError::Credentials(_) | SendError::Unknown(_) => true,
        SendError::Again { .. }
        | SendError::Throttled { .. }
        | SendError::OptedOut(_)
        // The host's words, none of a plugin's.
        | SendError::Plugin(_)
        | SendError::NoPlugin(_)
        | SendError::Store(_) => false,
    }
}

/// A webhook call, or what happened on a socket.
#[derive(Serialize, Deserialize)]
pub(crate) struct Receive {
    #[serde(with = "recorded_request")]
    pub(crate) request: Request,
    /// Who is attached to the socket.
    pub(crate) peer: Option<String>,
    /// Theirs.
    pub(crate) peer_state: Vec<(String, String)>,
}

/// What `receive` made of it.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) answer: Answer,
    /// Without a channel: the host finds it by the account.
    pub(crate) events: Vec<ReceivedEvent>,
    pub(crate) peer_changes: Vec<PeerChange>,
    pub(crate) socket: Vec<SocketAction>,
}

impl Call for Receive {
    type Output = Result<Received, Rejection>;
    const EXPORT: &'static str = "receive";
    const MAY_FETCH: bool = false;

    fn run(
        &self,
        store: &mut Store<Guest>,
        instance: &Instance,
        exports: &Exports,
    ) -> wasmtime::Result<Self::Output> {
        let guest = need(&exports.receiving, "receiving")?.load(&mut *store, instance)?;
        let request = wit_request(&self.request, self.peer.as_deref());
        let result = guest.call_receive(&mut *store, &request, &self.peer_state)?;
        Ok(result.map(received).map_err(words::rejection))
    }
}

fn received(reception: receiving::Reception) -> Received {
    Received {
        answer: words::answer(reception.answer),
        events: reception
            .events
            .into_iter()
            .map(happenings::event)
            .collect(),
        peer_changes: peer_changes(reception.peer_changes),
        socket: reception.socket.into_iter().map(socket_action).collect(),
    }
}

fn socket_action(action: receiving::SocketAction) -> SocketAction {
    match action {
        receiving::SocketAction::Attach((customer, after)) => SocketAction::Attach {
            customer: words::address(customer),
            after,
        },
        receiving::SocketAction::Detach => SocketAction::Detach,
        receiving::SocketAction::Acked(number) => SocketAction::Acked(number),
        receiving::SocketAction::Frames(frames) => SocketAction::Frames(frames),
        receiving::SocketAction::Upload((slot, name, content_type, size)) => SocketAction::Upload {
            slot: EventKey(slot),
            name,
            content_type,
            size,
        },
    }
}

/// Completing an event.
#[derive(Serialize, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) event: ReceivedEvent,
    pub(crate) peer_state: Vec<(String, String)>,
}

impl Call for Resolve {
    type Output = Result<(Vec<ReceivedEvent>, Vec<PeerChange>), SendError>;
    const EXPORT: &'static str = "resolve";
    const MAY_FETCH: bool = true;

    fn gave_up(output: &Self::Output) -> bool {
        output.as_ref().is_err_and(is_final)
    }

    fn run(
        &self,
        store: &mut Store<Guest>,
        instance: &Instance,
        exports: &Exports,
    ) -> wasmtime::Result<Self::Output> {
        let guest = need(&exports.resolving, "resolving")?.load(&mut *store, instance)?;
        let event = happenings::wit_event(self.event.clone());
        let result = guest.call_resolve(&mut *store, &event, &self.peer_state)?;
        Ok(result
            .map(|(events, changes)| {
                let events = events.into_iter().map(happenings::event).collect();
                (events, peer_changes(changes))
            })
            .map_err(words::send_error))
    }
}

/// One attempt to deliver.
#[derive(Serialize, Deserialize)]
pub(crate) struct Send {
    pub(crate) outbound: Outbound,
    pub(crate) peer_state: Vec<(String, String)>,
    /// What stands before a file's token in its address.
    pub(crate) media_url: String,
    pub(crate) pushing: Pushing,
}

/// What one call of `send` did.
#[derive(Debug)]
pub(crate) struct SendDone {
    pub(crate) ids: Vec<String>,
    pub(crate) progress: SendProgress,
    pub(crate) peer_changes: Vec<PeerChange>,
    pub(crate) frames: Frames,
}

impl Call for Send {
    type Output = Result<SendDone, SendError>;
    const EXPORT: &'static str = "send";
    const MAY_FETCH: bool = true;

    fn run(
        &self,
        store: &mut Store<Guest>,
        instance: &Instance,
        exports: &Exports,
    ) -> wasmtime::Result<Self::Output> {
        let guest = need(&exports.sending, "sending")?.load(&mut *store, instance)?;
        let outbound = wit_outbound(&self.outbound, &self.media_url);
        let result = guest.call_send(&mut *store, &outbound, &self.peer_state)?;
        let frames = store.data_mut().take_frames();
        Ok(result
            .map(|sent| send_done(sent, frames))
            .map_err(words::send_error))
    }

    fn pushing(&self) -> Pushing {
        self.pushing
    }

    fn gave_up(output: &Self::Output) -> bool {
        output.as_ref().is_err_and(is_final)
    }
}

fn wit_outbound(outbound: &Outbound, media_url: &str) -> sending::Outbound {
    sending::Outbound {
        delivery: outbound.delivery.to_string(),
        seq: outbound.delivery.number.into(),
        customer: wit_addresses(&outbound.customer),
        content: wit_body(outbound.body.clone(), media_url),
        author: match outbound.author {
            Author::Agent => sending::Author::Agent,
            Author::Bot => sending::Author::Bot,
            Author::System => sending::Author::System,
        },
        author_name: outbound.author_name.clone(),
        attempt: sending::Attempt {
            number: outbound.attempt,
            unknown_since: outbound.unknown_since.map(millis),
            taken: outbound.taken.clone(),
        },
        rest: outbound.rest.clone(),
    }
}

fn wit_body(body: OutboundBody, media_url: &str) -> sending::OutboundContent {
    match body {
        OutboundBody::Text(text) => sending::OutboundContent::Text(text),
        OutboundBody::File(file) => sending::OutboundContent::File(wit_file(file, media_url)),
        OutboundBody::Choices { text, options } => {
            sending::OutboundContent::Choices(sending::Choices {
                text,
                options: wit_choices(options),
            })
        }
        OutboundBody::Close => sending::OutboundContent::Close,
        OutboundBody::Typing(on) => sending::OutboundContent::Typing(on),
        OutboundBody::Seen(key) => sending::OutboundContent::Seen(key.0),
    }
}

fn wit_file(file: StoredFile, media_url: &str) -> sending::File {
    sending::File {
        handle: file.id.0,
        name: file.name,
        content_type: file.content_type,
        size: file.size,
        url: format!("{media_url}/{}", file.token),
        caption: None,
    }
}

fn send_done(sent: sending::Sent, frames: Frames) -> SendDone {
    SendDone {
        ids: sent.ids,
        progress: match sent.progress {
            sending::Progress::All => SendProgress::All,
            sending::Progress::Rest(rest) => SendProgress::Rest(rest),
            sending::Progress::Wait(ms) => SendProgress::Wait(ms.into()),
            sending::Progress::NotApplicable => SendProgress::NotApplicable,
        },
        peer_changes: peer_changes(sent.peer_changes),
        frames,
    }
}

/// Where a customer's file is.
#[derive(Serialize, Deserialize)]
pub(crate) struct OpenAttachment {
    pub(crate) reference: String,
    pub(crate) peer_state: Vec<(String, String)>,
}

/// The request that gets a customer's file, and the key it is encrypted with.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) request: FetchRequest,
    pub(crate) decrypt: Option<AesCtr>,
}

impl Call for OpenAttachment {
    type Output = Result<Opened, SendError>;
    const EXPORT: &'static str = "open-attachment";
    const MAY_FETCH: bool = true;

    fn gave_up(output: &Self::Output) -> bool {
        output.as_ref().is_err_and(is_final)
    }

    fn run(
        &self,
        store: &mut Store<Guest>,
        instance: &Instance,
        exports: &Exports,
    ) -> wasmtime::Result<Self::Output> {
        let guest = need(&exports.attachments, "attachments")?.load(&mut *store, instance)?;
        let result = guest.call_open_attachment(&mut *store, &self.reference, &self.peer_state)?;
        Ok(result.map(opened).map_err(words::send_error))
    }
}

fn opened(download: attachments::Download) -> Opened {
    Opened {
        request: download.request.into(),
        decrypt: download.decrypt.map(Into::into),
    }
}

/// Are settings and credentials good?
#[derive(Serialize, Deserialize)]
pub(crate) struct Check;

impl Call for Check {
    type Output = Result<CheckedAccount, SendError>;
    const EXPORT: &'static str = "check";
    const MAY_FETCH: bool = true;

    fn run(
        &self,
        store: &mut Store<Guest>,
        instance: &Instance,
        exports: &Exports,
    ) -> wasmtime::Result<Self::Output> {
        let guest = need(&exports.checking, "checking")?.load(&mut *store, instance)?;
        let result = guest.call_check(&mut *store)?;
        Ok(result.map(words::account).map_err(words::send_error))
    }
}
