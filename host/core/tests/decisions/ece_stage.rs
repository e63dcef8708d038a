//! What agents do, and what customers read of it.

use trunkline_core::effect::{Effect, Payload, SignalEffect};
use trunkline_core::event::*;
use trunkline_core::handle::signal;
use trunkline_core::id::*;
use trunkline_core::message::Content;

use crate::world::*;

#[test]
fn nobody_is_announced_before_ece_said_assigned() {
    let mut world = World::agents();
    world.says("orders");
    world.started(2, "s1");
    assert_eq!(
        world.ece("s1", agent_says("Hi")),
        ["no timer answer", "d1-1-4 Agent Ann: Hi"]
    );
    assert_eq!(
        world.ece("s1", assigned("Ann")),
        ["d1-1-5 System: You are now chatting with Ann."]
    );
}

#[test]
fn the_same_agent_is_announced_once() {
    let mut world = World::chatting();
    assert_eq!(world.ece("s1", assigned("Ann")), Vec::<String>::new());
    assert_eq!(
        world.ece("s1", assigned("Bob")),
        ["d1-1-5 System: You are now chatting with Bob."]
    );
}

#[test]
fn a_transfer_that_nobody_announced_is_announced_when_assigned() {
    let mut world = World::chatting();
    world
        .integration()
        .messages
        .get_mut("default")
        .unwrap()
        .agent_transfer_agent = None;
    let transfer = EceHappening::Transferred(Transfer::Agent(Some("Bob".into())));
    assert_eq!(world.ece("s1", transfer), Vec::<String>::new());
    assert_eq!(
        world.ece("s1", assigned("Bob")),
        ["d1-1-5 System: You are now chatting with Bob."]
    );
}

#[test]
fn names_that_ece_leaves_out_read_well() {
    let mut world = World::agents();
    world.says("orders");
    world.started(2, "s1");
    let nameless = EceHappening::Assigned { agent: None };
    assert_eq!(
        world.ece("s1", nameless),
        [
            "no timer answer",
            "d1-1-4 System: You are now chatting with an agent."
        ]
    );
    let queue = EceHappening::Transferred(Transfer::Queue(None));
    assert_eq!(
        world.ece("s1", queue),
        [
            "timer answer at 3601000",
            "d1-1-5 System: You are in the next queue."
        ]
    );
}

#[test]
fn without_a_text_a_pushed_page_is_its_address() {
    let mut world = World::chatting();
    world.integration().messages.clear();
    let page = EceHappening::PagePushed {
        url: "https://example.com".into(),
    };
    assert_eq!(
        world.ece("s1", page),
        ["d1-1-5 Agent Ann: https://example.com"]
    );
}

#[test]
fn texts_that_are_not_configured_are_not_sent() {
    let mut world = World::agents();
    world.integration().messages.clear();
    assert_eq!(world.says("orders"), ["d1-1-1 open acme at support"]);
    world.started(1, "s1");
    assert_eq!(world.ece("s1", assigned("Ann")), ["no timer answer"]);
    assert_eq!(world.ece("s1", completed()), ["d1-1-3 System: close"]);
}

#[test]
fn a_customer_who_leaves_ends_the_chat_without_another_word() {
    let mut world = World::chatting();
    assert_eq!(world.does(Happening::Left), ["d1-1-5 end s1"]);
    assert!(world.customer.open.is_none());
}

#[test]
fn what_an_agent_does_in_unknown_words_is_a_line_to_them_and_in_the_trace_without_the_words() {
    let mut world = World::chatting();
    assert_eq!(
        world.ece("s1", unknown("secret", true)),
        [
            r#"d1-1-5 to s1 note: [not shown to the customer, for "sneeze" is not known here: secret]"#
        ]
    );
    let trace = world.notes().join("\n");
    assert!(trace.contains("sneeze") && !trace.contains("secret"));
    let repeated = r#"[not shown to the customer, for "sneeze" is not known here: secret]"#;
    for nothing in [
        unknown(repeated, true),
        unknown("secret", false),
        unknown("", true),
    ] {
        assert_eq!(world.ece("s1", nothing), Vec::<String>::new());
    }
}

#[test]
fn what_ece_says_in_unknown_words_reaches_the_customer_where_a_message_says_so() {
    let mut world = World::chatting();
    let messages = &mut world.integration().messages;
    messages.get_mut("default").unwrap().unknown_event = Some("News: {{ text }}".into());
    assert_eq!(
        world.ece("s1", unknown("You are third.", false)),
        ["d1-1-5 System: News: You are third."]
    );
}

#[test]
fn a_file_without_an_address_is_refused_and_the_agent_told() {
    let mut world = World::chatting();
    let nowhere = RemoteFile {
        url: String::new(),
        ..remote("map.png")
    };
    assert_eq!(
        world.ece("s1", EceHappening::FileOffered(nowhere)),
        [
            "d1-1-5 to s1 reject: map.png",
            "d1-1-6 to s1 note: [not delivered: map.png: ECE names no address to fetch it from]",
        ]
    );
}

