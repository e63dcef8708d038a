//! One seed, from start to rest.

use std::sync::{Arc, Mutex, PoisonError};

use rand::Rng;
use tokio::task::JoinSet;
use trunkline_core::event::{EceHappening, Happening, Profile};
use trunkline_core::id::{EceSession, IntegrationName, Timestamp};
use trunkline_core::message::{Attachment, Content};
use trunkline_flow::ports::{
    Clock, DeadLetterId, ReceivedEvent, ReceivedHappening, Request, Scope, StoreError,
};
use trunkline_flow::{Flow, Limits, Ports};

use crate::bots::WANTS_AGENT;
use crate::clock::SimClock;
use crate::configured::{BLIND, CONFIGURATIONS, ECHOING, PROBING, configuration, integration_in};
use crate::ece::SimEce;
use crate::provider::{SimPlugins, address};
use crate::store::{Disk, Flaw, MemoryStore, Tables};
use crate::world::{Doing, Faults, HEALS_AFTER_MS, Phone, START, Shared, World};

/// Everything must be at rest by then, in ms after the start.
const REST_MS: u64 = 8 * 3_600_000;

/// Calls of ports a seed may need; more is a loop that runs hot.
const CALLS_MAX: u64 = 200_000;

/// The flow under test.
type SimFlow = Flow<MemoryStore, SimPlugins, SimEce, SimClock>;

/// What a seed left behind.
pub struct Outcome {
    /// The world at rest.
    pub shared: Shared,
    /// The disk at rest.
    pub disk: Disk,
}

/// How one life of the flow ended.
enum Life {
    Crashed(Timestamp),
    Rest,
    Restless,
}

/// Plays a seed: its own faults, or the ones given; on a store with a flaw, if the checkers are to be tested.
pub fn play(seed: u64, faults: Option<Faults>, flaw: Flaw) -> Outcome {
    let shared = Shared::new(seed, faults);
    let disk: Disk = Arc::new(Mutex::new(Tables::with(flaw)));
    people(&mut shared.world());
    let mut base = START;
    loop {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let life = runtime.block_on(live(&shared, &disk, base));
        match life {
            Life::Crashed(at) => {
                let mut world = shared.world();
                let downtime = world.rng.random_range(0..30_000);
                base = at.plus_ms(downtime);
                let chance = world.faults.jumps;
                if world.happens(chance, base) {
                    world.clock_was_set = true;
                    base = if world.rng.random_bool(0.5) {
                        at.plus_ms(world.rng.random_range(0..600_000))
                    } else {
                        Timestamp(at.0 - world.rng.random_range(0..120_000)).max(START)
                    };
                }
                world.all_again(base);
            }
            Life::Rest => return Outcome { shared, disk },
            Life::Restless => {
                let unfinished = disk
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .unfinished();
                let calls = shared.world().calls;
                let wrong = format!("never came to rest ({calls} calls): {unfinished:?}");
                shared.world().wrong.push(wrong);
                return Outcome { shared, disk };
            }
        }
    }
}

/// Customers and what they will write.
fn people(world: &mut World) {
    let count = world.rng.random_range(1..=3);
    for number in 0..count {
        let channel = [BLIND, PROBING, ECHOING][world.rng.random_range(0..3)];
        let phone = Phone {
            address: format!("n{number}"),
            channel: channel.into(),
            queue: Vec::new(),
            calling: false,
        };
        world.phones.push(phone);
        let mut at = START;
        for message in 0..world.rng.random_range(1..=6) {
            let gap = if world.rng.random_bool(0.5) {
                2_000
            } else {
                HEALS_AFTER_MS / 4
            };
            at = world.within(at, gap);
            let content = say(world, number, message);
            let mut event = written(channel, number, message, content, at);
            let chance = world.faults.leaves;
            if world.happens(chance, at) {
                event.happening = ReceivedHappening::Customer(Happening::Left);
            }
            world.phones[number].queue.push((at, event));
            world.plan(at, Doing::Phone(number));
        }
    }
}

