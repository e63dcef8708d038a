//! Log lines on the standard error: text for people, or one JSON object a line.
//!
//! Levels by what the operator must do: `error` act, something is lost; `warn` look; `info` a plugin or
//! session came or went; `debug` per message. What people wrote and secrets are in none of them.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// What is logged when `RUST_LOG` says nothing.
const DEFAULT: &str = "info";

/// Starts logging. A second call changes nothing.
pub(crate) fn start(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let started = if json {
        lines.json().flatten_event(true).try_init()
    } else {
        lines.try_init()
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
