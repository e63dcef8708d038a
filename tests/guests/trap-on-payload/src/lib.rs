//! A guest that traps only when the text contains "boom", in `receive` and in `send`; else it takes everything and
//! sends nothing. Unsigned JSON in: `{"key":"m1","from":"anna","text":"hello"}`.

use serde::Deserialize;
use trunkline_plugin::channel::{Event, Happening, Outbound, OutboundContent, Reception, Sent};
use trunkline_plugin::{
    Address, Answer, Channel, Content, InboundRequest, PeerState, Rejection, SendError, clock,
};

trunkline_plugin::manifest!("plugin.toml");
trunkline_plugin::channel!(TrapOnPayload);

/// The plugin.
#[derive(Debug)]
pub struct TrapOnPayload;

#[derive(Deserialize)]
struct Said {
    key: String,
    from: String,
    text: String,
}

impl Channel for TrapOnPayload {
    fn receive(request: &InboundRequest, _: &PeerState) -> Result<Reception, Rejection> {
        let said: Said = serde_json::from_slice(&request.body)
            .map_err(|error| Rejection::Malformed(error.to_string()))?;
        trap_on(&said.text);
        let happening = Happening::Said(Content::Text(said.text));
        let customer = vec![Address::new("trap", said.from)];
        let event = Event {
            customer,
            ..Event::new(said.key, clock::now(), "trap", happening)
        };
        Ok(Reception::new(Answer::status(200), vec![event]))
    }

    fn send(message: &Outbound, _: &PeerState) -> Result<Sent, SendError> {
        if let OutboundContent::Text(text) = &message.content {
            trap_on(text);
        }
        Ok(Sent::all(message.delivery.clone()))
    }
}

fn trap_on(text: &str) {
    assert!(!text.contains("boom"), "a payload this guest cannot take");
}
