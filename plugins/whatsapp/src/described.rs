//! Contact cards, orders and answered forms, as agents read them: one fact a line.

use serde::Deserialize as _;
use serde_json::Value;
use trunkline_plugin::Content;

use crate::content::{Card, FlowReply, Order, Phone, ProductItem};

/// `contacts` is a list of cards; `None` if it is something else.
pub(crate) fn contacts(message: &Value) -> Option<Content> {
    let cards = message.get("contacts")?.as_array()?;
    let lines: Vec<_> = cards
        .iter()
        .filter_map(|card| Card::deserialize(card).ok())
        .map(|card| card_line(&card))
        .filter(|line| !line.is_empty())
        .collect();
    (!lines.is_empty()).then(|| described("contacts", &lines))
}

fn described(kind: &str, lines: &[String]) -> Content {
    Content::Described {
        kind: kind.to_owned(),
        text: lines.join("\n"),
    }
}

fn card_line(card: &Card) -> String {
    let name = &card.name;
    let parts: Vec<&str> = [&name.first_name, &name.last_name]
        .into_iter()
        .filter_map(Option::as_deref)
        .collect();
    let name = name
        .formatted_name
        .clone()
        .unwrap_or_else(|| parts.join(" "));
    let numbers = card.phones.iter().filter_map(number);
    let addresses = card.emails.iter().filter_map(|email| email.email.clone());
    let mut facts: Vec<String> = vec![name];
    facts.extend(card.org.company.clone());
    facts.extend(numbers.chain(addresses));
    facts.retain(|fact| !fact.is_empty());
    facts.join(", ")
}

fn number(phone: &Phone) -> Option<String> {
    let on_whatsapp = phone.wa_id.as_ref().map(|id| format!("+{id}"));
    phone.phone.clone().or(on_whatsapp)
}

/// An order from the catalogue.
pub(crate) fn order(order: Order) -> Content {
    let mut lines: Vec<_> = order.product_items.iter().map(item_line).collect();
    lines.extend(order.text);
    described("order", &lines)
}

fn item_line(item: &ProductItem) -> String {
    let of = |value: &Option<String>| value.clone().unwrap_or_default();
    let (quantity, product) = (of(&item.quantity), of(&item.product_retailer_id));
    let price = match (&item.item_price, &item.currency) {
        (Some(price), Some(currency)) => format!(" at {price} {currency}"),
        (Some(price), None) => format!(" at {price}"),
        (None, _) => String::new(),
    };
    format!("{quantity} × {product}{price}")
}

/// An answered WhatsApp Flow: its fields, if it has some that can be listed.
pub(crate) fn flow(reply: &FlowReply) -> Content {
    let json = reply.response_json.as_deref().unwrap_or_default();
    let fields = match serde_json::from_str(json) {
        Ok(Value::Object(fields)) => fields
            .iter()
            .filter(|(name, _)| *name != "flow_token")
            .map(|(name, value)| format!("{name}: {}", plain(value)))
            .collect(),
        // Meta does not promise an object.
        Ok(_) | Err(_) => vec![json.to_owned()],
    };
    let mut lines: Vec<_> = reply.body.clone().into_iter().collect();
    lines.extend(fields.into_iter().filter(|field| !field.is_empty()));
    described("form", &lines)
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
