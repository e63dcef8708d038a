//! What crosses on its way: two starts at ECE, a receipt and a refusal, a replay and a slow message, a disk that takes long.

use simulation::configured::{BLIND, settings};
use simulation::world::START;
use trunkline_core::event::{DeliveryName, EceEvent, EceHappening, ReceiptState};
use trunkline_core::id::DeliveryId;
use trunkline_flow::Limits;
use trunkline_flow::ports::{
    Clock, EceError, OpenOutcome, ReceiveError, ReceivedEvent, ReceivedHappening, Scope, SendError,
    Store,
};

use super::bench::{Bench, conversation, fine, on_bench, on_bench_for_real, received, written};
use super::incoming::not_now;

/// An agent's word in a conversation of ECE.
async fn agent_says(bench: &Bench, session: &str, text: &str) {
    let event = EceEvent {
        session: session.into(),
        id: "1".to_owned(),
        at: START,
        happening: EceHappening::Said {
            agent: None,
            text: text.to_owned(),
        },
    };
    let acme = "acme".into();
    let taken = bench.flow.ece_events(&acme, vec![event], vec![]);
    taken.await.expect("it is on disk");
}

fn started(session: &str) -> Result<OpenOutcome, EceError> {
    Ok(OpenOutcome::Started(session.into()))
}

/// Bela's first callback comes between ECE's answer and its settle, while Anna's start has an unknown outcome. Given to Anna,
/// her words would be read by Bela's agent.
#[test]
fn a_conversation_that_another_start_was_just_answered_with_is_nobody_elses() {
    on_bench(Limits::default(), |bench| async move {
        // Soon after a start of the flow nothing is guessed.
        bench.pass(600_000).await;
        let unknown = Err(EceError::Unknown("no answer".to_owned()));
        bench.script().opens = [unknown, started("s1"), started("s2")].into();
        bench.write("anna", "1", "open").await;
        bench.until(|b| b.told("no answer")).await;
        bench.shared.world().slow_settles_ms = Some(3_000);
        bench.write("bela", "2", "open").await;
        bench.until(|b| b.asked_times("open").len() == 2).await;
        bench.pass(500).await;
        agent_says(&bench, "s1", "hello Bela").await;
        bench.until(|b| b.told("started as s1")).await;
        bench
            .until(|b| b.told("started again after an unknown outcome as s2"))
            .await;
        assert!(!bench.told("its callback tells"), "{}", bench.story());
    });
}

#[test]
fn callbacks_wait_as_long_as_the_disk_takes_to_keep_the_answer_to_their_start() {
    on_bench(Limits::default(), |bench| async move {
        bench.shared.world().slow_settles_ms = Some(100_000);
        bench.write("anna", "1", "open").await;
        bench.until(|b| b.asked_times("open").len() == 1).await;
        bench.pass(500).await;
        agent_says(&bench, "s1", "hello").await;
        bench.until(|b| b.told("text: \"hello\"")).await;
        assert!(!bench.told("DEAD"), "{}", bench.story());
        assert!(bench.asked_times("end s1").is_empty());
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

fn second_delivery(bench: &Bench) -> DeliveryId {
    DeliveryId {
        number: 2,
        ..first_delivery(bench)
    }
}

/// A dead letter of it would say that the customer does not have it, and its replay would give it to them twice.
#[test]
fn a_message_that_a_receipt_tells_of_is_delivered_though_its_repetition_is_refused() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().slow_sends_ms = Some(5_000);
        let unknown = Err(SendError::Unknown("no answer".to_owned()));
        let refused = Err(SendError::Refused("it has it already".to_owned()));
        bench.script().sends = [unknown, refused].into();
        bench.write("anna", "1", "say hello").await;
        bench
            .until(|b| b.asked_times("send hello again").len() == 1)
            .await;
        let delivered = ReceivedHappening::Receipt {
            delivery: DeliveryName::Ours(first_delivery(&bench)),
            state: ReceiptState::Delivered,
            detail: None,
            opted_out: false,
        };
        bench.deliver_event(received("anna", "r", delivered)).await;
        bench.until(|b| b.told("outcome: Taken")).await;
        assert!(!bench.told("DEAD"), "{}", bench.story());
    });
}

