//! What goes into ECE: waits, pieces, ends.

use simulation::world::START;
use trunkline_flow::Limits;
use trunkline_flow::ports::{EceError, EceSent};

use super::bench::{Bench, on_bench};

const HOUR_MS: u64 = 3_600_000;

fn sent_to_ece(bench: &Bench) -> Vec<String> {
    let asked = bench.asked().into_iter();
    asked.filter(|what| what.starts_with("ece ")).collect()
}

/// "ECE down: messages wait in order." Attempts come each minute, more or less a fifth.
#[test]
fn while_ece_is_down_for_half_a_day_messages_wait_in_order() {
    on_bench(Limits::default(), |bench| async move {
        let down = || Err(EceError::Unreachable("connection refused".to_owned()));
        bench.script().eces = (0..720).map(|_| down()).collect();
        bench.write("anna", "1", "ece one").await;
        bench.write("anna", "2", "ece two").await;
        bench.until(|b| b.flow.status().delivered_ece == 2).await;
        let waited = bench.now().ms_since(START);
        assert!(waited > 10 * HOUR_MS, "{waited} ms");
        let sent = sent_to_ece(&bench);
        assert_eq!(sent.len(), 722);
        assert_eq!(sent[719..], ["ece one", "ece one", "ece two"]);
        assert_eq!(bench.flow.status().dead, 0);
    });
}

#[test]
fn after_a_day_a_message_for_ece_is_a_dead_letter() {
    on_bench(Limits::default(), |bench| async move {
        let down = || Err(EceError::Unreachable("connection refused".to_owned()));
        bench.script().eces = (0..3_000).map(|_| down()).collect();
        bench.write("anna", "1", "ece one").await;
        bench.pass(23 * HOUR_MS).await;
        assert_eq!(bench.flow.status().dead, 0);
        bench
            .until(|b| b.told("DEAD Delivery `one`: gave up"))
            .await;
    });
}

/// Its policy holds them, with a word; and asks again.
#[test]
fn customers_are_not_left_waiting_while_ece_asks_to_wait_for_an_hour() {
    on_bench(Limits::default(), |bench| async move {
        let busy = EceError::Throttled {
            wait_ms: HOUR_MS,
            text: "429".to_owned(),
        };
        bench.script().opens.push_back(Err(busy));
        bench.write("anna", "1", "open").await;
        let told = |b: &Bench| b.story().matches("Unavailable(Unreachable)").count();
        bench.until(|b| told(b) == 1).await;
        bench.write("bela", "2", "open").await;
        bench.until(|b| told(b) == 2).await;
        let waited = bench.now().ms_since(START);
        assert!(waited < 60_000, "{waited} ms");
        assert_eq!(bench.asked_times("open").len(), 1, "ECE is not asked");
        bench.pass(HOUR_MS).await;
        bench.write("anna", "3", "open").await;
        bench.until(|b| b.told("started as s1")).await;
    });
}

fn broken(times: usize) -> impl Iterator<Item = Result<(), EceError>> {
    (0..times).map(|_| Err(EceError::Unknown("500".to_owned())))
}

/// How ECE ends conversations is not sure. A customer who waits for the next agent must not wait for that.
#[test]
fn an_end_that_ece_does_not_manage_holds_nobody_up_who_waits_for_another_agent() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().ends = broken(2_000).collect();
        bench.write("anna", "1", "end").await;
        bench.write("anna", "2", "open").await;
        bench.until(|b| b.told("started as s1")).await;
        let waited = bench.now().ms_since(START);
        assert!(waited < 5 * 60_000, "{waited} ms");
        assert!(bench.told("DEAD Delivery ``: gave up"), "to be ended later");
    });
}

#[test]
fn an_end_for_which_nobody_waits_is_tried_for_as_long_as_words_are() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().ends = broken(60).collect();
        bench.write("anna", "1", "end").await;
        bench.until(|b| b.told("ended")).await;
        assert!(!bench.told("DEAD"), "{}", bench.story());
    });
}

/// The second piece is refused for now, the process dies: the first does not go again.
#[test]
fn a_long_text_of_which_ece_has_a_piece_goes_on_behind_it_after_a_crash() {
    on_bench(Limits::default(), |mut bench| async move {
        let later = EceError::Throttled {
            wait_ms: 5_000,
            text: "later".to_owned(),
        };
        let piece = |end: &str| Ok(EceSent::Rest(end.as_bytes().to_vec()));
        bench.script().eces = [piece("10"), Err(later), piece("20")].into();
        bench.write("anna", "1", "ece long").await;
        bench.write("anna", "2", "ece next").await;
        bench.until(|b| b.asked().len() == 4).await;
        bench.crash().await;
        bench.until(|b| b.flow.status().delivered_ece == 2).await;
        assert_eq!(
            sent_to_ece(&bench),
            [
                "ece long",
                "ece long behind 10",
                "ece long behind 10",
                "ece long behind 20",
                "ece next",
            ]
        );
    });
}
