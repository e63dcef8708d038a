//! Bots.

use trunkline_core::effect::{AskBot, BotContext};
use trunkline_core::event::{BotAction, BotEvent, BotState};
use trunkline_core::id::{ConversationId, CustomerId, Epoch};
use trunkline_core::message::{Content, Message};
use trunkline_engine::Engine;
use trunkline_flow::ports::{BotCall, BotError, Plugins, Request};

use crate::guests::guest;
use crate::provider::Provider;
use crate::world::{NOW, World, leaving, post, user};

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
        unknown_onces: 0,
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

/// A bot whose server answers later, and another one on the same plugin.
async fn with_server(provider: &Provider) -> (World, Engine) {
    let mut world = World::new().file("calling-bot.wasm", &guest("calling-bot"));
    for bot in ["faq", "csat"] {
        let settings = format!("url = '{}'", provider.url());
        let calling = user("calling-bot", &settings);
        world.config.bots.insert(bot.into(), calling);
    }
    let engine = world.start().await;
    (world, engine)
}

/// What its server was posted.
fn posted(provider: &Provider) -> serde_json::Value {
    serde_json::from_slice(&provider.got()[0].body).unwrap()
}

fn called_back(token: &str) -> Request {
    post(&serde_json::json!({ "token": token, "text": "later" }).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bots_server_calls_back_by_the_token_it_was_given() {
    let provider = Provider::start().await;
    let (_world, engine) = with_server(&provider).await;
    let turn = engine.turn(heard("one", None), leaving().0).await.unwrap();
    assert_eq!(turn.actions, []);
    let posted = posted(&provider);
    assert_eq!(posted["text"], "one");
    let call = called_back(posted["token"].as_str().unwrap());
    let reception = engine.bot_receive(&"faq".into(), &call, NOW).await.unwrap();
    let conversation = heard("one", None).conversation;
    let expected = (conversation, Epoch(3), b"later".to_vec());
    assert_eq!(reception.callbacks, [expected]);
    let mut later = heard("", None);
    later.ask.event = BotEvent::Callback(b"later".to_vec());
    let turn = engine.turn(later, leaving().0).await.unwrap();
    assert_eq!(turn.actions, [BotAction::Say("later".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_bot_or_of_nobody_calls_no_conversation_back() {
    let provider = Provider::start().await;
    let (_world, engine) = with_server(&provider).await;
    engine.turn(heard("one", None), leaving().0).await.unwrap();
    let token = posted(&provider)["token"].as_str().unwrap().to_owned();
    for (bot, token) in [("csat", token.as_str()), ("faq", "c1-2.3"), ("faq", "")] {
        let call = called_back(token);
        let reception = engine.bot_receive(&bot.into(), &call, NOW).await.unwrap();
        assert_eq!(reception.callbacks, [], "{bot} {token}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_left_before_a_crash_is_not_made_again_and_the_bot_is_told() {
    let provider = Provider::start().await;
    let (_world, engine) = with_server(&provider).await;
    let mut again = heard("one", None);
    again.unknown_onces = 1;
    let turn = engine.turn(again, leaving().0).await.unwrap();
    let told = "I do not know whether my server heard that.";
    assert_eq!(turn.actions, [BotAction::Say(told.to_owned())]);
    assert_eq!(provider.got().len(), 0);
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
