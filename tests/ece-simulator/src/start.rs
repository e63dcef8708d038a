//! `conversation/start`: the checks in ECE's order, then the conversation and its first events.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use serde_json::{Value, json};

use crate::desk::routing::Eligibility;
use crate::desk::{Desk, NewConversation};
use crate::ids::guid;
use crate::login::session;
use crate::messaging::{answer, bad, entry_point_id, json_only, read_json, usable};
use crate::router::Call;
use crate::shared::Shared;
use crate::variants::{NoAgent, Refusal, Variants};
use crate::wire::{StartConversation, asks_for_typing};

const SUBJECT_CHARACTERS_MAX: usize = 255;

/// How long a start waits for its own events to be posted, when told to post them first.
const RACE_DEADLINE: Duration = Duration::from_secs(5);

/// `POST …/messaging/conversation/start`.
pub(crate) async fn start(call: &Call) -> Result<Response, Refusal> {
    let client = session(call)?;
    json_only(call)?;
    let new = read_start(call, client)?;
    let deactivated = call.shared.webhook.borrow().deactivated;
    let (place, id, activity, status) = call.shared.with_desk(|desk| {
        if deactivated {
            return Err(desk.variants.deactivated.clone());
        }
        let place = admit(desk, new)?;
        let record = &desk.ledger.conversations[place];
        Ok((
            place,
            record.id.clone(),
            record.activity_id.clone(),
            desk.variants.start_status,
        ))
    })?;
    let_events_go(&call.shared, place, &id).await;
    Ok(answer(
        status,
        &json!({"activity": {"id": activity}, "id": id}),
    ))
}

fn read_start(call: &Call, client: String) -> Result<NewConversation, Refusal> {
    let body: Value = read_json(&call.body)?;
    let typing_wanted = asks_for_typing(&body);
    let request = StartConversation::deserialize_from(body)?;
    let id = entry_point_id(&request.entry_point_configuration.entry_point.id)?;
    call.shared.look(|desk| {
        usable(call, desk, id, &client)?;
        let date = request
            .entry_point_configuration
            .last_modified
            .as_ref()
            .map(|modified| modified.date.as_str());
        check_modified(date, &desk.entry_points[&id].last_modified)?;
        check_contact_query(call, &desk.variants)
    })?;
    if request.activity.subject.chars().count() > SUBJECT_CHARACTERS_MAX {
        return Err(bad("400-109", "The subject has more than 255 characters."));
    }
    let custom_attributes = request.activity.custom_attributes.pairs();
    check_attributes(&custom_attributes)?;
    Ok(NewConversation {
        id: guid(),
        entry_point: id,
        client,
        subject: request.activity.subject,
        customer: request.activity.customer,
        custom_attributes,
        search_attribute: call
            .parameter("searchContactOnAttribute")
            .map(str::to_owned),
        anonymous: is_anonymous(call),
        language: call.header("accept-language").map(str::to_owned),
        typing_wanted,
    })
}

fn check_modified(given: Option<&str>, current: &str) -> Result<(), Refusal> {
    if given == Some(current) {
        return Ok(());
    }
    let text = "The last modified date of conversation.entryPointConfiguration does not match.";
    Err(Refusal::new(409, "409-100", text))
}

fn is_anonymous(call: &Call) -> bool {
    call.parameter("anonymousCustomer")
        .is_some_and(|value| value.eq_ignore_ascii_case("yes"))
}

fn check_contact_query(call: &Call, variants: &Variants) -> Result<(), Refusal> {
    let Some(attribute) = call.parameter("searchContactOnAttribute") else {
        return match is_anonymous(call) {
            true => Ok(()),
            false => Err(bad(
                "400-110",
                "searchContactOnAttribute or anonymousCustomer=yes is required.",
            )),
        };
    };
    let shaped = attribute
        .split_once('.')
        .is_some_and(|(kind, name)| !kind.is_empty() && !name.is_empty());
    let known = variants
        .search_attributes
        .as_ref()
        .is_none_or(|known| known.iter().any(|one| one == attribute));
    match shaped && known {
        true => Ok(()),
        false => Err(bad(
            "400-111",
            format!("searchContactOnAttribute cannot be {attribute:?}."),
        )),
    }
}

/// The characters that ECE takes (SEEN); `+` is not among them.
fn check_attributes(attributes: &[(String, Vec<String>)]) -> Result<(), Refusal> {
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || " @:._-&,()?#='\"".contains(c) || u32::from(c) > 128;
    for (name, values) in attributes {
        if let Some(wrong) = values
            .iter()
            .flat_map(|value| value.chars())
            .find(|c| !allowed(*c))
        {
            let text = format!(
                "The custom attribute {name} holds the character {wrong:?}, which is not allowed."
            );
            return Err(bad("400-112", text));
        }
    }
    Ok(())
}

/// The desk's own preconditions, then the conversation.
fn admit(desk: &mut Desk, new: NewConversation) -> Result<usize, Refusal> {
    match (
        desk.eligibility(new.entry_point),
        desk.variants.no_agent.clone(),
    ) {
        (Eligibility::QueueFull, _) => Err(desk.variants.queue_full.clone()),
        (Eligibility::NoAgent, NoAgent::Refuse(refusal)) => Err(refusal),
        (Eligibility::NoAgent, NoAgent::CompleteUnassigned) => {
            let place = desk.start(new);
            desk.close_unassigned(place);
            Ok(place)
        }
        (Eligibility::NoAgent, NoAgent::Queue) | (Eligibility::Open, _) => Ok(desk.start(new)),
    }
}

/// Posts the events of a start before its answer, or a little after.
async fn let_events_go(shared: &Arc<Shared>, place: usize, id: &str) {
    let (before, after_ms) = {
        let webhook = shared.webhook.borrow();
        (
            webhook.config.before_start_answer,
            webhook.config.after_start_answer_ms,
        )
    };
    if before {
        let mut changes = shared.changes();
        shared.with_desk(|desk| desk.release(place));
        let posted = async {
            let open = |desk: &Desk| {
                desk.ledger
                    .conversation(id)
                    .is_some_and(|c| c.sent.iter().any(|s| !s.delivered))
            };
            while shared.look(open) {
                let _ = changes.changed().await;
            }
        };
        let _ = tokio::time::timeout(RACE_DEADLINE, posted).await;
        return;
    }
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(after_ms)).await;
        shared.with_desk(|desk| desk.release(place));
    });
}

impl StartConversation {
    fn deserialize_from(body: Value) -> Result<Self, Refusal> {
        serde_json::from_value(body).map_err(|error| {
            bad(
                "400-101",
                format!("The request body cannot be read: {error}"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_attributes_take_the_characters_of_the_reference_only() {
        let check =
            |value: &str| check_attributes(&[("a".to_owned(), vec![value.to_owned()])]).is_ok();
        assert!(check("Ann O'Neil @:._-&,()?#=\" é日本"));
        for wrong in ["+15550100", "a\nb", "<b>", "50%", "a/b", "\u{80}"] {
            assert!(!check(wrong), "{wrong:?}");
        }
    }
}
