//! kill -9, swap, hostile plugin, ECE down: nothing lost, doubled or out of order. Pressed while
//! customers write and an agent answers; counted from the stand-ins' own ledgers.

use std::time::Duration;

use ece_simulator::Outage;

use super::script::{Script, Stop};
use super::traffic::{self, Traffic};
use crate::count::Count;
use crate::world::World;

/// Customers who write at once.
const CUSTOMERS: usize = 4;

/// On so many different calls a plugin traps before it is in quarantine.
const TRAPS: usize = 5;

/// How often the host is killed.
const KILLS: usize = 3;

/// Presses all four.
///
/// # Errors
/// The first step that does not happen.
pub async fn press(world: &mut World, script: &mut Script) -> Result<(), Stop> {
    script.part("Four buttons, pressed while four customers write and an agent answers each line");
    world.ece.set_agent("ann", false, false);
    world.ece.set_agent("bob", false, false);
    world.ece.set_agent("echo", true, true);
    kill(world, script).await?;
    swap(world, script).await?;
    hostile(world, script).await?;
    ece_down(world, script).await
}

async fn kill(world: &mut World, script: &mut Script) -> Result<(), Stop> {
    let traffic = Traffic::start(world, "kill", CUSTOMERS);
    for _ in 0..KILLS {
        flowing(world).await;
        world.host.kill().await;
        script.step(
            "kill -9 the host, and start it again",
            world.host.start().await,
        )?;
    }
    flowing(world).await;
    counted(world, script, traffic, "kill -9", KILLS * CUSTOMERS).await
}

async fn swap(world: &World, script: &mut Script) -> Result<(), Stop> {
    let traffic = Traffic::start(world, "swap", CUSTOMERS);
    for mark in [1, 2] {
        flowing(world).await;
        let bytes = world.another_sms(mark);
        let dropped = bytes.and_then(|bytes| world.drop_bytes("sms.wasm", &bytes));
        script.step(
            "copy another version of the plugin over the live one",
            dropped,
        )?;
        let hash = crate::sha256_of(&world.plugins().join("sms.wasm"));
        let live = world
            .until_status(|status| super::live_hash(status, "sms") == Some(hash.as_str()))
            .await;
        script.step("it is live", live)?;
    }
    flowing(world).await;
    counted(world, script, traffic, "swap", 0).await
}

async fn hostile(world: &World, script: &mut Script) -> Result<(), Stop> {
    let traffic = Traffic::start(world, "hostile", CUSTOMERS);
    flowing(world).await;
    let dropped = world.drop_bytes("hostile.wasm", b"\0asm this is no plugin");
    script.step("drop a file that is no plugin", dropped)?;
    let report = world.plugins().join("hostile.refused.json");
    script.step(
        "it is refused, and a file beside it says why",
        exists(&report).await,
    )?;
    for guest in ["endless-loop", "memory-bomb", "trap"] {
        let dropped = world.drop_in(&world.built.guest(guest));
        script.step(&format!("drop the plugin `{guest}`"), dropped)?;
        let refused = world.until_status(|status| refused_on_trial(status, guest));
        script.step(
            "its first call, a trial, does not end well: it is refused and never serves its channel",
            refused.await,
        )?;
    }
    traps_later(world, script).await?;
    flowing(world).await;
    counted(world, script, traffic, "hostile plugin", 0).await
}

/// One that passes its trial, serves, and then traps on what people write.
async fn traps_later(world: &World, script: &mut Script) -> Result<(), Stop> {
    const GUEST: &str = "trap-on-payload";
    let dropped = world.drop_in(&world.built.guest(GUEST));
    script.step(&format!("drop the plugin `{GUEST}`"), dropped)?;
    script.step("it is live", world.until_live(GUEST).await)?;
    let taken = called(world, GUEST, "m0", "hello").await;
    script.step("it takes a message", taken)?;
    let mut answered = Ok(());
    for key in 1..=TRAPS {
        let call = called(world, GUEST, &format!("m{key}"), "boom").await;
        answered = answered.and(call);
    }
    script.step(
        "it traps on five others; each is answered, because it is kept",
        answered,
    )?;
    let out = world.until_status(|status| state(status, GUEST) == Some("quarantined"));
    script.step("it is in quarantine", out.await)
}

