//! Webhook to events, by the places that the settings name.

use serde_json::Value;
use trunkline_plugin::channel::{
    DeliveryName, Event, Happening, Part, Receipt, ReceiptState, Reception,
};
use trunkline_plugin::{Address, Answer, InboundRequest, Millis, Rejection, clock};

use super::authenticity;
use super::place::{Content, Place};
use super::profile::{MessagePlaces, Profile, ReceiptPlaces};
use crate::message::PHONE;
use crate::settings::Settings;
use crate::{date, number, sha256};

/// A gateway that says more in one call is broken or no gateway.
const EVENTS_MAX: usize = 1_000;

/// One webhook call.
pub(crate) fn receive(
    settings: &Settings,
    request: &InboundRequest,
) -> Result<Reception, Rejection> {
    if !matches!(request.method.as_str(), "GET" | "POST" | "PUT") {
        return Err(Rejection::MethodNotAllowed);
    }
    let profile = Profile::of(settings)?;
    let events = match (request.path.as_str(), &profile.receipt) {
        ("" | "/", _) => messages(settings, &profile, request)?,
        ("/status", Some(places)) => receipts(settings, &profile, places, request)?,
        (_, _) => return Err(Rejection::NotFound),
    };
    Ok(Reception::new(Answer::status(200), events))
}

fn messages(
    settings: &Settings,
    profile: &Profile,
    request: &InboundRequest,
) -> Result<Vec<Event>, Rejection> {
    let places = &profile.message;
    let content = Content::of(request, places.is_json())?;
    authenticity::verify(profile, request, &content)?;
    let items = items(&content, places.list.as_ref())?;
    let event = |(index, item)| message(settings, places, &content, item, &key(request, index));
    items.into_iter().enumerate().map(event).collect()
}

/// The items of a list, or the whole body where the gateway sends one at a time.
fn items<'a>(content: &'a Content<'_>, list: Option<&Place>) -> Result<Vec<&'a Value>, Rejection> {
    let whole = content.json();
    let Some(list) = list else {
        return Ok(vec![whole]);
    };
    let found = match list {
        Place::Pointer(pointer) => whole.pointer(pointer),
        // A list that is the body itself has the empty pointer, which is written as an empty text.
        Place::Field(name) if name.is_empty() => Some(whole),
        Place::Header(_) | Place::Query(_) | Place::Field(_) => None,
    };
    let items = found.and_then(Value::as_array);
    let items = items.ok_or_else(|| {
        Rejection::Malformed("there is no list where inbound_fields says".to_owned())
    })?;
    if items.len() > EVENTS_MAX {
        return Err(Rejection::Malformed(format!(
            "more than {EVENTS_MAX} items in one call"
        )));
    }
    Ok(items.iter().collect())
}

/// For a gateway without ids: the same bytes are the same message.
fn key(request: &InboundRequest, index: usize) -> String {
    let bytes = [request.query.as_bytes(), b"\n", &request.body].concat();
    format!("{}/{index}", sha256::hex(&bytes))
}

fn message(
    settings: &Settings,
    places: &MessagePlaces,
    content: &Content<'_>,
    item: &Value,
    key: &str,
) -> Result<Event, Rejection> {
    let get = |place: &Place| content.get(place, item);
    let maybe = |place: &Option<Place>| place.as_ref().and_then(get);
    let from = get(&places.from).and_then(|from| number::sender(&from));
    let from = from.ok_or_else(|| {
        Rejection::Malformed("there is no sender where inbound_fields.from says".to_owned())
    })?;
    let said = match get(&places.text) {
        Some(text) => trunkline_plugin::Content::Text(text),
        None => trunkline_plugin::Content::Unknown("empty message".to_owned()),
    };
    let at = maybe(&places.time).and_then(|time| moment(&time));
    let account = number::account(&settings.number, maybe(&places.to).as_deref());
    Ok(Event {
        part: part(
            &from,
            maybe(&places.part_group),
            maybe(&places.part_index),
            maybe(&places.part_total),
        ),
        customer: vec![Address::new(PHONE, &from)],
        attributes: vec![("number".to_owned(), from)],
        ..Event::new(
            maybe(&places.id).unwrap_or_else(|| key.to_owned()),
            at.unwrap_or_else(clock::now),
            account,
            Happening::Said(said),
        )
    })
}

/// Parts count from 1, as they do on the air.
fn part(
    from: &str,
    group: Option<String>,
    number: Option<String>,
    total: Option<String>,
) -> Option<Part> {
    let (number, total): (u16, u16) = (number?.parse().ok()?, total?.parse().ok()?);
    let group = format!("{from}/{}/{total}", group?);
    (total > 1 && (1..=total).contains(&number)).then_some(Part {
        group,
        index: number.saturating_sub(1),
        total,
    })
}

