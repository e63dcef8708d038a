//! Who a message is from. A `bsuid` (business-scoped user id) is the stronger address: the number may be hidden, the
//! BSUID is always there since April 2026. Whoever is seen with both stays one customer when only one is left.

use trunkline_plugin::channel::{DeliveryName, Event, Happening, Receipt, ReceiptState};
use trunkline_plugin::{Address, Millis};

use crate::content::System;
use crate::inbound::{Arrived, Source};
use crate::notice;
use crate::wire::{Contact, Message};

/// Kinds of address.
pub(crate) const BSUID: &str = "bsuid";
pub(crate) const WA_ID: &str = "wa_id";
/// A group chat is a customer of its own: what is said there does not belong to anybody's own conversation.
pub(crate) const GROUP: &str = "group";

/// A customer, as far as one message tells.
#[derive(Debug)]
pub(crate) struct Person {
    /// Strongest first; never empty.
    pub(crate) addresses: Vec<Address>,
    pub(crate) name: Option<String>,
    pub(crate) attributes: Vec<(String, String)>,
}

/// `None` if the message names nobody.
pub(crate) fn of(message: &Message, contacts: &[Contact]) -> Option<Person> {
    let from = message.from.as_deref().map(Id::read);
    let contact = contact_of(message, contacts);
    let bsuid = message
        .from_user_id
        .clone()
        .or_else(|| from.as_ref().and_then(Id::bsuid))
        .or_else(|| contact.and_then(|contact| contact.user_id.clone()));
    // Meta normalises `wa_id` in ways that cannot be written to: `from` is what is answered.
    let number = match &from {
        Some(from) => from.number(),
        None => contact.and_then(|contact| contact.wa_id.clone()),
    };
    let addresses = match &message.group_id {
        Some(group) => vec![Address::new(GROUP, group)],
        None => addresses(bsuid.as_deref(), number.as_deref()),
    };
    if addresses.is_empty() {
        return None;
    }
    let profile = contact.map(|contact| &contact.profile);
    let username = profile.and_then(|profile| profile.username.as_deref());
    Some(Person {
        addresses,
        name: profile.and_then(|profile| profile.name.clone()),
        attributes: attributes(bsuid, number, username, message),
    })
}

/// What `from` turns out to be.
enum Id {
    Number(String),
    Bsuid(String),
}

impl Id {
    /// Some feeds put the BSUID here: what is no number is one.
    fn read(from: &str) -> Self {
        let digits = from.strip_prefix('+').unwrap_or(from);
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::Number(digits.to_owned());
        }
        Self::Bsuid(from.to_owned())
    }

    fn number(&self) -> Option<String> {
        match self {
            Self::Number(number) => Some(number.clone()),
            Self::Bsuid(_) => None,
        }
    }

    fn bsuid(&self) -> Option<String> {
        match self {
            Self::Bsuid(bsuid) => Some(bsuid.clone()),
            Self::Number(_) => None,
        }
    }
}

/// By number or BSUID; a single contact beside a message is its sender's even if both are written differently.
fn contact_of<'a>(message: &Message, contacts: &'a [Contact]) -> Option<&'a Contact> {
    let same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
    let fits = |contact: &&Contact| {
        same(&contact.wa_id, &message.from)
            || same(&contact.user_id, &message.from_user_id)
            || same(&contact.user_id, &message.from)
    };
    match contacts {
        [only] => Some(only),
        several => several.iter().find(fits),
    }
}

fn addresses(bsuid: Option<&str>, number: Option<&str>) -> Vec<Address> {
    let bsuid = bsuid.map(|bsuid| Address::new(BSUID, bsuid));
    let number = number
        .filter(|number| !number.is_empty())
        .map(|number| Address::new(WA_ID, number));
    bsuid.into_iter().chain(number).collect()
}

fn attributes(
    bsuid: Option<String>,
    number: Option<String>,
    username: Option<&str>,
    message: &Message,
) -> Vec<(String, String)> {
    let referral = &message.referral;
    let product = &message.context.referred_product;
    let found = [
        ("number", number.map(|number| format!("+{number}"))),
        ("bsuid", bsuid),
        // Samples have it with and without.
        (
            "username",
            username.map(|name| name.trim_start_matches('@').to_owned()),
        ),
        ("referral_type", referral.source_type.clone()),
        ("referral_id", referral.source_id.clone()),
        ("referral_url", referral.source_url.clone()),
        ("referral_headline", referral.headline.clone()),
        ("referral_click", referral.ctwa_clid.clone()),
        ("product_catalog", product.catalog_id.clone()),
        ("product", product.product_retailer_id.clone()),
    ];
    found
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// A `system` message: the same person under new addresses, or news of their identity.
pub(crate) fn changed(
    source: Source<'_>,
    system: &System,
    before: &Person,
    key: String,
    at: Millis,
) -> Arrived {
    let new = addresses(system.user_id.as_deref(), system.wa_id.as_deref());
    if new.is_empty() {
        return notice::identity(source, system, key, at);
    }
    let mut old = addresses(system.previous_user_id.as_deref(), None);
    for address in &before.addresses {
        if !old.contains(address) {
            old.push(address.clone());
        }
    }
    old.retain(|address| !new.contains(address));
    Arrived::aside(Event {
        customer: new,
        readdressed: old,
        ..Event::new(key, at, source.account, nothing_else())
    })
}

/// The addresses are the news. A receipt for what was sent until 1970 changes nothing, and unlike a message it opens no
/// conversation.
fn nothing_else() -> Happening {
    Happening::Receipt(Receipt {
        delivery: DeliveryName::AllUntil(0),
        state: ReceiptState::Accepted,
        detail: None,
        opted_out: false,
    })
}
