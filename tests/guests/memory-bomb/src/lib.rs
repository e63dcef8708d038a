//! A guest that asks for memory until there is none. The host ends the call at its memory limit.

use trunkline_plugin::channel::{Outbound, Reception, Sent};
use trunkline_plugin::{Channel, InboundRequest, PeerState, Rejection, SendError};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(MemoryBomb);

/// The plugin.
#[derive(Debug)]
pub struct MemoryBomb;

impl Channel for MemoryBomb {
    fn receive(_: &InboundRequest, _: &PeerState) -> Result<Reception, Rejection> {
        swallow()
    }

    fn send(_: &Outbound, _: &PeerState) -> Result<Sent, SendError> {
        swallow()
    }
}

fn swallow() -> ! {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(std::hint::black_box(vec![1; 1 << 20]));
    }
}
