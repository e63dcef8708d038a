//! The fixtures, and what the guide promises about the file.

use telegram::Telegram;
use trunkline_plugin::harness::Suite;

const MANIFEST: &str = include_str!("../plugin.toml");
const SOURCE: &str = include_str!("../src/lib.rs");
const GUIDE: &str = include_str!("../../../../docs/write-a-channel.md");

#[test]
fn every_fixture_gives_what_is_expected() {
    Suite::channel::<Telegram>(MANIFEST)
        .attachments::<Telegram>()
        .checking::<Telegram>()
        .run(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}

#[test]
fn the_channel_has_fewer_than_120_lines() {
    let lines = SOURCE.lines().count();
    assert!(lines < 120, "{lines} lines");
}

#[test]
fn the_guide_prints_both_files_whole() {
    for (language, file) in [("rust", SOURCE), ("toml", MANIFEST)] {
        let block = format!("```{language}\n{file}```\n");
        assert!(
            GUIDE.contains(&block),
            "docs/write-a-channel.md does not print the {language} file as it is: copy it there"
        );
    }
}
