//! The stand-in as a program: `ece-simulator --listen 127.0.0.1:9100 --config FILE --callback URL`.

use std::error::Error;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use ece_simulator::{AgentConfig, EceConfig, EceSimulator, PickUp};

/// Where the program listens without a file and without --listen.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9100);

/// A stand-in for Cisco Enterprise Chat and Email (ECE): its messaging and status APIs, with agents
/// who follow a script, sit at the page it serves, or are driven over HTTP under /_sim/.
#[derive(Parser)]
#[command(version, after_help = EXAMPLE)]
struct Arguments {
    /// Where to listen; port 0 takes a free one. Without it and without a file 127.0.0.1:9100
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Agents, entry points and everything else, as TOML; without it ann and bob for the page, and
    /// an agent who echoes
    #[arg(long)]
    config: Option<PathBuf>,
    /// The webhook: where events are posted
    #[arg(long)]
    callback: Option<String>,
    /// The agents' page and /_sim/ on an address that stays in reach while ECE is "down"; without
    /// it the port after that of --listen, or a free one
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
        None => without_a_file(),
    };
    config.listen = arguments.listen.unwrap_or(config.listen);
    config.callback.url = arguments.callback.or(config.callback.url);
    let control = arguments.control.or(config.control_listen);
    config.control_listen = Some(control.unwrap_or_else(|| beside(config.listen)));
    let ece = EceSimulator::start(config).await?;
    // Whoever reads the announcement may stop us at once.
    let told_to_stop = stop_signals()?;
    announce(&ece)?;
    told_to_stop.await;
    ece.stop().await;
    Ok(())
}

/// Two agents for whoever opens the page, and one who answers until somebody does.
fn without_a_file() -> EceConfig {
    let config = EceConfig::with_echo_agent();
    let person = |name: &str, screen_name: &str| AgentConfig {
        screen_name: Some(screen_name.to_owned()),
        signed_in: false,
        pick_up: PickUp::Manual,
        ..AgentConfig::new(name, &[1001, 1002])
    };
    let mut agents = vec![person("ann", "Ann Lee"), person("bob", "Bob Fox")];
    agents.extend(config.agents);
    EceConfig {
        listen: LISTEN,
        agents,
        ..config
    }
}

/// The next port on this machine only; a free one when the first is left to chance.
fn beside(listen: SocketAddr) -> SocketAddr {
    let port = match listen.port() {
        0 => 0,
        port => port.checked_add(1).unwrap_or(0),
    };
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Ctrl-C, or what service managers send; listened for from now on.
fn stop_signals() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        // Without a handler the system ends the program itself.
        let _ = tokio::signal::ctrl_c().await;
    })
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
    writeln!(out, "agents' page   {}", ece.page_url())?;
    writeln!(
        out,
        "drive it at    {}/_sim/state",
        ece.control_url().unwrap_or(ece.origin())
    )?;
    out.flush()
}
