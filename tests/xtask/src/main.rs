//! `cargo xtask`: what a developer does with this workspace besides `cargo build`.

#![allow(
    clippy::print_stdout,
    reason = "a command line tool talks on standard output"
)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod plugins;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the Trunkline workspace")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds plugins/* to target/plugins/NAME.wasm.
    Plugins {
        /// Also tests/guests/* to target/guests/NAME.wasm.
        #[arg(long)]
        guests: bool,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Plugins { guests } => plugins::build(guests).map(|paths| plugins::print(&paths)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}
