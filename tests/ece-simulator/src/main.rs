//! The stand-in as a program: `ece-simulator --listen 127.0.0.1:9100 --config FILE --callback URL`.

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use ece_simulator::{EceConfig, EceSimulator};

/// A stand-in for Cisco Enterprise Chat and Email (ECE): its messaging and status APIs, with agents
/// who follow a script or are driven over HTTP under /_sim/.
#[derive(Parser)]
#[command(version, after_help = EXAMPLE)]
struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Agents, entry points and everything else, as TOML; without it an agent who echoes
    #[arg(long)]
    config: Option<PathBuf>,
    /// The webhook: where events are posted
    #[arg(long)]
    callback: Option<String>,
    /// A second address that stays in reach while ECE is "down"
    #[arg(long)]
    control: Option<SocketAddr>,
}

const EXAMPLE: &str = "Example:
  ece-simulator --listen 127.0.0.1:9100 --callback http://127.0.0.1:8080/ece/acme/callback

  with agents.toml:
    [[entry_points]]
    id = 1001
    name = \"support\"

    [[agents]]
    name = \"ann\"
    entry_points = [1001]
    [[agents.script]]
    on = \"message\"
    echo = true

  curl -X POST http://127.0.0.1:9100/_sim/outage -H 'content-type: application/json' -d '{\"outage\":\"unavailable\"}'";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&*error);
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes, one a line.
fn report(error: &dyn Error) {
    eprintln!("ece-simulator: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut config = match &arguments.config {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("read {}: {error}", path.display()))?;
            EceConfig::from_toml(&text)?
        }
        None => EceConfig::with_echo_agent(),
    };
    config.listen = arguments.listen.unwrap_or(config.listen);
    config.callback.url = arguments.callback.or(config.callback.url);
    config.control_listen = arguments.control.or(config.control_listen);
    let ece = EceSimulator::start(config).await?;
    announce(&ece)?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}

fn announce(ece: &EceSimulator) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let config = ece.config();
    writeln!(out, "base URL       {}", ece.base_url())?;
    writeln!(out, "client key     {}", config.client_key)?;
    writeln!(out, "client secret  {}", config.client_secret)?;
    for user in &config.users {
        writeln!(out, "user           {} / {}", user.name, user.secret)?;
    }
    for point in &config.entry_points {
        writeln!(out, "entry point    {} {}", point.id, point.name)?;
    }
    for agent in &config.agents {
        writeln!(
            out,
            "agent          {} on {:?}, {} at once",
            agent.name, agent.entry_points, agent.capacity
        )?;
    }
    writeln!(
        out,
        "callbacks to   {}",
        config
            .callback
            .url
            .as_deref()
            .unwrap_or("nowhere yet: give --callback")
    )?;
    writeln!(
        out,
        "drive it at    {}/_sim/state",
        ece.control_url().unwrap_or(ece.origin())
    )?;
    out.flush()
}
