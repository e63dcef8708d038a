//! A guest that calls itself until its stack is used up. The host ends the call.

use trunkline_plugin::channel::{Outbound, Reception, Sent};
use trunkline_plugin::{Channel, InboundRequest, PeerState, Rejection, SendError};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(DeepRecursion);

/// The plugin.
#[derive(Debug)]
pub struct DeepRecursion;

impl Channel for DeepRecursion {
    fn receive(_: &InboundRequest, _: &PeerState) -> Result<Reception, Rejection> {
        panic!("{}", dig(1))
    }

    fn send(_: &Outbound, _: &PeerState) -> Result<Sent, SendError> {
        panic!("{}", dig(1))
    }
}

#[expect(unconditional_recursion, reason = "that is what this guest is for")]
fn dig(depth: u64) -> u64 {
    // Kept from becoming a loop: something is left to do after each call.
    std::hint::black_box(dig(std::hint::black_box(depth + 1))) + depth
}
