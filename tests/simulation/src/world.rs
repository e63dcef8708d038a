use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::Notify;
use trunkline_core::event::EceEvent;
use trunkline_core::id::{
    ChannelName, ConversationId, CustomerId, DeliveryId, EceSession, IntegrationName, Timestamp,
};
use trunkline_flow::ports::ReceivedEvent;

/// How badly a seed's outside behaves: chances per call, in thousandths.
#[derive(Debug, Clone)]
pub struct Faults {
    /// A crash at a call of a port.
    pub crash: u32,
    /// Crashes at most.
    pub crashes_max: u32,
    /// The store cannot write.
    pub store: u32,
    /// A call fails, and certainly did nothing.
    pub certain: u32,
    /// A call's outcome is unknown: half of them were taken.
    pub unknown: u32,
    /// Something arrives twice.
    pub twice: u32,
    /// ECE ends a conversation and tells nobody.
    pub silent_end: u32,
    /// No agent comes to a conversation in ECE.
    pub nobody: u32,
    /// A provider took a message and cannot deliver it.
    pub undelivered: u32,
    /// The plugin is gone for a while, or ECE is, at a message.
    pub outage: u32,
    /// The disk takes its time for a write.
    pub slow: u32,
    /// A customer sends a file instead of words.
    pub files: u32,
    /// A customer leaves instead of writing.
    pub leaves: u32,
    /// An agent sends a file instead of words.
    pub agent_files: u32,
    /// An agent transfers the customer to a queue.
    pub transfers: u32,
    /// ECE will never take a message.
    pub refused: u32,
    /// An operator replays a dead letter, at each message.
    pub replays: u32,
    /// An operator changes the configuration, at each message.
    pub reloads: u32,
    /// The clock is set back or forward while the process is down.
    pub jumps: u32,
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self {
            crash: 0,
            crashes_max: 0,
            store: 0,
            certain: 0,
            unknown: 0,
            twice: 0,
            silent_end: 0,
            nobody: 0,
            undelivered: 0,
            outage: 0,
            slow: 0,
            files: 0,
            leaves: 0,
            agent_files: 0,
            transfers: 0,
            refused: 0,
            replays: 0,
            reloads: 0,
            jumps: 0,
        }
    }

    /// A seed picks its own.
    fn pick(rng: &mut StdRng) -> Self {
        let mut upto = |max: u32| {
            if rng.random_bool(0.7) {
                rng.random_range(0..=max)
            } else {
                0
            }
        };
        Self {
            crash: upto(20),
            crashes_max: upto(8),
            store: upto(30),
            certain: upto(150),
            unknown: upto(100),
            twice: upto(200),
            silent_end: upto(300),
            nobody: upto(200),
            undelivered: upto(100),
            outage: upto(100),
            slow: upto(100),
            files: upto(300),
            leaves: upto(80),
            agent_files: upto(400),
            transfers: upto(300),
            refused: upto(80),
            replays: upto(200),
            reloads: upto(150),
            jumps: upto(300),
        }
    }
}

/// Something the outside does at a time; it is done again until the flow has answered that it is on disk.
#[derive(Debug, Clone)]
pub enum Doing {
    /// A provider reports about a message.
    Receipt(ChannelName, Box<ReceivedEvent>),
    /// A customer's next message, if it is due.
    Phone(usize),
    /// ECE calls back: its next event of this session, if it is due.
    Callback(EceSession),
    /// The plugin works again.
    PluginBack,
    /// An operator replays a dead letter.
    Replay,
    /// An operator changes the configuration to this one.
    Reload(usize),
}

/// A customer with a phone.
#[derive(Debug, Clone)]
pub struct Phone {
    /// Their number.
    pub address: String,
    /// Their channel.
    pub channel: ChannelName,
    /// What they will write, in order.
    pub queue: Vec<(Timestamp, ReceivedEvent)>,
    /// The provider is calling us with the first of these.
    pub calling: bool,
}

