//! One client's socket, between the server's wire and the plugin.
//!
//! What comes in goes the way of a webhook: the plugin reads it, its events are on disk, and only then are its socket actions
//! carried out, so a frame that answers the client never tells of something that can be lost. What cannot be taken closes the
//! socket with "try again later" and is not kept: the client sends again what nobody acknowledged.
//!
//! What goes out is asked for by the server, one frame after the other, whenever the wire has room: frames of this socket
//! first, then signals, then the customer's log from the client's number on. What a slow client has not taken stays in the store.
//!
//! Longer than most: both directions share one state, and read best side by side.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::json;
use tokio_util::task::task_tracker::TaskTrackerToken;
use trunkline_core::id::{ChannelName, Timestamp};
use trunkline_core::message::Address;

use crate::accept::accept_received;
use crate::flow::{Flow, Inner, Outside, Ports};
use crate::ports::{
    Answer, Clock, Ece, Plugins, ReceiveError, Reception, Request, Scope, SocketAction, SocketCall,
    SocketTerms, Store, StoreError, Target,
};
use crate::sockets::{Follower, Place};

/// "Service restart": the host goes down.
const RESTART: u16 = 1012;

/// "Try again later."
const TRY_AGAIN: u16 = 1013;

/// An HTTP status as a code that applications may use.
const STATUS_BASE: u16 = 4000;

/// Nobody was attached in time: 4000 + "request timeout".
const NOT_ATTACHED: u16 = 4408;

/// A close frame has room for 123 bytes.
const REASON_BYTES_MAX: usize = 120;

/// What a client gets next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Out {
    /// A message: text where it is UTF-8.
    Frame(Vec<u8>),
    /// The end.
    Close(Close),
}

/// Why a socket is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// A code of RFC 6455, or 4000 + an HTTP status.
    pub code: u16,
    /// For people; at most 120 bytes.
    pub reason: String,
}

impl Close {
    fn new(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        Self { code, reason }
    }

    fn try_again() -> Self {
        Self::new(TRY_AGAIN, "try again later")
    }

    fn of_answer(answer: &Answer) -> Self {
        let reason = String::from_utf8_lossy(&answer.body).into_owned();
        // A status has three digits.
        Self::new(STATUS_BASE + answer.status.min(999), reason)
    }
}

/// A client's socket that its plugin let in. Give it every message, ask it for what goes out, and say when it is lost.
pub struct Socket<S: Store, P: Plugins, E: Ece, C: Clock> {
    session: Session<Ports<S, P, E, C>>,
}

impl<S: Store, P: Plugins, E: Ece, C: Clock> std::fmt::Debug for Socket<S, P, E, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket").finish_non_exhaustive()
    }
}

impl<S: Store, P: Plugins, E: Ece, C: Clock> Flow<S, P, E, C> {
    /// The terms of a channel's sockets; none if it has none.
    pub fn socket_terms(&self, channel: &ChannelName) -> Option<SocketTerms> {
        self.inner.ports.plugins().socket(channel)
    }

    /// A client asks for a socket: its plugin says yes, with an answer whose headers may choose a protocol.
    ///
    /// # Errors
    /// The answer instead of the upgrade: the plugin's no, 503 with `Retry-After` where no plugin works or too many are open,
    /// 404 for a channel without sockets.
    pub async fn open_socket(
        &self,
        channel: &ChannelName,
        request: Request,
    ) -> Result<(Socket<S, P, E, C>, Answer), Answer> {
        let Some(terms) = self.socket_terms(channel) else {
            return Err(self.no_socket(channel, request).await);
        };
        let Some(place) = self.inner.sockets.enter() else {
            tracing::warn!(%channel, "too many sockets are open: one more is refused");
            return Err(self.inner.busy());
        };
        let mut session = Session::new(&self.inner, channel.clone(), request, terms, place);
        match session.receive("OPEN", Vec::new()).await {
            Ok(reception) if is_good(&reception.answer) => {
                session.act(reception.socket).await;
                Ok((Socket { session }, reception.answer))
            }
            Ok(reception) => Err(reception.answer),
            Err(Refused::By(answer)) => Err(answer),
            Err(Refused::Later) => Err(self.inner.busy()),
        }
    }