/// No letters: to guess the language of words is the slowest thing here, and another test's matter.
fn say(world: &mut World, number: usize, message: usize) -> Content {
    let chance = world.faults.files;
    if world.happens(chance, START) {
        return Content::Attachment(Attachment {
            reference: "file".to_owned(),
            name: Some(format!("#{number}-{message} 📎")),
            content_type: None,
            size: None,
            caption: None,
        });
    }
    Content::Text(match world.rng.random_range(0..20) {
        0 => "stop".to_owned(),
        1 => "start".to_owned(),
        2..8 => format!("#{number}-{message} {WANTS_AGENT}"),
        _ => format!("#{number}-{message} 👋"),
    })
}

fn written(
    channel: &str,
    number: usize,
    message: usize,
    content: Content,
    at: Timestamp,
) -> ReceivedEvent {
    ReceivedEvent {
        channel: Some(channel.into()),
        account: "ours".to_owned(),
        key: format!("n{number}-m{message}").as_str().into(),
        at,
        customer: vec![address(&format!("n{number}"))],
        readdressed: Vec::new(),
        profile: Profile::default(),
        happening: ReceivedHappening::Customer(Happening::Said(content)),
        reply_to: None,
        part: None,
        // Every fourth has to be completed by its plugin first.
        resolve: (number + message).is_multiple_of(4).then(|| vec![1]),
        peer_changes: Vec::new(),
    }
}

/// One life of the flow, until it crashes or all is at rest.
async fn live(shared: &Shared, disk: &Disk, base: Timestamp) -> Life {
    let clock = SimClock::starting_at(base);
    let store = MemoryStore::new(Arc::clone(disk), shared.clone(), clock);
    let flow = Flow::new(
        Ports {
            plugins: SimPlugins::new(shared.clone(), clock, store.clone()),
            ece: SimEce::new(shared.clone(), clock),
            store,
            clock,
        },
        Arc::new(configuration(shared.world().configuration)),
        Limits::default(),
    );
    let outside = Outside {
        flow,
        shared: shared.clone(),
        clock,
    };
    let mut acts = JoinSet::new();
    acts.spawn(plugin_back(outside.clone(), None));
    let crashed = Arc::clone(&shared.crashed);
    let planned = Arc::clone(&shared.world().planned);
    loop {
        let now = clock.now();
        while let Some((number, doing)) = shared.world().take_due(now) {
            acts.spawn(act(outside.clone(), number, doing));
        }
        while acts.try_join_next().is_some() {}
        if at_rest(shared, disk, now) {
            return Life::Rest;
        }
        if now.ms_since(START) > REST_MS || shared.world().calls > CALLS_MAX {
            return Life::Restless;
        }
        let next = shared.world().schedule.keys().next().map(|(at, _)| *at);
        let poll = now.plus_ms(1_000);
        let next = next.map_or(poll, |next| next.min(poll));
        tokio::select! {
            biased;
            () = crashed.notified() => return Life::Crashed(clock.now()),
            () = planned.notified() => {}
            () = clock.sleep_until(next.max(now.plus_ms(1))) => {}
        }
    }
}

fn at_rest(shared: &Shared, disk: &Disk, now: Timestamp) -> bool {
    let world = shared.world();
    let quiet = now >= world.heals_at && world.schedule.is_empty() && world.doing.is_empty();
    // Nothing tells of these before the customer writes again; a wait for an agent has its own end.
    let over = |id: &EceSession| {
        let session = world.sessions.get(id);
        session.is_some_and(|it| it.assigned && it.read.is_none() && it.is_over(now))
    };
    quiet
        && disk
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .at_rest_but(over)
}

/// The outside, as it calls one life of the flow.
#[derive(Clone)]
struct Outside {
    flow: SimFlow,
    shared: Shared,
    clock: SimClock,
}

async fn act(outside: Outside, number: u64, doing: Doing) {
    match doing {
        Doing::Receipt(channel, event) => {
            let body = serde_json::to_vec(&[*event]).unwrap_or_default();
            let answer = outside.flow.webhook(&channel, request(body)).await;
            outside.finish(number, answer.status == 200, 5_000);
        }
        Doing::Phone(phone) => writes(outside, number, phone).await,
        Doing::Callback(session) => calls_back(outside, number, session).await,
        Doing::PluginBack => plugin_back(outside, Some(number)).await,
        Doing::Replay => replays(outside, number).await,
        Doing::Reload(to) => {
            outside.shared.world().configuration = to;
            outside.flow.set_settings(Arc::new(configuration(to)));
            outside.finish(number, true, 0);
        }
    }
}

