//! One customer on one channel, a clock moved by hand, and settings to bend.

use trunkline_core::customer::Customer;
use trunkline_core::effect::{Delivery, Effect, Payload};
use trunkline_core::event::*;
use trunkline_core::handle::handle;
use trunkline_core::id::*;
use trunkline_core::message::*;
use trunkline_core::settings::*;

use crate::show;

pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) customer: Customer,
    pub(crate) now: Timestamp,
    pub(crate) everything: Vec<Effect>,
    said: u32,
}

impl World {
    /// A rule with keyword ORDERS sends customers of `acme-sms` on this journey.
    pub(crate) fn with(stages: Vec<Stage>) -> Self {
        let journey = Journey {
            stages,
            on_unavailable: Policies::default(),
        };
        let settings = Settings {
            channels: [("acme-sms".into(), sms())].into(),
            integrations: [("acme".into(), acme())].into(),
            journeys: [("support".into(), journey)].into(),
            rules: vec![rule("orders", Some("ORDERS"), "support")],
        };
        let customer = Customer::new(CustomerId(1), "acme-sms".into());
        Self {
            settings,
            customer,
            now: Timestamp(1_000),
            everything: Vec::new(),
            said: 0,
        }
    }

    /// Straight to the agents.
    pub(crate) fn agents() -> Self {
        Self::with(vec![ece_stage()])
    }

    /// Bot, agents, survey.
    pub(crate) fn bot_agents_survey() -> Self {
        Self::with(vec![bot_stage("faq"), ece_stage(), bot_stage("csat")])
    }

    /// Chatting with agent Ann; the next delivery is `d1-1-5`.
    pub(crate) fn chatting() -> Self {
        let mut world = Self::agents();
        world.says("ORDERS 7");
        world.started(2, "s1");
        world.ece("s1", assigned("Ann"));
        world
    }

    pub(crate) fn channel(&mut self) -> &mut Channel {
        self.settings
            .channels
            .get_mut(&ChannelName::from("acme-sms"))
            .unwrap()
    }

    pub(crate) fn integration(&mut self) -> &mut Integration {
        self.settings
            .integrations
            .get_mut(&IntegrationName::from("acme"))
            .unwrap()
    }

    pub(crate) fn policies(&mut self) -> &mut Policies {
        &mut self
            .settings
            .journeys
            .get_mut(&JourneyName::from("support"))
            .unwrap()
            .on_unavailable
    }

    pub(crate) fn happens(&mut self, event: Event) -> Vec<Effect> {
        let effects = handle(&self.settings, &mut self.customer, self.now, event);
        self.everything.extend(effects.clone());
        self.round_trip();
        effects
    }

    /// What the store does with a customer between any two events.
    fn round_trip(&mut self) {
        let json = serde_json::to_string(&self.customer).unwrap();
        let back: Customer = serde_json::from_str(&json).unwrap();
        assert_eq!(back, self.customer);
        self.customer = back;
    }

    pub(crate) fn act(&mut self, event: Event) -> Vec<String> {
        show::acts(&self.happens(event))
    }

    pub(crate) fn does(&mut self, happening: Happening) -> Vec<String> {
        self.said += 1;
        let key = EventKey(format!("m{}", self.said));
        let event = ChannelEvent {
            key,
            at: self.now,
            profile: Profile::default(),
            happening,
            reply_to: None,
        };
        self.act(Event::Channel(event))
    }

    pub(crate) fn says(&mut self, text: &str) -> Vec<String> {
        self.sends(Content::Text(text.to_owned()))
    }

    pub(crate) fn sends(&mut self, content: Content) -> Vec<String> {
        self.does(Happening::Said(content))
    }

    pub(crate) fn ece(&mut self, session: &str, happening: EceHappening) -> Vec<String> {
        let session = EceSession::from(session);
        let event = EceEvent {
            session,
            id: "1".into(),
            at: self.now,
            happening,
        };
        self.act(Event::Ece(event))
    }

    pub(crate) fn report(&mut self, number: u32, outcome: Outcome) -> Vec<String> {
        let conversation = self
            .customer
            .open
            .as_ref()
            .map_or(self.customer.conversations, |t| t.id.number);
        self.report_for(conversation, number, outcome)
    }

    pub(crate) fn report_for(
        &mut self,
        conversation: u32,
        number: u32,
        outcome: Outcome,
    ) -> Vec<String> {
        let conversation = ConversationId {
            customer: CustomerId(1),
            number: conversation,
        };
        let delivery = DeliveryId {
            conversation,
            number,
        };
        self.act(Event::Delivery(DeliveryReport { delivery, outcome }))
    }

    pub(crate) fn started(&mut self, number: u32, session: &str) -> Vec<String> {
        self.report(
            number,
            Outcome::Started {
                integration: Some("acme".into()),
                session: session.into(),
            },
        )
    }

    pub(crate) fn answers(&mut self, number: u32, actions: Vec<BotAction>) -> Vec<String> {
        let epoch = self.customer.open.as_ref().unwrap().epoch;
        self.report(
            number,
            Outcome::BotAnswered(BotTurn {
                epoch,
                actions,
                state: None,
            }),
        )
    }

