//! A child process of this very test binary accepts messages and prints the number of each that it was
//! told is durable. It is killed in the middle; every number it printed must be there.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use trunkline_flow::ports::Store;

use crate::file::{message, open};

/// Tells the child that it is the child, and where its store is.
const FOLDER: &str = "TRUNKLINE_STORE_KILL_FOLDER";

/// How many numbers the parent reads before it kills, a round.
const ROUNDS: [usize; 4] = [1, 40, 150, 400];

#[test]
fn what_was_accepted_is_there_after_kill_9() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut next = 0;
    for enough in ROUNDS {
        let told = accept_until_killed(folder.path(), next, enough);
        let store = open(folder.path()).expect("the store opens after the kill");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        for number in &told {
            let again = runtime.block_on(store.accept(message(*number, "again")));
            let duplicates = again.expect("accepted").duplicates;
            assert_eq!(duplicates, 1, "message {number} was accepted and is gone");
        }
        next += 1_000_000;
    }
}

/// Gives the numbers that the child printed before it died.
fn accept_until_killed(folder: &Path, from: usize, enough: usize) -> Vec<usize> {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args([
            "--exact",
            "kill::child_accepts_until_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(FOLDER, format!("{from}:{}", folder.display()))
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let output = child.stdout.take().expect("a pipe");
    let mut numbers = BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| told(&line));
    let mut told: Vec<usize> = numbers.by_ref().take(enough).collect();
    assert_eq!(told.len(), enough, "the child ended by itself");
    child.kill().expect("killed");
    // What it printed before the signal came.
    told.extend(numbers);
    child.wait().expect("it is dead");
    told
}

/// A line may be cut by the kill: only whole ones end in a full stop.
fn told(line: &str) -> Option<usize> {
    line.strip_prefix("accepted ")?
        .strip_suffix('.')?
        .parse()
        .ok()
}

#[test]
#[ignore = "the child of the test above"]
fn child_accepts_until_killed() {
    let Ok(place) = std::env::var(FOLDER) else {
        return;
    };
    let (from, folder) = place.split_once(':').expect("a number and a folder");
    let from: usize = from.parse().expect("a number");
    let store = Arc::new(open(folder.as_ref()).expect("the store opens"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let callers: Vec<_> = (0..16)
        .map(|caller| runtime.spawn(accept_for_ever(Arc::clone(&store), from + caller * 10_000)))
        .collect();
    for caller in callers {
        runtime.block_on(caller).expect("it never ends");
    }
}

async fn accept_for_ever(store: Arc<trunkline_store::SqliteStore>, from: usize) {
    for number in from.. {
        store
            .accept(message(number, "hello"))
            .await
            .expect("accepted");
        let mut output = std::io::stdout().lock();
        writeln!(output, "accepted {number}.").expect("printed");
        output.flush().expect("printed");
    }
}
