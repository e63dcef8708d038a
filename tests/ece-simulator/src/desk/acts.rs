//! What agents do in a conversation, by script or by hand.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::ids::guid;
use crate::ledger::{CustomerFile, FileState, What};
use crate::script::Act;
use crate::variants::SenderUser;
use crate::wire::{CallbackMessage, Sender};

use super::{AgentFile, Desk, Effect};

/// An act that does not fit the conversation's state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// Take the id from the ledger.
    #[error("there is no conversation {0}")]
    UnknownConversation(String),
    /// Nothing can be done with it any more.
    #[error("the conversation is finished")]
    Finished,
    /// Pick it up first.
    #[error("no agent has the conversation: pick it up first")]
    NotPickedUp,
    /// It is not in the queue.
    #[error("agent {0} has the conversation already")]
    TakenBy(String),
    /// Take the name from the configuration.
    #[error("there is no agent {0}")]
    UnknownAgent(String),
    /// Sign one in, or name one.
    #[error("no agent with room is signed in and ready for entry point {0}")]
    NobodyCanTakeIt(u64),
    /// Take the id from the configuration.
    #[error("there is no entry point {0}")]
    UnknownEntryPoint(u64),
    /// The customer offered none, or it was answered already.
    #[error("the customer offers no such file")]
    NoSuchFile,
    /// The bytes of a file to send.
    #[error("the file's content is no base64")]
    NoBase64,
}

impl Desk {
    /// Does one thing in a conversation, and lets scripts answer what follows from it.
    pub(crate) fn act(&mut self, id: &str, act: &Act) -> Result<(), ActError> {
        let place = self
            .ledger
            .place(id)
            .ok_or_else(|| ActError::UnknownConversation(id.to_owned()))?;
        self.perform(place, act)?;
        self.assign_waiting();
        Ok(())
    }

    pub(super) fn perform(&mut self, place: usize, act: &Act) -> Result<(), ActError> {
        if self.ledger.conversations[place].is_finished() {
            return Err(ActError::Finished);
        }
        match act {
            Act::PickUp { agent } => return self.pick_up(place, agent.as_deref()),
            Act::CloseBySystem => {
                self.close_unassigned(place);
                return Ok(());
            }
            Act::Say { .. }
            | Act::StartTyping
            | Act::EndTyping
            | Act::TransferToAgent { .. }
            | Act::TransferToQueue { .. }
            | Act::TransferToDepartment { .. }
            | Act::PushPage { .. }
            | Act::AcceptFile { .. }
            | Act::RejectFile { .. }
            | Act::SendFile { .. }
            | Act::Complete => {}
        }
        let agent = self.conversations[place]
            .agent
            .ok_or(ActError::NotPickedUp)?;
        self.perform_as(place, agent, act)
    }

    fn perform_as(&mut self, place: usize, agent: usize, act: &Act) -> Result<(), ActError> {
        match act {
            Act::Say { text, html } => self.say(place, agent, text, *html),
            Act::StartTyping => self.type_to(place, agent, true),
            Act::EndTyping => self.type_to(place, agent, false),
            Act::TransferToAgent { agent: to } => return self.transfer_to_agent(place, to),
            Act::TransferToQueue { entry_point } => {
                return self.transfer_to_queue(place, *entry_point);
            }
            Act::TransferToDepartment { name } => self.transfer_to_department(place, name),
            Act::PushPage { url } => self.push_page(place, agent, url),
            Act::AcceptFile { name } => {
                return self.answer_file(place, agent, name.as_deref(), true);
            }
            Act::RejectFile { name } => {
                return self.answer_file(place, agent, name.as_deref(), false);
            }
            Act::SendFile {
                name,
                content_type,
                base64,
            } => {
                return self.send_file(place, agent, name, content_type, base64);
            }
            Act::Complete => self.complete(place, agent),
            // Handled by the caller: they need no agent.
            Act::PickUp { .. } | Act::CloseBySystem => {}
        }
        Ok(())
    }

    fn pick_up(&mut self, place: usize, name: Option<&str>) -> Result<(), ActError> {
        if let Some(agent) = self.conversations[place].agent {
            return Err(ActError::TakenBy(self.agents[agent].name.clone()));
        }
        let entry_point = self.ledger.conversations[place].entry_point;
        let agent = match name {
            Some(name) => self
                .agent_named(name)
                .ok_or_else(|| ActError::UnknownAgent(name.to_owned()))?,
            None => {
                let able = |agent: &super::Agent| {
                    agent.signed_in
                        && agent.ready
                        && agent.active < agent.capacity
                        && agent.entry_points.contains(&entry_point)
                };
                self.agents
                    .iter()
                    .position(able)
                    .ok_or(ActError::NobodyCanTakeIt(entry_point))?
            }
        };
        self.assign(place, agent);
        Ok(())
    }

    fn say(&mut self, place: usize, agent: usize, text: &str, html: bool) {
        let kind = if html { "text/html" } else { "text/plain" };
        let sender = self.sender(agent);
        self.call_back(place, kind.to_owned(), Some(text.to_owned()), sender);
    }

    fn type_to(&mut self, place: usize, agent: usize, typing: bool) {
        if !self.conversations[place].typing_wanted {
            return;
        }
        let names = &self.variants.type_names;
        let kind = if typing {
            names.start_typing.clone()
        } else {
            names.end_typing.clone()
        };
        let sender = self.sender(agent);
        self.call_back(place, kind, None, sender);
    }

