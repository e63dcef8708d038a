use trunkline_core::event::{DeliveryName, EceEvent, EceHappening, ReceiptState, Unavailable};
use trunkline_core::id::DeliveryId;
use trunkline_flow::Limits;
use trunkline_flow::ports::{
    BotError, DeadLetterId, EceError, EceSent, OpenOutcome, ReceivedHappening, SendError,
    SendProgress, Store,
};

use simulation::world::START;

use super::bench::{Bench, conversation, on_bench, received, written};

fn busy(text: &str) -> SendError {
    SendError::Again {
        wait_ms: 0,
        text: text.to_owned(),
    }
}

/// Also in a log for sockets, which is made of what went out.
#[test]
fn what_masking_changed_goes_out_as_it_is_kept() {
    on_bench(Limits::default(), |bench| async move {
        let mask = |word| bench.disk.lock().expect("no test panicked").masked_word = word;
        mask(Some("4111"));
        bench.write("anna", "1", "say card 4111").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        assert!(bench.asked().contains(&"send card ****".to_owned()));
    });
}

#[test]
fn an_unreachable_ece_is_asked_quickly_then_the_journey_is_told() {
    on_bench(Limits::default(), |bench| async move {
        let down = || Err(EceError::Unreachable("down".to_owned()));
        bench.script().opens = (0..10).map(|_| down()).collect();
        bench.write("anna", "1", "open").await;
        bench.until(|b| b.told("Unavailable(Unreachable)")).await;
        assert_eq!(bench.asked_times("open").len(), 4);
    });
}

#[test]
fn what_ece_says_about_availability_is_told_at_once() {
    on_bench(Limits::default(), |bench| async move {
        let closed = OpenOutcome::Unavailable(Unavailable::OffHours, "closed".to_owned());
        bench.script().opens.push_back(Ok(closed));
        bench.write("anna", "1", "open").await;
        bench.until(|b| b.told("Unavailable(OffHours)")).await;
        assert_eq!(bench.asked_times("open").len(), 1);
    });
}

/// Replayed, it would begin a conversation in ECE that nobody here knows.
#[test]
fn an_opening_that_ece_refuses_is_told_and_leaves_no_dead_letter() {
    on_bench(Limits::default(), |bench| async move {
        let refused = EceError::Refused("400".to_owned());
        bench.script().opens.push_back(Err(refused));
        bench.write("anna", "1", "open").await;
        bench.until(|b| b.told("Failed { reason: \"")).await;
        assert!(!bench.told("DEAD"), "{}", bench.story());
        assert_eq!(bench.asked_times("open").len(), 1);
    });
}

/// An agent's word in a conversation.
fn agent_says(session: &str, text: &str) -> EceEvent {
    EceEvent {
        session: session.into(),
        id: "1".to_owned(),
        at: START,
        happening: EceHappening::Said {
            agent: None,
            text: text.to_owned(),
        },
    }
}

async fn start_with_unknown_outcome(bench: &Bench) {
    let unknown = || Err(EceError::Unknown("no answer".to_owned()));
    bench.script().opens.push_back(unknown());
    bench.write("anna", "1", "open").await;
    bench.until(|b| b.told("no answer")).await;
}

#[test]
fn a_callback_that_can_only_be_its_own_answers_an_unknown_start() {
    on_bench(Limits::default(), |bench| async move {
        // Soon after a start of the flow, a session may belong to a start of the life before.
        bench.pass(600_000).await;
        start_with_unknown_outcome(&bench).await;
        let event = agent_says("s9", "hello");
        let taken = bench
            .flow
            .ece_events(&"acme".into(), vec![event], Vec::new())
            .await;
        assert!(taken.is_ok());
        bench
            .until(|b| b.told("EceSession(\"s9\")") && b.told("text: \"hello\""))
            .await;
        assert_eq!(bench.asked_times("open again").len(), 0);
    });
}

#[test]
fn a_start_with_unknown_outcome_is_made_again_and_the_other_conversation_ended() {
    on_bench(Limits::default(), |bench| async move {
        start_with_unknown_outcome(&bench).await;
        let event = agent_says("s9", "is anybody there?");
        let taken = bench
            .flow
            .ece_events(&"acme".into(), vec![event], Vec::new())
            .await;
        assert!(taken.is_ok());
        bench
            .until(|b| b.told("started again after an unknown outcome as s1"))
            .await;
        bench
            .until(|b| b.asked().contains(&"end s9".to_owned()))
            .await;
        assert!(bench.told("DEAD Message `is anybody there?`"));
        let (first, again) = (bench.asked_times("open"), bench.asked_times("open again"));
        assert!(again[0] - first[0] >= 20_000);
    });
}

