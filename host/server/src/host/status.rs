//! What the admin API, `/readyz` and `/metrics` tell, put together from what each part says of itself.

use std::collections::BTreeMap;

use trunkline_core::id::PluginName;
use trunkline_core::id::Timestamp;
use trunkline_ece::RefusedBy;
use trunkline_engine::{FileState, FileStatus, Refusal, Stage, User};
use trunkline_flow::Status;
use trunkline_flow::ports::{Clock, Scope};
use trunkline_store::Backlog;

use super::Host;
use crate::config::Config;
use crate::report::{
    Colour, ConfigurationReport, ConnectionReport, CountReport, EntryPointReport,
    IntegrationReport, LightReport, PluginReport, RecordingReport, RefusalReport, StatusReport,
};

impl Host {
    /// The whole report, with the lights as they were last read.
    pub async fn report(&self) -> StatusReport {
        let config = self.config();
        let waiting = self.waiting(&config).await;
        StatusReport {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started.0,
            configuration: self.configuration(),
            integrations: config
                .integrations
                .iter()
                .map(|(name, integration)| {
                    let read = self.board.integration(name);
                    let read =
                        read.unwrap_or_else(|| not_read(&name.0, &integration.ece.entry_points));
                    IntegrationReport {
                        refusals: self.ece().refusals(name).iter().map(refusal).collect(),
                        ..read
                    }
                })
                .collect(),
            channels: config
                .channels
                .iter()
                .map(|(name, channel)| {
                    let waiting = waiting.get(&Scope::Channel(name.clone()));
                    let user = User::Channel(name.clone());
                    self.connection(&user, &name.0, &channel.plugin, waiting)
                })
                .collect(),
            bots: config
                .bots
                .iter()
                .map(|(name, bot)| {
                    let waiting = waiting.get(&Scope::Bot(name.clone()));
                    let user = User::Bot(name.clone());
                    self.connection(&user, &name.0, &bot.plugin, waiting)
                })
                .collect(),
            plugins: self.plugins(),
            counts: self.counts().await,
            recording: self.recording(),
        }
    }

    /// Of which channels and bots every plugin call is kept now.
    pub fn recording(&self) -> Vec<RecordingReport> {
        let recording = self.engine().recording().into_iter();
        recording
            .map(|(user, until)| RecordingReport {
                of: user.table(),
                until: until.0,
            })
            .collect()
    }

    /// What waits now, and what happened since the start.
    async fn counts(&self) -> Vec<CountReport> {
        let mut all = match self.store().backlog().await {
            Ok(backlog) => waiting(&backlog, self.clock().now()),
            // A store that cannot be read says so elsewhere.
            Err(_) => Vec::new(),
        };
        all.extend(counts(&self.flow.status()));
        all
    }

    /// Every plugin file.
    pub fn plugins(&self) -> Vec<PluginReport> {
        let files = self.engine().status().files;
        files.into_iter().map(plugin).collect()
    }

    /// Calls that wait, by channel and bot. A store that cannot be read says so elsewhere.
    async fn waiting(&self, config: &Config) -> BTreeMap<Scope, u64> {
        let channels = config.channels.keys().cloned().map(Scope::Channel);
        let bots = config.bots.keys().cloned().map(Scope::Bot);
        let of = channels.chain(bots).collect();
        self.store().raw_waiting(of).await.unwrap_or_default()
    }

    /// Which configuration is in force.
    pub fn configuration(&self) -> ConfigurationReport {
        let in_force = self.read();
        ConfigurationReport {
            file: in_force.config.file.display().to_string(),
            in_force_since: in_force.since.0,
            refused: in_force.refused.clone(),
        }
    }

    /// What does not work, one line each; the host takes messages all the same.
    pub async fn problems(&self) -> Vec<String> {
        let report = self.report().await;
        let mut problems = Vec::new();
        if report.configuration.refused.is_some() {
            problems.push("the configuration file as it stands now was refused".to_owned());
        }
        for integration in &report.integrations {
            if let Some(why) = silent(integration) {
                problems.push(format!("ECE {}: {why}", integration.name));
            }
            let refusals = integration.refusals.iter();
            problems.extend(refusals.map(|one| format!("ECE {}: {}", integration.name, one.why)));
        }
        for connection in report.channels.iter().chain(&report.bots) {
            if connection.light.colour == Colour::Red {
                problems.push(format!("{}: {}", connection.name, connection.light.why));
            } else if let Some(waiting) = connection.waits_for_a_mended_plugin() {
                problems.push(format!("{}: {waiting}", connection.name));
            }
        }
        for plugin in &report.plugins {
            if let Some(reason) = &plugin.reason {
                let file = plugin.file.as_deref().unwrap_or(&plugin.name);
                problems.push(format!("plugin file {file} is {}: {reason}", plugin.state));
            }
        }
        problems
    }

    /// A channel or bot without a plugin is red, whatever was read before; so is one whose provider has refused its
    /// credentials since.
    fn connection(
        &self,
        user: &User,
        name: &str,
        plugin: &PluginName,
        waiting: Option<&u64>,
    ) -> ConnectionReport {
        let unserved = self.engine().status().unserved.remove(&user.table());
        let refused = match user {
            User::Channel(name) => self.engine().credentials_refused(name),
            User::Bot(_) => None,
        };
        let light = unserved.or(refused).map(red);
        let light = light.or_else(|| self.board.user(user));
        ConnectionReport {
            name: name.to_owned(),
            plugin: plugin.0.clone(),
            light: light.unwrap_or_else(unread),
            waiting: waiting.copied().unwrap_or_default(),
        }
    }
}

