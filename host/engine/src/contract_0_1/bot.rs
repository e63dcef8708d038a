//! A bot's calls.

use serde::{Deserialize, Serialize};
use trunkline_core::customer::{Line, LineAuthor};
use trunkline_core::effect::AskBot;
use trunkline_core::event::{BotAction, BotEvent, BotState, BotTurn, Unavailable};
use trunkline_core::id::{ChannelName, EntryPointName, Epoch};
use trunkline_core::message::Message;
use trunkline_flow::ports::{Answer, BotCall, BotError, Request};
use wasmtime::Store;
use wasmtime::component::Instance;

use super::exports::turns;
use super::wit::trunkline::plugin::types;
use super::words::{self, Rejection, choices, wit_content, wit_request};
use super::{Call, Exports, need, recorded_request};
use crate::guest::Guest;

/// The history a bot gets is cut to this many lines; the contract says so.
const HISTORY_LINES_MAX: usize = 50;

/// One turn.
#[derive(Serialize, Deserialize)]
pub(crate) struct Turn {
    pub(crate) call: BotCall,
    pub(crate) reply_token: String,
    /// The plugin of the customer's channel.
    pub(crate) channel_plugin: String,
    pub(crate) capabilities: BotCapabilities,
}

/// What the customer's channel can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BotCapabilities {
    pub(crate) text_max: u32,
    pub(crate) choices: bool,
    pub(crate) files: bool,
    pub(crate) typing: bool,
}

impl Call for Turn {
    type Output = Result<BotTurn, BotError>;
    const EXPORT: &'static str = "on";
    const MAY_FETCH: bool = true;

    fn customers_channel(&self) -> Option<ChannelName> {
        Some(self.call.channel.clone())
    }

    fn gave_up(output: &Self::Output) -> bool {
        matches!(output, Err(BotError::Failed(_)))
    }

    fn run(
        &self,
        store: &mut Store<Guest>,
        instance: &Instance,
        exports: &Exports,
    ) -> wasmtime::Result<Self::Output> {
        let guest = need(&exports.turns, "turns")?.load(&mut *store, instance)?;
        let event = wit_event(self.call.ask.event.clone());
        let state = self.call.ask.state.clone().map(|state| turns::State {
            version: state.version,
            bytes: state.bytes,
        });
        let result = guest.call_on(&mut *store, &event, &self.context(), state.as_ref())?;
        let epoch = self.call.ask.epoch;
        Ok(result.map(|turn| bot_turn(turn, epoch)).map_err(bot_error))
    }
}

impl Turn {
    fn context(&self) -> turns::Context {
        let AskBot { context, .. } = &self.call.ask;
        let skipped = context.history.len().saturating_sub(HISTORY_LINES_MAX);
        turns::Context {
            conversation: self.call.conversation.to_string(),
            reply_token: self.reply_token.clone(),
            channel: self.call.channel.0.clone(),
            plugin: self.channel_plugin.clone(),
            capabilities: turns::Capabilities {
                text_max: self.capabilities.text_max,
                choices: self.capabilities.choices,
                files: self.capabilities.files,
                typing: self.capabilities.typing,
            },
            customer: self.call.conversation.customer.to_string(),
            customer_name: context.customer_name.clone(),
            language: context.language.as_ref().map(|tag| tag.0.clone()),
            attributes: context.attributes.clone(),
            history: context.history.iter().skip(skipped).map(wit_line).collect(),
        }
    }
}

fn wit_line(line: &Line) -> turns::Line {
    turns::Line {
        author: match line.author {
            LineAuthor::Customer => turns::Author::Customer,
            LineAuthor::Bot => turns::Author::Bot,
            LineAuthor::Agent => turns::Author::Agent,
            LineAuthor::System => turns::Author::System,
        },
        text: line.text.clone(),
        at: words::millis(line.at),
    }
}

