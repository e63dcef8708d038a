//! `cargo xtask demo`: builds what the demo needs and starts it.

use std::process::Command;

use crate::plugins;
use crate::run::{Failure, cargo, root, run, target};

const WHAT: &str = "\
Trunkline's demo builds the host, the SMS plugin and some hostile plugins, starts them beside stand-ins for ECE and Twilio on
free ports of this machine, plays both use cases, and presses four buttons: kill -9, swap, hostile plugin, ECE down.
  time   about 6 minutes on two cores the first time, mostly the WebAssembly engine; later about 1 minute
  disk   about 3 GB below target/, its own state in target/demo
  leaves no process behind; Ctrl-C ends it";

/// Builds, then plays the demo as text; `true` when every step happened.
///
/// # Errors
/// Something does not build or start.
pub(crate) fn demo(check: bool) -> Result<bool, Failure> {
    println!("{WHAT}");
    if !check {
        println!(
            "(the pages for the browser are not in this version: this is `cargo xtask demo --check`)"
        );
    }
    let root = root();
    println!("\n[1/3] plugins");
    plugins::build(true)?;
    println!("[2/3] the host and the demo");
    // The whole workspace, as the tests do: a narrower choice would build the engine again with other features.
    run(cargo(&root).args(["build", "--workspace", "--bins"]))?;
    println!("[3/3] the demo");
    let target = target(&root);
    let mut command = Command::new(target.join("debug/trunkline-demo"));
    match run(command.arg("--check").arg(target.join("demo"))) {
        Ok(()) => Ok(true),
        Err(Failure::Ended { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}
