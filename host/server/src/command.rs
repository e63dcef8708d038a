//! The command line.
//!
//! `serve` runs the host. `check` and `plugin` work without one. `status`, `dead-letters` and `trace`
//! ask the running host over the admin API, found and authorised through the same configuration file.

/// What can be written.
mod arguments;

/// Asking the running host.
mod client;

/// `check`.
mod check;

/// `plugin`.
mod plugin;

/// `serve`.
mod serve;

/// `status`.
mod status;

/// `dead-letters`.
mod dead_letters;

/// `trace`.
mod trace;

/// Columns for people.
mod table;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;

use arguments::{Arguments, Command};

/// All went well.
const OK: u8 = 0;
/// It ran, and something is wrong.
const PROBLEMS: u8 = 1;
/// The command or the configuration is wrong: nothing was done.
const USAGE: u8 = 2;

/// Why a command could not do what it was asked.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Exit code 1.
    #[error("{0}")]
    Problem(String),
    /// Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Who read the answer has closed it: `| head` has seen enough. Exit code 0, nothing to say.
    #[error("nobody reads on")]
    Closed,
}

impl Failure {
    fn problem(error: impl std::fmt::Display) -> Self {
        Self::Problem(error.to_string())
    }

    fn usage(error: impl std::fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Closed;
        }
        Self::Problem(format!("write the answer: {error}"))
    }
}

/// Runs the command that this process was started with.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error),
    };
    let done = match arguments.command {
        Command::Serve(serve) => serve::run(&serve),
        Command::Check(check) => check::run(&check),
        Command::Status(status) => status::run(&status),
        Command::DeadLetters(letters) => dead_letters::run(&letters),
        Command::Trace(trace) => trace::run(&trace),
        Command::Plugin(plugin) => plugin::run(&plugin),
    };
    let (code, text) = match done {
        Ok(code) => return ExitCode::from(code),
        Err(Failure::Problem(text)) => (PROBLEMS, text),
        Err(Failure::Usage(text)) => (USAGE, text),
        Err(Failure::Closed) => return ExitCode::from(OK),
    };
    complain(&text);
    ExitCode::from(code)
}

/// `--help` and `--version` are no mistakes.
fn refused(error: &clap::Error) -> ExitCode {
    if error.print().is_err() {
        return ExitCode::from(PROBLEMS);
    }
    ExitCode::from(if error.use_stderr() { USAGE } else { OK })
}

fn complain(text: &str) {
    // Nobody reads a closed standard error.
    let _closed = writeln!(io::stderr().lock(), "{text}");
}

/// Prints a document as JSON.
fn print_json(document: &impl Serialize) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    // The same kind of error for a closed pipe as `writeln!` has.
    serde_json::to_writer_pretty(&mut out, document).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

/// Runs a future on a runtime of its own: for commands that ask and go.
fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::problem)?
        .block_on(future)
}