/// A message as it reached the customer's phone.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// When.
    pub at: Timestamp,
    /// On which channel.
    pub channel: ChannelName,
    /// To which of our customers.
    pub customer: CustomerId,
    /// Which delivery carried it.
    pub delivery: DeliveryId,
    /// What it says.
    pub text: String,
}

/// A conversation in ECE.
#[derive(Debug, Clone)]
pub struct Session {
    /// What it was called when it began.
    pub integration: IntegrationName,
    /// The customer's address.
    pub customer: String,
    /// What it got from the customer, in order.
    pub got: Vec<String>,
    /// Events not called back yet, in order, with their times.
    pub queue: Vec<(Timestamp, EceEvent)>,
    /// ECE is calling us with the first of these.
    pub calling: bool,
    /// ECE has called us with the first of these, and may have to again.
    pub called: bool,
    /// Numbers its events.
    pub events: usize,
    /// The agent closes then.
    pub closes_at: Timestamp,
    /// ECE closes it then, and tells nobody.
    pub silent: bool,
    /// An agent has had it.
    pub assigned: bool,
    /// It is in a queue, and this many of what it got was read before.
    pub read: Option<usize>,
    /// Over, by whomever.
    pub over: bool,
    /// Ended by the flow.
    pub ended: bool,
}

/// What really happened, and what will. Outlives crashes.
#[derive(Debug)]
pub struct World {
    /// Everything random comes from here.
    pub rng: StdRng,
    /// A settle takes so many ms.
    pub slow_settles_ms: Option<u64>,
    /// So many looks at what is due end in a panic of the store: a bug.
    pub bugs_in_looks: u32,
    /// How badly it behaves.
    pub faults: Faults,
    /// From then on everything works.
    pub heals_at: Timestamp,
    /// Crashes so far.
    pub crashes: u32,
    /// When they were.
    pub crashed_at: Vec<Timestamp>,
    /// Calls of ports so far.
    pub calls: u64,
    /// What the outside will do.
    pub schedule: BTreeMap<(Timestamp, u64), Doing>,
    /// What it is doing: begins again after a crash.
    pub doing: BTreeMap<u64, Doing>,
    next: u64,
    /// Rings when something is planned.
    pub planned: Arc<Notify>,
    /// Customers.
    pub phones: Vec<Phone>,
    /// What arrived on phones.
    pub arrived: Vec<Arrived>,
    /// Parts and messages a provider with a memory knows, by delivery and part.
    pub provider_knows: BTreeSet<(DeliveryId, usize)>,
    /// ECE's conversations.
    pub sessions: BTreeMap<EceSession, Session>,
    /// What agents said, by session, in order.
    pub agents_said: BTreeMap<EceSession, Vec<String>>,
    /// What customers said, by address, in order.
    pub customers_said: BTreeMap<String, Vec<String>>,
    /// What bots were told.
    pub bots_heard: Vec<(ConversationId, String)>,
    /// Surveys that began, in order: once a conversation, but for attempts that are made again.
    pub surveys: Vec<ConversationId>,
    /// Messages that a provider took and said that it could not deliver.
    pub undelivered: BTreeSet<DeliveryId>,
    /// Violations seen while they happened.
    pub wrong: Vec<String>,
    /// The plugin does not work until then.
    pub plugin_gone_until: Timestamp,
    /// ECE does not answer until then.
    pub ece_gone_until: Timestamp,
    /// Outcomes that were unknown.
    pub unknown: u64,
    /// Which configuration is in force.
    pub configuration: usize,
    /// An operator replayed something: it comes again, and out of its order.
    pub replayed: bool,
    /// The clock was set: times tell nothing any more.
    pub clock_was_set: bool,
}

/// The world, shared by the ports of all lives, and the bell that a crash rings.
#[derive(Debug, Clone)]
pub struct Shared {
    world: Arc<Mutex<World>>,
    /// Rings at a crash.
    pub crashed: Arc<Notify>,
}

/// Virtual time zero.
pub const START: Timestamp = Timestamp(1_000_000_000);

/// When everything works again, in ms after the start.
pub const HEALS_AFTER_MS: u64 = 20 * 60_000;

