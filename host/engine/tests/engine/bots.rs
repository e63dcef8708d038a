//! Bots.

use trunkline_core::effect::{AskBot, BotContext};
use trunkline_core::event::{BotAction, BotEvent, BotState};
use trunkline_core::id::{ConversationId, CustomerId, Epoch};
use trunkline_core::message::{Content, Message};
use trunkline_flow::ports::{BotCall, BotError, Plugins};

use crate::guests::guest;
use crate::world::{World, leaving, user};

fn heard(text: &str, state: Option<BotState>) -> BotCall {
    BotCall {
        ask: AskBot {
            bot: "faq".into(),
            epoch: Epoch(3),
            event: BotEvent::Said(Message {
                key: "m1".into(),
                content: Content::Text(text.to_owned()),
                reply_to: None,
            }),
            state,
            context: BotContext {
                customer_name: None,
                language: None,
                attributes: Vec::new(),
                history: Vec::new(),
            },
        },
        conversation: ConversationId {
            customer: CustomerId(1),
            number: 2,
        },
        channel: "test".into(),
        pinned: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_takes_state_in_and_gives_state_and_actions_out() {
    let mut world = World::new().file("echo-bot.wasm", &guest("echo-bot"));
    world.config.bots.insert("faq".into(), user("echo-bot", ""));
    let engine = world.start().await;
    assert_eq!(engine.state_version(&"faq".into()), Some(1));
    let first = engine.turn(heard("one", None), leaving().0).await.unwrap();
    assert_eq!(first.epoch, Epoch(3));
    let second = engine
        .turn(heard("two", first.state), leaving().0)
        .await
        .unwrap();
    assert_eq!(second.actions, [BotAction::Say("2: two".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_without_a_plugin_is_asked_again_later() {
    let mut world = World::new();
    world.config.bots.insert("faq".into(), user("echo-bot", ""));
    let engine = world.start().await;
    let error = engine
        .turn(heard("one", None), leaving().0)
        .await
        .unwrap_err();
    assert!(matches!(error, BotError::Again { .. }), "{error:?}");
}
