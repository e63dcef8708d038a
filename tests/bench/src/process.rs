//! Processes under test: their CPU, and waiting until they serve.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::Failed;

/// Linux reports CPU in these to every program, whatever the kernel's own tick is.
const TICKS_PER_S: u64 = 100;

/// How long a process may take until it serves.
const PATIENCE: Duration = Duration::from_secs(60);

/// CPU of a process so far, user and system, in microseconds; 0 where `/proc` is absent.
/// `who` is a process id or `self`.
pub(crate) fn cpu_us(who: &str) -> u64 {
    fields(who, &[11, 12])
}

/// CPU of this process's children that have ended, in microseconds.
pub(crate) fn children_cpu_us() -> u64 {
    fields("self", &[13, 14])
}

/// `places` count from the state, which follows the name in parentheses.
fn fields(who: &str, places: &[usize]) -> u64 {
    let Ok(stat) = fs::read_to_string(format!("/proc/{who}/stat")) else {
        return 0;
    };
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: u64 = places
        .iter()
        .filter_map(|place| fields.get(*place)?.parse::<u64>().ok())
        .sum();
    ticks * 1_000_000 / TICKS_PER_S
}

/// Starts a server; it is killed when dropped. Its errors are shown, its output is not.
pub(crate) async fn serve(mut command: Command, port: u16) -> Result<Child, Failed> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let deadline = Instant::now() + PATIENCE;
    let url = format!("http://127.0.0.1:{port}/readyz");
    let client = trunkline_harness::world::client();
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Err(format!("{command:?} ended with {status}").into());
        }
        let answer = client.get(&url).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(child);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(format!("{command:?} does not answer on port {port}").into())
}

/// `which`, by asking the program for its version.
pub(crate) async fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}

/// Runs a program in a folder to its end, output to this one's errors.
pub(crate) async fn run(program: &str, arguments: &[&str], folder: &Path) -> Result<(), Failed> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null());
    let status = command.status().await?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{program} {arguments:?} ended with {status}").into()),
    }
}
