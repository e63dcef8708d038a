//! The lights of entry points (Z24 to Z27), channels and bots, read each minute and when asked (Z23).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::Notify;
use trunkline_core::id::{EntryPointName, IntegrationName, Timestamp};
use trunkline_ece::{Light, Lights};
use trunkline_engine::User;
use trunkline_flow::ports::{CheckedAccount, Clock, SendError};

use super::Host;
use super::status::silent;
use crate::report::{Colour, EntryPointReport, IntegrationReport, LightReport};

/// How old a light may get.
const EVERY: Duration = Duration::from_secs(60);

/// The last that was read.
#[derive(Debug, Default)]
pub(super) struct Board {
    integrations: Mutex<BTreeMap<IntegrationName, IntegrationReport>>,
    users: Mutex<BTreeMap<User, LightReport>>,
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

    /// The last light of a channel or bot.
    pub(super) fn user(&self, user: &User) -> Option<LightReport> {
        let users = self.users.lock();
        let users = users.unwrap_or_else(PoisonError::into_inner);
        users.get(user).cloned()
    }
}

/// Which channels and bots are asked whether all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// All: an operator wants to know, or something changed.
    All,
    /// Those that carried nothing for a while: the others show that they work.
    Quiet,
}

/// Reads all lights each minute until the host stops.
pub(super) async fn keep(host: Arc<Host>) {
    let mut asked = Asked::All;
    loop {
        tokio::select! {
            () = host.stopping.cancelled() => return,
            () = host.read_lights(asked) => {}
        }
        asked = tokio::select! {
            () = host.stopping.cancelled() => return,
            () = host.board.again.notified() => Asked::All,
            () = tokio::time::sleep(EVERY) => Asked::Quiet,
        };
    }
}

/// Whether a channel whose provider last took a message then has carried nothing for a while.
fn is_quiet(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_none_or(|last| u128::from(now.ms_since(last)) >= EVERY.as_millis())
}

impl Host {
    /// Reads all lights anew, at once.
    pub async fn refresh_lights(&self) {
        self.read_lights(Asked::All).await;
    }

    async fn read_lights(&self, asked: Asked) {
        let config = self.config();
        let integrations = config.integrations.iter().map(|(name, integration)| {
            let points = &integration.ece.entry_points;
            self.read_integration(name, points)
        });
        let channels = config.channels.keys().cloned().map(User::Channel);
        let bots = config.bots.keys().cloned().map(User::Bot);
        let users = channels.chain(bots);
        let users = users.map(|user| self.read_user(user, asked));
        let (integrations, users) = tokio::join!(join_all(integrations), join_all(users));
        let mut board = self
            .board
            .integrations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *board, integrations.into_iter().collect());
        for (name, now) in &*board {
            tell(
                &format!("ECE {name}"),
                before.get(name).map(silent),
                silent(now),
            );
        }
        drop(board);
        let mut board = self
            .board
            .users
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *board, users.into_iter().collect());
        for (user, now) in &*board {
            let before = before.get(user).map(fault);
            tell(&user.table(), before, fault(now));
        }
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
            refusals: Vec::new(),
        };
        (name.clone(), report)
    }

    async fn read_user(&self, user: User, asked: Asked) -> (User, LightReport) {
        if asked == Asked::Quiet && self.shows_that_it_works(&user) {
            let light = LightReport {
                colour: Colour::Green,
                why: "the provider took a message within the last minute".to_owned(),
            };
            return (user, light);
        }
        let light = match self.engine().check(&user).await {
            Ok(account) => account_light(account),
            Err(error) => failed_light(&error),
        };
        (user, light)
    }

    /// A bot's server takes nothing on its own: it is asked.
    fn shows_that_it_works(&self, user: &User) -> bool {
        match user {
            User::Channel(name) => !is_quiet(self.engine().last_taken(name), self.clock().now()),
            User::Bot(_) => false,
        }
    }
}

/// What is wrong with a channel or bot, if anything is known to be.
fn fault(light: &LightReport) -> Option<&str> {
    (light.colour != Colour::Green).then_some(light.why.as_str())
}

/// What an operator reads in the log when something begins or ends to be wrong; nothing while it stays as it is.
fn tell(of: &str, before: Option<Option<&str>>, now: Option<&str>) {
    match (before, now) {
        (None | Some(None), Some(why)) => {
            tracing::warn!(
                of,
                why,
                "does not work; nothing is lost, see `trunkline status`"
            );
        }
        (Some(Some(_)), None) => tracing::info!(of, "works again"),
        (None | Some(None), None) | (Some(Some(_)), Some(_)) => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_quiet_once_its_provider_took_nothing_for_a_minute() {
        let now = Timestamp(1_000_000);
        assert!(is_quiet(None, now));
        assert!(!is_quiet(Some(Timestamp(now.0 - 59_999)), now));
        assert!(is_quiet(Some(Timestamp(now.0 - 60_000)), now));
    }

    #[test]
    fn a_red_light_names_the_reason_and_trouble_on_the_way_is_no_red_light() {
        let revoked = failed_light(&SendError::Credentials("20003: Authenticate".to_owned()));
        assert_eq!(revoked.colour, Colour::Red);
        assert!(
            revoked.why.contains("20003: Authenticate"),
            "{}",
            revoked.why
        );
        let unreachable = failed_light(&SendError::Unknown("no answer".to_owned()));
        assert_eq!(unreachable.colour, Colour::Unknown);
    }
}
