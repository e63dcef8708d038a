//! `cargo xtask`: says at once what a long task will do, then starts the tasks themselves.
//!
//! This program has no dependencies, so that it is built in a second on a fresh machine; what it starts, the package
//! `tasks`, takes half a minute to build before it could say anything.

#![allow(
    clippy::print_stdout,
    reason = "a command line tool talks on standard output"
)]

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

const DEMO: &str = "\
Trunkline's demo builds the host, its plugins and some hostile ones, and starts them beside stand-ins for ECE and the
channels' providers, on free ports of this machine.
  time   about 6 minutes on two cores the first time, mostly the WebAssembly engine; later under 10 seconds
  disk   about 5 GB below target/; its own state is in target/demo
  ends   with Ctrl-C; leaves no process behind";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let asks_for_help = arguments.iter().any(|argument| argument == "--help");
    if arguments.first().is_some_and(|task| task == "demo") && !asks_for_help {
        println!("{DEMO}");
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Takes this program's place, so that Ctrl-C reaches the task alone and the shell waits for its end.
    let error = Command::new(cargo)
        .args(["run", "--quiet", "--package", "tasks", "--"])
        .args(arguments)
        .env("TRUNKLINE_DEMO_BEGAN_MS", now_ms().to_string())
        .exec();
    eprintln!("error: cannot start cargo: {error}");
    ExitCode::FAILURE
}

/// Since 1970: the demo tells how long it took from here.
fn now_ms() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis())
}
