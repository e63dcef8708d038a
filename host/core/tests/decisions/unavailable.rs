//! When ECE cannot take the customer.

use trunkline_core::event::*;
use trunkline_core::settings::*;

use crate::world::*;

fn no(reason: Unavailable) -> Outcome {
    Outcome::Unavailable(reason)
}

#[test]
fn each_reason_has_its_text_once_and_the_others_read_no_agents() {
    let mut world = World::agents();
    world.says("orders");
    assert_eq!(
        world.report(2, no(Unavailable::OutOfCapacity))[0],
        "d1-1-3 System: There are no agents."
    );
    world.after_ms(5_000).timer("retry");
    assert_eq!(
        world.report(4, no(Unavailable::NoAgents)),
        ["timer retry at 16000"]
    );
}

#[test]
fn a_disabled_entry_point_closes_with_its_own_text_or_none() {
    let mut world = World::agents();
    world.says("orders");
    assert_eq!(
        world.report(2, no(Unavailable::EntryPointDisabled)),
        [
            "d1-1-3 System: This service is closed.",
            "dead letter m1 of c1-1: orders (the conversation was closed: entry-point-disabled)",
            "d1-1-4 System: close",
        ]
    );
    world
        .integration()
        .messages
        .get_mut("default")
        .unwrap()
        .unavailable
        .remove(&Unavailable::EntryPointDisabled);
    world.says("orders");
    assert!(world.report(2, no(Unavailable::EntryPointDisabled))[0].starts_with("dead letter"));
}

