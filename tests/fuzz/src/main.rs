//! Everything that reads bytes of strangers, given broken ones: each plugin's `receive`, ECE's callbacks in JSON and
//! XML, the configuration, a plugin file's manifest.
//!
//! Cases are fixtures and seeds with some changes that know the shape (JSON, form, lines), and some that do not; webhooks
//! are signed anew, so that what is behind the signature is reached. A case must end in a typed refusal or in something
//! valid; a crash, an endless loop and an invalid event are failures. Everything follows from the random seed.
//!
//! A failing case is left as a file beside those it was made of: a plugin's as a fixture, to which
//! `TRUNKLINE_FIXTURES=write` adds what is expected once it is mended; the host's as a seed, which the tests here play.
//!
//! WebSocket frames are the in-app plugin's `receive`; what is below them is the library's.

#![allow(
    clippy::print_stdout,
    reason = "a command line tool talks on standard output"
)]

use std::process::ExitCode;

use clap::Parser;

/// Changes that know the shape, and some that do not.
mod change;

/// Signatures of the providers.
mod sign;

/// A plugin's `receive`.
mod plugin;

/// What the host reads itself.
mod host;

/// Cases, one after the other, and what is left of a failing one.
mod run;

use run::Target;

#[derive(Debug, Parser)]
#[command(name = "fuzz", about)]
struct Arguments {
    /// Seconds for each target.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// The random seed; another one each run unless given.
    #[arg(long)]
    seed: Option<u64>,
    /// This target alone.
    #[arg(long)]
    only: Option<String>,
    /// In this process, with each case on standard output before it is played.
    #[arg(long, hide = true, requires = "only")]
    here: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(rand::random);
    let done = match (&arguments.only, arguments.here) {
        (Some(name), true) => run::here(&targets(), name, seed, arguments.seconds),
        _ => all(&arguments, seed),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Each target in a process of its own, so that an abort ends that one alone.
fn all(arguments: &Arguments, seed: u64) -> Result<bool, String> {
    println!("random seed {seed}");
    let mut good = true;
    for target in targets() {
        if arguments
            .only
            .as_ref()
            .is_none_or(|name| *name == target.name())
        {
            good &= run::apart(target.as_ref(), seed, arguments.seconds)?;
        }
    }
    Ok(good)
}

fn targets() -> Vec<Box<dyn Target>> {
    let mut targets = plugin::all();
    targets.extend(host::all());
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_and_fifty_cases_of_each_target_hold_and_some_get_through() {
        for target in targets() {
            let counts = run::cases(target.as_ref(), 1, 150).unwrap_or_else(|failure| {
                panic!("{}: {}", target.name(), failure.why);
            });
            assert!(counts.taken > 0, "{}: all are refused", target.name());
            assert!(counts.refused > 0, "{}: none is refused", target.name());
        }
    }

    #[test]
    fn what_once_failed_holds() {
        for target in targets() {
            for index in 0..target.origins() {
                let case = target.unchanged(index);
                if let Err(why) = run::played(target.as_ref(), &case) {
                    panic!("{}, {}: {why}", target.name(), target.origin(index));
                }
            }
        }
    }
}
