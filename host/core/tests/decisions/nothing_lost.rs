//! Whatever happens in whatever order: nothing panics, nothing the customer said is lost, nothing
//! goes to ECE before it started or to a customer who opted out, and nothing is left behind.
//!
//! Long, for it plays all the others (ECE, bots, files, the clock) and judges what comes out.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use trunkline_core::conversation::Conversation;
use trunkline_core::effect::{AskBot, Author, Effect, Payload};
use trunkline_core::event::*;
use trunkline_core::id::*;
use trunkline_core::message::Content;
use trunkline_core::settings::{Policy, Stage};
use trunkline_core::taken::forget_taken;

use crate::world::*;

/// One thing that may happen; numbers point into what is outstanding.
#[derive(Debug, Clone, Copy)]
enum Happens {
    Says,
    SendsFile,
    Edits,
    OptsOut,
    OptsIn,
    Leaves,
    Answers(bool),
    Report(usize, Answer),
    RandomReport(u32, u32, Answer),
    Ece(usize, u8),
    Timer(usize),
    Wait(u16),
    /// ECE has taken what it was not asked about any more.
    Took,
    /// An operator changes the configuration.
    Reload(u8),
    Callback,
    NotDelivered(usize),
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Well,
    No,
    Failed,
    Gone,
}

fn happens() -> impl Strategy<Value = Happens> {
    let answer = || {
        prop_oneof![
            6 => Just(Answer::Well),
            1 => Just(Answer::No),
            1 => Just(Answer::Failed),
            1 => Just(Answer::Gone)
        ]
    };
    prop_oneof![
        6 => Just(Happens::Says),
        2 => Just(Happens::SendsFile),
        1 => Just(Happens::Edits),
        1 => Just(Happens::OptsOut),
        1 => Just(Happens::OptsIn),
        1 => Just(Happens::Leaves),
        1 => any::<bool>().prop_map(Happens::Answers),
        12 => (0..4_usize, answer()).prop_map(|(which, answer)| Happens::Report(which, answer)),
        1 => (0..4_u32, 0..20_u32, answer()).prop_map(|(c, n, a)| Happens::RandomReport(c, n, a)),
        6 => (0..3_usize, any::<u8>()).prop_map(|(session, what)| Happens::Ece(session, what)),
        2 => (0..4_usize).prop_map(Happens::Timer),
        2 => any::<u16>().prop_map(Happens::Wait),
        4 => Just(Happens::Took),
        1 => any::<u8>().prop_map(Happens::Reload),
        1 => Just(Happens::Callback),
        1 => any::<usize>().prop_map(Happens::NotDelivered),
    ]
}

/// What the test itself knows: what was asked and not answered, which sessions ECE has.
struct Outside {
    world: World,
    outstanding: Vec<(DeliveryId, Payload)>,
    sessions: Vec<EceSession>,
    /// Sessions that ECE does not have any more, or was told to end.
    ended: BTreeSet<EceSession>,
    /// Deliveries that found their session gone: what they carried has to turn up elsewhere.
    gone: BTreeSet<DeliveryId>,
    running: BTreeSet<TimerName>,
    seen: usize,
    said: Vec<String>,
    last_number: BTreeMap<ConversationId, u32>,
}

impl Outside {
    fn new(world: World) -> Self {
        Self {
            world,
            outstanding: Vec::new(),
            sessions: Vec::new(),
            ended: BTreeSet::new(),
            gone: BTreeSet::new(),
            running: BTreeSet::new(),
            seen: 0,
            said: Vec::new(),
            last_number: BTreeMap::new(),
        }
    }

    fn run(&mut self, happens: Happens) {
        let was_out = self.world.customer.opted_out;
        let before = self.seen;
        self.carry_out(happens);
        self.look();
        if was_out && self.world.customer.opted_out {
            let new = &self.world.everything[before..];
            assert!(
                !new.iter().any(speaks_to_customer),
                "they opted out: {new:?}"
            );
        }
        self.assert_nothing_lost();
    }

