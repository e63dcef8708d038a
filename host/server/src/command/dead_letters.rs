//! `dead-letters`: what gave up, putting it back, and saying that it is dealt with.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use trunkline_flow::ports::DeadLetter;

use super::arguments::{Age, DeadLetterAction, DeadLetters};
use super::client::Host;
use super::{Failure, OK, block_on, print_json, table};
use crate::report::LETTERS_MAX;

/// Lists, shows, replays or discards.
pub(super) fn run(arguments: &DeadLetters) -> Result<u8, Failure> {
    match &arguments.action {
        DeadLetterAction::List {
            host,
            before,
            limit,
        } => {
            let limit = usize::from(*limit);
            // One more than is shown tells whether there are more.
            let asked = if host.json { limit } else { limit + 1 };
            let mut query = vec![("limit", asked.to_string())];
            query.extend(before.map(|before| ("before", before.to_string())));
            let found = Host::find(&host.config)?;
            if host.json {
                // As the host says it: later versions may say more.
                let letters: serde_json::Value = block_on(found.get(&["dead-letters"], &query))?;
                print_json(&letters)?;
            } else {
                let letters: Vec<DeadLetter> = block_on(found.get(&["dead-letters"], &query))?;
                list(&letters, limit)?;
            }
        }
        DeadLetterAction::Show { id, host } => {
            let found = Host::find(&host.config)?;
            let id = id.to_string();
            let letter: serde_json::Value = block_on(found.get(&["dead-letters", &id], &[]))?;
            if host.json {
                print_json(&letter)?;
            } else {
                show(&serde_json::from_value(letter).map_err(Failure::problem)?)?;
            }
        }
        DeadLetterAction::Replay { id, host } => {
            let found = Host::find(&host.config)?;
            let id = id.to_string();
            let done: serde_json::Value = block_on(found.post(&["dead-letters", &id, "replay"]))?;
            if host.json {
                print_json(&done)?;
            } else {
                writeln!(io::stdout().lock(), "dead letter {id} is on its way again")?;
            }
        }
        DeadLetterAction::Discard {
            ids,
            older_than,
            host,
        } => discard(&Host::find(&host.config)?, ids, *older_than, host.json)?,
    }
    Ok(OK)
}

/// What the host discarded.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Discarded {
    discarded: Vec<i64>,
}

/// What was discarded before one could not be is told all the same.
fn discard(host: &Host, ids: &[i64], older_than: Option<Age>, json: bool) -> Result<(), Failure> {
    let mut all = Discarded::default();
    let mut ended = Ok(());
    for id in ids {
        let id = id.to_string();
        match block_on(host.delete::<Discarded>(&["dead-letters", &id], &[])) {
            Ok(one) => all.discarded.extend(one.discarded),
            Err(failure) => {
                ended = Err(failure);
                break;
            }
        }
    }
    if let Some(Age(seconds)) = older_than {
        let query = [("older_than_s", seconds.to_string())];
        all = block_on(host.delete(&["dead-letters"], &query))?;
    }
    if json {
        print_json(&all)?;
    } else if ended.is_ok() || !all.discarded.is_empty() {
        tell_discarded(&all.discarded)?;
    }
    ended
}

fn tell_discarded(ids: &[i64]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match ids {
        [] => writeln!(out, "no dead letter is that old"),
        [id] => writeln!(out, "dead letter {id} is discarded"),
        ids => writeln!(out, "{} dead letters are discarded", ids.len()),
    }
}

/// The first `limit`; and where the next begin, if there are more.
fn list(letters: &[DeadLetter], limit: usize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    // The host gives so many at once and no more.
    let shown = limit.min(LETTERS_MAX - 1);
    let more = letters.len() > shown;
    let letters = letters.get(..shown).unwrap_or(letters);
    if letters.is_empty() {
        return writeln!(out, "no dead letters");
    }
    let heading = [
        "id",
        "when (UTC)",
        "where",
        "conversation",
        "replayed",
        "reason",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(letters.iter().map(|letter| {
        vec![
            letter.id.0.to_string(),
            table::time(letter.at.0),
            place(letter),
            letter
                .conversation
                .map_or_else(String::new, |id| id.to_string()),
            letter
                .replayed
                .map_or_else(String::new, |at| table::time(at.0)),
            letter.reason.clone(),
        ]
    }));
    table::print(&mut out, &rows)?;
    match letters.last().filter(|_| more) {
        Some(last) => writeln!(out, "\nthere are more: add --before {}", last.id.0),
        None => Ok(()),
    }
}

fn show(letter: &DeadLetter) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let rows = [
        ("dead letter", letter.id.0.to_string()),
        ("when (UTC)", table::time(letter.at.0)),
        ("where", place(letter)),
        (
            "conversation",
            letter
                .conversation
                .map_or_else(String::new, |id| id.to_string()),
        ),
        (
            "delivery",
            letter
                .delivery
                .map_or_else(String::new, |id| id.to_string()),
        ),
        (
            "replayed",
            letter
                .replayed
                .map_or_else(String::new, |at| table::time(at.0)),
        ),
        ("reason", letter.reason.clone()),
    ];
    let rows: Vec<_> = rows
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    table::print(&mut out, &rows)?;
    writeln!(out, "\n{}", letter.content)
}

fn place(letter: &DeadLetter) -> String {
    let scope = letter.scope.as_ref();
    scope.map_or_else(String::new, ToString::to_string)
}
