use std::sync::Arc;

use tokio::task::JoinSet;
use trunkline_core::event::{ChannelEvent, Event, Happening, Profile};
use trunkline_core::id::{ConversationId, CustomerId, EventKey, Timestamp};
use trunkline_core::message::Content;
use trunkline_flow::ports::{
    Accept, DeadKind, DeadLetterId, Discard, Fired, Incoming, ORIGINAL_KEEP_MS, PluginVersion,
    Request, Scope, Settle, Settled, Step, Store, StoreError, Target, TraceLine, Undelivered,
};

use super::Stores;
use super::fixtures::*;

async fn newest_letter(store: &impl Store) -> DeadLetterId {
    let letters = store.dead_letters(None, 1).await.expect("listed");
    letters[0].id
}

/// Behind what waits now, before what comes later, with no attempts.
pub async fn a_replayed_delivery_goes_to_the_end_of_its_lane(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    let lane = [1, 2, 3].map(|number| to_customer(id, number, "x"));
    deliver(&*store, id, lane.into()).await;
    let dead = Settle {
        attempts: 7,
        ..settle_of(delivery_id(id, 1), Settled::Dead("gave up".to_owned()))
    };
    settle(&*store, dead).await;
    let at = T.plus_ms(1000);
    let letter = newest_letter(&*store).await;
    assert_eq!(store.replay(letter, at).await, Ok(Fired::Customer(id)));
    deliver(&*store, id, vec![to_customer(id, 4, "y")]).await;
    assert_eq!(waiting(&*store, id).await, [2, 3, 1, 4]);
    let loaded = load(&*store, id).await;
    let again = &loaded.outbox[2];
    assert_eq!((again.attempts, again.created, again.next_at), (0, at, at));
    assert_eq!(again.delivery, to_customer(id, 1, "x"));
}

fn lost_message(id: CustomerId) -> Undelivered {
    Undelivered {
        kind: DeadKind::Message,
        scope: Some(Scope::Channel(sms())),
        conversation: Some(conversation(id)),
        key: Some(EventKey::from("m1")),
        reason: "the conversation was closed".to_owned(),
        content: "card 4111111111111111".to_owned(),
        replay: Some((Target::Customer(id), said("m1", "card 4111111111111111"))),
    }
}

async fn with_lost_message(store: &impl Store) -> CustomerId {
    let id = customer(store, "+1").await;
    let lost = Step {
        dead: vec![lost_message(id)],
        ..idle_step(&load(store, id).await)
    };
    step(store, lost).await;
    id
}

/// Masked, as if it had just come.
pub async fn a_replayed_event_comes_into_the_inbox(stores: &impl Stores) {
    let store = stores.open();
    let id = with_lost_message(&*store).await;
    let letters = store.dead_letters(None, MANY).await.expect("listed");
    assert_eq!(letters[0].content, "card ****1111");
    let fired = store.replay(letters[0].id, T.plus_ms(5)).await;
    assert_eq!(fired, Ok(Fired::Customer(id)));
    let inbox = load(&*store, id).await.inbox;
    assert_eq!(text_of(&inbox[0].event), Some("card ****1111"));
    assert_eq!(inbox[0].arrived, T.plus_ms(5));
}

/// A second click does not send twice.
pub async fn a_dead_letter_is_replayed_once(stores: &impl Stores) {
    let store = stores.open();
    let id = with_lost_message(&*store).await;
    let letter = newest_letter(&*store).await;
    store.replay(letter, T.plus_ms(5)).await.expect("replayed");
    assert!(is_broken(&store.replay(letter, T.plus_ms(6)).await));
    assert!(is_broken(
        &store.replay(DeadLetterId(letter.0 + 1), T).await
    ));
    assert_eq!(load(&*store, id).await.inbox.len(), 1);
    let letters = store.dead_letters(None, 1).await.expect("listed");
    assert_eq!(letters[0].replayed, Some(T.plus_ms(5)));
}

/// Page by page.
pub async fn dead_letters_are_listed_newest_first(stores: &impl Stores) {
    let store = stores.open();
    let id = customer(&*store, "+1").await;
    for reason in ["a", "b", "c"] {
        let lost = Step {
            dead: vec![Undelivered {
                reason: reason.to_owned(),
                replay: None,
                ..lost_message(id)
            }],
            ..idle_step(&load(&*store, id).await)
        };
        step(&*store, lost).await;
    }
    let page = store.dead_letters(None, 2).await.expect("listed");
    assert_eq!([&page[0].reason, &page[1].reason], ["c", "b"]);
    let rest = store
        .dead_letters(Some(page[1].id), 2)
        .await
        .expect("listed");
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].reason, "a");
    assert!(is_broken(&store.replay(rest[0].id, T).await));
}

