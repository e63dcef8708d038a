//! Flow alone on a bench: decisions written by hand, answers of plugins and ECE given beforehand, everything that was asked
//! written down.
//!
//! A customer's word asks for one delivery: `say X`, `ece X`, `open`, `end`, `ask`, `fetch`, `stop`, `drop X` (cancels what waits for the customer,
//! then says X), `seen N` (an agent came, and delivery N to ECE was before), `elsewhere X` (as `say`, in another conversation), `later`. An attachment is fetched. On the channel `web`, which has
//! sockets, what is said is pushed to them. What becomes of it is noted in the trace.
//!
//! Longer than most: the hand-written core and the scripted ports read best side by side.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use simulation::clock::SimClock;
use simulation::provider::{address, said};
use simulation::store::{Disk, Flaw, MemoryStore, Tables};
use simulation::world::{Faults, START, Shared};
use trunkline_core::customer::Customer;
use trunkline_core::effect::{
    AskBot, Author, BotContext, Delivery, EceMessage, Effect, OpenEce, OutboundContent, Payload,
    SignalEffect, ToCustomer,
};
use trunkline_core::event::{
    BotEvent, BotTurn, ChannelEvent, DeliveryReport, Event, Happening, Outcome, Profile, Receipt,
    ReceiptState, RemoteFile, Signal,
};
use trunkline_core::id::{
    BotName, ChannelName, ConversationId, CustomerId, DeliveryId, EceSession, Epoch,
    IntegrationName, Timestamp,
};
use trunkline_core::message::{Attachment, Content};
use trunkline_core::settings::Settings;
use trunkline_flow::ports::{
    Answer, AttachmentCall, BotCall, BotError, BotReception, Capabilities, Clock, Download, Ece,
    EceError, EceSent, Leaving, OpenOutcome, Opening, Outbound, OutboundBody, PluginVersion,
    Plugins, ReceiveError, ReceivedEvent, ReceivedHappening, Reception, Request, SendCall,
    SendError, SendProgress, Sent, SocketAction, SocketCall, SocketTerms,
};
use trunkline_flow::{Core, Flow, Limits, Ports, Socket};

/// Answers given beforehand; without one a call succeeds.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) sends: VecDeque<Result<SendProgress, SendError>>,
    pub(crate) opens: VecDeque<Result<OpenOutcome, EceError>>,
    pub(crate) eces: VecDeque<Result<EceSent, EceError>>,
    pub(crate) ends: VecDeque<Result<(), EceError>>,
    pub(crate) turns: VecDeque<Result<(), BotError>>,
    pub(crate) receives: VecDeque<Option<ReceiveError>>,
    pub(crate) bot_receives: VecDeque<ReceiveError>,
    pub(crate) downloads: VecDeque<Result<usize, SendError>>,
    /// Sends take so many ms, and leave without a word to the store: requests that may be repeated.
    pub(crate) slow_sends_ms: Option<u64>,
    /// Typing signs fade there, and are wanted again after so many ms.
    pub(crate) typing_refresh_ms: Option<u32>,
    /// After so many ms, these texts.
    pub(crate) resolves: VecDeque<(u64, Vec<&'static str>)>,
    /// What was asked, in order, with its time in ms after the start.
    pub(crate) asked: Vec<(u64, String)>,
}

#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) flow: Flow<MemoryStore, Scripted, Scripted, SimClock>,
    pub(crate) script: Arc<Mutex<Script>>,
    pub(crate) disk: Disk,
    pub(crate) shared: Shared,
    pub(crate) clock: SimClock,
    decisions: Decisions,
}

#[derive(Clone)]
pub(crate) struct Scripted {
    script: Arc<Mutex<Script>>,
    clock: SimClock,
}

/// A client's socket on the bench.
pub(crate) type SimSocket = Socket<MemoryStore, Scripted, Scripted, SimClock>;

/// Runs a test in virtual time.
pub(crate) fn on_bench<F: Future<Output = ()>>(limits: Limits, test: impl FnOnce(Bench) -> F) {
    let by_hand = Core { handle, signal };
    run(limits, Settings::default(), by_hand, test);
}

/// As `on_bench`, with the core's own decisions.
pub(crate) fn on_bench_for_real<F: Future<Output = ()>>(
    settings: Settings,
    test: impl FnOnce(Bench) -> F,
) {
    run(Limits::default(), settings, Core::default(), test);
}

