//! The command line beside a running host, as the README's tour has it: another terminal, which knows none of the
//! secrets that the host was started with.

use std::process::{Command, Output};

use trunkline_harness::World;

use crate::steps::{WELCOME, gets, world, writes};

const CUSTOMER: &str = "+15550031";

fn asked(world: &World, arguments: &[&str]) -> Output {
    let mut command = Command::new(&world.built.host);
    command
        .args(arguments)
        .arg("--config")
        .arg(world.folder().join("trunkline.toml"));
    command.env_clear().output().expect("it runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_of_the_readme_works_as_printed() {
    let world = world().await;
    writes(&world, CUSTOMER, "Hello").await;
    gets(&world, CUSTOMER, WELCOME).await;
    for (arguments, shown) in [
        (&["status", "--refresh"][..], "acme-sms"),
        (&["trace", CUSTOMER], "said: Hello"),
        (&["dead-letters", "list"], "no dead letters"),
        (&["plugin", "list"], "sms.wasm"),
    ] {
        let output = asked(&world, arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {wrong}");
        assert!(said.contains(shown), "{arguments:?}: {said}");
    }
}