async fn dead_ids(store: &impl Store) -> Vec<i64> {
    let letters = store.dead_letters(None, MANY).await.expect("listed");
    letters.into_iter().map(|letter| letter.id.0).collect()
}

/// Its words are nowhere any more; that it was discarded stands where it was told that it died.
pub async fn a_discarded_dead_letter_is_gone_but_for_the_trace(stores: &impl Stores) {
    let store = stores.open();
    let id = with_lost_message(&*store).await;
    let letter = newest_letter(&*store).await;
    let both = Discard::These(vec![letter, DeadLetterId(letter.0 + 1)]);
    assert!(is_broken(&store.discard(both, T).await));
    assert_eq!(dead_ids(&*store).await, [letter.0], "all or none");
    let one = Discard::These(vec![letter]);
    let done = store.discard(one.clone(), T.plus_ms(5)).await;
    assert_eq!(done, Ok(vec![letter]));
    assert_eq!(dead_ids(&*store).await, [0_i64; 0]);
    assert!(is_broken(&store.discard(one, T.plus_ms(6)).await));
    assert!(is_broken(&store.replay(letter, T.plus_ms(6)).await));
    let trace = store.trace(conversation(id)).await.expect("a trace");
    let told: Vec<_> = trace
        .iter()
        .filter(|line| line.text.starts_with("dead letter"))
        .map(|line| (line.kind.as_str(), line.text.as_str()))
        .collect();
    let number = letter.0;
    assert_eq!(
        told,
        [
            (
                "dead",
                format!("dead letter {number}: the conversation was closed").as_str()
            ),
            ("discarded", format!("dead letter {number}").as_str()),
        ]
    );
}

/// Also those that were replayed: a list of what is to be done is wanted.
pub async fn old_dead_letters_are_discarded_together(stores: &impl Stores) {
    let store = stores.open();
    let id = with_lost_message(&*store).await;
    let replayed = newest_letter(&*store).await;
    store.replay(replayed, T).await.expect("replayed");
    for at in [T.plus_ms(10), T.plus_ms(20)] {
        let lost = Step {
            dead: vec![lost_message(id)],
            at,
            ..idle_step(&load(&*store, id).await)
        };
        step(&*store, lost).await;
    }
    let old = Discard::OlderThan(T.plus_ms(20));
    let done = store.discard(old.clone(), T.plus_ms(30)).await;
    assert_eq!(done.map(|ids| ids.len()), Ok(2));
    assert_eq!(dead_ids(&*store).await.len(), 1);
    assert_eq!(store.discard(old, T.plus_ms(31)).await, Ok(Vec::new()));
}

/// Nobody's words are kept for ever because somebody once replayed them.
pub async fn what_was_dealt_with_goes_with_the_trace_and_what_waits_stays(stores: &impl Stores) {
    let store = stores.open();
    let id = with_lost_message(&*store).await;
    let replayed = newest_letter(&*store).await;
    step(
        &*store,
        Step {
            dead: vec![lost_message(id)],
            ..idle_step(&load(&*store, id).await)
        },
    )
    .await;
    let waits = newest_letter(&*store).await;
    store.replay(replayed, T).await.expect("replayed");
    store
        .sweep(T.plus_ms(ORIGINAL_KEEP_MS - 1))
        .await
        .expect("swept");
    assert_eq!(dead_ids(&*store).await, [waits.0, replayed.0]);
    store
        .sweep(T.plus_ms(ORIGINAL_KEEP_MS))
        .await
        .expect("swept");
    assert_eq!(dead_ids(&*store).await, [waits.0]);
}

fn call(body: Vec<u8>) -> Request {
    Request {
        method: "POST".to_owned(),
        url: "https://chat.example.com/channels/acme-sms?x=1".to_owned(),
        path: String::new(),
        query: "x=1".to_owned(),
        headers: vec![("X-Signature".to_owned(), "abc=".to_owned())],
        body,
    }
}

fn to_sms() -> Scope {
    Scope::Channel(sms())
}

