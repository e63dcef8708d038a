use simulation::configured::{BLIND, settings};
use trunkline_core::event::{EceEvent, EceHappening};
use trunkline_flow::ports::{Clock, EceError, OpenOutcome, ReceivedEvent};

use super::bench::{Bench, on_bench_for_real, written};

/// A customer of the channel that leads straight to agents.
fn words(key: usize, text: &str) -> ReceivedEvent {
    ReceivedEvent {
        channel: Some(BLIND.into()),
        ..written("anna", &format!("m{key}"), text)
    }
}

/// What is kept of Anna's words to begin anew with.
fn remembered(bench: &Bench) -> usize {
    let tables = bench.disk.lock().expect("no test panicked holding it");
    let (anna, _) = tables.customers().next().expect("she wrote");
    anna.open.as_ref().expect("it is open").sent.len()
}

async fn into_ece(bench: &Bench, key: usize, text: &str) {
    bench.deliver_event(words(key, text)).await;
    let asked = format!("ece {text}");
    bench.until(|b| b.asked().contains(&asked)).await;
}

/// An agent comes into Anna's conversation.
async fn agent_comes(bench: &Bench) {
    let event = EceEvent {
        session: "s1".into(),
        id: "1".to_owned(),
        at: bench.clock.now(),
        happening: EceHappening::Assigned { agent: None },
    };
    let told = bench
        .flow
        .ece_events(&"acme".into(), vec![event], Vec::new())
        .await;
    assert!(told.is_ok());
}

#[test]
fn a_long_conversation_does_not_carry_along_what_ece_has_taken() {
    on_bench_for_real(settings(), |bench| async move {
        into_ece(&bench, 0, "line 0").await;
        agent_comes(&bench).await;
        for key in 1..40 {
            into_ece(&bench, key, &format!("line {key}")).await;
        }
        assert!(remembered(&bench) <= 2, "{}", remembered(&bench));
    });
}

#[test]
fn what_no_agent_has_had_is_remembered_and_given_to_the_next() {
    on_bench_for_real(settings(), |bench| async move {
        for key in 0..10 {
            into_ece(&bench, key, &format!("line {key}")).await;
        }
        assert_eq!(remembered(&bench), 10);
        let second = Ok(OpenOutcome::Started("s2".into()));
        bench.script().opens.push_back(second);
        bench
            .until(|b| b.asked_times("ece line 9").len() == 2)
            .await;
        let asked = bench.asked();
        let end = asked.iter().position(|asked| asked == "end s1");
        let after = &asked[end.expect("it was ended there")..];
        let again: Vec<String> = (0..10).map(|key| format!("ece line {key}")).collect();
        assert_eq!(after[..2], ["end s1", "open"]);
        assert_eq!(after[2..], again);
    });
}

/// The reports lie unread in the inbox while ECE's lane is empty already.
#[test]
fn what_a_gone_conversation_did_not_take_is_remembered_until_its_report_was_handled() {
    on_bench_for_real(settings(), |bench| async move {
        into_ece(&bench, 0, "taken").await;
        agent_comes(&bench).await;
        bench.pass(1_000).await;
        let gone = || Err(EceError::Gone("404".to_owned()));
        bench.script().eces.extend([gone(), gone(), gone()]);
        let crossed = [words(1, "one"), words(2, "two"), words(3, "three")];
        bench.deliver_events(&crossed).await;
        bench.until(|b| b.asked_times("ece three").len() == 2).await;
        let into_ece: Vec<String> = bench
            .asked()
            .into_iter()
            .filter(|asked| asked.starts_with("ece "))
            .collect();
        assert_eq!(
            into_ece,
            [
                "ece taken",
                "ece one",
                "ece two",
                "ece three",
                "ece one",
                "ece two",
                "ece three"
            ]
        );
    });
}
