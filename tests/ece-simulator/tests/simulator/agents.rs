//! Agents by script: the README's example is the script that is tested.

use ece_simulator::{Act, ActError, ConfigError, EceConfig, Phase, What};

use crate::world::{World, kinds};

/// The README's TOML.
fn readme() -> EceConfig {
    let text = include_str!("../../README.md");
    let (_, rest) = text.split_once("```toml\n").unwrap();
    EceConfig::from_toml(rest.split_once("```").unwrap().0).unwrap()
}

#[tokio::test]
async fn the_readmes_agents_do_what_their_script_says() {
    let mut config = readme();
    config.variants.typing = ece_simulator::variants::Typing::Always;
    let world = World::with(config).await;
    let id = world.start().await;
    for text in ["what is up", "Your SHOP please", "bye"] {
        world.send(&id, "text/plain", text).await;
    }
    let messages = world.edge.wait_for_messages(9).await;
    let expected = [
        ("assigned", "You are now chatting with Ann Lee"),
        ("text/plain", "Hello, this is Ann."),
        ("startTyping", ""),
        ("text/plain", "echo: what is up"),
        ("endTyping", ""),
        ("pagePush", "https://shop.example.com/"),
        ("text/plain", "Goodbye."),
        ("text/plain", "Have a nice day!"),
        ("complete", "Ann Lee has ended the chat"),
    ];
    assert_eq!(kinds(&messages), expected);
}

#[tokio::test]
async fn a_script_transfers_sends_files_and_answers_files() {
    let world = World::with(readme()).await;
    let id = world.start().await;
    world.offer_file(&id, "cat.png").await;
    world.offer_file(&id, "evil.EXE").await;
    world.send(&id, "text/plain", "about my invoice").await;
    world.send(&id, "acceptAttachment", "").await;
    let messages = world.edge.wait_for_messages(12).await;
    let expected = [
        ("assigned", "You are now chatting with Ann Lee"),
        ("text/plain", "Hello, this is Ann."),
        ("acceptAttachment", "Ann Lee accepted attachment cat.png"),
        ("text/plain", "Thank you for the file."),
        ("rejectAttachment", "Ann Lee rejected attachment evil.EXE"),
        ("text/plain", "My colleague will help you."),
        ("transfer", "You have been transferred to agent bob"),
        ("assigned", "You are now chatting with bob"),
        ("text/plain", "Bob here."),
        ("uploadAttachment", ""),
        ("transfer", "You have been transferred to queue billing"),
        // Nobody else serves billing, so bob gets it back.
        ("assigned", "You are now chatting with bob"),
    ];
    assert_eq!(kinds(&messages)[..12], expected);
}

#[tokio::test]
async fn a_conversation_waits_for_room_and_its_messages_are_answered_then() {
    let mut config = EceConfig::with_echo_agent();
    config.agents[0].capacity = 1;
    let world = World::with(config).await;
    let first = world.start().await;
    let second = world.start().await;
    world.send(&second, "text/plain", "anybody?").await;
    assert_eq!(
        world.ece.ledger().conversation(&second).unwrap().phase,
        Phase::Queued
    );
    world.ece.complete(&first).unwrap();
    let messages = world.edge.wait_for_messages(4).await;
    let own: Vec<_> = messages
        .into_iter()
        .filter(|message| message["conversation"]["id"] == second.as_str())
        .collect();
    assert_eq!(
        kinds(&own),
        [
            ("assigned", "You are now chatting with echo"),
            ("text/plain", "echo: anybody?")
        ]
    );
}

#[tokio::test]
async fn signing_in_takes_the_queue() {
    let mut config = EceConfig::with_echo_agent();
    config.agents[0].signed_in = false;
    config.variants.no_agent = ece_simulator::variants::NoAgent::Queue;
    let world = World::with(config).await;
    let id = world.start().await;
    world.ece.set_agent("echo", true, true);
    assert_eq!(
        world.ece.ledger().conversation(&id).unwrap().phase,
        Phase::WithAgent("echo".to_owned())
    );
}

