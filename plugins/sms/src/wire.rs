//! What Twilio sends: forms and JSON as structs, nothing else. Sources: reference of the Twilio SDKs and webhooks.

use serde::Deserialize;

/// A decoded form: pairs of bytes, because a customer's message need not be UTF-8 and the signature covers what was
/// sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form(pub(crate) Vec<(Vec<u8>, Vec<u8>)>);

impl Form {
    /// Never fails: a percent sign without two hex digits stands for itself.
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        let pairs = encoded
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty());
        Self(pairs.map(parse_pair).collect())
    }

    /// The first value of this name, if it is there and not empty. Bytes that are no UTF-8 become U+FFFD.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name.as_bytes())?;
        (!value.is_empty()).then(|| String::from_utf8_lossy(value).into_owned())
    }
}

fn parse_pair(pair: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let middle = pair
        .iter()
        .position(|byte| *byte == b'=')
        .unwrap_or(pair.len());
    let value = pair.get(middle + 1..).unwrap_or_default();
    (decode(&pair[..middle]), decode(value))
}

fn decode(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%')
            .then(|| after.get(..2).and_then(hex_byte))
            .flatten();
        decoded.push(match (escaped, byte) {
            (Some(value), _) => value,
            (None, b'+') => b' ',
            (None, byte) => byte,
        });
        rest = if escaped.is_some() {
            &after[2..]
        } else {
            after
        };
    }
    decoded
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let [high, low] = digits else { return None };
    u8::try_from(value(*high)? * 16 + value(*low)?).ok()
}

/// `Messages.json` in answer to a send, and each of a list. Only `sid` is certain.
#[derive(Debug, Deserialize)]
pub(crate) struct Message {
    pub(crate) sid: String,
    pub(crate) body: Option<String>,
    /// `inbound`, `outbound-api`, `outbound-call`, `outbound-reply`.
    pub(crate) direction: Option<String>,
    /// RFC 2822.
    pub(crate) date_created: Option<String>,
}

/// `GET Messages.json`, newest first.
#[derive(Debug, Deserialize)]
pub(crate) struct MessagePage {
    pub(crate) messages: Vec<Message>,
}

/// An answer of 4xx or 5xx.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Problem {
    pub(crate) code: Option<u32>,
    pub(crate) message: Option<String>,
}

/// `GET Accounts/{sid}.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) friendly_name: Option<String>,
    /// `active`, `suspended`, `closed`.
    pub(crate) status: Option<String>,
    /// `Trial`, `Full`.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
}

/// Milliseconds since 1970 of `Mon, 23 Nov 2026 10:00:00 +0000`; `None` if it is written otherwise.
pub(crate) fn rfc2822_ms(date: &str) -> Option<u64> {
    let mut words = date
        .split_once(", ")
        .map_or(date, |(_, rest)| rest)
        .split_whitespace();
    let day: i64 = words.next()?.parse().ok()?;
    let month = month_number(words.next()?)?;
    let year: i64 = words.next()?.parse().ok()?;
    let seconds = seconds_of_day(words.next()?)? - zone_seconds(words.next()?)?;
    let seconds = days_since_1970(year, month, day) * 86_400 + seconds;
    u64::try_from(seconds).ok().map(|seconds| seconds * 1_000)
}

/// `YYYY-MM-DD` of a moment, in UTC: how `DateSent` filters.
pub(crate) fn iso_date(at_ms: u64) -> String {
    // Howard Hinnant's civil_from_days, with the year beginning in March.
    let days = i64::try_from(at_ms / 86_400_000).unwrap_or(0) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Howard Hinnant's days_from_civil, with the year beginning in March.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn month_number(name: &str) -> Option<i64> {
    let names = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let index = names
        .iter()
        .position(|month| month.eq_ignore_ascii_case(name))?;
    i64::try_from(index + 1).ok()
}

fn seconds_of_day(time: &str) -> Option<i64> {
    let mut parts = time.split(':').map(|part| part.parse::<i64>().ok());
    let (hours, minutes) = (parts.next()??, parts.next()??);
    let seconds = parts.next().unwrap_or(Some(0))?;
    Some(hours * 3_600 + minutes * 60 + seconds)
}

fn zone_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "GMT" | "UTC" | "Z") {
        return Some(0);
    }
    let number: i64 = zone.parse().ok()?;
    Some(number / 100 * 3_600 + number % 100 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded_byte_for_byte() {
        let form = Form::parse(b"Body=caf%C3%A9+%26+%zz%&Empty=&Raw=%FF&&flag&From=%2B1");
        assert_eq!(form.get("Body").as_deref(), Some("café & %zz%"));
        assert_eq!(form.get("Empty"), None);
        assert_eq!(form.get("Raw").as_deref(), Some("\u{fffd}"));
        assert_eq!(form.get("From").as_deref(), Some("+1"));
        assert_eq!(form.0.len(), 5);
        assert_eq!(form.0[2].1, [0xff]);
    }

    #[test]
    fn dates_are_read_and_written() {
        let at = 1_795_428_000_000;
        assert_eq!(rfc2822_ms("Mon, 23 Nov 2026 10:00:00 +0000"), Some(at));
        assert_eq!(rfc2822_ms("Mon, 23 Nov 2026 11:30:00 +0130"), Some(at));
        assert_eq!(rfc2822_ms("23 Nov 2026 04:30:00 -0530"), Some(at));
        assert_eq!(
            rfc2822_ms("Thu, 29 Feb 2024 00:00:01 GMT"),
            Some(1_709_164_801_000)
        );
        assert_eq!(rfc2822_ms("yesterday"), None);
        assert_eq!(iso_date(at), "2026-11-23");
        assert_eq!(iso_date(1_709_164_801_000), "2024-02-29");
        assert_eq!(iso_date(0), "1970-01-01");
    }
}