    fn carry_out(&mut self, happens: Happens) {
        match happens {
            Happens::Says => self.say(),
            Happens::SendsFile => self.send_file(),
            Happens::Edits => {
                let content = Content::Text("edit".into());
                let key = "m1".into();
                self.world.does(Happening::Edited { key, content });
            }
            Happens::OptsOut => {
                self.world.does(Happening::OptedOut { confirmed: false });
            }
            Happens::OptsIn => {
                self.world.does(Happening::OptedIn);
            }
            Happens::Leaves => {
                self.world.does(Happening::Left);
            }
            Happens::Answers(accepted) => {
                let delivery = None;
                self.world
                    .does(Happening::FileAnswer { delivery, accepted });
            }
            Happens::Report(which, answer) => self.report(which, answer),
            Happens::RandomReport(conversation, number, answer) => {
                self.random_report(conversation, number, answer);
            }
            Happens::Ece(session, what) => self.ece(session, what),
            Happens::Timer(which) => self.timer(which),
            Happens::Wait(ms) => {
                self.world.after_ms(u64::from(ms));
            }
            Happens::Took => self.took(),
            Happens::Reload(to) => reconfigure(&mut self.world, to),
            Happens::Callback => self.call_back(),
            Happens::NotDelivered(which) => self.not_delivered(which),
        }
    }

    fn say(&mut self) {
        let token = format!("t{}.", self.said.len());
        self.world.says(&token);
        self.said.push(token);
    }

    fn send_file(&mut self) {
        let token = format!("t{}.", self.said.len());
        self.world.sends(photo("p", Some(&token)));
        self.said.push(token);
    }

    fn report(&mut self, which: usize, answer: Answer) {
        if self.outstanding.is_empty() {
            return;
        }
        let (id, payload) = self.outstanding.remove(which % self.outstanding.len());
        let outcome = outcome(&payload, answer, self.sessions.len());
        match (&outcome, &payload) {
            (Outcome::Started { session, .. }, _) => self.sessions.push(session.clone()),
            (Outcome::SessionGone, Payload::ToEce { session, .. }) => {
                self.ended.insert(session.clone());
                self.gone.insert(id);
            }
            _ => {}
        }
        self.world
            .report_for(id.conversation.number, id.number, outcome);
    }

    /// A report that nobody asked for.
    fn random_report(&mut self, conversation: u32, number: u32, answer: Answer) {
        let outcome = match answer {
            Answer::Well | Answer::Gone => Outcome::Taken,
            Answer::No => Outcome::FileFailed("x".into()),
            Answer::Failed => Outcome::BotFailed("x".into()),
        };
        self.world.report_for(conversation, number, outcome);
    }

    fn ece(&mut self, session: usize, what: u8) {
        let Some(session) = self.sessions.iter().rev().nth(session).cloned() else {
            return;
        };
        let happening = match what % 8 {
            0 | 1 => assigned(if what > 100 { "Ann" } else { "Bob" }),
            2 => agent_says("hello"),
            3 => EceHappening::Transferred(Transfer::Queue(None)),
            4 => EceHappening::FileOffered(remote("map.png")),
            5 => completed(),
            6 => EceHappening::PagePushed {
                url: "https://example.com".into(),
            },
            _ => EceHappening::FileAccepted { name: None },
        };
        if happening == completed() {
            self.ended.insert(session.clone());
        }
        self.world.ece(session.as_str(), happening);
    }

    /// As flow tells it: below the first delivery into ECE that is not settled.
    fn took(&mut self) {
        let Some(talk) = &self.world.customer.open else {
            return;
        };
        let (id, counted) = (talk.id, talk.deliveries);
        let into_ece = |payload: &Payload| {
            matches!(
                payload,
                Payload::OpenEce(_) | Payload::ToEce { .. } | Payload::EndEce { .. }
            )
        };
        let mine = self.outstanding.iter();
        let mine =
            mine.filter(|(delivery, payload)| delivery.conversation == id && into_ece(payload));
        let below = mine.map(|(delivery, _)| delivery.number).min();
        forget_taken(&mut self.world.customer, id, below.unwrap_or(counted + 1));
    }

    fn call_back(&mut self) {
        let Some(talk) = &self.world.customer.open else {
            return;
        };
        let callback = Event::BotCallback {
            conversation: talk.id,
            epoch: talk.epoch,
            bytes: vec![1],
        };
        self.world.act(callback);
    }

    /// The provider says so of something that it was given, or was not.
    fn not_delivered(&mut self, which: usize) {
        let mut ids = Vec::new();
        for effect in &self.world.everything {
            if let Effect::Deliver(delivery) = effect
                && matches!(delivery.payload, Payload::ToCustomer(_))
            {
                ids.push(delivery.id);
            }
        }
        if ids.is_empty() {
            return;
        }
        self.world.act(Event::Receipt(Receipt {
            delivery: DeliveryName::Gone(ids[which % ids.len()]),
            state: ReceiptState::Failed,
            detail: None,
            opted_out: false,
            at: self.world.now,
        }));
    }

