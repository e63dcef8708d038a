//! ECE conversations whose start had an unknown outcome: who may an unknown session belong to?
//!
//! A start that timed out may have been taken; then ECE calls back with an id nobody knows. If exactly one start is open at
//! that integration and exactly one session is unknown, they belong together, and the customer need not wait. In every
//! case of doubt nothing is guessed: a wrong guess would show one customer's words to another's agent. The start is then made
//! again, and the unknown conversation ended when its events have waited in vain.
//!
//! In memory only: after a restart everything is in doubt for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use trunkline_core::id::{DeliveryId, EceSession, IntegrationName, Timestamp};

/// How long after a start that was made again (or after a restart) unknown sessions belong to nobody for sure, in ms.
const DOUBT_MS: u64 = 300_000;

/// Unknown sessions remembered at most, an integration.
const STRAYS_MAX: usize = 100;

/// Starts under way or unknown, and sessions nobody knows.
#[derive(Debug)]
pub(crate) struct Opens {
    begun: Timestamp,
    integrations: Mutex<BTreeMap<IntegrationName, Starts>>,
}

#[derive(Debug, Default)]
struct Starts {
    under_way: BTreeSet<DeliveryId>,
    unknown: BTreeSet<DeliveryId>,
    strays: BTreeMap<EceSession, Timestamp>,
    /// What ECE answered starts with, and when that answer was on disk. Until then the store knows no such session.
    answered: BTreeMap<EceSession, Option<Timestamp>>,
    doubt_until: Option<Timestamp>,
}

impl Opens {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            begun: now,
            integrations: Mutex::default(),
        }
    }

    fn starts(&self) -> MutexGuard<'_, BTreeMap<IntegrationName, Starts>> {
        self.integrations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A start goes out; `again`: an earlier one had an unknown outcome, whose session may still turn up.
    pub(crate) fn begin(
        &self,
        integration: &IntegrationName,
        delivery: DeliveryId,
        again: bool,
        now: Timestamp,
    ) {
        let mut all = self.starts();
        let starts = all.entry(integration.clone()).or_default();
        starts.unknown.remove(&delivery);
        starts.under_way.insert(delivery);
        if again {
            starts.doubt_until = Some(now.plus_ms(DOUBT_MS));
        }
    }

    /// Its outcome is unknown. Gives its session if that is certain already.
    pub(crate) fn unknown(
        &self,
        integration: &IntegrationName,
        delivery: DeliveryId,
        now: Timestamp,
    ) -> Option<EceSession> {
        let mut all = self.starts();
        let starts = all.entry(integration.clone()).or_default();
        starts.under_way.remove(&delivery);
        starts.unknown.insert(delivery);
        self.pair(starts, now).map(|(_, session)| session)
    }

    /// It is over: with this session, if one was started. `in_doubt`: one may have been started that nobody knows.
    pub(crate) fn over(
        &self,
        integration: &IntegrationName,
        delivery: DeliveryId,
        session: Option<&EceSession>,
        in_doubt: bool,
        now: Timestamp,
    ) {
        let mut all = self.starts();
        let starts = all.entry(integration.clone()).or_default();
        starts.under_way.remove(&delivery);
        starts.unknown.remove(&delivery);
        match session {
            Some(session) => {
                starts.strays.remove(session);
                starts.answered.insert(session.clone(), None);
            }
            None if in_doubt => starts.doubt_until = Some(now.plus_ms(DOUBT_MS)),
            None => {}
        }
    }

    /// The answer with this session is on disk. It is remembered for a while: an event that was parked before may be told
    /// of after.
    pub(crate) fn kept(&self, integration: &IntegrationName, session: &EceSession, now: Timestamp) {
        let mut all = self.starts();
        let starts = all.entry(integration.clone()).or_default();
        let is_recent =
            |kept: &Option<Timestamp>| kept.is_none_or(|at| now.ms_since(at) < DOUBT_MS);
        starts.answered.retain(|_, kept| is_recent(kept));
        starts.answered.insert(session.clone(), Some(now));
    }

    /// Whether ECE answered a start with this session, and that is not on disk yet.
    pub(crate) fn is_being_kept(
        &self,
        integration: &IntegrationName,
        session: &EceSession,
    ) -> bool {
        let all = self.starts();
        let starts = all.get(integration);
        starts.is_some_and(|starts| starts.answered.get(session) == Some(&None))
    }

    /// Events of a session nobody knows came. Gives the start it can only belong to.
    pub(crate) fn stray(
        &self,
        integration: &IntegrationName,
        session: &EceSession,
        now: Timestamp,
    ) -> Option<DeliveryId> {
        let mut all = self.starts();
        let starts = all.entry(integration.clone()).or_default();
        if starts.answered.contains_key(session) {
            return None;
        }
        starts
            .strays
            .retain(|_, since| now.ms_since(*since) < crate::ports::PARKED_MS);
        if starts.strays.len() < STRAYS_MAX {
            starts.strays.entry(session.clone()).or_insert(now);
        }
        self.pair(starts, now).map(|(delivery, _)| delivery)
    }

    /// The session this unknown start can only have.
    pub(crate) fn session(
        &self,
        integration: &IntegrationName,
        delivery: DeliveryId,
        now: Timestamp,
    ) -> Option<EceSession> {
        let all = self.starts();
        let (only, session) = self.pair(all.get(integration)?, now)?;
        (only == delivery).then_some(session)
    }

    fn pair(&self, starts: &Starts, now: Timestamp) -> Option<(DeliveryId, EceSession)> {
        let in_doubt = starts.doubt_until.is_some_and(|until| now < until)
            || now.ms_since(self.begun) < DOUBT_MS;
        let recent = || {
            starts
                .strays
                .iter()
                .filter(|(_, since)| now.ms_since(**since) < crate::ports::PARKED_MS)
        };
        let alone =
            starts.under_way.is_empty() && starts.unknown.len() == 1 && recent().count() == 1;
        if in_doubt || !alone {
            return None;
        }
        let delivery = *starts.unknown.first()?;
        let (session, _) = recent().next()?;
        Some((delivery, session.clone()))
    }
}