fn unknown(text: &str, by_agent: bool) -> EceHappening {
    EceHappening::Unknown {
        kind: "sneeze".into(),
        text: text.into(),
        by_agent,
    }
}

#[test]
fn an_agent_hears_when_their_words_do_not_arrive() {
    let mut world = World::chatting();
    world.ece("s1", agent_says("Hello"));
    assert_eq!(
        world.report(5, failed("no such number")),
        ["d1-1-6 to s1 note: [not delivered: no such number]"]
    );
    assert_eq!(world.report(5, failed("again")), Vec::<String>::new());
    assert_eq!(
        world.report(1, failed("a system message")),
        Vec::<String>::new()
    );
}

#[test]
fn a_receipt_that_says_failed_tells_the_agent_too() {
    let mut world = World::chatting();
    world.ece("s1", agent_says("Hello"));
    let conversation = ConversationId {
        customer: CustomerId(1),
        number: 1,
    };
    let receipt = |state| {
        Event::Receipt(Receipt {
            delivery: DeliveryName::Ours(DeliveryId {
                conversation,
                number: 5,
            }),
            state,
            detail: Some("handset off".into()),
            opted_out: false,
            at: Timestamp(0),
        })
    };
    assert_eq!(
        world.act(receipt(ReceiptState::Delivered)),
        Vec::<String>::new()
    );
    let told = world.act(receipt(ReceiptState::Failed));
    assert_eq!(
        told,
        [
            "dead letter d1-1-5: handset off",
            "d1-1-6 to s1 note: [not delivered: handset off]"
        ]
    );
    // Nobody is there to be told, and the words are kept all the same.
    world.ece("s1", completed());
    let late = world.act(receipt(ReceiptState::Failed));
    assert_eq!(late, ["dead letter d1-1-5: handset off"]);
}

#[test]
fn attributes_carry_what_is_known_of_the_customer() {
    let mut world = World::agents();
    world.integration().attributes = vec![
        ("mobile".into(), "$(sms.number)".into()),
        ("who".into(), "$(customer.name) via $(journey.name)".into()),
        ("empty".into(), "$(messenger.username)$(bot.csat)".into()),
    ];
    let profile = Profile {
        name: Some("Ada".into()),
        locale: None,
        attributes: vec![("number".into(), "+15550100".into())],
    };
    let happening = Happening::Said(Content::Text("orders".into()));
    let at = Timestamp(0);
    let event = ChannelEvent {
        key: "m1".into(),
        at,
        profile,
        happening,
        reply_to: None,
    };
    let effects = world.happens(Event::Channel(event));
    let Some(Effect::Deliver(delivery)) = effects.last() else {
        panic!("{effects:?}")
    };
    let Payload::OpenEce(open) = &delivery.payload else {
        panic!("{delivery:?}")
    };
    let wanted = [("mobile", "+15550100"), ("who", "Ada via support")];
    assert_eq!(
        open.attributes,
        wanted.map(|(n, v)| (n.to_owned(), v.to_owned()))
    );
    assert_eq!(open.customer_name.as_deref(), Some("Ada"));
    assert_eq!(open.subject, "orders");
}

#[test]
fn typing_goes_to_whoever_is_on_the_other_side() {
    let mut world = World::chatting();
    let settings = world.settings.clone();
    let towards = |world: &World, s: &Signal| signal(&settings, &world.customer, s);
    let to_agent = SignalEffect::TypingToEce {
        integration: "acme".into(),
        session: "s1".into(),
        on: true,
    };
    assert_eq!(
        towards(&world, &Signal::CustomerTyping(true)),
        Some(to_agent)
    );
    let agent = Signal::AgentTyping {
        session: "s1".into(),
        on: true,
    };
    assert_eq!(
        towards(&world, &agent),
        Some(SignalEffect::TypingToCustomer(true))
    );
    let stale = Signal::AgentTyping {
        session: "s0".into(),
        on: true,
    };
    assert_eq!(towards(&world, &stale), None);
    assert_eq!(
        towards(
            &world,
            &Signal::BotTyping {
                epoch: Epoch(0),
                on: true
            }
        ),
        None
    );
    world.does(Happening::OptedOut { confirmed: true });
    assert_eq!(towards(&world, &agent), None);
}

#[test]
fn each_stage_with_agents_has_its_own_end() {
    let mut world = World::with(vec![ece_stage(), bot_stage("csat"), ece_stage()]);
    world.says("orders");
    world.started(2, "s1");
    world.ece("s1", assigned("Ann"));
    assert_eq!(
        world.ece("s1", completed()),
        [
            "d1-1-5 System: The agent has closed the chat.",
            "d1-1-6 ask csat e1 started after completed",
        ]
    );
    world.answers(6, vec![BotAction::Done]);
    world.started(7, "s2");
    world.ece("s2", assigned("Bob"));
    let end = world.ece("s2", completed());
    assert!(
        end[0].ends_with("System: The agent has closed the chat."),
        "{end:?}"
    );
    assert_eq!(world.ece("s2", completed()), Vec::<String>::new());
}
