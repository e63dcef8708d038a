use trunkline_flow::Limits;

use super::bench::{Bench, fine, on_bench, piece, to_resolve, written};

fn sent(bench: &Bench) -> Vec<String> {
    let asked = bench.asked().into_iter();
    asked.filter(|what| what.starts_with("send")).collect()
}

async fn until_sent(bench: &Bench, wanted: u64) {
    bench
        .until(|b| b.flow.status().delivered_customer == wanted)
        .await;
}

#[test]
fn the_provider_has_its_answer_before_the_plugin_completes_the_event() {
    on_bench(Limits::default(), |bench| async move {
        bench
            .script()
            .resolves
            .push_back((3_000, vec!["say completed"]));
        let answer = bench
            .deliver_event(to_resolve("anna", "1", "say raw"))
            .await;
        assert_eq!(answer, fine());
        assert_eq!(bench.asked_times("receive"), [0]);
        assert_eq!(bench.flow.status().accepted, 1);
        until_sent(&bench, 1).await;
        assert_eq!(sent(&bench), ["send completed"]);
        assert_eq!(bench.asked_times("send completed"), [3_000]);
    });
}

#[test]
fn what_came_later_waits_and_other_customers_do_not() {
    on_bench(Limits::default(), |bench| async move {
        let completed = vec!["say one", "say two"];
        bench.script().resolves.push_back((3_000, completed));
        let events = [
            to_resolve("anna", "1", "say raw"),
            written("anna", "2", "say three"),
            written("bela", "3", "say other"),
        ];
        bench.deliver_events(&events).await;
        until_sent(&bench, 4).await;
        let order = ["send other", "send one", "send two", "send three"];
        assert_eq!(sent(&bench), order);
    });
}

#[test]
fn an_event_not_completed_in_time_goes_on_as_it_was() {
    on_bench(Limits::default(), |bench| async move {
        bench
            .script()
            .resolves
            .push_back((60_000, vec!["say late"]));
        bench
            .deliver_event(to_resolve("anna", "1", "say raw"))
            .await;
        bench.write("anna", "2", "say next").await;
        until_sent(&bench, 2).await;
        assert_eq!(sent(&bench), ["send raw", "send next"]);
        assert_eq!(bench.asked_times("send raw"), [5_000], "the manifest's");
        bench.pass(120_000).await;
        assert_eq!(bench.flow.status().delivered_customer, 2);
    });
}

#[test]
fn a_crash_before_an_event_is_completed_repeats_that() {
    on_bench(Limits::default(), |mut bench| async move {
        let answers = [(3_000, vec!["say lost"]), (500, vec!["say completed"])];
        bench.script().resolves.extend(answers);
        bench
            .deliver_event(to_resolve("anna", "1", "say raw"))
            .await;
        bench
            .until(|b| b.asked().contains(&"resolve".to_owned()))
            .await;
        bench.crash().await;
        until_sent(&bench, 1).await;
        assert_eq!(sent(&bench), ["send completed"]);
    });
}

/// What came of it is in the store before anybody sees it.
#[test]
fn a_full_disk_holds_a_completed_event_back_and_loses_nothing() {
    on_bench(Limits::default(), |bench| async move {
        bench
            .script()
            .resolves
            .push_back((1_000, vec!["say completed"]));
        bench
            .deliver_event(to_resolve("anna", "1", "say raw"))
            .await;
        bench.shared.world().faults.store = 1_000;
        bench.pass(20_000).await;
        assert_eq!(sent(&bench), [""; 0]);
        bench.shared.world().faults.store = 0;
        until_sent(&bench, 1).await;
        assert_eq!(sent(&bench), ["send completed"]);
    });
}

#[test]
fn a_timer_behind_an_event_that_is_being_completed_waits_too() {
    on_bench(Limits::default(), |bench| async move {
        bench.write("anna", "1", "later").await;
        bench.pass(28_000).await;
        bench
            .script()
            .resolves
            .push_back((4_000, vec!["say completed"]));
        bench
            .deliver_event(to_resolve("anna", "2", "say raw"))
            .await;
        bench.pass(3_000).await;
        assert!(!bench.told("Timer"), "{}", bench.story());
        until_sent(&bench, 1).await;
        bench.until(|b| b.told("Timer")).await;
    });
}

#[test]
fn pieces_of_a_message_are_joined_before_anybody_sees_them() {
    on_bench(Limits::default(), |bench| async move {
        bench
            .deliver_event(piece("anna", "b", "is my order?", 1, 2))
            .await;
        bench.pass(1_000).await;
        assert_eq!(sent(&bench), [""; 0]);
        bench
            .deliver_event(piece("anna", "a", "say Where ", 0, 2))
            .await;
        until_sent(&bench, 1).await;
        assert_eq!(sent(&bench), ["send Where is my order?"]);
    });
}

#[test]
fn pieces_whose_rest_does_not_come_go_on_after_a_while() {
    on_bench(Limits::default(), |bench| async move {
        let there = [
            piece("anna", "c", "order?", 2, 3),
            piece("anna", "a", "say Where ", 0, 3),
        ];
        bench.deliver_events(&there).await;
        until_sent(&bench, 1).await;
        assert_eq!(sent(&bench), ["send Where order?"]);
    });
}

/// The provider brings the other piece again once somebody answers.
#[test]
fn pieces_are_not_given_up_for_the_time_that_the_process_was_down() {
    on_bench(Limits::default(), |mut bench| async move {
        let first = bench
            .deliver_event(piece("anna", "1", "say one ", 0, 2))
            .await;
        assert_eq!(first, fine());
        bench.down_for(120_000).await;
        bench.pass(1_000).await;
        let second = bench.deliver_event(piece("anna", "2", "two", 1, 2)).await;
        assert_eq!(second, fine());
        bench
            .until(|b| b.asked().contains(&"send one two".to_owned()))
            .await;
    });
}

#[test]
fn a_piece_that_waits_in_vain_goes_on_soon_after_a_restart() {
    on_bench(Limits::default(), |mut bench| async move {
        bench
            .deliver_event(piece("anna", "1", "say one ", 0, 2))
            .await;
        bench.down_for(120_000).await;
        let started = bench.now();
        bench
            .until(|b| b.asked().contains(&"send one ".to_owned()))
            .await;
        let waited = bench.now().ms_since(started);
        assert!((29_000..35_000).contains(&waited), "{waited} ms");
    });
}
