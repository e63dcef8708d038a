//! `trunkline-demo [--check] [FOLDER]`: the demo, as a page or as text. `cargo xtask demo` builds what it needs and
//! starts it.

#![allow(clippy::print_stdout, reason = "the demo talks on standard output")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use trunkline_harness::built::Built;
use trunkline_harness::demo::script::{Script, Stop};
use trunkline_harness::demo::{self, agent_available, agent_unavailable, buttons, channels, world};
use trunkline_harness::page::{Page, VISITOR};

const USAGE: &str = "usage: trunkline-demo [--check] [FOLDER]
FOLDER holds what the demo's host keeps; what an earlier demo left there is removed first. Without it a folder is made and removed.";

/// Where the page is if nobody else is there.
const PORT: u16 = 8090;

#[tokio::main]
async fn main() -> ExitCode {
    let mut folder = None;
    let mut check = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--check" => check = true,
            path if !path.starts_with('-') && folder.is_none() => {
                folder = Some(PathBuf::from(path));
            }
            other => {
                let asked = ["--help", "-h"].contains(&other);
                match asked {
                    true => println!("{USAGE}"),
                    false => eprintln!("error: `{other}` is not understood\n{USAGE}"),
                }
                return if asked {
                    ExitCode::SUCCESS
                } else {
                    ExitCode::from(2)
                };
            }
        }
    }
    if let Some(folder) = &folder {
        if let Err(why) = demo::may_be_emptied(folder) {
            eprintln!("error: {why}");
            return ExitCode::from(2);
        }
        // An earlier demo's state; if it cannot be removed, writing the new one says why.
        let _ = std::fs::remove_dir_all(folder);
    }
    match check {
        true => as_text(folder).await,
        false => as_page(folder).await,
    }
}

async fn as_page(folder: Option<PathBuf>) -> ExitCode {
    let opened = match Built::find() {
        Ok(built) => Page::open(built, folder, PORT)
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let page = match opened {
        Ok(page) => page,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("\n  the demo        {}", page.url());
    println!(
        "  an agent's desk {} (more tabs are more agents)",
        page.desk_url()
    );
    println!("  the customer's SMS phone is on the page; it writes from {VISITOR}");
    if std::env::var_os("SSH_CONNECTION").is_some() {
        println!("  no browser on this machine? `cargo xtask demo --check` shows the same as text");
    }
    if let Some(seconds) = seconds_since_the_command() {
        println!("  ready           {seconds:.0} s after the command");
    }
    println!("\nCtrl-C ends it.");
    wait_for_the_end().await;
    match page.close().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `cargo xtask` says when it began; this program alone does not know.
fn seconds_since_the_command() -> Option<f64> {
    let began = std::env::var("TRUNKLINE_DEMO_BEGAN_MS").ok()?;
    let began = Duration::from_millis(began.parse().ok()?);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(now.checked_sub(began)?.as_secs_f64())
}

/// Ctrl-C, or SIGTERM of whoever started this.
async fn wait_for_the_end() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

async fn as_text(folder: Option<PathBuf>) -> ExitCode {
    let mut script = Script::default();
    let outcome = tokio::select! {
        outcome = play(folder, &mut script) => outcome,
        () = wait_for_the_end() => Err(Stop { step: "interrupted".to_owned(), reason: "a signal".to_owned() }),
    };
    match outcome {
        Ok(()) => {
            println!("\nall {} steps happened", script.done());
            ExitCode::SUCCESS
        }
        Err(stop) => {
            println!("\n{} steps happened, then: {stop}", script.done());
            ExitCode::FAILURE
        }
    }
}

async fn play(folder: Option<PathBuf>, script: &mut Script) -> Result<(), Stop> {
    let built = script.step("host and plugins are built", Built::find())?;
    let mut world = script.step(
        "Trunkline serves beside ECE and SMS stand-ins",
        world(built, folder).await,
    )?;
    agent_available::play(&world, script).await?;
    agent_unavailable::play(&world, script).await?;
    channels::play(&world, script).await?;
    buttons::press(&mut world, script).await?;
    let stopped = world.host.stop().await;
    script.step("SIGTERM: the host ends by itself", stopped)?;
    Ok(())
}