fn run<F: Future<Output = ()>>(
    limits: Limits,
    settings: Settings,
    core: Core,
    test: impl FnOnce(Bench) -> F,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let decisions = Decisions {
        settings: Arc::new(settings),
        core,
        limits,
    };
    runtime.block_on(async { test(bench(decisions)).await });
}

/// What a flow goes by.
#[derive(Clone)]
struct Decisions {
    settings: Arc<Settings>,
    core: Core,
    limits: Limits,
}

fn bench(decisions: Decisions) -> Bench {
    let clock = SimClock::starting_at(START);
    let shared = Shared::new(0, Some(Faults::none()));
    let disk: Disk = Arc::new(Mutex::new(Tables::with(Flaw::None)));
    let script = Arc::new(Mutex::new(Script::default()));
    Bench {
        flow: flow(&disk, &shared, clock, &script, decisions.clone()),
        decisions,
        script,
        disk,
        shared,
        clock,
    }
}

fn flow(
    disk: &Disk,
    shared: &Shared,
    clock: SimClock,
    script: &Arc<Mutex<Script>>,
    decisions: Decisions,
) -> Flow<MemoryStore, Scripted, Scripted, SimClock> {
    let store = MemoryStore::new(Arc::clone(disk), shared.clone(), clock);
    let scripted = Scripted {
        script: Arc::clone(script),
        clock,
    };
    let ports = Ports {
        store,
        plugins: scripted.clone(),
        ece: scripted,
        clock,
    };
    let Decisions {
        settings,
        core,
        limits,
    } = decisions;
    Flow::with_core(ports, settings, limits, core)
}

impl Bench {
    pub(crate) fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().expect("no test panicked holding it")
    }

    /// The process dies where it stands and starts again on the same disk.
    pub(crate) async fn crash(&mut self) {
        self.down_for(0).await;
    }

    /// As `crash`, but it takes so many ms to start again.
    pub(crate) async fn down_for(&mut self, ms: u64) {
        self.flow.shutdown(self.clock.now()).await;
        self.pass(ms).await;
        let decisions = self.decisions.clone();
        self.flow = flow(
            &self.disk,
            &self.shared,
            self.clock,
            &self.script,
            decisions,
        );
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn open_socket(&self) -> Result<SimSocket, Answer> {
        let opened = self.flow.open_socket(&"web".into(), open_request()).await;
        opened.map(|(socket, _)| socket)
    }

    /// A customer writes; the provider gets this status.
    pub(crate) async fn write(&self, who: &str, key: &str, text: &str) -> Answer {
        self.deliver_event(written(who, key, text)).await
    }

    pub(crate) async fn deliver_event(&self, event: ReceivedEvent) -> Answer {
        self.deliver_events(&[event]).await
    }

    /// One call of the provider.
    pub(crate) async fn deliver_events(&self, events: &[ReceivedEvent]) -> Answer {
        let body = serde_json::to_vec(events).expect("it is plain data");
        self.flow.webhook(&"line".into(), request(body)).await
    }

    /// Waits until the fact holds, or a day has passed.
    pub(crate) async fn until(&self, fact: impl Fn(&Self) -> bool) {
        let deadline = self.clock.now().plus_ms(24 * 3_600_000);
        while !fact(self) {
            assert!(
                self.clock.now() < deadline,
                "it never was so:\n{}",
                self.story()
            );
            self.pass(500).await;
        }
    }

    pub(crate) async fn pass(&self, ms: u64) {
        self.clock.sleep_until(self.clock.now().plus_ms(ms)).await;
    }

    /// Trace and dead letters hold this text.
    pub(crate) fn told(&self, text: &str) -> bool {
        self.story().contains(text)
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        let script = self.script();
        script.asked.iter().map(|(_, what)| what.clone()).collect()
    }

    pub(crate) fn asked_times(&self, what: &str) -> Vec<u64> {
        let script = self.script();
        let mine = script.asked.iter().filter(|(_, asked)| asked == what);
        mine.map(|(at, _)| *at).collect()
    }

    pub(crate) fn story(&self) -> String {
        let tables = self.disk.lock().expect("no test panicked holding it");
        let trace = tables.trace().iter().map(|line| line.text.clone());
        let dead = tables
            .dead()
            .map(|dead| format!("DEAD {:?} `{}`: {}", dead.kind, dead.content, dead.reason));
        trace.chain(dead).collect::<Vec<_>>().join("\n")
    }
}

