//! Which channel an event is for. One URL may serve several of the provider's accounts: the event
//! goes to the channel that has its account, the same plugin, and the same signing secret as the
//! channel that was called. Nobody's account is nobody's event.

use trunkline_core::id::ChannelName;
use trunkline_flow::ports::{PeerChange, ReceivedEvent};

use crate::config::User;
use crate::live::{Bound, Table};
use crate::secrets::SecretSource;

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

fn value<'a>(bound: &'a Bound, name: &str) -> Option<&'a SecretSource> {
    bound.world.secrets.source(name)
}

/// Gives the changes of a reception to the customer it is about, behind those that the events have
/// themselves. Nobody can tell whose they are when it is about several: false, and they are dropped.
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
            event.peer_changes.extend(changes);
            true
        }
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use trunkline_core::event::Profile;
    use trunkline_core::id::Timestamp;
    use trunkline_core::message::Address;
    use trunkline_flow::ports::ReceivedHappening;

    use super::*;

    fn change(key: &str) -> PeerChange {
        PeerChange {
            key: key.to_owned(),
            value: Some("1".to_owned()),
            at: Timestamp(1),
        }
    }

    /// Typing, of this customer, with a change of its own.
    fn event(who: &str) -> ReceivedEvent {
        ReceivedEvent {
            channel: None,
            account: String::new(),
            key: who.into(),
            at: Timestamp(1),
            customer: vec![Address {
                kind: "phone".to_owned(),
                value: who.to_owned(),
            }],
            readdressed: Vec::new(),
            profile: Profile::default(),
            happening: ReceivedHappening::Typing(true),
            reply_to: None,
            part: None,
            resolve: None,
            peer_changes: vec![change(who)],
        }
    }

    #[test]
    fn changes_of_a_call_about_one_customer_come_behind_those_of_its_event() {
        let mut events = [event("anna")];
        assert!(attach_changes(&mut events, vec![change("call")]));
        assert_eq!(events[0].peer_changes, [change("anna"), change("call")]);
    }

    #[test]
    fn a_call_about_several_customers_loses_its_own_changes_and_none_of_its_events() {
        let mut events = [event("anna"), event("bela")];
        assert!(!attach_changes(&mut events, vec![change("call")]));
        assert_eq!(events[0].peer_changes, [change("anna")]);
        assert_eq!(events[1].peer_changes, [change("bela")]);
    }
}