fn red(why: String) -> LightReport {
    LightReport {
        colour: Colour::Red,
        why,
    }
}

/// Why an ECE of which nothing is known is silent: nothing at all could be read.
pub(super) fn silent(integration: &IntegrationReport) -> Option<&str> {
    let lights = integration.entry_points.iter().flat_map(lights);
    let mut dark = None;
    for light in lights {
        match light.colour {
            Colour::Unknown => dark = Some(light.why.as_str()),
            Colour::Green | Colour::Red => return None,
        }
    }
    // Not read yet is no problem.
    dark.filter(|_| integration.read_at > 0)
}

fn lights(point: &EntryPointReport) -> [&LightReport; 4] {
    [&point.agent, &point.depth, &point.wait, &point.status]
}

fn unread() -> LightReport {
    LightReport {
        colour: Colour::Unknown,
        why: "not read yet".to_owned(),
    }
}

fn not_read<'a>(
    name: &str,
    points: impl IntoIterator<Item = (&'a trunkline_core::id::EntryPointName, &'a String)>,
) -> IntegrationReport {
    let points = points.into_iter().map(|(name, id)| EntryPointReport {
        name: name.0.clone(),
        id: id.clone(),
        agent: unread(),
        depth: unread(),
        wait: unread(),
        status: unread(),
    });
    IntegrationReport {
        name: name.to_owned(),
        read_at: 0,
        entry_points: points.collect(),
        refusals: Vec::new(),
    }
}

fn refusal(refused: &RefusedBy) -> RefusalReport {
    RefusalReport {
        what: refused.asked.word().to_owned(),
        why: refused.to_string(),
    }
}

fn plugin(file: FileStatus) -> PluginReport {
    let serving = file.serving.map(|serving| {
        let hash = short(&serving.sha256);
        format!("{} ({hash})", serving.version)
    });
    let instead = match &serving {
        Some(version) => format!("{version} serves instead"),
        None => "nothing serves instead".to_owned(),
    };
    // Of a second file of one name the first serves.
    let is_second =
        matches!(&file.state, FileState::Refused(refusal) if refusal.stage == Stage::Name);
    let instead = if is_second {
        "that file serves".to_owned()
    } else {
        instead
    };
    let (state, reason) = match file.state {
        FileState::Loading => ("loading", None),
        FileState::Live => ("live", None),
        FileState::Refused(refusal) => {
            let Refusal {
                reason, what_to_do, ..
            } = refusal;
            (
                "refused",
                Some(format!("{reason}; {what_to_do}; {instead}")),
            )
        }
        FileState::Quarantined { .. } => (
            "quarantined",
            Some(format!("it trapped too often; {instead}")),
        ),
    };
    PluginReport {
        name: file.plugin.unwrap_or_else(|| file.file.clone()),
        version: file.version,
        file: Some(file.file),
        hash: file.sha256,
        state: state.to_owned(),
        reason,
        serving,
        toml: file.paste,
    }
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn waiting(backlog: &Backlog, now: Timestamp) -> Vec<CountReport> {
    let oldest = backlog.oldest.map_or(0, |oldest| now.0 - oldest.0);
    let oldest_s = u64::try_from(oldest / 1000).unwrap_or(0);
    vec![
        count("waiting_for_customers", backlog.to_customers, true),
        count("waiting_for_ece", backlog.to_ece, true),
        count("waiting_for_bots", backlog.to_bots, true),
        count("waiting_files", backlog.files, true),
        count("oldest_waiting_seconds", oldest_s, true),
        count("dead_letters_open", backlog.dead_letters, true),
    ]
}

fn count(name: &str, value: u64, gauge: bool) -> CountReport {
    CountReport {
        name: name.to_owned(),
        value,
        gauge,
    }
}

fn counts(status: &Status) -> Vec<CountReport> {
    vec![
        count("customers_in_work", status.owners, true),
        count("customers_waiting", status.owners_waiting, true),
        count("events_accepted", status.accepted, false),
        count("events_duplicate", status.duplicates, false),
        count("events_parked", status.parked, false),
        count("calls_kept_raw", status.kept_raw, false),
        count("calls_refused", status.refused, false),
        count("events_stepped", status.stepped, false),
        count("delivered_to_customers", status.delivered_customer, false),
        count("delivered_to_ece", status.delivered_ece, false),
        count("delivered_to_bots", status.delivered_bot, false),
        count("files_fetched", status.delivered_files, false),
        count("dead_letters", status.dead, false),
        count("retries", status.retries, false),
        count("outcomes_unknown", status.unknown, false),
        count("signals_dropped", status.signals_dropped, false),
        count("sockets_open", status.sockets, true),
        count("socket_frames_in", status.frames_in, false),
        count("socket_frames_out", status.frames_out, false),
        count("files_uploaded", status.uploads, false),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(stage: Stage) -> String {
        let refusal = Refusal {
            stage,
            reason: "sms.wasm already provides plugin `sms`".to_owned(),
            what_to_do: "remove one of the two files".to_owned(),
        };
        let report = plugin(FileStatus {
            file: "copy.wasm".to_owned(),
            state: FileState::Refused(refusal),
            sha256: None,
            plugin: Some("sms".to_owned()),
            version: None,
            used_by: Vec::new(),
            serving: None,
            paste: None,
        });
        report.reason.unwrap_or_default()
    }

    #[test]
    fn a_second_file_of_a_name_is_not_said_to_leave_nothing_serving() {
        let second = refused(Stage::Name);
        assert!(second.ends_with("; that file serves"), "{second}");
        let broken = refused(Stage::Manifest);
        assert!(broken.ends_with("; nothing serves instead"), "{broken}");
    }
}
