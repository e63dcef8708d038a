//! The smallest whole bot: says back what it hears. For tests.
//!
//! "agent" offers the conversation to an agent, "menu" three choices, "bye" ends the stage, "close" the conversation. It
//! counts the customer's messages in its state and says the number.

use trunkline_plugin::bot::{Action, Bot, BotError, Context, Event, Offer, Reply, State, Turn};
use trunkline_plugin::{Choice, Content};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::bot!(EchoBot);

const STATE_VERSION: u32 = 1;

/// The plugin.
#[derive(Debug)]
pub struct EchoBot;

impl Bot for EchoBot {
    fn on(event: &Event, _: &Context, state: Option<&State>) -> Result<Turn, BotError> {
        match event {
            Event::Started(_) => Ok(vec![Action::say("Hello, I am the echo.")].into()),
            Event::Said(message) => Ok(said(&message.content, state)),
            Event::Queued => Ok(vec![Action::say("An agent has been asked.")].into()),
            Event::Refused(reason) => Ok(vec![Action::say(format!("No agent: {reason}"))].into()),
            Event::Expired => Ok(vec![Action::say("No agent came.")].into()),
            Event::Returned => Ok(vec![Action::say("The echo is back.")].into()),
            Event::Timer(name) => Ok(vec![Action::say(format!("Timer {name}"))].into()),
            Event::Callback(bytes) => Ok(vec![Action::say(String::from_utf8_lossy(bytes))].into()),
            Event::Accepted(_) | Event::Closed(_) => Ok(Turn::default()),
        }
    }
}

fn said(content: &Content, state: Option<&State>) -> Turn {
    let count = state.and_then(count_in).unwrap_or(0) + 1;
    let actions = match content {
        Content::Text(text) => answers(text.trim(), count),
        Content::Chosen { id, title } => vec![Action::say(format!("{count}: {title} ({id})"))],
        Content::Attachment(_)
        | Content::Location(_)
        | Content::Described { .. }
        | Content::Unknown(_) => {
            vec![Action::say(format!("{count}: something that is no text"))]
        }
    };
    Turn {
        actions,
        state: Some(State {
            version: STATE_VERSION,
            bytes: count.to_string().into_bytes(),
        }),
    }
}

fn answers(text: &str, count: u64) -> Vec<Action> {
    match text {
        "agent" => vec![
            Action::say("I ask an agent."),
            Action::OfferHandover(Offer {
                summary: Some(format!("{count} messages")),
                ..Offer::default()
            }),
        ],
        "menu" => vec![Action::Reply(menu())],
        "bye" => vec![Action::say("Bye."), Action::Done],
        "close" => vec![Action::Close],
        text => vec![Action::say(format!("{count}: {text}"))],
    }
}

fn menu() -> Reply {
    let choice = |(id, title): (&str, &str)| Choice {
        id: id.to_owned(),
        title: title.to_owned(),
        description: None,
    };
    let options = [
        ("topic-order", "An order"),
        ("topic-return", "A return"),
        ("topic-other", "Something else"),
    ];
    Reply::Choices {
        text: "What is it about?".to_owned(),
        options: options.map(choice).to_vec(),
    }
}

fn count_in(state: &State) -> Option<u64> {
    std::str::from_utf8(&state.bytes).ok()?.parse().ok()
}