    fn timer(&mut self, which: usize) {
        let Some(name) = self.running.iter().nth(which).cloned() else {
            return;
        };
        let talk = self.world.customer.open.as_ref();
        let at = talk.and_then(|talk| talk.timers.get(&name).copied());
        let at = at.expect("a timer runs that the conversation does not know");
        self.world.now = self.world.now.max(at);
        self.running.remove(&name);
        self.world.timer(name.as_str());
    }

    /// Takes note of each new effect, and checks it.
    fn look(&mut self) {
        for effect in &self.world.everything[self.seen..] {
            match effect {
                Effect::Deliver(delivery) => {
                    let last = self
                        .last_number
                        .entry(delivery.id.conversation)
                        .or_default();
                    assert_eq!(delivery.id.number, *last + 1, "numbers have no gap");
                    *last = delivery.id.number;
                    if let Payload::ToEce { session, .. } = &delivery.payload {
                        assert!(self.sessions.contains(session), "{session} has not started");
                    }
                    if let Payload::EndEce { session, .. } = &delivery.payload {
                        assert!(self.sessions.contains(session), "{session} has not started");
                        self.ended.insert(session.clone());
                    }
                    self.outstanding
                        .push((delivery.id, delivery.payload.clone()));
                }
                Effect::SetTimer { name, .. } => drop(self.running.insert(name.clone())),
                Effect::CancelTimer { name } => drop(self.running.remove(name)),
                // What is too old to be remembered is a dead letter that names the delivery.
                Effect::Undeliverable { key, .. } => {
                    self.gone
                        .retain(|delivery| delivery.to_string() != key.as_str());
                }
                Effect::CancelToCustomer { .. }
                | Effect::NotDelivered { .. }
                | Effect::Signal(_)
                | Effect::Note { .. } => {}
            }
        }
        self.seen = self.world.everything.len();
    }

    /// Each message is with somebody, waits, or is a dead letter.
    fn assert_nothing_lost(&self) {
        let effects = self.world.everything.iter();
        let reached: String = effects
            .filter(|effect| self.reaches_somebody(effect))
            .map(|effect| format!("{effect:?}\n"))
            .collect();
        let waiting = self
            .world
            .customer
            .open
            .as_ref()
            .map(waiting)
            .unwrap_or_default();
        let lost = |token: &&String| !reached.contains(*token) && !waiting.contains(*token);
        let lost: Vec<_> = self.said.iter().filter(lost).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
    }

    fn reaches_somebody(&self, effect: &Effect) -> bool {
        match effect {
            Effect::Undeliverable { .. } => true,
            Effect::Deliver(delivery) if self.gone.contains(&delivery.id) => false,
            Effect::Deliver(delivery) => reads_customer(&delivery.payload),
            Effect::CancelToCustomer { .. }
            | Effect::NotDelivered { .. }
            | Effect::SetTimer { .. }
            | Effect::CancelTimer { .. }
            | Effect::Signal(_)
            | Effect::Note { .. } => false,
        }
    }

    /// The customer leaves and all openings are answered: nothing may be left behind.
    fn close(&mut self) {
        self.run(Happens::Leaves);
        assert!(self.world.customer.open.is_none());
        assert!(
            self.running.is_empty(),
            "timers outlive it: {:?}",
            self.running
        );
        let is_opening =
            |(_, payload): &(DeliveryId, Payload)| matches!(payload, Payload::OpenEce(_));
        while let Some(opening) = self.outstanding.iter().position(is_opening) {
            let (id, _) = self.outstanding.remove(opening);
            let session = EceSession(format!("s{}", self.sessions.len()));
            self.sessions.push(session.clone());
            let integration = Some("acme".into());
            let outcome = Outcome::Started {
                integration,
                session,
            };
            self.world
                .report_for(id.conversation.number, id.number, outcome);
            self.look();
        }
        let left = self
            .sessions
            .iter()
            .filter(|session| !self.ended.contains(*session));
        let left: Vec<_> = left.collect();
        assert!(left.is_empty(), "still open in ECE: {left:?}");
    }
}

/// What waits in the conversation; not what is remembered for other reasons.
fn waiting(talk: &Conversation) -> String {
    let queue = talk.desk().map(|desk| &desk.queue);
    format!("{:?} {:?} {queue:?}", talk.arriving, talk.held)
}

fn speaks_to_customer(effect: &Effect) -> bool {
    let Effect::Deliver(delivery) = effect else {
        return false;
    };
    // What an agent says is committed, to die as a delivery before it leaves.
    matches!(&delivery.payload, Payload::ToCustomer(message)
        if !message.despite_opt_out && message.author != Author::Agent)
}

