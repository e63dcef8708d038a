//! Ratios, not times: how many messages a second the whole path carries, beside what limits it and
//! beside connectors as teams write them, in one run on the same cores and the same disk.
//!
//! In: the built host and plugins, the store's example `store_rate`, and Node if it is there. Out: a
//! table, the goals, and with `--json FILE` the same as JSON. Load generator and stand-ins run in
//! this process and take their share of the cores in every row. Nothing fails because it is slow.
#![expect(clippy::print_stdout, reason = "a program whose output is a table")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use tokio::process::Command;

mod bare;
mod load;
mod native;
mod process;
mod rates;
mod report;
mod rows;
mod sessions;

use report::{BARE, BATCHED, Report};
use rows::{Plan, connector, trunkline};

/// Why the bench stopped.
type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Messages a second through the whole path, beside the store, the disk, bare HTTP, the plugin as
/// plain Rust and two Node connectors. `cargo xtask bench` builds what it needs.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Arguments {
    /// Seconds of full load a row; the run at half load takes half of it.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Connections that post webhooks.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Customers who write in turn.
    #[arg(long, default_value_t = 200)]
    customers: usize,
    /// Where databases are put, in a folder that is removed: the disk in question. The folder of
    /// this program, if not given.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Writes the figures here as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Leaves out the Node connectors.
    #[arg(long)]
    no_node: bool,
    /// Serves the bare HTTP row: the port.
    #[arg(long, hide = true, requires = "sessions")]
    serve_bare: Option<u16>,
    /// Serves the bare HTTP row: the file of sessions.
    #[arg(long, hide = true)]
    sessions: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let arguments = Arguments::parse();
    if let (Some(port), Some(sessions)) = (arguments.serve_bare, &arguments.sessions) {
        return bare::serve(port, sessions).await;
    }
    let report = measure(&arguments).await?;
    report.print();
    if let Some(file) = &arguments.json {
        std::fs::write(file, format!("{:#}\n", report.json()))?;
        println!("JSON: {}", file.display());
    }
    Ok(())
}

async fn measure(arguments: &Arguments) -> Result<Report, Failed> {
    let program = std::env::current_exe()?;
    let beside = program.parent().unwrap_or(Path::new("."));
    let temporary = tempfile::tempdir_in(arguments.dir.as_deref().unwrap_or(beside))?;
    let seconds = Duration::from_secs(arguments.seconds.max(1));
    let plan = Plan {
        connections: arguments.connections.max(1),
        customers: arguments.customers.max(1),
        seconds,
        folder: temporary.path().to_owned(),
    };
    let mut report = Report::default();
    say("the disk's fdatasync");
    report.syncs_per_s = rates::syncs_per_s(&plan.folder, Duration::from_secs(1))?;
    say("Trunkline");
    let (row, load) = trunkline(&plan).await?;
    report.rows.push(row);
    say("the plugin as plain Rust");
    report.native_us = native::receive_us(&load, seconds / 3)?;
    say("the store alone");
    measure_store(&mut report, &plan, &beside.join("examples/store_rate")).await?;
    say(BARE);
    let bare = |port: u16, sessions: &Path| {
        let mut command = Command::new(&program);
        command.args(["--serve-bare", &port.to_string(), "--sessions"]);
        command.arg(sessions);
        command
    };
    report.rows.push(connector(BARE, &plan, bare).await?);
    measure_node(&mut report, &plan, arguments.no_node).await?;
    Ok(report)
}

async fn measure_store(report: &mut Report, plan: &Plan, program: &Path) -> Result<(), Failed> {
    if !program.exists() {
        let why =
            "the store alone: build it with `cargo build --release -p trunkline-store --examples`";
        report.skipped.push(why.to_owned());
        return Ok(());
    }
    let load = (plan.connections, plan.customers);
    let rate = rates::store(program, &plan.folder, load, plan.seconds.as_secs_f64()).await?;
    report.store = Some(rate);
    Ok(())
}

async fn measure_node(report: &mut Report, plan: &Plan, unwanted: bool) -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    if let Some(why) = without_node(&folder, unwanted).await {
        report.skipped.push(format!("the Node connectors: {why}"));
        return Ok(());
    }
    let connectors = [("Node, as usually written", "usual"), (BATCHED, "batched")];
    for (name, file) in connectors {
        say(name);
        let command = |port: u16, sessions: &Path| {
            let mut command = Command::new("node");
            command
                .arg(folder.join(format!("{file}.mjs")))
                .arg(port.to_string())
                .arg(plan.folder.join(format!("{file}.db")))
                .arg(sessions);
            command
        };
        report.rows.push(connector(name, plan, command).await?);
    }
    Ok(())
}

/// Why there are no Node connectors; installs their packages when they are missing.
async fn without_node(folder: &Path, unwanted: bool) -> Option<String> {
    if unwanted {
        return Some("left out as asked".to_owned());
    }
    if !process::is_there("node").await {
        return Some("there is no `node`".to_owned());
    }
    let addon = folder.join("node_modules/better-sqlite3/build/Release/better_sqlite3.node");
    if addon.exists() {
        return None;
    }
    say("installing the Node connectors' packages");
    let installed = process::run("npm", &["ci", "--ignore-scripts=false"], folder).await;
    match installed {
        Ok(()) if addon.exists() => None,
        Ok(()) => Some("npm installed better-sqlite3 without its native part".to_owned()),
        Err(why) => Some(why.to_string()),
    }
}

/// Progress goes where the table does not.
#[expect(clippy::print_stderr, reason = "progress of a program run by hand")]
fn say(what: &str) {
    eprintln!("… {what}");
}
