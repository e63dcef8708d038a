//! Flow's port: every call finds its plugin, runs, and its failures become what flow acts on.

use std::fmt::Debug;

use reqwest::StatusCode;
use trunkline_core::event::BotTurn;
use trunkline_core::id::{BotName, ChannelName, FileId, Timestamp};
use trunkline_flow::ports::{
    AttachmentCall, BotCall, BotError, BotReception, Capabilities, CheckedAccount, Download,
    Leaving, OutboundBody, Plugins, ReceiveError, ReceivedEvent, Reception, Request, SendCall,
    SendError, Sent, SocketCall, SocketTerms,
};

use crate::accounts::{assign, attach_changes};
use crate::config::User;
use crate::contract_0_1::Call;
use crate::contract_0_1::bot::{BotReceive, Turn};
use crate::contract_0_1::channel::{
    Check, OpenAttachment, Opened, Receive, Resolve, Send as SendExport,
};
use crate::contract_0_1::words::Rejection;
use crate::egress::{Rights, prepare};
use crate::engine::Engine;
use crate::failures::{
    HOST_TROUBLE_MS, bot_failed, download_failed, download_refused, send_failed,
};
use crate::guest::Pushing;
use crate::invocation::{Failed, Failure, Invocation};
use crate::live::{Bound, ack_answer};
use crate::tokens::Fetched;

impl Plugins for Engine {
    async fn receive(
        &self,
        channel: &ChannelName,
        request: &Request,
        at: Timestamp,
    ) -> Result<Reception, ReceiveError> {
        let bound = self.bound_to_receive(&User::Channel(channel.clone()), channel, request)?;
        let call = Receive {
            request: request.clone(),
            peer: None,
            peer_state: Vec::new(),
        };
        self.reception(channel, &bound, call, at).await
    }

    async fn receive_on_socket(
        &self,
        channel: &ChannelName,
        call: SocketCall,
        at: Timestamp,
    ) -> Result<Reception, ReceiveError> {
        let user = User::Channel(channel.clone());
        let bound = self.bound_to_receive(&user, channel, &call.request)?;
        if bound.plugin.manifest.socket.is_none() {
            return Err(ReceiveError::UnknownChannel);
        }
        let call = Receive {
            request: call.request,
            peer: call.peer,
            peer_state: call.peer_state,
        };
        self.reception(channel, &bound, call, at).await
    }

    fn socket(&self, channel: &ChannelName) -> Option<SocketTerms> {
        let bound = self.bound(&User::Channel(channel.clone()))?.ok()?;
        let manifest = &bound.plugin.manifest;
        let files = manifest.capabilities.attachments_in.as_ref();
        Some(SocketTerms {
            frame_bytes_max: manifest.frame_bytes_max()? as usize,
            upload_bytes_max: files.and_then(|files| files.size_max),
            upload_types: files.map(|files| files.types.clone()).unwrap_or_default(),
            media_url: self.media_url(),
        })
    }

    async fn resolve(
        &self,
        channel: &ChannelName,
        event: ReceivedEvent,
        peer_state: Vec<(String, String)>,
    ) -> Vec<ReceivedEvent> {
        let user = User::Channel(channel.clone());
        let Some(Ok(bound)) = self.bound(&user) else {
            return vec![event];
        };
        if !bound.plugin.linked.exports().names().contains("resolving") {
            return vec![event];
        }
        let call = Resolve {
            event: event.clone(),
            peer_state,
        };
        let now = self.shared.means.time.now();
        match self.run(&bound, call, now, &event).await {
            Ok(Ok((mut events, changes))) => {
                assign(&self.shared.live.now(), channel, &bound, &mut events);
                attach_changes(&mut events, changes);
                for event in &mut events {
                    event.resolve = None;
                }
                events
            }
            Ok(Err(error)) => unresolved(channel, event, &error),
            Err(failed) => unresolved(channel, event, &failed.failure),
        }
    }

    async fn send(&self, call: SendCall, leaving: Leaving) -> Result<Sent, SendError> {
        let user = User::Channel(call.channel.clone());
        let bound = self.bound_at(&user, call.pinned.as_ref()).await;
        let bound = bound.map_err(SendError::NoPlugin)?;
        let delivery = call.outbound.delivery;
        let files = match &call.outbound.body {
            OutboundBody::File(file) => vec![file.id.clone()],
            OutboundBody::Text(_)
            | OutboundBody::Choices { .. }
            | OutboundBody::Close
            | OutboundBody::Typing(_)
            | OutboundBody::Seen(_) => Vec::new(),
        };
        let export = SendExport {
            outbound: call.outbound,
            peer_state: call.peer_state,
            media_url: self.media_url(),
            pushing: match (&bound.plugin.manifest.socket, call.next_frame) {
                (None, _) => Pushing::NoSocket,
                (Some(_), None) => Pushing::SignalsAlone,
                (Some(_), Some(first)) => Pushing::From(first),
            },
        };
        let invocation = self.invocation(&bound, self.now(), files, Some(leaving));
        let result = self.call(invocation, export, &delivery).await;
        let done = result.map_err(send_failed).and_then(|done| done);
        if let Err(SendError::Credentials(why)) = &done {
            self.shared.taken.note_refused(&call.channel, why);
        }
        let done = done?;
        if !done.ids.is_empty() {
            self.shared.taken.note(&call.channel, self.now());
        }
        Ok(Sent {
            ids: done.ids,
            progress: done.progress,
            peer_changes: done.peer_changes,
            version: bound.plugin.version.clone(),
            pushed: done.frames.pushed,
            signals: done.frames.signals,
        })
    }