pub(crate) fn request(body: Vec<u8>) -> Request {
    Request {
        method: "POST".to_owned(),
        url: String::new(),
        path: String::new(),
        query: String::new(),
        headers: Vec::new(),
        body,
    }
}

/// A page asks for a socket.
pub(crate) fn open_request() -> Request {
    Request {
        method: "GET".to_owned(),
        path: "/socket".to_owned(),
        ..request(Vec::new())
    }
}

pub(crate) fn written(who: &str, key: &str, text: &str) -> ReceivedEvent {
    let happening = Happening::Said(Content::Text(text.to_owned()));
    received(who, key, ReceivedHappening::Customer(happening))
}

pub(crate) fn received(who: &str, key: &str, happening: ReceivedHappening) -> ReceivedEvent {
    ReceivedEvent {
        channel: Some("line".into()),
        account: "ours".to_owned(),
        key: key.into(),
        at: START,
        customer: vec![address(who)],
        readdressed: Vec::new(),
        profile: Profile::default(),
        happening,
        reply_to: None,
        part: None,
        resolve: None,
        peer_changes: Vec::new(),
    }
}

/// As `written`, for its plugin to complete.
pub(crate) fn to_resolve(who: &str, key: &str, text: &str) -> ReceivedEvent {
    ReceivedEvent {
        resolve: Some(vec![1]),
        ..written(who, key, text)
    }
}

/// As `written`, as one piece of a group.
pub(crate) fn piece(who: &str, key: &str, text: &str, index: u16, total: u16) -> ReceivedEvent {
    ReceivedEvent {
        part: Some(("g".to_owned(), index, total)),
        ..written(who, key, text)
    }
}

/// The answer every plugin gives.
pub(crate) fn fine() -> Answer {
    Answer {
        status: 200,
        headers: Vec::new(),
        body: b"fine".to_vec(),
    }
}

/// The only conversation of a customer.
pub(crate) fn conversation(customer: CustomerId) -> ConversationId {
    ConversationId {
        customer,
        number: 1,
    }
}

/// Decisions written by hand. The customer's `conversations` counts deliveries here.
fn handle(
    _settings: &Settings,
    customer: &mut Customer,
    now: Timestamp,
    event: Event,
) -> Vec<Effect> {
    match event {
        Event::Channel(ChannelEvent {
            key,
            happening: Happening::Said(Content::Attachment(attachment)),
            ..
        }) => {
            let fetch = Payload::FetchFromCustomer { key, attachment };
            vec![deliver(customer, fetch)]
        }
        Event::Channel(ChannelEvent {
            happening: Happening::Said(content),
            ..
        }) => obey(customer, now, &said(&content)),
        Event::Receipt(Receipt {
            state: ReceiptState::Failed,
            delivery,
            ..
        }) => {
            let delivery = delivery.delivery();
            let reason = "the provider could not deliver it".to_owned();
            let failed = delivery.map(|delivery| Effect::NotDelivered { delivery, reason });
            failed.into_iter().collect()
        }
        Event::Delivery(DeliveryReport {
            outcome: Outcome::NotTaken(_),
            ..
        }) => vec![Effect::Note {
            conversation: Some(conversation(customer.id)),
            text: "NotTaken".to_owned(),
        }],
        other @ (Event::Channel(_)
        | Event::Ece(_)
        | Event::Delivery(_)
        | Event::Receipt(_)
        | Event::BotCallback { .. }
        | Event::SaidAgain(_)
        | Event::Timer(_)) => vec![Effect::Note {
            conversation: Some(conversation(customer.id)),
            text: format!("{other:?}"),
        }],
    }
}