/// They stand in the delivery; a note holds ids and reasons only (H9).
#[test]
fn what_a_gone_ece_conversation_did_not_take_is_not_repeated_in_a_note() {
    on_bench(Limits::default(), |bench| async move {
        let gone = EceError::Gone("404".to_owned());
        bench.script().eces.push_back(Err(gone));
        bench.write("anna", "1", "ece my name is Anna").await;
        bench.until(|b| b.told("it did not take this")).await;
        bench.until(|b| b.told("NotTaken")).await;
        assert!(!bench.told("my name is Anna"), "{}", bench.story());
    });
}

#[test]
fn what_ece_took_is_marked_as_seen_and_what_it_did_not_take_is_not() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().eces.push_back(Ok(EceSent::All));
        let gone = EceError::Gone("404".to_owned());
        bench.script().eces.push_back(Err(gone));
        bench.write("anna", "1", "ece one").await;
        bench.until(|b| b.asked_times("seen 1").len() == 1).await;
        bench.write("anna", "2", "ece two").await;
        bench.until(|b| b.told("NotTaken")).await;
        bench.pass(10_000).await;
        assert!(bench.asked_times("seen 2").is_empty());
    });
}

/// A mark is worth no waiting, and none is made again.
#[test]
fn no_mark_is_shown_while_a_message_to_the_customer_is_under_way() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().slow_sends_ms = Some(60_000);
        bench.write("anna", "1", "say hello").await;
        bench
            .until(|b| b.asked_times("send hello").len() == 1)
            .await;
        bench.write("anna", "2", "ece one").await;
        bench.until(|b| b.flow.status().signals_dropped == 1).await;
        bench.pass(120_000).await;
        assert!(bench.asked_times("seen 2").is_empty());
    });
}

#[test]
fn an_agent_who_comes_has_not_seen_what_ece_has_not_got() {
    on_bench(Limits::default(), |bench| async move {
        let down = Err(EceError::Unreachable("down".to_owned()));
        bench.script().eces.push_back(down);
        let words = [("1", "ece one"), ("2", "seen 1")];
        bench
            .deliver_events(&words.map(|(key, text)| written("anna", key, text)))
            .await;
        bench.until(|b| b.told("down")).await;
        assert!(bench.asked_times("seen 1").is_empty());
        bench.until(|b| b.asked_times("seen 1").len() == 1).await;
        bench.write("anna", "3", "seen 1").await;
        bench.until(|b| b.asked_times("seen 1").len() == 2).await;
    });
}

#[test]
fn a_bot_that_stays_busy_fails_after_three_attempts() {
    on_bench(Limits::default(), |bench| async move {
        let busy = || {
            Err(BotError::Again {
                wait_ms: 0,
                text: "busy".to_owned(),
            })
        };
        bench.script().turns = (0..10).map(|_| busy()).collect();
        bench.write("anna", "1", "ask").await;
        bench.until(|b| b.told("BotFailed")).await;
        assert_eq!(bench.asked_times("turn").len(), 3);
    });
}

#[test]
fn a_throttled_channel_pauses_for_everybody() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().sends.push_back(Err(SendError::Throttled {
            wait_ms: 30_000,
            text: "slow down".to_owned(),
        }));
        bench.write("anna", "1", "say one").await;
        bench.until(|b| b.told("slow down")).await;
        bench.write("bela", "2", "say two").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 2)
            .await;
        assert!(bench.asked_times("send two")[0] >= 30_000);
    });
}

#[test]
fn after_an_hour_of_failures_a_message_is_a_dead_letter_that_can_be_replayed() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().sends = (0..500).map(|_| Err(busy("not now"))).collect();
        bench.write("anna", "1", "say hello").await;
        bench.until(|b| b.told("DEAD Delivery `hello`")).await;
        assert!(bench.told("Failed { reason: \"gave up after"));
        let attempts = bench.asked_times("send hello");
        assert!(attempts.last() >= Some(&3_500_000), "{attempts:?}");
        assert!(attempts.len() < 100, "{attempts:?}");

        bench.script().sends.clear();
        let dead = bench
            .flow
            .store()
            .dead_letters(None, 10)
            .await
            .expect("the store works");
        let fired = bench.flow.replay(dead[0].id).await;
        assert!(fired.is_ok());
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        assert!(bench.flow.replay(DeadLetterId(999)).await.is_err());
    });
}

