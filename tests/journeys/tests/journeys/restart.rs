//! kill -9: at chosen moments, and at a hundred random ones of which half are in the middle of a
//! plugin swap. What was answered 200 arrives, once and in order: counted from the ledgers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ece_simulator::Outage;
use sms_simulator::{CustomerMessage, SmsSimulator};
use trunkline_harness::count::Count;
use trunkline_harness::host::Host;
use trunkline_harness::world::{PATIENCE, echo};
use trunkline_harness::{World, WorldOptions};

use crate::steps::{bodies, chat, gets, log, seen, texts, world, world_with, writes};

/// A count of the host's status.
fn gauge(status: &serde_json::Value, name: &str) -> Option<u64> {
    let counts = status["counts"].as_array()?;
    let count = counts.iter().find(|count| count["name"] == name)?;
    count["value"].as_u64()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_webhook_and_ece_loses_nothing() {
    let mut world = world().await;
    let customer = "+15550021";
    let session = chat(&world, customer, "before").await;
    world.ece.set_outage(Outage::Refuses);
    for line in ["one", "two", "three"] {
        writes(&world, customer, line).await;
    }
    let three_wait = world.until_status(|status| gauge(status, "waiting_for_ece") == Some(3));
    three_wait.await.expect("operators see what waits");
    world.host.kill().await;
    world.ece.set_outage(Outage::None);
    world.host.start().await.expect("the host starts again");
    seen(&world, "three").await;
    assert_eq!(texts(&world, &session), ["before", "one", "two", "three"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_answers_while_the_host_is_dead_arrives_after_its_restart() {
    let mut world = world().await;
    let customer = "+15550022";
    let session = chat(&world, customer, "before").await;
    let before = bodies(&world, customer).len();
    world.host.kill().await;
    for line in ["one", "two", "three"] {
        world.ece.say(&session, line).expect("Ann has it");
    }
    world.host.start().await.expect("the host starts again");
    gets(&world, customer, "three").await;
    assert_eq!(bodies(&world, customer)[before..], ["one", "two", "three"]);
    writes(&world, customer, "after").await;
    assert_eq!(
        seen(&world, "after").await,
        session,
        "the same chat goes on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_the_provider_keeps_its_answer_sends_nothing_twice() {
    let mut world = world().await;
    let customer = "+15550023";
    let session = chat(&world, customer, "before").await;
    let before = bodies(&world, customer).len();
    let late = sms_simulator::Fault::AnswerLate { ms: 600_000 };
    world.sms.set_fault(late, sms_simulator::Times::Once);
    world.ece.say(&session, "one").expect("Ann has it");
    gets(&world, customer, "one").await;
    world.host.kill().await;
    world.host.start().await.expect("the host starts again");
    world.ece.say(&session, "two").expect("Ann has it");
    gets(&world, customer, "two").await;
    assert_eq!(bodies(&world, customer)[before..], ["one", "two"]);
}

/// The hash of the plugin file that serves SMS.
async fn serving(world: &World) -> String {
    let plugins = world.admin("plugins").await.expect("the host answers");
    let plugins = plugins.as_array().expect("a list");
    let sms = plugins
        .iter()
        .find(|one| one["name"] == "sms" && one["state"] == "live");
    sms.expect("it is live")["hash"]
        .as_str()
        .expect("it was read")
        .to_owned()
}

/// The trace of a customer, once it holds this.
async fn traced(world: &World, customer: &str, what: &str) -> String {
    let path = format!("trace/{}", customer.replace('+', "%2B"));
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let trace = world.admin(&path).await.unwrap_or_default().to_string();
        if trace.contains(what) {
            return trace;
        }
        assert!(tokio::time::Instant::now() < deadline, "{what}: {trace}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_flight_at_a_swap_and_a_kill_ends_on_the_version_it_began_on() {
    let mut world = world().await;
    let customer = "+15550024";
    let session = chat(&world, customer, "before").await;
    let before = bodies(&world, customer).len();
    let old = serving(&world).await;
    // A receipt would tell what became of it, and the plugin would not be asked.
    world
        .sms
        .set_status_callbacks(sms_simulator::StatusCallbacks {
            suppressed: true,
            ..sms_simulator::StatusCallbacks::default()
        });
    let late = sms_simulator::Fault::AnswerLate { ms: 600_000 };
    world.sms.set_fault(late, sms_simulator::Times::Once);
    world.ece.say(&session, "one").expect("Ann has it");
    gets(&world, customer, "one").await;

    let newer = world.another_sms(7).expect("it was built");
    world
        .drop_bytes("sms.wasm", &newer)
        .expect("the folder can be written");
    let swapped = world.until_status(|status| {
        let plugins = status["plugins"].as_array();
        plugins.is_some_and(|all| {
            all.iter().any(|one| {
                one["name"] == "sms" && one["state"] == "live" && one["hash"] != old.as_str()
            })
        })
    });
    swapped.await.expect("the newer one becomes live");
    let new = serving(&world).await;
    world.host.kill().await;
    world.host.start().await.expect("the host starts again");

    let ended_by = |hash: &str| format!("unknown outcome, by plugin file {}", &hash[..12]);
    let trace = traced(&world, customer, "unknown outcome, by plugin file").await;
    assert!(trace.contains(&ended_by(&old)), "{trace}");
    assert!(!trace.contains(&ended_by(&new)), "{trace}");
    assert_eq!(
        serving(&world).await,
        new,
        "the newer one serves all the same"
    );
    world.ece.say(&session, "two").expect("Ann has it");
    gets(&world, customer, "two").await;
    assert_eq!(bodies(&world, customer)[before..], ["one", "two"]);
}

/// How often the host is killed.
const KILLS: usize = 100;
/// Customers who write meanwhile.
const CUSTOMERS: usize = 4;
/// Lines of one customer on their way at once.
const AHEAD: usize = 3;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes: cargo xtask test --all"]
async fn one_hundred_kills_at_random_moments_lose_nothing() {
    let mut random = Random::seeded();
    let mut world = world_with(WorldOptions {
        agents: vec![echo()],
        ..WorldOptions::default()
    })
    .await;
    // A host that starts slowly must not make ECE switch its callback off; that is another story.
    world.ece.change_callback(|callback| {
        callback.failures_max = None;
        callback.backoff_max_ms = 500;
    });
    let swaps = Swaps::of(&world);
    let stop = AtomicBool::new(false);
    let (said, ()) = {
        let (sms, host, stop) = (&world.sms, &mut world.host, &stop);
        let kills = async {
            kill_often(host, &swaps, &mut random).await;
            stop.store(true, Ordering::Relaxed);
        };
        tokio::join!(all_write(sms, stop), kills)
    };
    let tally = Tally::of(&world, &said);
    println!("{tally}");
    assert_eq!(
        (tally.to_agents.lost, tally.to_agents.out_of_order),
        (0, 0),
        "{tally}\n{}",
        log(&world)
    );
    // Each conversation has at most one send in flight when the host dies.
    assert!(
        tally.to_agents.duplicated <= KILLS * CUSTOMERS,
        "a send to ECE whose outcome a kill hid is sent again, no other: {tally}"
    );
    assert_eq!(
        (tally.to_customers.lost, tally.to_customers.out_of_order),
        (0, 0),
        "{tally}\n{}",
        log(&world)
    );
    assert_eq!(tally.more_than_said, 0, "{tally}\n{}", log(&world));
}

/// Kills and starts the host; every second time a plugin swap has just begun.
async fn kill_often(host: &mut Host, swaps: &Swaps, random: &mut Random) {
    for kill in 0..KILLS {
        tokio::time::sleep(random.up_to(700)).await;
        if kill % 2 == 1 {
            swaps.begin(u8::try_from(kill).unwrap_or(u8::MAX));
            tokio::time::sleep(random.up_to(300)).await;
        }
        host.kill().await;
        if let Err(error) = host.start().await {
            panic!("start {} after a kill: {error}", kill + 1);
        }
    }
}

/// Versions of the plugin, copied over the live one.
struct Swaps {
    bytes: Vec<u8>,
    file: PathBuf,
    half: PathBuf,
}

impl Swaps {
    fn of(world: &World) -> Self {
        Self {
            bytes: world.another_sms(0).expect("it was built"),
            file: world.plugins().join("sms.wasm"),
            half: world.folder().join("sms.wasm.half"),
        }
    }

    fn begin(&self, mark: u8) {
        let mut bytes = self.bytes.clone();
        if let Some(last) = bytes.last_mut() {
            *last = mark;
        }
        std::fs::write(&self.half, bytes).expect("the folder can be written");
        std::fs::rename(&self.half, &self.file).expect("the folder can be written");
    }
}

/// What each customer wrote, by number.
type Said = BTreeMap<String, Vec<String>>;

async fn all_write(sms: &SmsSimulator, stop: &AtomicBool) -> Said {
    let number = |index: usize| format!("+1555{:04}", 3000 + index);
    let (first, second, third, fourth) = tokio::join!(
        write(sms, number(0), stop),
        write(sms, number(1), stop),
        write(sms, number(2), stop),
        write(sms, number(3), stop),
    );
    let all: [_; CUSTOMERS] = [first, second, third, fourth];
    all.into_iter().collect()
}

/// One customer: writes a line, sends it again until the host has taken it as a provider does, and is
/// never more than some lines ahead of the echoes. Ends when all have come, or one does not.
async fn write(sms: &SmsSimulator, customer: String, stop: &AtomicBool) -> (String, Vec<String>) {
    let mut lines = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let number = lines.len() + 1;
        let line = format!("line {number} of {customer}");
        let digits = customer.trim_start_matches('+');
        let message = CustomerMessage {
            sid: Some(format!("SM{digits:0>16}{number:016}")),
            ..CustomerMessage::text(&customer, &line)
        };
        while sms.deliver(message.clone()).await.status() != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        lines.push(line);
        if !echoed(sms, &customer, lines.len().saturating_sub(AHEAD)).await {
            break;
        }
    }
    echoed(sms, &customer, lines.len()).await;
    (customer, lines)
}

/// Waits until so many different lines came back; false when patience ends.
async fn echoed(sms: &SmsSimulator, customer: &str, wanted: usize) -> bool {
    let enough = |ledger: &sms_simulator::Ledger| {
        let echoes = ledger.bodies_to(customer).into_iter();
        let echoes = echoes.filter(|body| body.starts_with("echo: "));
        echoes.collect::<std::collections::HashSet<_>>().len() >= wanted
    };
    sms.wait_for(enough, PATIENCE * 2).await.is_ok()
}

/// Both directions of all customers.
struct Tally {
    to_agents: Count,
    to_customers: Count,
    /// Texts that a customer got more often than the agent said them.
    more_than_said: usize,
}

impl Tally {
    fn of(world: &World, said: &Said) -> Self {
        let mut tally = Self {
            to_agents: Count::default(),
            to_customers: Count::default(),
            more_than_said: 0,
        };
        for (customer, lines) in said {
            let echoes: Vec<String> = lines.iter().map(|line| format!("echo: {line}")).collect();
            tally.to_agents = tally.to_agents.and(world.to_agents(customer, lines));
            let got = Count::of(&echoes, &bodies(world, customer));
            tally.to_customers = tally.to_customers.and(got);
            tally.more_than_said += more_than_said(world, customer);
        }
        tally
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            to_agents,
            to_customers,
            more_than_said,
        } = self;
        write!(
            f,
            "customers to agents: {to_agents}; agents to customers: {to_customers}, of which the \
             agent said all but {more_than_said} as often"
        )
    }
}

fn more_than_said(world: &World, customer: &str) -> usize {
    let mut balance: BTreeMap<String, usize> = BTreeMap::new();
    world.ece.with_ledger(|ledger| {
        let sent = ledger.conversations.iter().flat_map(|record| &record.sent);
        for text in sent.filter_map(|sent| sent.content.clone()) {
            *balance.entry(text).or_default() += 1;
        }
    });
    let mut more = 0;
    for body in bodies(world, customer) {
        if !body.starts_with("echo: ") {
            continue;
        }
        match balance.get_mut(&body) {
            Some(left) if *left > 0 => *left -= 1,
            Some(_) | None => more += 1,
        }
    }
    more
}

/// xorshift64*: moments that can be repeated with `TRUNKLINE_SEED`.
struct Random(u64);

impl Random {
    fn seeded() -> Self {
        let given = std::env::var("TRUNKLINE_SEED").ok();
        let since_1970 = std::time::SystemTime::UNIX_EPOCH.elapsed();
        let now = since_1970.map_or(1, |time| time.as_secs() ^ u64::from(time.subsec_nanos()));
        let seed = given.and_then(|text| text.parse().ok()).unwrap_or(now);
        eprintln!("TRUNKLINE_SEED={seed}");
        Self(seed.max(1))
    }

    fn up_to(&mut self, ms: u64) -> Duration {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        Duration::from_millis(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % ms)
    }
}
