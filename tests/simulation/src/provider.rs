//! A channel's plugin with the provider behind it, and the plugins of two bots.

use trunkline_core::event::{BotEvent, BotState, BotTurn, DeliveryName, Profile, ReceiptState};
use trunkline_core::id::{BotName, ChannelName, DeliveryId, Timestamp};
use trunkline_core::message::{Address, Content};
use trunkline_flow::ports::{
    Answer, AttachmentCall, BotCall, BotError, BotReception, Capabilities, Clock, Download,
    Leaving, Outbound, OutboundBody, PluginVersion, Plugins, ReceiveError, ReceivedEvent,
    ReceivedHappening, Reception, Request, Scope, SendCall, SendError, SendProgress, Sent,
};

use crate::bots;
use crate::clock::SimClock;
use crate::configured::{ECHOING, JOINED, PROBING};
use crate::store::MemoryStore;
use crate::world::{Arrived, Doing, START, Shared};

/// How long the plugin of `echoing` waits for a receipt after an unknown outcome, in ms.
const WORD_WITHIN_MS: u64 = 60_000;

/// A receipt that was accepted this long ago has been stepped, whatever the store and completions before it did, in ms.
const STEPPED_WITHIN_MS: u64 = 40_000;

/// The plugins of one life.
#[derive(Debug, Clone)]
pub struct SimPlugins {
    shared: Shared,
    clock: SimClock,
    store: MemoryStore,
}

impl SimPlugins {
    /// Over the world; the store is only looked at, for H14.
    pub fn new(shared: Shared, clock: SimClock, store: MemoryStore) -> Self {
        Self {
            shared,
            clock,
            store,
        }
    }

    async fn takes_a_while(&self) {
        let until = {
            let now = self.clock.now();
            self.shared.world().within(now, 400)
        };
        self.clock.sleep_until(until).await;
    }

    fn works(&self) -> bool {
        self.clock.now() >= self.shared.world().plugin_gone_until
    }

    /// H14 at the last moment there is.
    fn check_opt_out(&self, outbound: &Outbound) {
        let text = text_of(&outbound.body);
        let tables = self.store.tables();
        let opted_out = tables.customers().any(|(customer, _)| {
            customer.id == outbound.delivery.conversation.customer && customer.opted_out
        });
        if opted_out && text != "you will hear no more" {
            let wrong = format!(
                "H14: {} goes to one who opted out: {text}",
                outbound.delivery
            );
            self.shared.world().wrong.push(wrong);
        }
    }

    fn certain_failure(&self) -> Option<SendError> {
        let now = self.clock.now();
        let mut world = self.shared.world();
        let chance = world.faults.certain;
        if !world.happens(chance, now) {
            return None;
        }
        let text = "the provider says no".to_owned();
        Some(match rand::Rng::random_range(&mut world.rng, 0..12) {
            6 => SendError::OptedOut(text),
            7..9 => SendError::Refused(text),
            0 => SendError::Again { wait_ms: 700, text },
            1 => SendError::Throttled {
                wait_ms: 3_000,
                text,
            },
            2 => SendError::Credentials(text),
            3 => SendError::Plugin(text),
            _ => SendError::Again { wait_ms: 0, text },
        })
    }

    /// What the plugin of a provider that echoes our names does after an unknown outcome: goes on behind a part that a receipt
    /// told, else waits for word, else sends again. By then no receipt may have told.
    fn word_of(&self, outbound: &Outbound, part: usize, begun: Timestamp) -> Option<Sent> {
        let name = our_name(outbound, part).as_given();
        if name.is_some_and(|name| outbound.taken.contains(&name)) {
            return Some(Sent {
                ids: Vec::new(),
                ..sent(outbound, part)
            });
        }
        let waited = begun.ms_since(outbound.unknown_since.unwrap_or(START));
        if outbound.unknown_since.is_some() && waited < WORD_WITHIN_MS {
            return Some(Sent {
                ids: Vec::new(),
                progress: SendProgress::Wait(5_000),
                ..sent(outbound, part)
            });
        }
        let states = [
            ReceiptState::Sent,
            ReceiptState::Delivered,
            ReceiptState::Failed,
        ];
        let told = states.map(|state| receipt_key(outbound.delivery, part, state));
        let since = told.iter().find_map(|key| {
            let scope = Scope::Channel(ECHOING.into());
            self.store.tables().accepted_at(&scope, key)
        });
        let late = since.is_some_and(|since| begun.ms_since(since) > STEPPED_WITHIN_MS);
        let tells_nothing = {
            let world = self.shared.world();
            world.clock_was_set || world.replayed
        };
        if late && !tells_nothing {
            let wrong = format!(
                "H2: {} part {part} is sent again, and a receipt had told that it is there",
                outbound.delivery
            );
            self.shared.world().wrong.push(wrong);
        }
        None
    }

