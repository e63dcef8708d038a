//! Log lines on the standard error: text for people, or one JSON object a line.
//!
//! Levels by what the operator must do: `error` act, something is lost; `warn` look; `info` a plugin or
//! session came or went; `debug` per message. What people wrote and secrets are in none of them.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;

/// What is logged when `RUST_LOG` says nothing.
const DEFAULT: &str = "info";

/// Starts logging. A second call changes nothing.
pub(crate) fn start(json: bool) {
    let wanted = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let (filter, wrong) = filter(&wanted);
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
    if let Some(why) = wrong {
        tracing::warn!(wanted, why, "RUST_LOG cannot be read: `info` holds");
    }
    std::panic::set_hook(Box::new(log_panic));
}

/// What is logged, and what is wrong with the wish.
fn filter(wanted: &str) -> (EnvFilter, Option<String>) {
    let default = || EnvFilter::new(DEFAULT);
    if wanted.is_empty() {
        return (default(), None);
    }
    match EnvFilter::try_new(wanted) {
        Ok(filter) => (filter, None),
        Err(error) => (default(), Some(error.to_string())),
    }
}

/// Where a bug is, and nothing of what it says: that may be what people wrote, or a secret (H9).
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let place = place.as_deref().unwrap_or("an unknown place");
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    tracing::error!(
        place,
        thread,
        "a bug in Trunkline: please report this place"
    );
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody panics here").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_wish_that_cannot_be_read_is_told_and_not_taken_for_silence() {
        assert_eq!(filter("").1, None);
        assert_eq!(filter("trunkline_flow=debug,info").1, None);
        let (kept, why) = filter("trunkline=loud");
        assert_eq!(kept.to_string(), DEFAULT);
        assert!(why.is_some());
    }

    #[test]
    fn a_panic_is_logged_with_its_place_and_without_its_text() {
        let written = Written::default();
        let writer = written.clone();
        let lines = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .finish();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(log_panic));
        tracing::subscriber::with_default(lines, || {
            let words = "what a customer wrote";
            let caught = std::panic::catch_unwind(|| panic!("cannot read `{words}`"));
            assert!(caught.is_err());
        });
        std::panic::set_hook(before);
        let bytes = written.0.lock().expect("nobody panics here").clone();
        let line = String::from_utf8(bytes).expect("text");
        assert!(line.contains("logging.rs:"), "{line}");
        assert!(!line.contains("customer wrote"), "{line}");
    }
}
