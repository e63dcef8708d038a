//! `cargo xtask demo`: builds what the demo needs and starts it. What it will do, the launcher has said already.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::run::{Failure, cargo, root, run, target};
use crate::{chat, plugins};

/// Builds, then shows the demo: as text with `check`, which gives `true` when every step happened; else as a page,
/// which takes this program's place.
///
/// # Errors
/// Something does not build or start.
pub(crate) fn demo(check: bool) -> Result<bool, Failure> {
    let root = root();
    let begun = Instant::now();
    println!("\n[1/4] plugins");
    plugins::build(true)?;
    println!("[2/4] the chat for browsers");
    match check {
        true => println!("  not needed as text"),
        false => chat::build(&root)?.tell(),
    }
    println!("[3/4] the host and the demo");
    // The whole workspace, as the tests do: a narrower choice would build the engine again with other features.
    run(cargo(&root).args(["build", "--workspace", "--bins"]))?;
    let target = target(&root);
    println!(
        "  built in {} s; {:.1} GB below {}",
        begun.elapsed().as_secs(),
        gigabytes(&target),
        target.display()
    );
    println!("[4/4] the demo");
    let mut command = Command::new(target.join("debug/trunkline-demo"));
    let folder = target.join("demo");
    if !check {
        let source = command.arg(folder).exec();
        let what = format!("{command:?}");
        return Err(Failure::Start { what, source });
    }
    match run(command.arg("--check").arg(folder)) {
        Ok(()) => Ok(true),
        Err(Failure::Ended { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

/// What a folder holds; what cannot be read counts nothing.
#[allow(
    clippy::cast_precision_loss,
    reason = "one digit behind the point is shown"
)]
fn gigabytes(folder: &Path) -> f64 {
    bytes_below(folder) as f64 / 1e9
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    entries
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => bytes_below(&entry.path()),
            Ok(data) => data.len(),
            Err(_) => 0,
        })
        .sum()
}
