//! Are the credentials good, is the account in use, and is the number one of its own?
//!
//! A number that cannot be found is a warning and no refusal: whoever speaks like Twilio need not list numbers, and Twilio
//! itself has senders that stand in neither list.

use serde::de::DeserializeOwned;
use trunkline_plugin::http::{self, Request};
use trunkline_plugin::{SendError, log};

use super::wire::{self, NumberPage, ShortCodePage};
use super::{AUTH_TOKEN, Account, refusal};
use crate::settings::Settings;

/// Asks for the account, then for the number.
pub(crate) fn check(settings: &Settings) -> Result<trunkline_plugin::Account, SendError> {
    let account = Account::of(settings)?;
    settings.need_secret(AUTH_TOKEN, "the auth token from Twilio's console")?;
    let request = Request::get(account.url(".json")).basic(account.sid, AUTH_TOKEN);
    let answer = http::fetch(&request)?;
    if !answer.is_success() {
        return Err(refusal::of_question(&answer));
    }
    let found: wire::Account = answer.json().map_err(|error| {
        SendError::Credentials(format!("api_base does not answer like Twilio: {error}"))
    })?;
    let mut warnings = of_account(&found);
    warnings.extend(of_number(&account, &settings.number));
    Ok(trunkline_plugin::Account {
        id: settings.number.clone(),
        warnings,
        name: found.friendly_name,
    })
}

fn of_account(account: &wire::Account) -> Vec<String> {
    let status = account
        .status
        .as_deref()
        .filter(|status| *status != "active");
    let status = status.map(|status| format!("the account is {status}"));
    let trial = account.kind.as_deref() == Some("Trial");
    let trial = trial.then(|| "a trial account sends to verified numbers only".to_owned());
    status.into_iter().chain(trial).collect()
}

/// What is wrong with the number. A sender that is a name stands in no list.
fn of_number(account: &Account<'_>, number: &str) -> Option<String> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if number.strip_prefix('+').is_some_and(digits) {
        of_phone_number(account, number)
    } else if digits(number) {
        of_short_code(account, number)
    } else {
        None
    }
}

fn of_phone_number(account: &Account<'_>, number: &str) -> Option<String> {
    let page: NumberPage = asked(
        account,
        "/IncomingPhoneNumbers.json",
        ("PhoneNumber", number),
    )?;
    let mut numbers = page.incoming_phone_numbers.into_iter();
    let found = numbers.find(|found| found.phone_number.as_deref() == Some(number));
    match found {
        None => Some(foreign(number)),
        Some(found) if found.capabilities.sms == Some(false) => Some(format!(
            "the setting `number`: {number} cannot do SMS; take another of the account's numbers"
        )),
        Some(_) => None,
    }
}

fn of_short_code(account: &Account<'_>, code: &str) -> Option<String> {
    let page: ShortCodePage = asked(account, "/SMS/ShortCodes.json", ("ShortCode", code))?;
    let mut codes = page.short_codes.into_iter();
    let found = codes.any(|found| found.short_code.as_deref() == Some(code));
    (!found).then(|| foreign(code))
}

fn foreign(number: &str) -> String {
    format!(
        "the setting `number`: {number} is not among the account's numbers; Twilio delivers and takes nothing for a number \
         that is somebody else's"
    )
}

/// None where the list cannot be had: nothing is known about the number then.
fn asked<T: DeserializeOwned>(
    account: &Account<'_>,
    path: &str,
    filter: (&str, &str),
) -> Option<T> {
    let request = Request::get(account.url(path))
        .basic(account.sid, AUTH_TOKEN)
        .query([filter])
        .safe();
    let answer = http::fetch(&request).ok()?;
    let list = answer.is_success().then(|| answer.json().ok()).flatten();
    if list.is_none() {
        log::debug(format!("no list of numbers: status {}", answer.status));
    }
    list
}
