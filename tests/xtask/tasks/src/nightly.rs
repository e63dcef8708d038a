//! `cargo xtask nightly`: what takes hours, by random seeds. Whatever fails says how to see it again.

use clap::Args;

use crate::run::{Failure, cargo, root, run, target};

/// How long the night is.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many seeds the simulation plays.
    #[arg(long, default_value_t = 200_000)]
    seeds: u32,
    /// Cases of each property test (text that is cut and joined, webhooks, the core's promises).
    #[arg(long, default_value_t = 20_000)]
    cases: u32,
    /// Minutes of broken input for each plugin, for ECE's callbacks, the configuration and manifests.
    #[arg(long, default_value_t = 20)]
    fuzz_minutes: u64,
    /// The random seed of the broken input; another one each night unless given.
    #[arg(long)]
    fuzz_seed: Option<u64>,
}

/// The packages that have property tests.
const PROPERTIES: [&str; 7] = [
    "trunkline-core",
    "trunkline-plugin",
    "sms",
    "whatsapp",
    "messenger",
    "apple-messages",
    "in-app",
];

/// Runs it; `true` when everything held. One part that fails does not keep the others from running.
///
/// # Errors
/// Something cannot be started.
pub(crate) fn nightly(options: &Options) -> Result<bool, Failure> {
    let parts = [simulation(options), properties(options), fuzz(options)];
    let mut good = true;
    for part in parts {
        match part {
            Ok(()) => {}
            Err(Failure::Ended { what, status }) => {
                eprintln!("`{what}` ended with {status}");
                good = false;
            }
            Err(other) => return Err(other),
        }
    }
    Ok(good)
}

fn simulation(options: &Options) -> Result<(), Failure> {
    let mut command = cargo(&root());
    command.args(["test", "--release", "--package", "simulation"]);
    run(command.env("TRUNKLINE_SEEDS", options.seeds.to_string()))
}

/// A failure leaves its seed in `proptest-regressions/`, and each later run of the tests begins with it.
fn properties(options: &Options) -> Result<(), Failure> {
    let mut command = cargo(&root());
    command.args(["test", "--no-fail-fast"]);
    for package in PROPERTIES {
        command.args(["--package", package]);
    }
    run(command.env("PROPTEST_CASES", options.cases.to_string()))
}

/// Unoptimised, so that sums that overflow are found.
fn fuzz(options: &Options) -> Result<(), Failure> {
    let root = root();
    run(cargo(&root).args(["build", "--package", "fuzz"]))?;
    let mut command = std::process::Command::new(target(&root).join("debug/fuzz"));
    command.args(["--seconds", &(options.fuzz_minutes * 60).to_string()]);
    if let Some(seed) = options.fuzz_seed {
        command.args(["--seed", &seed.to_string()]);
    }
    run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_with_property_tests_is_among_them() {
        let listed = |manifest: &std::path::Path| {
            let text = std::fs::read_to_string(manifest).unwrap_or_default();
            text.contains("proptest.workspace").then(|| {
                let name = text.lines().find_map(|line| line.strip_prefix("name = "));
                name.unwrap_or_default().trim_matches('"').to_owned()
            })
        };
        let folders = [
            "host",
            "plugins",
            "plugin-sdk",
            "plugin-sdk/examples",
            "tests",
        ];
        let mut found: Vec<String> = folders
            .iter()
            .flat_map(|folder| std::fs::read_dir(root().join(folder)).expect("a folder"))
            .filter_map(|entry| listed(&entry.expect("readable").path().join("Cargo.toml")))
            .collect();
        found.sort();
        let mut known = PROPERTIES.map(str::to_owned).to_vec();
        known.sort();
        assert_eq!(found, known);
    }
}
