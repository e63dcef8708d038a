use simulation::provider::address;
use simulation::world::START;
use trunkline_core::event::{EceEvent, EceHappening, RemoteFile};
use trunkline_flow::Limits;
use trunkline_flow::ports::{
    Answer, Clock, PARKED_MS, PluginVersion, ReceiveError, ReceivedEvent, ReceivedHappening,
    Request, Scope,
};

use super::bench::{Bench, fine, on_bench, received, request, written};

pub(crate) fn not_now(trapped: Option<&str>) -> Option<ReceiveError> {
    Some(ReceiveError::NotNow {
        channel: "line".into(),
        ack: Some(Answer {
            body: b"later".to_vec(),
            ..fine()
        }),
        reason: "no plugin".to_owned(),
        trapped: trapped
            .map(|hash| PluginVersion(hash.to_owned()))
            .into_iter()
            .collect(),
    })
}

#[test]
fn a_call_is_answered_when_its_events_are_on_disk_and_503_when_they_cannot_be() {
    on_bench(Limits::default(), |bench| async move {
        bench.shared.world().faults.store = 1_000;
        let answer = bench.write("anna", "1", "say hello").await;
        assert_eq!(answer.status, 503);
        assert!(
            answer
                .headers
                .contains(&("retry-after".to_owned(), "5".to_owned()))
        );
        bench.shared.world().faults.store = 0;
        assert_eq!(bench.write("anna", "1", "say hello").await, fine());
        assert_eq!(bench.write("anna", "1", "say hello").await, fine());
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        assert_eq!(bench.flow.status().duplicates, 1);
    });
}

#[test]
fn a_refused_call_gets_the_plugins_answer_and_leaves_nothing() {
    on_bench(Limits::default(), |bench| async move {
        let answer = Answer {
            status: 403,
            ..fine()
        };
        bench
            .script()
            .receives
            .push_back(Some(ReceiveError::Rejected {
                answer: answer.clone(),
                reason: "bad signature".to_owned(),
            }));
        assert_eq!(bench.write("anna", "1", "say hello").await, answer);
        bench
            .script()
            .receives
            .push_back(Some(ReceiveError::UnknownChannel));
        assert_eq!(bench.write("anna", "1", "say hello").await.status, 404);
        assert_eq!(bench.flow.status().accepted, 0);
    });
}

#[test]
fn calls_that_waited_for_a_plugin_come_before_a_later_one() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().receives.push_back(not_now(None));
        let answer = bench.write("anna", "1", "say one").await;
        assert_eq!(answer.body, b"later");
        bench.write("anna", "2", "say two").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 2)
            .await;
        let sent: Vec<String> = bench
            .asked()
            .into_iter()
            .filter(|a| a.starts_with("send"))
            .collect();
        assert_eq!(sent, ["send one", "send two"]);
    });
}

#[test]
fn a_call_that_brings_nothing_is_asked_for_again_and_not_kept() {
    on_bench(Limits::default(), |bench| async move {
        let verification = || ReceiveError::NotNow {
            channel: "line".into(),
            ack: None,
            reason: "no plugin".to_owned(),
            trapped: Vec::new(),
        };
        bench.script().receives.push_back(Some(verification()));
        let answer = bench.write("anna", "1", "say one").await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.headers[0].0, "retry-after");
        bench.script().bot_receives.push_back(verification());
        let call = callback_for_anna(&bench, "one").await;
        let answer = bench.flow.bot_callback(&"faq".into(), call).await;
        assert_eq!(answer.status, 503);
        assert_eq!(bench.flow.status().kept_raw, 0);
    });
}

/// Found by seed 2860: what came while the waiting calls could not be read overtook them.
#[test]
fn a_call_behind_one_that_still_waits_waits_too() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().receives.push_back(not_now(None));
        bench.write("anna", "1", "say one").await;
        bench.script().receives = [None, not_now(None)].into_iter().collect();
        assert_eq!(bench.write("anna", "2", "say two").await, fine());
        assert_eq!(bench.flow.status().kept_raw, 2);
        let taken = bench.flow.raw_again(&Scope::Channel("line".into())).await;
        assert_eq!(taken, Ok(2));
        bench
            .until(|b| b.flow.status().delivered_customer == 2)
            .await;
        let asked = bench.asked().into_iter();
        let sent: Vec<String> = asked.filter(|a| a.starts_with("send")).collect();
        assert_eq!(sent, ["send one", "send two"]);
    });
}

