//! `trace`: what happened to a conversation, line by line.

use std::io::{self, Write};

use super::arguments::Trace;
use super::client::Host;
use super::{Failure, OK, block_on, print_json, table};
use crate::report::{ConversationTrace, TraceReport};

/// Shows every conversation that the id belongs to.
pub(super) fn run(arguments: &Trace) -> Result<u8, Failure> {
    let host = Host::find(&arguments.host.config)?;
    let report: TraceReport = block_on(host.get(&["trace", &arguments.id], &[]))?;
    if arguments.host.json {
        print_json(&report)?;
        return Ok(OK);
    }
    for conversation in &report.conversations {
        print(conversation)?;
    }
    if report.more {
        let shown = report.conversations.len();
        writeln!(
            io::stdout().lock(),
            "\nthere may be more: these are the newest {shown}; name an older one by its id"
        )?;
    }
    Ok(OK)
}

fn print(conversation: &ConversationTrace) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "conversation {}, times in UTC",
        conversation.conversation
    )?;
    let rows: Vec<_> = conversation
        .lines
        .iter()
        .map(|line| {
            vec![
                format!("  {}", table::exact_time(line.at.0)),
                line.kind.clone(),
                // One line each, whatever was written.
                line.text.replace(['\n', '\r'], " "),
            ]
        })
        .collect();
    table::print(&mut out, &rows)
}