impl Shared {
    /// A seed's world; `faults` instead of its own.
    pub fn new(seed: u64, faults: Option<Faults>) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let picked = Faults::pick(&mut rng);
        let world = World {
            rng,
            slow_settles_ms: None,
            bugs_in_looks: 0,
            faults: faults.unwrap_or(picked),
            heals_at: START.plus_ms(HEALS_AFTER_MS),
            crashes: 0,
            crashed_at: Vec::new(),
            calls: 0,
            schedule: BTreeMap::new(),
            doing: BTreeMap::new(),
            next: 0,
            planned: Arc::new(Notify::new()),
            phones: Vec::new(),
            arrived: Vec::new(),
            provider_knows: BTreeSet::new(),
            sessions: BTreeMap::new(),
            agents_said: BTreeMap::new(),
            customers_said: BTreeMap::new(),
            bots_heard: Vec::new(),
            surveys: Vec::new(),
            undelivered: BTreeSet::new(),
            wrong: Vec::new(),
            plugin_gone_until: START,
            ece_gone_until: START,
            unknown: 0,
            configuration: 0,
            replayed: false,
            clock_was_set: false,
        };
        Self {
            world: Arc::new(Mutex::new(world)),
            crashed: Arc::new(Notify::new()),
        }
    }

    /// The world.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place where the process may die: then this never returns, and the bell rings.
    pub async fn may_crash(&self, now: Timestamp) {
        let dies = {
            let mut world = self.world();
            world.calls += 1;
            let chance = world.faults.crash;
            let dies = world.crashes < world.faults.crashes_max && world.happens(chance, now);
            if dies {
                world.crashes += 1;
                world.crashed_at.push(now);
            }
            dies
        };
        if dies {
            self.crashed.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// Whether something of this chance, in thousandths, happens now.
    pub fn happens(&self, chance: u32, now: Timestamp) -> bool {
        self.world().happens(chance, now)
    }
}

impl Session {
    /// What an agent has read of what it got.
    pub fn read(&self) -> &[String] {
        let read = self.read.unwrap_or(self.got.len()).min(self.got.len());
        if self.assigned {
            &self.got[..read]
        } else {
            &[]
        }
    }

    /// Whether it is over, whoever knows.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.over || (self.silent && now >= self.closes_at)
    }
}

impl World {
    /// Whether something of this chance, in thousandths, happens now; nothing does once the world has healed.
    pub fn happens(&mut self, chance: u32, now: Timestamp) -> bool {
        chance > 0 && now < self.heals_at && self.rng.random_range(0..1_000) < chance
    }

    /// The outside will do this.
    pub fn plan(&mut self, at: Timestamp, doing: Doing) {
        self.next += 1;
        self.schedule.insert((at, self.next), doing);
        self.planned.notify_one();
    }

    /// A time from now, up to so many ms.
    pub fn within(&mut self, now: Timestamp, ms: u64) -> Timestamp {
        let wait = self.rng.random_range(0..=ms);
        now.plus_ms(wait)
    }

    /// What is due; it counts as being done until `done` or `again`.
    pub fn take_due(&mut self, now: Timestamp) -> Option<(u64, Doing)> {
        let entry = self.schedule.first_entry().filter(|e| e.key().0 <= now)?;
        let ((_, number), doing) = entry.remove_entry();
        self.doing.insert(number, doing.clone());
        Some((number, doing))
    }

    /// It is done.
    pub fn done(&mut self, number: u64) {
        self.doing.remove(&number);
    }

    /// It failed, and is done again then.
    pub fn again(&mut self, number: u64, at: Timestamp) {
        if let Some(doing) = self.doing.remove(&number) {
            self.schedule.insert((at, number), doing);
        }
    }

    /// After a crash nobody answered: the outside does it all again.
    pub fn all_again(&mut self, at: Timestamp) {
        let numbers: Vec<u64> = self.doing.keys().copied().collect();
        for number in numbers {
            self.again(number, at);
        }
        for phone in &mut self.phones {
            phone.calling = false;
        }
        for session in self.sessions.values_mut() {
            session.calling = false;
        }
    }
}
