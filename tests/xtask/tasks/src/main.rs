//! `cargo xtask`: what a developer does with this workspace besides `cargo build`.

#![allow(
    clippy::print_stdout,
    reason = "a command line tool talks on standard output"
)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds plugin crates to components.
mod plugins;

/// Starts other programs.
mod run;

/// Runs every test and keeps the verdicts.
mod suite;

/// Holds the product's promises against the tests.
mod promises;

/// `cargo xtask test`.
mod test;

/// `cargo xtask demo`.
mod demo;

/// The embeddable chat.
mod chat;

/// What Node tests.
mod browser;

/// `cargo xtask docs`.
mod docs;

/// `cargo xtask nightly`.
mod nightly;

use run::Failure;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the Trunkline workspace")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds everything and shows it beside stand-ins for ECE and the providers, as a page.
    Demo {
        /// As text: the use cases, one line a step; ends with a non-zero status at the first that fails.
        #[arg(long)]
        check: bool,
    },
    /// Builds and runs the tests. Last line: `N passed, N failed, N skipped`.
    Test {
        /// Also formatting, clippy, dependencies, the long tests and more random seeds.
        #[arg(long)]
        all: bool,
        /// Installs tools that are missing instead of skipping what needs them.
        #[arg(long)]
        install: bool,
    },
    /// Builds plugins/* to target/plugins/NAME.wasm, and plugin-sdk/examples/* to target/examples/NAME.wasm.
    Plugins {
        /// Also tests/guests/* to target/guests/NAME.wasm.
        #[arg(long)]
        guests: bool,
        /// Instead, a plugin's crate anywhere else, to NAME.wasm in its folder.
        #[arg(long, conflicts_with = "guests")]
        folder: Option<std::path::PathBuf>,
    },
    /// Writes what is generated below docs/.
    Docs,
    /// Measures the whole path beside its parts, as ratios of one run.
    Bench {
        /// Given to the bench: see `cargo xtask bench -- --help`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// The long run: random seeds for a night, then broken input for everything that reads bytes of strangers.
    Nightly(nightly::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Demo { check } => demo::demo(check),
        Task::Test { all, install } => test::test(test::Options { all, install }),
        Task::Plugins { guests, folder } => {
            let built = match folder {
                Some(folder) => plugins::build_in(&folder).map(|path| vec![path]),
                None => plugins::build(guests),
            };
            built.map_err(Failure::from).map(|paths| {
                plugins::print(&paths);
                true
            })
        }
        Task::Docs => docs::write().map(|()| true),
        Task::Bench { arguments } => bench(&arguments),
        Task::Nightly(options) => nightly::nightly(&options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &[String]) -> Result<bool, Failure> {
    let root = run::root();
    plugins::build(false)?;
    let host = [
        "--package",
        "trunkline",
        "--package",
        "trunkline-store",
        "--examples",
        "--bins",
    ];
    run::run(run::cargo(&root).args(["build", "--release"]).args(host))?;
    run::run(run::cargo(&root).args(["build", "--release", "--package", "bench"]))?;
    let program = run::target(&root).join("release/bench");
    run::run(
        std::process::Command::new(program)
            .current_dir(&root)
            .args(arguments),
    )?;
    Ok(true)
}
