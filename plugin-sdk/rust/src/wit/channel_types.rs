//! What channels say and hear, ours to theirs and back: `happenings`, `receiving`, `sending`.

use super::channel::exports::trunkline::plugin::{receiving as wr, sending as wo};
use super::channel::trunkline::plugin::happenings as wh;
use super::types::each;
use crate::channel as ours;

impl From<ours::DeliveryName> for wh::DeliveryName {
    fn from(name: ours::DeliveryName) -> Self {
        match name {
            ours::DeliveryName::Ours(id) => Self::Ours(id),
            ours::DeliveryName::Provider(id) => Self::Provider(id),
            ours::DeliveryName::AllUntil(at) => Self::AllUntil(at),
        }
    }
}

impl From<wh::DeliveryName> for ours::DeliveryName {
    fn from(name: wh::DeliveryName) -> Self {
        match name {
            wh::DeliveryName::Ours(id) => Self::Ours(id),
            wh::DeliveryName::Provider(id) => Self::Provider(id),
            wh::DeliveryName::AllUntil(at) => Self::AllUntil(at),
        }
    }
}

impl From<ours::ReceiptState> for wh::ReceiptState {
    fn from(state: ours::ReceiptState) -> Self {
        match state {
            ours::ReceiptState::Accepted => Self::Accepted,
            ours::ReceiptState::Sent => Self::Sent,
            ours::ReceiptState::Delivered => Self::Delivered,
            ours::ReceiptState::Read => Self::Read,
            ours::ReceiptState::Failed => Self::Failed,
        }
    }
}

impl From<wh::ReceiptState> for ours::ReceiptState {
    fn from(state: wh::ReceiptState) -> Self {
        match state {
            wh::ReceiptState::Accepted => Self::Accepted,
            wh::ReceiptState::Sent => Self::Sent,
            wh::ReceiptState::Delivered => Self::Delivered,
            wh::ReceiptState::Read => Self::Read,
            wh::ReceiptState::Failed => Self::Failed,
        }
    }
}

impl From<ours::Receipt> for wh::Receipt {
    fn from(receipt: ours::Receipt) -> Self {
        let ours::Receipt {
            delivery,
            state,
            detail,
            opted_out,
        } = receipt;
        Self {
            delivery: delivery.into(),
            state: state.into(),
            detail,
            opted_out,
        }
    }
}

impl From<wh::Receipt> for ours::Receipt {
    fn from(receipt: wh::Receipt) -> Self {
        let wh::Receipt {
            delivery,
            state,
            detail,
            opted_out,
        } = receipt;
        Self {
            delivery: delivery.into(),
            state: state.into(),
            detail,
            opted_out,
        }
    }
}

impl From<ours::Happening> for wh::Happening {
    fn from(happening: ours::Happening) -> Self {
        match happening {
            ours::Happening::Said(content) => Self::Said(content.into()),
            ours::Happening::Edited { key, content } => Self::Edited((key, content.into())),
            ours::Happening::Withdrawn(key) => Self::Withdrawn(key),
            ours::Happening::Reacted { key, emoji } => Self::Reacted((key, emoji)),
            ours::Happening::Typing(on) => Self::Typing(on),
            ours::Happening::Receipt(receipt) => Self::Receipt(receipt.into()),
            ours::Happening::FileAnswer { delivery, accepted } => {
                Self::FileAnswer((delivery.into(), accepted))
            }
            ours::Happening::OptedOut(confirmed) => Self::OptedOut(confirmed),
            ours::Happening::OptedIn => Self::OptedIn,
            ours::Happening::Left => Self::Left,
            ours::Happening::Notice { code, text } => Self::Notice((code, text)),
        }
    }
}

impl From<wh::Happening> for ours::Happening {
    fn from(happening: wh::Happening) -> Self {
        match happening {
            wh::Happening::Said(content) => Self::Said(content.into()),
            wh::Happening::Edited((key, content)) => Self::Edited {
                key,
                content: content.into(),
            },
            wh::Happening::Withdrawn(key) => Self::Withdrawn(key),
            wh::Happening::Reacted((key, emoji)) => Self::Reacted { key, emoji },
            wh::Happening::Typing(on) => Self::Typing(on),
            wh::Happening::Receipt(receipt) => Self::Receipt(receipt.into()),
            wh::Happening::FileAnswer((delivery, accepted)) => Self::FileAnswer {
                delivery: delivery.into(),
                accepted,
            },
            wh::Happening::OptedOut(confirmed) => Self::OptedOut(confirmed),
            wh::Happening::OptedIn => Self::OptedIn,
            wh::Happening::Left => Self::Left,
            wh::Happening::Notice((code, text)) => Self::Notice { code, text },
        }
    }
}

