//! What an agent does, as it comes back.

use ece_simulator::variants::SenderUser;
use ece_simulator::{Act, AgentConfig, CallbackFormat, EceConfig, PickUp};
use trunkline_core::event::{EceHappening, Transfer};
use trunkline_ece::{CallbackAuth, TransferPattern, TransferTo};

use crate::world::World;

fn two_agents() -> EceConfig {
    let agent = |name: &str, screen: &str| AgentConfig {
        pick_up: PickUp::Manual,
        screen_name: Some(screen.to_owned()),
        ..AgentConfig::new(name, &[1001, 1002])
    };
    EceConfig {
        agents: vec![agent("ann", "Ann Lee"), agent("bo", "Bo Fox")],
        ..EceConfig::default()
    }
}

fn name(name: &str) -> Option<String> {
    Some(name.to_owned())
}

#[tokio::test]
async fn a_whole_conversation_comes_back_in_order() {
    whole_conversation(CallbackFormat::Json, "Hi <b> & \u{1}👋\n").await;
}

#[tokio::test]
async fn a_whole_conversation_comes_back_in_xml() {
    // The stand-in's XML has no control characters.
    whole_conversation(CallbackFormat::Xml, "Hi <b> & \u{fffd}👋\n").await;
}

async fn whole_conversation(format: CallbackFormat, greeting: &str) {
    let mut world = World::with(two_agents(), |_| {}).await;
    world
        .sim
        .change_callback(|callback| callback.format = format);
    let session = world.opened().await;
    let id = session.as_str();
    let act = |act: Act| world.sim.act(id, &act).unwrap();
    world.sim.pick_up(id, "ann").unwrap();
    act(Act::Say {
        text: "Hi <b> & \u{1}👋\n".to_owned(),
        html: false,
    });
    act(Act::Say {
        text: "<p>See <a href=\"https://x.y\">this</a></p>".to_owned(),
        html: true,
    });
    act(Act::PushPage {
        url: "https://example.com/page".to_owned(),
    });
    act(Act::TransferToAgent {
        agent: "bo".to_owned(),
    });
    world.sim.pick_up(id, "bo").unwrap();
    act(Act::TransferToQueue { entry_point: 1002 });
    world.sim.pick_up(id, "ann").unwrap();
    act(Act::TransferToDepartment {
        name: "Billing".to_owned(),
    });
    world.sim.pick_up(id, "ann").unwrap();
    act(Act::Complete);
    let said = |text: &str| EceHappening::Said {
        agent: name("Ann Lee"),
        text: text.to_owned(),
    };
    let assigned = |agent: &str| EceHappening::Assigned { agent: name(agent) };
    for expected in [
        assigned("Ann Lee"),
        said(greeting),
        said("See this (https://x.y)"),
        EceHappening::PagePushed {
            url: "https://example.com/page".to_owned(),
        },
        EceHappening::Transferred(Transfer::Agent(name("Bo Fox"))),
        assigned("Bo Fox"),
        EceHappening::Transferred(Transfer::Queue(name("support-es"))),
        assigned("Ann Lee"),
        EceHappening::Transferred(Transfer::Queue(name("Billing"))),
        assigned("Ann Lee"),
        EceHappening::Completed { by_agent: true },
    ] {
        assert_eq!(world.happened().await, expected);
    }
}

#[tokio::test]
async fn the_agent_is_named_by_whatever_ece_tells() {
    for format in [CallbackFormat::Json, CallbackFormat::Xml] {
        the_agent_is_named_in(format).await;
    }
}

async fn the_agent_is_named_in(format: CallbackFormat) {
    for (variant, expected) in [
        (SenderUser::ScreenName, name("Ann Lee")),
        (SenderUser::Name, name("Ann Lee")),
        (SenderUser::FirstLast, name("Ann Lee")),
        (SenderUser::Id, name("1001")),
        (SenderUser::Absent, None),
    ] {
        let mut world = World::with(two_agents(), |_| {}).await;
        world
            .sim
            .change_callback(|callback| callback.format = format);
        world
            .sim
            .change_variants(|variants| variants.sender_user = variant);
        let session = world.opened().await;
        world.sim.pick_up(session.as_str(), "ann").unwrap();
        world.sim.say(session.as_str(), "hi").unwrap();
        // The text names the agent, whatever `sender.user` holds.
        let assigned = EceHappening::Assigned {
            agent: name("Ann Lee"),
        };
        assert_eq!(world.happened().await, assigned, "{variant:?}");
        let said = EceHappening::Said {
            agent: expected,
            text: "hi".to_owned(),
        };
        assert_eq!(world.happened().await, said, "{variant:?}");
    }
}

