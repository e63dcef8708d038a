//! `check`: what works and what does not, told apart, before anything runs.
//!
//! Nothing that counts is touched: the store is tried on a copy, plugins on a copy of their folder with
//! an archive in memory, and ECE starts no conversation. So it also works beside a running host.

/// The store, on a copy.
mod store;

/// Plugins and those who use them, on a copy of the folder.
mod plugins;

/// Why a provider gives no answer.
mod provider;

use std::io::{self, Write};

use serde::Serialize;
use trunkline_ece::{EceClient, Verdict};

use super::arguments::Check;
use super::{Failure, OK, PROBLEMS, USAGE, block_on, print_json, table};
use crate::config::{self, Config, ConfigError};
use crate::wiring;

/// Everything that was looked at.
#[derive(Debug, Serialize)]
struct Report {
    /// Nothing is bad.
    ok: bool,
    /// In the order of a message's way.
    lines: Vec<Line>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Line {
    /// `store`, `plugin sms.wasm`, `channel acme-sms`, `ECE acme`.
    of: String,
    /// What about it.
    what: String,
    /// Does it work?
    verdict: Word,
    /// What was found and what to do.
    text: String,
}

/// Does it work?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    /// It does.
    Good,
    /// It may.
    Doubtful,
    /// It does not.
    Bad,
}

impl Line {
    fn new(of: impl Into<String>, what: &str, verdict: Word, text: impl Into<String>) -> Self {
        Self {
            of: of.into(),
            what: what.to_owned(),
            verdict,
            text: text.into(),
        }
    }
}

/// Checks everything.
pub(super) fn run(arguments: &Check) -> Result<u8, Failure> {
    let config = match config::load_fitting(&arguments.config, wiring::unfit) {
        Ok(config) => config,
        Err(ConfigError::Wrong(complaints)) if arguments.json => {
            print_json(&complaints)?;
            return Ok(USAGE);
        }
        Err(error) => return Err(Failure::usage(error)),
    };
    let lines = block_on(async { Ok(look(&config).await) })?;
    let ok = lines.iter().all(|line| line.verdict != Word::Bad);
    let report = Report { ok, lines };
    if arguments.json {
        print_json(&report)?;
    } else {
        print(&mut io::stdout().lock(), &report)?;
    }
    Ok(if ok { OK } else { PROBLEMS })
}

async fn look(config: &Config) -> Vec<Line> {
    let file = config.file.display().to_string();
    let mut lines = vec![Line::new("configuration", "file", Word::Good, file)];
    let idle = config.idle().into_iter();
    lines.extend(idle.map(|(of, why)| Line::new(of, "rules", Word::Doubtful, why)));
    lines.push(store::look(&config.store.path));
    lines.extend(plugins::look(config).await);
    lines.extend(ece(config).await);
    lines
}

async fn ece(config: &Config) -> Vec<Line> {
    let options = trunkline_ece::Options::default();
    let client = match EceClient::new(wiring::integrations(config), options) {
        Ok(client) => client,
        Err(errors) => {
            let wrong = errors.into_iter().map(|error| {
                let of = format!("ECE {}", error.integration);
                Line::new(of, "settings", Word::Bad, error.complaints.join("; "))
            });
            return wrong.collect();
        }
    };
    let mut lines = Vec::new();
    for name in config.integrations.keys() {
        let of = format!("ECE {name}");
        match client.check(name).await {
            Ok(found) => lines.extend(found.iter().map(|line| {
                let verdict = match line.verdict() {
                    Verdict::Good => Word::Good,
                    Verdict::Doubtful => Word::Doubtful,
                    Verdict::Bad => Word::Bad,
                };
                Line::new(of.clone(), &line.what, verdict, line.text())
            })),
            Err(error) => lines.push(Line::new(of, "settings", Word::Bad, error.to_string())),
        }
    }
    lines
}

fn print(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let rows: Vec<_> = report
        .lines
        .iter()
        .map(|line| {
            let word = match line.verdict {
                Word::Good => "good",
                Word::Doubtful => "look",
                Word::Bad => "BAD",
            };
            let what = format!("{}: {}", line.of, line.what);
            vec![word.to_owned(), what, line.text.clone()]
        })
        .collect();
    table::print(out, &rows)?;
    let bad = report.lines.iter().filter(|line| line.verdict == Word::Bad);
    let doubtful = report.lines.iter();
    let doubtful = doubtful.filter(|line| line.verdict == Word::Doubtful);
    match bad.count() {
        0 => match doubtful.count() {
            0 => writeln!(out, "\nall is well"),
            1 => writeln!(out, "\nnothing is bad; look at 1 thing"),
            count => writeln!(out, "\nnothing is bad; look at {count} things"),
        },
        1 => writeln!(out, "\n1 thing does not work"),
        count => writeln!(out, "\n{count} things do not work"),
    }
}
