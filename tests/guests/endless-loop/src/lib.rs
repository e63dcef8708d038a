//! A guest that never returns. The host ends the call at its CPU limit.

use trunkline_plugin::channel::{Outbound, Reception, Sent};
use trunkline_plugin::{Channel, InboundRequest, PeerState, Rejection, SendError};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(EndlessLoop);

/// The plugin.
#[derive(Debug)]
pub struct EndlessLoop;

impl Channel for EndlessLoop {
    fn receive(_: &InboundRequest, _: &PeerState) -> Result<Reception, Rejection> {
        forever()
    }

    fn send(_: &Outbound, _: &PeerState) -> Result<Sent, SendError> {
        forever()
    }
}

fn forever() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = std::hint::black_box(turns.wrapping_add(1));
    }
}