    async fn download(&self, call: AttachmentCall) -> Result<Download, SendError> {
        let user = User::Channel(call.channel.clone());
        let bound = self.bound_at(&user, None).await;
        let bound = bound.map_err(SendError::NoPlugin)?;
        let reference = call.reference.clone();
        let export = OpenAttachment {
            reference: call.reference,
            peer_state: call.peer_state,
        };
        let result = self.run(&bound, export, self.now(), &reference).await;
        let opened = result.map_err(send_failed)??;
        self.open(&bound, opened).await
    }

    async fn turn(&self, call: BotCall, leaving: Leaving) -> Result<BotTurn, BotError> {
        let user = User::Bot(call.ask.bot.clone());
        let bound = self.bound_at(&user, call.pinned.as_ref()).await;
        let bound = bound.map_err(|text| BotError::Again {
            wait_ms: HOST_TROUBLE_MS,
            text,
        })?;
        let key = (
            call.conversation,
            call.ask.epoch,
            format!("{:?}", call.ask.event),
        );
        let unknown_onces = call.unknown_onces;
        let ask = &call.ask;
        let tokens = &self.shared.reply_tokens;
        let export = Turn {
            reply_token: tokens.write(&ask.bot, call.conversation, ask.epoch),
            channel_plugin: self.plugin_of(&call.channel),
            capabilities: self.bot_capabilities(&call.channel),
            call,
        };
        let invocation = Invocation {
            unknown_onces,
            ..self.invocation(&bound, self.now(), Vec::new(), Some(leaving))
        };
        let result = self.call(invocation, export, &key).await;
        result.map_err(bot_failed)?
    }

    async fn bot_receive(
        &self,
        bot: &BotName,
        request: &Request,
        at: Timestamp,
    ) -> Result<BotReception, ReceiveError> {
        // The port's error knows channels alone; a bot's name stands in its place.
        let name = ChannelName(bot.0.clone());
        let bound = self.bound_to_receive(&User::Bot(bot.clone()), &name, request)?;
        if !bound.plugin.linked.exports().names().contains("callbacks") {
            // Nobody is called here, however often they try.
            return Err(ReceiveError::UnknownChannel);
        }
        let call = BotReceive {
            request: request.clone(),
        };
        let result = self.run(&bound, call, at, request).await;
        let received = self.received(result, &bound, &name, request)?;
        let all = received.callbacks.len();
        let tokens = &self.shared.reply_tokens;
        let known = received.callbacks.into_iter().filter_map(|(token, bytes)| {
            let (conversation, epoch) = tokens.read(bot, &token)?;
            Some((conversation, epoch, bytes))
        });
        let callbacks: Vec<_> = known.collect();
        if callbacks.len() < all {
            let strays = all - callbacks.len();
            tracing::warn!(%bot, strays, "callbacks with a reply-token that is none of this bot's");
        }
        Ok(BotReception {
            answer: received.answer,
            callbacks,
        })
    }

    fn capabilities(&self, channel: &ChannelName) -> Capabilities {
        let Some(Ok(bound)) = self.bound(&User::Channel(channel.clone())) else {
            return Capabilities::default();
        };
        // What does not fit `attachments-out` the plugin sends as a link, so flow keeps nothing back.
        let manifest = &bound.plugin.manifest.capabilities;
        Capabilities {
            typing: manifest.typing,
            typing_refresh_ms: manifest.typing_refresh_ms,
            ..Capabilities::default()
        }
    }

    fn resolve_ms(&self, channel: &ChannelName) -> Option<u64> {
        let bound = self.bound(&User::Channel(channel.clone()))?.ok()?;
        bound.plugin.manifest.limits.resolve_ms
    }

    fn state_version(&self, bot: &BotName) -> Option<u32> {
        let bound = self.bound(&User::Bot(bot.clone()))?.ok()?;
        Some(bound.plugin.manifest.state_version)
    }
}