/// Until their events are committed.
pub async fn raw_calls_wait_in_order_and_go_with_their_events(stores: &impl Stores) {
    let store = stores.open();
    let bodies = [b"one\xff\0".to_vec(), b"two".to_vec()];
    for body in &bodies {
        let kept = store.keep_raw(&to_sms(), &call(body.clone()), &[], T).await;
        kept.expect("kept");
    }
    drop(store);
    let store = stores.open();
    let calls = store.raw_calls(&to_sms(), MANY).await.expect("listed");
    assert_eq!(calls[0].request, call(bodies[0].clone()));
    assert_eq!((calls[0].arrived, &calls[0].scope), (T, &to_sms()));
    assert_eq!(calls[1].request.body, bodies[1]);
    let other = store
        .raw_calls(&Scope::Bot(sms().as_str().into()), MANY)
        .await;
    assert_eq!(other, Ok(Vec::new()));
    let accept = Accept {
        from_raw: Some(calls[0].id),
        ..accept_of(vec![message("1", "+1", "one")], T)
    };
    store.accept(accept).await.expect("accepted");
    let left = store.raw_calls(&to_sms(), MANY).await.expect("listed");
    assert_eq!(left, calls[1..]);
}

/// What traps two versions is a dead letter: flow counts them.
pub async fn a_version_that_trapped_is_remembered(stores: &impl Stores) {
    let store = stores.open();
    let [one, two] = ["one", "two"].map(|hash| PluginVersion(hash.to_owned()));
    let trapped = std::slice::from_ref(&one);
    let id = store
        .keep_raw(&to_sms(), &call(Vec::new()), trapped, T)
        .await;
    let id = id.expect("kept");
    for version in [&two, &one] {
        store.raw_trapped(id, version).await.expect("noted");
    }
    let calls = store.raw_calls(&to_sms(), MANY).await.expect("listed");
    assert_eq!(calls[0].trapped, [one, two]);
}

/// The dead letter of a call for `acme-sms` that two versions trapped on.
async fn unreadable(store: &impl Store, body: &[u8]) -> DeadLetterId {
    let trapped = ["one", "two"].map(|hash| PluginVersion(hash.to_owned()));
    let request = call(body.to_vec());
    let id = store.keep_raw(&to_sms(), &request, &trapped, T).await;
    let letter = Undelivered {
        kind: DeadKind::Unreadable,
        scope: Some(to_sms()),
        conversation: None,
        key: None,
        reason: "no version of the plugin could read it".to_owned(),
        content: String::from_utf8_lossy(body).into_owned(),
        replay: None,
    };
    let given_up = Accept {
        from_raw: Some(id.expect("kept")),
        dead: vec![letter],
        at: T,
        ..Accept::default()
    };
    store.accept(given_up).await.expect("accepted");
    newest_letter(store).await
}

/// As it came, with its signature, although it is shown masked; for a version that was mended.
pub async fn a_replayed_unreadable_call_waits_for_its_plugin_as_it_came(stores: &impl Stores) {
    const BODY: &[u8] = b"card 4111111111111111 \xff\0";
    let store = stores.open();
    let letter = unreadable(&*store, BODY).await;
    let none = store.raw_calls(&to_sms(), MANY).await;
    assert_eq!(none, Ok(Vec::new()));
    let letters = store.dead_letters(None, 1).await.expect("listed");
    assert!(letters[0].content.starts_with("card ****1111"));
    drop(store);
    let store = stores.open();
    let fired = store.replay(letter, T.plus_ms(5)).await;
    assert_eq!(fired, Ok(Fired::Raw(to_sms())));
    let calls = store.raw_calls(&to_sms(), MANY).await.expect("listed");
    assert_eq!((calls.len(), calls[0].arrived), (1, T));
    assert_eq!(calls[0].request, call(BODY.to_vec()));
    assert_eq!(calls[0].trapped.len(), 2);
    assert!(is_broken(&store.replay(letter, T.plus_ms(6)).await));
}

/// With the trace; the letter stays.
pub async fn an_unreadable_call_is_kept_for_seven_days(stores: &impl Stores) {
    let store = stores.open();
    let letter = unreadable(&*store, b"one").await;
    store
        .sweep(T.plus_ms(ORIGINAL_KEEP_MS))
        .await
        .expect("swept");
    assert!(is_broken(&store.replay(letter, T).await));
    assert_eq!(newest_letter(&*store).await, letter);
}