#[test]
fn retries_back_off_to_a_minute() {
    let mut world = World::agents();
    world.says("orders");
    let mut number = 2;
    let mut pauses = Vec::new();
    for _ in 0..6 {
        let effects = world.report(number, no(Unavailable::Unreachable));
        let timer = effects
            .iter()
            .find(|line| line.starts_with("timer retry"))
            .unwrap();
        let at: i64 = timer.rsplit(' ').next().unwrap().parse().unwrap();
        pauses.push(at - world.now.0);
        world.now.0 = at;
        world.timer("retry");
        number = world.customer.open.as_ref().unwrap().deliveries;
    }
    assert_eq!(pauses, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
}

#[test]
fn outside_its_hours_ece_is_not_even_asked() {
    let mut world = World::agents();
    let never = Hours {
        time_zone: "UTC".into(),
        week: Default::default(),
        closed: vec![],
    };
    world
        .integration()
        .entry_points
        .get_mut(&"support".into())
        .unwrap()
        .hours = Some(never);
    assert_eq!(
        world.says("orders"),
        [
            "d1-1-1 System: Thank you for contacting us.",
            "d1-1-2 System: There are no agents.",
            "timer hold at 901000",
            "timer retry at 6000",
        ]
    );
    assert_eq!(
        world.after_ms(5_000).timer("retry"),
        ["timer retry at 16000"]
    );
}

#[test]
fn an_opening_that_failed_counts_as_unreachable() {
    let mut world = World::agents();
    world.says("orders");
    let outcome = Outcome::Failed {
        reason: "timeout".into(),
        uncertain: true,
        opted_out: false,
    };
    let effects = world.report(2, outcome);
    assert_eq!(effects.last().unwrap(), "timer retry at 6000");
    assert!(
        world
            .notes()
            .iter()
            .any(|note| note.contains("may have been taken"))
    );
}

#[test]
fn another_entry_point_is_tried_once() {
    let mut world = World::agents();
    let other = Policy::EntryPoint("support-es".into());
    world.policies().on.insert(Unavailable::NoAgents, other);
    world.says("orders");
    assert_eq!(
        world.report(2, no(Unavailable::NoAgents)),
        [
            "d1-1-3 System: There are no agents.",
            "d1-1-4 open acme at support-es"
        ]
    );
    assert_eq!(
        world.report(4, no(Unavailable::NoAgents)).last().unwrap(),
        "d1-1-5 System: close"
    );
}

#[test]
fn back_to_the_bot_gives_it_what_was_held_and_does_not_loop() {
    let mut world = World::bot_agents_survey();
    world
        .policies()
        .on
        .insert(Unavailable::NoAgents, Policy::Back);
    world.says("orders");
    world.answers(1, vec![]);
    assert_eq!(
        world.answers(2, vec![BotAction::Done])[1],
        "d1-1-4 open acme at support"
    );
    world.says("still there?");
    assert_eq!(
        world.report(4, no(Unavailable::NoAgents)),
        [
            "d1-1-5 System: There are no agents.",
            "d1-1-6 ask faq e2 returned"
        ]
    );
    assert_eq!(
        world.answers(6, vec![]),
        ["d1-1-7 ask faq e2 said still there?"]
    );
    world.answers(7, vec![BotAction::Done]);
    assert_eq!(
        world.report(8, no(Unavailable::NoAgents)),
        ["d1-1-9 System: close"],
        "the customer has not written since: a second return would be a loop"
    );
}

#[test]
fn back_without_a_bot_closes() {
    let mut world = World::agents();
    world
        .policies()
        .on
        .insert(Unavailable::NoAgents, Policy::Back);
    world.says("orders");
    assert_eq!(
        world.report(2, no(Unavailable::NoAgents)).last().unwrap(),
        "d1-1-4 System: close"
    );
}

#[test]
fn a_conversation_that_started_after_the_hold_ended_is_ended_in_ece() {
    let mut world = World::agents();
    world.policies().hold_ms = 6_000;
    world.says("orders");
    world.report(2, no(Unavailable::NoAgents));
    world.after_ms(5_000).timer("retry");
    world.after_ms(1_000).timer("hold");
    assert!(world.customer.open.is_none());
    assert_eq!(world.started(4, "s9"), ["d1-0-1 end s9"]);
    assert!(world.customer.stray_opens.is_empty());
}

#[test]
fn a_timer_that_was_moved_or_forgotten_changes_nothing() {
    let mut world = World::agents();
    world.says("orders");
    world.report(2, no(Unavailable::NoAgents));
    assert_eq!(
        world.timer("retry"),
        ["timer retry at 6000"],
        "too early: set again"
    );
    world.after_ms(5_000).timer("retry");
    world.started(4, "s1");
    assert_eq!(
        world.after_ms(1_000_000).timer("hold"),
        Vec::<String>::new()
    );
}

/// Asked for again where it was, ECE would refuse until the holding ends.
#[test]
fn who_is_held_is_asked_for_where_a_changed_configuration_leads() {
    let mut world = World::agents();
    world.says("orders");
    world.report(2, no(Unavailable::NoAgents));
    let acme = world.settings.integrations.remove(&"acme".into()).unwrap();
    world.settings.integrations.insert("renamed".into(), acme);
    for journey in world.settings.journeys.values_mut() {
        journey.stages = vec![Stage::Ece(EceStage {
            integration: "renamed".into(),
            entry_point: PickEntryPoint::Fixed("support".into()),
            attributes: vec![],
        })];
    }
    let effects = world.after_ms(5_000).timer("retry");
    assert_eq!(effects, ["d1-1-4 open renamed at support"]);
}

#[test]
fn who_is_held_is_asked_for_at_another_entry_point_once_theirs_is_gone() {
    let mut world = World::agents();
    world.says("orders");
    world.report(2, no(Unavailable::NoAgents));
    let points = &mut world.integration().entry_points;
    let support = points.remove(&"support".into()).unwrap();
    points.insert("help".into(), support);
    for journey in world.settings.journeys.values_mut() {
        journey.stages = vec![Stage::Ece(EceStage {
            integration: "acme".into(),
            entry_point: PickEntryPoint::Fixed("help".into()),
            attributes: vec![],
        })];
    }
    let effects = world.after_ms(5_000).timer("retry");
    assert_eq!(effects, ["d1-1-4 open acme at help"]);
}
