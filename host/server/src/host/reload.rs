//! Replacing the configuration while the host runs: when the file changes, on SIGHUP, when asked.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{SignalKind, signal};
use trunkline_flow::ports::Clock;

use super::{Host, admin_token, ece_complaints, warn_of_idle};
use crate::config::{self, Config};
use crate::{running, token, wiring};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Reloads when the file changes or SIGHUP comes, until the host stops.
///
/// The file is looked at, not watched: that also sees a symbolic link that is exchanged, as Kubernetes
/// does, and network file systems. A change counts once two looks saw it alike.
pub(super) async fn watch(host: Arc<Host>) {
    let file = host.config().file.clone();
    let mut in_use = stamp(&file);
    let mut before = in_use;
    // Without the signal there is still the file and the admin API.
    let mut hangup = signal(SignalKind::hangup()).ok();
    loop {
        let asked = tokio::select! {
            () = host.stopping.cancelled() => return,
            () = hung_up(&mut hangup) => true,
            () = tokio::time::sleep(LOOK_EVERY) => false,
        };
        let now = stamp(&file);
        if asked || (now != in_use && now == before) {
            in_use = now;
            // Whatever came of it was logged.
            let _known = host.reload().await;
        }
        before = now;
    }
}

async fn hung_up(hangup: &mut Option<tokio::signal::unix::Signal>) {
    match hangup {
        Some(hangup) => {
            hangup.recv().await;
        }
        None => std::future::pending().await,
    }
}

fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

impl Host {
    /// Reads the file again; it comes into force as a whole or not at all.
    ///
    /// # Errors
    /// Why it did not, for people.
    pub async fn reload(&self) -> Result<(), String> {
        let _one_at_a_time = self.reloading.lock().await;
        let file = self.config().file.clone();
        let unfit = |config: &Config| wiring::unfit_while_running(self.engine(), config);
        let replaced = match config::load_fitting(&file, unfit) {
            Ok(config) => self.replace(config).await,
            Err(error) => Err(error.to_string()),
        };
        match &replaced {
            Ok(()) => tracing::info!(file = %file.display(), "the configuration was reloaded"),
            Err(refused) => {
                tracing::warn!(file = %file.display(), refused, "the configuration was refused; the one before stays in force");
                self.write().refused = Some(refused.clone());
            }
        }
        replaced
    }

    async fn replace(&self, config: Config) -> Result<(), String> {
        let before = self.config();
        needs_no_restart(&before, &config)?;
        let token = admin_token(&config).map_err(|error| error.to_string())?;
        self.ece()
            .reconfigure(wiring::integrations(&config))
            .map_err(|errors| ece_complaints(&errors))?;
        self.engine().reconfigure(wiring::engine(&config)).await;
        warn_of_idle(&config);
        let (store, token_file) = (config.store.path.clone(), token::file_in_use(&config));
        if let Err(error) = running::tell_token(&store, token_file) {
            tracing::warn!(%error, "the word of where this host runs is old");
        }
        let mut in_force = self.write();
        in_force.config = Arc::new(config);
        in_force.since = self.clock().now();
        in_force.refused = None;
        in_force.token = token;
        drop(in_force);
        self.settle_settings();
        self.board.read_soon();
        Ok(())
    }
}

fn needs_no_restart(before: &Config, after: &Config) -> Result<(), String> {
    let fixed = [
        (
            "[server] listen",
            before.server.listen != after.server.listen,
        ),
        ("[server] proxy", before.server.proxy != after.server.proxy),
        (
            "[server] no_proxy",
            before.server.no_proxy != after.server.no_proxy,
        ),
        ("[store]", before.store != after.store),
        ("[masking]", before.masking != after.masking),
        ("[plugins] dir", before.plugins.dir != after.plugins.dir),
    ];
    let changed: Vec<&str> = fixed
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    Err(format!(
        "a change of {} needs a restart; nothing was changed",
        changed.join(", ")
    ))
}
