//! News that comes too late changes nothing, and words that crossed with an end are not lost.

use trunkline_core::event::*;
use trunkline_core::id::EventKey;
use trunkline_core::taken::forget_taken;

use crate::show;
use crate::world::*;

const NOTHING: Vec<String> = Vec::new();

#[test]
fn news_of_an_earlier_session_changes_nothing() {
    let mut world = World::chatting();
    world.ece("s1", completed());
    world.says("orders");
    world.started(2, "s2");
    assert_eq!(world.ece("s1", agent_says("late")), NOTHING);
    assert!(world.notes().last().unwrap().contains("too late"));
}

#[test]
fn reports_for_a_closed_conversation_change_nothing() {
    let mut world = World::chatting();
    world.does(Happening::Left);
    let before = world.customer.clone();
    for outcome in [
        Outcome::FileReady(stored("x")),
        Outcome::FileFailed("x".into()),
        Outcome::BotFailed("x".into()),
        Outcome::Taken,
        Outcome::Unavailable(Unavailable::NoAgents),
        failed("x"),
    ] {
        assert_eq!(world.report_for(1, 4, outcome), NOTHING);
    }
    assert_eq!(world.ece("s1", agent_says("late")), NOTHING);
    assert_eq!(world.timer("retry"), NOTHING);
    assert_eq!(world.customer, before);
}

#[test]
fn a_start_after_the_customer_left_is_ended() {
    let mut world = World::agents();
    world.says("orders");
    assert_eq!(
        world.does(Happening::Left),
        ["dead letter m1 of c1-1: orders (the conversation was closed: the customer left)"]
    );
    assert_eq!(
        world.report_for(
            1,
            2,
            Outcome::Started {
                integration: Some("acme".into()),
                session: "s1".into()
            }
        ),
        ["d1-0-1 end s1"]
    );
}

#[test]
fn a_start_that_nobody_waits_for_is_ended() {
    let mut world = World::chatting();
    assert_eq!(world.started(2, "s1"), NOTHING, "that is the present one");
    assert_eq!(world.started(2, "ghost"), ["d1-1-5 end ghost"]);
    world.ece("s1", completed());
    let started = Outcome::Started {
        integration: Some("acme".into()),
        session: "ghost2".into(),
    };
    assert_eq!(world.report_for(1, 2, started), ["d1-0-1 end ghost2"]);
}

#[test]
fn a_session_that_is_gone_begins_anew_with_what_it_did_not_take() {
    let mut world = World::chatting();
    assert_eq!(world.says("first"), ["d1-1-5 to s1 text: first"]);
    assert_eq!(world.says("second"), ["d1-1-6 to s1 text: second"]);
    assert_eq!(
        world.report(5, Outcome::SessionGone),
        [
            "d1-1-7 System: Your chat has expired.",
            "d1-2-1 System: Thank you for contacting us.",
            "d1-2-2 open acme at support",
        ]
    );
    assert_eq!(
        world.report_for(1, 6, Outcome::SessionGone),
        NOTHING,
        "it is in the new one already"
    );
    assert_eq!(
        world.started(2, "s2"),
        [
            "timer answer at 3601000",
            "d1-2-3 to s2 text: first",
            "d1-2-4 to s2 text: second"
        ]
    );
}

/// The agent's file was taken, and ECE is told so at the moment in which the agent closes.
fn file_decision_after_the_end() -> World {
    let mut world = World::chatting();
    world.ece("s1", EceHappening::FileOffered(remote("map.png")));
    world.report(5, Outcome::FileReady(stored("map.png")));
    world.report(7, Outcome::Taken);
    assert_eq!(world.report(8, Outcome::SessionGone), NOTHING);
    world
}

#[test]
fn a_file_decision_that_crossed_with_the_agents_close_does_not_hide_the_close() {
    let mut world = file_decision_after_the_end();
    assert_eq!(
        world.ece("s1", completed()),
        [
            "d1-1-9 System: The agent has closed the chat.",
            "d1-1-10 System: close"
        ]
    );
}

#[test]
fn words_after_a_file_decision_that_found_the_session_gone_begin_anew() {
    let mut world = file_decision_after_the_end();
    assert_eq!(world.says("hello?"), ["d1-1-9 to s1 text: hello?"]);
    assert_eq!(
        world.report(9, Outcome::SessionGone),
        [
            "d1-1-10 System: Your chat has expired.",
            "d1-2-1 System: Thank you for contacting us.",
            "d1-2-2 open acme at support",
        ]
    );
}