fn wit_event(event: BotEvent) -> turns::Event {
    match event {
        BotEvent::Started(None) => turns::Event::Started(turns::Reason::Beginning),
        BotEvent::Started(Some(outcome)) => turns::Event::Started(turns::Reason::After(outcome)),
        BotEvent::Said(message) => turns::Event::Said(wit_message(message)),
        BotEvent::Timer(name) => turns::Event::Timer(name),
        BotEvent::Callback(bytes) => turns::Event::Callback(bytes),
        BotEvent::Queued => turns::Event::Queued,
        BotEvent::Accepted(agent) => turns::Event::Accepted(agent.unwrap_or_default()),
        BotEvent::Refused(why) => turns::Event::Refused(outcome_name(why).to_owned()),
        BotEvent::Expired => turns::Event::Expired,
        BotEvent::Returned => turns::Event::Returned,
        BotEvent::Closed(why) => turns::Event::Closed(why),
    }
}

fn wit_message(message: Message) -> types::Message {
    types::Message {
        id: message.key.0,
        content: wit_content(message.content),
    }
}

fn outcome_name(why: Unavailable) -> &'static str {
    match why {
        Unavailable::NoAgents => "no-agents",
        Unavailable::OutOfCapacity => "out-of-capacity",
        Unavailable::WaitTooLong => "wait-too-long",
        Unavailable::EntryPointDisabled => "entry-point-disabled",
        Unavailable::OffHours => "off-hours",
        Unavailable::Unreachable => "unreachable",
    }
}

fn bot_turn(turn: turns::Turn, epoch: Epoch) -> BotTurn {
    BotTurn {
        epoch,
        actions: turn.actions.into_iter().map(action).collect(),
        state: turn.state.map(|state| BotState {
            version: state.version,
            bytes: state.bytes,
        }),
    }
}

fn action(action: turns::Action) -> BotAction {
    match action {
        turns::Action::Reply(turns::Reply::Text(text)) => BotAction::Say(text),
        turns::Action::Reply(turns::Reply::Choices(offered)) => BotAction::Choices {
            text: offered.text,
            options: choices(offered.options),
        },
        turns::Action::Reply(turns::Reply::FileByUrl((url, name))) => {
            BotAction::FileByUrl { url, name }
        }
        turns::Action::Typing(on) => BotAction::Typing(on),
        turns::Action::SetAttributes(attributes) => BotAction::SetAttributes(attributes),
        turns::Action::OfferHandover(offer) => BotAction::OfferHandover {
            entry_point: offer.entry_point.map(EntryPointName),
            summary: offer.summary,
            expires_ms: offer.expires_ms.into(),
        },
        turns::Action::Wake((name, after_ms)) => BotAction::Wake {
            name,
            after_ms: after_ms.into(),
        },
        turns::Action::Cancel(name) => BotAction::Cancel(name),
        turns::Action::Again(bytes) => BotAction::Again(bytes),
        turns::Action::Done => BotAction::Done,
        turns::Action::Close => BotAction::Close,
    }
}

fn bot_error(error: turns::BotError) -> BotError {
    match error {
        turns::BotError::Again((wait_ms, text)) => BotError::Again {
            wait_ms: wait_ms.into(),
            text,
        },
        turns::BotError::Failed(text) => BotError::Failed(text),
    }
}

/// A callback of the bot's server.
#[derive(Serialize, Deserialize)]
pub(crate) struct BotReceive {
    #[serde(with = "recorded_request")]
    pub(crate) request: Request,
}

/// What the plugin made of a callback.
#[derive(Debug)]
pub(crate) struct BotReceived {
    pub(crate) answer: Answer,
    /// Reply token and bytes.
    pub(crate) callbacks: Vec<(String, Vec<u8>)>,
}

impl Call for BotReceive {
    type Output = Result<BotReceived, Rejection>;
    const EXPORT: &'static str = "receive";
    const MAY_FETCH: bool = false;

    fn run(
        &self,
        store: &mut Store<Guest>,
        instance: &Instance,
        exports: &Exports,
    ) -> wasmtime::Result<Self::Output> {
        let guest = need(&exports.callbacks, "callbacks")?.load(&mut *store, instance)?;
        let result = guest.call_receive(&mut *store, &wit_request(&self.request, None))?;
        Ok(result
            .map(|(answer, callbacks)| BotReceived {
                answer: words::answer(answer),
                callbacks,
            })
            .map_err(words::rejection))
    }
}
