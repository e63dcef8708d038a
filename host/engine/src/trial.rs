//! The last step on the way to live: a version asks its provider whether settings and credentials are good.
//!
//! A provider that cannot be asked says nothing about the version. One that refuses the credentials does only if it takes them from
//! the version that serves now: else the operator's secret is wrong, and a red light says so better than a missing plugin.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use trunkline_flow::ports::{CheckedAccount, SendError};

use crate::config::User;
use crate::contract_0_1::channel::Check;
use crate::invocation::{Failed, Failure, Invocation};
use crate::live::Bound;
use crate::load::{Loader, trial_refusal};
use crate::refusal::Refusal;

/// All channels and bots together: a provider that is away must not keep a start waiting.
const CHECK_MAX: Duration = Duration::from_secs(5);

impl Loader {
    /// Checks the version for everybody who will use it.
    ///
    /// # Errors
    /// It trapped, or the provider refuses it what it gives the version before.
    pub(crate) async fn check(&self, users: &[(User, Bound)]) -> Result<(), Refusal> {
        let checks = users.iter().filter(|(_, bound)| checks(bound));
        let checking = join_all(checks.map(|(user, bound)| self.check_one(user, bound)));
        match tokio::time::timeout(CHECK_MAX, checking).await {
            Ok(checked) => checked.into_iter().collect(),
            Err(_) => Ok(()),
        }
    }

    async fn check_one(&self, user: &User, bound: &Bound) -> Result<(), Refusal> {
        match self.ask(bound).await {
            Ok(Err(SendError::Credentials(why))) if self.one_before_passes(user, bound).await => {
                let reason = format!("[{}] {why}", user.table());
                Err(trial_refusal(&reason))
            }
            Err(Failed {
                failure: Failure::Plugin(reason),
                ..
            }) => Err(trial_refusal(&reason)),
            // The light says it.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn one_before_passes(&self, user: &User, bound: &Bound) -> bool {
        let Some(Ok(before)) = self.table.users.get(user) else {
            return false;
        };
        before.plugin.version != bound.plugin.version
            && checks(before)
            && matches!(self.ask(before).await, Ok(Ok(_)))
    }

    async fn ask(&self, bound: &Bound) -> Result<Result<CheckedAccount, SendError>, Failed> {
        let invocation = Invocation {
            bound: bound.clone(),
            files: Vec::new(),
            started: self.means.time.now(),
            leaving: None,
            unknown_onces: 0,
        };
        invocation.call(&self.means, &Arc::new(Check)).await.0
    }
}

fn checks(bound: &Bound) -> bool {
    bound.plugin.linked.exports().names().contains("checking")
}