fn failed(delivery: DeliveryName) -> ReceivedHappening {
    ReceivedHappening::Receipt {
        delivery,
        state: ReceiptState::Failed,
        detail: None,
        opted_out: false,
    }
}

#[test]
fn what_the_provider_took_and_could_not_deliver_is_a_dead_letter_that_can_be_replayed() {
    on_bench(Limits::default(), |bench| async move {
        bench.write("anna", "1", "say hello").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        // By our id, and by the provider's: one letter.
        let ours = DeliveryName::Ours(first_delivery(&bench));
        let theirs = DeliveryName::Provider(format!("p-{}", first_delivery(&bench)));
        for (key, name) in [("r1", ours), ("r2", theirs)] {
            bench
                .deliver_event(received("anna", key, failed(name)))
                .await;
        }
        bench
            .until(|b| b.told("DEAD Delivery `hello`: the provider could not deliver it"))
            .await;
        bench.pass(1_000).await;
        let dead = bench.flow.store().dead_letters(None, 10).await;
        let dead = dead.expect("the store works");
        assert_eq!(dead.len(), 1, "{dead:?}");
        bench.flow.replay(dead[0].id).await.expect("it is there");
        bench
            .until(|b| b.flow.status().delivered_customer == 2)
            .await;
        assert_eq!(bench.asked_times("send hello").len(), 2);
    });
}

#[test]
fn who_opted_out_gets_nothing_but_the_confirmation() {
    on_bench(Limits::default(), |bench| async move {
        bench.write("anna", "1", "stop").await;
        bench.write("anna", "2", "say hello").await;
        bench
            .write("anna", "3", "confirm you will hear no more")
            .await;
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        assert_eq!(bench.asked_times("send hello").len(), 0);
        assert!(bench.told("DEAD Delivery `hello`: the customer opted out"));
        assert!(
            bench.told("reason: \"the customer opted out\""),
            "the core hears of it"
        );
        // A replay gets no further.
        let dead = bench.flow.store().dead_letters(None, 10).await;
        let dead = dead.expect("the store works");
        bench.flow.replay(dead[0].id).await.expect("it is there");
        bench.until(|b| b.flow.status().dead == 2).await;
        assert_eq!(bench.asked_times("send hello").len(), 0);
    });
}

/// The first there is, to the one customer there is.
fn first_delivery(bench: &Bench) -> DeliveryId {
    let tables = bench.disk.lock().expect("no test panicked holding it");
    let (customer, _) = tables.customers().next().expect("Anna wrote");
    DeliveryId {
        conversation: conversation(customer.id),
        number: 1,
    }
}

fn delivered(delivery: DeliveryName) -> ReceivedHappening {
    ReceivedHappening::Receipt {
        delivery,
        state: ReceiptState::Delivered,
        detail: None,
        opted_out: false,
    }
}

#[test]
fn a_receipt_settles_a_message_whose_outcome_was_unknown() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().sends = (0..500).map(|_| Ok(SendProgress::Wait(60_000))).collect();
        bench
            .script()
            .sends
            .push_front(Err(SendError::Unknown("no answer".to_owned())));
        bench.write("anna", "1", "say hello").await;
        bench.until(|b| b.told("waits for word")).await;
        let delivery = first_delivery(&bench);
        let happening = delivered(DeliveryName::Ours(delivery));
        bench.deliver_event(received("anna", "r", happening)).await;
        bench
            .until(|b| b.told("a receipt tells what became of it"))
            .await;
        bench.until(|b| b.told("outcome: Taken")).await;
        // Nothing of it is tried again, also by those who read the store anew.
        let tries = bench.asked().len();
        let mut bench = bench;
        bench.crash().await;
        bench.pass(24 * 3_600_000).await;
        assert_eq!(bench.asked().len(), tries, "{:?}", bench.asked());
        let tables = bench.disk.lock().expect("no test panicked holding it");
        assert!(tables.at_rest(), "{:?}", tables.unfinished());
    });
}