#[test]
fn what_two_versions_trapped_on_is_a_dead_letter() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().receives.push_back(not_now(Some("v1")));
        bench.write("anna", "1", "say hello").await;
        bench.script().receives.push_back(not_now(Some("v1")));
        let taken = bench.flow.raw_again(&Scope::Channel("line".into())).await;
        assert_eq!(taken, Ok(0));
        assert_eq!(bench.flow.status().dead, 0);
        bench.script().receives.push_back(not_now(Some("v2")));
        let taken = bench.flow.raw_again(&Scope::Channel("line".into())).await;
        assert_eq!(taken, Ok(1));
        assert!(bench.told("DEAD Unreadable"));
    });
}

#[test]
fn a_call_for_an_unknown_account_is_answered_and_a_dead_letter() {
    on_bench(Limits::default(), |bench| async move {
        let mut event = written("anna", "1", "hello");
        event.channel = None;
        assert_eq!(bench.deliver_event(event).await, fine());
        assert!(bench.told("DEAD UnknownAccount `hello`"));
    });
}

/// Which channel has the account and the signing secret is the engine's word.
#[test]
fn one_call_for_two_accounts_reaches_the_customers_of_two_channels() {
    on_bench(Limits::default(), |bench| async move {
        let mut other = written("anna", "1", "say there");
        other.channel = Some("second line".into());
        let mut nobodys = written("anna", "3", "say nowhere");
        nobodys.channel = None;
        let here = written("anna", "1", "say here");
        let answer = bench.deliver_events(&[here, nobodys, other]).await;
        assert_eq!(answer, fine());
        bench
            .until(|b| b.flow.status().delivered_customer == 2)
            .await;
        assert!(bench.told("DEAD UnknownAccount `say nowhere`"));
        let tables = bench.disk.lock().expect("no test panicked holding it");
        let channels: Vec<_> = tables
            .customers()
            .map(|(c, _)| c.channel.0.clone())
            .collect();
        assert_eq!(channels, ["line", "second line"]);
    });
}

/// A number that changed, say: nothing is said, and who writes from the new one next is the same customer.
#[test]
fn a_notice_may_tell_of_more_addresses_of_a_customer() {
    on_bench(Limits::default(), |bench| async move {
        bench.write("anna", "1", "say one").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        let notice = ReceivedHappening::Notice("changed".to_owned(), "a number".to_owned());
        let notice = ReceivedEvent {
            readdressed: vec![address("anna")],
            ..received("anna's new number", "2", notice)
        };
        assert_eq!(bench.deliver_event(notice).await, fine());
        bench.write("anna's new number", "3", "say two").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 2)
            .await;
        let tables = bench.disk.lock().expect("no test panicked holding it");
        assert_eq!(tables.customers().count(), 1);
    });
}

#[test]
fn a_bots_callback_reaches_its_conversation() {
    on_bench(Limits::default(), |bench| async move {
        bench.write("anna", "1", "say hello").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        let customer = {
            let tables = bench.disk.lock().expect("no test panicked holding it");
            let (customer, _) = tables.customers().next().expect("Anna wrote");
            customer.id
        };
        let body = serde_json::to_vec(&customer).expect("it is plain data");
        let answer = bench.flow.bot_callback(&"faq".into(), request(body)).await;
        assert_eq!(answer, fine());
        bench.until(|b| b.told("BotCallback")).await;
    });
}

#[test]
fn a_bots_callback_that_its_server_repeats_is_taken_once() {
    on_bench(Limits::default(), |bench| async move {
        bench.write("anna", "1", "say hello").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        let customer = {
            let tables = bench.disk.lock().expect("no test panicked holding it");
            let (customer, _) = tables.customers().next().expect("Anna wrote");
            customer.id
        };
        let body = serde_json::to_vec(&customer).expect("it is plain data");
        for id in [Some("one"), Some("one"), Some("two"), None, None] {
            let mut call = request(body.clone());
            let header = id.map(|id| ("Idempotency-Key".to_owned(), id.to_owned()));
            call.headers.extend(header);
            assert_eq!(bench.flow.bot_callback(&"faq".into(), call).await, fine());
        }
        bench
            .until(|b| b.story().matches("BotCallback").count() == 4)
            .await;
        assert_eq!(bench.flow.status().duplicates, 1);
    });
}

/// A call of the bot's server about Anna, who has written.
async fn callback_for_anna(bench: &Bench, id: &str) -> Request {
    bench.write("anna", "1", "say hello").await;
    bench
        .until(|b| b.flow.status().delivered_customer == 1)
        .await;
    let tables = bench.disk.lock().expect("no test panicked holding it");
    let (customer, _) = tables.customers().next().expect("Anna wrote");
    let mut call = request(serde_json::to_vec(&customer.id).expect("it is plain data"));
    let header = ("Idempotency-Key".to_owned(), id.to_owned());
    call.headers.push(header);
    call
}

