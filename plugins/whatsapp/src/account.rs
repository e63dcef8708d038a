//! Are the credentials good, and is the number fit to send?

use trunkline_plugin::http::Request;
use trunkline_plugin::{Account, SendError};

use crate::api::{self, ApiError};
use crate::settings::Settings;
use crate::wire::Number;

const FIELDS: &str =
    "id,display_phone_number,verified_name,quality_rating,code_verification_status,status";

/// The pause where Meta is there and cannot answer.
const AGAIN_AFTER_MS: u32 = 5_000;

/// Reads our number.
pub(crate) fn check(settings: &Settings) -> Result<Account, SendError> {
    let request =
        Request::get(settings.node_url(&settings.phone_number_id)).query([("fields", FIELDS)]);
    let number: Number = match api::get(request) {
        Ok(answer) => answer.json().map_err(|error| {
            SendError::Credentials(format!("api_base does not answer like Meta: {error}"))
        })?,
        Err(error) => return Err(of_question(error)),
    };
    if number.id.as_deref() != Some(&settings.phone_number_id) {
        return Err(SendError::Credentials(
            "phone_number_id names no number: take the id of the number, not the number, from the app's WhatsApp page"
                .to_owned(),
        ));
    }
    let warnings = warnings(&number);
    Ok(Account {
        id: settings.phone_number_id.clone(),
        name: name(number),
        warnings,
    })
}

/// A question that was refused for good has a wrong setting in it; one without answer is asked again.
fn of_question(error: ApiError) -> SendError {
    if let ApiError::Refused(refusal) = &error
        && error.is_final()
    {
        return SendError::Credentials(refusal.said.clone());
    }
    match error.into() {
        SendError::Unknown(why) => SendError::Again {
            after_ms: AGAIN_AFTER_MS,
            why,
        },
        other @ (SendError::Again { .. }
        | SendError::Throttled { .. }
        | SendError::Refused(_)
        | SendError::OptedOut(_)
        | SendError::Credentials(_)) => other,
    }
}

fn name(number: Number) -> Option<String> {
    match (number.verified_name, number.display_phone_number) {
        (Some(name), Some(number)) => Some(format!("{name} ({number})")),
        (name, number) => name.or(number),
    }
}

fn warnings(number: &Number) -> Vec<String> {
    let quality = match number.quality_rating.as_deref() {
        Some("RED") => Some("the number's quality is low: Meta may restrict it".to_owned()),
        Some("YELLOW") => Some("the number's quality is medium".to_owned()),
        Some(_) | None => None,
    };
    let verified = number.code_verification_status.as_deref();
    let unverified = verified.filter(|status| *status == "NOT_VERIFIED");
    let unverified = unverified.map(|_| "the number is not verified".to_owned());
    let status = number.status.as_deref();
    let status = status.filter(|status| *status != "CONNECTED");
    let status = status.map(|status| format!("the number's status is {status}"));
    status
        .into_iter()
        .chain(quality)
        .chain(unverified)
        .collect()
}
