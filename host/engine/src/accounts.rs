//! Which channel an event is for. One URL may serve several of the provider's accounts: the event
//! goes to the channel that has its account, the same plugin, and the same signing secret as the
//! channel that was called. Nobody's account is nobody's event.

use trunkline_core::id::ChannelName;
use trunkline_flow::ports::{PeerChange, ReceivedEvent};

use crate::config::User;
use crate::live::{Bound, Table};
use crate::secrets::SecretValues;

/// Gives each event its channel.
pub(crate) fn assign(
    table: &Table,
    called: &ChannelName,
    bound: &Bound,
    events: &mut [ReceivedEvent],
) {
    for event in events {
        event.channel = channel_of(table, called, bound, &event.account);
    }
}

fn channel_of(
    table: &Table,
    called: &ChannelName,
    bound: &Bound,
    account: &str,
) -> Option<ChannelName> {
    match &bound.account {
        Some(own) if !account.is_empty() && own != account => {
            let others = table.users.iter();
            let mut others = others.filter_map(|(user, other)| match (user, other) {
                (User::Channel(name), Ok(other)) if shares_url(bound, other) => Some((name, other)),
                (User::Channel(_) | User::Bot(_), _) => None,
            });
            let found = others.find(|(_, other)| other.account.as_deref() == Some(account));
            found.map(|(name, _)| name.clone())
        }
        Some(_) | None => Some(called.clone()),
    }
}

/// Same plugin, same signing secrets: whoever may speak for the one may speak for the other.
fn shares_url(one: &Bound, other: &Bound) -> bool {
    if one.plugin.manifest.name != other.plugin.manifest.name {
        return false;
    }
    let secrets = &one.plugin.manifest.secrets;
    let any_signs = secrets.iter().any(|secret| secret.signs);
    let mut signing = secrets.iter().filter(|secret| secret.signs || !any_signs);
    signing.all(|secret| value(one, &secret.name) == value(other, &secret.name))
}

fn value<'a>(bound: &'a Bound, name: &str) -> Option<&'a SecretValues> {
    bound.world.secrets.get(name).ok()
}

/// Gives the changes of a reception to the customer it is about. A reception about several
/// customers has no place for changes: false, and they are dropped.
pub(crate) fn attach_changes(events: &mut [ReceivedEvent], changes: Vec<PeerChange>) -> bool {
    if changes.is_empty() {
        return true;
    }
    let first = events
        .iter()
        .find_map(|event| event.customer.first())
        .cloned();
    let about_one = events
        .iter()
        .filter_map(|event| event.customer.first())
        .all(|customer| Some(customer) == first.as_ref());
    let carrier = events.iter_mut().find(|event| !event.customer.is_empty());
    match carrier {
        Some(event) if about_one => {
            event.peer_changes = changes;
            true
        }
        Some(_) | None => false,
    }
}