/// Else the receipt is used up, nothing is settled, and the customer gets the message twice.
#[test]
fn a_receipt_between_an_unknown_outcome_and_its_settle_settles_the_message() {
    on_bench(Limits::default(), |bench| async move {
        let unknown = Err(SendError::Unknown("no answer".to_owned()));
        bench.script().sends.push_back(unknown);
        bench.shared.world().slow_settles_ms = Some(5_000);
        bench.write("anna", "1", "say hello").await;
        bench
            .until(|b| b.asked_times("send hello").len() == 1)
            .await;
        // The send has failed by now, and its settle is under way.
        bench.pass(1_000).await;
        let happening = delivered(DeliveryName::Ours(first_delivery(&bench)));
        bench.deliver_event(received("anna", "r", happening)).await;
        bench.until(|b| b.told("outcome unknown")).await;
        bench.until(|b| b.told("a receipt tells")).await;
        bench.until(|b| b.told("outcome: Taken")).await;
        bench.pass(24 * 3_600_000).await;
        let sends = bench.asked().into_iter().filter(|a| a.starts_with("send"));
        assert_eq!(sends.collect::<Vec<_>>(), ["send hello"]);
        let tables = bench.disk.lock().expect("no test panicked holding it");
        assert!(tables.at_rest(), "{:?}", tables.unfinished());
    });
}

/// The outcome of the second of three parts is unknown, and this comes.
async fn second_part_in_doubt(bench: &Bench, receipt: impl Fn(DeliveryId) -> DeliveryName) {
    let sends = [
        Ok(SendProgress::Rest(vec![1])),
        Err(SendError::Unknown("no answer".to_owned())),
        Ok(SendProgress::Wait(60_000)),
        Ok(SendProgress::Rest(vec![2])),
        Ok(SendProgress::All),
    ];
    bench.script().sends = sends.into_iter().collect();
    bench.write("anna", "1", "say hello").await;
    bench.until(|b| b.told("waits for word")).await;
    let happening = delivered(receipt(first_delivery(bench)));
    bench.deliver_event(received("anna", "r", happening)).await;
    bench
        .until(|b| b.flow.status().delivered_customer == 1)
        .await;
}

#[test]
fn a_receipt_of_an_earlier_part_settles_nothing_of_what_is_left() {
    let of_the_first: [fn(DeliveryId) -> DeliveryName; 4] = [
        // A plugin that gives the provider our bare id with each part.
        DeliveryName::Ours,
        |delivery| DeliveryName::Part {
            delivery,
            part: "1".to_owned(),
        },
        |delivery| DeliveryName::Provider(format!("p-{delivery}")),
        |_| DeliveryName::AllUntil(START),
    ];
    for name in of_the_first {
        on_bench(Limits::default(), move |bench| async move {
            second_part_in_doubt(&bench, name).await;
            assert!(bench.script().sends.is_empty(), "all parts go");
            assert!(!bench.told("a receipt tells"), "{}", bench.story());
        });
    }
}

#[test]
fn a_receipt_of_an_earlier_part_settles_nothing_while_a_later_one_is_under_way() {
    on_bench(Limits::default(), |bench| async move {
        let sends = [
            Ok(SendProgress::Rest(vec![1])),
            Err(SendError::Unknown("no answer".to_owned())),
            Ok(SendProgress::All),
        ];
        bench.script().sends = sends.into_iter().collect();
        bench.script().slow_sends_ms = Some(5_000);
        bench.write("anna", "1", "say hello").await;
        bench
            .until(|b| b.asked_times("send hello").len() == 2)
            .await;
        let happening = delivered(DeliveryName::Ours(first_delivery(&bench)));
        bench.deliver_event(received("anna", "r", happening)).await;
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        assert!(bench.script().sends.is_empty(), "all parts go");
    });
}