    /// A plugin that is away comes back; one without sockets does not get any.
    async fn no_socket(&self, channel: &ChannelName, request: Request) -> Answer {
        let call = SocketCall {
            request: Request {
                method: "OPEN".to_owned(),
                ..request
            },
            peer: None,
            peer_state: Vec::new(),
        };
        let plugins = self.inner.ports.plugins();
        let received = plugins.receive_on_socket(channel, call, self.inner.now());
        match received.await {
            Err(ReceiveError::NotNow { .. }) => self.inner.busy(),
            Ok(_) | Err(ReceiveError::Rejected { .. } | ReceiveError::UnknownChannel) => {
                crate::webhook::not_found()
            }
        }
    }
}

impl<S: Store, P: Plugins, E: Ece, C: Clock> Socket<S, P, E, C> {
    /// The longest message a client may send, in bytes.
    pub fn frame_bytes_max(&self) -> usize {
        self.session.terms.frame_bytes_max
    }

    /// A message came in. What it leads to comes from `next`.
    pub async fn frame(&mut self, body: Vec<u8>) {
        self.session.frame(body).await;
    }

    /// What is ready for this very client, without waiting: answers to what it sent, or the end.
    pub fn answer(&mut self) -> Option<Out> {
        self.session.answer()
    }

    /// What goes out next; waits for it. May be dropped at any moment: nothing of it is lost. Nothing follows a `Close`.
    pub async fn next(&mut self) -> Out {
        self.session.next().await
    }

    /// The client is gone: tells the plugin.
    pub async fn lost(mut self) {
        self.session.lost().await;
    }
}

/// Why there is no reception.
enum Refused {
    /// The plugin says no.
    By(Answer),
    /// No plugin works, or nothing can be stored.
    Later,
}

struct Session<O: Outside> {
    inner: Arc<Inner<O>>,
    channel: ChannelName,
    /// URL, query and headers of the upgrade.
    head: Request,
    terms: SocketTerms,
    out: VecDeque<Out>,
    closed: bool,
    attached: Option<Attached>,
    /// Until then it must be attached to somebody.
    attach_until: Timestamp,
    _place: Place,
    /// A shutdown waits for the client to be told.
    _under_way: TaskTrackerToken,
}

/// Whose log goes out, and how far it did.
struct Attached {
    customer: Address,
    follower: Follower,
    /// The client has everything up to here.
    number: u64,
    page: VecDeque<(u64, Vec<u8>)>,
    /// The store may have more than the page.
    more: bool,
    signals: VecDeque<Vec<u8>>,
}

impl<O: Outside> Session<O> {
    fn new(
        inner: &Arc<Inner<O>>,
        channel: ChannelName,
        head: Request,
        terms: SocketTerms,
        place: Place,
    ) -> Self {
        let attach_until = inner.now().plus_ms(inner.limits.socket_attach_ms);
        Self {
            inner: Arc::clone(inner),
            channel,
            head,
            terms,
            out: VecDeque::new(),
            closed: false,
            attached: None,
            attach_until,
            _place: place,
            _under_way: inner.tasks.token(),
        }
    }

    async fn frame(&mut self, body: Vec<u8>) {
        if self.closed {
            return;
        }
        self.inner.counts.frames_in.one();
        match self.receive("FRAME", body).await {
            Ok(reception) => {
                self.act(reception.socket).await;
                if !is_good(&reception.answer) {
                    self.close(Close::of_answer(&reception.answer));
                }
            }
            Err(Refused::By(answer)) => self.close(Close::of_answer(&answer)),
            Err(Refused::Later) => self.close(Close::try_again()),
        }
    }

    async fn lost(&mut self) {
        // Nobody is there to be told what became of it.
        let _nobody = self.receive("LOST", Vec::new()).await;
    }

    fn close(&mut self, close: Close) {
        self.closed = true;
        self.out.push_back(Out::Close(close));
    }

