//! What happens in ECE's conversation: agents come, write, push pages, offer files, and go.
//!
//! News of a session that is not the conversation's present one changes nothing (H4). News behind a
//! file that is still being fetched waits for it, so the customer sees things in the agent's order.

use crate::answer;
use crate::conversation::Fetching;
use crate::effect::{EceMessage, OutboundContent, Payload};
use crate::event::{EceEvent, EceHappening, RemoteFile, Transfer, Unavailable};
use crate::message::StoredFile;
use crate::messages::{self, Fill};
use crate::settings::AcceptAgentFiles;
use crate::step::{Step, Voice};

/// News that may wait behind a file. With more, the file is given up: news keeps its order (H3).
const WAITING_MAX: usize = 200;
/// Begins the line to an agent about something that is not known here. An ECE that repeats it is not told again.
const NOT_SHOWN: &str = "[not shown to the customer";
/// Files of agents that may wait for an answer of the customer or the provider.
const AGENT_FILES_MAX: usize = 50;

impl Step<'_> {
    /// ECE told something.
    pub(crate) fn ece_told(&mut self, event: EceEvent) {
        let present = self
            .talk
            .session_mut()
            .filter(|session| session.id == event.session);
        let Some(session) = present else {
            self.note(format!(
                "too late: news of ECE's conversation {}",
                event.session
            ));
            return;
        };
        if session.fetching.is_none() {
            self.ece_happened(event.happening);
            return;
        }
        session.waiting.push_back(event.happening);
        if session.waiting.len() > WAITING_MAX {
            self.give_up_file();
        }
    }

    /// Too much waits behind an agent's file.
    fn give_up_file(&mut self) {
        let session = self.talk.session_mut();
        if let Some(fetching) = session.and_then(|session| session.fetching.take()) {
            self.refuse_agent_file(fetching.file, "it took too long to fetch");
            self.catch_up_with_ece();
        }
    }

    fn ece_happened(&mut self, happening: EceHappening) {
        match happening {
            EceHappening::Assigned { agent } => self.agent_assigned(agent.as_deref()),
            EceHappening::Said { agent, text } => {
                // ECE itself speaks in a queue too, under no name.
                if agent.is_some() {
                    self.agent_acts();
                }
                self.agent_said(agent, text);
            }
            EceHappening::Transferred(to) => self.agent_transferred(&to),
            EceHappening::PagePushed { url } => {
                self.agent_acts();
                self.agent_pushed_page(&url);
            }
            EceHappening::FileOffered(file) => {
                self.agent_acts();
                self.agent_offered_file(file);
            }
            EceHappening::FileAccepted { name } => {
                self.agent_acts();
                self.say_about_file(|m| &m.agent_accepted_attachment, name.as_deref());
            }
            EceHappening::FileRejected { name } => {
                self.agent_acts();
                self.say_about_file(|m| &m.agent_rejected_attachment, name.as_deref());
            }
            EceHappening::Completed { by_agent } => self.ece_completed(by_agent),
            EceHappening::Unknown {
                kind,
                text,
                by_agent,
            } => self.ece_told_unknown(&kind, &text, by_agent),
        }
    }

    /// Whoever does something has it, even if ECE's word for "assigned" is not one that is known here.
    fn agent_acts(&mut self) {
        let waits = self
            .talk
            .session()
            .is_some_and(|session| !session.with_agent);
        if waits && !self.offer_is_open() {
            self.agent_is_here();
            self.show_seen();
        }
    }

    /// An agent has it now: that accepts an open offer.
    fn agent_assigned(&mut self, agent: Option<&str>) {
        if self.offer_is_open() {
            self.accept_offer(agent);
        }
        self.agent_is_here();
        let Some(session) = self.talk.session_mut() else {
            return;
        };
        let known = session.announced && session.agent.as_deref() == agent;
        session.announced = true;
        session.agent = agent.map(str::to_owned);
        if known {
            self.note("the same agent was assigned again");
        } else {
            self.say(|m| &m.agent_assigned, Fill::Agent(agent));
        }
        self.show_seen();
        self.release_held();
    }

    pub(crate) fn agent_said(&mut self, agent: Option<String>, text: String) {
        if text.is_empty() {
            self.note("ECE passed on an empty text");
            return;
        }
        self.tell_customer(Voice::agent(agent), OutboundContent::Text(text), false);
    }

    fn agent_transferred(&mut self, to: &Transfer) {
        let (told, agent) = match to {
            Transfer::Agent(name) => {
                let fill = Fill::Agent(name.as_deref());
                (
                    self.say(|m| &m.agent_transfer_agent, fill) && name.is_some(),
                    name.clone(),
                )
            }
            Transfer::Queue(name) => {
                self.agent_has_left();
                self.say(|m| &m.agent_transfer_queue, Fill::Queue(name.as_deref()));
                (false, None)
            }
        };
        if let Some(session) = self.talk.session_mut() {
            session.announced = told;
            session.agent = agent;
        }
    }

    /// The configured text, or the bare address.
    pub(crate) fn agent_pushed_page(&mut self, url: &str) {
        let language = self.language();
        let configured = self.integration().and_then(|integration| {
            messages::text(integration, language.as_ref(), |m| &m.page_push)
        });
        let voice = match configured {
            Some(_) => Voice {
                by_agent: true,
                ..Voice::system()
            },
            None => Voice::agent(
                self.talk
                    .session()
                    .and_then(|session| session.agent.clone()),
            ),
        };
        let text =
            configured.map_or_else(|| url.to_owned(), |t| messages::render(t, Fill::Url(url)));
        self.tell_customer(voice, OutboundContent::Text(text), false);
    }

    /// The customer reads of it what is configured; without that, an agent who did it reads that nobody did (H10).
    pub(crate) fn ece_told_unknown(&mut self, kind: &str, text: &str, by_agent: bool) {
        self.note(format!(
            "ECE told something this version does not know: {kind}"
        ));
        if text.trim().is_empty() {
            return;
        }
        let language = self.language();
        let configured = self.integration().and_then(|integration| {
            messages::text(integration, language.as_ref(), |m| &m.unknown_event)
        });
        if let Some(configured) = configured {
            let shown = messages::render(configured, Fill::Text(text));
            let voice = Voice {
                by_agent,
                ..Voice::system()
            };
            self.tell_customer(voice, OutboundContent::Text(shown), false);
        } else if by_agent && !text.starts_with(NOT_SHOWN) {
            let line = format!("{NOT_SHOWN}, for \"{kind}\" is not known here: {text}]");
            self.tell_agent(line);
        }
    }

    fn say_about_file(
        &mut self,
        which: fn(&crate::settings::Messages) -> &Option<String>,
        name: Option<&str>,
    ) {
        self.say(which, Fill::File(name.unwrap_or("your file")));
    }

    fn agent_offered_file(&mut self, file: RemoteFile) {
        if file.url.is_empty() {
            self.refuse_agent_file(file, "ECE names no address to fetch it from");
            return;
        }
        let Some(session) = self.talk.session().map(|session| session.id.clone()) else {
            return;
        };
        let integration = self.talk.ece.as_ref().map(|line| line.integration.clone());
        let fetch = Payload::FetchFromEce {
            integration,
            session: Some(session),
            file: file.clone(),
            again: false,
        };
        let number = self.deliver(fetch);
        if let Some(session) = self.talk.session_mut() {
            session.fetching = Some(Fetching { number, file });
        }
    }

    /// An agent's file is there, or cannot be had. Whether it was waited for.
    pub(crate) fn agent_file(&mut self, number: u32, file: &Result<StoredFile, String>) -> bool {
        let waits = |f: &mut Fetching| f.number == number;
        let session = self.talk.session_mut();
        let Some(fetching) = session.and_then(|s| s.fetching.take_if(waits)) else {
            return false;
        };
        match file {
            Ok(stored) => self.send_agent_file(stored.clone(), fetching.file),
            Err(reason) => self.refuse_agent_file(fetching.file, reason),
        }
        self.catch_up_with_ece();
        true
    }

    /// To one who opted out it is committed as an agent's words are: it dies before it leaves, and ECE is told then.
    fn send_agent_file(&mut self, stored: StoredFile, file: RemoteFile) {
        self.say(|m| &m.agent_uploaded_attachment, Fill::File(&stored.name));
        let agent = self
            .talk
            .session()
            .and_then(|session| session.agent.clone());
        let sent = self.tell_customer(Voice::agent(agent), OutboundContent::File(stored), true);
        if let Some(number) = sent {
            self.await_file_answer(number, file);
        }
    }

    fn await_file_answer(&mut self, number: u32, file: RemoteFile) {
        let on_send = self.accept_policy() == AcceptAgentFiles::OnSend;
        if on_send && !self.customer_answers_files() && !self.person.opted_out {
            self.tell_ece(EceMessage::AcceptFile(file));
            return;
        }
        self.talk.agent_files.insert(number, file);
        while self.talk.agent_files.len() > AGENT_FILES_MAX {
            self.talk.agent_files.pop_first();
        }
    }

    fn accept_policy(&self) -> AcceptAgentFiles {
        self.integration()
            .map(|integration| integration.accept_agent_files)
            .unwrap_or_default()
    }

    fn customer_answers_files(&self) -> bool {
        self.channel().is_some_and(|channel| channel.file_answers)
    }

    /// The provider took a delivery that carries an agent's file.
    pub(crate) fn agent_file_taken(&mut self, number: u32) {
        if self.customer_answers_files() {
            return;
        }
        let file = self.talk.agent_files.remove(&number);
        match (file, self.accept_policy()) {
            (Some(file), AcceptAgentFiles::OnDelivery | AcceptAgentFiles::OnSend) => {
                self.tell_ece(EceMessage::AcceptFile(file));
            }
            (Some(_), AcceptAgentFiles::Never) | (None, _) => {}
        }
    }

    fn refuse_agent_file(&mut self, file: RemoteFile, reason: &str) {
        self.note("an agent's file cannot be given to the customer");
        let line = format!("[not delivered: {}: {reason}]", file.name);
        self.tell_ece(EceMessage::RejectFile(file));
        self.tell_agent(line);
    }

    fn catch_up_with_ece(&mut self) {
        while !self.over {
            let Some(session) = self.talk.session_mut() else {
                return;
            };
            if session.fetching.is_some() {
                return;
            }
            let Some(happening) = session.waiting.pop_front() else {
                return;
            };
            self.ece_happened(happening);
        }
    }

    /// ECE ended it. Without an agent ever having had it, nobody was there: it is as if ECE had said so when it was asked, and
    /// what the customer said meanwhile waits with them.
    fn ece_completed(&mut self, by_agent: bool) {
        let was_assigned = self.talk.session().is_some_and(|session| session.assigned);
        self.note(if by_agent {
            "an agent completed it"
        } else {
            "ECE completed it"
        });
        if self.offer_is_open() {
            self.talk.ece = None;
            self.refuse_offer(Unavailable::NoAgents);
        } else if was_assigned {
            self.say(|m| &m.agent_closed_chat, Fill::Nothing);
            self.lose_unread();
            self.forget_line();
            self.next_stage("completed");
        } else {
            self.leave_queue();
            self.unavailable(Unavailable::NoAgents);
        }
    }

    /// It was over while the customer waited for another agent.
    fn lose_unread(&mut self) {
        for item in self.take_unread() {
            self.undeliverable(&item, "ECE ended its conversation before an agent had this");
        }
    }

    /// ECE has nothing left to end.
    fn forget_line(&mut self) {
        self.cancel_timers(answer::is_answer);
        self.talk.ece = None;
        self.talk.agent_files.clear();
    }
}