fn obey(customer: &mut Customer, now: Timestamp, text: &str) -> Vec<Effect> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "say" => vec![deliver(customer, say(rest, false))],
        "elsewhere" => {
            let Effect::Deliver(mut delivery) = deliver(customer, say(rest, false)) else {
                return Vec::new();
            };
            delivery.id.conversation.number = 2;
            vec![Effect::Deliver(delivery)]
        }
        "confirm" => vec![deliver(customer, say(rest, true))],
        "drop" => vec![
            Effect::CancelToCustomer {
                reason: "dropped".to_owned(),
            },
            deliver(customer, say(rest, false)),
        ],
        "seen" => {
            let number = rest.parse().unwrap_or_default();
            let conversation = conversation(customer.id);
            let by = DeliveryId {
                conversation,
                number,
            };
            vec![Effect::Signal(seen(by))]
        }
        "types" => vec![Effect::Signal(SignalEffect::TypingToCustomer(rest == "on"))],
        "stop" => {
            customer.opted_out = true;
            Vec::new()
        }
        "open" => vec![deliver(customer, Payload::OpenEce(open()))],
        "ece" => vec![deliver(
            customer,
            Payload::ToEce {
                integration: "acme".into(),
                session: "s1".into(),
                message: EceMessage::Text(rest.to_owned()),
            },
        )],
        "end" => vec![deliver(
            customer,
            Payload::EndEce {
                integration: "acme".into(),
                session: "s1".into(),
            },
        )],
        "ask" => vec![deliver(customer, Payload::AskBot(ask()))],
        "fetch" => vec![deliver(
            customer,
            Payload::FetchFromCustomer {
                key: "k".into(),
                attachment: Attachment {
                    reference: "photo".to_owned(),
                    name: None,
                    content_type: None,
                    size: None,
                    caption: None,
                },
            },
        )],
        "later" => vec![Effect::SetTimer {
            name: "later".into(),
            at: now.plus_ms(30_000),
        }],
        _ => vec![Effect::Undeliverable {
            conversation: conversation(customer.id),
            key: "k".into(),
            text: text.to_owned(),
            item: None,
            reason: "nobody understands it".to_owned(),
        }],
    }
}

fn deliver(customer: &mut Customer, payload: Payload) -> Effect {
    customer.conversations += 1;
    Effect::Deliver(Delivery {
        id: DeliveryId {
            conversation: conversation(customer.id),
            number: customer.conversations,
        },
        payload,
    })
}

fn say(text: &str, despite_opt_out: bool) -> Payload {
    Payload::ToCustomer(ToCustomer {
        content: OutboundContent::Text(text.to_owned()),
        author: Author::Bot,
        author_name: None,
        report: true,
        despite_opt_out,
    })
}

fn open() -> OpenEce {
    OpenEce {
        integration: "acme".into(),
        entry_point: "support".into(),
        subject: String::new(),
        attributes: Vec::new(),
        customer_name: None,
        language: None,
    }
}

fn ask() -> AskBot {
    AskBot {
        bot: "faq".into(),
        epoch: Epoch(1),
        event: BotEvent::Queued,
        state: None,
        context: BotContext {
            customer_name: None,
            language: None,
            attributes: Vec::new(),
            history: Vec::new(),
        },
    }
}

fn signal(_settings: &Settings, _customer: &Customer, signal: &Signal) -> Option<SignalEffect> {
    match signal {
        Signal::CustomerTyping(on) => Some(SignalEffect::TypingToEce {
            integration: "acme".into(),
            session: "s1".into(),
            on: *on,
        }),
        Signal::EceTook(by) => Some(seen(*by)),
        Signal::AgentTyping { .. } | Signal::BotTyping { .. } => None,
    }
}

fn seen(by: DeliveryId) -> SignalEffect {
    let key = by.number.to_string().as_str().into();
    SignalEffect::SeenByAgent { key, by }
}

impl Scripted {
    fn ask(&self, what: String) -> std::sync::MutexGuard<'_, Script> {
        let at = self.clock.now().ms_since(START);
        let mut script = self.script.lock().expect("no test panicked holding it");
        script.asked.push((at, what));
        script
    }
}

/// `attach WHO AFTER`, `detach`, `acked NUMBER`, `say KEY TEXT`, `close STATUS`, `upload SLOT TYPE SIZE`.
fn on_socket(body: &str, peer: Option<&str>) -> Reception {
    let mut words = body.splitn(4, ' ');
    let mut word = || words.next().unwrap_or_default();
    let number = |text: &str| text.parse().unwrap_or_default();
    let mut reception = Reception {
        answer: fine(),
        events: Vec::new(),
        socket: Vec::new(),
    };
    match word() {
        "attach" => reception.socket.push(SocketAction::Attach {
            customer: address(word()),
            after: number(word()),
        }),
        "detach" => reception.socket.push(SocketAction::Detach),
        "acked" => reception.socket.push(SocketAction::Acked(number(word()))),
        "say" => {
            let key = word();
            let text = format!("{} {}", word(), word());
            let mut event = written(peer.expect("it is attached"), key, text.trim());
            event.channel = Some("web".into());
            reception.events.push(event);
            let taken = format!("taken {key}").into_bytes();
            reception.socket.push(SocketAction::Frames(vec![taken]));
        }
        "close" => reception.answer.status = word().parse().unwrap_or_default(),
        "upload" => reception.socket.push(SocketAction::Upload {
            slot: word().into(),
            content_type: word().to_owned(),
            size: number(word()),
            name: "photo".to_owned(),
        }),
        _ => {}
    }
    reception
}

