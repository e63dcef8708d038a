//! The two use cases of the product we replace (Z48 to Z56), as scripts.

use trunkline_core::event::*;
use trunkline_core::settings::Policy;

use crate::show;
use crate::world::*;

#[test]
fn an_agent_is_available() {
    let mut world = World::agents();
    assert_eq!(
        world.says("ORDERS 7 please"),
        [
            "d1-1-1 System: Thank you for contacting us.",
            "d1-1-2 open acme at support"
        ]
    );
    assert_eq!(
        world.started(2, "s1"),
        [
            "timer answer at 3601000",
            "d1-1-3 to s1 text: ORDERS 7 please"
        ]
    );
    assert_eq!(
        world.ece("s1", assigned("Ann")),
        [
            "no timer answer",
            "d1-1-4 System: You are now chatting with Ann."
        ]
    );
    assert_eq!(
        world.ece("s1", agent_says("Hello")),
        ["d1-1-5 Agent Ann: Hello"]
    );
    assert_eq!(
        world.says("where is it?"),
        ["d1-1-6 to s1 text: where is it?"]
    );
    let queue = EceHappening::Transferred(Transfer::Queue(Some("Parcels".into())));
    assert_eq!(
        world.ece("s1", queue),
        [
            "timer answer at 3601000",
            "d1-1-7 System: You are in the Parcels queue."
        ]
    );
    assert_eq!(
        world.ece("s1", assigned("Bob")),
        [
            "no timer answer",
            "d1-1-8 System: You are now chatting with Bob."
        ]
    );
    let agent = EceHappening::Transferred(Transfer::Agent(Some("Cid".into())));
    assert_eq!(
        world.ece("s1", agent),
        ["d1-1-9 System: You have been transferred to Cid."]
    );
    assert_eq!(world.ece("s1", assigned("Cid")), Vec::<String>::new());
    let page = EceHappening::PagePushed {
        url: "https://example.com".into(),
    };
    assert_eq!(
        world.ece("s1", page),
        ["d1-1-10 System: A page: https://example.com"]
    );
    let accepted = EceHappening::FileAccepted {
        name: Some("bill.pdf".into()),
    };
    assert_eq!(
        world.ece("s1", accepted),
        ["d1-1-11 System: The agent has accepted bill.pdf."]
    );
    let rejected = EceHappening::FileRejected {
        name: Some("bill.exe".into()),
    };
    assert_eq!(
        world.ece("s1", rejected),
        ["d1-1-12 System: The agent has rejected bill.exe."]
    );
    assert_eq!(
        world.ece("s1", completed()),
        [
            "d1-1-13 System: The agent has closed the chat.",
            "d1-1-14 System: close"
        ]
    );
    assert!(world.customer.open.is_none());
}

#[test]
fn the_whole_first_step_with_its_trace() {
    let mut world = World::agents();
    world.says("ORDERS 7");
    assert_eq!(
        show::all(&world.everything),
        [
            "note rule orders chose journey support",
            "d1-1-1 System: Thank you for contacting us.",
            "d1-1-2 open acme at support",
        ]
    );
}

#[test]
fn no_agent_is_available_and_the_chat_is_closed_after_a_time() {
    let mut world = World::agents();
    world.policies().hold_ms = 12_000;
    world.says("ORDERS 7");
    assert_eq!(
        world.report(2, Outcome::Unavailable(Unavailable::NoAgents)),
        [
            "d1-1-3 System: There are no agents.",
            "timer hold at 13000",
            "timer retry at 6000"
        ]
    );
    assert_eq!(
        world.after_ms(5_000).timer("retry"),
        ["d1-1-4 open acme at support"]
    );
    assert_eq!(
        world.report(4, Outcome::Unavailable(Unavailable::NoAgents)),
        ["timer retry at 16000"]
    );
    assert_eq!(
        world.after_ms(7_000).timer("hold"),
        [
            "no timer retry",
            "dead letter m1 of c1-1: ORDERS 7 (the conversation was closed: nobody took the conversation in time)",
            "d1-1-5 System: close",
        ]
    );
    assert!(world.customer.open.is_none());
}

#[test]
fn no_agent_is_available_and_the_message_is_discarded() {
    let mut world = World::agents();
    world
        .policies()
        .on
        .insert(Unavailable::NoAgents, Policy::Discard);
    world.says("ORDERS 7");
    assert_eq!(
        world.report(2, Outcome::Unavailable(Unavailable::NoAgents)),
        [
            "d1-1-3 System: There are no agents.",
            "dead letter m1 of c1-1: ORDERS 7 (the conversation was closed: discarded: no-agents)",
        ]
    );
}

#[test]
fn a_held_customer_reaches_an_agent_with_everything_they_said() {
    let mut world = World::agents();
    world.says("ORDERS 7");
    world.report(2, Outcome::Unavailable(Unavailable::NoAgents));
    assert_eq!(world.says("anybody?"), Vec::<String>::new());
    world.after_ms(5_000).timer("retry");
    assert_eq!(
        world.started(4, "s1"),
        [
            "no timer hold",
            "timer answer at 3606000",
            "d1-1-5 to s1 text: ORDERS 7",
            "d1-1-6 to s1 text: anybody?"
        ]
    );
}
