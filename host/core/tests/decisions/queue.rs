//! Nobody picks the chat up: it waits in ECE's queue, at first or after a transfer.

use trunkline_core::event::*;
use trunkline_core::settings::Policy;
use trunkline_core::taken::forget_taken;

use crate::world::*;

const HOUR_MS: u64 = 3_600_000;

/// `ORDERS 7` and `anybody?` are in ECE's queue, which took them, since the time 1000.
fn in_the_queue() -> World {
    let mut world = World::agents();
    world.says("ORDERS 7");
    assert_eq!(
        world.started(2, "s1"),
        ["timer answer at 3601000", "d1-1-3 to s1 text: ORDERS 7"]
    );
    world.says("anybody?");
    took(&mut world);
    world
}

/// ECE has taken all that it was given.
fn took(world: &mut World) {
    let conversation = world.customer.open.as_ref().unwrap().id;
    forget_taken(&mut world.customer, conversation, u32::MAX);
}

fn transferred() -> EceHappening {
    EceHappening::Transferred(Transfer::Queue(Some("Parcels".into())))
}

#[test]
fn a_chat_that_nobody_picks_up_is_ended_in_ece_and_asked_for_again_with_everything_said() {
    let mut world = in_the_queue();
    assert_eq!(
        world.after_ms(HOUR_MS).timer("answer"),
        [
            "d1-1-5 end s1",
            "d1-1-6 System: There are no agents.",
            "timer hold at 4501000",
            "timer retry at 3606000",
        ]
    );
    assert_eq!(world.says("hello?"), Vec::<String>::new());
    assert_eq!(
        world.after_ms(5_000).timer("retry"),
        ["d1-1-7 open acme at support"]
    );
    assert_eq!(
        world.started(7, "s2"),
        [
            "no timer hold",
            "timer answer at 7206000",
            "d1-1-8 to s2 text: ORDERS 7",
            "d1-1-9 to s2 text: anybody?",
            "d1-1-10 to s2 text: hello?",
        ]
    );
}

#[test]
fn a_second_wait_that_nobody_ends_is_the_last() {
    let mut world = in_the_queue();
    world.after_ms(HOUR_MS).timer("answer");
    world.after_ms(5_000).timer("retry");
    world.started(7, "s2");
    assert_eq!(
        world.after_ms(HOUR_MS).timer("answer"),
        [
            "d1-1-10 end s2",
            "dead letter m1 of c1-1: ORDERS 7 (the conversation was closed: wait-too-long)",
            "dead letter m2 of c1-1: anybody? (the conversation was closed: wait-too-long)",
            "d1-1-11 System: close",
        ]
    );
    assert!(world.customer.open.is_none());
}

#[test]
fn the_journey_says_how_long_and_what_then() {
    let mut world = World::agents();
    world.policies().nobody_answers_ms = 60_000;
    let closes = Policy::Close;
    world.policies().on.insert(Unavailable::WaitTooLong, closes);
    world.says("orders");
    world.started(2, "s1");
    assert_eq!(
        world.after_ms(60_000).timer("answer"),
        [
            "d1-1-4 end s1",
            "d1-1-5 System: There are no agents.",
            "dead letter m1 of c1-1: orders (the conversation was closed: wait-too-long)",
            "d1-1-6 System: close",
        ]
    );

    let mut world = in_the_queue();
    let elsewhere = Policy::EntryPoint("support-es".into());
    world
        .policies()
        .on
        .insert(Unavailable::WaitTooLong, elsewhere);
    assert_eq!(
        world.after_ms(HOUR_MS).timer("answer"),
        [
            "d1-1-5 end s1",
            "d1-1-6 System: There are no agents.",
            "d1-1-7 open acme at support-es",
        ]
    );
}

#[test]
fn a_chat_that_nobody_picks_up_goes_back_to_the_bot_with_what_was_said() {
    let mut world = World::bot_agents_survey();
    let back = Policy::Back;
    world.policies().on.insert(Unavailable::WaitTooLong, back);
    world.says("orders");
    world.answers(1, vec![]);
    world.answers(2, vec![BotAction::Done]);
    world.started(4, "s1");
    world.says("anybody?");
    took(&mut world);
    assert_eq!(
        world.after_ms(HOUR_MS).timer("answer"),
        [
            "d1-1-7 end s1",
            "d1-1-8 System: There are no agents.",
            "d1-1-9 ask faq e2 returned",
        ]
    );
    assert_eq!(
        world.answers(9, vec![]),
        ["d1-1-10 ask faq e2 said anybody?"]
    );
}