/// Replays the dead letter that holds this.
async fn replay(bench: &Bench, content: &str) {
    let dead = bench.flow.store().dead_letters(None, 100).await;
    let dead = dead.expect("the store works");
    let letter = dead.iter().find(|letter| letter.content.contains(content));
    let letter = letter.expect("there is one").id;
    bench.flow.replay(letter).await.expect("it is there");
}

#[test]
fn a_replay_while_a_message_is_slow_holds_nothing_else_up() {
    on_bench(Limits::default(), |bench| async move {
        let refused = Err(SendError::Refused("no".to_owned()));
        bench.script().sends.push_back(refused);
        bench.write("anna", "1", "say one").await;
        bench.until(|b| b.told("DEAD Delivery `one`")).await;
        bench.script().slow_sends_ms = Some(100_000);
        bench.write("anna", "2", "say two").await;
        bench.until(|b| b.asked_times("send two").len() == 1).await;
        replay(&bench, "one").await;
        bench.pass(500).await;
        bench.write("anna", "3", "ece three").await;
        bench.pass(5_000).await;
        assert_eq!(bench.asked_times("ece three").len(), 1, "it waits");
        bench
            .until(|b| b.flow.status().delivered_customer == 2)
            .await;
        bench.pass(300_000).await;
        let sends = bench.asked().into_iter().filter(|a| a.starts_with("send"));
        let sends: Vec<_> = sends.collect();
        assert_eq!(sends, ["send one", "send two", "send one"]);
    });
}

/// It was answered 2xx, so somebody has to be able to see it, and to give it to the channel when that is back.
#[test]
fn a_call_that_waited_for_a_channel_that_is_gone_is_a_dead_letter_that_can_be_replayed() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().receives.push_back(not_now(None));
        bench.write("anna", "1", "say hello").await;
        let gone = Some(ReceiveError::UnknownChannel);
        bench.script().receives.push_back(gone);
        let read = bench.flow.raw_again(&Scope::Channel("line".into())).await;
        assert_eq!(read, Ok(1));
        assert!(bench.told("DEAD Unreadable"), "{}", bench.story());
        replay(&bench, "say hello").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        assert_eq!(bench.write("anna", "1", "say hello").await, fine());
        assert_eq!(bench.flow.status().duplicates, 1);
    });
}

/// On the channel that leads straight to agents.
async fn writes(bench: &Bench, key: &str, text: &str) {
    let event = ReceivedEvent {
        channel: Some(BLIND.into()),
        ..written("anna", key, text)
    };
    assert_eq!(bench.deliver_event(event).await, fine());
}

async fn ece_tells(bench: &Bench, session: &str, id: &str, happening: EceHappening) {
    let event = EceEvent {
        session: session.into(),
        id: id.to_owned(),
        at: bench.clock.now(),
        happening,
    };
    let acme = "acme".into();
    let taken = bench.flow.ece_events(&acme, vec![event], vec![]);
    taken.await.expect("it is on disk");
}

/// Says a word to an agent in a new conversation of ECE.
async fn chats(bench: &Bench, session: &str) {
    bench.script().opens.push_back(started(session));
    writes(bench, session, &format!("hello {session}")).await;
    let asked = format!("ece hello {session}");
    bench.until(|b| b.asked().contains(&asked)).await;
    ece_tells(bench, session, "1", EceHappening::Assigned { agent: None }).await;
}

async fn agent_closes(bench: &Bench, session: &str) {
    let by_agent = true;
    ece_tells(bench, session, "2", EceHappening::Completed { by_agent }).await;
    bench.pass(2_000).await;
}

/// Put into the conversation that is long over, nobody would ever read them.
#[test]
fn the_replay_of_words_that_ece_refused_reaches_an_agent_after_their_conversation() {
    on_bench_for_real(settings(), |bench| async move {
        chats(&bench, "s1").await;
        let refused = Err(EceError::Refused("400".to_owned()));
        bench.script().eces.push_back(refused);
        writes(&bench, "m", "my order is 7").await;
        bench
            .until(|b| b.told("DEAD Delivery `my order is 7`"))
            .await;
        agent_closes(&bench, "s1").await;
        bench.script().opens.push_back(started("s2"));
        replay(&bench, "my order is 7").await;
        bench.until(|b| b.told("started as s2")).await;
        bench
            .until(|b| b.asked_times("ece my order is 7").len() == 2)
            .await;
    });
}

