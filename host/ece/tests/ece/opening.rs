//! From availability to a started conversation.
//!
//! Longer than usual: one short test for each way in which a start can turn out.

use ece_simulator::variants::NoAgent;
use ece_simulator::{EceConfig, Fault, Operation, Outage, Refusal, Times};
use serde_json::json;
use trunkline_core::event::Unavailable;
use trunkline_core::message::Address;
use trunkline_ece::Availability;
use trunkline_flow::ports::{Ece as _, EceError, Leaving, OpenOutcome, StoreError};

use crate::world::{World, opening};

fn refusal(status: u16, code: &str, message: &str) -> Refusal {
    Refusal {
        status,
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

fn unavailable(outcome: Result<OpenOutcome, EceError>) -> Unavailable {
    match outcome.unwrap() {
        OpenOutcome::Unavailable(kind, text) => {
            assert!(!text.is_empty());
            kind
        }
        OpenOutcome::Started(session) => panic!("started {session}"),
    }
}

/// One that starts without asking about availability first.
async fn unasked() -> World {
    World::with(EceConfig::default(), |config| {
        config.unknowns.availability.clear();
    })
    .await
}

#[tokio::test]
async fn a_start_carries_subject_attributes_and_contact() {
    let world = World::start().await;
    let mut opening = opening("sms");
    opening.open.subject = format!("line\nbreak {}", "👩‍👩‍👧".repeat(100));
    opening.open.attributes = vec![
        (
            "activity_number".to_owned(),
            "+1 (555)\t01/00 ünïcode".to_owned(),
        ),
        ("activity_nothing".to_owned(), "++".to_owned()),
    ];
    opening.customer.push(Address {
        kind: "email".to_owned(),
        value: "jo@example.com".to_owned(),
    });
    opening.customer.push(Address {
        kind: "nobody-knows".to_owned(),
        value: "x".to_owned(),
    });
    world.client.open(opening, world.leaving()).await.unwrap();
    let ledger = world.sim.ledger();
    let record = ledger.last().unwrap();
    assert!(record.subject.starts_with("line break 👩‍👩‍👧") && record.subject.ends_with('👧'));
    assert!(record.subject.encode_utf16().count() <= 255);
    assert_eq!(
        record.custom_attributes,
        [(
            "activity_number".to_owned(),
            vec!["1 (555) 0100 ünïcode".to_owned()]
        )]
    );
    assert_eq!(
        record.search_attribute.as_deref(),
        Some("phone.phoneNumber")
    );
    assert!(!record.anonymous);
    assert_eq!(record.language.as_deref(), Some("es"));
    let contact = json!({
        "firstName": "Jo Doe",
        "phone": [{ "type": { "value": "mobile" }, "phoneNumber": "+15550100" }],
        "email": [{ "emailAddress": "jo@example.com" }],
    });
    assert_eq!(
        record.customer,
        json!({ "type": { "value": "individual" }, "contacts": { "contact": [contact] } })
    );
    assert_eq!(world.left(), 1);
}

#[tokio::test]
async fn a_customer_without_a_known_attribute_is_anonymous() {
    let world = World::start().await;
    world
        .client
        .open(opening("in-app"), world.leaving())
        .await
        .unwrap();
    let mut without_phone = opening("sms");
    without_phone.customer.clear();
    world
        .client
        .open(without_phone, world.leaving())
        .await
        .unwrap();
    let ledger = world.sim.ledger();
    assert_eq!(ledger.conversations.len(), 2);
    assert!(
        ledger
            .conversations
            .iter()
            .all(|record| record.anonymous && record.search_attribute.is_none())
    );
}

#[tokio::test]
async fn a_repeated_start_says_so_in_its_subject() {
    let world = World::start().await;
    let mut again = opening("sms");
    again.again_after_unknown = true;
    world.client.open(again, world.leaving()).await.unwrap();
    assert_eq!(
        world.sim.ledger().last().unwrap().subject,
        "(possibly twice) orders"
    );
}

#[tokio::test]
async fn each_obstacle_is_told_before_anything_leaves() {
    let world = World::start().await;
    world.sim.set_agent("ann", false, false);
    assert_eq!(unavailable(world.open().await), Unavailable::NoAgents);
    world.sim.set_agent("ann", true, true);
    world.sim.set_capacity("ann", 0);
    assert_eq!(unavailable(world.open().await), Unavailable::OutOfCapacity);
    world.sim.set_capacity("ann", 5);
    world
        .sim
        .change_entry_point(1001, |point| point.wait_time_s = Some(121.0));
    assert_eq!(unavailable(world.open().await), Unavailable::WaitTooLong);
    world
        .sim
        .change_entry_point(1001, |point| point.wait_time_s = None);
    world
        .sim
        .change_entry_point(1001, |point| point.active = false);
    assert_eq!(
        unavailable(world.open().await),
        Unavailable::EntryPointDisabled
    );
    world.sim.set_agent("ann", false, false);
    assert_eq!(
        unavailable(world.open().await),
        Unavailable::EntryPointDisabled
    );
    assert_eq!(world.left(), 0);
    assert!(world.sim.ledger().conversations.is_empty());
}

#[tokio::test]
async fn an_ece_without_the_status_interface_still_takes_customers() {
    let world = World::with(EceConfig::default(), |config| {
        config.unknowns.paths.status = "nothing/here/{operation}/{entry_point}".to_owned();
    })
    .await;
    world.opened().await;
}

#[tokio::test]
async fn a_changed_entry_point_is_read_anew_and_the_start_repeated_once() {
    let world = World::start().await;
    world.opened().await;
    world
        .sim
        .change_entry_point(1001, |point| point.name = "renamed".to_owned());
    world.opened().await;
    let ledger = world.sim.ledger();
    assert_eq!(ledger.refused, [(409, "409-100".to_owned())]);
    assert_eq!(ledger.conversations.len(), 2);
    assert_eq!(world.left(), 2);
}

#[tokio::test]
async fn an_entry_point_that_keeps_changing_is_tried_again_later() {
    let world = World::start().await;
    let stale = refusal(409, "409-100", "lastModified does not match");
    world.sim.set_fault(
        Operation::Start,
        Fault::Refuse { refusal: stale },
        Times::Always,
    );
    assert!(matches!(world.open().await, Err(EceError::Unreachable(_))));
    assert_eq!(world.sim.ledger().refused.len(), 2);
}

#[tokio::test]
async fn a_start_that_finds_no_agent_is_unavailable_whatever_status_ece_chose() {
    let world = unasked().await;
    world.sim.set_agent("ann", false, false);
    for status in [400, 403, 404, 409, 500] {
        for words in ["No agent is available for the entry point.", "Oops"] {
            let refusal = refusal(status, &format!("{status}-777"), words);
            world
                .sim
                .change_variants(|variants| variants.no_agent = NoAgent::Refuse(refusal));
            assert_eq!(
                unavailable(world.open().await),
                Unavailable::NoAgents,
                "{status} {words}"
            );
        }
    }
}

#[tokio::test]
async fn a_start_that_finds_the_queue_full_is_out_of_capacity() {
    let world = unasked().await;
    world.sim.set_capacity("ann", 0);
    world
        .sim
        .change_entry_point(1001, |point| point.queue_depth_max = Some(0));
    for status in [400, 409, 500] {
        let full = refusal(status, "1", "The queue is at its maximum depth.");
        world
            .sim
            .change_variants(|variants| variants.queue_full = full);
        assert_eq!(
            unavailable(world.open().await),
            Unavailable::OutOfCapacity,
            "{status}"
        );
    }
}

#[tokio::test]
async fn an_inactive_entry_point_is_disabled_whatever_status_ece_chose() {
    for (status, words) in [
        (400, "inactive"),
        (403, "inactive"),
        (404, "inactive"),
        (409, "inactive"),
        (500, "not active"),
        (403, "no"),
        (404, "no"),
        (400, "no"),
    ] {
        let world = unasked().await;
        world
            .sim
            .change_entry_point(1001, |point| point.active = false);
        let inactive = refusal(status, "1", words);
        world
            .sim
            .change_variants(|variants| variants.inactive = inactive);
        assert_eq!(
            unavailable(world.open().await),
            Unavailable::EntryPointDisabled,
            "{status} {words}"
        );
        assert_eq!(world.left(), 0);
    }
}

#[tokio::test]
async fn an_entry_point_switched_off_after_it_was_read_is_disabled() {
    let world = unasked().await;
    world.opened().await;
    world
        .sim
        .change_entry_point(1001, |point| point.active = false);
    assert_eq!(
        unavailable(world.open().await),
        Unavailable::EntryPointDisabled
    );
}

#[tokio::test]
async fn a_deactivated_webhook_is_named_for_the_operator() {
    for status in [400, 403, 500] {
        let world = World::start().await;
        let off = refusal(status, "1", "The webhook callback URL is deactivated.");
        world.sim.set_fault(
            Operation::Start,
            Fault::Refuse { refusal: off },
            Times::Always,
        );
        match world.open().await {
            Err(EceError::Credentials(text)) => {
                assert!(text.contains("Register Applications"), "{text}");
            }
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_may_have_been_taken() {
    let gateway = refusal(504, "1", "gateway timeout");
    for fault in [
        Fault::DropAfterAccept,
        Fault::DropBeforeAccept,
        Fault::RefuseAfterAccept { refusal: gateway },
    ] {
        let world = World::start().await;
        world
            .sim
            .set_fault(Operation::Start, fault.clone(), Times::Once);
        assert!(
            matches!(world.open().await, Err(EceError::Unknown(_))),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_too_late_may_have_been_taken() {
    let world = World::with(EceConfig::default(), |config| {
        config.unknowns.answer_timeout_ms = 1_000;
    })
    .await;
    world.sim.set_fault(
        Operation::Start,
        Fault::AnswerLate { ms: 600_000 },
        Times::Once,
    );
    assert!(matches!(world.open().await, Err(EceError::Unknown(_))));
}

#[tokio::test]
async fn an_ece_out_of_reach_is_unreachable_and_nothing_left() {
    let world = World::start().await;
    world.sim.set_outage(Outage::Refuses);
    // Connections kept open close at their next request, a new one is refused.
    assert!(matches!(world.open().await, Err(EceError::Unreachable(_))));
    assert_eq!(world.left(), 0);
}

#[tokio::test]
async fn an_overloaded_ece_is_throttled() {
    let world = World::with(EceConfig::default(), |config| {
        config.unknowns.availability = vec![Availability::Agents];
        config.unknowns.throttle_ms = 1_234;
    })
    .await;
    let busy = refusal(503, "503-1", "try later");
    world.sim.set_fault(
        Operation::Start,
        Fault::Refuse { refusal: busy },
        Times::Once,
    );
    assert!(matches!(
        world.open().await,
        Err(EceError::Throttled { wait_ms: 1_234, .. })
    ));
}

#[tokio::test]
async fn success_is_known_by_any_2xx() {
    for status in [200, 201, 202] {
        let world = World::start().await;
        world
            .sim
            .change_variants(|variants| variants.start_status = status);
        let session = world.opened().await;
        assert!(
            world
                .sim
                .with_ledger(|ledger| ledger.conversation(session.as_str()).is_some())
        );
    }
}

#[tokio::test]
async fn a_success_without_an_id_may_be_a_conversation_nobody_knows() {
    let world = World::start().await;
    world
        .sim
        .change_variants(|variants| variants.start_status = 204);
    assert!(matches!(world.open().await, Err(EceError::Unknown(_))));
}

#[tokio::test]
async fn nothing_leaves_when_that_cannot_be_made_durable() {
    let world = World::start().await;
    let full = || {
        Leaving(std::sync::Arc::new(|_| {
            Box::pin(async { Err(StoreError::Unavailable("full".to_owned())) })
        }))
    };
    let session = world.opened().await;
    assert!(matches!(
        world.client.open(opening("sms"), full()).await,
        Err(EceError::Unreachable(_))
    ));
    let text = trunkline_core::effect::EceMessage::Text("hi".to_owned());
    let sent = world
        .client
        .send(&crate::world::acme(), &session, &text, None, full())
        .await;
    assert!(matches!(sent, Err(EceError::Unreachable(_))));
    assert_eq!(world.sim.ledger().conversations.len(), 1);
    assert!(world.texts(&session).is_empty());
}

#[tokio::test]
async fn typing_events_are_asked_for_by_a_configured_fragment() {
    let mut world = World::with(EceConfig::default(), |config| {
        let fragment = json!({ "activity": { "typingEvents": true } });
        config.unknowns.start_fragment = fragment.as_object().unwrap().clone();
    })
    .await;
    let session = world.opened().await;
    world.sim.pick_up(session.as_str(), "ann").unwrap();
    world
        .sim
        .act(session.as_str(), &ece_simulator::Act::StartTyping)
        .unwrap();
    world.happened_assigned().await;
    let typing = trunkline_core::event::Signal::AgentTyping { session, on: true };
    assert_eq!(
        world.heard().await,
        trunkline_ece::CallbackItem::Typing(typing)
    );
}
