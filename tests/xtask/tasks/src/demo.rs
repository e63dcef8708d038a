//! `cargo xtask demo`: builds what the demo needs and starts it.

use std::process::Command;

use crate::plugins;
use crate::run::{Failure, cargo, root, run, target};

/// Builds, then plays the demo as text; `true` when every step happened.
///
/// # Errors
/// Something does not build or start.
pub(crate) fn demo(check: bool) -> Result<bool, Failure> {
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