    /// The provider takes it: it arrives, and receipts will tell.
    fn take(&self, channel: &ChannelName, outbound: &Outbound, part: usize) {
        let now = self.clock.now();
        let mut world = self.shared.world();
        world.provider_knows.insert((outbound.delivery, part));
        let text = part_of(&text_of(&outbound.body), part);
        let customer = outbound.delivery.conversation.customer;
        let address = outbound.customer.first().map(|a| a.value.clone());
        if text.starts_with(JOINED) {
            let assigned = world
                .sessions
                .values()
                .any(|session| Some(&session.customer) == address.as_ref() && session.assigned);
            if !assigned {
                world.wrong.push(format!("H5: {customer} was told {text}"));
            }
        }
        world.arrived.push(Arrived {
            at: now,
            channel: channel.clone(),
            customer,
            delivery: outbound.delivery,
            text,
        });
        // Now and then before the answer to the request.
        let quick = channel.as_str() == ECHOING && rand::Rng::random_bool(&mut world.rng, 0.3);
        let chance = world.faults.undelivered;
        let end = if world.happens(chance, now) {
            ReceiptState::Failed
        } else {
            ReceiptState::Delivered
        };
        for state in [ReceiptState::Sent, end] {
            let at = world.within(now, if quick { 100 } else { 8_000 });
            let receipt = receipt(channel, outbound, part, state, at);
            let twice = world.faults.twice;
            if world.happens(twice, now) {
                let later = world.within(at, 60_000);
                world.plan(
                    later,
                    Doing::Receipt(channel.clone(), Box::new(receipt.clone())),
                );
            }
            // By an id that an unknown outcome hid, nobody may ever find the message.
            if state == ReceiptState::Failed && names_ours(&receipt) {
                world.undelivered.insert(outbound.delivery);
            }
            world.plan(at, Doing::Receipt(channel.clone(), Box::new(receipt)));
        }
    }
}

/// Half the messages' receipts name our id, the others the provider's; all name ours where the plugin relies on it.
fn receipt(
    channel: &ChannelName,
    outbound: &Outbound,
    part: usize,
    state: ReceiptState,
    at: Timestamp,
) -> ReceivedEvent {
    let echoes = channel.as_str() == ECHOING || outbound.delivery.number.is_multiple_of(2);
    let delivery = if echoes {
        our_name(outbound, part)
    } else {
        DeliveryName::Provider(provider_id(outbound.delivery, part))
    };
    ReceivedEvent {
        channel: Some(channel.clone()),
        account: "ours".to_owned(),
        key: receipt_key(outbound.delivery, part, state).as_str().into(),
        at,
        customer: Vec::new(),
        readdressed: Vec::new(),
        profile: Profile::default(),
        happening: ReceivedHappening::Receipt {
            delivery,
            state,
            detail: None,
            opted_out: false,
        },
        reply_to: None,
        part: None,
        resolve: None,
        peer_changes: Vec::new(),
    }
}

fn names_ours(receipt: &ReceivedEvent) -> bool {
    let ReceivedHappening::Receipt { delivery, .. } = &receipt.happening else {
        return false;
    };
    delivery.as_given().is_some()
}

fn receipt_key(delivery: DeliveryId, part: usize, state: ReceiptState) -> String {
    format!("{delivery}-{part}-{state:?}")
}

/// The provider's id of one message.
pub(crate) fn provider_id(delivery: DeliveryId, part: usize) -> String {
    format!("p-{delivery}-{part}")
}

/// A customer's address.
pub fn address(value: &str) -> Address {
    Address {
        kind: "phone".to_owned(),
        value: value.to_owned(),
    }
}

