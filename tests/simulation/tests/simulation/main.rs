//! Seeds, and proof that the checkers can fail. `TRUNKLINE_SEEDS` plays more of them, `TRUNKLINE_SEED` one.

/// Flow's policies, with decisions written by hand.
mod policies;

use simulation::check;
use simulation::run::play;
use simulation::store::Flaw;
use simulation::world::Faults;

/// Seeds a plain test run plays.
const SEEDS: u64 = 1_000;

/// Seeds within which a flaw of the store must show.
const FLAWED_SEEDS: u64 = 60;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Plays seeds on two threads; gives the first that went wrong, with its story.
fn first_wrong(seeds: std::ops::Range<u64>) -> Option<String> {
    let half = |odd: u64| {
        let mut mine = seeds.clone().filter(|seed| seed % 2 == odd);
        mine.find_map(|seed| {
            let outcome = play(seed, None, Flaw::None);
            let wrong = check::all(&outcome);
            (!wrong.is_empty()).then(|| {
                format!(
                    "seed {seed} (TRUNKLINE_SEED={seed} plays it alone):\n{}\n\n{}",
                    wrong.join("\n"),
                    check::story(&outcome)
                )
            })
        })
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        let one = half(0);
        one.or(other.join().expect("a checker panicked"))
    })
}

#[test]
fn whatever_the_outside_does_what_must_hold_holds() {
    let seeds = match number("TRUNKLINE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("TRUNKLINE_SEEDS").unwrap_or(SEEDS),
    };
    if let Some(wrong) = first_wrong(seeds) {
        panic!("{wrong}");
    }
}

#[test]
fn the_same_seed_plays_the_same() {
    let story = || check::story(&play(7, None, Flaw::None));
    assert_eq!(story(), story());
}

#[test]
fn without_faults_nothing_is_dead_and_nothing_is_made_again() {
    for seed in 0..50 {
        let outcome = play(seed, Some(Faults::none()), Flaw::None);
        assert_eq!(check::all(&outcome), Vec::<String>::new(), "seed {seed}");
        let story = check::story(&outcome);
        assert!(!story.contains(", again in"), "seed {seed}:\n{story}");
    }
}

/// The first thing a checker says about a store with this flaw.
fn found(flaw: Flaw) -> String {
    found_within(FLAWED_SEEDS, flaw)
}

fn found_within(seeds: u64, flaw: Flaw) -> String {
    (0..seeds)
        .find_map(|seed| check::all(&play(seed, None, flaw)).into_iter().next())
        .unwrap_or_default()
}

#[test]
fn a_store_that_keeps_no_keys_is_found() {
    let wrong = found(Flaw::NoKeys);
    assert!(
        wrong.starts_with("H2") || wrong.starts_with("H3"),
        "{wrong}"
    );
}

#[test]
fn a_store_that_forgets_settles_is_found() {
    let wrong = found(Flaw::ForgetsSettle);
    assert!(!wrong.is_empty());
}

#[test]
fn a_store_that_loses_events_is_found() {
    let wrong = found(Flaw::LosesEvents);
    assert!(
        wrong.starts_with("H6") || wrong.starts_with("never came to rest"),
        "{wrong}"
    );
}

#[test]
fn a_store_that_reverses_lanes_is_found() {
    let wrong = found(Flaw::ReversesLanes);
    assert!(wrong.starts_with('H'), "{wrong}");
}

#[test]
fn a_store_that_forgets_what_left_is_found() {
    let wrong = found(Flaw::ForgetsLeave);
    assert!(wrong.starts_with("H2"), "{wrong}");
}

#[test]
fn a_store_that_drops_parked_events_is_found() {
    let wrong = found(Flaw::DropsParked);
    assert!(!wrong.is_empty());
}

#[test]
fn a_store_that_forgets_what_receipts_told_is_found() {
    let wrong = found_within(SEEDS, Flaw::ForgetsTold);
    assert!(wrong.starts_with("H2"), "{wrong}");
}