/// JSON has no word for the latitude of nowhere; the tests write 999.
fn lose_place(event: &mut ReceivedEvent) {
    if let ReceivedHappening::Customer(Happening::Said(Content::Location { latitude, .. })) =
        &mut event.happening
        && *latitude > 90.0
    {
        *latitude = f64::NAN;
    }
}

/// Parts that receipts told.
fn taken_parts(outbound: &Outbound) -> String {
    let own = outbound.delivery.to_string();
    let parts = outbound.taken.iter();
    parts
        .map(|name| format!(" taken {}", name.trim_start_matches(&own)))
        .collect()
}

impl Plugins for Scripted {
    async fn receive(
        &self,
        _channel: &ChannelName,
        request: &Request,
        _at: Timestamp,
    ) -> Result<Reception, ReceiveError> {
        if let Some(Some(error)) = self.ask("receive".to_owned()).receives.pop_front() {
            return Err(error);
        }
        let mut events: Vec<ReceivedEvent> =
            serde_json::from_slice(&request.body).expect("the tests wrote it");
        events.iter_mut().for_each(lose_place);
        Ok(Reception {
            answer: fine(),
            events,
            socket: Vec::new(),
        })
    }

    async fn receive_on_socket(
        &self,
        _channel: &ChannelName,
        call: SocketCall,
        _at: Timestamp,
    ) -> Result<Reception, ReceiveError> {
        if let Some(Some(error)) = self.ask("receive".to_owned()).receives.pop_front() {
            return Err(error);
        }
        let body = String::from_utf8(call.request.body).expect("the tests wrote it");
        Ok(on_socket(&body, call.peer.as_deref()))
    }

    fn socket(&self, channel: &ChannelName) -> Option<SocketTerms> {
        (channel.as_str() == "web").then(|| SocketTerms {
            frame_bytes_max: 1_000,
            upload_bytes_max: Some(100),
            upload_types: vec!["image/*".to_owned()],
            media_url: "https://media.example.com".to_owned(),
        })
    }

    async fn resolve(
        &self,
        _channel: &ChannelName,
        event: ReceivedEvent,
        _peer_state: Vec<(String, String)>,
    ) -> Vec<ReceivedEvent> {
        let answer = self.ask("resolve".to_owned()).resolves.pop_front();
        let (after_ms, texts) = answer.unwrap_or_default();
        self.clock
            .sleep_until(self.clock.now().plus_ms(after_ms))
            .await;
        let completed = |text: &&str| ReceivedEvent {
            happening: ReceivedHappening::Customer(Happening::Said(Content::Text(
                (*text).to_owned(),
            ))),
            ..event.clone()
        };
        texts.iter().map(completed).collect()
    }

    fn resolve_ms(&self, _channel: &ChannelName) -> Option<u64> {
        Some(5_000)
    }

    async fn send(&self, call: SendCall, leaving: Leaving) -> Result<Sent, SendError> {
        if let OutboundBody::Seen(key) = &call.outbound.body {
            drop(self.ask(format!("seen {key}")));
        }
        if let OutboundBody::Typing(on) = &call.outbound.body {
            drop(self.ask(format!("types {on}")));
        }
        let OutboundBody::Text(text) = &call.outbound.body else {
            return Err(SendError::Refused("only text".to_owned()));
        };
        let unknown = call.outbound.unknown_since.map_or("", |_| " again");
        let taken = taken_parts(&call.outbound);
        let (answer, slow) = {
            let mut script = self.ask(format!("send {text}{unknown}{taken}"));
            (script.sends.pop_front(), script.slow_sends_ms)
        };
        let version = PluginVersion("v1".to_owned());
        if slow.is_none() {
            let left = leaving.now(Some(version.clone())).await;
            left.map_err(|error| SendError::Store(error.to_string()))?;
        }
        let until = self.clock.now().plus_ms(slow.unwrap_or(10));
        self.clock.sleep_until(until).await;
        let sign = text
            .strip_prefix("sign ")
            .map(|sign| sign.as_bytes().to_vec());
        let pushed = call.next_frame.filter(|_| sign.is_none());
        let pushed = pushed.map(|number| format!("{number} {text}").into_bytes());
        Ok(Sent {
            ids: vec![format!("p-{}", call.outbound.delivery)],
            progress: answer.unwrap_or(Ok(SendProgress::All))?,
            peer_changes: Vec::new(),
            version,
            pushed: pushed.into_iter().collect(),
            signals: sign.into_iter().collect(),
        })
    }

