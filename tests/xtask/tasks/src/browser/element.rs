//! The embeddable chat's own tests in Chromium, before a host in memory: `npm run test:browser` of
//! `plugins/in-app/web`, file by file, so that each test has its name here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::CHROMIUM;
use crate::run::{Failure, run};
use crate::suite::{Verdict, Verdicts};

const FOLDER: &str = "plugins/in-app/web";

/// Runs them. The chat is built and its npm packages are installed.
///
/// # Errors
/// Node cannot be started, or the tests do not build.
pub(super) fn play(root: &Path, verdicts: &mut Verdicts) -> Result<(), Failure> {
    let folder = root.join(FOLDER);
    run(Command::new("node")
        .args(["build.mjs", "--tests"])
        .current_dir(&folder))?;
    for (name, _) in files(&folder) {
        play_file(&folder, &name, verdicts)?;
    }
    Ok(())
}

fn play_file(folder: &Path, name: &str, verdicts: &mut Verdicts) -> Result<(), Failure> {
    let built = format!("build/browser/{name}.test.js");
    let output = Command::new("node")
        .args(["--test-reporter=tap", &built])
        .current_dir(folder)
        .env("CHROMIUM", CHROMIUM)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Failure::Start {
            what: format!("node {built}"),
            source,
        })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let results: Vec<_> = text.lines().filter_map(verdict).collect();
    let failed = results
        .iter()
        .any(|(_, verdict)| *verdict == Verdict::Failed);
    if !output.status.success() {
        eprintln!("{text}");
    }
    if results.is_empty() || (!output.status.success() && !failed) {
        let what = format!("chat-browser::{name}::(ended with {})", output.status);
        verdicts.add(&what, Verdict::Failed);
    }
    for (title, verdict) in results {
        verdicts.add(&format!("chat-browser::{name}::{title}"), verdict);
    }
    Ok(())
}

/// Counts each as skipped, by the name it has when it runs.
pub(super) fn leave_out(root: &Path, verdicts: &mut Verdicts) {
    for (name, path) in files(&root.join(FOLDER)) {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        for title in super::titles(&text, "story(\"", "\", ") {
            verdicts.add(&format!("chat-browser::{name}::{title}"), Verdict::Skipped);
        }
    }
}

/// Each file of tests, by its name without endings.
fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(folder.join("test/browser"));
    let mut files: Vec<_> = entries
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some((name.strip_suffix(".test.ts")?.to_owned(), entry.path()))
        })
        .collect();
    files.sort();
    files
}

/// `ok 1 - TITLE`, `not ok 1 - TITLE`, `ok 1 - TITLE # SKIP reason`: a test at the top level of Node's TAP, which writes
/// `#` and `\` of a title with a `\` before them.
fn verdict(line: &str) -> Option<(String, Verdict)> {
    let (verdict, rest) = match line.strip_prefix("not ") {
        Some(rest) => (Verdict::Failed, rest),
        None => (Verdict::Passed, line),
    };
    let (number, title) = rest.strip_prefix("ok ")?.split_once(" - ")?;
    number.parse::<u32>().ok()?;
    let (title, verdict) = match title.split_once(" # SKIP") {
        Some((title, _)) => (title, Verdict::Skipped),
        None => (title, verdict),
    };
    Some((title.replace("\\#", "#").replace("\\\\", "\\"), verdict))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_node_gives_title_and_verdict() {
        let passed = ("a, b".to_owned(), Verdict::Passed);
        assert_eq!(verdict("ok 1 - a, b"), Some(passed));
        let failed = ("order #1".to_owned(), Verdict::Failed);
        assert_eq!(verdict("not ok 12 - order \\#1"), Some(failed));
        let skipped = ("a".to_owned(), Verdict::Skipped);
        assert_eq!(verdict("ok 3 - a # SKIP no browser"), Some(skipped));
        assert_eq!(verdict("# tests 26"), None);
        assert_eq!(verdict("    ok 1 - inner"), None);
    }

    #[test]
    fn every_browser_test_of_the_chat_is_found_without_running_it() {
        let mut verdicts = Verdicts::default();
        leave_out(&crate::run::root(), &mut verdicts);
        let stories = files(&crate::run::root().join(FOLDER))
            .iter()
            .map(|(_, path)| {
                let text = std::fs::read_to_string(path).expect("a file of tests");
                text.matches("\nstory(").count()
            })
            .sum::<usize>();
        assert!(stories > 0);
        assert_eq!(verdicts.count(Verdict::Skipped), stories);
    }
}