    fn push_page(&mut self, place: usize, agent: usize, url: &str) {
        let sender = self.sender(agent);
        self.call_back(
            place,
            self.variants.type_names.page_push.clone(),
            Some(url.to_owned()),
            sender,
        );
    }

    fn transfer_to_agent(&mut self, place: usize, name: &str) -> Result<(), ActError> {
        let to = self
            .agent_named(name)
            .ok_or_else(|| ActError::UnknownAgent(name.to_owned()))?;
        let text = self
            .variants
            .texts
            .transfer_agent
            .replace("{0}", &self.agents[to].screen_name);
        self.tell_transfer(place, text, "agent");
        self.leave_agent(place);
        self.conversations[place].reserved_for = Some(to);
        self.enqueue(place);
        self.assign_waiting();
        Ok(())
    }

    fn transfer_to_queue(&mut self, place: usize, entry_point: u64) -> Result<(), ActError> {
        let Some(point) = self.entry_points.get(&entry_point) else {
            return Err(ActError::UnknownEntryPoint(entry_point));
        };
        let text = self
            .variants
            .texts
            .transfer_queue
            .replace("{0}", &point.config.name);
        self.tell_transfer(place, text, "queue");
        self.leave_agent(place);
        self.ledger.record(place).entry_point = entry_point;
        self.enqueue(place);
        self.assign_waiting();
        Ok(())
    }

    fn transfer_to_department(&mut self, place: usize, name: &str) {
        let text = self.variants.texts.transfer_department.replace("{0}", name);
        self.tell_transfer(place, text, "department");
        self.leave_agent(place);
        self.enqueue(place);
        self.assign_waiting();
    }

    fn tell_transfer(&mut self, place: usize, text: String, kind: &str) {
        let word = self.variants.type_names.transfer.clone();
        let id = &self.ledger.conversations[place].id;
        let mut message = CallbackMessage::new(id, word, Some(text), Sender::system());
        message.transfer_type = self.variants.transfer_type_member.then(|| kind.to_owned());
        self.emit(place, message);
    }

    fn answer_file(
        &mut self,
        place: usize,
        agent: usize,
        name: Option<&str>,
        takes: bool,
    ) -> Result<(), ActError> {
        let (seen, file) = self.offered(place, name).ok_or(ActError::NoSuchFile)?;
        file.state = if takes {
            FileState::Accepted
        } else {
            FileState::Rejected
        };
        let (name, url) = (file.name.clone(), file.url.clone());
        let (names, texts) = (&self.variants.type_names, &self.variants.texts);
        let (kind, text) = match takes {
            true => (names.accept_attachment.clone(), &texts.accepted),
            false => (names.reject_attachment.clone(), &texts.rejected),
        };
        let text = text
            .replace("{0}", &self.agents[agent].screen_name)
            .replace("{1}", &name);
        self.call_back(place, kind, Some(text), Sender::system());
        if takes {
            self.outbox.push(Effect::Fetch { place, seen, url });
        }
        Ok(())
    }

    /// The newest file still offered, of that name if one is given.
    fn offered(&mut self, place: usize, name: Option<&str>) -> Option<(usize, &mut CustomerFile)> {
        let seen = self.ledger.record(place).seen.iter_mut().enumerate().rev();
        let mut files = seen.filter_map(|(index, seen)| match &mut seen.what {
            What::File(file) => Some((index, file)),
            What::Text { .. }
            | What::TypingStarted
            | What::TypingStopped
            | What::FileAccepted { .. }
            | What::FileRejected { .. }
            | What::Note { .. } => None,
        });
        files.find(|(_, file)| {
            file.state == FileState::Offered && name.is_none_or(|name| name == file.name)
        })
    }

    fn send_file(
        &mut self,
        place: usize,
        agent: usize,
        name: &str,
        content_type: &str,
        base64: &str,
    ) -> Result<(), ActError> {
        let bytes = STANDARD.decode(base64).map_err(|_| ActError::NoBase64)?;
        let id = guid();
        let mut file =
            json!({"fileName": name, "contentType": content_type, "size": bytes.len().to_string()});
        file[self.variants.file_url_member.as_str()] = json!(format!("{}/{id}", self.file_base));
        let word = self.variants.type_names.upload_attachment.clone();
        let sender = self.sender(agent);
        let mut message =
            CallbackMessage::new(&self.ledger.conversations[place].id, word, None, sender);
        message.attach(&file);
        self.offers += 1;
        let file = AgentFile {
            place,
            number: self.offers,
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            bytes: bytes.into(),
            accepted: false,
        };
        self.files.insert(id, file);
        self.emit(place, message);
        Ok(())
    }

    fn complete(&mut self, place: usize, agent: usize) {
        let text = self
            .variants
            .texts
            .ended_by_agent
            .replace("{0}", &self.agents[agent].screen_name);
        self.finish(place, Some(text));
    }

    fn sender(&self, agent: usize) -> Sender {
        let (name, screen_name) = (&self.agents[agent].name, &self.agents[agent].screen_name);
        let (first, last) = screen_name.split_once(' ').unwrap_or((screen_name, ""));
        let id = (1001 + agent).to_string();
        let user: Option<Value> = match self.variants.sender_user {
            SenderUser::ScreenName => {
                Some(json!({"id": id, "screenName": screen_name, "userName": name}))
            }
            SenderUser::Name => Some(json!({"name": screen_name})),
            SenderUser::FirstLast => Some(json!({"firstName": first, "lastName": last})),
            SenderUser::Id => Some(json!({"id": id})),
            SenderUser::Absent => None,
        };
        Sender::user(user)
    }
}
