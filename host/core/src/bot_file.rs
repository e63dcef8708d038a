//! Files in a bot's turn: what comes after one waits for it, and a customer who cannot get the file
//! gets its address (Z6).

use std::collections::VecDeque;

use crate::conversation::RestOfTurn;
use crate::effect::{OutboundContent, Payload};
use crate::event::{BotAction, RemoteFile};
use crate::message::{Attachment, Content, Message, StoredFile};
use crate::step::{Step, Voice};

impl Step<'_> {
    pub(crate) fn fetch_bot_file(&mut self, file: RemoteFile, actions: VecDeque<BotAction>) {
        let fetch = Payload::FetchFromEce {
            integration: None,
            session: None,
            file: file.clone(),
            again: false,
        };
        let number = self.deliver(fetch);
        if let Some(desk) = self.talk.desk_mut() {
            desk.rest = Some(RestOfTurn {
                number,
                file,
                actions,
            });
        }
    }

    /// A bot's file is there, or cannot be had: then the customer gets its address. Whether it was
    /// waited for.
    pub(crate) fn bot_file(&mut self, number: u32, file: &Result<StoredFile, String>) -> bool {
        let waits = |rest: &mut RestOfTurn| rest.number == number;
        let desk = self.talk.desk_mut();
        let Some(rest) = desk.and_then(|desk| desk.rest.take_if(waits)) else {
            return false;
        };
        match file {
            Ok(stored) => {
                self.tell_customer(Voice::bot(), OutboundContent::File(stored.clone()), false);
            }
            Err(_) => self.bot_said(link(&rest.file.name, &rest.file.url)),
        }
        self.carry_out(rest.actions);
        true
    }

    /// The conversation leaves the bot while its turn waits for a file: what it said is committed
    /// and goes out, the file as its address; what it asked for besides comes too late.
    pub(crate) fn send_rest_of_turn(&mut self) {
        let Some(rest) = self.talk.desk_mut().and_then(|desk| desk.rest.take()) else {
            return;
        };
        self.bot_said(link(&rest.file.name, &rest.file.url));
        for action in rest.actions {
            match action {
                BotAction::Say(_) | BotAction::Choices { .. } | BotAction::FileByUrl { .. } => {
                    self.act(action);
                }
                BotAction::SetAttributes(_) => self.act(action),
                BotAction::Typing(_)
                | BotAction::OfferHandover { .. }
                | BotAction::Wake { .. }
                | BotAction::Cancel(_)
                | BotAction::Again(_)
                | BotAction::Done
                | BotAction::Close => {}
            }
        }
    }
}

pub(crate) fn link(name: &str, url: &str) -> String {
    if name.is_empty() {
        url.to_owned()
    } else {
        format!("{name}: {url}")
    }
}

/// The file is in our keeping: bots learn what it is, and its token instead of the channel's word.
pub(crate) fn with_stored_file(message: Message, file: &StoredFile) -> Message {
    let caption = match &message.content {
        Content::Attachment(attachment) => attachment.caption.clone(),
        Content::Text(_)
        | Content::Location { .. }
        | Content::Chosen { .. }
        | Content::Described { .. }
        | Content::Unknown(_) => None,
    };
    let attachment = Attachment {
        reference: file.token.clone(),
        name: Some(file.name.clone()),
        content_type: Some(file.content_type.clone()),
        size: Some(file.size),
        caption,
    };
    Message {
        content: Content::Attachment(attachment),
        ..message
    }
}