/// They crossed with the agent's close, and another conversation came and went before that was known.
#[test]
fn words_that_found_an_earlier_conversation_gone_are_a_dead_letter_that_holds_them() {
    on_bench_for_real(settings(), |bench| async move {
        chats(&bench, "s1").await;
        bench.pass(2_000).await;
        let gone = Err(EceError::Gone("404".to_owned()));
        bench.script().eces.push_back(gone);
        bench.shared.world().slow_settles_ms = Some(100_000);
        writes(&bench, "m", "my order is 7").await;
        bench
            .until(|b| b.asked_times("ece my order is 7").len() == 1)
            .await;
        bench.shared.world().slow_settles_ms = None;
        agent_closes(&bench, "s1").await;
        chats(&bench, "s2").await;
        agent_closes(&bench, "s2").await;
        bench
            .until(|b| b.told("DEAD Message `my order is 7`: ECE no longer had"))
            .await;
        bench.script().opens.push_back(started("s3"));
        replay(&bench, "my order is 7").await;
        bench
            .until(|b| b.asked_times("ece my order is 7").len() == 2)
            .await;
    });
}

/// The provider's id is known with the settle only. Dropped, the message would have ended silently.
#[test]
fn a_receipt_waits_as_long_as_a_full_disk_keeps_the_message_from_being_settled() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().slow_sends_ms = Some(5_000);
        bench.write("anna", "1", "say hello").await;
        bench
            .until(|b| b.asked_times("send hello").len() == 1)
            .await;
        let failed = ReceivedHappening::Receipt {
            delivery: DeliveryName::Provider(format!("p-{}", first_delivery(&bench))),
            state: ReceiptState::Failed,
            detail: None,
            opted_out: false,
        };
        bench.deliver_event(received("anna", "r", failed)).await;
        bench.shared.world().faults.store = 1_000;
        bench.pass(90_000).await;
        bench.shared.world().faults.store = 0;
        bench
            .until(|b| b.told("DEAD Delivery `hello`: the provider could not deliver it"))
            .await;
    });
}

/// So long as the process was down nobody could learn the provider's id.
#[test]
fn a_receipt_that_waits_is_not_dropped_for_the_time_that_the_process_was_down() {
    on_bench(Limits::default(), |mut bench| async move {
        bench.write("anna", "1", "say hello").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        let failed = ReceivedHappening::Receipt {
            delivery: DeliveryName::Provider(format!("p-{}", second_delivery(&bench))),
            state: ReceiptState::Failed,
            detail: None,
            opted_out: false,
        };
        bench.script().slow_sends_ms = Some(5_000);
        bench.write("anna", "2", "say there").await;
        bench
            .until(|b| b.asked_times("send there").len() == 1)
            .await;
        bench.deliver_event(received("anna", "r", failed)).await;
        bench.down_for(90_000).await;
        bench
            .until(|b| b.told("DEAD Delivery `there`: the provider could not deliver it"))
            .await;
    });
}

/// An agent may have come, and ECE tells of it as soon as somebody answers: the wait for one must not end the chat just before.
#[test]
fn a_timer_that_ran_out_while_the_process_was_down_lets_those_who_come_again_speak_first() {
    on_bench(Limits::default(), |mut bench| async move {
        bench.write("anna", "1", "later").await;
        bench.pass(1_000).await;
        bench.down_for(120_000).await;
        bench.pass(20_000).await;
        assert!(!bench.told("Timer"), "{}", bench.story());
        bench.write("anna", "2", "say hello").await;
        bench.until(|b| b.told("Timer")).await;
        assert_eq!(bench.asked_times("send hello").len(), 1);
    });
}

/// Else no timer fires for anybody until the next start.
#[test]
fn a_bug_in_a_look_at_what_is_due_does_not_stop_the_timers() {
    on_bench(Limits::default(), |bench| async move {
        bench.write("anna", "1", "later").await;
        bench.pass(1_000).await;
        bench.shared.world().bugs_in_looks = 2;
        bench.until(|b| b.told("Timer")).await;
        assert_eq!(bench.shared.world().bugs_in_looks, 0);
    });
}
