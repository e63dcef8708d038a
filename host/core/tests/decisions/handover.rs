//! From bot to agent: the offer, and its three ends.

use trunkline_core::event::*;
use trunkline_core::id::Epoch;

use crate::world::*;

/// The bot has answered twice and offered; the offer's opening is `d1-1-5`.
fn offered() -> World {
    let mut world = World::bot_agents_survey();
    world.says("orders");
    world.answers(1, vec![say("Hi")]);
    assert_eq!(
        world.answers(3, vec![say("One moment"), offer()]),
        [
            "d1-1-4 Bot: One moment",
            "d1-1-5 open acme at support",
            "timer offer at 61000"
        ]
    );
    world
}

#[test]
fn the_whole_journey_from_bot_to_agent_to_survey() {
    let mut world = offered();
    assert_eq!(
        world.says("quick please"),
        Vec::<String>::new(),
        "held while the offer is open"
    );
    assert_eq!(
        world.started(5, "s1"),
        [
            "d1-1-6 to s1 note: Wants a refund",
            "d1-1-7 to s1 note: The conversation so far:\nBot: Hi\nCustomer: orders\nBot: One moment",
            "d1-1-8 System: Thank you for contacting us.",
            "d1-1-9 ask faq e0 queued",
        ]
    );
    assert_eq!(
        world.answers(9, vec![say("You are next")]),
        ["d1-1-10 Bot: You are next"]
    );
    assert_eq!(
        world.ece("s1", assigned("Ann")),
        [
            "no timer offer",
            "d1-1-11 ask faq e1 accepted by Ann",
            "d1-1-12 System: You are now chatting with Ann.",
            "d1-1-13 to s1 text: quick please",
        ]
    );
    let farewell = BotTurn {
        epoch: Epoch(1),
        actions: vec![say("late")],
        state: None,
    };
    assert_eq!(
        world.report(11, Outcome::BotAnswered(farewell)),
        Vec::<String>::new()
    );
    assert_eq!(world.says("hello Ann"), ["d1-1-14 to s1 text: hello Ann"]);
    assert_eq!(
        world.ece("s1", completed()),
        [
            "d1-1-15 System: The agent has closed the chat.",
            "d1-1-16 ask csat e2 started after completed",
        ]
    );
}

#[test]
fn a_refused_offer_gives_the_held_words_to_the_bot() {
    let mut world = offered();
    world.says("quick please");
    assert_eq!(
        world.report(5, Outcome::Unavailable(Unavailable::NoAgents)),
        ["no timer offer", "d1-1-6 ask faq e0 refused NoAgents"]
    );
    assert_eq!(
        world.answers(6, vec![say("Sorry")])[1],
        "d1-1-8 ask faq e0 said quick please"
    );
}

#[test]
fn an_expired_offer_ends_ece_and_gives_the_held_words_to_the_bot() {
    let mut world = offered();
    world.started(5, "s1");
    world.answers(9, vec![]);
    world.says("quick please");
    assert_eq!(
        world.after_ms(60_000).timer("offer"),
        ["d1-1-10 end s1", "d1-1-11 ask faq e0 expired"]
    );
    assert_eq!(
        world.answers(11, vec![]),
        ["d1-1-12 ask faq e0 said quick please"]
    );
    assert_eq!(
        world.ece("s1", assigned("Ann")),
        Vec::<String>::new(),
        "too late (H4)"
    );
}

#[test]
fn an_offer_that_expired_while_opening_is_ended_when_it_starts() {
    let mut world = offered();
    world.after_ms(60_000).timer("offer");
    assert_eq!(world.started(5, "s1"), ["d1-0-1 end s1"]);
}

#[test]
fn completed_before_anybody_took_it_is_a_refusal() {
    let mut world = offered();
    world.started(5, "s1");
    world.answers(9, vec![]);
    assert_eq!(
        world.ece("s1", EceHappening::Completed { by_agent: false }),
        ["no timer offer", "d1-1-10 ask faq e0 refused NoAgents"]
    );
}