fn text_of(body: &OutboundBody) -> String {
    match body {
        OutboundBody::Text(text) | OutboundBody::Choices { text, .. } => text.clone(),
        OutboundBody::File(file) => file.name.clone(),
        OutboundBody::Close => "close".to_owned(),
        OutboundBody::Typing(_) | OutboundBody::Seen(_) => "signal".to_owned(),
    }
}

/// Long texts go in two parts.
fn is_long(text: &str) -> bool {
    text.contains("long")
}

/// What arrives of a text.
pub(crate) fn parts(text: &str) -> Vec<String> {
    let count = if is_long(text) { 2 } else { 1 };
    (0..count).map(|part| part_of(text, part)).collect()
}

fn part_of(text: &str, part: usize) -> String {
    match part {
        0 => text.to_owned(),
        part => format!("{text}#{part}"),
    }
}

/// How the provider echoes our id.
fn our_name(outbound: &Outbound, part: usize) -> DeliveryName {
    let delivery = outbound.delivery;
    if is_long(&text_of(&outbound.body)) {
        let part = if part > 0 { "last" } else { "first" }.to_owned();
        DeliveryName::Part { delivery, part }
    } else {
        DeliveryName::Ours(delivery)
    }
}

fn sent(outbound: &Outbound, part: usize) -> Sent {
    let more = part == 0 && is_long(&text_of(&outbound.body));
    Sent {
        ids: vec![provider_id(outbound.delivery, part)],
        progress: if more {
            SendProgress::Rest(vec![1])
        } else {
            SendProgress::All
        },
        peer_changes: Vec::new(),
        pushed: Vec::new(),
        signals: Vec::new(),
        version: PluginVersion("v1".to_owned()),
    }
}

impl Plugins for SimPlugins {
    async fn receive(
        &self,
        channel: &ChannelName,
        request: &Request,
        _at: Timestamp,
    ) -> Result<Reception, ReceiveError> {
        self.shared.may_crash(self.clock.now()).await;
        let answer = Answer {
            status: 200,
            headers: Vec::new(),
            body: Vec::new(),
        };
        if !self.works() {
            return Err(ReceiveError::NotNow {
                channel: channel.clone(),
                ack: Some(answer),
                reason: "no plugin".to_owned(),
                trapped: Vec::new(),
            });
        }
        let events =
            serde_json::from_slice(&request.body).map_err(|error| ReceiveError::Rejected {
                answer: Answer {
                    status: 400,
                    ..answer.clone()
                },
                reason: error.to_string(),
            })?;
        Ok(Reception {
            answer,
            events,
            socket: Vec::new(),
        })
    }

    /// Now and then too late, and the event goes on as it was.
    async fn resolve(
        &self,
        _channel: &ChannelName,
        mut event: ReceivedEvent,
        _peer_state: Vec<(String, String)>,
    ) -> Vec<ReceivedEvent> {
        let until = {
            let now = self.clock.now();
            self.shared.world().within(now, 12_000)
        };
        self.clock.sleep_until(until).await;
        event.profile.name = Some("Anna".to_owned());
        vec![event]
    }

    fn resolve_ms(&self, _channel: &ChannelName) -> Option<u64> {
        None
    }

    async fn send(&self, call: SendCall, leaving: Leaving) -> Result<Sent, SendError> {
        let SendCall {
            channel, outbound, ..
        } = call;
        self.check_opt_out(&outbound);
        let begun = self.clock.now();
        let part = outbound.rest.as_ref().map_or(0, Vec::len);
        self.shared.may_crash(self.clock.now()).await;
        self.takes_a_while().await;
        if !self.works() {
            return Err(SendError::NoPlugin("it is gone".to_owned()));
        }
        if let Some(error) = self.certain_failure() {
            return Err(error);
        }
        if channel.as_str() == PROBING && outbound.unknown_since.is_some() {
            let known = (outbound.delivery, part);
            if self.shared.world().provider_knows.contains(&known) {
                return Ok(sent(&outbound, part));
            }
        }
        if channel.as_str() == ECHOING
            && let Some(known) = self.word_of(&outbound, part, begun)
        {
            return Ok(known);
        }
        let version = PluginVersion("v1".to_owned());
        let left = leaving.now(Some(version)).await;
        left.map_err(|error| SendError::Store(error.to_string()))?;
        self.shared.may_crash(self.clock.now()).await;
        let now = self.clock.now();
        let (unknown, taken) = {
            let mut world = self.shared.world();
            let chance = world.faults.unknown;
            let unknown = world.happens(chance, now);
            world.unknown += u64::from(unknown);
            let taken = !unknown || rand::Rng::random_bool(&mut world.rng, 0.5);
            (unknown, taken)
        };
        if taken {
            self.take(&channel, &outbound, part);
        }
        self.shared.may_crash(now).await;
        self.takes_a_while().await;
        if unknown {
            return Err(SendError::Unknown("no answer".to_owned()));
        }
        Ok(sent(&outbound, part))
    }

