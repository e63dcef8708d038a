//! ECE with its agents: takes a customer, assigns an agent, who answers some messages and closes after a while.

use rand::Rng;
use trunkline_core::effect::EceMessage;
use trunkline_core::event::{EceEvent, EceHappening, RemoteFile, Transfer, Unavailable};
use trunkline_core::id::{EceSession, IntegrationName, Timestamp};
use trunkline_flow::ports::{
    Clock, Download, Ece, EceError, EceSent, Leaving, OpenOutcome, Opening,
};

use crate::clock::SimClock;
use crate::configured::{RENAMED, integration_in};
use crate::provider::{slowly, some_file};
use crate::store::ece_words;
use crate::world::{Doing, Session, Shared, World};

/// ECE, as one life of the flow sees it.
#[derive(Debug, Clone)]
pub struct SimEce {
    shared: Shared,
    clock: SimClock,
}

impl SimEce {
    /// Over the world.
    pub fn new(shared: Shared, clock: SimClock) -> Self {
        Self { shared, clock }
    }

    async fn takes_a_while(&self) {
        let until = {
            let now = self.clock.now();
            self.shared.world().within(now, 300)
        };
        self.clock.sleep_until(until).await;
    }

    /// Whether it is configured under this name.
    fn serves(&self, integration: &IntegrationName) -> bool {
        let configuration = self.shared.world().configuration;
        integration.as_str() == integration_in(configuration)
    }

    fn failure(&self) -> Option<EceError> {
        let now = self.clock.now();
        let mut world = self.shared.world();
        let text = "not now".to_owned();
        if now < world.ece_gone_until {
            return Some(EceError::Unreachable(text));
        }
        let chance = world.faults.certain;
        if !world.happens(chance, now) {
            return None;
        }
        Some(match world.rng.random_range(0..3) {
            0 => EceError::Unreachable(text),
            1 => EceError::Throttled {
                wait_ms: 2_000,
                text,
            },
            _ => EceError::Credentials(text),
        })
    }

    /// Whether this call's outcome will be unknown, and whether it is taken.
    fn fate(&self) -> (bool, bool) {
        let now = self.clock.now();
        let mut world = self.shared.world();
        let chance = world.faults.unknown;
        let unknown = world.happens(chance, now);
        world.unknown += u64::from(unknown);
        let taken = !unknown || world.rng.random_bool(0.5);
        (unknown, taken)
    }

    async fn left(&self, leaving: &Leaving) -> Result<(), EceError> {
        let left = leaving.now(None).await;
        left.map_err(|error| EceError::Unreachable(error.to_string()))?;
        self.shared.may_crash(self.clock.now()).await;
        Ok(())
    }
}

impl Ece for SimEce {
    async fn open(&self, opening: Opening, leaving: Leaving) -> Result<OpenOutcome, EceError> {
        self.shared.may_crash(self.clock.now()).await;
        self.takes_a_while().await;
        if !self.serves(&opening.open.integration) {
            return Err(EceError::Refused(RENAMED.to_owned()));
        }
        if let Some(error) = self.failure() {
            return Err(error);
        }
        let now = self.clock.now();
        let chance = self.shared.world().faults.certain;
        if self.shared.happens(chance, now) {
            let text = "all agents are at lunch".to_owned();
            return Ok(OpenOutcome::Unavailable(Unavailable::NoAgents, text));
        }
        self.left(&leaving).await?;
        let (unknown, taken) = self.fate();
        let now = self.clock.now();
        let session = taken.then(|| {
            let customer = opening.customer.first().map(|a| a.value.clone());
            let name = opening.open.integration.clone();
            let customer = customer.unwrap_or_default();
            self.shared.world().begin(name, customer, now)
        });
        self.shared.may_crash(now).await;
        self.takes_a_while().await;
        match session {
            Some(session) if !unknown => Ok(OpenOutcome::Started(session)),
            Some(_) | None => Err(EceError::Unknown("no answer".to_owned())),
        }
    }

    async fn send(
        &self,
        integration: &IntegrationName,
        session: &EceSession,
        message: &EceMessage,
        _rest: Option<&[u8]>,
        leaving: Leaving,
    ) -> Result<EceSent, EceError> {
        self.shared.may_crash(self.clock.now()).await;
        self.takes_a_while().await;
        if !self.serves(integration) {
            return Err(EceError::Gone(RENAMED.to_owned()));
        }
        if let Some(error) = self.failure() {
            return Err(error);
        }
        let now = self.clock.now();
        let over = self
            .shared
            .world()
            .sessions
            .get(session)
            .is_none_or(|session| session.is_over(now));
        if over {
            return Err(EceError::Gone("it was closed".to_owned()));
        }
        self.left(&leaving).await?;
        let chance = self.shared.world().faults.refused;
        if self.shared.happens(chance, now) {
            return Err(EceError::Refused("it is too rude".to_owned()));
        }
        let (unknown, taken) = self.fate();
        let now = self.clock.now();
        if taken {
            self.shared.world().agent_gets(session, message, now);
        }
        self.shared.may_crash(now).await;
        self.takes_a_while().await;
        if unknown {
            return Err(EceError::Unknown("no answer".to_owned()));
        }
        Ok(EceSent::All)
    }

