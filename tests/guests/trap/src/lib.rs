//! A guest that traps in every call, with a panic whose text reaches the log. The host outlives it.

use trunkline_plugin::channel::{Outbound, Reception, Sent};
use trunkline_plugin::{Channel, InboundRequest, PeerState, Rejection, SendError};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(Trap);

/// The plugin.
#[derive(Debug)]
pub struct Trap;

impl Channel for Trap {
    fn receive(_: &InboundRequest, _: &PeerState) -> Result<Reception, Rejection> {
        panic!("this guest always panics")
    }

    fn send(_: &Outbound, _: &PeerState) -> Result<Sent, SendError> {
        panic!("this guest always panics")
    }
}
