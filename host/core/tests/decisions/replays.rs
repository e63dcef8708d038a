//! What dead letters do when they are replayed.

use trunkline_core::effect::Effect;
use trunkline_core::event::*;

use crate::world::*;

/// What a replay of the last dead letter of the customer's words does.
fn replay_last(world: &mut World) -> Vec<String> {
    let mut items = world.everything.iter().rev().filter_map(|effect| {
        if let Effect::Undeliverable { item, .. } = effect {
            item.clone()
        } else {
            None
        }
    });
    let item = items.next().unwrap();
    world.act(Event::SaidAgain(item))
}

#[test]
fn a_held_photo_that_died_comes_again_as_a_photo() {
    let mut world = World::agents();
    world.settings.rules = vec![rule("all", None, "support")];
    world.sends(photo("p1", Some("my cat")));
    world.report(1, Outcome::FileReady(stored("p1.jpg")));
    let left = world.does(Happening::Left);
    assert_eq!(
        left,
        [
            "dead letter m1 of c1-1: [file: p1.jpg] my cat (the conversation was closed: the customer left)"
        ]
    );
    assert_eq!(
        replay_last(&mut world),
        [
            "d1-2-1 System: Thank you for contacting us.",
            "d1-2-2 open acme at support",
        ]
    );
    assert_eq!(
        world.started(2, "s2"),
        [
            "timer answer at 3601000",
            "d1-2-3 to s2 file: p1.jpg",
            "d1-2-4 to s2 text: my cat",
        ]
    );
}

#[test]
fn what_no_rule_wanted_is_tried_by_the_rules_of_the_replay() {
    let mut world = World::agents();
    let unwanted = "dead letter m1 of c1-0: [file: p1.jpg] (no rule fits this message)";
    assert_eq!(world.sends(photo("p1", None)), [unwanted]);
    assert_eq!(replay_last(&mut world), [unwanted]);
    world.settings.rules = vec![rule("all", None, "support")];
    assert_eq!(replay_last(&mut world)[0], "d1-1-1 fetch p1");
}
