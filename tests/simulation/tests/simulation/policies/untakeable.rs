//! What no store can take, and what no plugin can read: it alone becomes a dead letter or a placeholder, and nothing waits behind it.

use trunkline_core::event::Happening;
use trunkline_core::id::CustomerId;
use trunkline_core::message::Content;
use trunkline_flow::Limits;
use trunkline_flow::ports::{Fired, ReceivedEvent, ReceivedHappening, Request, Scope, Store};

use super::bench::{Bench, fine, on_bench, received, request, written};
use super::incoming::not_now;

/// A plugin that forgot whose it is.
fn nobodys(key: &str, text: &str) -> ReceivedEvent {
    ReceivedEvent {
        customer: Vec::new(),
        ..written("anna", key, text)
    }
}

/// A place that is none: see the bench.
fn nowhere(key: &str) -> ReceivedEvent {
    let place = Content::Location {
        latitude: 999.0,
        longitude: 0.0,
        name: None,
    };
    let said = ReceivedHappening::Customer(Happening::Said(place));
    received("anna", key, said)
}

#[test]
fn what_names_no_customer_is_a_dead_letter_and_the_rest_of_its_call_goes_on() {
    on_bench(Limits::default(), |bench| async move {
        let events = [nobodys("1", "whose?"), written("anna", "2", "say hello")];
        assert_eq!(bench.deliver_events(&events).await, fine());
        assert!(bench.told("DEAD Message `whose?`: the plugin names no address"));
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
    });
}

#[test]
fn the_original_of_a_placeholder_is_kept_and_no_other_call() {
    on_bench(Limits::default(), |bench| async move {
        let sticker = Happening::Said(Content::Unknown("sticker".to_owned()));
        let sticker = received("anna", "1", ReceivedHappening::Customer(sticker));
        bench.deliver_event(written("anna", "2", "say hello")).await;
        bench.deliver_event(sticker.clone()).await;
        let body = serde_json::to_string(&[sticker]).expect("it is plain data");
        let tables = bench.disk.lock().expect("no test panicked holding it");
        assert_eq!(tables.originals, [body]);
    });
}

#[test]
fn a_place_that_is_none_is_a_placeholder() {
    on_bench(Limits::default(), |bench| async move {
        let events = [nowhere("1"), written("anna", "2", "say hello")];
        assert_eq!(bench.deliver_events(&events).await, fine());
        // Which is all that the bench makes of what is no text.
        bench
            .until(|b| b.told("DEAD Message `something else`: nobody understands it"))
            .await;
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
    });
}

/// A call of the bot's server with a token of ours that names nobody.
fn callback_for_nobody() -> Request {
    let nobody = CustomerId(4_711);
    request(serde_json::to_vec(&nobody).expect("it is plain data"))
}

async fn callback_for(bench: &Bench, who: &str) -> Request {
    bench.write(who, who, "say hello").await;
    bench
        .until(|b| b.flow.status().delivered_customer == 1)
        .await;
    let tables = bench.disk.lock().expect("no test panicked holding it");
    let (customer, _) = tables.customers().next().expect("somebody wrote");
    request(serde_json::to_vec(&customer.id).expect("it is plain data"))
}

#[test]
fn a_callback_for_an_unknown_customer_is_answered_and_a_dead_letter() {
    on_bench(Limits::default(), |bench| async move {
        let faq = "faq".into();
        let answer = bench.flow.bot_callback(&faq, callback_for_nobody()).await;
        assert_eq!(answer, fine());
        assert!(bench.told("DEAD Message `a callback of a bot`: it cannot be taken"));
        assert_eq!(bench.flow.status().accepted, 0);
    });
}

/// Also of a plugin that reads again: it came before the others.
#[test]
fn a_waiting_call_that_cannot_be_taken_holds_up_none_behind_it() {
    on_bench(Limits::default(), |bench| async move {
        let faq = "faq".into();
        let call = callback_for(&bench, "anna").await;
        let none_works = [not_now(None), not_now(None)].into_iter().flatten();
        bench.script().bot_receives.extend(none_works);
        bench.flow.bot_callback(&faq, callback_for_nobody()).await;
        bench.flow.bot_callback(&faq, call.clone()).await;
        assert_eq!(bench.flow.status().kept_raw, 2);
        let taken = bench.flow.raw_again(&Scope::Bot(faq.clone())).await;
        assert_eq!(taken, Ok(2));
        assert!(bench.told("DEAD Message `a callback of a bot`"));
        bench.until(|b| b.told("BotCallback")).await;
        assert_eq!(bench.flow.bot_callback(&faq, call).await, fine());
        assert_eq!(bench.flow.status().kept_raw, 2, "later calls wait no more");
    });
}

fn line() -> Scope {
    Scope::Channel("line".into())
}

/// Two versions trapped on it; the third was mended.
#[test]
fn an_unreadable_call_is_read_by_a_mended_version_once_it_is_replayed() {
    on_bench(Limits::default(), |bench| async move {
        let traps = ["v1", "v2", "v2"].map(|version| not_now(Some(version)));
        bench.script().receives.extend(traps);
        bench.write("anna", "1", "say hello").await;
        assert_eq!(bench.flow.raw_again(&line()).await, Ok(1));
        let letters = bench.flow.store().dead_letters(None, 1).await;
        let first = letters.expect("listed")[0].id;
        // Nothing was mended yet: it is a dead letter again, and does not wait unseen.
        assert_eq!(bench.flow.replay(first).await, Ok(Fired::Raw(line())));
        bench.until(|b| b.flow.status().dead == 2).await;
        let letters = bench.flow.store().dead_letters(None, 1).await;
        let second = letters.expect("listed")[0].id;
        bench.flow.replay(second).await.expect("it is put back");
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
    });
}

#[test]
fn a_call_that_waits_a_week_for_a_second_version_is_a_dead_letter() {
    const DAY_MS: u64 = 24 * 3_600_000;
    on_bench(Limits::default(), |bench| async move {
        let traps = (0..3).filter_map(|_| not_now(Some("v1")));
        bench.script().bot_receives.extend(traps);
        let faq = "faq".into();
        bench.flow.bot_callback(&faq, callback_for_nobody()).await;
        bench.pass(6 * DAY_MS).await;
        assert_eq!(bench.flow.status().dead, 0);
        bench.pass(DAY_MS + 120_000).await;
        assert!(bench.told("DEAD Unreadable"));
        let asked = bench.asked_times("bot receive");
        assert_eq!(asked.len(), 3, "not again and again: {asked:?}");
    });
}
