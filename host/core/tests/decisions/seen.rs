//! Read marks: only what an agent can have seen is shown as seen.

use trunkline_core::event::*;
use trunkline_core::handle::signal;
use trunkline_core::id::*;
use trunkline_core::taken::forget_taken;

use crate::world::*;

/// On a channel that shows read marks: `m1` waits in ECE's queue since delivery 3.
fn in_the_queue() -> World {
    let mut world = World::agents();
    world.channel().shows_seen = true;
    world.says("ORDERS 7");
    assert_eq!(
        world.started(2, "s1"),
        ["timer answer at 3601000", "d1-1-3 to s1 text: ORDERS 7"]
    );
    world
}

fn took(number: u32) -> Signal {
    let conversation = ConversationId {
        customer: CustomerId(1),
        number: 1,
    };
    Signal::EceTook(DeliveryId {
        conversation,
        number,
    })
}

fn is_seen(world: &World, number: u32) -> bool {
    signal(&world.settings, &world.customer, &took(number)).is_some()
}

#[test]
fn what_waited_in_the_queue_is_seen_when_an_agent_comes() {
    let mut world = in_the_queue();
    assert!(!is_seen(&world, 3), "nobody is there");
    let conversation = world.customer.open.as_ref().unwrap().id;
    forget_taken(&mut world.customer, conversation, 4);
    assert_eq!(
        world.ece("s1", assigned("Ann")),
        [
            "no timer answer",
            "d1-1-4 System: You are now chatting with Ann.",
            "seen m1 by d1-1-3"
        ]
    );
    world.says("And 8");
    assert!(is_seen(&world, 5));
    assert!(!is_seen(&world, 4), "that was ours");
}

#[test]
fn nothing_is_seen_in_a_queue_or_by_a_bot() {
    let mut world = in_the_queue();
    world.ece("s1", assigned("Ann"));
    let queue = EceHappening::Transferred(Transfer::Queue(None));
    world.ece("s1", queue);
    world.says("Anybody?");
    assert!(!is_seen(&world, 6));
    assert_eq!(
        world.ece("s1", assigned("Bob")).last().unwrap(),
        "seen m2 by d1-1-6"
    );

    let mut world = World::bot_agents_survey();
    world.channel().shows_seen = true;
    world.says("orders");
    assert!((1..5).all(|number| !is_seen(&world, number)));
}

#[test]
fn who_opted_out_and_channels_without_marks_are_shown_nothing() {
    let mut world = in_the_queue();
    world.ece("s1", assigned("Ann"));
    world.does(Happening::OptedOut { confirmed: true });
    world.says("I can still write");
    assert!((1..9).all(|number| !is_seen(&world, number)));

    let mut world = World::chatting();
    world.says("And 8");
    assert!((1..9).all(|number| !is_seen(&world, number)));
}