/// A webhook of the guest's channel, which must be answered well.
async fn called(world: &World, guest: &str, key: &str, text: &str) -> Result<(), String> {
    let url = format!("{}/channels/{guest}", world.host.url());
    let body = format!(r#"{{"key":"{key}","from":"anna","text":"{text}"}}"#);
    let answer = crate::world::client().post(url).body(body).send().await;
    let status = answer.map_err(|error| error.to_string())?.status();
    if status == 200 {
        Ok(())
    } else {
        Err(format!("the host answers {status}"))
    }
}

fn refused_on_trial(status: &serde_json::Value, guest: &str) -> bool {
    let why = plugin(status, guest).and_then(|one| one["reason"].as_str());
    state(status, guest) == Some("refused")
        && why.is_some_and(|why| why.contains("its first call failed"))
}

fn state<'a>(status: &'a serde_json::Value, guest: &str) -> Option<&'a str> {
    plugin(status, guest)?["state"].as_str()
}

fn plugin<'a>(status: &'a serde_json::Value, guest: &str) -> Option<&'a serde_json::Value> {
    let file = format!("{guest}.wasm");
    let named = |one: &&serde_json::Value| one["file"].as_str() == Some(&file);
    status["plugins"].as_array()?.iter().find(named)
}

async fn ece_down(world: &World, script: &mut Script) -> Result<(), Stop> {
    let traffic = Traffic::start(world, "down", CUSTOMERS);
    flowing(world).await;
    world.ece.set_outage(Outage::Refuses);
    script.step("take ECE down", Ok::<(), Stop>(()))?;
    received(world, 40).await;
    world.ece.set_outage(Outage::None);
    script.step("forty texts later bring it back", Ok::<(), Stop>(()))?;
    flowing(world).await;
    counted(world, script, traffic, "ECE down", 0).await
}

/// Waits until the host has taken a number of customers' texts from now on.
async fn received(world: &World, more: usize) {
    let before = world.sms.with_ledger(|ledger| ledger.received.len());
    let _ = world
        .sms
        .wait_for(
            |ledger| ledger.received.len() >= before + more,
            crate::world::PATIENCE,
        )
        .await;
}

/// Waits until some answers have come through from now on: the press is in the middle of traffic.
async fn flowing(world: &World) {
    let before = world.sms.with_ledger(|ledger| ledger.messages.len());
    let _ = world
        .sms
        .wait_for(
            |ledger| ledger.messages.len() >= before + 12,
            crate::world::PATIENCE,
        )
        .await;
}

/// Ends the traffic and counts. `cut_off` = how many calls to ECE may have been in flight when the
/// host died: ECE has no message ids, so a call whose answer was lost is made again, by policy.
async fn counted(
    world: &World,
    script: &mut Script,
    traffic: Traffic,
    what: &str,
    cut_off: usize,
) -> Result<(), Stop> {
    let said = traffic.end().await;
    let (to_agents, to_customers) = traffic::settle(world, &said).await;
    let good = |count: Count, again: usize| {
        let Count {
            lost,
            duplicated,
            out_of_order,
            ..
        } = count;
        if lost == 0 && out_of_order == 0 && duplicated <= again {
            Ok(())
        } else {
            Err(count)
        }
    };
    let note = match to_agents.duplicated {
        0 => String::new(),
        _ => format!(
            " (ECE has no message ids: a call cut off by the kill is made again; at most {cut_off})"
        ),
    };
    let line = format!("{what}: customers to agents: {to_agents}{note}");
    script.step(&line, good(to_agents, cut_off))?;
    script.step(
        &format!("{what}: agents to customers: {to_customers}"),
        good(to_customers, 0),
    )
}

/// Waits until the file is there.
async fn exists(path: &std::path::Path) -> Result<(), String> {
    let deadline = tokio::time::Instant::now() + crate::world::PATIENCE;
    while tokio::time::Instant::now() < deadline {
        if path.exists() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(format!("{} does not appear", path.display()))
}