#[test]
fn a_bot_that_is_done_while_its_offer_is_open_leaves_it_to_the_agents() {
    let mut world = offered();
    world.started(5, "s1");
    world.says("quick please");
    assert_eq!(
        world.answers(9, vec![BotAction::Done]),
        [
            "no timer offer",
            "timer answer at 3601000",
            "d1-1-10 to s1 text: quick please"
        ]
    );
    assert_eq!(
        world.ece("s1", assigned("Ann")),
        [
            "no timer answer",
            "d1-1-11 System: You are now chatting with Ann."
        ]
    );
}

#[test]
fn a_bot_that_fails_while_its_offer_opens_leaves_it_to_the_agents() {
    let mut world = offered();
    world.says("quick please");
    let conversation = world.customer.open.as_ref().unwrap().id;
    let callback = Event::BotCallback {
        conversation,
        epoch: Epoch(0),
        bytes: vec![],
    };
    assert_eq!(world.act(callback), ["d1-1-6 ask faq e0 callback "]);
    let welcome = "d1-1-7 System: Thank you for contacting us.";
    assert_eq!(
        world.report(6, Outcome::BotFailed("trap".into())),
        ["no timer offer", welcome]
    );
    assert_eq!(
        world.started(5, "s1").last().unwrap(),
        "d1-1-9 to s1 text: quick please"
    );
}

#[test]
fn an_offer_without_agents_behind_it_or_to_an_unknown_place_is_refused_at_once() {
    let mut world = World::with(vec![bot_stage("faq")]);
    world.says("orders");
    assert_eq!(
        world.answers(1, vec![offer(), say("x")]),
        ["d1-1-2 Bot: x", "d1-1-3 ask faq e0 said orders"]
    );
    assert_eq!(
        world.answers(3, vec![]),
        ["d1-1-4 ask faq e0 refused NoAgents"]
    );

    let mut world = World::bot_agents_survey();
    world.says("orders");
    let nowhere = BotAction::OfferHandover {
        entry_point: Some("nowhere".into()),
        summary: None,
        expires_ms: 0,
    };
    world.answers(1, vec![nowhere]);
    assert_eq!(
        world.answers(2, vec![]),
        ["d1-1-3 ask faq e0 refused EntryPointDisabled"]
    );
}

#[test]
fn a_named_entry_point_is_where_the_offer_goes() {
    let mut world = World::bot_agents_survey();
    world.says("orders");
    let spanish = BotAction::OfferHandover {
        entry_point: Some("support-es".into()),
        summary: None,
        expires_ms: 0,
    };
    let effects = world.answers(1, vec![spanish]);
    assert_eq!(effects[0], "d1-1-2 open acme at support-es");
    assert_eq!(
        effects[1], "timer offer at 901000",
        "the journey's time to hold"
    );
}

#[test]
fn the_welcome_is_said_once_a_conversation() {
    let mut world = offered();
    world.started(5, "s1");
    world.answers(9, vec![]);
    world.after_ms(60_000).timer("offer");
    world.answers(11, vec![offer()]);
    let number = world.customer.open.as_ref().unwrap().deliveries;
    let again = world.started(number, "s2");
    assert_eq!(again.len(), 3, "two notes and the bot's queued: {again:?}");
    assert!(
        again[0].contains("to s2 note") && again[1].contains("to s2 note"),
        "{again:?}"
    );
    assert!(again[2].ends_with("ask faq e0 queued"), "{again:?}");
}

#[test]
fn a_number_meant_for_the_agent_is_not_turned_into_an_old_choice() {
    let mut world = World::bot_agents_survey();
    world.says("orders");
    world.answers(1, vec![]);
    let option = |id: &str| trunkline_core::message::Choice {
        id: id.into(),
        title: id.into(),
        description: None,
    };
    let choices = BotAction::Choices {
        text: "Which?".into(),
        options: vec![option("a"), option("b")],
    };
    world.answers(2, vec![choices, offer()]);
    world.started(4, "s1");
    world.says("2");
    let effects = world.ece("s1", assigned("Ann"));
    assert!(
        effects.last().unwrap().ends_with("to s1 text: 2"),
        "{effects:?}"
    );
}