impl Engine {
    /// Are the settings and credentials of this channel or bot good, and whose account is it?
    /// None: its plugin does not check.
    ///
    /// # Errors
    /// As `send`; nothing is ever sent.
    pub async fn check(&self, user: &User) -> Result<Option<CheckedAccount>, SendError> {
        let bound = self.bound_at(user, None).await;
        let bound = bound.map_err(SendError::NoPlugin)?;
        if !bound.plugin.linked.exports().names().contains("checking") {
            return Ok(None);
        }
        let result = self.run(&bound, Check, self.now(), &user.table()).await;
        let account = result.map_err(send_failed)??;
        if let User::Channel(channel) = user {
            self.shared.taken.note_good(channel);
        }
        Ok(Some(account))
    }

    /// Why the provider of this channel refused the credentials of a message, until it takes one or a check goes well.
    pub fn credentials_refused(&self, channel: &ChannelName) -> Option<String> {
        self.shared.taken.refused(channel)
    }

    /// When a provider last took a message of this channel, since the start.
    pub fn last_taken(&self, channel: &ChannelName) -> Option<Timestamp> {
        self.shared.taken.last(channel)
    }

    async fn reception(
        &self,
        channel: &ChannelName,
        bound: &Bound,
        call: Receive,
        at: Timestamp,
    ) -> Result<Reception, ReceiveError> {
        let request = call.request.clone();
        let result = self.run(bound, call, at, &request).await;
        let received = self.received(result, bound, channel, &request)?;
        let mut events = received.events;
        assign(&self.shared.live.now(), channel, bound, &mut events);
        if !attach_changes(&mut events, received.peer_changes) {
            tracing::warn!(%channel, "peer-state of a reception about no customer, or about several, is dropped");
        }
        Ok(Reception {
            answer: received.answer,
            events,
            socket: received.socket,
        })
    }

    /// What stands before the `/` and the token of a file or an upload.
    fn media_url(&self) -> String {
        format!("{}/media", self.shared.live.now().config.public_url)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.means.time.now()
    }

    fn invocation(
        &self,
        bound: &Bound,
        started: Timestamp,
        files: Vec<FileId>,
        leaving: Option<Leaving>,
    ) -> Invocation {
        Invocation {
            bound: bound.clone(),
            files,
            started,
            leaving,
            unknown_onces: 0,
        }
    }

    /// Runs a call without files that may not be left half done.
    async fn run<C: Call>(
        &self,
        bound: &Bound,
        call: C,
        started: Timestamp,
        key: &impl Debug,
    ) -> Result<C::Output, Failed> {
        let invocation = self.invocation(bound, started, Vec::new(), None);
        self.call(invocation, call, key).await
    }

    #[expect(clippy::result_large_err, reason = "it is flow's word")]
    fn received<T>(
        &self,
        result: Result<Result<T, Rejection>, Failed>,
        bound: &Bound,
        name: &ChannelName,
        request: &Request,
    ) -> Result<T, ReceiveError> {
        match result {
            Ok(Ok(received)) => Ok(received),
            Ok(Err(rejection)) => Err(ReceiveError::Rejected {
                answer: rejection.answer,
                reason: rejection.reason,
            }),
            Err(failed) => Err(ReceiveError::NotNow {
                channel: name.clone(),
                ack: ack_answer(&bound.plugin.manifest.ack, &request.method),
                reason: failed.failure.to_string(),
                trapped: match failed.failure {
                    Failure::Plugin(_) => vec![bound.plugin.version.clone()],
                    Failure::Store(_) | Failure::Host(_) => Vec::new(),
                },
            }),
        }
    }

    async fn open(&self, bound: &Bound, opened: Opened) -> Result<Download, SendError> {
        let first = self.open_once(bound, &opened, &Fetched::default()).await?;
        match first {
            (Err(status), tokens) if tokens.refused_with(status.as_u16()) => {
                self.open_once(bound, &opened, &tokens).await?.0
            }
            (answer, _) => answer,
        }
        .map_err(|status| download_refused(status.as_u16()))
    }

    /// The download or its status, and the tokens it was asked with.
    async fn open_once(
        &self,
        bound: &Bound,
        opened: &Opened,
        refused: &Fetched,
    ) -> Result<(Result<Download, StatusCode>, Fetched), SendError> {
        let means = &self.shared.means;
        let secrets = &bound.world.secrets;
        let fetching = async {
            let tokens = means.tokens.of_request(
                &opened.request,
                secrets,
                refused,
                &means.egress,
                &*means.time,
            );
            let tokens = tokens.await?;
            let rights = Rights {
                permit: &bound.permit,
                secrets,
                tokens: &tokens,
                files: &[],
            };
            let prepared = prepare(&opened.request, rights)?;
            let decrypt = opened.decrypt.clone();
            let answer = means.egress.download(prepared, decrypt).await?;
            Ok((answer, tokens))
        };
        fetching.await.map_err(|error| download_failed(&error))
    }
}

fn unresolved(
    channel: &ChannelName,
    event: ReceivedEvent,
    reason: &dyn std::fmt::Display,
) -> Vec<ReceivedEvent> {
    tracing::warn!(%channel, %reason, "an event could not be completed and goes on as it was");
    vec![event]
}