    pub(crate) fn timer(&mut self, name: &str) -> Vec<String> {
        self.act(Event::Timer(name.into()))
    }

    pub(crate) fn after_ms(&mut self, ms: u64) -> &mut Self {
        self.now = self.now.plus_ms(ms);
        self
    }

    /// All that was asked of bots, in order.
    pub(crate) fn asked(&self) -> Vec<trunkline_core::effect::AskBot> {
        let mut asked = Vec::new();
        for effect in &self.everything {
            if let Effect::Deliver(Delivery {
                payload: Payload::AskBot(ask),
                ..
            }) = effect
            {
                asked.push(ask.clone());
            }
        }
        asked
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        let lines = show::all(&self.everything);
        lines
            .into_iter()
            .filter(|line| line.starts_with("note"))
            .collect()
    }
}

pub(crate) fn rule(name: &str, keyword: Option<&str>, journey: &str) -> Rule {
    Rule {
        name: name.into(),
        channels: vec!["acme-sms".into()],
        event: RuleEvent::Message,
        keyword: keyword.map(str::to_owned),
        starts: None,
        ends: None,
        active: true,
        journey: journey.into(),
    }
}

pub(crate) fn bot_stage(name: &str) -> Stage {
    Stage::Bot(name.into())
}

pub(crate) fn ece_stage() -> Stage {
    Stage::Ece(EceStage {
        integration: "acme".into(),
        entry_point: PickEntryPoint::Fixed("support".into()),
        attributes: vec![],
    })
}

pub(crate) fn by_language() -> Stage {
    Stage::Ece(EceStage {
        integration: "acme".into(),
        entry_point: PickEntryPoint::ByLanguage {
            fallback: "support".into(),
        },
        attributes: vec![],
    })
}

fn sms() -> Channel {
    Channel {
        plugin: "sms".into(),
        confirms_opt_out: false,
        writing_opts_in: false,
        opt_out_text: Some("You will get no more messages.".into()),
        stop_words: vec!["STOP".into()],
        start_words: vec!["START".into(), "YES".into()],
        choices: false,
        file_answers: false,
        shows_seen: false,
    }
}

fn acme() -> Integration {
    let spanish = EntryPoint {
        languages: vec!["es".into()],
        hours: None,
    };
    let entry_points = [
        ("support".into(), EntryPoint::default()),
        ("support-es".into(), spanish),
    ]
    .into();
    let messages = [("default".into(), texts())].into();
    Integration {
        entry_points,
        messages,
        ..Integration::default()
    }
}

fn texts() -> Messages {
    let text = |text: &str| Some(text.to_owned());
    Messages {
        chat_started: text("Thank you for contacting us."),
        agent_assigned: text("You are now chatting with {{ agent.name }}."),
        agent_transfer_queue: text("You are in the {{ queue.name }} queue."),
        agent_transfer_agent: text("You have been transferred to {{ agent.name }}."),
        agent_closed_chat: text("The agent has closed the chat."),
        agent_accepted_attachment: text("The agent has accepted {{ file.name }}."),
        agent_rejected_attachment: text("The agent has rejected {{ file.name }}."),
        agent_uploaded_attachment: text("The agent sends {{ file.name }}."),
        page_push: text("A page: {{ url }}"),
        unknown_event: None,
        chat_expired: text("Your chat has expired."),
        unavailable: [
            (Unavailable::NoAgents, "There are no agents.".to_owned()),
            (
                Unavailable::EntryPointDisabled,
                "This service is closed.".to_owned(),
            ),
        ]
        .into(),
    }
}

pub(crate) fn assigned(agent: &str) -> EceHappening {
    EceHappening::Assigned {
        agent: Some(agent.into()),
    }
}

pub(crate) fn agent_says(text: &str) -> EceHappening {
    EceHappening::Said {
        agent: Some("Ann".into()),
        text: text.into(),
    }
}

pub(crate) fn completed() -> EceHappening {
    EceHappening::Completed { by_agent: true }
}

pub(crate) fn photo(reference: &str, caption: Option<&str>) -> Content {
    Content::Attachment(Attachment {
        reference: reference.into(),
        name: Some(format!("{reference}.jpg")),
        content_type: None,
        size: None,
        caption: caption.map(str::to_owned),
    })
}

pub(crate) fn stored(name: &str) -> StoredFile {
    StoredFile {
        id: FileId(format!("f-{name}")),
        token: format!("t-{name}"),
        name: name.into(),
        content_type: "image/jpeg".into(),
        size: 7,
        sha256: "00".into(),
    }
}

pub(crate) fn remote(name: &str) -> RemoteFile {
    RemoteFile {
        url: format!("https://ece.example.com/{name}"),
        name: name.into(),
        content_type: None,
        id: None,
    }
}

pub(crate) fn failed(reason: &str) -> Outcome {
    Outcome::Failed {
        reason: reason.into(),
        uncertain: false,
        opted_out: false,
    }
}

pub(crate) fn offer() -> BotAction {
    BotAction::OfferHandover {
        entry_point: None,
        summary: Some("Wants a refund".into()),
        expires_ms: 60_000,
    }
}

pub(crate) fn say(text: &str) -> BotAction {
    BotAction::Say(text.into())
}