#[test]
fn words_that_crossed_with_the_agents_close_begin_a_new_conversation() {
    let mut world = World::chatting();
    world.says("one more thing");
    world.ece("s1", completed());
    assert_eq!(
        world.report_for(1, 5, Outcome::SessionGone),
        [
            "d1-2-1 System: Thank you for contacting us.",
            "d1-2-2 open acme at support"
        ]
    );
    assert_eq!(
        world.started(2, "s2"),
        [
            "timer answer at 3601000",
            "d1-2-3 to s2 text: one more thing"
        ]
    );
}

#[test]
fn words_that_crossed_with_the_agents_close_are_no_answer_to_a_survey() {
    let mut world = World::with(vec![ece_stage(), bot_stage("csat")]);
    world.says("orders");
    world.started(2, "s1");
    world.ece("s1", assigned("Ann"));
    world.says("one more thing");
    world.ece("s1", completed());
    assert_eq!(
        world.report(5, Outcome::SessionGone),
        ["dead letter m2 of c1-1: one more thing (the agent had closed the conversation before)"]
    );
}

#[test]
fn a_failed_message_into_ece_is_its_own_dead_letter() {
    let mut world = World::chatting();
    world.says("hello");
    assert_eq!(world.report(5, failed("ECE refused it")), NOTHING);
    assert!(world.notes().last().unwrap().contains("ECE refused it"));
}

#[test]
fn a_file_still_being_fetched_is_fetched_anew_in_the_new_conversation() {
    let mut world = World::chatting();
    world.says("first");
    world.sends(photo("p1", None));
    let effects = world.report(5, Outcome::SessionGone);
    assert!(
        effects.contains(&"d1-2-1 fetch p1".to_owned()),
        "{effects:?}"
    );
    assert_eq!(
        world.report_for(1, 6, Outcome::FileReady(stored("p1.jpg"))),
        NOTHING
    );
}

#[test]
fn the_trace_never_quotes_people() {
    let mut world = World::chatting();
    world.says("geheim one");
    world.ece("s1", agent_says("geheim two"));
    world.does(Happening::Withdrawn {
        key: EventKey::from("m1"),
    });
    world.does(Happening::Left);
    let trace = show::all(&world.everything)
        .into_iter()
        .filter(|line| line.starts_with("note"));
    assert!(trace.into_iter().all(|line| !line.contains("geheim")));
}

#[test]
fn what_ece_took_is_forgotten_and_does_not_begin_anew() {
    let mut world = World::chatting();
    world.says("taken");
    world.says("not taken");
    let conversation = world.customer.open.as_ref().unwrap().id;
    forget_taken(&mut world.customer, conversation, 6);
    let numbers = |world: &World| -> Vec<u32> {
        let sent = &world.customer.open.as_ref().unwrap().sent;
        sent.iter().map(|item| item.number).collect()
    };
    assert_eq!(numbers(&world), [6]);
    world.report(6, Outcome::SessionGone);
    assert_eq!(
        world.started(2, "s2"),
        ["timer answer at 3601000", "d1-2-3 to s2 text: not taken"]
    );
}

#[test]
fn what_ece_refused_is_kept_for_its_replay() {
    let mut world = World::chatting();
    world.says("refused");
    world.says("taken");
    world.report(5, failed("ECE refused it"));
    let conversation = world.customer.open.as_ref().unwrap().id;
    forget_taken(&mut world.customer, conversation, u32::MAX);
    world.report(5, Outcome::SessionGone);
    assert_eq!(
        world.started(2, "s2"),
        ["timer answer at 3601000", "d1-2-3 to s2 text: refused"]
    );
}

#[test]
fn lines_are_kept_for_bots_and_later_agents_alone() {
    let lines = |stages| {
        let mut world = World::with(stages);
        world.says("orders");
        world.started(2, "s1");
        world.ece("s1", assigned("Ann"));
        world.says("one more thing");
        world.customer.open.unwrap().history.len()
    };
    assert_eq!(lines(vec![ece_stage()]), 0);
    assert!(lines(vec![ece_stage(), bot_stage("csat")]) > 1);
    assert!(lines(vec![ece_stage(), ece_stage()]) > 1);
}