    /// Has the plugin read it, and its events on disk.
    async fn receive(&self, method: &str, body: Vec<u8>) -> Result<Reception, Refused> {
        let call = match self.call(method, body).await {
            Ok(call) => call,
            Err(error) => return Err(later(&self.channel, &error)),
        };
        let (inner, channel) = (Arc::clone(&self.inner), self.channel.clone());
        let taking = async move { inner.take_from_socket(&channel, call).await };
        let taken = self.inner.undisturbed(taking).await;
        taken.unwrap_or(Err(Refused::Later))
    }

    async fn call(&self, method: &str, body: Vec<u8>) -> Result<SocketCall, StoreError> {
        let request = Request {
            method: method.to_owned(),
            body,
            ..self.head.clone()
        };
        let Some(attached) = &self.attached else {
            return Ok(SocketCall {
                request,
                peer: None,
                peer_state: Vec::new(),
            });
        };
        let store = self.inner.ports.store();
        let target = Target::Addresses(self.channel.clone(), vec![attached.customer.clone()]);
        let peer_state = match store.whose(&target).await? {
            Some(customer) => store.news(customer, 0).await?.peer_state,
            None => Vec::new(),
        };
        Ok(SocketCall {
            request,
            peer: Some(attached.customer.value.clone()),
            peer_state,
        })
    }

    async fn act(&mut self, actions: Vec<SocketAction>) {
        for action in actions {
            match action {
                SocketAction::Attach { customer, after } => self.attach(customer, after),
                SocketAction::Detach => self.detach(),
                SocketAction::Acked(number) => self.acked(number).await,
                SocketAction::Frames(frames) => {
                    self.out.extend(frames.into_iter().map(Out::Frame));
                }
                SocketAction::Upload {
                    slot,
                    name,
                    content_type,
                    size,
                } => {
                    let customer = self.attached.as_ref().map(|to| to.customer.clone());
                    let wanted = crate::upload::Wanted {
                        channel: self.channel.clone(),
                        customer,
                        slot,
                        name,
                        content_type,
                        size,
                    };
                    let frame = self.inner.open_upload(wanted, &self.terms).await;
                    self.out.push_back(Out::Frame(frame));
                }
            }
        }
    }

    fn attach(&mut self, customer: Address, after: u64) {
        let follower = self
            .inner
            .sockets
            .follow(self.channel.clone(), customer.clone());
        self.attached = Some(Attached {
            customer,
            follower,
            number: after,
            page: VecDeque::new(),
            more: true,
            signals: VecDeque::new(),
        });
    }

    fn detach(&mut self) {
        self.attached = None;
        let wait_ms = self.inner.limits.socket_attach_ms;
        self.attach_until = self.inner.now().plus_ms(wait_ms);
    }

    /// Not done: the log is a little longer until the next time.
    async fn acked(&self, number: u64) {
        let Some(attached) = &self.attached else {
            return;
        };
        let store = self.inner.ports.store();
        let customer = &attached.customer;
        if let Err(error) = store.acked(&self.channel, customer, number).await {
            tracing::warn!(channel = %self.channel, %error, "a log is not shortened");
        }
    }

    async fn next(&mut self) -> Out {
        let stopping = self.inner.stopping.clone();
        let out = tokio::select! {
            biased;
            () = stopping.cancelled() => Out::Close(Close::new(RESTART, "the host restarts")),
            out = self.next_out() => out,
        };
        self.goes(out)
    }

    fn answer(&mut self) -> Option<Out> {
        let out = self.out.pop_front()?;
        Some(self.goes(out))
    }

    fn goes(&mut self, out: Out) -> Out {
        match &out {
            Out::Frame(_) => self.inner.counts.frames_out.one(),
            Out::Close(_) => self.closed = true,
        }
        out
    }

