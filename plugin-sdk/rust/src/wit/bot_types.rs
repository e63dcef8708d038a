//! What bots hear and do, ours to theirs and back: `turns`.

use super::bot::exports::trunkline::plugin::turns as w;
use super::types::each;
use crate::bot as ours;
use crate::types::Message;

impl From<w::Event> for ours::Event {
    fn from(event: w::Event) -> Self {
        match event {
            w::Event::Started(w::Reason::Beginning) => Self::Started(ours::Reason::Beginning),
            w::Event::Started(w::Reason::After(outcome)) => {
                Self::Started(ours::Reason::After(outcome))
            }
            w::Event::Said(message) => Self::Said(Message {
                id: message.id,
                content: message.content.into(),
            }),
            w::Event::Timer(name) => Self::Timer(name),
            w::Event::Callback(bytes) => Self::Callback(bytes),
            w::Event::Queued => Self::Queued,
            w::Event::Accepted(agent) => Self::Accepted(agent),
            w::Event::Refused(reason) => Self::Refused(reason),
            w::Event::Expired => Self::Expired,
            w::Event::Returned => Self::Returned,
            w::Event::Closed(why) => Self::Closed(why),
        }
    }
}

impl From<w::Line> for ours::Line {
    fn from(line: w::Line) -> Self {
        let author = match line.author {
            w::Author::Customer => ours::Author::Customer,
            w::Author::Bot => ours::Author::Bot,
            w::Author::Agent => ours::Author::Agent,
            w::Author::System => ours::Author::System,
        };
        Self {
            author,
            text: line.text,
            at: line.at,
        }
    }
}

impl From<w::Context> for ours::Context {
    fn from(context: w::Context) -> Self {
        let w::Capabilities {
            text_max,
            choices,
            files,
            typing,
        } = context.capabilities;
        Self {
            conversation: context.conversation,
            reply_token: context.reply_token,
            channel: context.channel,
            plugin: context.plugin,
            capabilities: ours::Capabilities {
                text_max,
                choices,
                files,
                typing,
            },
            customer: context.customer,
            customer_name: context.customer_name,
            language: context.language,
            attributes: context.attributes,
            history: each(context.history),
        }
    }
}

impl From<w::State> for ours::State {
    fn from(state: w::State) -> Self {
        Self {
            version: state.version,
            bytes: state.bytes,
        }
    }
}

impl From<ours::State> for w::State {
    fn from(state: ours::State) -> Self {
        Self {
            version: state.version,
            bytes: state.bytes,
        }
    }
}

impl From<ours::Reply> for w::Reply {
    fn from(reply: ours::Reply) -> Self {
        match reply {
            ours::Reply::Text(text) => Self::Text(text),
            ours::Reply::Choices { text, options } => Self::Choices(w::Choices {
                text,
                options: each(options),
            }),
            ours::Reply::FileByUrl { url, name } => Self::FileByUrl((url, name)),
        }
    }
}

impl From<ours::Action> for w::Action {
    fn from(action: ours::Action) -> Self {
        match action {
            ours::Action::Reply(reply) => Self::Reply(reply.into()),
            ours::Action::Typing(on) => Self::Typing(on),
            ours::Action::SetAttributes(attributes) => Self::SetAttributes(attributes),
            ours::Action::OfferHandover(ours::Offer {
                entry_point,
                summary,
                expires_ms,
            }) => Self::OfferHandover(w::Offer {
                entry_point,
                summary,
                expires_ms,
            }),
            ours::Action::Wake { name, after_ms } => Self::Wake((name, after_ms)),
            ours::Action::Cancel(name) => Self::Cancel(name),
            ours::Action::Again(bytes) => Self::Again(bytes),
            ours::Action::Done => Self::Done,
            ours::Action::Close => Self::Close,
        }
    }
}

impl From<ours::Turn> for w::Turn {
    fn from(turn: ours::Turn) -> Self {
        Self {
            actions: each(turn.actions),
            state: turn.state.map(Into::into),
        }
    }
}

impl From<ours::BotError> for w::BotError {
    fn from(error: ours::BotError) -> Self {
        match error {
            ours::BotError::Again { after_ms, why } => Self::Again((after_ms, why)),
            ours::BotError::Failed(why) => Self::Failed(why),
        }
    }
}