/// As it came, so unmasked: nothing of it stays.
pub async fn a_discarded_unreadable_call_is_gone(stores: &impl Stores) {
    let store = stores.open();
    let letter = unreadable(&*store, b"one").await;
    let done = store.discard(Discard::These(vec![letter]), T).await;
    assert_eq!(done, Ok(vec![letter]));
    assert!(is_broken(&store.replay(letter, T).await));
    assert_eq!(store.raw_calls(&to_sms(), 1).await, Ok(Vec::new()));
}

/// Beyond, the provider reads 503 and comes again.
pub async fn at_most_10_000_raw_calls_wait(stores: &impl Stores) {
    let store = stores.open();
    let mut callers = JoinSet::new();
    for _ in 0..10_010 {
        let store = Arc::clone(&store);
        callers.spawn(async move { store.keep_raw(&to_sms(), &call(Vec::new()), &[], T).await });
    }
    let answers = callers.join_all().await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.is_err()).collect();
    assert_eq!(refused.len(), 10);
    assert!(matches!(refused[0], Err(StoreError::Full(_))));
    let other = Scope::Bot(sms().as_str().into());
    store
        .keep_raw(&other, &call(Vec::new()), &[], T)
        .await
        .expect("kept");
    let first = store.raw_calls(&to_sms(), 1).await.expect("listed");
    let taken = Accept {
        from_raw: Some(first[0].id),
        ..Accept::default()
    };
    store.accept(taken).await.expect("accepted");
    store
        .keep_raw(&to_sms(), &call(Vec::new()), &[], T)
        .await
        .expect("kept again");
}

/// Whatever is reached first.
pub async fn at_most_16_mib_of_raw_calls_wait(stores: &impl Stores) {
    let store = stores.open();
    let large = call(vec![b'x'; 1024 * 1024]);
    for _ in 0..15 {
        store
            .keep_raw(&to_sms(), &large, &[], T)
            .await
            .expect("kept");
    }
    let too_much = store.keep_raw(&to_sms(), &large, &[], T).await;
    assert!(matches!(too_much, Err(StoreError::Full(_))));
    let small = call(vec![b'x'; 1024]);
    store
        .keep_raw(&to_sms(), &small, &[], T)
        .await
        .expect("kept");
}

/// From arrival to the provider's answer.
pub async fn a_trace_tells_what_happened_in_order(stores: &impl Stores) {
    let store = stores.open();
    let id = told_conversation(&*store).await;
    let lines = store.trace(conversation(id)).await.expect("told");
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line.at.0 - T.0, line.kind.as_str()))
        .collect();
    let expected = [
        (0, "accepted"),
        (10, "step"),
        (10, "queued"),
        (20, "left"),
        (30, "settled"),
    ];
    assert_eq!(told, expected);
    assert!(lines[0].text.contains("hello"));
    assert!(lines[2].text.contains("welcome"));
    assert!(lines[4].text.contains("sent as SM1"));
    let other = ConversationId {
        number: 2,
        ..conversation(id)
    };
    assert_eq!(store.trace(other).await, Ok(Vec::new()));
}

/// One message, one answer.
async fn told_conversation(store: &impl Store) -> CustomerId {
    let id = customer(store, "+1").await;
    let line = TraceLine {
        at: T.plus_ms(10),
        conversation: None,
        kind: "step".to_owned(),
        text: "the rule `all` begins journey `support`".to_owned(),
    };
    let answered = Step {
        deliveries: vec![to_customer(id, 1, "welcome")],
        trace: vec![line],
        at: T.plus_ms(10),
        ..idle_step(&load(store, id).await)
    };
    step(store, answered).await;
    let left = store.leave(delivery_id(id, 1), None, T.plus_ms(20)).await;
    left.expect("it leaves");
    let sent = Settle {
        provider_ids: vec!["SM1".to_owned()],
        session: Some((acme(), session())),
        note: "sent as SM1".to_owned(),
        at: T.plus_ms(30),
        ..settle_of(delivery_id(id, 1), Settled::Done)
    };
    settle(store, sent).await;
    id
}

/// Of what is over; what waits stays.
pub async fn a_trace_forgets_after_seven_days(stores: &impl Stores) {
    const WEEK_MS: u64 = 7 * 24 * 60 * 60 * 1000;
    let store = stores.open();
    let id = told_conversation(&*store).await;
    deliver(&*store, id, vec![to_customer(id, 2, "waits")]).await;
    store.sweep(T.plus_ms(WEEK_MS - 1)).await.expect("swept");
    let kinds = |lines: Vec<TraceLine>| lines.into_iter().map(|line| line.kind).collect::<Vec<_>>();
    let before = store.trace(conversation(id)).await.expect("told");
    assert_eq!(kinds(before).len(), 6);
    store.sweep(T.plus_ms(WEEK_MS + 30)).await.expect("swept");
    let after = store.trace(conversation(id)).await.expect("told");
    assert_eq!(kinds(after), ["queued"]);
    assert_eq!(waiting(&*store, id).await, [2]);
}

