use std::collections::BTreeMap;

use trunkline_core::event::Unavailable;
use trunkline_core::settings::{
    AcceptAgentFiles, Channel, EceStage, EntryPoint, Integration, Journey, Messages,
    PickEntryPoint, Policies, Policy, Rule, RuleEvent, Settings, Stage,
};

/// The welcome text.
pub const WELCOME: &str = "welcome";

/// Begins what a customer reads when an agent has come.
pub const JOINED: &str = "joined ";

/// The channel whose plugin can ask the provider what became of a message.
pub const PROBING: &str = "probing";

/// The channel whose provider cannot be asked.
pub const BLIND: &str = "blind";

/// The channel whose provider cannot be asked, echoes our names in its receipts, and whose plugin waits for these.
pub const ECHOING: &str = "echoing";

/// Longer than ECE takes to tell that an agent came, whatever goes wrong meanwhile.
const NOBODY_ANSWERS_MS: u64 = 1_200_000;

/// All channels: `blind` and `echoing` lead straight to agents, `probing` through a bot to agents to a survey.
pub fn settings() -> Settings {
    Settings {
        channels: [BLIND, PROBING, ECHOING]
            .into_iter()
            .map(|name| (name.into(), channel(name)))
            .collect(),
        integrations: BTreeMap::from([("acme".into(), integration())]),
        journeys: BTreeMap::from([
            ("direct".into(), journey(vec![agents()])),
            (
                "full".into(),
                journey(vec![
                    Stage::Bot("faq".into()),
                    agents(),
                    Stage::Bot("survey".into()),
                ]),
            ),
        ]),
        rules: vec![
            rule(BLIND, "direct"),
            rule(PROBING, "full"),
            rule(ECHOING, "direct"),
        ],
    }
}

/// How many configurations there are.
pub const CONFIGURATIONS: usize = 4;

/// What ECE's client says of one that is called otherwise by now.
pub const RENAMED: &str = "not configured";

/// What ECE is called in each of them.
pub fn integration_in(configuration: usize) -> &'static str {
    if configuration == 3 {
        "renamed"
    } else {
        "acme"
    }
}

/// The one of this number; 0 is `settings`. An operator goes from any to any while conversations are open.
pub fn configuration(number: usize) -> Settings {
    let mut settings = settings();
    match number {
        1 => {
            let policies = Policies {
                on: BTreeMap::from([
                    (Unavailable::NoAgents, Policy::Back),
                    (Unavailable::Unreachable, Policy::EntryPoint("other".into())),
                    (Unavailable::WaitTooLong, Policy::Discard),
                ]),
                then: Policy::Back,
                nobody_answers_ms: NOBODY_ANSWERS_MS,
                ..Policies::default()
            };
            for journey in settings.journeys.values_mut() {
                journey.on_unavailable = policies.clone();
            }
            for integration in settings.integrations.values_mut() {
                integration.accept_agent_files = AcceptAgentFiles::OnSend;
            }
        }
        // The journeys that were are no more.
        2 => {
            settings.journeys = BTreeMap::from([(
                "other".into(),
                journey(vec![agents(), Stage::Bot("survey".into())]),
            )]);
            for rule in &mut settings.rules {
                rule.journey = "other".into();
            }
        }
        // ECE is called otherwise: what was open in it under its old name is out of reach.
        3 => {
            let name = integration_in(number);
            let all = std::mem::take(&mut settings.integrations).into_values();
            settings.integrations = all.map(|one| (name.into(), one)).collect();
            let stages = settings.journeys.values_mut().flat_map(|j| &mut j.stages);
            for stage in stages {
                if let Stage::Ece(stage) = stage {
                    stage.integration = name.into();
                }
            }
        }
        _ => {}
    }
    settings
}

fn channel(plugin: &str) -> Channel {
    Channel {
        plugin: plugin.into(),
        confirms_opt_out: false,
        writing_opts_in: false,
        opt_out_text: Some("you will hear no more".to_owned()),
        stop_words: vec!["stop".to_owned()],
        start_words: vec!["start".to_owned()],
        choices: true,
        file_answers: false,
        shows_seen: false,
    }
}

fn integration() -> Integration {
    let messages = Messages {
        chat_started: Some(WELCOME.to_owned()),
        agent_assigned: Some(format!("{JOINED}{{{{ agent.name }}}}")),
        agent_closed_chat: Some("bye".to_owned()),
        chat_expired: Some("the chat expired".to_owned()),
        unavailable: BTreeMap::from([(Unavailable::NoAgents, "nobody is here".to_owned())]),
        ..Messages::default()
    };
    Integration {
        entry_points: ["support", "other"]
            .into_iter()
            .map(|name| (name.into(), EntryPoint::default()))
            .collect(),
        messages: BTreeMap::from([("default".to_owned(), messages)]),
        ..Integration::default()
    }
}

fn agents() -> Stage {
    Stage::Ece(EceStage {
        integration: "acme".into(),
        entry_point: PickEntryPoint::Fixed("support".into()),
        attributes: Vec::new(),
    })
}

fn journey(stages: Vec<Stage>) -> Journey {
    let on_unavailable = Policies {
        nobody_answers_ms: NOBODY_ANSWERS_MS,
        ..Policies::default()
    };
    Journey {
        stages,
        on_unavailable,
    }
}

fn rule(channel: &str, journey: &str) -> Rule {
    Rule {
        name: channel.to_owned(),
        channels: vec![channel.into()],
        event: RuleEvent::Message,
        keyword: None,
        starts: None,
        ends: None,
        active: true,
        journey: journey.into(),
    }
}