#[test]
fn a_bots_callback_waits_for_a_working_plugin_and_is_taken_once() {
    on_bench(Limits::default(), |bench| async move {
        let call = callback_for_anna(&bench, "one").await;
        bench.script().bot_receives.extend(not_now(None));
        let faq = "faq".into();
        let answer = bench.flow.bot_callback(&faq, call.clone()).await;
        assert_eq!(answer.body, b"later", "the plugin's `ack`");
        assert_eq!(bench.flow.status().kept_raw, 1);
        // Its server repeats it once the plugin is back: what waits is read first.
        assert_eq!(bench.flow.bot_callback(&faq, call).await, fine());
        bench.until(|b| b.told("BotCallback")).await;
        assert_eq!(bench.flow.status().duplicates, 1);
        let again = bench.flow.raw_again(&Scope::Bot(faq)).await;
        assert_eq!(again, Ok(0), "nothing waits");
        assert_eq!(bench.story().matches("BotCallback").count(), 1);
    });
}

#[test]
fn a_bots_callback_that_waits_outlives_a_crash() {
    on_bench(Limits::default(), |mut bench| async move {
        let call = callback_for_anna(&bench, "one").await;
        bench.script().bot_receives.extend(not_now(Some("v1")));
        bench.flow.bot_callback(&"faq".into(), call).await;
        bench.crash().await;
        let taken = bench.flow.raw_again(&Scope::Bot("faq".into())).await;
        assert_eq!(taken, Ok(1));
        bench.until(|b| b.told("BotCallback")).await;
    });
}

#[test]
fn a_bots_callback_that_two_versions_trapped_on_is_a_dead_letter() {
    on_bench(Limits::default(), |bench| async move {
        let call = callback_for_anna(&bench, "one").await;
        bench.script().bot_receives.extend(not_now(Some("v1")));
        bench.script().bot_receives.extend(not_now(Some("v2")));
        bench.flow.bot_callback(&"faq".into(), call).await;
        let taken = bench.flow.raw_again(&Scope::Bot("faq".into())).await;
        assert_eq!(taken, Ok(1));
        assert!(bench.told("DEAD Unreadable"));
        assert!(!bench.told("BotCallback"));
    });
}

/// Whoever looks for a start whose answer was lost finds all that its agent did.
#[test]
fn files_and_pages_of_an_agent_for_nobody_are_kept_as_well() {
    on_bench(Limits::default(), |bench| async move {
        let file = RemoteFile {
            url: "https://ece.example.com/map".to_owned(),
            name: "map.png".to_owned(),
            content_type: None,
            id: None,
        };
        let url = "https://example.com/help".to_owned();
        let text = "a form".to_owned();
        let (kind, by_agent) = ("form".to_owned(), true);
        let happenings = [
            EceHappening::FileOffered(file),
            EceHappening::PagePushed { url },
            EceHappening::Unknown {
                kind,
                text,
                by_agent,
            },
            EceHappening::Assigned { agent: None },
        ];
        let event = |(number, happening): (usize, EceHappening)| EceEvent {
            session: "s9".into(),
            at: START,
            id: number.to_string(),
            happening,
        };
        let events = happenings.into_iter().enumerate().map(event).collect();
        let acme = "acme".into();
        let taken = bench.flow.ece_events(&acme, events, vec![]).await;
        taken.expect("it is on disk");
        bench
            .until(|b| b.told("DEAD Message `[file: map.png]`"))
            .await;
        assert!(bench.told("DEAD Message `https://example.com/help`"));
        assert!(bench.told("DEAD Message `a form`"));
        assert_eq!(bench.story().matches("DEAD").count(), 3);
    });
}

#[test]
fn an_agents_words_for_nobody_are_kept_also_when_a_crash_comes_first() {
    on_bench(Limits::default(), |mut bench| async move {
        let event = EceEvent {
            session: "s9".into(),
            at: START,
            id: "1".to_owned(),
            happening: EceHappening::Said {
                agent: None,
                text: "I am Ann".to_owned(),
            },
        };
        let acme = "acme".into();
        let taken = bench.flow.ece_events(&acme, vec![event], vec![]).await;
        taken.expect("it is on disk");
        bench.shared.world().faults.store = 1_000;
        bench.pass(PARKED_MS + 1_000).await;
        assert!(!bench.told("I am Ann"), "the disk is full");
        bench.crash().await;
        bench.shared.world().faults.store = 0;
        bench.until(|b| b.told("DEAD Message `I am Ann`")).await;
        bench
            .until(|b| b.asked().contains(&"end s9".to_owned()))
            .await;
        assert_eq!(bench.story().matches("I am Ann").count(), 1);
    });
}

