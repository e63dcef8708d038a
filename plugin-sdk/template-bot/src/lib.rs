//! NAME as a bot: asks what it is about, and hands over to an agent whoever wants one or was not understood twice.

use serde_json::Value;
use trunkline_plugin::bot::{Action, Bot, BotError, Context, Event, Offer, Reason, Reply, State, Turn};
use trunkline_plugin::{Choice, Content, config};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::bot!(Desk);

/// As `state-version` in plugin.toml; raise both when an older state can no longer be read.
const STATE_VERSION: u32 = 1;

/// The plugin.
#[derive(Debug)]
pub struct Desk;

impl Bot for Desk {
    fn on(event: &Event, _: &Context, state: Option<&State>) -> Result<Turn, BotError> {
        Ok(match event {
            // The words that began the conversation come next, as `said`.
            Event::Started(Reason::Beginning) => Turn::default(),
            Event::Started(Reason::After(_)) | Event::Returned => turn(vec![menu(&setting("greeting"))], 1),
            Event::Said(message) => answer(&message.content, asked_before(state)),
            Event::Queued => vec![Action::say("An agent has been asked.")].into(),
            Event::Refused(_) | Event::Expired => turn(vec![menu("No agent is free now. What is it about?")], 1),
            // An agent has the customer now, or nobody has; and this bot asked for no timer and no callback.
            Event::Accepted(_) | Event::Closed(_) | Event::Timer(_) | Event::Callback(_) => Turn::default(),
        })
    }
}

fn answer(content: &Content, asked_before: u32) -> Turn {
    let wanted = match content {
        Content::Chosen { id, .. } => id.clone(),
        Content::Text(text) => text.trim().to_lowercase(),
        _ => String::new(),
    };
    match wanted.as_str() {
        "hours" => turn(vec![Action::say("We are open from 8 to 6."), menu("Anything else?")], 1),
        "agent" => hand_over("The customer wants an agent."),
        _ if asked_before == 0 => turn(vec![menu(&setting("greeting"))], 1),
        _ if asked_before == 1 => turn(vec![menu("I did not understand. What is it about?")], 2),
        _ => hand_over("The bot did not understand the customer."),
    }
}

/// The bot has the customer until an agent is assigned: `queued` says that the offer waits, `accepted` that it was taken.
fn hand_over(why: &str) -> Turn {
    let topic = ("topic".to_owned(), why.to_owned());
    let offer = Offer { summary: Some(why.to_owned()), ..Offer::default() };
    turn(vec![Action::SetAttributes(vec![topic]), Action::OfferHandover(offer)], 0)
}

/// Buttons where the channel has them, else numbered lines. What is answered to it comes back as the choice either way.
fn menu(question: &str) -> Action {
    let options = [("hours", "Opening hours"), ("agent", "Talk to somebody")].map(|(id, title)| Choice {
        id: id.to_owned(),
        title: title.to_owned(),
        description: None,
    });
    Action::Reply(Reply::Choices { text: question.to_owned(), options: options.to_vec() })
}

/// The state is kept together with what the turn does, or neither is.
fn turn(actions: Vec<Action>, asked: u32) -> Turn {
    Turn { actions, state: Some(State { version: STATE_VERSION, bytes: asked.to_string().into_bytes() }) }
}

/// How often the customer was asked without an answer that is known here.
fn asked_before(state: Option<&State>) -> u32 {
    let text = state.and_then(|state| std::str::from_utf8(&state.bytes).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn setting(name: &str) -> String {
    let all = config::settings::<Value>().unwrap_or_default();
    all[name].as_str().unwrap_or_default().to_owned()
}