/// Also not a circle, where numbers of rows start again.
pub async fn a_trace_shows_nobody_elses_words_after_all_was_forgotten(stores: &impl Stores) {
    const WEEK_MS: u64 = 7 * 24 * 60 * 60 * 1000;
    let store = stores.open();
    let [one, other] = [customer(&*store, "+1").await, customer(&*store, "+2").await];
    let words = async |id| {
        let told = tokio::time::timeout(PATIENCE, store.trace(conversation(id))).await;
        let lines = told.expect("a trace ends").expect("told");
        lines.into_iter().map(|line| line.text).collect::<Vec<_>>()
    };
    steps(&*store, one, T, ["one"; 4]).await;
    store.sweep(T.plus_ms(WEEK_MS)).await.expect("swept");
    let later = T.plus_ms(WEEK_MS + 1);
    steps(&*store, other, later, ["other"; 4]).await;
    assert_eq!(words(one).await, [""; 0]);
    steps(&*store, one, later, ["one anew"]).await;
    assert_eq!(words(one).await, ["one anew"]);
    assert_eq!(words(other).await[1..], ["other"; 4]);
    store.sweep(later.plus_ms(WEEK_MS)).await.expect("swept");
    let last = later.plus_ms(WEEK_MS + 1);
    steps(&*store, one, last, ["a", "b", "c", "d", "e", "f"]).await;
    assert_eq!(words(one).await, ["a", "b", "c", "d", "e", "f"]);
}

/// And of nothing else that came with it.
pub async fn a_trace_shows_the_original_of_a_placeholder_masked(stores: &impl Stores) {
    let store = stores.open();
    let sticker = Event::Channel(ChannelEvent {
        key: EventKey::from("m2"),
        at: T,
        profile: Profile::default(),
        happening: Happening::Said(Content::Unknown("sticker".to_owned())),
        reply_to: None,
    });
    let sticker = Incoming {
        event: sticker,
        ..message("m2", "+1", "")
    };
    let call = Accept {
        original: Some("{\"sticker\": \"4111111111111111\"}".to_owned()),
        ..accept_of(vec![message("m1", "+1", "hello"), sticker], T)
    };
    let id = store.accept(call).await.expect("accepted").customers[0];
    step(&*store, idle_step(&load(&*store, id).await)).await;
    let lines = store.trace(conversation(id)).await.expect("told");
    let kinds: Vec<_> = lines.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(kinds, ["accepted", "accepted", "original"]);
    assert_eq!(lines[2].text, "{\"sticker\": \"****1111\"}");
}

/// For what a store may do for ever when it is wrong.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// One step for each line of its trace.
async fn steps<const N: usize>(
    store: &impl Store,
    id: CustomerId,
    at: Timestamp,
    lines: [&str; N],
) {
    for text in lines {
        let line = TraceLine {
            at,
            conversation: None,
            kind: "step".to_owned(),
            text: text.to_owned(),
        };
        let told = Step {
            trace: vec![line],
            at,
            ..idle_step(&load(store, id).await)
        };
        step(store, told).await;
    }
}

/// What an operator may hold in hand.
pub async fn a_conversation_is_found_by_what_is_known_of_it(stores: &impl Stores) {
    let store = stores.open();
    let id = told_conversation(&*store).await;
    let delivery = delivery_id(id, 1).to_string();
    let name = conversation(id).to_string();
    for text in [&delivery, &name, "SM1", "ece-77", "+1", "first-+1"] {
        assert_eq!(store.find(text).await, Ok(vec![conversation(id)]), "{text}");
    }
    for text in ["", "nobody", "c999-1", "d999-1-1", "SM"] {
        assert_eq!(store.find(text).await, Ok(Vec::new()), "{text}");
    }
    let waits = customer(&*store, "+2").await;
    let outside = ConversationId {
        customer: waits,
        number: 0,
    };
    for text in ["+2", "first-+2"] {
        assert_eq!(store.find(text).await, Ok(vec![outside]), "{text}");
    }
}
