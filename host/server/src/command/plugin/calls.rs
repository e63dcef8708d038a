//! `plugin calls` and `plugin record`: which calls the host has kept, and keeping all of a channel or bot.

use std::io::{self, Write};

use super::super::arguments::Host as HostArguments;
use super::super::client::Host;
use super::super::{Failure, block_on, print_json, table};
use crate::report::{CallReport, RecordingReport};

/// The newest first.
pub(super) fn list(
    arguments: &HostArguments,
    of: Option<&str>,
    before: Option<i64>,
    limit: u16,
) -> Result<(), Failure> {
    let mut query = vec![("limit", limit.to_string())];
    query.extend(of.map(|of| ("of", of.to_owned())));
    query.extend(before.map(|before| ("before", before.to_string())));
    let host = Host::find(&arguments.config)?;
    let calls: Vec<CallReport> = block_on(host.get(&["calls"], &query))?;
    if arguments.json {
        return print_json(&calls);
    }
    let mut out = io::stdout().lock();
    if calls.is_empty() {
        writeln!(
            out,
            "no recorded calls: failed ones are kept for 7 days, all of a channel while `plugin record` is on"
        )?;
        return Ok(());
    }
    let heading = ["call", "when (UTC)", "where", "plugin", "called", "outcome"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(calls.iter().map(row));
    table::print(&mut out, &rows)?;
    Ok(())
}

/// Outcomes are long: as much as a line holds.
const OUTCOME_CHARS: usize = 80;

fn row(call: &CallReport) -> Vec<String> {
    let head = &call.head;
    let mut outcome: String = head.outcome.chars().take(OUTCOME_CHARS).collect();
    if outcome.len() < head.outcome.len() {
        outcome.push('…');
    }
    vec![
        call.id.0.to_string(),
        table::time(head.at.0),
        head.scope.to_string(),
        format!("{} {}", head.plugin, head.version),
        head.export.clone(),
        outcome.replace(['\n', '\r'], " "),
    ]
}

/// From now on, or no more.
pub(super) fn record(arguments: &HostArguments, name: &str, minutes: u64) -> Result<(), Failure> {
    let host = Host::find(&arguments.config)?;
    let query = [("minutes", minutes.to_string())];
    let recording: Vec<RecordingReport> = block_on(host.put(&["recording", name], &query))?;
    if arguments.json {
        return print_json(&recording);
    }
    let mut out = io::stdout().lock();
    if recording.is_empty() {
        writeln!(out, "nothing is recorded now")?;
    }
    for one in recording {
        let until = table::time(one.until);
        writeln!(
            out,
            "{}: every plugin call is kept until {until} UTC, with what people wrote (`trunkline plugin calls`)",
            one.of
        )?;
    }
    Ok(())
}
