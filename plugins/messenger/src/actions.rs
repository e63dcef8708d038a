//! What customers do besides writing: they tap buttons, react, edit, follow links, opt in, link accounts.

use trunkline_plugin::channel::{Event, Happening};
use trunkline_plugin::{Address, Content};

use crate::inbound::{Found, Place, name};
use crate::wire::{AccountLinking, MessageEdit, Messaging, Optin, Postback, Reaction, Referral};

/// Which it is says the member that is there; `None` if it is none of them.
pub(crate) fn of(place: Place<'_>, customer: &[Address], messaging: &Messaging) -> Option<Found> {
    Some(if let Some(it) = &messaging.postback {
        postback(place, customer, it)
    } else if let Some(it) = &messaging.reaction {
        reaction(place, customer, it)
    } else if let Some(it) = &messaging.message_edit {
        edit(place, it)?
    } else if let Some(it) = &messaging.referral {
        referral(place, customer, it)
    } else if let Some(it) = &messaging.optin {
        optin(place, customer, it)
    } else if let Some(it) = &messaging.account_linking {
        account_linking(place, customer, it)
    } else {
        return None;
    })
}

fn postback(place: Place<'_>, customer: &[Address], postback: &Postback) -> Found {
    let word = |text: &Option<String>| text.clone().unwrap_or_default();
    let (payload, title) = (word(&postback.payload), word(&postback.title));
    let key = postback
        .mid
        .clone()
        .unwrap_or_else(|| format!("postback:{}:{}:{payload}", name(customer), place.at));
    let or = |one: &str, other: &str| if one.is_empty() { other } else { one }.to_owned();
    let chosen = Content::Chosen {
        id: or(&payload, &title),
        title: or(&title, &payload),
    };
    let event = Event {
        attributes: postback.referral.as_ref().map(captured).unwrap_or_default(),
        ..place.event(key, Happening::Said(chosen))
    };
    Found::from(event)
        .opening_the_window()
        .asking_for_the_profile()
}

fn reaction(place: Place<'_>, customer: &[Address], reaction: &Reaction) -> Found {
    let taken_back = reaction.action.as_deref() == Some("unreact");
    let emoji = reaction.emoji.clone().or_else(|| reaction.reaction.clone());
    let emoji = emoji.filter(|_| !taken_back).unwrap_or_default();
    let mid = reaction.mid.as_deref().unwrap_or_default();
    let action = reaction.action.as_deref().unwrap_or("react");
    let key = format!(
        "reaction:{mid}:{}:{action}:{emoji}:{}",
        name(customer),
        place.at
    );
    let happening = Happening::Reacted {
        key: reaction.mid.clone(),
        emoji,
    };
    Found::from(place.event(key, happening)).opening_the_window()
}

fn edit(place: Place<'_>, edit: &MessageEdit) -> Option<Found> {
    let mid = edit.mid.clone()?;
    let number = edit
        .num_edit
        .clone()
        .unwrap_or_else(|| place.at.to_string());
    let content = match edit.text.clone() {
        Some(text) => Content::Text(text),
        None => Content::Unknown("edited message".to_owned()),
    };
    let key = format!("edit:{mid}:{number}");
    Some(
        place
            .event(key, Happening::Edited { key: mid, content })
            .into(),
    )
}

/// A link or an advertisement brought the customer into the conversation.
fn referral(place: Place<'_>, customer: &[Address], referral: &Referral) -> Found {
    let reference = referral.reference.as_deref().unwrap_or_default();
    let key = format!("referral:{}:{}:{reference}", name(customer), place.at);
    let words = [
        referral
            .source
            .as_deref()
            .map(|source| format!("from {source}")),
        referral
            .reference
            .as_deref()
            .map(|reference| format!("ref {reference}")),
        referral.ad_id.as_deref().map(|ad| format!("ad {ad}")),
    ];
    let words: Vec<_> = words.into_iter().flatten().collect();
    let told = Content::Described {
        kind: "referral".to_owned(),
        text: format!("The customer followed a link: {}", words.join(", ")),
    };
    let event = Event {
        attributes: captured(referral),
        ..place.event(key, Happening::Said(told))
    };
    Found::from(event).opening_the_window()
}

/// What a referral tells about the customer.
pub(crate) fn captured(referral: &Referral) -> Vec<(String, String)> {
    let ad = referral.ads_context_data.as_ref();
    let captured = [
        ("referral", referral.reference.as_ref()),
        ("referral_source", referral.source.as_ref()),
        ("ad_id", referral.ad_id.as_ref()),
        ("ad_title", ad.and_then(|ad| ad.ad_title.as_ref())),
        ("product_id", ad.and_then(|ad| ad.product_id.as_ref())),
    ];
    captured
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.clone())))
        .collect()
}

fn optin(place: Place<'_>, customer: &[Address], optin: &Optin) -> Found {
    let status = optin.notification_messages_status.as_deref();
    let key = format!(
        "optin:{}:{}:{}",
        name(customer),
        place.at,
        status.unwrap_or("optin")
    );
    if status == Some("STOP_NOTIFICATIONS") {
        // It is marketing that they want no more of; answers to what they write are still welcome.
        let notice = Happening::Notice {
            code: "notifications-stopped".to_owned(),
            text: "a customer stopped the Page's marketing messages; answers still reach them"
                .to_owned(),
        };
        return place.event(key, notice).into();
    }
    let captured = [
        ("optin_type", &optin.kind),
        ("optin_ref", &optin.reference),
        ("optin_payload", &optin.payload),
    ];
    let attributes = captured
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
    Event {
        attributes: attributes.collect(),
        ..place.event(key, Happening::OptedIn)
    }
    .into()
}

fn account_linking(place: Place<'_>, customer: &[Address], linking: &AccountLinking) -> Found {
    let status = linking.status.as_deref().unwrap_or("linked");
    let key = format!("account-linking:{}:{}:{status}", name(customer), place.at);
    let told = Content::Described {
        kind: "account-linking".to_owned(),
        text: format!("The customer's account with us is {status}"),
    };
    let event = Event {
        attributes: vec![("account_linking".to_owned(), status.to_owned())],
        ..place.event(key, Happening::Said(told))
    };
    event.into()
}