#[tokio::test]
async fn other_words_for_the_kinds_are_known() {
    let mut world = World::with(two_agents(), |_| {}).await;
    world.sim.change_variants(|variants| {
        variants.type_names.assigned = "agentPickup".to_owned();
        variants.type_names.transfer = "activityTransfer".to_owned();
        variants.type_names.page_push = "pagePushLink".to_owned();
        variants.type_names.complete = "conversation.end".to_owned();
    });
    let session = world.opened().await;
    let id = session.as_str();
    world.sim.pick_up(id, "ann").unwrap();
    world
        .sim
        .act(
            id,
            &Act::PushPage {
                url: "https://x.y/".to_owned(),
            },
        )
        .unwrap();
    world.sim.complete(id).unwrap();
    world.happened_assigned().await;
    assert_eq!(
        world.happened().await,
        EceHappening::PagePushed {
            url: "https://x.y/".to_owned()
        }
    );
    assert_eq!(
        world.happened().await,
        EceHappening::Completed { by_agent: true }
    );
}

#[tokio::test]
async fn localised_transfers_are_told_by_a_member_or_a_configured_text() {
    let pattern = TransferPattern {
        pattern: "^Übergabe an (?<name>.+)$".to_owned(),
        to: TransferTo::Agent,
    };
    let mut world = World::with(two_agents(), |config| {
        config.unknowns.transfer_patterns = vec![pattern];
    })
    .await;
    world.sim.change_variants(|variants| {
        variants.texts.transfer_agent = "Übergabe an {0}".to_owned();
        variants.texts.transfer_queue = "Zurück in die Warteschlange".to_owned();
    });
    let session = world.opened().await;
    let id = session.as_str();
    world.sim.pick_up(id, "ann").unwrap();
    world
        .sim
        .act(
            id,
            &Act::TransferToAgent {
                agent: "bo".to_owned(),
            },
        )
        .unwrap();
    world.sim.pick_up(id, "bo").unwrap();
    world
        .sim
        .act(id, &Act::TransferToQueue { entry_point: 1002 })
        .unwrap();
    world.sim.pick_up(id, "bo").unwrap();
    world.sim.change_variants(|variants| {
        variants.texts.transfer_agent = String::new();
        variants.transfer_type_member = true;
    });
    world
        .sim
        .act(
            id,
            &Act::TransferToAgent {
                agent: "ann".to_owned(),
            },
        )
        .unwrap();
    let mut transfers = Vec::new();
    while transfers.len() < 3 {
        if let EceHappening::Transferred(transfer) = world.happened().await {
            transfers.push(transfer);
        }
    }
    assert_eq!(
        transfers,
        [
            Transfer::Agent(name("Bo Fox")),
            Transfer::Queue(None),
            Transfer::Agent(None)
        ]
    );
}

#[tokio::test]
async fn an_end_by_the_system_is_none_by_an_agent() {
    let mut world = World::start().await;
    let session = world.opened().await;
    world
        .sim
        .act(session.as_str(), &Act::CloseBySystem)
        .unwrap();
    assert_eq!(
        world.happened().await,
        EceHappening::Completed { by_agent: false }
    );
}

#[tokio::test]
async fn callbacks_with_the_agreed_authorisation_are_let_in() {
    let basic = CallbackAuth::Basic {
        username: "ece".into(),
        password: "pass".into(),
    };
    let bearer = CallbackAuth::Bearer {
        token: "abc".into(),
    };
    for (ours, theirs) in [
        (
            basic,
            ece_simulator::CallbackAuth::Basic {
                username: "ece".to_owned(),
                password: "pass".to_owned(),
            },
        ),
        (
            bearer,
            ece_simulator::CallbackAuth::Bearer {
                token: "abc".to_owned(),
            },
        ),
    ] {
        let mut world = World::with(EceConfig::default(), |config| config.callback = ours).await;
        let session = world.opened().await;
        world.sim.pick_up(session.as_str(), "ann").unwrap();
        world
            .wait_for(|ledger| ledger.posts.iter().any(|post| post.status == 401))
            .await;
        world.sim.change_callback(|callback| callback.auth = theirs);
        world.happened_assigned().await;
    }
}
