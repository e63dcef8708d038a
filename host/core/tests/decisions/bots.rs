//! A bot's stage: one question at a time, its turns whole.

use trunkline_core::event::*;
use trunkline_core::id::Epoch;
use trunkline_core::message::{Choice, Content};

use crate::world::*;

fn only_bot() -> World {
    World::with(vec![bot_stage("faq")])
}

fn choices() -> BotAction {
    let choice = |id: &str, title: &str| Choice {
        id: id.into(),
        title: title.into(),
        description: None,
    };
    let options = vec![choice("y", "Yes, please"), choice("n", "No")];
    BotAction::Choices {
        text: "More?".into(),
        options,
    }
}

#[test]
fn the_next_question_waits_for_the_answer_before() {
    let mut world = only_bot();
    assert_eq!(world.says("orders"), ["d1-1-1 ask faq e0 started"]);
    assert_eq!(world.says("second"), Vec::<String>::new());
    assert_eq!(
        world.answers(1, vec![say("Hi")]),
        ["d1-1-2 Bot: Hi", "d1-1-3 ask faq e0 said orders"]
    );
    assert_eq!(world.answers(3, vec![]), ["d1-1-4 ask faq e0 said second"]);
    assert_eq!(world.answers(4, vec![]), Vec::<String>::new());
}

#[test]
fn its_memory_changes_with_an_accepted_turn_only() {
    let mut world = only_bot();
    world.says("orders");
    let state = |byte| {
        Some(BotState {
            version: 1,
            bytes: vec![byte],
        })
    };
    let turn = |epoch, state| BotTurn {
        epoch,
        actions: vec![],
        state,
    };
    world.report(1, Outcome::BotAnswered(turn(Epoch(7), state(1))));
    world.report(9, Outcome::BotAnswered(turn(Epoch(0), state(2))));
    world.report(1, Outcome::BotAnswered(turn(Epoch(0), state(3))));
    world.report(2, Outcome::BotAnswered(turn(Epoch(0), None)));
    world.says("more");
    let seen: Vec<_> = world.asked().into_iter().map(|ask| ask.state).collect();
    assert_eq!(seen, [None, state(3), state(3)]);
}

#[test]
fn choices_go_out_as_numbers_where_the_channel_has_none() {
    let mut world = only_bot();
    world.says("orders");
    world.answers(1, vec![]);
    assert_eq!(
        world.answers(2, vec![choices()]),
        ["d1-1-3 Bot: More?\n1. Yes, please\n2. No"]
    );
    assert_eq!(world.says(" 2. "), ["d1-1-4 ask faq e0 said choice n (No)"]);
    world.answers(4, vec![]);
    assert_eq!(
        world.says("2"),
        ["d1-1-5 ask faq e0 said 2"],
        "it was answered"
    );
}

#[test]
fn a_choice_by_its_title_is_the_choice_and_other_text_is_text() {
    let mut world = only_bot();
    world.says("orders");
    world.answers(1, vec![]);
    world.answers(2, vec![choices()]);
    assert_eq!(world.says("what?"), ["d1-1-4 ask faq e0 said what?"]);
    world.answers(4, vec![]);
    assert_eq!(
        world.says("yes"),
        ["d1-1-5 ask faq e0 said yes"],
        "not the whole title"
    );
    world.answers(5, vec![]);
    assert_eq!(
        world.says("YES, please!"),
        ["d1-1-6 ask faq e0 said choice y (Yes, please)"]
    );
}

#[test]
fn a_channel_with_choices_shows_them_itself() {
    let mut world = only_bot();
    world.channel().choices = true;
    world.says("orders");
    assert_eq!(
        world.answers(1, vec![choices()])[0],
        "d1-1-2 Bot: More? [Yes, please | No]"
    );
}

/// A plugin writes choices out as numbers for a device without lists, and gets a number back.
#[test]
fn a_number_is_the_choice_also_where_the_channel_shows_choices() {
    let mut world = only_bot();
    world.channel().choices = true;
    world.says("orders");
    world.answers(1, vec![choices()]);
    world.answers(3, vec![]);
    assert_eq!(world.says("2"), ["d1-1-4 ask faq e0 said choice n (No)"]);
}

#[test]
fn a_number_after_a_tapped_choice_is_a_number() {
    let mut world = only_bot();
    world.channel().choices = true;
    world.says("orders");
    world.answers(1, vec![choices()]);
    world.answers(3, vec![]);
    let tapped = Content::Chosen {
        id: "n".into(),
        title: "No".into(),
    };
    assert_eq!(
        world.sends(tapped),
        ["d1-1-4 ask faq e0 said choice n (No)"]
    );
    world.answers(4, vec![]);
    assert_eq!(world.says("2"), ["d1-1-5 ask faq e0 said 2"]);
}

