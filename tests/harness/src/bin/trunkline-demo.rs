//! `trunkline-demo --check [FOLDER]`: plays the demo as text. `cargo xtask demo` builds what it needs and starts it.

#![allow(clippy::print_stdout, reason = "the demo is this text")]

use std::path::PathBuf;
use std::process::ExitCode;

use trunkline_harness::built::Built;
use trunkline_harness::demo::script::{Script, Stop};
use trunkline_harness::demo::{agent_available, agent_unavailable, buttons, world};

#[tokio::main]
async fn main() -> ExitCode {
    let folder = std::env::args()
        .skip(1)
        .find(|argument| argument != "--check")
        .map(PathBuf::from);
    let mut script = Script::default();
    let outcome = tokio::select! {
        outcome = play(folder, &mut script) => outcome,
        _ = tokio::signal::ctrl_c() => Err(Stop { step: "interrupted".to_owned(), reason: "Ctrl-C".to_owned() }),
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
    if let Some(folder) = &folder {
        // An earlier demo's state; if it cannot be removed, writing the new one says why.
        let _ = std::fs::remove_dir_all(folder);
    }
    let built = script.step("host and plugins are built", Built::find())?;
    let mut world = script.step(
        "Trunkline serves beside ECE and SMS stand-ins",
        world(built, folder).await,
    )?;
    agent_available::play(&world, script).await?;
    agent_unavailable::play(&world, script).await?;
    buttons::press(&mut world, script).await?;
    let stopped = world.host.stop().await;
    script.step("SIGTERM: the host ends by itself", stopped)?;
    Ok(())
}