impl From<ours::Event> for wh::Event {
    fn from(event: ours::Event) -> Self {
        let part = event.part.map(|part| wh::Part {
            group: part.group,
            index: part.index,
            total: part.total,
        });
        Self {
            key: event.key,
            at: event.at,
            account: event.account,
            customer: each(event.customer),
            name: event.name,
            locale: event.locale,
            attributes: event.attributes,
            readdressed: each(event.readdressed),
            happening: event.happening.into(),
            reply_to: event.reply_to,
            part,
            resolve: event.resolve,
            peer_changes: each(event.peer_changes),
        }
    }
}

impl From<wh::Event> for ours::Event {
    fn from(event: wh::Event) -> Self {
        let part = event.part.map(|part| ours::Part {
            group: part.group,
            index: part.index,
            total: part.total,
        });
        Self {
            key: event.key,
            at: event.at,
            account: event.account,
            customer: each(event.customer),
            name: event.name,
            locale: event.locale,
            attributes: event.attributes,
            readdressed: each(event.readdressed),
            happening: event.happening.into(),
            reply_to: event.reply_to,
            part,
            resolve: event.resolve,
            // The host has them already.
            peer_changes: Vec::new(),
        }
    }
}

impl From<ours::SocketAction> for wr::SocketAction {
    fn from(action: ours::SocketAction) -> Self {
        match action {
            ours::SocketAction::Attach { customer, after } => {
                Self::Attach((customer.into(), after))
            }
            ours::SocketAction::Detach => Self::Detach,
            ours::SocketAction::Acked(number) => Self::Acked(number),
            ours::SocketAction::Frames(frames) => Self::Frames(frames),
            ours::SocketAction::Upload {
                slot,
                name,
                content_type,
                size,
            } => Self::Upload((slot, name, content_type, size)),
        }
    }
}

impl From<ours::Reception> for wr::Reception {
    fn from(reception: ours::Reception) -> Self {
        Self {
            answer: reception.answer.into(),
            events: each(reception.events),
            peer_changes: each(reception.peer_changes),
            socket: each(reception.socket),
        }
    }
}

impl From<wo::File> for ours::File {
    fn from(file: wo::File) -> Self {
        let wo::File {
            handle,
            name,
            content_type,
            size,
            url,
            caption,
        } = file;
        Self {
            handle,
            name,
            content_type,
            size,
            url,
            caption,
        }
    }
}

impl From<wo::OutboundContent> for ours::OutboundContent {
    fn from(content: wo::OutboundContent) -> Self {
        match content {
            wo::OutboundContent::Text(text) => Self::Text(text),
            wo::OutboundContent::File(file) => Self::File(file.into()),
            wo::OutboundContent::Choices(choices) => Self::Choices {
                text: choices.text,
                options: each(choices.options),
            },
            wo::OutboundContent::Template(template) => {
                let wo::Template {
                    name,
                    locale,
                    values,
                } = template;
                Self::Template {
                    name,
                    locale,
                    values,
                }
            }
            wo::OutboundContent::Close => Self::Close,
            wo::OutboundContent::Typing(on) => Self::Typing(on),
            wo::OutboundContent::Seen(key) => Self::Seen(key),
        }
    }
}

impl From<wo::Author> for ours::Author {
    fn from(author: wo::Author) -> Self {
        match author {
            wo::Author::Agent => Self::Agent,
            wo::Author::Bot => Self::Bot,
            wo::Author::System => Self::System,
        }
    }
}

impl From<wo::Outbound> for ours::Outbound {
    fn from(message: wo::Outbound) -> Self {
        let wo::Outbound {
            delivery,
            seq,
            customer,
            content,
            author,
            author_name,
            attempt,
            rest,
        } = message;
        let attempt = ours::Attempt {
            number: attempt.number,
            unknown_since: attempt.unknown_since,
            taken: attempt.taken,
        };
        Self {
            delivery,
            seq,
            customer: each(customer),
            content: content.into(),
            author: author.into(),
            author_name,
            attempt,
            rest,
        }
    }
}

impl From<ours::Progress> for wo::Progress {
    fn from(progress: ours::Progress) -> Self {
        match progress {
            ours::Progress::All => Self::All,
            ours::Progress::Rest(rest) => Self::Rest(rest),
            ours::Progress::Wait(ms) => Self::Wait(ms),
            ours::Progress::NotApplicable => Self::NotApplicable,
        }
    }
}

impl From<ours::Sent> for wo::Sent {
    fn from(sent: ours::Sent) -> Self {
        Self {
            ids: sent.ids,
            progress: sent.progress.into(),
            peer_changes: each(sent.peer_changes),
        }
    }
}