#[test]
fn whoever_does_something_in_the_chat_has_picked_it_up() {
    let mut world = in_the_queue();
    assert_eq!(
        world.ece("s1", assigned("Ann")),
        [
            "no timer answer",
            "d1-1-5 System: You are now chatting with Ann."
        ]
    );

    let mut world = in_the_queue();
    let of_ece = EceHappening::Said {
        agent: None,
        text: "All agents are busy.".into(),
    };
    assert_eq!(
        world.ece("s1", of_ece),
        ["d1-1-5 Agent: All agents are busy."],
        "a queue that speaks is a queue"
    );
    assert_eq!(
        world.ece("s1", agent_says("Hi")),
        ["no timer answer", "d1-1-6 Agent Ann: Hi"]
    );
}

#[test]
fn after_a_transfer_to_a_queue_only_what_was_said_since_then_is_given_to_the_next() {
    let mut world = in_the_queue();
    world.ece("s1", assigned("Ann"));
    world.says("read by Ann");
    took(&mut world);
    assert_eq!(
        world.ece("s1", transferred()),
        [
            "timer answer at 3601000",
            "d1-1-7 System: You are in the Parcels queue."
        ]
    );
    world.says("read by nobody");
    took(&mut world);
    assert_eq!(
        world.after_ms(HOUR_MS).timer("answer")[0],
        "d1-1-9 end s1".to_owned()
    );
    world.after_ms(5_000).timer("retry");
    assert_eq!(
        world.started(11, "s2"),
        [
            "no timer hold",
            "timer answer at 7206000",
            "d1-1-12 to s2 text: read by nobody",
        ]
    );
}

fn completed_by_ece() -> EceHappening {
    EceHappening::Completed { by_agent: false }
}

#[test]
fn completed_without_an_agent_is_no_agents_and_what_was_said_is_held_for_the_next() {
    let mut world = in_the_queue();
    assert_eq!(
        world.ece("s1", completed_by_ece()),
        [
            "no timer answer",
            "d1-1-5 System: There are no agents.",
            "timer hold at 901000",
            "timer retry at 6000",
        ]
    );
    world.says("hello?");
    world.after_ms(5_000).timer("retry");
    assert_eq!(
        world.started(6, "s2"),
        [
            "no timer hold",
            "timer answer at 3606000",
            "d1-1-7 to s2 text: ORDERS 7",
            "d1-1-8 to s2 text: anybody?",
            "d1-1-9 to s2 text: hello?",
        ]
    );
}

#[test]
fn completed_without_an_agent_again_and_again_ends_when_the_hold_does() {
    let mut world = in_the_queue();
    let mut asked = 0;
    let mut last = world.ece("s1", completed_by_ece());
    while world.customer.open.is_some() {
        let retry = last.iter().find(|line| line.starts_with("timer retry"));
        let at: i64 = retry.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
        if at > 901_000 {
            world.now.0 = 901_000;
            last = world.timer("hold");
            continue;
        }
        world.now.0 = at;
        world.timer("retry");
        asked += 1;
        let number = world.customer.open.as_ref().unwrap().deliveries;
        let session = format!("again{asked}");
        world.started(number, &session);
        last = world.ece(&session, completed_by_ece());
    }
    assert_eq!(asked, 17);
    assert_eq!(
        last[1],
        "dead letter m1 of c1-1: ORDERS 7 (the conversation was closed: nobody took the conversation in time)"
    );
}

#[test]
fn completed_without_an_agent_closes_where_the_journey_says_so() {
    let mut world = in_the_queue();
    let closes = Policy::Close;
    world.policies().on.insert(Unavailable::NoAgents, closes);
    assert_eq!(
        world.ece("s1", completed_by_ece()),
        [
            "no timer answer",
            "d1-1-5 System: There are no agents.",
            "dead letter m1 of c1-1: ORDERS 7 (the conversation was closed: no-agents)",
            "dead letter m2 of c1-1: anybody? (the conversation was closed: no-agents)",
            "d1-1-6 System: close",
        ]
    );
}