/// A date, or seconds or milliseconds since 1970.
fn moment(time: &str) -> Option<Millis> {
    /// Twelve digits of seconds are the year 5138, of milliseconds 1973.
    const SECONDS_MAX: u64 = 99_999_999_999;
    /// Numbers of the contract are below 2^53.
    const MILLIS_MAX: u64 = 1 << 52;
    match time.parse::<u64>() {
        Ok(seconds) if seconds <= SECONDS_MAX => Some(seconds * 1_000),
        Ok(ms) => (ms < MILLIS_MAX).then_some(ms),
        Err(_) => date::iso_ms(time).or_else(|| date::rfc2822_ms(time)),
    }
}

fn receipts(
    settings: &Settings,
    profile: &Profile,
    places: &ReceiptPlaces,
    request: &InboundRequest,
) -> Result<Vec<Event>, Rejection> {
    let content = Content::of(request, places.is_json())?;
    authenticity::verify(profile, request, &content)?;
    let items = items(&content, places.list.as_ref())?;
    let event = |item| receipt(settings, places, &content, item).transpose();
    items.into_iter().filter_map(event).collect()
}

/// `None` for a status that tells nothing that could be acted on.
fn receipt(
    settings: &Settings,
    places: &ReceiptPlaces,
    content: &Content<'_>,
    item: &Value,
) -> Result<Option<Event>, Rejection> {
    let get = |place: &Option<Place>| place.as_ref().and_then(|place| content.get(place, item));
    let missing =
        |what: &str| Rejection::Malformed(format!("there is no {what} where inbound_fields says"));
    let status = content
        .get(&places.status, item)
        .ok_or_else(|| missing("status"))?;
    let delivery = match (get(&places.delivery), get(&places.id)) {
        (Some(ours), _) => DeliveryName::Ours(ours),
        (None, Some(theirs)) => DeliveryName::Provider(theirs),
        (None, None) => return Err(missing("id of the message")),
    };
    let Some(state) = state(&status) else {
        return Ok(None);
    };
    let (DeliveryName::Ours(name) | DeliveryName::Provider(name)) = &delivery else {
        return Ok(None);
    };
    let key = format!("{name}:{status}");
    let failed = state == ReceiptState::Failed;
    let detail = failed.then(|| match get(&places.error) {
        Some(error) => format!("the gateway says: {status}, {error}"),
        None => format!("the gateway says: {status}"),
    });
    let receipt = Receipt {
        delivery,
        state,
        detail,
        opted_out: false,
    };
    Ok(Some(Event::new(
        key,
        clock::now(),
        &settings.number,
        Happening::Receipt(receipt),
    )))
}

/// The words of gateways, and the short ones of SMPP behind them.
fn state(status: &str) -> Option<ReceiptState> {
    match status.to_ascii_lowercase().as_str() {
        "accepted" | "acceptd" | "queued" | "pending" | "scheduled" | "submitted" => {
            Some(ReceiptState::Accepted)
        }
        "sent" | "enroute" | "buffered" | "sending" => Some(ReceiptState::Sent),
        "delivered" | "delivrd" => Some(ReceiptState::Delivered),
        "read" | "seen" => Some(ReceiptState::Read),
        "failed" | "undelivered" | "undeliv" | "undeliverable" | "expired" | "rejected"
        | "rejectd" | "deleted" | "canceled" | "cancelled" | "blocked" | "error" => {
            Some(ReceiptState::Failed)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_may_be_seconds_milliseconds_or_a_date() {
        let at = Some(1_795_428_000_000);
        assert_eq!(moment("1795428000"), at);
        assert_eq!(moment("1795428000000"), at);
        assert_eq!(moment("2026-11-23T10:00:00Z"), at);
        assert_eq!(moment("Mon, 23 Nov 2026 10:00:00 +0000"), at);
        assert_eq!(moment("18446744073709551615"), None);
        assert_eq!(moment("soon"), None);
    }

    #[test]
    fn parts_count_from_one_and_a_lone_part_is_none() {
        let text = |text: &str| Some(text.to_owned());
        let found = part("+1", text("7"), text("2"), text("3"));
        assert_eq!(
            found.map(|part| (part.group, part.index, part.total)),
            Some(("+1/7/3".to_owned(), 1, 3))
        );
        for (number, total) in [("0", "3"), ("4", "3"), ("1", "1"), ("x", "2")] {
            assert_eq!(part("+1", text("7"), text(number), text(total)), None);
        }
    }
}