#[tokio::test]
async fn agents_who_transfer_to_each_other_for_ever_are_stopped() {
    let text = r#"
        [[entry_points]]
        id = 1
        name = "x"
        [[agents]]
        name = "a"
        entry_points = [1]
        [[agents.script]]
        on = "assigned"
        transfer_to_agent = "b"
        [[agents]]
        name = "b"
        entry_points = [1]
        [[agents.script]]
        on = "assigned"
        transfer_to_agent = "a"
    "#;
    let world = World::with(EceConfig::from_toml(text).unwrap()).await;
    let body = world.start_body(1).await;
    assert_eq!(
        world.start_with("?anonymousCustomer=yes", &body).await.0,
        201
    );
    let ledger = world.ece.ledger();
    let last = &ledger.last().unwrap().seen.last().unwrap().what;
    assert!(
        matches!(last, What::Note { text } if text.starts_with("Scripts stopped")),
        "{last:?}"
    );
}

#[tokio::test]
async fn a_rule_marked_once_runs_once_and_a_late_one_later() {
    let text = r#"
        [[entry_points]]
        id = 1001
        name = "x"
        [[agents]]
        name = "a"
        entry_points = [1001]
        [[agents.script]]
        on = "message"
        once = true
        say = "first"
        [[agents.script]]
        on = "message"
        after_ms = 1
        say_html = "<b>late</b>"
        transfer_to_department = "sales"
    "#;
    let world = World::with(EceConfig::from_toml(text).unwrap()).await;
    let id = world.start().await;
    world.send(&id, "text/plain", "1").await;
    world.send(&id, "text/plain", "2").await;
    let messages = world.edge.wait_for_messages(5).await;
    let expected = [
        ("text/plain", "first"),
        ("text/html", "<b>late</b>"),
        ("transfer", "You have been transferred to department sales"),
        ("assigned", "You are now chatting with a"),
    ];
    assert_eq!(kinds(&messages)[1..], expected);
}

#[tokio::test]
async fn acts_that_do_not_fit_say_why() {
    let world = World::new().await;
    let id = world.start().await;
    assert_eq!(world.ece.say(&id, "x"), Err(ActError::NotPickedUp));
    assert_eq!(
        world.ece.say("none", "x"),
        Err(ActError::UnknownConversation("none".to_owned()))
    );
    assert_eq!(
        world.ece.pick_up(&id, "zoe"),
        Err(ActError::UnknownAgent("zoe".to_owned()))
    );
    world.ece.act(&id, &Act::PickUp { agent: None }).unwrap();
    assert_eq!(
        world.ece.pick_up(&id, "ann"),
        Err(ActError::TakenBy("ann".to_owned()))
    );
    assert_eq!(
        world.ece.act(&id, &Act::RejectFile { name: None }),
        Err(ActError::NoSuchFile)
    );
    assert_eq!(
        world.ece.act(&id, &Act::TransferToQueue { entry_point: 7 }),
        Err(ActError::UnknownEntryPoint(7))
    );
    world.ece.complete(&id).unwrap();
    assert_eq!(world.ece.say(&id, "x"), Err(ActError::Finished));
    let id = world.start().await;
    world.ece.set_agent("ann", false, true);
    assert_eq!(
        world.ece.act(&id, &Act::PickUp { agent: None }),
        Err(ActError::NobodyCanTakeIt(1001))
    );
}

#[test]
fn a_configuration_that_contradicts_itself_says_where() {
    let entry = "[[entry_points]]\nid = 1\nname = \"x\"\n";
    let agent = "[[agents]]\nname = \"a\"\nentry_points = [1]\n";
    let read = |text: String| EceConfig::from_toml(&text).unwrap_err();
    assert!(matches!(
        read("entry_points = []".to_owned()),
        ConfigError::NoEntryPoint
    ));
    assert!(matches!(
        read(format!("{entry}{entry}")),
        ConfigError::EntryPointTwice(1)
    ));
    assert!(matches!(
        read(format!("{entry}{agent}{agent}")),
        ConfigError::AgentTwice(_)
    ));
    assert!(matches!(
        read(format!("colour = 1\n{entry}")),
        ConfigError::Toml(_)
    ));
    let unknown = read("[[entry_points]]\nid = 2\nname = \"x\"\n".to_owned() + agent);
    assert!(matches!(
        unknown,
        ConfigError::UnknownEntryPoint { entry_point: 1, .. }
    ));
    for (rule, hint) in [
        ("on = \"message\"", "does nothing"),
        ("on = \"message\"\naccept = true", "on = \"attachment\""),
        (
            "on = \"attachment\"\naccept = true\nreject = true",
            "choose one",
        ),
        ("on = \"assigned\"\necho = true", "on = \"message\""),
    ] {
        let error = read(format!("{entry}{agent}[[agents.script]]\n{rule}\n"));
        assert!(
            error.to_string().contains("rule 1") && error.to_string().contains(hint),
            "{error}"
        );
    }
}
