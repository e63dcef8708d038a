//! Messages, typing and the end.

use ece_simulator::ledger::What;
use ece_simulator::variants::{EndCall, TextLimit};
use ece_simulator::{EceConfig, Fault, Operation, Outage, Refusal, Times};
use trunkline_core::effect::EceMessage;
use trunkline_flow::ports::{Ece as _, EceError, EceSent};

use crate::world::{World, acme, config};

fn refused(status: u16, code: &str, message: &str) -> Fault {
    Fault::Refuse {
        refusal: Refusal {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
        },
    }
}

#[tokio::test]
async fn text_arrives_character_for_character_whatever_2xx_answers() {
    let texts = [
        "\"quotes\" and \\back\\slashes\\ and 'single'",
        "tab\t newline\n return\r null\u{0} bell\u{7} delete\u{7f} next\u{85} line\u{2028} par\u{2029}",
        "👩‍👩‍👧‍👦 e\u{301} 𝒜 日本 \u{feff}",
        "שלום \u{202e}abc\u{202c} مرحبا",
        "<b>&amp;</b> ${x} {{y}} %20 +",
        " ",
    ];
    let world = World::start().await;
    let session = world.opened().await;
    for status in [200, 201, 202, 204] {
        world
            .sim
            .change_variants(|variants| variants.send_status = status);
        for text in texts {
            world.say(&session, text).await.unwrap();
        }
    }
    world
        .send(&session, EceMessage::Note("(a note)".to_owned()))
        .await
        .unwrap();
    let expected: Vec<&str> = texts
        .iter()
        .cycle()
        .take(4 * texts.len())
        .copied()
        .chain(["(a note)"])
        .collect();
    assert_eq!(world.texts(&session), expected);
    assert_eq!(world.left(), 1 + expected.len());
}

fn limited(limit: usize) -> EceConfig {
    let mut ece = EceConfig::default();
    let refusal = Refusal {
        status: 413,
        code: "413-1".to_owned(),
        message: "too long".to_owned(),
    };
    ece.variants.text_limit = Some(TextLimit {
        characters: limit,
        refusal,
    });
    ece
}

#[tokio::test]
async fn a_long_text_arrives_in_pieces_that_lose_nothing() {
    let world = World::with(limited(33), |config| config.unknowns.text_limit = 33).await;
    let session = world.opened().await;
    let text = "a sentence of words, 👩‍👩‍👧 and more.\n".repeat(20);
    world.say(&session, &text).await.unwrap();
    let texts = world.texts(&session);
    assert!(texts.len() >= 20 * 40 / 33);
    assert_eq!(texts.concat(), text);
    assert_eq!(world.left(), 1 + texts.len(), "each piece leaves by itself");
}

/// Nothing of it is remembered here: who calls keeps it.
#[tokio::test]
async fn a_long_text_that_was_taken_in_part_goes_on_where_it_stopped() {
    let world = World::with(limited(10), |config| config.unknowns.text_limit = 10).await;
    let session = world.opened().await;
    let text = "0123456789äbcdefghijABCDEFGHIJ";
    let message = EceMessage::Text(text.to_owned());
    let first = world.send_some(&session, &message, None).await;
    let Ok(EceSent::Rest(rest)) = first else {
        panic!("{first:?}");
    };
    world
        .sim
        .set_fault(Operation::Send, refused(503, "503-1", "later"), Times::Once);
    let second = world
        .send_some(&session, &message, Some(rest.clone()))
        .await;
    assert!(matches!(second, Err(EceError::Throttled { .. })));
    assert_eq!(world.texts(&session), ["0123456789"]);
    // A process that started in between knows no more than the bytes; the limit may be another by now.
    let mut larger = config(&world.sim.base_url());
    larger.unknowns.text_limit = 1_000;
    world
        .sim
        .change_variants(|variants| variants.text_limit = None);
    world.client.reconfigure(vec![larger]).unwrap();
    let last = world.send_some(&session, &message, Some(rest)).await;
    assert_eq!(last, Ok(EceSent::All));
    assert_eq!(world.texts(&session).concat(), text);
}

#[tokio::test]
async fn a_text_beyond_eces_limit_is_refused_for_good() {
    let world = World::with(limited(5), |_| {}).await;
    let session = world.opened().await;
    assert!(matches!(
        world.say(&session, "123456").await,
        Err(EceError::Refused(_))
    ));
}

#[tokio::test]
async fn a_finished_conversation_is_gone_however_ece_says_it() {
    for (status, code, message) in [
        (400, "400-115", "x"),
        (400, "400-630", "x"),
        (400, "400-9", "The conversation is closed."),
        (404, "404-1", "x"),
        (409, "409-9", "The conversation is over"),
        (410, "410-1", "x"),
        (500, "500-1", "Conversation is already completed"),
    ] {
        let world = World::start().await;
        let finished = Refusal {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
        };
        world
            .sim
            .change_variants(|variants| variants.finished = finished);
        let session = world.opened().await;
        world.sim.pick_up(session.as_str(), "ann").unwrap();
        world.sim.complete(session.as_str()).unwrap();
        let said = world.say(&session, "hello?").await;
        assert!(
            matches!(said, Err(EceError::Gone(_))),
            "{status} {code}: {said:?}"
        );
        world.client.end(&acme(), &session).await.unwrap();
    }
}