#[test]
fn what_ece_ends_in_a_queue_after_a_transfer_is_a_dead_letter_as_far_as_nobody_read_it() {
    let mut world = in_the_queue();
    world.ece("s1", assigned("Ann"));
    took(&mut world);
    world.ece("s1", transferred());
    world.says("read by nobody");
    took(&mut world);
    assert_eq!(
        world.ece("s1", completed_by_ece()),
        [
            "d1-1-8 System: The agent has closed the chat.",
            "dead letter m3 of c1-1: read by nobody (ECE ended its conversation before an agent had this)",
            "no timer answer",
            "d1-1-9 System: close",
        ]
    );
}

#[test]
fn a_queue_that_is_gone_begins_anew_with_what_it_took_too() {
    let mut world = in_the_queue();
    assert_eq!(world.says("hello?"), ["d1-1-5 to s1 text: hello?"]);
    world.report(5, Outcome::SessionGone);
    assert_eq!(
        world.started(2, "s2"),
        [
            "timer answer at 3601000",
            "d1-2-3 to s2 text: ORDERS 7",
            "d1-2-4 to s2 text: anybody?",
            "d1-2-5 to s2 text: hello?",
        ]
    );
}

#[test]
fn more_than_is_remembered_of_a_queue_is_one_dead_letter() {
    let mut world = in_the_queue();
    for _ in 0..200 {
        world.says("?");
    }
    let done = world.after_ms(HOUR_MS).timer("answer");
    assert_eq!(
        done[0],
        "dead letter d1-1-4 of c1-1: [messages up to delivery d1-1-4] (no agent had them, and they are too many to be given to the next)"
    );
}

#[test]
fn an_offer_ends_by_its_own_time_and_a_chat_left_to_the_agents_by_the_journeys() {
    let mut world = World::bot_agents_survey();
    world.says("orders");
    world.answers(1, vec![offer()]);
    let started = world.started(2, "s1");
    assert!(
        !started.iter().any(|line| line.contains("timer answer")),
        "{started:?}"
    );
    let asked = world.customer.open.as_ref().unwrap().deliveries;
    assert_eq!(
        world.answers(asked, vec![BotAction::Done])[..2],
        ["no timer offer", "timer answer at 3601000"]
    );
}

/// The bot is done while an agent's file is on its way; ECE has told of nobody as assigned. With the wait, the agent's words
/// behind the file would end, too.
#[test]
fn an_agent_whose_file_takes_long_has_the_chat_that_a_bot_leaves() {
    let mut world = World::bot_agents_survey();
    world.policies().nobody_answers_ms = 60_000;
    world.says("orders");
    world.answers(1, vec![offer()]);
    world.started(2, "s1");
    world.ece("s1", EceHappening::FileOffered(remote("map.png")));
    world.ece("s1", agent_says("Here you are"));
    world.answers(5, vec![BotAction::Done]);
    world.after_ms(60_000).timer("answer");
    let effects = world.report(6, Outcome::FileReady(stored("map.png")));
    let said = |effect: &String| effect.contains("Here you are");
    assert!(effects.iter().any(said), "{effects:?}");
}

/// ECE had not answered yet when it told of the transfer: they may lie in the queue, where nobody reads them.
#[test]
fn words_that_crossed_with_a_transfer_to_a_queue_are_given_to_the_next_agent() {
    let mut world = World::chatting();
    world.says("read");
    took(&mut world);
    world.says("crossing");
    world.ece("s1", transferred());
    took(&mut world);
    world.after_ms(HOUR_MS).timer("answer");
    world.after_ms(5_000).timer("retry");
    let number = world.customer.open.as_ref().unwrap().deliveries;
    let effects = world.started(number, "s2");
    let given: Vec<_> = effects.iter().filter(|e| e.contains(" text: ")).collect();
    assert_eq!(given.len(), 1, "{effects:?}");
    assert!(given[0].ends_with("text: crossing"), "{effects:?}");
}
