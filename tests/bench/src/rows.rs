//! One row for each thing that carries messages: started, warmed up, loaded, stopped.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ece_simulator::{AgentConfig, EceConfig, EceSimulator, EntryPointConfig};
use tokio::process::Command;
use trunkline_harness::built::Built;
use trunkline_harness::host::free_port;
use trunkline_harness::{World, WorldOptions};

use crate::Failed;
use crate::load::{Amount, Load, Shown};
use crate::process::{cpu_us, serve};
use crate::sessions::Sessions;

/// How long what follows the warm-up (greetings to the customers) may take.
const SETTLING: Duration = Duration::from_secs(20);

/// What all rows have in common.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) connections: usize,
    pub(crate) customers: usize,
    pub(crate) seconds: Duration,
    pub(crate) folder: PathBuf,
}

/// What one row showed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// As fast as it goes.
    pub(crate) full: Shown,
    /// At half of that rate.
    pub(crate) half: Shown,
    /// CPU of the connector's process in the full run, in microseconds a message.
    pub(crate) cpu_us: f64,
    /// CPU of load generator and stand-ins, in microseconds a message.
    pub(crate) others_us: f64,
    /// CPU of the plugin in the sandbox as the engine counts it, in microseconds a message.
    pub(crate) plugin_us: Option<f64>,
    /// What was not as it should be, beside the counts.
    pub(crate) remark: Option<String>,
}

/// Trunkline as built, an agent who takes every customer and says nothing.
pub(crate) async fn trunkline(plan: &Plan) -> Result<(Row, Load), Failed> {
    let options = WorldOptions {
        agents: vec![silent()],
        folder: Some(plan.folder.join("trunkline")),
        ..WorldOptions::default()
    };
    let mut world = World::prepare_with(Built::find()?, options).await?;
    world.host.start().await?;
    world.until_live("sms").await?;
    let load = plan.load(&format!("{}/channels/acme-sms", world.host.url()));
    load.run("first", Amount::Messages(plan.customers), &world.ece)
        .await?;
    // Each customer is told that the chat begins and who takes it.
    let told = |ledger: &sms_simulator::Ledger| ledger.messages.len() >= 2 * plan.customers;
    let greeted = world.sms.wait_for(told, SETTLING).await;
    let pid = world.host.id().ok_or("the host is gone")?.to_string();
    load.run("warm", Amount::For(plan.seconds / 3), &world.ece)
        .await?;
    let plugin = plugin_us(&world).await?;
    let mut row = measure("Trunkline, whole path", plan, &load, &world.ece, &pid).await?;
    // The engine's count covers both runs.
    let messages = row.full.messages + row.half.messages;
    row.plugin_us = Some((plugin_us(&world).await? - plugin) / messages as f64);
    world.host.stop().await?;
    row.remark = greeted
        .err()
        .map(|missing| format!("greetings are missing: {missing}"));
    Ok((row, load))
}

/// A connector that is given its conversations: bare HTTP and the two in Node. `command` gets the
/// port and the file of sessions.
pub(crate) async fn connector(
    name: &'static str,
    plan: &Plan,
    command: impl FnOnce(u16, &Path) -> Command,
) -> Result<Row, Failed> {
    let config = EceConfig {
        agents: vec![silent()],
        entry_points: vec![EntryPointConfig::new(1001, "Support")],
        ..EceConfig::default()
    };
    let ece = EceSimulator::start(config).await?;
    let port = free_port();
    let load = plan.load(&format!("http://127.0.0.1:{port}/channels/acme-sms"));
    let file = plan.folder.join("sessions.json");
    let sessions = Sessions::open(&ece, &load).await?;
    std::fs::write(&file, serde_json::to_vec(&sessions)?)?;
    let mut process = serve(command(port, &file), port).await?;
    let pid = process.id().ok_or("the connector is gone")?.to_string();
    load.run("first", Amount::Messages(plan.customers), &ece)
        .await?;
    load.run("warm", Amount::For(plan.seconds / 3), &ece)
        .await?;
    let row = measure(name, plan, &load, &ece, &pid).await?;
    process.kill().await?;
    Ok(row)
}

async fn measure(
    name: &'static str,
    plan: &Plan,
    load: &Load,
    ece: &EceSimulator,
    pid: &str,
) -> Result<Row, Failed> {
    let (its, ours) = (cpu_us(pid), cpu_us("self"));
    let full = load.run("full", Amount::For(plan.seconds), ece).await?;
    let messages = full.messages as f64;
    let (its, ours) = (cpu_us(pid) - its, cpu_us("self") - ours);
    let pace = Amount::Paced(full.rate() / 2.0, plan.seconds / 2);
    let half = load.run("half", pace, ece).await?;
    Ok(Row {
        name,
        full,
        half,
        cpu_us: its as f64 / messages,
        others_us: ours as f64 / messages,
        plugin_us: None,
        remark: None,
    })
}

impl Plan {
    fn load(&self, url: &str) -> Load {
        let sms = sms_simulator::SmsConfig::default();
        Load {
            url: url.to_owned(),
            auth_token: sms.auth_token,
            account_sid: sms.account_sid,
            number: sms.number,
            connections: self.connections,
            customers: self.customers,
        }
    }
}

fn silent() -> AgentConfig {
    AgentConfig {
        capacity: 1_000_000,
        ..AgentConfig::new("silent", &[1001])
    }
}

/// The engine's count of plugin CPU so far, in microseconds, from `/metrics`.
async fn plugin_us(world: &World) -> Result<f64, Failed> {
    let name = "trunkline_plugin_cpu_microseconds_total{plugin=\"sms\"} ";
    let answer = trunkline_harness::world::client()
        .get(format!("{}/metrics", world.host.url()))
        .bearer_auth(trunkline_harness::world::ADMIN_TOKEN)
        .send()
        .await?;
    let text = answer.error_for_status()?.text().await?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let value = line.ok_or("/metrics does not tell the plugin's CPU")?;
    Ok(value.parse()?)
}