#[tokio::test]
async fn each_failure_says_whether_ece_may_have_taken_it() {
    let world = World::start().await;
    let session = world.opened().await;
    let mut said = Vec::new();
    for fault in [
        refused(429, "429-1", "slow down"),
        refused(503, "503-1", "later"),
        refused(
            403,
            "403-1",
            "The conversation was started by another client application.",
        ),
        refused(400, "400-102", "Illegal unquoted character"),
        refused(500, "500-1", "boom"),
        refused(502, "502-1", "bad gateway"),
        Fault::DropBeforeAccept,
        Fault::DropAfterAccept,
    ] {
        world.sim.set_fault(Operation::Send, fault, Times::Once);
        said.push(match world.say(&session, "x").await {
            Ok(()) => "taken",
            Err(EceError::Throttled { .. }) => "throttled",
            Err(EceError::Credentials(_)) => "credentials",
            Err(EceError::Refused(_)) => "refused",
            Err(EceError::Unknown(_)) => "unknown",
            Err(EceError::Unreachable(_)) => "unreachable",
            Err(EceError::Gone(_)) => "gone",
        });
    }
    let expected = [
        "throttled",
        "throttled",
        "credentials",
        "refused",
        "unknown",
        "unknown",
        "unknown",
        "unknown",
    ];
    assert_eq!(said, expected);
    assert_eq!(world.texts(&session), ["x"]);
}

#[tokio::test]
async fn a_closed_port_is_certain() {
    let world = World::start().await;
    let session = world.opened().await;
    world.sim.set_outage(Outage::Refuses);
    // The first may meet a connection from before, of which nobody can be certain.
    while let Err(EceError::Unknown(_)) = world.say(&session, "x").await {}
    assert!(matches!(
        world.say(&session, "x").await,
        Err(EceError::Unreachable(_))
    ));
    world.sim.set_outage(Outage::None);
    let mut sent = world.say(&session, "back").await;
    while matches!(sent, Err(EceError::Unreachable(_))) {
        tokio::task::yield_now().await;
        sent = world.say(&session, "back").await;
    }
    sent.unwrap();
    assert_eq!(world.texts(&session), ["back"]);
}

#[tokio::test]
async fn the_agent_sees_the_customer_type() {
    let world = World::start().await;
    let session = world.opened().await;
    world.client.typing(&acme(), &session, true).await.unwrap();
    world.client.typing(&acme(), &session, false).await.unwrap();
    let ledger = world.sim.ledger();
    let seen: Vec<&What> = ledger
        .last()
        .unwrap()
        .seen
        .iter()
        .map(|seen| &seen.what)
        .collect();
    assert_eq!(seen, [&What::TypingStarted, &What::TypingStopped]);
}

#[tokio::test]
async fn a_conversation_is_ended_by_the_configured_call() {
    let messaging = "ws/{api_version}/clientapplications/messaging/conversation";
    for (variant, method, path, body) in [
        (
            EndCall::Any,
            "POST",
            format!("{messaging}/end"),
            r#"{"id":"{conversation}"}"#,
        ),
        (
            EndCall::Body,
            "put",
            format!("{messaging}/end"),
            r#"{"conversation":{"id":"{conversation}"}}"#,
        ),
        (
            EndCall::Path,
            "PUT",
            format!("{messaging}/{{conversation}}/end"),
            "",
        ),
    ] {
        let world = World::with(EceConfig::default(), |config| {
            config.unknowns.end.method = method.to_owned();
            config.unknowns.end.path = path;
            config.unknowns.end.body = body.to_owned();
        })
        .await;
        world
            .sim
            .change_variants(|variants| variants.end_call = variant);
        let session = world.opened().await;
        world.client.end(&acme(), &session).await.unwrap();
        assert!(
            world.sim.ledger().last().unwrap().is_finished(),
            "{method} {variant:?}"
        );
    }
}

#[tokio::test]
async fn the_api_version_is_a_setting() {
    let world = World::with(EceConfig::default(), |config| {
        config.unknowns.api_version = "v20".to_owned();
    })
    .await;
    let session = world.opened().await;
    world.say(&session, "hi").await.unwrap();
    assert_eq!(world.texts(&session), ["hi"]);
}

#[tokio::test]
async fn a_message_waits_for_ece_as_long_as_the_integration_says() {
    let world = World::with(EceConfig::default(), |config| {
        config.give_up_after_h = Some(2);
    })
    .await;
    assert_eq!(world.client.give_up_ms(&acme()), Some(7_200_000));
    let world = World::start().await;
    assert_eq!(world.client.give_up_ms(&acme()), None);
}

/// Refused, each word of the customer would be a dead letter, for ever: nothing ends a conversation of which ECE tells no more.
#[tokio::test]
async fn a_conversation_of_an_integration_that_is_not_configured_any_more_is_gone() {
    let world = World::start().await;
    let session = world.opened().await;
    world.client.reconfigure(Vec::new()).unwrap();
    let said = world.say(&session, "hello?").await;
    assert!(matches!(said, Err(EceError::Gone(_))), "{said:?}");
    world.client.end(&acme(), &session).await.unwrap();
}