#[test]
fn typing_is_shown_and_not_stored() {
    on_bench(Limits::default(), |bench| async move {
        bench.write("anna", "1", "say hello").await;
        bench
            .until(|b| b.flow.status().delivered_customer == 1)
            .await;
        let typing = received("anna", "t", ReceivedHappening::Typing(true));
        assert_eq!(bench.deliver_event(typing).await, fine());
        bench
            .until(|b| b.asked().contains(&"typing true".to_owned()))
            .await;
        let nobody = received("nobody", "t", ReceivedHappening::Typing(true));
        bench.deliver_event(nobody).await;
        bench.until(|b| b.flow.status().signals_dropped == 1).await;
        assert_eq!(bench.flow.status().accepted, 1);
    });
}

/// Whoever types says so once; the channel's sign fades.
#[test]
fn a_typing_sign_is_shown_again_until_who_types_stops() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().typing_refresh_ms = Some(4_000);
        bench.write("anna", "1", "types on").await;
        bench.pass(18_000).await;
        let shown = bench.asked_times("types true");
        assert_eq!(shown.len(), 5, "{shown:?}");
        let apart: Vec<_> = shown.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(
            apart.iter().all(|ms| (3_900..4_500).contains(ms)),
            "{apart:?}"
        );
        bench.write("anna", "2", "types off").await;
        bench.pass(30_000).await;
        assert_eq!(bench.asked_times("types true").len(), 5);
        assert_eq!(bench.asked_times("types false").len(), 1);
    });
}

/// The message takes the place of the sign; one that was lit again behind it would promise another.
#[test]
fn a_typing_sign_ends_with_the_message_that_was_typed() {
    on_bench(Limits::default(), |bench| async move {
        bench.script().typing_refresh_ms = Some(4_000);
        bench.write("anna", "1", "types on").await;
        bench.pass(5_000).await;
        bench.write("anna", "2", "say hello").await;
        bench.pass(60_000).await;
        assert_eq!(bench.asked_times("types true").len(), 2);
    });
}

/// ECE's word that an agent stopped is not repeated when it is lost.
#[test]
fn a_typing_sign_nobody_ended_ends_by_itself() {
    let limits = Limits {
        typing_ms: 20_000,
        ..Limits::default()
    };
    on_bench(limits, |bench| async move {
        bench.script().typing_refresh_ms = Some(4_000);
        bench.write("anna", "1", "types on").await;
        bench.pass(10_000).await;
        bench.write("anna", "2", "types on").await;
        bench.pass(120_000).await;
        let shown = bench.asked_times("types true");
        let last = shown.last().copied().unwrap_or_default();
        assert!((26_000..34_000).contains(&last), "{shown:?}");
    });
}

#[test]
fn with_one_place_all_customers_are_served_in_turn() {
    let limits = Limits {
        owners_max: 1,
        ..Limits::default()
    };
    on_bench(limits, |bench| async move {
        for who in ["anna", "bela", "cleo"] {
            bench.write(who, who, "say hello").await;
        }
        bench
            .until(|b| b.flow.status().delivered_customer == 3)
            .await;
        // A place that is free is given on; nobody waits for the ticker, which looks each minute.
        let passed = bench.clock.now().ms_since(START);
        assert!(passed < 30_000, "{passed} ms");
        bench.until(|b| b.flow.status().owners == 0).await;
    });
}

/// The owner is about to go: it has read its inbox, and nothing is due.
#[test]
fn a_message_that_comes_while_its_owner_goes_does_not_wait_for_the_ticker() {
    on_bench(Limits::default(), |bench| async move {
        for later in 0..40 {
            let who = format!("n{later}");
            bench.until(|b| b.flow.status().owners == 0).await;
            let (first, second) = (format!("{who}-1"), format!("{who}-2"));
            let hello = format!("say hello {later}");
            let a_little_later = async {
                for _ in 0..later {
                    tokio::task::yield_now().await;
                }
                bench.write(&who, &second, &hello).await
            };
            tokio::join!(bench.write(&who, &first, "start"), a_little_later);
            let sent = format!("send hello {later}");
            let begun = bench.clock.now();
            bench.until(|b| b.asked().contains(&sent)).await;
            let waited = bench.clock.now().ms_since(begun);
            assert!(waited < 10_000, "{later}: {waited} ms");
        }
    });
}

#[test]
fn a_shutdown_lets_what_is_under_way_settle_and_takes_nothing_more() {
    on_bench(Limits::default(), |bench| async move {
        bench.write("anna", "1", "say hello").await;
        bench
            .until(|b| b.asked().contains(&"send hello".to_owned()))
            .await;
        let deadline = bench.clock.now().plus_ms(10_000);
        assert!(bench.flow.shutdown(deadline).await, "all has settled");
        assert_eq!(bench.flow.status().delivered_customer, 1);
        assert_eq!(bench.write("anna", "2", "say hello").await.status, 503);
        let callback = bench
            .flow
            .ece_events(&"acme".into(), Vec::new(), Vec::new())
            .await;
        assert!(callback.is_err());
    });
}