/// ECE's agents or a bot get it as the customer's words.
fn reads_customer(payload: &Payload) -> bool {
    match payload {
        Payload::ToEce { .. } => true,
        Payload::AskBot(ask) => matches!(ask.event, BotEvent::Said(_)),
        Payload::ToCustomer(_)
        | Payload::OpenEce(_)
        | Payload::EndEce { .. }
        | Payload::FetchFromCustomer { .. }
        | Payload::FetchFromEce { .. } => false,
    }
}

fn outcome(payload: &Payload, answer: Answer, name: usize) -> Outcome {
    if let Answer::Failed = answer {
        return failed("x");
    }
    let well = matches!(answer, Answer::Well);
    match payload {
        Payload::OpenEce(_) if well => Outcome::Started {
            integration: Some("acme".into()),
            session: EceSession(format!("s{name}")),
        },
        Payload::OpenEce(_) => Outcome::Unavailable(Unavailable::NoAgents),
        Payload::AskBot(ask) => bot_outcome(ask, answer),
        Payload::FetchFromCustomer { .. } | Payload::FetchFromEce { .. } if well => {
            Outcome::FileReady(stored("file"))
        }
        Payload::FetchFromCustomer { .. } | Payload::FetchFromEce { .. } => {
            Outcome::FileFailed("x".into())
        }
        Payload::ToEce { .. } if !well => Outcome::SessionGone,
        Payload::ToEce { .. } | Payload::ToCustomer(_) | Payload::EndEce { .. } => Outcome::Taken,
    }
}

fn bot_outcome(ask: &AskBot, answer: Answer) -> Outcome {
    let said = ask.context.history.len();
    match answer {
        Answer::Well => Outcome::BotAnswered(turn(ask, vec![say("hi")])),
        Answer::Gone => Outcome::BotAnswered(turn(ask, some_actions(said))),
        Answer::No | Answer::Failed => Outcome::BotFailed("x".into()),
    }
}

fn turn(ask: &AskBot, actions: Vec<BotAction>) -> BotTurn {
    BotTurn {
        epoch: ask.epoch,
        actions,
        state: None,
    }
}

fn some_actions(which: usize) -> Vec<BotAction> {
    let (url, name) = ("https://example.com".into(), "f".into());
    let file = BotAction::FileByUrl { url, name };
    match which % 6 {
        0 => vec![BotAction::Done],
        1 => vec![say("a"), file, offer(), say("b")],
        2 => vec![offer(), file, BotAction::Again(vec![1])],
        3 => vec![
            BotAction::Wake {
                name: "w".into(),
                after_ms: 10,
            },
            offer(),
        ],
        4 => vec![offer(), BotAction::Done],
        _ => vec![BotAction::Close],
    }
}

/// Names come and go, stages change places.
fn reconfigure(world: &mut World, to: u8) {
    let stages = match to % 5 {
        0 => vec![ece_stage()],
        1 => vec![bot_stage("faq"), ece_stage(), bot_stage("csat")],
        2 => vec![ece_stage(), bot_stage("faq")],
        3 => vec![bot_stage("other"), bot_stage("faq"), ece_stage()],
        _ => vec![bot_stage("faq")],
    };
    let (journey, integration) = if to.is_multiple_of(2) {
        ("support", "acme")
    } else {
        ("renamed", "elsewhere")
    };
    let mut journeys = std::mem::take(&mut world.settings.journeys).into_values();
    let mut found = journeys.next().expect("there is one");
    found.stages = stages;
    for stage in &mut found.stages {
        if let Stage::Ece(stage) = stage {
            stage.integration = integration.into();
        }
    }
    world.settings.journeys = [(journey.into(), found)].into();
    let mut integrations = std::mem::take(&mut world.settings.integrations).into_values();
    let ece = integrations.next().expect("there is one");
    world.settings.integrations = [(integration.into(), ece)].into();
    world.settings.rules = vec![rule("all", None, journey)];
}

fn world(which: u8) -> World {
    let mut world = match which {
        0 => World::agents(),
        1 => World::bot_agents_survey(),
        2 => World::with(vec![bot_stage("faq"), ece_stage()]),
        _ => World::with(vec![ece_stage(), bot_stage("csat"), ece_stage()]),
    };
    world.settings.rules = vec![rule("all", None, "support")];
    world.policies().hold_ms = 20_000;
    world.policies().then = match which {
        0 => Policy::EntryPoint("support-es".into()),
        1 => Policy::Back,
        2 => Policy::Discard,
        _ => Policy::Close,
    };
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_customer_message_is_lost_in_any_order_of_events(
        which in 0..4_u8,
        events in prop::collection::vec(happens(), 1..80),
    ) {
        let mut outside = Outside::new(world(which));
        for event in events {
            outside.run(event);
        }
        outside.close();
    }
}
