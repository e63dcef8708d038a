//! How many messages a second the store carries: for each message *accept*, *step* (with one delivery),
//! *leave* and *settle*, all durable, and the read between accept and step that tells what to consume.
//!
//! `store_rate [--messages N] [--callers N] [--customers N] [--dir DIR]` prints one line of JSON. Without
//! `--dir` a temporary folder is used and removed. Put the folder on the disk in question.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::task::JoinSet;
use trunkline_core::customer::Customer;
use trunkline_core::effect::{Delivery, EceMessage, Payload};
use trunkline_core::event::{ChannelEvent, Event, Happening, Profile};
use trunkline_core::id::{
    ChannelName, ConversationId, CustomerId, DeliveryId, EceSession, EventKey, IntegrationName,
    Timestamp,
};
use trunkline_core::message::{Address, Content};
use trunkline_flow::ports::{
    Accept, Incoming, Scope, Settle, Settled, Step, Store, StoreError, Target,
};
use trunkline_store::{Options, SqliteStore};

const USAGE: &str = "store_rate [--messages N] [--callers N] [--customers N] [--dir DIR]";

const AT: Timestamp = Timestamp(1_770_000_000_000);

struct Arguments {
    messages: usize,
    callers: usize,
    customers: usize,
    dir: Option<PathBuf>,
}

fn arguments() -> Option<Arguments> {
    let mut read = Arguments {
        messages: 40_000,
        callers: 64,
        customers: 1_000,
        dir: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next()?;
        match word.as_str() {
            "--messages" => read.messages = value.parse().ok()?,
            "--callers" => read.callers = value.parse().ok().filter(|callers| *callers > 0)?,
            "--customers" => read.customers = value.parse().ok()?,
            "--dir" => read.dir = Some(value.into()),
            _ => return None,
        }
    }
    // Each caller has customers of its own, as each customer has one owner.
    read.customers = read.customers.max(read.callers);
    Some(read)
}

#[expect(clippy::print_stdout, reason = "a program with one line of output")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments().ok_or(USAGE)?;
    let temporary = tempfile::tempdir()?;
    let dir = arguments.dir.as_deref().unwrap_or(temporary.path());
    let options = Options::new(dir.join("files"));
    let store = Arc::new(SqliteStore::open(dir.join("rate.db"), options)?);
    let runtime = tokio::runtime::Runtime::new()?;
    let seconds = runtime.block_on(run(&store, &arguments))?;
    let rate = arguments.messages as f64 / seconds;
    println!(
        "{{\"messages_per_s\":{rate:.0},\"messages\":{},\"callers\":{},\"customers\":{},\"seconds\":{seconds:.3}}}",
        arguments.messages, arguments.callers, arguments.customers
    );
    Ok(())
}

/// Gives the seconds it took.
async fn run(
    store: &Arc<SqliteStore>,
    arguments: &Arguments,
) -> Result<f64, Box<dyn std::error::Error>> {
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..arguments.callers {
        let of_caller = arguments.customers.div_ceil(arguments.callers);
        let customers = (0..of_caller)
            .map(|number| caller * of_caller + number)
            .collect();
        let (store, next, last) = (Arc::clone(store), Arc::clone(&next), arguments.messages);
        callers.spawn(async move { carry(&store, customers, &next, last).await });
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// What one owner holds in memory of a customer.
#[derive(Clone)]
struct Owned {
    number: usize,
    revision: u64,
}

async fn carry(
    store: &SqliteStore,
    customers: Vec<usize>,
    next: &AtomicUsize,
    last: usize,
) -> Result<(), StoreError> {
    let mut owned: Vec<Owned> = customers
        .into_iter()
        .map(|number| Owned {
            number,
            revision: 0,
        })
        .collect();
    for turn in 0.. {
        let message = next.fetch_add(1, Ordering::Relaxed);
        if message >= last {
            break;
        }
        let at = turn % owned.len();
        one_message(store, &mut owned[at], message).await?;
    }
    Ok(())
}

async fn one_message(
    store: &SqliteStore,
    owned: &mut Owned,
    message: usize,
) -> Result<(), StoreError> {
    let accepted = store.accept(webhook(owned.number, message)).await?;
    let Some(customer) = accepted.customers.first().copied() else {
        return Err(StoreError::Broken("a new message was dropped".to_owned()));
    };
    let news = store.news(customer, 100).await?;
    let delivery = to_ece(customer, owned.revision);
    let id = delivery.id;
    let rows = news.inbox.iter().map(|event| event.row).collect();
    let step = step(customer, owned.revision, rows, delivery);
    owned.revision = store.step(step).await?.revision;
    store.leave(id, None, AT).await?;
    store.settle(sent(id)).await?;
    Ok(())
}

fn webhook(customer: usize, message: usize) -> Accept {
    let channel = ChannelName::from("acme-sms");
    let key = format!("SM{message:032x}");
    let from = Address {
        kind: "phone".to_owned(),
        value: format!("+1555{customer:07}"),
    };
    Accept {
        events: vec![Incoming {
            scope: Scope::Channel(channel.clone()),
            key: key.clone(),
            target: Target::Addresses(channel, vec![from]),
            event: Event::Channel(ChannelEvent {
                key: EventKey(key),
                at: AT,
                profile: Profile::default(),
                happening: Happening::Said(Content::Text(
                    "Where is my order? It should have come on Monday.".to_owned(),
                )),
                reply_to: None,
            }),
            peer_changes: Vec::new(),
            resolve: None,
            part: None,
        }],
        at: AT,
        ..Accept::default()
    }
}

fn to_ece(customer: CustomerId, revision: u64) -> Delivery {
    let conversation = ConversationId {
        customer,
        number: 1,
    };
    Delivery {
        id: DeliveryId {
            conversation,
            number: u32::try_from(revision).unwrap_or(u32::MAX),
        },
        payload: Payload::ToEce {
            integration: IntegrationName::from("acme"),
            session: EceSession(format!("session-{customer}")),
            message: EceMessage::Text(
                "Where is my order? It should have come on Monday.".to_owned(),
            ),
        },
    }
}

fn step(customer: CustomerId, revision: u64, rows: Vec<i64>, delivery: Delivery) -> Step {
    let mut state = Customer::new(customer, ChannelName::from("acme-sms"));
    state.conversations = 1;
    state.profile = Profile {
        name: Some("Robin Example".to_owned()),
        locale: Some("en".to_owned()),
        attributes: vec![("sms.number".to_owned(), "+15550100".to_owned())],
    };
    Step {
        customer: state,
        revision,
        consumed: rows,
        deliveries: vec![delivery],
        cancelled: Vec::new(),
        settled: Vec::new(),
        told: Vec::new(),
        failed: Vec::new(),
        timers: Vec::new(),
        dead: Vec::new(),
        trace: Vec::new(),
        at: AT,
    }
}

fn sent(id: DeliveryId) -> Settle {
    Settle {
        delivery: id,
        outcome: Settled::Done,
        attempts: 1,
        version: None,
        provider_ids: Vec::new(),
        session: None,
        event: None,
        peer_changes: Vec::new(),
        pushed: None,
        note: "taken".to_owned(),
        at: AT,
    }
}
