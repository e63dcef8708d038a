//! Customers who write, and what they said.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sms_simulator::CustomerMessage;

use crate::count::Count;
use crate::world::{PATIENCE, World};

/// Some customers, each writing a numbered line at a time, until told to stop.
pub struct Traffic {
    stop: Arc<AtomicBool>,
    customers: Vec<(String, tokio::task::JoinHandle<Vec<String>>)>,
}

/// One customer's lines.
#[derive(Debug, Clone)]
pub struct Said {
    /// The number.
    pub customer: String,
    /// In order.
    pub lines: Vec<String>,
}

impl Traffic {
    /// Starts `count` customers; `mark` tells this traffic's lines from others.
    pub fn start(world: &World, mark: &str, count: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let sender = world.sms.customers();
        let customers = (0..count)
            .map(|number| {
                let customer = format!("+1555{:04}", 1000 + number);
                let writing = write(
                    sender.clone(),
                    customer.clone(),
                    mark.to_owned(),
                    stop.clone(),
                );
                (customer, tokio::spawn(writing))
            })
            .collect();
        Self { stop, customers }
    }

    /// Ends it and gives what was said.
    ///
    /// # Panics
    /// A writing task panicked.
    pub async fn end(self) -> Vec<Said> {
        self.stop.store(true, Ordering::Relaxed);
        let mut said = Vec::new();
        for (customer, task) in self.customers {
            said.push(Said {
                customer,
                lines: task.await.expect("customers do not panic"),
            });
        }
        said
    }
}

/// Writes a line, sends it again until the host has taken it as a provider does, then the next.
async fn write(
    sender: sms_simulator::Customers,
    customer: String,
    mark: String,
    stop: Arc<AtomicBool>,
) -> Vec<String> {
    let mut lines = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let line = format!("{mark} line {} of {customer}", lines.len() + 1);
        let sid = format!("SM{:032x}", hash(&line));
        let message = CustomerMessage {
            sid: Some(sid),
            ..CustomerMessage::text(&customer, &line)
        };
        while !(200..300).contains(&sender.deliver(message.clone()).await.status()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        lines.push(line);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    lines
}

/// FNV-1a: the same line has the same provider id on every attempt.
fn hash(line: &str) -> u64 {
    line.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Waits until every echo of what was said has reached its customer or patience ends, then counts
/// both directions from the ledgers.
pub async fn settle(world: &World, said: &[Said]) -> (Count, Count) {
    let echoes = |said: &Said| -> Vec<String> {
        said.lines
            .iter()
            .map(|line| format!("echo: {line}"))
            .collect()
    };
    let wanted: Vec<(String, Vec<String>)> = said
        .iter()
        .map(|said| (said.customer.clone(), echoes(said)))
        .collect();
    // A loss shows in the counts, so the outcome of the waiting itself does not matter.
    let _ = world
        .sms
        .wait_for(
            |ledger| {
                wanted
                    .iter()
                    .all(|(customer, echoes)| arrived(ledger, customer, echoes))
            },
            PATIENCE,
        )
        .await;
    // A line that went to ECE twice is echoed twice, and the second echo may still be on its way.
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let counts = counted(world, said);
        if counts.1.lost == 0 || tokio::time::Instant::now() > deadline {
            return counts;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn counted(world: &World, said: &[Said]) -> (Count, Count) {
    let mut in_both = (Count::default(), Count::default());
    for said in said {
        in_both.0 = in_both.0.and(world.to_agents(&said.customer, &said.lines));
        let of_this = |text: &str| said.lines.iter().any(|line| text.ends_with(line.as_str()));
        in_both.1 = in_both.1.and(world.to_customer(&said.customer, of_this));
    }
    in_both
}

fn arrived(ledger: &sms_simulator::Ledger, customer: &str, wanted: &[String]) -> bool {
    let bodies: std::collections::HashSet<&str> = ledger.bodies_to(customer).into_iter().collect();
    wanted.iter().all(|line| bodies.contains(line.as_str()))
}