/// An operator replays some dead letter that nobody replayed.
async fn replays(outside: Outside, number: u64) {
    let letters: Vec<DeadLetterId> = {
        let tables = outside.flow.store().tables();
        let waiting = tables.dead().filter(|letter| letter.replayed.is_none());
        waiting.map(|letter| letter.id).collect()
    };
    if letters.is_empty() {
        outside.finish(number, true, 0);
        return;
    }
    let letter = {
        let mut world = outside.shared.world();
        world.replayed = true;
        letters[world.rng.random_range(0..letters.len())]
    };
    let done = match outside.flow.replay(letter).await {
        Ok(_) | Err(StoreError::Broken(_)) => true,
        Err(StoreError::Unavailable(_) | StoreError::Stale(_) | StoreError::Full(_)) => false,
    };
    outside.finish(number, done, 2_000);
}

fn request(body: Vec<u8>) -> Request {
    Request {
        method: "POST".to_owned(),
        url: "https://chat.example.com/channels/x".to_owned(),
        path: String::new(),
        query: String::new(),
        headers: Vec::new(),
        body,
    }
}

impl Outside {
    /// It is done, or will be done again within so many ms.
    fn finish(&self, number: u64, done: bool, again_ms: u64) {
        let now = self.clock.now();
        let mut world = self.shared.world();
        if done {
            world.done(number);
        } else {
            let at = world.within(now, again_ms).plus_ms(1);
            world.again(number, at);
        }
    }
}

/// A customer's next message. The provider brings them one after the other.
async fn writes(outside: Outside, number: u64, phone: usize) {
    let now = outside.clock.now();
    let call = {
        let mut world = outside.shared.world();
        outages(&mut world, now);
        let due = &mut world.phones[phone];
        match due.queue.first() {
            None => None,
            Some(_) if due.calling => Some(None),
            Some((at, _)) if *at > now => Some(None),
            Some((_, event)) => {
                let call = (due.channel.clone(), due.address.clone(), event.clone());
                due.calling = true;
                Some(Some(call))
            }
        }
    };
    match call {
        None => outside.finish(number, true, 0),
        Some(None) => outside.finish(number, false, 500),
        Some(Some((channel, address, event))) => {
            remember_said(&outside.shared, &address, &event);
            let body = serde_json::to_vec(&[event]).unwrap_or_default();
            let answer = outside.flow.webhook(&channel, request(body)).await;
            let taken = answer.status == 200;
            let twice = {
                let mut world = outside.shared.world();
                let chance = world.faults.twice;
                let twice = taken && world.happens(chance, now);
                let due = &mut world.phones[phone];
                due.calling = false;
                if taken && !twice {
                    due.queue.remove(0);
                }
                twice
            };
            outside.finish(number, taken && !twice, 4_000);
        }
    }
}

fn remember_said(shared: &Shared, address: &str, event: &ReceivedEvent) {
    let ReceivedHappening::Customer(Happening::Said(content)) = &event.happening else {
        return;
    };
    let text = crate::provider::said(content);
    let mut world = shared.world();
    let said = world.customers_said.entry(address.to_owned()).or_default();
    if !said.contains(&text) {
        said.push(text);
    }
}

/// Now and then somebody pulls a plug.
fn outages(world: &mut World, now: Timestamp) {
    let chance = world.faults.outage;
    if world.happens(chance, now) {
        let until = world.within(now, 120_000);
        world.plugin_gone_until = until;
        world.plan(until, Doing::PluginBack);
    }
    if world.happens(chance, now) {
        world.ece_gone_until = world.within(now, 600_000);
    }
    let chance = world.faults.replays;
    if world.happens(chance, now) {
        let at = world.within(now, 600_000);
        world.plan(at, Doing::Replay);
    }
    let chance = world.faults.reloads;
    if world.happens(chance, now) {
        let at = world.within(now, 60_000);
        let to = world.rng.random_range(0..CONFIGURATIONS);
        world.plan(at, Doing::Reload(to));
    }
}