#[test]
fn a_receipt_of_the_last_part_settles_what_is_in_doubt() {
    on_bench(Limits::default(), |bench| async move {
        let waits = (0..500).map(|_| Ok(SendProgress::Wait(60_000)));
        let sends = [
            Ok(SendProgress::Rest(vec![1])),
            Err(SendError::Unknown("no answer".to_owned())),
        ];
        bench.script().sends = sends.into_iter().chain(waits).collect();
        bench.write("anna", "1", "say hello").await;
        bench.until(|b| b.told("waits for word")).await;
        let happening = delivered(DeliveryName::Part {
            delivery: first_delivery(&bench),
            part: "last".to_owned(),
        });
        bench.deliver_event(received("anna", "r", happening)).await;
        bench.until(|b| b.told("a receipt tells")).await;
        bench.until(|b| b.told("outcome: Taken")).await;
        let tables = bench.disk.lock().expect("no test panicked holding it");
        assert!(tables.at_rest(), "{:?}", tables.unfinished());
    });
}

fn part(delivery: DeliveryId, part: &str) -> DeliveryName {
    let part = part.to_owned();
    DeliveryName::Part { delivery, part }
}

/// Else it sends that part again when its wait is over.
#[test]
fn a_plugin_is_told_at_once_of_a_part_in_doubt_that_a_receipt_names() {
    on_bench(Limits::default(), |bench| async move {
        let sends = [
            Err(SendError::Unknown("no answer".to_owned())),
            Ok(SendProgress::Wait(3_600_000)),
            Ok(SendProgress::Rest(vec![1])),
            Ok(SendProgress::All),
        ];
        bench.script().sends = sends.into_iter().collect();
        bench.write("anna", "1", "say hello").await;
        bench.until(|b| b.told("waits for word")).await;
        for key in ["sent", "delivered"] {
            let happening = delivered(part(first_delivery(&bench), "0"));
            bench.deliver_event(received("anna", key, happening)).await;
        }
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        assert!(bench.now().ms_since(START) < 60_000, "it waited on");
        let sends = bench.asked().into_iter().filter(|a| a.starts_with("send"));
        assert_eq!(
            sends.collect::<Vec<_>>(),
            [
                "send hello",
                "send hello again",
                "send hello again taken .0",
                "send hello taken .0"
            ]
        );
    });
}

/// The receipt came, and was used up, while the request was under way.
#[test]
fn what_a_receipt_told_before_a_crash_is_known_after_it() {
    on_bench(Limits::default(), |mut bench| async move {
        bench.shared.world().slow_settles_ms = Some(60_000);
        bench.write("anna", "1", "say one").await;
        bench.until(|b| b.asked_times("send one").len() == 1).await;
        let one = first_delivery(&bench);
        let happening = delivered(DeliveryName::Ours(one));
        bench.deliver_event(received("anna", "r", happening)).await;
        bench.until(|b| b.told("Receipt(Receipt {")).await;
        bench.crash().await;
        bench.shared.world().slow_settles_ms = None;
        bench.until(|b| b.told("a receipt tells")).await;
        bench.until(|b| b.told("outcome: Taken")).await;
        bench.pass(24 * 3_600_000).await;
        assert_eq!(bench.asked_times("send one").len(), 1);
        assert_eq!(bench.asked_times("send one again").len(), 0);
        let tables = bench.disk.lock().expect("no test panicked holding it");
        assert!(tables.at_rest(), "{:?}", tables.unfinished());
    });
}

#[test]
fn a_part_that_a_receipt_told_before_a_crash_is_known_after_it() {
    on_bench(Limits::default(), |mut bench| async move {
        bench.shared.world().slow_settles_ms = Some(60_000);
        bench.write("anna", "1", "say one").await;
        bench.until(|b| b.asked_times("send one").len() == 1).await;
        let happening = delivered(part(first_delivery(&bench), "0"));
        bench.deliver_event(received("anna", "r", happening)).await;
        bench.until(|b| b.told("Receipt(Receipt {")).await;
        bench.crash().await;
        bench.shared.world().slow_settles_ms = None;
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        assert_eq!(bench.asked_times("send one again taken .0").len(), 1);
    });
}

#[test]
fn a_message_in_parts_repeats_no_part_that_went() {
    on_bench(Limits::default(), |bench| async move {
        let sends = [
            Ok(SendProgress::Rest(vec![1])),
            Err(busy("not now")),
            Ok(SendProgress::All),
        ];
        bench.script().sends = sends.into_iter().collect();
        bench.write("anna", "1", "say hello").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        assert_eq!(bench.asked_times("send hello").len(), 3);
    });
}