    async fn next_out(&mut self) -> Out {
        loop {
            if let Some(out) = self.out.pop_front() {
                return out;
            }
            let Some(attached) = &mut self.attached else {
                self.inner
                    .ports
                    .clock()
                    .sleep_until(self.attach_until)
                    .await;
                return Out::Close(Close::new(NOT_ATTACHED, "attached to nobody"));
            };
            attached.listen();
            if let Some(frame) = attached.next_frame() {
                return Out::Frame(frame);
            }
            if attached.more {
                if let Err(error) = self.read_log().await {
                    let _later = later(&self.channel, &error);
                    return Out::Close(Close::try_again());
                }
            } else {
                attached.follower.told().await;
            }
        }
    }

    async fn read_log(&mut self) -> Result<(), StoreError> {
        let Some(attached) = &mut self.attached else {
            return Ok(());
        };
        let (store, bytes_max) = (self.inner.ports.store(), self.inner.limits.log_page_bytes);
        let (channel, customer) = (&self.channel, &attached.customer);
        let page = store
            .log(channel, customer, attached.number, bytes_max)
            .await?;
        if page.last < attached.number {
            // The client knows a log that this one is not: it begins anew with whatever is kept.
            let page = store.log(channel, customer, 0, bytes_max).await?;
            let next = page
                .frames
                .first()
                .map_or(page.last, |(number, _)| number - 1);
            self.out.push_back(gap(attached.number, next));
            attached.number = next;
            attached.take_page(page.frames);
            return Ok(());
        }
        let next = page
            .frames
            .first()
            .map_or(page.last, |(number, _)| number - 1);
        if next > attached.number {
            self.out.push_back(gap(attached.number, next));
            attached.number = next;
        }
        attached.take_page(page.frames);
        Ok(())
    }
}

impl Attached {
    fn listen(&mut self) {
        let heard = self.follower.take();
        self.more |= heard.log_grew;
        self.signals.extend(heard.signals);
    }

    fn next_frame(&mut self) -> Option<Vec<u8>> {
        if let Some(signal) = self.signals.pop_front() {
            return Some(signal);
        }
        let (number, frame) = self.page.pop_front()?;
        self.number = number;
        Some(frame)
    }

    fn take_page(&mut self, frames: Vec<(u64, Vec<u8>)>) {
        // Read on until there is nothing: a page says nothing about what lies behind it.
        self.more = !frames.is_empty();
        self.page = frames.into();
    }
}

/// Nothing lies between `after` and the frame behind `number`.
fn gap(after: u64, number: u64) -> Out {
    let frame = json!({ "gap": { "after": after, "next": number + 1 } });
    Out::Frame(frame.to_string().into_bytes())
}

fn is_good(answer: &Answer) -> bool {
    (200..300).contains(&answer.status)
}

fn later(channel: &ChannelName, error: &StoreError) -> Refused {
    tracing::warn!(%channel, %error, "a client is asked to come again");
    Refused::Later
}

impl<O: Outside> Inner<O> {
    /// As a webhook, but nothing is kept raw.
    async fn take_from_socket(
        self: &Arc<Self>,
        channel: &ChannelName,
        call: SocketCall,
    ) -> Result<Reception, Refused> {
        if self.stopping.is_cancelled() {
            return Err(Refused::Later);
        }
        let plugins = self.ports.plugins();
        let body = call.request.body.clone();
        let received = plugins.receive_on_socket(channel, call, self.now()).await;
        let mut reception = received.map_err(|error| match error {
            ReceiveError::Rejected { answer, reason } => {
                tracing::info!(%channel, reason, "the plugin refused what came on a socket");
                Refused::By(answer)
            }
            ReceiveError::NotNow { reason, .. } => {
                tracing::warn!(%channel, reason, "a socket has no working plugin: the client is asked to come again");
                Refused::Later
            }
            ReceiveError::UnknownChannel => Refused::By(crate::webhook::not_found()),
        })?;
        let events = std::mem::take(&mut reception.events);
        if events.is_empty() {
            return Ok(reception);
        }
        // What the same customer sent by a webhook before must not be overtaken.
        if !self.raw_first(&Scope::Channel(channel.clone())).await {
            return Err(Refused::Later);
        }
        let accepted = accept_received(self, channel, events, &body, None).await;
        accepted.map_err(|error| later(channel, &error))?;
        Ok(reception)
    }
}
