//! Builds and runs every test of the workspace and keeps what became of each by name.
//!
//! `cargo test` prints names without their package, and `tests/promises.toml` must name one test and
//! no other. So cargo only builds here; the test programs are started one by one.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::run::{Failure, cargo};

/// What became of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It held.
    Passed,
    /// It did not.
    Failed,
    /// It was left out.
    Skipped,
}

/// All tests that were met, as `package::path::name`.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(pub(crate) BTreeMap<String, Verdict>);

impl Verdicts {
    /// How many there are of a verdict.
    pub(crate) fn count(&self, wanted: Verdict) -> usize {
        self.0
            .values()
            .filter(|verdict| **verdict == wanted)
            .count()
    }

    /// The names of a verdict.
    pub(crate) fn names(&self, wanted: Verdict) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(_, verdict)| **verdict == wanted)
            .map(|(name, _)| name.as_str())
    }

    /// Keeps one check that is no test program: formatting, the linter.
    pub(crate) fn add(&mut self, name: &str, verdict: Verdict) {
        self.0.insert(name.to_owned(), verdict);
    }
}

/// A built test program.
struct Program {
    package: String,
    folder: PathBuf,
    path: PathBuf,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: Option<String>,
    manifest_path: Option<PathBuf>,
    executable: Option<PathBuf>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// Builds all test programs and runs them; `everything` includes the long ones.
///
/// # Errors
/// The tests do not build. A test that fails is a verdict, not an error.
pub(crate) fn run(root: &Path, everything: bool, verdicts: &mut Verdicts) -> Result<(), Failure> {
    for program in build(root)? {
        run_program(&program, everything, verdicts)?;
    }
    doc_tests(root, verdicts)
}

fn build(root: &Path) -> Result<Vec<Program>, Failure> {
    let mut command = cargo(root);
    command.args([
        "test",
        "--workspace",
        "--no-run",
        "--message-format",
        "json-render-diagnostics",
    ]);
    let what = "cargo test --workspace --no-run";
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|source| Failure::Start {
            what: what.to_owned(),
            source,
        })?;
    let output = child
        .stdout
        .take()
        .into_iter()
        .flat_map(|out| BufReader::new(out).lines());
    let programs = output
        .map_while(Result::ok)
        .filter_map(|line| program(&line))
        .collect();
    let status = child.wait().map_err(|source| Failure::Start {
        what: what.to_owned(),
        source,
    })?;
    if !status.success() {
        return Err(Failure::Ended {
            what: what.to_owned(),
            status,
        });
    }
    Ok(programs)
}

fn program(line: &str) -> Option<Program> {
    let message: Message = serde_json::from_str(line).ok()?;
    if message.reason != "compiler-artifact" || !message.profile?.test {
        return None;
    }
    let folder = message.manifest_path?.parent()?.to_owned();
    Some(Program {
        package: package_name(&message.package_id?),
        folder,
        path: message.executable?,
    })
}

/// `path+file:///…/host/core#trunkline-core@0.1.0` or `path+file:///…/tests/bench#0.1.0`.
fn package_name(id: &str) -> String {
    let (place, name) = id.rsplit_once('#').unwrap_or(("", id));
    match name.split_once('@') {
        Some((name, _)) => name.to_owned(),
        None => place.rsplit('/').next().unwrap_or(place).to_owned(),
    }
}

fn run_program(
    program: &Program,
    everything: bool,
    verdicts: &mut Verdicts,
) -> Result<(), Failure> {
    let mut command = Command::new(&program.path);
    command
        .current_dir(&program.folder)
        .env("CARGO_MANIFEST_DIR", &program.folder);
    if everything {
        command.arg("--include-ignored");
    }
    let what = program.path.display().to_string();
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Failure::Start {
            what: what.clone(),
            source,
        })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let results: Vec<(String, Verdict)> = text.lines().filter_map(verdict).collect();
    let failed = results
        .iter()
        .filter(|(_, verdict)| *verdict == Verdict::Failed)
        .count();
    if !output.status.success() {
        eprintln!("{text}");
    }
    if !output.status.success() && failed == 0 {
        verdicts.add(
            &format!(
                "{}::(the program ended with {})",
                program.package, output.status
            ),
            Verdict::Failed,
        );
    }
    if !results.is_empty() {
        eprintln!(
            "  {:<20} {:>4} tests, {failed} failed",
            program.package,
            results.len()
        );
    }
    for (name, verdict) in results {
        verdicts.add(&format!("{}::{name}", program.package), verdict);
    }
    Ok(())
}

/// `test path::name ... ok`, `… FAILED`, `… ignored, reason`.
fn verdict(line: &str) -> Option<(String, Verdict)> {
    let (name, end) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    let verdict = match end {
        "ok" => Verdict::Passed,
        "FAILED" => Verdict::Failed,
        _ if end.starts_with("ignored") => Verdict::Skipped,
        _ => return None,
    };
    Some((name.to_owned(), verdict))
}

fn doc_tests(root: &Path, verdicts: &mut Verdicts) -> Result<(), Failure> {
    let what = "cargo test --workspace --doc";
    let output = cargo(root)
        .args([
            "test",
            "--quiet",
            "--workspace",
            "--doc",
            "--no-fail-fast",
            "--",
            "--format",
            "pretty",
        ])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Failure::Start {
            what: what.to_owned(),
            source,
        })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let results: Vec<(String, Verdict)> = text.lines().filter_map(verdict).collect();
    if !output.status.success() {
        eprintln!("{text}");
        verdicts.add("doc-tests::(build and run)", Verdict::Failed);
    }
    for (name, verdict) in results {
        verdicts.add(&format!("doc::{name}"), verdict);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Verdict, package_name, verdict};

    #[test]
    fn a_package_id_gives_its_name_in_both_spellings() {
        assert_eq!(
            package_name("path+file:///a/host/core#trunkline-core@0.1.0"),
            "trunkline-core"
        );
        assert_eq!(package_name("path+file:///a/tests/bench#0.1.0"), "bench");
    }

    #[test]
    fn a_line_of_a_test_program_gives_name_and_verdict() {
        assert_eq!(
            verdict("test a::b ... ok"),
            Some(("a::b".to_owned(), Verdict::Passed))
        );
        assert_eq!(
            verdict("test a ... FAILED"),
            Some(("a".to_owned(), Verdict::Failed))
        );
        assert_eq!(
            verdict("test a ... ignored, long"),
            Some(("a".to_owned(), Verdict::Skipped))
        );
        assert_eq!(verdict("test result: ok. 3 passed"), None);
    }
}
