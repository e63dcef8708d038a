//! Plays cases, each made of the random seed and its number. The process that plays tells each case to the one that
//! started it before it plays it, so that an abort (a stack that overflows) and an endless loop leave it behind, too.

use std::io::{BufRead as _, BufReader, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// A case that takes longer than this never ends: far more than a busy machine needs.
const CASE_MAX: Duration = Duration::from_secs(60);

/// Begins a line that is the next case; other lines are for people.
const CASE: &str = "case ";

/// The exit status of a process whose failing case is told and kept already.
const TOLD: i32 = 1;

/// What is given to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    /// The fixture or seed it is made of.
    pub(crate) origin: usize,
    pub(crate) body: Vec<u8>,
    /// Of the URL, where that is changed, too.
    pub(crate) query: Option<String>,
    /// It is to be signed anew.
    pub(crate) changed: bool,
}

impl Case {
    /// In one line.
    fn to_line(&self) -> String {
        let query = self.query.as_ref().map(|query| STANDARD.encode(query));
        let query = query.map_or_else(|| "-".to_owned(), |query| format!("={query}"));
        format!(
            "{CASE}{} {} {query} {}",
            self.origin,
            self.changed,
            STANDARD.encode(&self.body)
        )
    }

    /// Of such a line.
    fn of_line(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix(CASE)?.split(' ');
        let (origin, changed) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let query = match words.next()?.strip_prefix('=') {
            Some(query) => Some(String::from_utf8(STANDARD.decode(query).ok()?).ok()?),
            None => None,
        };
        let body = STANDARD.decode(words.next()?).ok()?;
        Some(Self {
            origin,
            body,
            query,
            changed,
        })
    }
}

/// What became of a case that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Something valid was made of it.
    Yes,
    /// It was refused in so many words.
    Refused,
}

/// Something that reads bytes of strangers.
pub(crate) trait Target {
    /// For people, and for `--only`.
    fn name(&self) -> &str;
    /// How many fixtures or seeds there are.
    fn origins(&self) -> usize;
    /// The file of one.
    fn origin(&self, index: usize) -> String;
    /// One as it is.
    fn unchanged(&self, index: usize) -> Case;
    /// One with changes.
    fn case(&self, random: &mut StdRng) -> Case;
    /// Reads it. An error says what does not hold; it may panic.
    fn play(&self, case: &Case) -> Result<Taken, String>;
    /// Leaves it as a file beside the others.
    fn keep(&self, case: &Case, name: &str) -> Result<PathBuf, String>;
}

/// What was played.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) taken: u64,
    pub(crate) refused: u64,
}

impl Counts {
    fn all(self) -> u64 {
        self.taken + self.refused
    }

    fn add(&mut self, taken: Taken) {
        match taken {
            Taken::Yes => self.taken += 1,
            Taken::Refused => self.refused += 1,
        }
    }
}

/// A case that does not hold.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) case: Case,
    pub(crate) why: String,
}

/// Plays a case; a panic is an error like others.
pub(crate) fn played(target: &dyn Target, case: &Case) -> Result<Taken, String> {
    panic::catch_unwind(AssertUnwindSafe(|| target.play(case))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("it panics: {}", text.unwrap_or_default()))
    })
}

fn case_of(target: &dyn Target, seed: u64, number: u64) -> Case {
    let random = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    target.case(&mut StdRng::seed_from_u64(random))
}

/// Plays so many cases of a seed.
#[cfg(test)]
pub(crate) fn cases(target: &dyn Target, seed: u64, count: u64) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    for number in 0..count {
        let case = case_of(target, seed, number);
        match played(target, &case) {
            Ok(taken) => counts.add(taken),
            Err(why) => return Err(Failure { case, why }),
        }
    }
    Ok(counts)
}

/// Plays one target in another process; true when everything held.
pub(crate) fn apart(target: &dyn Target, seed: u64, seconds: u64) -> Result<bool, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(program)
        .args(["--only", target.name(), "--seed", &seed.to_string()])
        .args(["--seconds", &seconds.to_string(), "--here"])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut last = None;
    let lines = child
        .stdout
        .take()
        .into_iter()
        .flat_map(|out| BufReader::new(out).lines());
    for line in lines.map_while(Result::ok) {
        match line.starts_with(CASE) {
            true => last = Some(line),
            false => println!("{line}"),
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() || status.code() == Some(TOLD) {
        return Ok(status.success());
    }
    let why = format!("the process ended with {status}");
    match last.as_deref().and_then(Case::of_line) {
        Some(case) => tell(target, &Failure { case, why }),
        None => println!("{}: FAILED before its first case: {why}", target.name()),
    }
    Ok(false)
}

/// Plays one target in this process until its time is over: each fixture or seed as it is, then changed ones. True when
/// everything held.
pub(crate) fn here(
    targets: &[Box<dyn Target>],
    name: &str,
    seed: u64,
    seconds: u64,
) -> Result<bool, String> {
    let target = targets.iter().find(|target| target.name() == name);
    let target = target
        .ok_or_else(|| format!("there is no target {name}"))?
        .as_ref();
    // A panic is told once, with its case.
    panic::set_hook(Box::new(|_| {}));
    let mut out = std::io::stdout().lock();
    let (begun, mut counts) = (Instant::now(), Counts::default());
    let progress = watched();
    while begun.elapsed() < Duration::from_secs(seconds) {
        let case = match usize::try_from(counts.all()) {
            Ok(number) if number < target.origins() => target.unchanged(number),
            _ => case_of(target, seed, counts.all()),
        };
        writeln!(out, "{}", case.to_line()).map_err(|error| error.to_string())?;
        match played(target, &case) {
            Ok(taken) => counts.add(taken),
            Err(why) => {
                drop(out);
                tell(target, &Failure { case, why });
                return Ok(false);
            }
        }
        progress.store(counts.all(), Ordering::Relaxed);
    }
    drop(out);
    println!(
        "{name:<16} {:>9} cases: {} taken, {} refused",
        counts.all(),
        counts.taken,
        counts.refused
    );
    Ok(true)
}

/// Ends the process when a case does not end; whoever started it knows the case.
fn watched() -> Arc<AtomicU64> {
    let progress = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&progress);
    thread::spawn(move || {
        let mut before = u64::MAX;
        loop {
            let now = seen.load(Ordering::Relaxed);
            if now == before {
                eprintln!("a case did not end within {} s", CASE_MAX.as_secs());
                std::process::abort();
            }
            before = now;
            thread::sleep(CASE_MAX);
        }
    });
    progress
}

/// Says what does not hold, and leaves the case as a file.
fn tell(target: &dyn Target, failure: &Failure) {
    println!(
        "{}: FAILED, made of {}: {}",
        target.name(),
        target.origin(failure.case.origin),
        failure.why
    );
    match target.keep(&failure.case, &name_of(&failure.case)) {
        Ok(path) => println!("  the case is {}", path.display()),
        Err(why) => println!("  the case cannot be kept: {why}; it is {:?}", failure.case),
    }
}

/// The same name for the same case.
fn name_of(case: &Case) -> String {
    let bytes = case
        .body
        .iter()
        .chain(case.query.iter().flat_map(|query| query.as_bytes()));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("fuzz-{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_survives_its_line() {
        let query = Some(String::new());
        for case in [
            Case {
                origin: 3,
                body: b"a\n\xff".to_vec(),
                query,
                changed: true,
            },
            Case {
                origin: 0,
                body: Vec::new(),
                query: None,
                changed: false,
            },
        ] {
            let line = case.to_line();
            assert!(!line.contains('\n'));
            assert_eq!(Case::of_line(&line), Some(case));
        }
    }
}