#[cfg(test)]
mod tests {
    use trunkline_core::id::{ConversationId, CustomerId};

    use super::*;

    const LATER: Timestamp = Timestamp(1_000_000);

    fn delivery(customer: i64) -> DeliveryId {
        let customer = CustomerId(customer);
        DeliveryId {
            conversation: ConversationId {
                customer,
                number: 1,
            },
            number: 1,
        }
    }

    fn acme() -> IntegrationName {
        IntegrationName::from("acme")
    }

    #[test]
    fn the_only_unknown_start_gets_the_only_unknown_session() {
        let opens = Opens::new(Timestamp(0));
        opens.begin(&acme(), delivery(1), false, LATER);
        assert_eq!(opens.stray(&acme(), &"s1".into(), LATER), None);
        let session = opens.unknown(&acme(), delivery(1), LATER);
        assert_eq!(session, Some("s1".into()));
    }

    #[test]
    fn a_session_that_a_start_was_answered_with_is_no_other_starts() {
        let opens = Opens::new(Timestamp(0));
        opens.begin(&acme(), delivery(1), false, LATER);
        opens.unknown(&acme(), delivery(1), LATER);
        opens.begin(&acme(), delivery(2), false, LATER);
        opens.over(&acme(), delivery(2), Some(&"s2".into()), false, LATER);
        assert!(opens.is_being_kept(&acme(), &"s2".into()));
        assert_eq!(opens.stray(&acme(), &"s2".into(), LATER), None);
        opens.kept(&acme(), &"s2".into(), LATER);
        assert!(!opens.is_being_kept(&acme(), &"s2".into()));
        assert_eq!(opens.stray(&acme(), &"s2".into(), LATER), None);
        let own = opens.stray(&acme(), &"s1".into(), LATER);
        assert_eq!(own, Some(delivery(1)));
    }

    #[test]
    fn with_two_starts_open_nothing_is_guessed() {
        let opens = Opens::new(Timestamp(0));
        opens.begin(&acme(), delivery(1), false, LATER);
        opens.begin(&acme(), delivery(2), false, LATER);
        assert_eq!(opens.unknown(&acme(), delivery(1), LATER), None);
        assert_eq!(opens.stray(&acme(), &"s1".into(), LATER), None);
    }

    #[test]
    fn after_a_start_was_made_again_nothing_is_guessed() {
        let opens = Opens::new(Timestamp(0));
        opens.begin(&acme(), delivery(1), true, LATER);
        opens.over(&acme(), delivery(1), Some(&"s2".into()), true, LATER);
        opens.begin(&acme(), delivery(2), false, LATER);
        opens.unknown(&acme(), delivery(2), LATER);
        assert_eq!(opens.stray(&acme(), &"s1".into(), LATER), None);
    }

    #[test]
    fn soon_after_a_restart_nothing_is_guessed() {
        let opens = Opens::new(LATER);
        opens.begin(&acme(), delivery(1), false, LATER);
        opens.unknown(&acme(), delivery(1), LATER);
        assert_eq!(opens.stray(&acme(), &"s1".into(), LATER), None);
    }
}
