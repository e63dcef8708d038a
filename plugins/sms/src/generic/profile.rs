//! `inbound_fields`: where in the gateway's webhooks the values stand.

use serde_json::{Map, Value};

use super::place::Place;
use crate::settings::{Settings, SettingsError};

const SETTING: &str = "inbound_fields";

/// Where a message's values stand, a receipt's, and what vouches for both.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) message: MessagePlaces,
    /// `None`: the gateway sends no receipts.
    pub(super) receipt: Option<ReceiptPlaces>,
    /// An HMAC of the body under `inbound_secret`.
    pub(super) signature: Option<Place>,
    /// `inbound_secret` itself.
    pub(super) token: Option<Place>,
}

#[derive(Debug)]
pub(super) struct MessagePlaces {
    /// The array of messages; pointers of the others begin at each of its items.
    pub(super) list: Option<Place>,
    pub(super) id: Option<Place>,
    pub(super) from: Place,
    pub(super) to: Option<Place>,
    pub(super) text: Place,
    pub(super) time: Option<Place>,
    pub(super) part_group: Option<Place>,
    pub(super) part_index: Option<Place>,
    pub(super) part_total: Option<Place>,
}

#[derive(Debug)]
pub(super) struct ReceiptPlaces {
    pub(super) list: Option<Place>,
    pub(super) status: Place,
    /// The gateway's id of the message.
    pub(super) id: Option<Place>,
    /// Our own, if `send_fields` gave it to the gateway.
    pub(super) delivery: Option<Place>,
    pub(super) error: Option<Place>,
}

impl Profile {
    pub(super) fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let fields = settings.inbound_fields.as_ref().ok_or(SettingsError::Missing {
            provider: "generic",
            name: SETTING,
            hint: "where in the gateway's webhooks the values stand, at least `from`, `text`, and `token` or `signature`",
        })?;
        let mut places = Places::of(fields)?;
        let profile = Self {
            receipt: places.receipt()?,
            signature: places.take("signature"),
            token: places.take("token"),
            message: places.message()?,
        };
        places.finish()?;
        if profile.signature.is_none() && profile.token.is_none() {
            return Err(SettingsError::wrong(
                SETTING,
                "say where the `token` or the `signature` stands, for instance token = \"header:X-Token\": \
                 else anybody could write in a customer's name",
            ));
        }
        Ok(profile)
    }
}

impl MessagePlaces {
    /// Whether the body is JSON.
    pub(super) fn is_json(&self) -> bool {
        self.from.is_pointer() || self.text.is_pointer() || self.list.is_some()
    }
}

impl ReceiptPlaces {
    /// Whether the body is JSON.
    pub(super) fn is_json(&self) -> bool {
        self.status.is_pointer() || self.list.is_some()
    }
}

/// The settings' table while it is taken apart; what is left over was misspelled.
struct Places(Vec<(String, Place)>);

impl Places {
    fn of(fields: &Map<String, Value>) -> Result<Self, SettingsError> {
        let place = |(name, value): (&String, &Value)| match value.as_str() {
            Some(text) => Ok((name.clone(), Place::parse(text))),
            None => Err(SettingsError::wrong(
                format!("{SETTING}.{name}"),
                "is the place of a value, for instance \"/message/text\", \"text\" or \"header:X-Token\"",
            )),
        };
        Ok(Self(fields.iter().map(place).collect::<Result<_, _>>()?))
    }

    fn take(&mut self, name: &str) -> Option<Place> {
        let at = self.0.iter().position(|(found, _)| found == name)?;
        Some(self.0.swap_remove(at).1)
    }

    fn need(&mut self, name: &str) -> Result<Place, SettingsError> {
        self.take(name)
            .ok_or_else(|| SettingsError::wrong(SETTING, format!("needs `{name}`")))
    }

    fn message(&mut self) -> Result<MessagePlaces, SettingsError> {
        Ok(MessagePlaces {
            list: self.take("list"),
            id: self.take("id"),
            from: self.need("from")?,
            to: self.take("to"),
            text: self.need("text")?,
            time: self.take("time"),
            part_group: self.take("part_group"),
            part_index: self.take("part_index"),
            part_total: self.take("part_total"),
        })
    }

    fn receipt(&mut self) -> Result<Option<ReceiptPlaces>, SettingsError> {
        let Some(status) = self.take("status") else {
            return Ok(None);
        };
        let places = ReceiptPlaces {
            list: self.take("status_list"),
            status,
            id: self.take("status_id"),
            delivery: self.take("status_delivery"),
            error: self.take("status_error"),
        };
        if places.id.is_none() && places.delivery.is_none() {
            return Err(SettingsError::wrong(
                SETTING,
                "with `status` goes `status_id` or `status_delivery`: which message it is about",
            ));
        }
        Ok(Some(places))
    }

    fn finish(self) -> Result<(), SettingsError> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(SettingsError::wrong(
                format!("{SETTING}.{name}"),
                "is not known; these are: list, id, from, to, text, time, part_group, part_index, part_total, status, \
                 status_list, status_id, status_delivery, status_error, signature, token",
            )),
        }
    }
}
