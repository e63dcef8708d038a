//! Every pair of files in `fixtures` holds. `TRUNKLINE_FIXTURES=write cargo test` writes what is expected anew.

use CRATE::Desk;
use trunkline_plugin::harness::Suite;

#[test]
fn every_fixture_gives_what_is_expected() {
    Suite::bot::<Desk>(include_str!("../plugin.toml")).run(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
