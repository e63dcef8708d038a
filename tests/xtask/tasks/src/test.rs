//! `cargo xtask test`: everything that must hold before a change lands.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::browser;
use crate::plugins;
use crate::promises;
use crate::run::{Failure, cargo, root, run};
use crate::suite::{self, Verdict, Verdicts};

/// How much to run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Also the linters, the long tests and more random seeds.
    pub(crate) all: bool,
    /// Install what is missing instead of skipping it.
    pub(crate) install: bool,
}

/// Runs it; `true` when nothing failed.
///
/// # Errors
/// Something does not build.
pub(crate) fn test(options: Options) -> Result<bool, Failure> {
    let root = root();
    let ci = std::env::var_os("CI").is_some_and(|value| value != "false" && !value.is_empty());
    let mut verdicts = Verdicts::default();
    if options.all {
        lint(&root, options.install || ci, &mut verdicts)?;
    }
    build(&root)?;
    suite::run(&root, options.all, &mut verdicts)?;
    say("the chat and the demo, also in a browser");
    browser::chat(&root, &mut verdicts)?;
    match options.all {
        true => browser::in_chromium(&root, options.install || ci, &mut verdicts)?,
        false => browser::leave_out(&root, &mut verdicts),
    }
    for complaint in promises::complaints(&root.join("tests/promises.toml"), &verdicts) {
        verdicts.add(&format!("promises::{complaint}"), Verdict::Failed);
    }
    Ok(report(&verdicts, ci))
}

/// The host and the plugins that the journeys run.
fn build(root: &Path) -> Result<(), Failure> {
    say("plugins and guests");
    plugins::build(true)?;
    say("the host");
    run(cargo(root).args(["build", "--workspace", "--bins"]))?;
    say("the tests");
    Ok(())
}

fn lint(root: &Path, install: bool, verdicts: &mut Verdicts) -> Result<(), Failure> {
    say("formatting, clippy, dependencies");
    let checks: [(&str, &[&str]); 2] = [
        ("formatting", &["fmt", "--all", "--check"]),
        (
            "clippy",
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "--deny",
                "warnings",
            ],
        ),
    ];
    for (name, arguments) in checks {
        verdicts.add(
            &format!("xtask::{name}"),
            verdict(run(cargo(root).args(arguments)))?,
        );
    }
    let there = Command::new("cargo-deny")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there && install {
        run(cargo(root).args(["install", "--locked", "cargo-deny"]))?;
    }
    let deny = if there || install {
        let arguments = [
            "deny",
            "--all-features",
            "check",
            "licenses",
            "bans",
            "sources",
        ];
        verdict(run(cargo(root).args(arguments)))?
    } else {
        eprintln!(
            "skipped: cargo-deny is not installed (`cargo install cargo-deny`, or --install)"
        );
        Verdict::Skipped
    };
    verdicts.add("xtask::dependencies", deny);
    Ok(())
}

fn verdict(outcome: Result<(), Failure>) -> Result<Verdict, Failure> {
    match outcome {
        Ok(()) => Ok(Verdict::Passed),
        Err(Failure::Ended { what, status }) => {
            eprintln!("`{what}` ended with {status}");
            Ok(Verdict::Failed)
        }
        Err(other) => Err(other),
    }
}

fn say(what: &str) {
    eprintln!("== {what}");
}

/// Prints the last lines; a skip for want of a tool counts as a failure in CI.
fn report(verdicts: &Verdicts, ci: bool) -> bool {
    let failed: Vec<&str> = verdicts.names(Verdict::Failed).collect();
    let skipped: Vec<&str> = verdicts.names(Verdict::Skipped).collect();
    for name in &skipped {
        println!("skipped: {name}");
    }
    for name in &failed {
        println!("failed: {name}");
    }
    let lacking = ci && skipped.iter().any(|name| name.starts_with("xtask::"));
    if lacking {
        println!("in CI nothing may be skipped for want of a tool");
    }
    println!(
        "{} passed, {} failed, {} skipped",
        verdicts.count(Verdict::Passed),
        failed.len() + usize::from(lacking),
        skipped.len()
    );
    failed.is_empty() && !lacking
}
