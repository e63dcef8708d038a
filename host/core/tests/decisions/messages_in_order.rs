//! What agents get of what customers say: everything, in order, character for character.

use trunkline_core::event::{Happening, Outcome};
use trunkline_core::id::EventKey;
use trunkline_core::message::Content;

use crate::world::*;

#[test]
fn text_reaches_the_agent_character_for_character() {
    let mut world = World::chatting();
    for text in [
        "a \"quote\" & <b>",
        "\u{1}tab\tnew\nline ",
        "👩‍👩‍👧 مرحبا \u{202e}x",
    ] {
        let line = &world.says(text)[0];
        assert!(line.ends_with(&format!("text: {text}")), "{line:?}");
    }
}

#[test]
fn later_messages_wait_behind_a_file() {
    let mut world = World::chatting();
    assert_eq!(
        world.sends(photo("p1", Some("my cat"))),
        ["d1-1-5 fetch p1"]
    );
    assert_eq!(world.says("do you see it?"), Vec::<String>::new());
    assert_eq!(world.sends(photo("p2", None)), ["d1-1-6 fetch p2"]);
    assert_eq!(
        world.report(6, Outcome::FileReady(stored("p2.jpg"))),
        Vec::<String>::new()
    );
    assert_eq!(
        world.report(5, Outcome::FileReady(stored("p1.jpg"))),
        [
            "d1-1-7 to s1 file: p1.jpg",
            "d1-1-8 to s1 text: my cat",
            "d1-1-9 to s1 text: do you see it?",
            "d1-1-10 to s1 file: p2.jpg",
        ]
    );
}

#[test]
fn a_file_that_cannot_be_had_is_a_line_for_the_agent() {
    let mut world = World::chatting();
    world.sends(photo("p1", Some("my cat")));
    assert_eq!(
        world.report(5, Outcome::FileFailed("too large".into())),
        [
            "d1-1-6 to s1 note: [file could not be fetched: p1.jpg: too large]",
            "d1-1-7 to s1 text: my cat",
        ]
    );
}

#[test]
fn every_kind_of_content_reads_as_text_or_a_placeholder() {
    let mut world = World::chatting();
    let place = Content::Location {
        latitude: 52.5,
        longitude: 13.4,
        name: Some("Office".into()),
    };
    assert_eq!(
        world.sends(place),
        ["d1-1-5 to s1 text: Location: Office (52.5, 13.4)"]
    );
    let choice = Content::Chosen {
        id: "a".into(),
        title: "Refund".into(),
    };
    assert_eq!(world.sends(choice), ["d1-1-6 to s1 text: Refund"]);
    let card = Content::Described {
        kind: "contact".into(),
        text: "Ada, +1".into(),
    };
    assert_eq!(world.sends(card), ["d1-1-7 to s1 text: Ada, +1"]);
    let unknown = Content::Unknown("hologram".into());
    assert_eq!(
        world.sends(unknown),
        ["d1-1-8 to s1 note: [unsupported message: hologram]"]
    );
}

#[test]
fn edits_withdrawals_and_reactions_are_lines_for_the_agent() {
    let mut world = World::chatting();
    let content = Content::Text("ORDERS 8".into());
    let edit = Happening::Edited {
        key: EventKey::from("m1"),
        content,
    };
    assert_eq!(
        world.does(edit),
        ["d1-1-5 to s1 note: [the customer edited a message: ORDERS 8]"]
    );
    let withdrawal = Happening::Withdrawn {
        key: EventKey::from("m1"),
    };
    assert_eq!(
        world.does(withdrawal),
        ["d1-1-6 to s1 note: [the customer withdrew a message]"]
    );
    let reaction = Happening::Reacted {
        key: None,
        emoji: "👍".into(),
    };
    assert_eq!(
        world.does(reaction),
        ["d1-1-7 to s1 note: [the customer reacted: 👍]"]
    );
}

#[test]
fn an_edit_outside_a_conversation_is_a_dead_letter() {
    let mut world = World::agents();
    let content = Content::Text("new".into());
    let edit = Happening::Edited {
        key: EventKey::from("m0"),
        content,
    };
    assert_eq!(
        world.does(edit),
        ["dead letter m1 of c1-0: new (an edit while no conversation was open)"]
    );
}

#[test]
fn what_does_not_fit_into_the_waiting_room_is_a_dead_letter() {
    let mut world = World::agents();
    world.says("orders");
    for _ in 1..1000 {
        assert_eq!(world.says("1"), Vec::<String>::new());
    }
    assert_eq!(
        world.says("one more"),
        ["dead letter m1001 of c1-1: one more (too many messages wait in this conversation)"]
    );
    assert_eq!(world.started(2, "s1").len(), 1001, "with the wait's timer");
}

#[test]
fn much_text_does_not_fit_either_but_an_open_line_takes_any_length() {
    let mut world = World::agents();
    world.says("orders");
    assert_eq!(world.says(&"x".repeat(300_000)).len(), 1);
    world.started(2, "s1");
    assert!(world.says(&"x".repeat(300_000))[0].starts_with("d1-1-4 to s1 text"));
}

#[test]
fn nothing_goes_to_ece_before_it_started() {
    let mut world = World::agents();
    world.says("orders");
    assert_eq!(world.says("hello?"), Vec::<String>::new());
    assert_eq!(world.ece("s1", assigned("Ann")), Vec::<String>::new());
}