    async fn typing(
        &self,
        _integration: &IntegrationName,
        _session: &EceSession,
        _on: bool,
    ) -> Result<(), EceError> {
        Ok(())
    }

    async fn end(
        &self,
        integration: &IntegrationName,
        session: &EceSession,
    ) -> Result<(), EceError> {
        self.shared.may_crash(self.clock.now()).await;
        if !self.serves(integration) {
            return Ok(());
        }
        if let Some(error) = self.failure() {
            return Err(error);
        }
        let mut world = self.shared.world();
        if let Some(session) = world.sessions.get_mut(session) {
            session.ended = true;
            session.over = true;
            session.queue.clear();
        }
        Ok(())
    }

    async fn download(
        &self,
        integration: Option<&IntegrationName>,
        _file: &RemoteFile,
    ) -> Result<Download, EceError> {
        self.shared.may_crash(self.clock.now()).await;
        slowly(&self.shared, self.clock).await;
        if integration.is_some_and(|integration| !self.serves(integration)) {
            return Err(EceError::Refused(RENAMED.to_owned()));
        }
        match self.failure() {
            Some(error) => Err(error),
            None => Ok(some_file()),
        }
    }
}

impl World {
    /// A conversation in ECE begins: an agent comes, most of the time, and closes after some minutes.
    fn begin(
        &mut self,
        integration: IntegrationName,
        customer: String,
        now: Timestamp,
    ) -> EceSession {
        let id = EceSession(format!("s{}", self.sessions.len() + 1));
        let closes_at = now.plus_ms(self.rng.random_range(60_000..=600_000));
        let chance = self.faults.silent_end;
        let silent = self.happens(chance, now);
        let session = Session {
            silent,
            integration,
            customer,
            got: Vec::new(),
            queue: Vec::new(),
            calling: false,
            called: false,
            events: 0,
            closes_at,
            assigned: false,
            read: None,
            over: false,
            ended: false,
        };
        self.sessions.insert(id.clone(), session);
        let chance = self.faults.nobody;
        if self.happens(chance, now) {
            self.nobody_comes(&id, closes_at, silent);
            return id;
        }
        // Now and then callbacks come before the answer to the start.
        let quick = self.rng.random_bool(0.2);
        let comes = self.within(now, if quick { 100 } else { 30_000 });
        let agent = Some("Mia".to_owned());
        self.will_tell(&id, comes, EceHappening::Assigned { agent });
        for _ in 0..self.rng.random_range(0..3) {
            let at = self.within(comes, if quick { 100 } else { 60_000 });
            self.will_say(&id, at);
        }
        let chance = self.faults.transfers;
        if self.happens(chance, now) {
            self.transfers(&id, comes);
        }
        if !silent {
            let by_agent = true;
            self.will_tell(&id, closes_at, EceHappening::Completed { by_agent });
        }
        id
    }

    /// ECE ends it in the end, or leaves the customer in its queue for ever.
    fn nobody_comes(&mut self, id: &EceSession, closes_at: Timestamp, silent: bool) {
        if !silent && self.rng.random_bool(0.5) {
            let by_agent = false;
            self.will_tell(id, closes_at, EceHappening::Completed { by_agent });
        }
    }

    /// To a queue, out of which another agent may take the customer.
    fn transfers(&mut self, id: &EceSession, comes: Timestamp) {
        let at = self.within(comes.plus_ms(1_000), 120_000);
        let to = Transfer::Queue(None);
        self.will_tell(id, at, EceHappening::Transferred(to));
        if self.rng.random_bool(0.6) {
            let agent = Some("Bo".to_owned());
            let next = self.within(at.plus_ms(1_000), 120_000);
            self.will_tell(id, next, EceHappening::Assigned { agent });
        }
    }

    fn will_say(&mut self, id: &EceSession, at: Timestamp) {
        let (number, open) = match self.sessions.get(id) {
            Some(session) => (session.events, at < session.closes_at),
            None => return,
        };
        if !open {
            return;
        }
        let length = if self.rng.random_bool(0.2) {
            "long"
        } else {
            "short"
        };
        let chance = self.faults.agent_files;
        if self.happens(chance, at) {
            let file = RemoteFile {
                url: "https://ece.example.com/file".to_owned(),
                name: format!("{id}-a{number} file"),
                content_type: None,
                id: None,
            };
            self.will_tell(id, at, EceHappening::FileOffered(file));
            return;
        }
        let text = format!("{id}-a{number} {length}");
        let agent = Some("Mia".to_owned());
        self.will_tell(id, at, EceHappening::Said { agent, text });
    }

    fn will_tell(&mut self, id: &EceSession, at: Timestamp, happening: EceHappening) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        session.events += 1;
        let event = EceEvent {
            session: id.clone(),
            id: session.events.to_string(),
            at,
            happening,
        };
        let position = session.queue.partition_point(|(other, _)| *other <= at);
        // The first may be on its way already, and the clock may have been set back since.
        let position = position.max(usize::from(session.called));
        session.queue.insert(position, (at, event));
        self.plan(at, Doing::Callback(id.clone()));
    }

    fn agent_gets(&mut self, id: &EceSession, message: &EceMessage, now: Timestamp) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        session.got.push(ece_words(message));
        let assigned = session.assigned;
        if assigned && self.rng.random_bool(0.5) {
            let at = self.within(now, 20_000);
            self.will_say(id, at);
        }
    }
}
