//! What should not come and does: forged, cut, oversized and repeated calls, and a configuration that
//! is wrong. Each is answered as promised, and the conversation beside it goes on.

use sms_simulator::{CustomerMessage, Tamper};
use trunkline_harness::world::client;

use crate::steps::{
    assert_nothing_stored, chat, dead_letters, gets, posts, reload, seen, texts, world, writes,
};

const CUSTOMER: &str = "+15550003";

fn tampered(tamper: Tamper, body: &str) -> CustomerMessage {
    CustomerMessage {
        tamper,
        ..CustomerMessage::text(CUSTOMER, body)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_or_missing_signature_is_answered_403_and_nothing_is_stored() {
    let world = world().await;
    for tamper in [Tamper::BadSignature, Tamper::NoSignature] {
        let status = posts(&world, tampered(tamper, "forged")).await;
        assert_eq!(status, 403, "{tamper:?}");
    }
    assert_nothing_stored(&world, CUSTOMER).await;
    // A signing secret that was rotated at the provider alone shows here, and nowhere else.
    let status = world.admin("status").await.expect("it answers");
    let counts = status["counts"].as_array().expect("counts");
    let refused = counts.iter().find(|count| count["name"] == "calls_refused");
    assert_eq!(refused.map(|count| &count["value"]), Some(&2.into()));
    // A text after it gets through: the forged ones would have come before it.
    writes(&world, CUSTOMER, "genuine").await;
    let session = seen(&world, "genuine").await;
    assert_eq!(texts(&world, &session), ["genuine"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authentic_message_that_is_cut_or_not_utf_8_still_reaches_the_agent() {
    let world = world().await;
    let status = posts(&world, tampered(Tamper::Truncated, "cut in the middle")).await;
    assert_eq!(status, 200);
    let status = posts(&world, tampered(Tamper::NotUtf8, "broken at its end: ")).await;
    assert_eq!(status, 200);
    writes(&world, CUSTOMER, "whole again").await;
    let session = seen(&world, "whole again").await;
    let seen = texts(&world, &session);
    assert_eq!(seen.len(), 3, "none is swallowed: {seen:?}");
    assert!(seen[1].starts_with("broken at its end: "), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_webhook_is_answered_413_and_nothing_is_stored() {
    let world = world().await;
    let huge = CustomerMessage::text(CUSTOMER, "x".repeat(4 * 1024 * 1024 + 1));
    assert_eq!(posts(&world, huge).await, 413);
    assert_nothing_stored(&world, CUSTOMER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_nobody_knows_are_taken_as_they_come() {
    let world = world().await;
    let message = CustomerMessage {
        extra: vec![
            ("SomethingNew".to_owned(), "1".to_owned()),
            ("\u{e9}".to_owned(), String::new()),
        ],
        ..CustomerMessage::text(CUSTOMER, "with extras")
    };
    assert_eq!(posts(&world, message).await, 200);
    seen(&world, "with extras").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_the_provider_sends_three_times_is_handled_once() {
    let world = world().await;
    let repeated = CustomerMessage {
        duplicates: 2,
        ..CustomerMessage::text(CUSTOMER, "repeated")
    };
    let receipt = world.sms.deliver(repeated).await;
    assert_eq!((receipt.answers.len(), receipt.status()), (3, 200));
    writes(&world, CUSTOMER, "after it").await;
    let session = seen(&world, "after it").await;
    assert_eq!(texts(&world, &session), ["repeated", "after it"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ece_sends_twice_reaches_the_customer_once() {
    let world = world().await;
    world
        .ece
        .change_callback(|callback| callback.doubled = true);
    let session = chat(&world, CUSTOMER, "Hello").await;
    world.ece.say(&session, "first").expect("Ann has it");
    world.ece.say(&session, "second").expect("Ann has it");
    gets(&world, CUSTOMER, "second").await;
    let bodies = crate::steps::bodies(&world, CUSTOMER);
    assert_eq!(bodies[2..], ["first", "second"], "{bodies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_without_authorisation_is_answered_401_and_changes_nothing() {
    let world = world().await;
    let session = chat(&world, CUSTOMER, "Hello").await;
    let url = format!("{}/ece/acme/callback", world.host.url());
    let forged = serde_json::json!({ "conversationId": session, "content": "forged" });
    let bare = client().post(&url).json(&forged).send().await;
    assert_eq!(bare.expect("an answer").status(), 401);
    let wrong = client().post(&url).basic_auth("ece", Some("guess"));
    let wrong = wrong.json(&forged).send().await;
    assert_eq!(wrong.expect("an answer").status(), 401);
    let letters = dead_letters(&world, |_| true).await;
    assert_eq!(letters, serde_json::json!([]));
    world.ece.say(&session, "genuine").expect("Ann has it");
    gets(&world, CUSTOMER, "genuine").await;
    let bodies = crate::steps::bodies(&world, CUSTOMER);
    assert_eq!(bodies[2..], ["genuine"], "{bodies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_configuration_is_refused_on_reload_and_the_running_one_stays() {
    let world = world().await;
    let session = chat(&world, CUSTOMER, "Hello").await;
    let file = world.folder().join("trunkline.toml");
    let good = std::fs::read_to_string(&file).expect("the world wrote it");
    let wrong = good
        .replace("entry_point = \"support\"", "entry_point = \"nowhere\"")
        .replace("event = \"message\"", "event = \"mesage\"");
    std::fs::write(&file, &wrong).expect("the file can be written");
    let (status, complaints) = reload(&world).await;
    assert_eq!(status, 422, "{complaints}");
    for complaint in ["nowhere", "mesage"] {
        assert!(complaints.contains(complaint), "{complaints}");
    }
    let told = world.until_status(|status| {
        status["configuration"]["refused"]
            .to_string()
            .contains("nowhere")
    });
    told.await
        .expect("status says why the file is not in force");
    writes(&world, CUSTOMER, "Still there?").await;
    assert_eq!(
        seen(&world, "Still there?").await,
        session,
        "nothing was interrupted"
    );
    std::fs::write(&file, &good).expect("the file can be written");
    let (status, answer) = reload(&world).await;
    assert_eq!(status, 200, "{answer}");
}