/// ECE tells the next event of a session, one after the other.
async fn calls_back(outside: Outside, number: u64, id: EceSession) {
    let now = outside.clock.now();
    let call = {
        let mut world = outside.shared.world();
        world.next_callback(&id, now)
    };
    match call {
        Callback::Nothing => outside.finish(number, true, 0),
        Callback::Later => outside.finish(number, false, 500),
        Callback::Event(integration, event) => {
            let into_queue = matches!(event.happening, EceHappening::Transferred(_));
            let taken = outside
                .flow
                .ece_events(&integration, vec![*event], Vec::new())
                .await
                .is_ok();
            let twice = {
                let mut world = outside.shared.world();
                let chance = world.faults.twice;
                let twice = taken && world.happens(chance, now);
                if let Some(session) = world.sessions.get_mut(&id) {
                    session.calling = false;
                    if into_queue && taken && session.read.is_none() {
                        session.read = Some(session.got.len());
                    }
                    if taken && !twice && !session.queue.is_empty() {
                        session.queue.remove(0);
                        session.called = false;
                    }
                }
                twice
            };
            outside.finish(number, taken && !twice, 2_000);
        }
    }
}

enum Callback {
    Nothing,
    Later,
    Event(IntegrationName, Box<trunkline_core::event::EceEvent>),
}

/// What a customer gets of it.
fn said_in(happening: &EceHappening) -> Option<&String> {
    match happening {
        EceHappening::Said { text, .. } => Some(text),
        EceHappening::FileOffered(file) => Some(&file.name),
        EceHappening::Assigned { .. }
        | EceHappening::Transferred(_)
        | EceHappening::PagePushed { .. }
        | EceHappening::FileAccepted { .. }
        | EceHappening::FileRejected { .. }
        | EceHappening::Completed { .. }
        | EceHappening::Unknown { .. } => None,
    }
}

impl World {
    fn next_callback(&mut self, id: &EceSession, now: Timestamp) -> Callback {
        let Some(session) = self.sessions.get_mut(id) else {
            return Callback::Nothing;
        };
        let Some((at, event)) = session.queue.first().cloned() else {
            return Callback::Nothing;
        };
        // It is answered 404 where it calls, and calls again; not for ever.
        let called = session.integration.as_str() == integration_in(self.configuration);
        if !called && now >= self.heals_at {
            session.over = true;
            let never_told = std::mem::take(&mut session.queue);
            let said = self.agents_said.entry(id.clone()).or_default();
            said.retain(|text| {
                let mut never = never_told.iter().map(|(_, event)| &event.happening);
                !never.any(|happening| said_in(happening) == Some(text))
            });
            return Callback::Nothing;
        }
        if session.calling || at > now || !called {
            return Callback::Later;
        }
        session.calling = true;
        session.called = true;
        match &event.happening {
            EceHappening::Assigned { .. } => {
                session.assigned = true;
                session.read = None;
            }
            EceHappening::Completed { .. } => session.over = true,
            EceHappening::Said { text, .. } => {
                session.read = None;
                let said = self.agents_said.entry(id.clone()).or_default();
                if !said.contains(text) {
                    said.push(text.clone());
                }
            }
            EceHappening::FileOffered(file) => {
                session.read = None;
                let said = self.agents_said.entry(id.clone()).or_default();
                if !said.contains(&file.name) {
                    said.push(file.name.clone());
                }
            }
            EceHappening::Transferred(_)
            | EceHappening::PagePushed { .. }
            | EceHappening::FileAccepted { .. }
            | EceHappening::FileRejected { .. }
            | EceHappening::Unknown { .. } => {}
        }
        Callback::Event(session.integration.clone(), Box::new(event))
    }
}

/// The server tells the flow that a plugin became live; also at each start.
async fn plugin_back(outside: Outside, number: Option<u64>) {
    let mut done = true;
    for channel in [BLIND, PROBING, ECHOING] {
        done &= outside
            .flow
            .raw_again(&Scope::Channel(channel.into()))
            .await
            .is_ok();
    }
    match number {
        Some(number) => outside.finish(number, done, 1_000),
        None if done => {}
        None => {
            let at = outside.clock.now().plus_ms(1_000);
            outside.shared.world().plan(at, Doing::PluginBack);
        }
    }
}
