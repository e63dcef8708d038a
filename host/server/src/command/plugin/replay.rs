//! `plugin replay`: runs a recorded call again, on the plugin it was made with or on another file. What is asked of
//! the outside is answered from the record; nothing leaves this machine.

use std::io::{self, Write};
use std::path::Path;

use serde_json::json;
use trunkline_engine::{Ending, RecordedCall, Replayed, replay};
use trunkline_flow::ports::KeptCall;

use super::super::arguments::Host as HostArguments;
use super::super::client::Host;
use super::super::{Failure, OK, block_on, print_json, table};

/// The call fails, now too.
const FAILS: u8 = 3;

/// What is to be run.
pub(super) struct Wanted<'a> {
    /// A number, or an exported file.
    pub(super) call: &'a str,
    /// Instead of the plugin it was made with.
    pub(super) with: Option<&'a Path>,
    /// Write it there, redacted, instead of running it.
    pub(super) export: Option<&'a Path>,
    pub(super) host: &'a HostArguments,
}

/// Runs or exports.
pub(super) fn run(wanted: &Wanted<'_>) -> Result<u8, Failure> {
    let record = record(wanted)?;
    if let Some(file) = wanted.export {
        return export(record, file).map(|()| OK);
    }
    let component = component(wanted, &record)?;
    let replayed = replay(&record, &component).map_err(Failure::problem)?;
    if wanted.host.json {
        print_json(&as_json(&record, &replayed))?;
    } else {
        print(&mut io::stdout().lock(), wanted.call, &record, &replayed)?;
    }
    Ok(match replayed.ending {
        Ending::Result => OK,
        Ending::Trap | Ending::Host | Ending::Asks => FAILS,
    })
}

fn record(wanted: &Wanted<'_>) -> Result<RecordedCall, Failure> {
    let Ok(id) = wanted.call.parse::<i64>() else {
        return exported(Path::new(wanted.call));
    };
    let host = Host::find(&wanted.host.config)?;
    let kept: KeptCall = block_on(host.get(&["calls", &id.to_string()], &[]))?;
    Ok(RecordedCall {
        head: kept.head,
        masked: kept.masked,
        redacted: false,
        frame: kept.frame,
        words: kept.words,
    })
}

fn exported(path: &Path) -> Result<RecordedCall, Failure> {
    let place = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::Problem(format!(
            "{place}: {error}; give a call's number, or a file that `--export` wrote"
        ))
    })?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::Problem(format!("{place}: it is no recorded call: {error}")))
}

fn export(record: RecordedCall, path: &Path) -> Result<(), Failure> {
    let unwritable = |error: io::Error| Failure::Problem(format!("{}: {error}", path.display()));
    let mut file = std::fs::File::create_new(path).map_err(unwritable)?;
    serde_json::to_writer_pretty(&mut file, &record.redacted()).map_err(Failure::problem)?;
    file.write_all(b"\n").map_err(unwritable)?;
    writeln!(
        io::stdout().lock(),
        "{}: letters of what people wrote are x, digits 9; look at it before you send it away",
        path.display()
    )?;
    Ok(())
}

fn component(wanted: &Wanted<'_>, record: &RecordedCall) -> Result<Vec<u8>, Failure> {
    if let Some(path) = wanted.with {
        return std::fs::read(path)
            .map_err(|error| Failure::Problem(format!("{}: {error}", path.display())));
    }
    if wanted.call.parse::<i64>().is_err() {
        let text = "an exported call does not hold the plugin: name its file, --with FILE.wasm";
        return Err(Failure::Usage(text.to_owned()));
    }
    let host = Host::find(&wanted.host.config)?;
    block_on(host.bytes(&["plugin-files", &record.version().0]))
}

fn print(
    out: &mut impl Write,
    call: &str,
    record: &RecordedCall,
    replayed: &Replayed,
) -> io::Result<()> {
    let head = &record.head;
    writeln!(
        out,
        "call {call}: {} on {}, {} UTC",
        head.export,
        head.scope,
        table::exact_time(head.at.0)
    )?;
    let file = format!("{} {}, sha256 {}", head.plugin, head.version, head.hash.0);
    let mut rows = vec![row("plugin", &file)];
    rows.extend(record.asked().iter().map(|line| row("asked", line)));
    rows.extend(lines("log then", &record.log()));
    let ended = record
        .ending()
        .map_or_else(String::new, |ending| format!("{ending}: "));
    rows.push(row("then", &format!("{ended}{}", head.outcome)));
    let now = format!(
        "{}: {}: {}",
        replayed.plugin, replayed.ending, replayed.outcome
    );
    rows.push(row("now", &now));
    rows.extend(lines("log now", &replayed.log));
    let answers = format!("{} of {} asked for", replayed.asked, replayed.recorded);
    rows.push(row("answers", &answers));
    table::print(out, &rows)?;
    if record.redacted {
        writeln!(
            out,
            "What people wrote was made unreadable in this file: the plugin saw other words."
        )?;
    } else if record.masked {
        writeln!(
            out,
            "Something was masked in the record: the plugin saw more than this."
        )?;
    }
    let same = record.ending() == Some(replayed.ending) && head.outcome == replayed.outcome;
    writeln!(
        out,
        "{}",
        if same {
            "It ends as it did."
        } else {
            "It ends otherwise than it did."
        }
    )
}

fn row(name: &str, text: &str) -> Vec<String> {
    // One line each, whatever was written.
    vec![format!("  {name}"), text.replace(['\n', '\r'], " ")]
}

fn lines(name: &str, log: &[(String, String)]) -> impl Iterator<Item = Vec<String>> {
    log.iter()
        .map(move |(level, text)| row(name, &format!("{level}: {text}")))
}

fn as_json(record: &RecordedCall, replayed: &Replayed) -> serde_json::Value {
    json!({
        "call": record,
        "asked": record.asked(),
        "now": {
            "plugin": replayed.plugin,
            "ending": replayed.ending,
            "outcome": replayed.outcome,
            "answers_asked_for": replayed.asked,
            "answers_recorded": replayed.recorded,
            "log": replayed.log,
        },
    })
}
