//! Which rule decides, and what becomes of messages that no rule wants.

use trunkline_core::event::Happening;
use trunkline_core::id::Timestamp;
use trunkline_core::message::Content;
use trunkline_core::rules::{Trigger, pick};
use trunkline_core::settings::{Journey, Messages, Policies, RuleEvent};

use crate::world::*;

fn picked(world: &World, text: &str) -> Option<String> {
    let content = Content::Text(text.into());
    let channel = &world.customer.channel;
    pick(&world.settings, channel, Trigger::Said(&content), world.now).map(|rule| rule.name.clone())
}

#[test]
fn a_keyword_is_the_first_word_without_case_and_punctuation() {
    let world = World::agents();
    assert_eq!(picked(&world, "Orders, my parcel"), Some("orders".into()));
    assert_eq!(picked(&world, "  «ORDERS»!"), Some("orders".into()));
    assert_eq!(picked(&world, "my orders"), None);
    assert_eq!(picked(&world, "ordersx"), None);
    assert_eq!(picked(&world, ""), None);
}

#[test]
fn the_longest_keyword_wins_over_order_and_catch_all() {
    let mut world = World::agents();
    world.settings.rules = vec![
        rule("all", None, "support"),
        rule("orders", Some("ORDERS"), "support"),
        rule("late orders", Some("orders late"), "support"),
        rule("orders too", Some("Orders"), "support"),
    ];
    assert_eq!(
        picked(&world, "orders late since monday"),
        Some("late orders".into())
    );
    assert_eq!(picked(&world, "orders"), Some("orders".into()));
    assert_eq!(picked(&world, "hello"), Some("all".into()));
}

#[test]
fn dates_status_and_channel_count() {
    let mut world = World::agents();
    world.settings.rules[0].starts = Some(Timestamp(1_000));
    world.settings.rules[0].ends = Some(Timestamp(2_000));
    assert_eq!(picked(&world, "orders"), Some("orders".into()));
    world.now = Timestamp(2_000);
    assert_eq!(picked(&world, "orders"), None);
    world.now = Timestamp(999);
    assert_eq!(picked(&world, "orders"), None);
    world.now = Timestamp(1_000);
    world.settings.rules[0].active = false;
    assert_eq!(picked(&world, "orders"), None);
    world.settings.rules[0].active = true;
    world.settings.rules[0].channels = vec!["other".into()];
    assert_eq!(picked(&world, "orders"), None);
}

#[test]
fn a_message_without_a_rule_is_a_dead_letter_and_no_conversation() {
    let mut world = World::agents();
    assert_eq!(
        world.says("hello"),
        ["dead letter m1 of c1-0: hello (no rule fits this message)"]
    );
    assert!(world.customer.open.is_none());
    assert_eq!(world.customer.conversations, 0);
}

#[test]
fn keywords_inside_an_open_conversation_are_plain_text() {
    let mut world = World::chatting();
    assert_eq!(
        world.says("ORDERS again"),
        ["d1-1-5 to s1 text: ORDERS again"]
    );
}

#[test]
fn after_the_close_the_rules_run_again() {
    let mut world = World::chatting();
    world.ece("s1", completed());
    assert_eq!(
        world.says("thanks"),
        ["dead letter m2 of c1-0: thanks (no rule fits this message)"]
    );
    assert_eq!(
        world.says("orders 8"),
        [
            "d1-2-1 System: Thank you for contacting us.",
            "d1-2-2 open acme at support"
        ]
    );
}

#[test]
fn a_choice_outside_a_conversation_finds_its_postback_rule() {
    let mut world = World::agents();
    let mut postback = rule("menu", Some("menu-orders"), "support");
    postback.event = RuleEvent::Postback;
    world.settings.rules.push(postback);
    let chosen = Content::Chosen {
        id: "menu-orders".into(),
        title: "My orders".into(),
    };
    let rule = pick(
        &world.settings,
        &world.customer.channel,
        Trigger::Said(&chosen),
        world.now,
    );
    assert_eq!(rule.map(|rule| rule.name.as_str()), Some("menu"));
}

#[test]
fn opting_in_begins_a_conversation_where_a_rule_says_so() {
    let mut world = World::with(vec![bot_stage("hello")]);
    assert_eq!(world.does(Happening::OptedIn), Vec::<String>::new());
    world.settings.rules[0].event = RuleEvent::OptIn;
    world.settings.rules[0].keyword = None;
    assert_eq!(
        world.does(Happening::OptedIn),
        ["d1-1-1 ask hello e0 started"]
    );
}

#[test]
fn a_journey_that_is_gone_closes_with_a_dead_letter() {
    let mut world = World::agents();
    world.settings.journeys.clear();
    let effects = world.says("orders");
    assert!(
        effects[0].starts_with("dead letter m1 of c1-1: orders"),
        "{effects:?}"
    );
    assert!(world.customer.open.is_none());
    let journey = Journey {
        stages: vec![ece_stage()],
        on_unavailable: Policies::default(),
    };
    world.settings.journeys.insert("support".into(), journey);
    assert_eq!(world.says("orders").len(), 2);
}

#[test]
fn the_customers_language_picks_the_entry_point_and_the_texts() {
    let spanish = "¿Dónde está mi pedido? No ha llegado todavía.";
    let mut world = World::with(vec![by_language()]);
    world.settings.rules = vec![rule("all", None, "support")];
    let hola = Messages {
        chat_started: Some("Gracias.".into()),
        ..Messages::default()
    };
    world.integration().messages.insert("es".into(), hola);
    assert_eq!(
        world.says(spanish),
        ["d1-1-1 System: Gracias.", "d1-1-2 open acme at support-es"]
    );
    world.started(2, "s1");
    assert_eq!(
        world.ece("s1", assigned("Ann")),
        [
            "no timer answer",
            "d1-1-4 System: You are now chatting with Ann."
        ]
    );
}

#[test]
fn a_language_that_is_not_sure_goes_to_the_fallback() {
    let mut world = World::with(vec![by_language()]);
    world.settings.rules = vec![rule("all", None, "support")];
    assert_eq!(
        world.says("ok").last().unwrap(),
        "d1-1-2 open acme at support"
    );
}