#[test]
fn what_is_cancelled_in_the_same_batch_becomes_a_dead_letter() {
    on_bench(Limits::default(), |bench| async move {
        let words = [("1", "say one"), ("2", "say two"), ("3", "drop three")];
        let events = words.map(|(key, text)| written("anna", key, text));
        bench.deliver_events(&events).await;
        bench
            .until(|b| b.asked_times("send three").len() == 1)
            .await;
        assert!(bench.told("DEAD Delivery `two`: dropped"));
        assert!(bench.asked_times("send two").is_empty());
    });
}

/// Else it would go out and be a dead letter as well.
#[test]
fn what_cancels_a_lane_waits_for_the_attempt_under_way_there() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().slow_sends_ms = Some(5_000);
        bench.write("anna", "1", "say one").await;
        bench.until(|b| b.asked_times("send one").len() == 1).await;
        bench.write("anna", "2", "say two").await;
        bench.write("anna", "3", "drop three").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 2)
            .await;
        assert!(bench.told("DEAD Delivery `two`: dropped"));
        assert!(!bench.told("DEAD Delivery `one`"), "{}", bench.story());
        assert_eq!(
            bench.asked(),
            ["receive", "send one", "receive", "receive", "send three"]
        );
    });
}

/// What is said is cancelled by the first conversation: it counts for all of the customer's.
#[test]
fn what_cancels_waits_for_attempts_in_other_conversations_too() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().slow_sends_ms = Some(5_000);
        bench.write("anna", "1", "elsewhere one").await;
        bench.until(|b| b.asked_times("send one").len() == 1).await;
        bench.write("anna", "2", "elsewhere two").await;
        bench.write("anna", "3", "drop three").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 2)
            .await;
        assert!(bench.told("DEAD Delivery `two`: dropped"));
        assert!(!bench.told("DEAD Delivery `one`"), "{}", bench.story());
        let (one, three) = (
            bench.asked_times("send one"),
            bench.asked_times("send three"),
        );
        assert!(three[0] >= one[0] + 5_000, "{one:?} {three:?}");
    });
}

#[test]
fn a_file_is_kept_and_one_that_is_too_large_is_a_dead_letter() {
    let limits = Limits {
        file_bytes_max: 10,
        ..Limits::default()
    };
    on_bench(limits, |bench| async move {
        bench.script().downloads = [Ok(3), Ok(11)].into_iter().collect();
        bench.write("anna", "1", "fetch").await;
        bench.until(|b| b.told("FileReady")).await;
        bench.write("anna", "2", "fetch").await;
        bench
            .until(|b| b.told("FileFailed(\"the file is larger than 10 bytes\")"))
            .await;
        assert_eq!(bench.flow.status().dead, 1);
    });
}

#[test]
fn a_replayed_file_is_said_again() {
    let limits = Limits {
        file_bytes_max: 10,
        ..Limits::default()
    };
    on_bench(limits, |bench| async move {
        bench.script().downloads = [Ok(11), Ok(3)].into_iter().collect();
        bench.write("anna", "1", "fetch").await;
        bench.until(|b| b.told("FileFailed")).await;
        let dead = bench
            .flow
            .store()
            .dead_letters(None, 10)
            .await
            .expect("readable");
        bench.flow.replay(dead[0].id).await.expect("it is there");
        // The first was waited for by a message that went on without it.
        bench
            .until(|b| b.told("number: 2 }, outcome: FileReady"))
            .await;
    });
}

#[test]
fn a_timer_fires_when_it_is_due_and_once() {
    on_bench(Limits::default(), |bench| async move {
        bench.write("anna", "1", "later").await;
        bench.until(|b| b.told("Timer(TimerName(\"later\"))")).await;
        bench.pass(120_000).await;
        assert_eq!(bench.story().matches("Timer(").count(), 1);
    });
}

#[test]
fn a_conversation_that_waits_for_ece_does_not_block_another() {
    on_bench(Limits::default(), |bench| async move {
        let down = || Err(EceError::Unreachable("down".to_owned()));
        bench.script().eces = (0..3).map(|_| down()).collect();
        bench.write("anna", "1", "ece stuck").await;
        bench.until(|b| b.told("down")).await;
        bench.write("anna", "2", "say hello").await;
        bench.write("bela", "3", "say hello too").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 2)
            .await;
        assert_eq!(bench.flow.status().delivered_ece, 0);
        bench.until(|b| b.flow.status().delivered_ece == 1).await;
    });
}
