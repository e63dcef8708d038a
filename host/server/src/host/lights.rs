//! The lights of entry points (Z24 to Z27) and channels, read each minute and when asked (Z23).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::Notify;
use trunkline_core::id::{ChannelName, EntryPointName, IntegrationName};
use trunkline_ece::{Light, Lights};
use trunkline_engine::User;
use trunkline_flow::ports::{CheckedAccount, Clock, SendError};

use super::Host;
use crate::report::{Colour, EntryPointReport, IntegrationReport, LightReport};

/// How old a light may get.
const EVERY: Duration = Duration::from_secs(60);

/// The last that was read.
#[derive(Debug, Default)]
pub(super) struct Board {
    integrations: Mutex<BTreeMap<IntegrationName, IntegrationReport>>,
    channels: Mutex<BTreeMap<ChannelName, LightReport>>,
    again: Notify,
}

impl Board {
    /// Something changed that lights depend on.
    pub(super) fn read_soon(&self) {
        self.again.notify_one();
    }

    /// The last lights of an integration.
    pub(super) fn integration(&self, name: &IntegrationName) -> Option<IntegrationReport> {
        let integrations = self.integrations.lock();
        let integrations = integrations.unwrap_or_else(PoisonError::into_inner);
        integrations.get(name).cloned()
    }

    /// The last light of a channel.
    pub(super) fn channel(&self, name: &ChannelName) -> Option<LightReport> {
        let channels = self.channels.lock();
        let channels = channels.unwrap_or_else(PoisonError::into_inner);
        channels.get(name).cloned()
    }
}

/// Reads all lights each minute until the host stops.
pub(super) async fn keep(host: Arc<Host>) {
    loop {
        tokio::select! {
            () = host.stopping.cancelled() => return,
            () = host.refresh_lights() => {}
        }
        tokio::select! {
            () = host.stopping.cancelled() => return,
            () = host.board.again.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

impl Host {
    /// Reads all lights anew, at once.
    pub async fn refresh_lights(&self) {
        let config = self.config();
        let integrations = config.integrations.iter().map(|(name, integration)| {
            let points = &integration.ece.entry_points;
            self.read_integration(name, points)
        });
        let channels = config.channels.keys().map(|name| self.read_channel(name));
        let (integrations, channels) = tokio::join!(join_all(integrations), join_all(channels));
        let mut board = self
            .board
            .integrations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *board = integrations.into_iter().collect();
        drop(board);
        let mut board = self
            .board
            .channels
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *board = channels.into_iter().collect();
    }

    async fn read_integration(
        &self,
        name: &IntegrationName,
        points: &BTreeMap<EntryPointName, String>,
    ) -> (IntegrationName, IntegrationReport) {
        let read = points.iter().map(|(point, id)| async move {
            let lights = self.ece().status(name, point).await;
            entry_point(point, id, lights.map_err(|error| error.to_string()))
        });
        let entry_points = join_all(read).await;
        let report = IntegrationReport {
            name: name.0.clone(),
            read_at: self.clock().now().0,
            entry_points,
        };
        (name.clone(), report)
    }

    async fn read_channel(&self, name: &ChannelName) -> (ChannelName, LightReport) {
        let light = match self.engine().check(&User::Channel(name.clone())).await {
            Ok(account) => account_light(account),
            Err(error) => failed_light(&error),
        };
        (name.clone(), light)
    }
}

fn account_light(account: Option<CheckedAccount>) -> LightReport {
    let why = match account {
        Some(account) => {
            let name = account.name.map_or(account.id.clone(), |name| {
                format!("{name} ({})", account.id)
            });
            let warnings = account.warnings.into_iter();
            std::iter::once(name)
                .chain(warnings)
                .collect::<Vec<_>>()
                .join("; ")
        }
        None => "live; its plugin has no check".to_owned(),
    };
    LightReport {
        colour: Colour::Green,
        why,
    }
}

/// A provider that cannot be asked now says nothing about the channel.
fn failed_light(error: &SendError) -> LightReport {
    let colour = match error {
        SendError::Again { .. } | SendError::Throttled { .. } | SendError::Unknown(_) => {
            Colour::Unknown
        }
        SendError::Refused(_)
        | SendError::OptedOut(_)
        | SendError::Credentials(_)
        | SendError::Plugin(_)
        | SendError::NoPlugin(_)
        | SendError::Store(_) => Colour::Red,
    };
    LightReport {
        colour,
        why: error.to_string(),
    }
}

fn entry_point(
    name: &EntryPointName,
    id: &str,
    lights: Result<Lights, String>,
) -> EntryPointReport {
    let unknown = |why: &str| LightReport {
        colour: Colour::Unknown,
        why: why.to_owned(),
    };
    let [agent, depth, wait, status] = match lights {
        Ok(lights) => [lights.agent, lights.depth, lights.wait, lights.status].map(light),
        Err(why) => [(); 4].map(|()| unknown(&why)),
    };
    EntryPointReport {
        name: name.0.clone(),
        id: id.to_owned(),
        agent,
        depth,
        wait,
        status,
    }
}

fn light(light: Light) -> LightReport {
    LightReport {
        colour: match light.state {
            trunkline_ece::Colour::Green => Colour::Green,
            trunkline_ece::Colour::Red => Colour::Red,
            trunkline_ece::Colour::Unknown => Colour::Unknown,
        },
        why: light.why,
    }
}