    async fn download(&self, _call: AttachmentCall) -> Result<Download, SendError> {
        let answer = self.ask("download".to_owned()).downloads.pop_front();
        let size = answer.unwrap_or(Ok(3))?;
        let mut piece = Some(Ok(Bytes::from(vec![0; size])));
        Ok(Download {
            name: Some("photo.jpg".to_owned()),
            content_type: Some("image/jpeg".to_owned()),
            size: None,
            next: Box::new(move || Box::pin(std::future::ready(piece.take()))),
        })
    }

    async fn turn(&self, call: BotCall, _leaving: Leaving) -> Result<BotTurn, BotError> {
        let answer = self.ask("turn".to_owned()).turns.pop_front();
        answer.unwrap_or(Ok(()))?;
        Ok(BotTurn {
            epoch: call.ask.epoch,
            actions: Vec::new(),
            state: None,
        })
    }

    async fn bot_receive(
        &self,
        _bot: &BotName,
        request: &Request,
        _at: Timestamp,
    ) -> Result<BotReception, ReceiveError> {
        if let Some(error) = self.ask("bot receive".to_owned()).bot_receives.pop_front() {
            return Err(error);
        }
        let customer = serde_json::from_slice(&request.body).expect("the tests wrote it");
        Ok(BotReception {
            answer: fine(),
            callbacks: vec![(conversation(customer), Epoch(1), vec![7])],
        })
    }

    fn capabilities(&self, _channel: &ChannelName) -> Capabilities {
        let script = self.script.lock().expect("no test panicked holding it");
        Capabilities {
            typing: script.typing_refresh_ms.is_some(),
            typing_refresh_ms: script.typing_refresh_ms,
            ..Capabilities::default()
        }
    }

    fn state_version(&self, _bot: &BotName) -> Option<u32> {
        Some(1)
    }
}

impl Ece for Scripted {
    async fn open(&self, opening: Opening, leaving: Leaving) -> Result<OpenOutcome, EceError> {
        let again = if opening.again_after_unknown {
            " again"
        } else {
            ""
        };
        let answer = self.ask(format!("open{again}")).opens.pop_front();
        let left = leaving.now(None).await;
        left.map_err(|error| EceError::Unreachable(error.to_string()))?;
        answer.unwrap_or_else(|| Ok(OpenOutcome::Started("s1".into())))
    }

    async fn send(
        &self,
        _integration: &IntegrationName,
        _session: &EceSession,
        message: &EceMessage,
        rest: Option<&[u8]>,
        _leaving: Leaving,
    ) -> Result<EceSent, EceError> {
        let EceMessage::Text(text) = message else {
            return Ok(EceSent::All);
        };
        let behind = rest.map_or(String::new(), |rest| {
            format!(" behind {}", String::from_utf8_lossy(rest))
        });
        let answer = self.ask(format!("ece {text}{behind}")).eces.pop_front();
        answer.unwrap_or(Ok(EceSent::All))
    }

    async fn typing(
        &self,
        _integration: &IntegrationName,
        _session: &EceSession,
        on: bool,
    ) -> Result<(), EceError> {
        drop(self.ask(format!("typing {on}")));
        Ok(())
    }

    async fn end(
        &self,
        _integration: &IntegrationName,
        session: &EceSession,
    ) -> Result<(), EceError> {
        let answer = self.ask(format!("end {session}")).ends.pop_front();
        answer.unwrap_or(Ok(()))
    }

    async fn download(
        &self,
        _integration: Option<&IntegrationName>,
        _file: &RemoteFile,
    ) -> Result<Download, EceError> {
        Err(EceError::Refused("no files".to_owned()))
    }
}
