//! What Node tests: the embeddable chat's own tests, and chat and demo in a real browser.

use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::chat::{self, Chat, npm};
use crate::run::{Failure, run, target};
use crate::suite::{Verdict, Verdicts};

/// The chat's own tests there.
mod element;

/// Where Debian puts it.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Playwright's report, as far as it is read.
#[derive(Debug, Deserialize)]
struct Report {
    #[serde(default)]
    suites: Vec<Suite>,
    #[serde(default)]
    errors: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Suite {
    #[serde(default)]
    file: String,
    #[serde(default)]
    specs: Vec<Spec>,
    #[serde(default)]
    suites: Vec<Suite>,
}

#[derive(Debug, Deserialize)]
struct Spec {
    title: String,
    ok: bool,
    #[serde(default)]
    tests: Vec<SpecTest>,
}

#[derive(Debug, Deserialize)]
struct SpecTest {
    #[serde(default)]
    status: String,
}

/// Builds the chat and runs its tests; without Node they are skipped.
///
/// # Errors
/// npm cannot be started.
pub(crate) fn chat(root: &Path, verdicts: &mut Verdicts) -> Result<(), Failure> {
    let name = "xtask::chat (needs Node 20 with npm)";
    let verdict = match chat::build(root) {
        Ok(Chat::NoNode) => Verdict::Skipped,
        Ok(Chat::Built) => passed(npm(&root.join("plugins/in-app/web"), &["test", "--silent"]))?,
        Err(failure) => passed(Err(failure))?,
    };
    verdicts.add(name, verdict);
    Ok(())
}

/// Plays the chat and the demo in a browser; without Node or Chromium that is skipped. The host, the plugins and the
/// chat are built.
///
/// # Errors
/// npm or Node cannot be started, or the chat's tests do not build.
pub(crate) fn in_chromium(
    root: &Path,
    install: bool,
    verdicts: &mut Verdicts,
) -> Result<(), Failure> {
    let lacking = match (chat::has_npm(), has_chromium(install)?) {
        (false, _) => Some("needs Node 20 with npm"),
        (_, false) => Some("needs Chromium: apt-get install chromium"),
        (true, true) => None,
    };
    if let Some(lacking) = lacking {
        verdicts.add(&format!("xtask::browser ({lacking})"), Verdict::Skipped);
        leave_out(root, verdicts);
        return Ok(());
    }
    element::play(root, verdicts)?;
    demo(root, verdicts)
}

fn demo(root: &Path, verdicts: &mut Verdicts) -> Result<(), Failure> {
    let folder = root.join("tests/browser");
    npm(
        &folder,
        &["ci", "--no-audit", "--no-fund", "--loglevel=error"],
    )?;
    let mut command = Command::new(folder.join("node_modules/.bin/playwright"));
    command
        .args(["test", "--reporter=json"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", target(root))
        .env("BROWSER_OUTPUT", target(root).join("browser"))
        .env("CHROMIUM", CHROMIUM)
        .stderr(Stdio::inherit());
    let output = command.output().map_err(|source| Failure::Start {
        what: "playwright test".to_owned(),
        source,
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let Ok(report) = serde_json::from_str::<Report>(&text) else {
        eprintln!("{text}");
        verdicts.add("browser::(the report cannot be read)", Verdict::Failed);
        return Ok(());
    };
    if !output.status.success() {
        eprintln!("{text}");
    }
    if !report.errors.is_empty() {
        verdicts.add("browser::(the tests do not run)", Verdict::Failed);
    }
    for (name, verdict) in report.suites.iter().flat_map(names) {
        verdicts.add(&name, verdict);
    }
    Ok(())
}

/// Counts each of the browser's tests as skipped, by the name it has when it runs.
pub(crate) fn leave_out(root: &Path, verdicts: &mut Verdicts) {
    element::leave_out(root, verdicts);
    let files = std::fs::read_dir(root.join("tests/browser"));
    for file in files.into_iter().flatten().filter_map(Result::ok) {
        let name = file.file_name().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".spec.mjs") else {
            continue;
        };
        let text = std::fs::read_to_string(file.path()).unwrap_or_default();
        for title in titles(&text, "test(\"", "\", async") {
            verdicts.add(&format!("browser::{name}::{title}"), Verdict::Skipped);
        }
    }
}

/// The titles of a file's tests: between these two, at the beginning of a line.
fn titles<'a>(text: &'a str, before: &str, behind: &str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| {
        let rest = line.strip_prefix(before)?;
        rest.split_once(behind).map(|(title, _)| title)
    })
}

/// `browser::FILE::TITLE` of each test.
fn names(suite: &Suite) -> Vec<(String, Verdict)> {
    let file = suite.file.trim_end_matches(".spec.mjs");
    let own = suite.specs.iter().map(|spec| {
        let skipped = spec.tests.iter().any(|test| test.status == "skipped");
        let verdict = match (skipped, spec.ok) {
            (true, _) => Verdict::Skipped,
            (false, true) => Verdict::Passed,
            (false, false) => Verdict::Failed,
        };
        (format!("browser::{file}::{}", spec.title), verdict)
    });
    own.chain(suite.suites.iter().flat_map(names)).collect()
}

fn has_chromium(install: bool) -> Result<bool, Failure> {
    if Path::new(CHROMIUM).exists() || !install {
        return Ok(Path::new(CHROMIUM).exists());
    }
    let mut update = Command::new("apt-get");
    let mut get = Command::new("apt-get");
    update.args(["update", "--quiet"]);
    get.args([
        "install",
        "--yes",
        "--quiet",
        "--no-install-recommends",
        "chromium",
        "fonts-dejavu-core",
        "fonts-noto-color-emoji",
    ])
    .env("DEBIAN_FRONTEND", "noninteractive");
    Ok(run(&mut update).is_ok() && run(&mut get).is_ok() && Path::new(CHROMIUM).exists())
}

fn passed(outcome: Result<(), Failure>) -> Result<Verdict, Failure> {
    match outcome {
        Ok(()) => Ok(Verdict::Passed),
        Err(Failure::Ended { what, status }) => {
            eprintln!("`{what}` ended with {status}");
            Ok(Verdict::Failed)
        }
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_titles_of_a_file_are_the_names_of_its_tests() {
        let text = "import x;\ntest(\"a, b\", async ({ visit }) => {\n  test(\"inner\");\n});\ntest(\"c\", async () => {});\n";
        let found = titles(text, "test(\"", "\", async");
        assert_eq!(found.collect::<Vec<_>>(), ["a, b", "c"]);
    }

    #[test]
    fn a_browser_report_gives_each_test_by_file_and_title() {
        let text = r#"{"suites":[{"file":"people.spec.mjs","specs":[{"title":"Arabic","ok":true,"tests":[{"status":"expected"}]}],
            "suites":[{"file":"people.spec.mjs","specs":[{"title":"a b","ok":false,"tests":[{"status":"unexpected"}]},
            {"title":"c","ok":true,"tests":[{"status":"skipped"}]}]}]}],"errors":[]}"#;
        let report: Report = serde_json::from_str(text).expect("a report");
        let found: Vec<_> = report.suites.iter().flat_map(names).collect();
        assert_eq!(
            found,
            [
                ("browser::people::Arabic".to_owned(), Verdict::Passed),
                ("browser::people::a b".to_owned(), Verdict::Failed),
                ("browser::people::c".to_owned(), Verdict::Skipped),
            ]
        );
    }
}
