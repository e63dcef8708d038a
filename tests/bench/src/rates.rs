//! What the machine and the store give by themselves, in the folder that the whole path uses too.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::Command;

use crate::Failed;
use crate::process::children_cpu_us;

/// One small append and one `fdatasync`, again and again: how many a second.
pub(crate) fn syncs_per_s(folder: &Path, time: Duration) -> Result<f64, Failed> {
    let mut file = File::create(folder.join("sync"))?;
    let line = [b'x'; 256];
    let begun = Instant::now();
    let mut syncs = 0_u32;
    while begun.elapsed() < time {
        file.write_all(&line)?;
        file.sync_data()?;
        syncs += 1;
    }
    Ok(f64::from(syncs) / begun.elapsed().as_secs_f64())
}

/// What the store alone carries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoreRate {
    pub(crate) messages_per_s: f64,
    /// CPU of its process, in microseconds a message.
    pub(crate) cpu_us: f64,
}

/// Runs the store's example: a first short time to learn how many messages fill `seconds`.
pub(crate) async fn store(
    program: &Path,
    folder: &Path,
    (connections, customers): (usize, usize),
    seconds: f64,
) -> Result<StoreRate, Failed> {
    let mut messages = 2_000;
    let mut shown = None;
    for round in ["warm-up", "measured"] {
        let dir = folder.join(format!("store-{round}"));
        std::fs::create_dir_all(&dir)?;
        let cpu = children_cpu_us();
        let mut command = Command::new(program);
        command
            .args(["--messages", &messages.to_string()])
            .args(["--callers", &connections.to_string()])
            .args(["--customers", &customers.to_string()])
            .arg("--dir")
            .arg(&dir);
        let output = command.output().await?;
        let line: Value = serde_json::from_slice(&output.stdout).map_err(|_| {
            let errors = String::from_utf8_lossy(&output.stderr);
            format!("{} failed: {errors}", program.display())
        })?;
        let rate = line["messages_per_s"]
            .as_f64()
            .ok_or("store_rate gave no rate")?;
        let cpu = children_cpu_us() - cpu;
        shown = Some(StoreRate {
            messages_per_s: rate,
            cpu_us: cpu as f64 / f64::from(messages),
        });
        messages = ((rate * seconds) as u32).max(2_000);
    }
    shown.ok_or_else(|| "store_rate did not run".into())
}
