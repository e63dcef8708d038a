//! What the operator should know: errors outside of messages, changes of the account, somebody else answering. Nothing
//! here holds what people wrote.

use serde_json::Value;
use trunkline_plugin::channel::{Event, Happening};
use trunkline_plugin::{Address, Millis, clock, log};

use crate::content::System;
use crate::customer::{BSUID, WA_ID};
use crate::inbound::{Arrived, Source};
use crate::wire::{News, Preference, Problem, millis};

/// Fields of the webhook that tell about the account. Others are none of a contact centre's business.
const ACCOUNT_FIELDS: [&str; 9] = [
    "account_alerts",
    "account_review_update",
    "account_update",
    "business_capability_update",
    "message_template_quality_update",
    "message_template_status_update",
    "messaging_handovers",
    "phone_number_quality_update",
    "template_category_update",
];

/// What such a change says about itself, in the order to show it.
const TELLING: [&str; 11] = [
    "event",
    "alert_severity",
    "alert_type",
    "alert_description",
    "decision",
    "message_template_name",
    "reason",
    "new_quality_score",
    "new_category",
    "current_limit",
    "max_daily_conversation_per_phone",
];

fn notice(source: Source<'_>, code: &str, text: String, place: usize) -> Arrived {
    let now = clock::now();
    let key = format!("{}:{code}:{now}:{place}", source.account);
    let happening = Happening::Notice {
        code: code.to_owned(),
        text,
    };
    Arrived::aside(Event::new(key, now, source.account, happening))
}

/// A message without sender.
pub(crate) fn nobody(source: Source<'_>, place: usize) -> Arrived {
    let text = "a message names neither a number nor a user id: it cannot be given to anybody";
    notice(source, "message-from-nobody", text.to_owned(), place)
}

/// `errors` beside the messages: of the account or of the webhook itself.
pub(crate) fn errors(source: Source<'_>, errors: &[Problem], place: usize) -> Vec<Arrived> {
    let one = |(index, error): (usize, &Problem)| {
        let code = error.code.map_or("error".to_owned(), |it| it.to_string());
        let text = error.title.clone().or_else(|| error.message.clone());
        notice(source, &code, text.unwrap_or_default(), place + index)
    };
    errors.iter().enumerate().map(one).collect()
}

/// Something about the account; `None` for fields that are not looked at.
pub(crate) fn of_account(source: Source<'_>, value: &Value, place: usize) -> Option<Arrived> {
    if !ACCOUNT_FIELDS.contains(&source.field) {
        log::debug(format!("nothing is done with the field {:?}", source.field));
        return None;
    }
    let facts: Vec<_> = TELLING
        .into_iter()
        .filter_map(|name| Some((name, plain(value.get(name)?)?)))
        .map(|(name, said)| format!("{name} {said}"))
        .collect();
    Some(notice(source, source.field, facts.join(", "), place))
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Meta's own agent has the conversation: what is said is not ours to answer, and must not start anything.
pub(crate) fn standby(source: Source<'_>, news: &News, place: usize) -> Option<Arrived> {
    let count = news.messages.len();
    if count == 0 {
        return None;
    }
    let text = format!(
        "Meta Business Agent answers on this number: {count} messages of customers were not given to agents. Sending a message takes the conversation back"
    );
    Some(notice(source, "standby", text, place))
}

/// The customer's security code changed, or a kind of news this version does not know.
pub(crate) fn identity(source: Source<'_>, system: &System, key: String, at: Millis) -> Arrived {
    let kind = system.kind.as_deref().unwrap_or("system");
    let happening = Happening::Notice {
        code: kind.to_owned(),
        text: "WhatsApp tells of a change of a customer's identity".to_owned(),
    };
    Arrived::aside(Event::new(key, at, source.account, happening))
}

/// A wish about a category of messages. Who stops marketing may still be answered: only what stops everything is an
/// opt-out.
pub(crate) fn preference(source: Source<'_>, wish: &Preference, place: usize) -> Arrived {
    let bsuid = wish.user_id.as_ref().map(|id| Address::new(BSUID, id));
    let number = wish.wa_id.as_ref().map(|id| Address::new(WA_ID, id));
    let customer: Vec<_> = bsuid.into_iter().chain(number).collect();
    let category = wish.category.as_deref().unwrap_or_default();
    let value = wish.value.as_deref().unwrap_or_default();
    let happening = match (category, value) {
        (_, _) if customer.is_empty() => return nobody(source, place),
        ("marketing_messages", _) => {
            let text = format!("a customer chose {value:?} for marketing messages");
            return notice(source, "marketing-preference", text, place);
        }
        (_, "stop") => Happening::OptedOut(true),
        (_, "resume" | "signup") => Happening::OptedIn,
        (_, _) => {
            let text = "a wish about messages that this version does not know";
            return notice(source, "preference", text.to_owned(), place);
        }
    };
    let at = millis(wish.timestamp.as_deref()).unwrap_or_else(clock::now);
    let who = &customer[0].value;
    let key = format!("{who}:{category}:{value}:{at}");
    Arrived::aside(Event {
        customer,
        ..Event::new(key, at, source.account, happening)
    })
}
