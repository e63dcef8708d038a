//! After opting out nothing more goes to the customer, and the agent knows (H14).

use trunkline_core::event::*;
use trunkline_core::id::Timestamp;

use crate::world::*;

const TOLD: &str = "to s1 note: [the customer opted out: nothing more can be delivered to them]";

#[test]
fn a_stop_word_drops_what_waits_confirms_once_and_tells_the_agent() {
    let mut world = World::chatting();
    assert_eq!(
        world.says("Stop!"),
        [
            "cancel all to the customer: the customer opted out".to_owned(),
            "d1-1-5 System: You will get no more messages. (despite opt-out)".to_owned(),
            format!("d1-1-6 {TOLD}"),
        ]
    );
    assert_eq!(world.says("STOP"), Vec::<String>::new());
}

#[test]
fn stop_inside_a_sentence_is_a_message() {
    let mut world = World::chatting();
    assert_eq!(
        world.says("Stop sending the wrong one"),
        ["d1-1-5 to s1 text: Stop sending the wrong one"]
    );
    assert!(!world.customer.opted_out);
}

#[test]
fn the_agents_words_come_back_to_them_and_the_customers_still_arrive() {
    let mut world = World::chatting();
    world.does(Happening::OptedOut { confirmed: true });
    // It dies at the customer's door, with what the operator reads.
    assert_eq!(
        world.ece("s1", agent_says("Hello?")),
        ["d1-1-6 Agent Ann: Hello?"]
    );
    let died = Outcome::Failed {
        reason: "the customer opted out".to_owned(),
        uncertain: false,
        opted_out: false,
    };
    assert_eq!(
        world.report(6, died),
        ["d1-1-7 to s1 note: [not delivered: the customer opted out]"]
    );
    assert_eq!(
        world.says("I can still write"),
        ["d1-1-8 to s1 text: I can still write"]
    );
    assert_eq!(world.ece("s1", completed()), Vec::<String>::new());
    assert!(world.customer.open.is_none());
    assert!(world.customer.opted_out);
}

#[test]
fn the_provider_that_confirms_itself_is_not_repeated() {
    let mut world = World::chatting();
    world.channel().confirms_opt_out = true;
    let effects = world.does(Happening::OptedOut { confirmed: false });
    assert_eq!(
        effects,
        [
            "cancel all to the customer: the customer opted out".to_owned(),
            format!("d1-1-5 {TOLD}")
        ]
    );
}

#[test]
fn outside_a_conversation_it_begins_none() {
    let mut world = World::agents();
    assert_eq!(
        world.says("stop"),
        [
            "cancel all to the customer: the customer opted out",
            "d1-0-1 System: You will get no more messages. (despite opt-out)"
        ]
    );
    assert!(world.customer.open.is_none());
    assert_eq!(world.customer.conversations, 0);
}

#[test]
fn after_a_conversation_what_it_has_not_sent_yet_is_dropped() {
    let mut world = World::chatting();
    world.ece("s1", completed());
    assert_eq!(
        world.says("stop"),
        [
            "cancel all to the customer: the customer opted out",
            "d1-0-1 System: You will get no more messages. (despite opt-out)",
        ]
    );
}

#[test]
fn a_start_word_counts_only_after_opting_out() {
    let mut world = World::chatting();
    assert_eq!(world.says("yes"), ["d1-1-5 to s1 text: yes"]);
    world.says("stop");
    assert_eq!(
        world.says("YES"),
        ["d1-1-8 to s1 note: [the customer opted in again]"]
    );
    assert_eq!(
        world.ece("s1", agent_says("Hello")),
        ["d1-1-9 Agent Ann: Hello"]
    );
}

#[test]
fn a_provider_that_refuses_because_of_an_opt_out_raises_it() {
    let mut world = World::chatting();
    world.ece("s1", agent_says("Hello"));
    let refused = Outcome::Failed {
        reason: "blocked".into(),
        uncertain: false,
        opted_out: true,
    };
    assert_eq!(
        world.report(5, refused),
        [
            "cancel all to the customer: the customer opted out".to_owned(),
            format!("d1-1-6 {TOLD}"),
            "d1-1-7 to s1 note: [not delivered: blocked]".to_owned(),
        ]
    );
    assert!(world.customer.opted_out);
}

#[test]
fn a_receipt_can_raise_it_too() {
    let mut world = World::chatting();
    let receipt = Receipt {
        delivery: DeliveryName::AllUntil(Timestamp(0)),
        state: ReceiptState::Failed,
        detail: None,
        opted_out: true,
        at: Timestamp(0),
    };
    world.act(Event::Receipt(receipt));
    assert!(world.customer.opted_out);
}

#[test]
fn an_agent_who_comes_later_is_told_before_anything_else() {
    let mut world = World::agents();
    world.does(Happening::OptedOut { confirmed: true });
    assert_eq!(
        world.says("orders"),
        ["d1-1-1 open acme at support"],
        "the welcome is kept back"
    );
    assert_eq!(
        world.started(1, "s1"),
        [
            "timer answer at 3601000".to_owned(),
            format!("d1-1-2 {TOLD}"),
            "d1-1-3 to s1 text: orders".to_owned()
        ]
    );
}

#[test]
fn bots_and_their_files_are_silent_too() {
    let mut world = World::with(vec![bot_stage("faq")]);
    world.says("orders");
    world.does(Happening::OptedOut { confirmed: true });
    assert_eq!(
        world.answers(1, vec![say("Hi"), BotAction::Typing(true)]),
        ["d1-1-2 ask faq e0 said orders"]
    );
}

#[test]
fn where_writing_opts_in_the_next_message_is_answered_again() {
    let mut world = World::chatting();
    world.channel().writing_opts_in = true;
    world.does(Happening::OptedOut { confirmed: true });
    assert_eq!(
        world.says("here I am again"),
        [
            "d1-1-6 to s1 note: [the customer opted in again]",
            "d1-1-7 to s1 text: here I am again",
        ]
    );
    assert!(!world.customer.opted_out);
    assert_eq!(
        world.ece("s1", agent_says("Hello")),
        ["d1-1-8 Agent Ann: Hello"]
    );
}

#[test]
fn where_writing_opts_in_a_stop_word_still_stops() {
    let mut world = World::chatting();
    world.channel().writing_opts_in = true;
    world.says("stop");
    world.says("stop");
    assert!(world.customer.opted_out);
}

#[test]
fn where_writing_opts_in_a_stop_word_holds_until_a_start_word() {
    let mut world = World::chatting();
    world.channel().writing_opts_in = true;
    world.says("stop");
    assert_eq!(
        world.says("one more thing"),
        ["d1-1-7 to s1 text: one more thing"]
    );
    assert!(world.customer.opted_out);
    world.says("start");
    assert!(!world.customer.opted_out);
    world.does(Happening::OptedOut { confirmed: true });
    world.says("here I am again");
    assert!(
        !world.customer.opted_out,
        "the word was taken back: this time they only blocked us"
    );
}

#[test]
fn after_a_close_and_an_opt_out_a_new_message_begins_anew_where_writing_opts_in() {
    let mut world = World::chatting();
    world.channel().writing_opts_in = true;
    world.does(Happening::OptedOut { confirmed: true });
    world.does(Happening::Left);
    assert!(world.customer.open.is_none());
    world.says("ORDERS again");
    assert!(!world.customer.opted_out);
    assert!(world.customer.open.is_some());
}
