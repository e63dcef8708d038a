//! Contract 0.1: WIT types into the core's, and back. The one module that sees both.
//!
//! A later contract gets a module of its own beside this one; a published one stays as it is.
//! A component exports only some of these interfaces, so the exports are looked up by name, one by one.

/// What plugins may import, answered from a [`Guest`](crate::guest::Guest).
mod imports;

/// A channel's calls: `receive`, `resolve`, `send`, `open-attachment`.
pub(crate) mod channel;

/// A bot's calls: `on`, `receive`.
pub(crate) mod bot;

/// What happened on a channel.
mod happenings;

/// Words both kinds use.
pub(crate) mod words;

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use trunkline_core::id::ChannelName;
use wasmtime::component::{HasSelf, Instance, InstancePre, Linker};
use wasmtime::{Engine, Store};

use crate::guest::{Guest, Pushing};

/// A request with its body as text, where it is one.
mod recorded_request {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use trunkline_flow::ports::Request;

    use crate::record::bytes;

    #[derive(Serialize, Deserialize)]
    struct Written {
        method: String,
        url: String,
        path: String,
        query: String,
        headers: Vec<(String, String)>,
        #[serde(with = "bytes")]
        body: Vec<u8>,
    }

    pub(super) fn serialize<S: Serializer>(
        request: &Request,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let request = request.clone();
        Written {
            method: request.method,
            url: request.url,
            path: request.path,
            query: request.query,
            headers: request.headers,
            body: request.body,
        }
        .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Request, D::Error> {
        let written = Written::deserialize(deserializer)?;
        Ok(Request {
            method: written.method,
            url: written.url,
            path: written.path,
            query: written.query,
            headers: written.headers,
            body: written.body,
        })
    }
}

/// The `contract` of a manifest that this module serves.
pub(crate) const CONTRACT: &str = "0.1-dev";

#[allow(clippy::all, unused_qualifications, reason = "generated")]
mod wit {
    wasmtime::component::bindgen!({
        path: "../../plugin-sdk/wit",
        inline: r#"
            package trunkline:host;

            world all {
                include trunkline:plugin/channel@0.1.0-dev;
                include trunkline:plugin/channel-with-resolving@0.1.0-dev;
                include trunkline:plugin/channel-with-attachments@0.1.0-dev;
                include trunkline:plugin/with-checking@0.1.0-dev;
                include trunkline:plugin/bot@0.1.0-dev;
                include trunkline:plugin/bot-with-callbacks@0.1.0-dev;
            }
        "#,
        world: "trunkline:host/all",
        imports: { default: trappable },
    });
}

use wit::exports::trunkline::plugin as exports;

/// The interfaces a component exports.
#[derive(Clone)]
pub(crate) struct Exports {
    receiving: Option<exports::receiving::GuestIndices>,
    sending: Option<exports::sending::GuestIndices>,
    resolving: Option<exports::resolving::GuestIndices>,
    attachments: Option<exports::attachments::GuestIndices>,
    checking: Option<exports::checking::GuestIndices>,
    turns: Option<exports::turns::GuestIndices>,
    callbacks: Option<exports::callbacks::GuestIndices>,
}

/// One call of an export, run any number of times; and written down, where it is recorded.
pub(crate) trait Call: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What the plugin gives back, in the engine's or the core's words.
    type Output: Debug + Send + 'static;

    /// Its name, for errors and metrics.
    const EXPORT: &'static str;

    /// Whether it may use `http`.
    const MAY_FETCH: bool;

    /// What it may give to sockets.
    fn pushing(&self) -> Pushing {
        Pushing::NotHere
    }

    /// The customer's channel, where a bot is called about one.
    fn customers_channel(&self) -> Option<ChannelName> {
        None
    }

    /// The plugin itself gave up, for good: somebody may want to see why.
    fn gave_up(_output: &Self::Output) -> bool {
        false
    }

    /// Calls it once.
    fn run(
        &self,
        store: &mut Store<Guest>,
        instance: &Instance,
        exports: &Exports,
    ) -> wasmtime::Result<Self::Output>;
}

/// A linker with everything a plugin may import, and nothing else.
///
/// # Errors
/// Never for a linker without other definitions.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wit::All::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    Ok(linker)
}

impl Exports {
    /// Looks every interface up; a missing one is an ability the plugin does not have.
    pub(crate) fn of(pre: &InstancePre<Guest>) -> Self {
        Self {
            receiving: exports::receiving::GuestIndices::new(pre).ok(),
            sending: exports::sending::GuestIndices::new(pre).ok(),
            resolving: exports::resolving::GuestIndices::new(pre).ok(),
            attachments: exports::attachments::GuestIndices::new(pre).ok(),
            checking: exports::checking::GuestIndices::new(pre).ok(),
            turns: exports::turns::GuestIndices::new(pre).ok(),
            callbacks: exports::callbacks::GuestIndices::new(pre).ok(),
        }
    }

    /// The names of the interfaces found.
    pub(crate) fn names(&self) -> BTreeSet<&'static str> {
        let found = [
            ("receiving", self.receiving.is_some()),
            ("sending", self.sending.is_some()),
            ("resolving", self.resolving.is_some()),
            ("attachments", self.attachments.is_some()),
            ("checking", self.checking.is_some()),
            ("turns", self.turns.is_some()),
            ("callbacks", self.callbacks.is_some()),
        ];
        found
            .into_iter()
            .filter_map(|(name, there)| there.then_some(name))
            .collect()
    }
}

/// The interface of an export, or an error that names it.
fn need<'a, T>(indices: &'a Option<T>, name: &str) -> wasmtime::Result<&'a T> {
    indices
        .as_ref()
        .ok_or_else(|| wasmtime::Error::msg(format!("the plugin does not export `{name}`")))
}
