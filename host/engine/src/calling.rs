//! What goes with every call of a plugin: it is counted as good, or its trap is told to the keeper; and what somebody may want to look at is kept.

use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use trunkline_flow::ports::{CallHead, CallId};

use crate::contract_0_1::Call;
use crate::engine::Engine;
use crate::invocation::{Failed, Failure, Invocation, Remains};
use crate::keeper::Order;
use crate::live::{Bound, Plugin};
use crate::load::hex;
use crate::record::{Ending, Frame, Words, arguments};
use crate::recorder::EndedCall;
use crate::replay::outcome;
use crate::traps::Trap;

impl Engine {
    /// Runs a call; a trap is told to the keeper, and what is worth it is kept. `key` tells one call from another.
    pub(crate) async fn call<C: Call>(
        &self,
        invocation: Invocation,
        call: C,
        key: &impl Debug,
    ) -> Result<C::Output, Failed> {
        let bound = invocation.bound.clone();
        let call = Arc::new(call);
        let (mut result, remains) = invocation.call(&self.shared.means, &call).await;
        let kept = match remains {
            Some(remains) => self.keep_call(&bound, &call, &result, remains).await,
            None => None,
        };
        if result.is_ok() {
            bound.plugin.good.note(C::EXPORT);
        }
        if let Err(failed) = &mut result
            && let Failure::Plugin(reason) = &mut failed.failure
        {
            let plugin = &bound.plugin;
            let (name, sha256) = (&plugin.manifest.name, &plugin.version.0);
            let kept_as = kept.map(|id| id.0);
            tracing::warn!(plugin = %name, %sha256, export = C::EXPORT, %reason, kept_as, "plugin call failed");
            if let Some(id) = kept {
                *reason = format!("{reason} [call {}]", id.0);
            }
            self.tell_trap(plugin, C::EXPORT, key);
        }
        result
    }

    /// Keeps a call that failed, or that somebody records.
    async fn keep_call<C: Call>(
        &self,
        bound: &Bound,
        call: &Arc<C>,
        result: &Result<C::Output, Failed>,
        remains: Remains,
    ) -> Option<CallId> {
        let (ending, failed) = match result {
            Ok(output) => (Ending::Result, C::gave_up(output)),
            Err(failed) => match failed.failure {
                Failure::Plugin(_) => (Ending::Trap, true),
                // It took too long outside the guest, mostly: its author may want to see where.
                Failure::Host(_) => (Ending::Host, true),
                Failure::Store(_) => (Ending::Host, false),
            },
        };
        let now = self.now();
        let recorder = &self.shared.recorder;
        if !recorder.wants(&bound.user, failed, now) {
            return None;
        }
        let plugin = &bound.plugin;
        let head = CallHead {
            scope: bound.user.scope(),
            at: now,
            plugin: plugin.manifest.name.to_string(),
            version: plugin.manifest.version.clone(),
            hash: plugin.version.clone(),
            export: C::EXPORT.to_owned(),
            outcome: match result {
                Ok(output) => outcome(output),
                Err(failed) => failed.failure.to_string(),
            },
            failed,
        };
        let world = &bound.world;
        let frame = Frame {
            ending,
            once_left: remains.once_left,
            started: remains.started,
            seed: hex(&remains.seed),
            name: world.name.clone(),
            public_url: world.public_url.clone(),
            settings: serde_json::from_str(&world.settings).unwrap_or_default(),
        };
        let words = Words {
            arguments: arguments(&**call),
            journal: remains.journal,
            secrets: remains.secret_uses,
            log: remains.log,
        };
        let ended = EndedCall {
            user: &bound.user,
            channel: call.customers_channel(),
            head,
            frame,
            words,
            secrets: &world.secrets,
        };
        recorder.keep(ended).await
    }

    fn tell_trap(&self, plugin: &Plugin, export: &'static str, key: &impl Debug) {
        let mut hasher = DefaultHasher::new();
        (export, format!("{key:?}")).hash(&mut hasher);
        let trap = Trap {
            export,
            call: hasher.finish(),
            good: plugin.good.of(export),
        };
        let order = Order::Trapped(plugin.version.clone(), trap);
        // A full queue holds enough traps already.
        let _ = self.orders.try_send(order);
    }
}
