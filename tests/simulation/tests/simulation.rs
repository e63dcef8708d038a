//! Seeds, and proof that the checkers can fail. `TRUNKLINE_SEEDS` plays more of them, `TRUNKLINE_SEED` one.

use simulation::check;
use simulation::run::play;
use simulation::store::Flaw;

/// Seeds a plain test run plays.
const SEEDS: u64 = 1_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn whatever_the_outside_does_what_must_hold_holds() {
    let seeds = match number("TRUNKLINE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("TRUNKLINE_SEEDS").unwrap_or(SEEDS),
    };
    let only = std::env::var("TRUNKLINE_ALL").is_ok();
    for seed in seeds {
        let outcome = play(seed, None, Flaw::None);
        let wrong = check::all(&outcome);
        if only && !wrong.is_empty() {
            println!("seed {seed}: {}", wrong.join(" // "));
            continue;
        }
        if !wrong.is_empty() {
            println!("{}", check::story(&outcome));
        }
        assert!(
            wrong.is_empty(),
            "seed {seed} (TRUNKLINE_SEED={seed} plays it alone):\n{}",
            wrong.join("\n")
        );
    }
}
