//! How ids and names of the core are written into columns, and read back.

use rusqlite::Row;
use trunkline_core::effect::Lane;
use trunkline_core::id::{
    BotName, ChannelName, ConversationId, CustomerId, DeliveryId, IntegrationName, Timestamp,
};
use trunkline_flow::ports::Scope;

use crate::failure::{Outcome, broken};

/// `channel/acme-sms`.
pub(crate) fn scope_text(scope: &Scope) -> String {
    match scope {
        Scope::Channel(name) => format!("channel/{name}"),
        Scope::Integration(name) => format!("integration/{name}"),
        Scope::Bot(name) => format!("bot/{name}"),
    }
}

/// The reverse of `scope_text`.
pub(crate) fn scope_of(text: &str) -> Outcome<Scope> {
    match text.split_once('/') {
        Some(("channel", name)) => Ok(Scope::Channel(ChannelName::from(name))),
        Some(("integration", name)) => Ok(Scope::Integration(IntegrationName::from(name))),
        Some(("bot", name)) => Ok(Scope::Bot(BotName::from(name))),
        _ => Err(broken(format!("`{text}` is no scope"))),
    }
}

/// Lanes as small numbers; written into the database, so never renumbered.
pub(crate) fn lane_number(lane: Lane) -> i64 {
    match lane {
        Lane::Customer => 0,
        Lane::Ece => 1,
        Lane::Bot => 2,
        Lane::Files => 3,
    }
}

/// A delivery id from three neighbouring columns, the first of which is `at`.
pub(crate) fn delivery_at(row: &Row<'_>, at: usize) -> rusqlite::Result<DeliveryId> {
    Ok(DeliveryId {
        conversation: conversation_at(row, at)?,
        number: row.get(at + 2)?,
    })
}

/// A conversation id from two neighbouring columns, the first of which is `at`.
pub(crate) fn conversation_at(row: &Row<'_>, at: usize) -> rusqlite::Result<ConversationId> {
    Ok(ConversationId {
        customer: CustomerId(row.get(at)?),
        number: row.get(at + 1)?,
    })
}

/// The three columns of a delivery id.
pub(crate) fn parts(id: DeliveryId) -> (i64, u32, u32) {
    (
        id.conversation.customer.0,
        id.conversation.number,
        id.number,
    )
}

/// A time from a column that may be empty.
pub(crate) fn time_at(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp))
}

/// A count as SQLite has it. Ours never come near the limit.
pub(crate) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count as we have it; SQLite's negative ones are none of ours.
pub(crate) fn uncount(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