#[test]
fn wakes_callbacks_and_again_become_questions() {
    let mut world = only_bot();
    world.says("orders");
    world.answers(1, vec![]);
    let wake = |name: &str| BotAction::Wake {
        name: name.into(),
        after_ms: 500,
    };
    let actions = vec![
        wake("poll"),
        wake("idle"),
        BotAction::Cancel("idle".into()),
        BotAction::Again(b"x".into()),
    ];
    assert_eq!(
        world.answers(2, actions),
        [
            "timer bot:poll at 1500",
            "timer bot:idle at 1500",
            "no timer bot:idle",
            "d1-1-3 ask faq e0 callback x",
        ]
    );
    assert_eq!(world.after_ms(500).timer("bot:poll"), Vec::<String>::new());
    assert_eq!(world.answers(3, vec![]), ["d1-1-4 ask faq e0 timer poll"]);
    world.answers(4, vec![]);
    let conversation = world.customer.open.as_ref().unwrap().id;
    let callback = |epoch| Event::BotCallback {
        conversation,
        epoch,
        bytes: b"y".into(),
    };
    assert_eq!(
        world.act(callback(Epoch(0))),
        ["d1-1-5 ask faq e0 callback y"]
    );
    assert_eq!(world.act(callback(Epoch(1))), Vec::<String>::new());
}

#[test]
fn a_file_of_a_bot_keeps_its_place_between_its_words() {
    let mut world = only_bot();
    world.says("orders");
    world.answers(1, vec![]);
    let file = BotAction::FileByUrl {
        url: "https://example.com/a.pdf".into(),
        name: "a.pdf".into(),
    };
    assert_eq!(
        world.answers(2, vec![say("Look:"), file, say("Good?")]),
        ["d1-1-3 Bot: Look:", "d1-1-4 fetch a.pdf from the web"]
    );
    assert_eq!(world.says("wait"), Vec::<String>::new());
    assert_eq!(
        world.report(4, Outcome::FileReady(stored("a.pdf"))),
        [
            "d1-1-5 Bot: file a.pdf",
            "d1-1-6 Bot: Good?",
            "d1-1-7 ask faq e0 said wait"
        ]
    );
}

#[test]
fn a_bots_file_that_cannot_be_had_goes_out_as_its_address() {
    let mut world = only_bot();
    world.says("orders");
    let file = BotAction::FileByUrl {
        url: "https://example.com/a.pdf".into(),
        name: "a.pdf".into(),
    };
    world.answers(1, vec![file]);
    assert_eq!(
        world.report(2, Outcome::FileFailed("404".into()))[0],
        "d1-1-3 Bot: a.pdf: https://example.com/a.pdf"
    );
}

#[test]
fn done_at_the_end_of_the_journey_closes_and_tells_the_bot() {
    let mut world = only_bot();
    world.says("orders");
    world.says("unread");
    assert_eq!(
        world.answers(1, vec![say("Bye"), BotAction::Done, say("lost")]),
        [
            "d1-1-2 Bot: Bye",
            "d1-1-3 ask faq e0 closed: done",
            "dead letter m1 of c1-1: orders (the conversation was closed: done)",
            "dead letter m2 of c1-1: unread (the conversation was closed: done)",
            "d1-1-4 System: close",
        ]
    );
}

#[test]
fn a_bot_that_fails_leaves_the_customer_to_the_agents() {
    let mut world = World::bot_agents_survey();
    world.says("orders");
    world.answers(1, vec![say("Hi")]);
    world.says("more");
    assert_eq!(
        world.report(3, Outcome::BotFailed("trapped".into())),
        [
            "d1-1-4 System: Thank you for contacting us.",
            "d1-1-5 open acme at support"
        ]
    );
    assert_eq!(
        world.started(5, "s1"),
        [
            "timer answer at 3601000",
            "d1-1-6 to s1 note: The conversation so far:\nBot: Hi\nSystem: Thank you for contacting us.",
            "d1-1-7 to s1 text: orders",
            "d1-1-8 to s1 text: more"
        ]
    );
    // ECE ended it meanwhile: what the bot left unanswered is not lost with it.
    let anew = world.report(7, Outcome::SessionGone);
    assert_eq!(anew.last().unwrap(), "d1-2-1 ask faq e0 started");
    assert_eq!(world.answers(1, vec![]), ["d1-2-2 ask faq e0 said orders"]);
}

#[test]
fn a_bot_that_fails_with_nobody_behind_it_leaves_a_dead_letter() {
    let mut world = only_bot();
    world.says("orders");
    world.answers(1, vec![]);
    let effects = world.report(2, Outcome::BotFailed("trapped".into()));
    assert_eq!(
        effects[0],
        "dead letter m1 of c1-1: orders (the bot failed)"
    );
    assert!(world.customer.open.is_none());
}

#[test]
fn a_bot_gets_a_customers_file_in_its_place_and_knows_its_token() {
    let mut world = only_bot();
    world.says("orders");
    world.answers(1, vec![]);
    world.answers(2, vec![]);
    world.sends(photo("p1", Some("look")));
    world.report(3, Outcome::FileReady(stored("p1.jpg")));
    let Some(BotEvent::Said(message)) = world.asked().pop().map(|ask| ask.event) else {
        panic!("the file was not given to the bot")
    };
    let Content::Attachment(file) = message.content else {
        panic!("no file")
    };
    assert_eq!(
        (file.reference.as_str(), file.caption.as_deref()),
        ("t-p1.jpg", Some("look"))
    );
}