    async fn download(&self, _call: AttachmentCall) -> Result<Download, SendError> {
        self.shared.may_crash(self.clock.now()).await;
        slowly(&self.shared, self.clock).await;
        match self.certain_failure() {
            Some(error) => Err(error),
            None => Ok(some_file()),
        }
    }

    async fn turn(&self, call: BotCall, leaving: Leaving) -> Result<BotTurn, BotError> {
        self.shared.may_crash(self.clock.now()).await;
        self.takes_a_while().await;
        let now = self.clock.now();
        let (fails, broken) = {
            let mut world = self.shared.world();
            let chance = world.faults.certain;
            let fails = world.happens(chance, now);
            (fails, fails && rand::Rng::random_bool(&mut world.rng, 0.2))
        };
        if broken {
            return Err(BotError::Failed("the bot is confused".to_owned()));
        }
        if fails {
            return Err(BotError::Again {
                wait_ms: 300,
                text: "the bot is busy".to_owned(),
            });
        }
        let left = leaving.now(None).await;
        left.map_err(|error| BotError::Again {
            wait_ms: 300,
            text: error.to_string(),
        })?;
        self.shared.may_crash(now).await;
        if let BotEvent::Said(message) = &call.ask.event {
            let heard = (call.conversation, said(&message.content));
            self.shared.world().bots_heard.push(heard);
        }
        let mood = rand::Rng::random_range(&mut self.shared.world().rng, 0..12);
        let survey = call.ask.bot.as_str() == "survey";
        if survey && matches!(call.ask.event, BotEvent::Started(_)) {
            self.shared.world().surveys.push(call.conversation);
        }
        Ok(BotTurn {
            epoch: call.ask.epoch,
            actions: if survey {
                bots::survey_says(&call.ask.event)
            } else {
                bots::faq_says(&call.ask.event, mood)
            },
            state: Some(BotState {
                version: 1,
                bytes: vec![1],
            }),
        })
    }

    async fn bot_receive(
        &self,
        _bot: &BotName,
        _request: &Request,
        _at: Timestamp,
    ) -> Result<BotReception, ReceiveError> {
        Err(ReceiveError::UnknownChannel)
    }

    fn capabilities(&self, _channel: &ChannelName) -> Capabilities {
        Capabilities::default()
    }

    fn state_version(&self, _bot: &BotName) -> Option<u32> {
        Some(1)
    }
}

/// A file of three bytes.
pub(crate) fn some_file() -> Download {
    let mut piece = Some(Ok(vec![0; 3].into()));
    Download {
        name: None,
        content_type: None,
        size: None,
        next: Box::new(move || Box::pin(std::future::ready(piece.take()))),
    }
}

/// Files are slow now and then.
pub(crate) async fn slowly(shared: &Shared, clock: SimClock) {
    let until = {
        let now = clock.now();
        let mut world = shared.world();
        let slow = rand::Rng::random_bool(&mut world.rng, 0.3);
        world.within(now, if slow { 120_000 } else { 500 })
    };
    clock.sleep_until(until).await;
}

/// What a message says.
pub fn said(content: &Content) -> String {
    match content {
        Content::Text(text) => text.clone(),
        Content::Attachment(file) => file.name.clone().unwrap_or_default(),
        Content::Location { .. }
        | Content::Chosen { .. }
        | Content::Described { .. }
        | Content::Unknown(_) => "something else".to_owned(),
    }
}
