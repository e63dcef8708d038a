use trunkline_core::conversation::Item;
use trunkline_core::effect::{Delivery, EceMessage, Payload};
use trunkline_core::event::{ChannelEvent, Event, Happening, Profile};
use trunkline_core::id::{EventKey, Timestamp};
use trunkline_core::message::Content;

/// How a dead delivery is replayed.
#[derive(Debug, Clone, PartialEq)]
pub enum Replayed {
    /// It goes out again.
    Delivery(Delivery),
    /// This happens to its customer again.
    Event(Event),
}

/// What a replay does: nobody waits any more for a file that could not be fetched. A customer's is said again, and fetched for
/// whoever has the conversation by now. An agent's goes to the customer when it is here. What a customer said and ECE did not take is
/// said again, too: the conversation it was for may be long over.
pub fn replayed(delivery: Delivery, at: Timestamp) -> Replayed {
    let Delivery { id, payload } = delivery;
    if let Payload::ToEce {
        message: message @ (EceMessage::Text(_) | EceMessage::File(_)),
        ..
    } = &payload
        && let Some(item) = Item::given(EventKey(id.to_string()), message.clone())
    {
        return Replayed::Event(Event::SaidAgain(item));
    }
    let payload = match payload {
        Payload::FetchFromCustomer { key, attachment } => {
            return Replayed::Event(Event::Channel(ChannelEvent {
                key,
                at,
                profile: Profile::default(),
                happening: Happening::Said(Content::Attachment(attachment)),
                reply_to: None,
            }));
        }
        Payload::FetchFromEce {
            integration,
            session,
            file,
            again: _,
        } => Payload::FetchFromEce {
            integration,
            session,
            file,
            again: true,
        },
        other @ (Payload::ToCustomer(_)
        | Payload::OpenEce(_)
        | Payload::ToEce { .. }
        | Payload::EndEce { .. }
        | Payload::AskBot(_)) => other,
    };
    Replayed::Delivery(Delivery { id, payload })
}