#[test]
fn a_bot_knows_what_it_set_and_what_was_said() {
    let mut world = only_bot();
    world.says("orders");
    let set = BotAction::SetAttributes(vec![("order".into(), "7".into())]);
    world.answers(1, vec![set, say("Hi")]);
    let context = world.asked().pop().unwrap().context;
    assert_eq!(context.attributes, [("order".to_owned(), "7".to_owned())]);
    let lines: Vec<_> = context.history.into_iter().map(|line| line.text).collect();
    assert_eq!(lines, ["Hi"]);
}

#[test]
fn a_survey_follows_the_agents() {
    let mut world = World::with(vec![ece_stage(), bot_stage("csat")]);
    world.says("orders");
    world.started(2, "s1");
    world.ece("s1", assigned("Ann"));
    assert_eq!(
        world.ece("s1", completed()),
        [
            "d1-1-5 System: The agent has closed the chat.",
            "d1-1-6 ask csat e1 started after completed"
        ]
    );
    assert_eq!(
        world.ece("s1", completed()),
        Vec::<String>::new(),
        "complete comes once"
    );
    world.answers(6, vec![say("1 to 5?")]);
    assert_eq!(world.says("5"), ["d1-1-8 ask csat e1 said 5"]);
    assert_eq!(
        world.answers(8, vec![say("Thanks"), BotAction::Done]),
        [
            "d1-1-9 Bot: Thanks",
            "d1-1-10 ask csat e1 closed: done",
            "d1-1-11 System: close"
        ]
    );
}

#[test]
fn a_turn_of_a_bot_that_has_lost_the_conversation_changes_nothing() {
    let mut world = World::bot_agents_survey();
    world.says("orders");
    world.answers(1, vec![BotAction::Done]);
    let late = BotTurn {
        epoch: Epoch(0),
        actions: vec![say("late")],
        state: None,
    };
    assert_eq!(
        world.report(1, Outcome::BotAnswered(late)),
        Vec::<String>::new()
    );
}

/// The bot answers with these actions whenever it is asked; gives how often it was, and what came of the last answer.
fn goes_round(world: &mut World, actions: impl Fn() -> Vec<BotAction>) -> (u32, Vec<String>) {
    for turns in 1..200 {
        let number = world.customer.open.as_ref().unwrap().deliveries;
        let mut last = world.answers(number, actions());
        if last.iter().any(|line| line.contains(" open acme")) && last[0].contains("d1-1") {
            let opening = world.customer.open.as_ref().unwrap().deliveries;
            if world.customer.open.as_ref().unwrap().desk().is_none() {
                return (turns, last);
            }
            last = world.report(opening, Outcome::Unavailable(Unavailable::NoAgents));
        }
        if world.customer.open.as_ref().unwrap().desk().is_none() {
            return (turns, last);
        }
        if last.iter().any(|line| line.starts_with("timer bot:w")) {
            world.timer("bot:w");
        }
    }
    (200, Vec::new())
}

fn wake(after_ms: u64) -> BotAction {
    BotAction::Wake {
        name: "w".into(),
        after_ms,
    }
}

/// A bot that was greeted and has answered one message.
fn talking() -> World {
    let mut world = World::bot_agents_survey();
    world.says("orders");
    world.answers(1, vec![]);
    world
}

#[test]
fn a_bot_that_goes_round_in_circles_fails_and_leaves_the_customer_to_the_agents() {
    let mut world = talking();
    let (turns, last) = goes_round(&mut world, || vec![BotAction::Again(vec![1])]);
    assert_eq!(turns, 51);
    assert_eq!(
        last,
        [
            "d1-1-53 System: Thank you for contacting us.",
            "d1-1-54 open acme at support",
        ]
    );
    assert!(
        world.notes().contains(
            &"note the bot failed: it asked for more than 50 turns on its own".to_owned()
        )
    );

    assert_eq!(goes_round(&mut talking(), || vec![wake(0)]).0, 51);
    assert_eq!(goes_round(&mut talking(), || vec![offer()]).0, 51);
}

#[test]
fn a_bot_that_polls_or_is_spoken_to_may_go_on() {
    let mut world = talking();
    world.answers(2, vec![wake(1_000)]);
    for _ in 0..200 {
        world.after_ms(1_000).timer("bot:w");
        let number = world.customer.open.as_ref().unwrap().deliveries;
        world.answers(number, vec![wake(1_000)]);
    }
    for _ in 0..200 {
        world.says("and?");
        let number = world.customer.open.as_ref().unwrap().deliveries;
        world.answers(number, vec![BotAction::Again(vec![1])]);
        world.answers(number + 1, vec![]);
    }
    assert!(world.customer.open.as_ref().unwrap().desk().is_some());
}
