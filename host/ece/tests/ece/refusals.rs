//! What ECE refuses until somebody mends it.

use ece_simulator::{EceConfig, Fault, Operation, Refusal, Times};
use trunkline_ece::Asked;
use trunkline_flow::ports::EceError;

use crate::world::{World, acme, config};

/// The lights are read without a login, and stay green (ECE tells of a deactivated address by a mail).
#[tokio::test]
async fn a_start_that_is_refused_is_remembered_until_one_succeeds() {
    let world = World::start().await;
    assert_eq!(world.client.refusals(&acme()), []);
    let deactivated = Refusal {
        status: 403,
        code: "403-204".to_owned(),
        message: "The webhook callback URL is deactivated.".to_owned(),
    };
    let fault = Fault::Refuse {
        refusal: deactivated,
    };
    world.sim.set_fault(Operation::Start, fault, Times::Once);
    assert!(matches!(world.open().await, Err(EceError::Credentials(_))));
    let refusals = world.client.refusals(&acme());
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert_eq!(refusals[0].asked, Asked::Start);
    let told = refusals[0].to_string();
    assert!(told.contains("activate it in ECE under"), "{told}");
    world.opened().await;
    assert_eq!(world.client.refusals(&acme()), []);
}

#[tokio::test]
async fn a_login_that_is_refused_is_remembered_until_ece_takes_one() {
    let mut right = config("");
    let world = World::with(EceConfig::default(), |config| {
        right = config.clone();
        config.password = "wrong".into();
    })
    .await;
    world.open().await.unwrap_err();
    let refusals = world.client.refusals(&acme());
    assert_eq!(refusals.len(), 1, "not as a start as well: {refusals:?}");
    assert_eq!(refusals[0].asked, Asked::Login);
    let told = refusals[0].to_string();
    assert!(told.contains("correct username, password"), "{told}");
    world.client.reconfigure(vec![right]).unwrap();
    let session = world.opened().await;
    assert_eq!(world.client.refusals(&acme()), []);
    let expired = Fault::Refuse {
        refusal: Refusal {
            status: 401,
            code: "401-101".to_owned(),
            message: "invalid session".to_owned(),
        },
    };
    world.sim.set_fault(Operation::Send, expired, Times::Always);
    world.say(&session, "x").await.unwrap_err();
    assert_eq!(world.client.refusals(&acme()).len(), 1);
    world.sim.clear_faults();
    world.say(&session, "x").await.unwrap();
    assert_eq!(world.client.refusals(&acme()), []);
}
