//! What agents do in a conversation, by script or by hand.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::ids::guid;
use crate::ledger::{FileState, Told};
use crate::script::Act;
use crate::variants::SenderUser;
use crate::wire::Sender;

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
                let bytes = STANDARD.decode(base64).map_err(|_| ActError::NoBase64)?;
                self.send_file(place, agent, name, content_type, bytes.into());
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
        let told = if html { Told::Html } else { Told::Text };
        let sender = self.sender(agent);
        self.call_back(place, told, Some(text.to_owned()), sender);
    }

    fn type_to(&mut self, place: usize, agent: usize, typing: bool) {
        if !self.ledger.conversations[place].typing_reported {
            return;
        }
        let told = match typing {
            true => Told::TypingStarted,
            false => Told::TypingStopped,
        };
        let sender = self.sender(agent);
        self.call_back(place, told, None, sender);
    }

    fn push_page(&mut self, place: usize, agent: usize, url: &str) {
        let sender = self.sender(agent);
        self.call_back(place, Told::Page, Some(url.to_owned()), sender);
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
        self.ledger.record(place).reserved_for = Some(self.agents[to].name.clone());
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
        let told = Told::Transferred;
        let mut message = self.message(place, &told, Some(text), Sender::system());
        message.transfer_type = self.variants.transfer_type_member.then(|| kind.to_owned());
        self.emit(place, told, message);
    }

    /// Takes or refuses the file that arrived as this one.
    pub(crate) fn answer_file_at(
        &mut self,
        id: &str,
        arrival: u64,
        takes: bool,
    ) -> Result<(), ActError> {
        let (place, agent) = self.held(id)?;
        let record = &self.ledger.conversations[place];
        let seen = record.seen.iter().position(|seen| seen.arrival == arrival);
        self.decide_file(place, agent, seen.ok_or(ActError::NoSuchFile)?, takes)
    }

    fn answer_file(
        &mut self,
        place: usize,
        agent: usize,
        name: Option<&str>,
        takes: bool,
    ) -> Result<(), ActError> {
        let seen = self.offered(place, name).ok_or(ActError::NoSuchFile)?;
        self.decide_file(place, agent, seen, takes)
    }

    fn decide_file(
        &mut self,
        place: usize,
        agent: usize,
        seen: usize,
        takes: bool,
    ) -> Result<(), ActError> {
        let file = self.ledger.record(place).seen[seen].file_mut();
        let file = file
            .filter(|file| file.state == FileState::Offered)
            .ok_or(ActError::NoSuchFile)?;
        file.state = match takes {
            true => FileState::Accepted,
            false => FileState::Rejected,
        };
        let (name, url) = (file.name.clone(), file.url.clone());
        let texts = &self.variants.texts;
        let (told, text) = match takes {
            true => (Told::FileAccepted, &texts.accepted),
            false => (Told::FileRejected, &texts.rejected),
        };
        let text = text
            .replace("{0}", &self.agents[agent].screen_name)
            .replace("{1}", &name);
        self.call_back(place, told, Some(text), Sender::system());
        if takes {
            self.outbox.push(Effect::Fetch { place, seen, url });
        }
        Ok(())
    }

    /// The newest file still offered, of that name if one is given.
    fn offered(&self, place: usize, name: Option<&str>) -> Option<usize> {
        self.ledger.conversations[place]
            .seen
            .iter()
            .rposition(|seen| {
                seen.file().is_some_and(|file| {
                    file.state == FileState::Offered && name.is_none_or(|name| name == file.name)
                })
            })
    }

    fn send_file(
        &mut self,
        place: usize,
        agent: usize,
        name: &str,
        content_type: &str,
        bytes: Bytes,
    ) {
        let id = guid();
        let told = Told::File {
            id: id.clone(),
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            size: bytes.len(),
        };
        let mut file =
            json!({"fileName": name, "contentType": content_type, "size": bytes.len().to_string()});
        file[self.variants.file_url_member.as_str()] = json!(format!("{}/{id}", self.file_base));
        let sender = self.sender(agent);
        let mut message = self.message(place, &told, None, sender);
        message.attach(&file);
        self.offers += 1;
        let file = AgentFile {
            place,
            number: self.offers,
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            bytes,
            accepted: false,
        };
        self.files.insert(id, file);
        self.emit(place, told, message);
    }

    /// Sends a file without base64 around it.
    pub(crate) fn send_bytes(
        &mut self,
        id: &str,
        name: &str,
        content_type: &str,
        bytes: Bytes,
    ) -> Result<(), ActError> {
        let (place, agent) = self.held(id)?;
        self.send_file(place, agent, name, content_type, bytes);
        Ok(())
    }

    /// A conversation that an agent has.
    fn held(&self, id: &str) -> Result<(usize, usize), ActError> {
        let place = self
            .ledger
            .place(id)
            .ok_or_else(|| ActError::UnknownConversation(id.to_owned()))?;
        if self.ledger.conversations[place].is_finished() {
            return Err(ActError::Finished);
        }
        let agent = self.conversations[place].agent;
        Ok((place, agent.ok_or(ActError::NotPickedUp)?))
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
