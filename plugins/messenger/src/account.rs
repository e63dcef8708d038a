//! Are settings and credentials good, and does the Page send us its events?
//!
//! Meta unsubscribes an app from a Page after an hour of failed webhooks and tells nobody: from then on customers write
//! into the void. So each check looks at the subscription and renews it where it is gone or lacks an event; the operator
//! reads a warning. A subscription that cannot be renewed is an error, for nothing arrives.

use serde::Deserialize;
use trunkline_plugin::http;
use trunkline_plugin::{Account, SendError};

use crate::graph;
use crate::json::{lenient_list, text};
use crate::refusal;
use crate::settings::Settings;

/// The events that the plugin reads.
const FIELDS: [&str; 11] = [
    "messages",
    "messaging_postbacks",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_reactions",
    "message_edits",
    "messaging_referrals",
    "messaging_optins",
    "messaging_handovers",
    "standby",
];

/// `GET /{page}` and `GET /app`.
#[derive(Debug, Deserialize)]
struct Named {
    #[serde(default, deserialize_with = "text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
}

/// `GET /{page}/subscribed_apps`.
#[derive(Debug, Deserialize)]
struct Subscriptions {
    #[serde(default, deserialize_with = "lenient_list")]
    data: Vec<Subscription>,
}

#[derive(Debug, Deserialize)]
struct Subscription {
    #[serde(default, deserialize_with = "text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient_list")]
    subscribed_fields: Vec<String>,
}

/// Asks for the Page, the app and its subscription.
pub(crate) fn check(settings: &Settings) -> Result<Account, SendError> {
    let page: Named = ask(settings, &settings.page_id, Some("id,name"))?;
    let id = page.id.unwrap_or_default();
    if id != settings.page_id {
        return Err(SendError::Credentials(format!(
            "page_id {} is answered as Page {id}: compare it with the Page's settings",
            settings.page_id
        )));
    }
    let app: Named = ask(settings, "app", Some("id"))?;
    let path = format!("{}/subscribed_apps", settings.page_id);
    let subscriptions: Subscriptions = ask(settings, &path, None)?;
    let missing = missing(&subscriptions, app.id.as_deref());
    let mut warnings = Vec::new();
    if !missing.is_empty() {
        subscribe(settings)?;
        warnings.push(renewed(&missing));
    }
    Ok(Account {
        id,
        name: page.name,
        warnings,
    })
}

fn ask<T: serde::de::DeserializeOwned>(
    settings: &Settings,
    path: &str,
    fields: Option<&str>,
) -> Result<T, SendError> {
    let query = fields.map(|fields| ("fields", fields));
    let answer = http::fetch(&graph::get(settings, path).query(query).safe())?;
    if !answer.is_success() {
        return Err(as_settings(refusal::of_question(&answer)));
    }
    answer.json().map_err(|error| {
        SendError::Credentials(format!(
            "api_base does not answer like the Graph API: {error}"
        ))
    })
}

/// What is refused here is the operator's to mend.
fn as_settings(error: SendError) -> SendError {
    match error {
        SendError::Refused(why) | SendError::OptedOut(why) => SendError::Credentials(why),
        error @ (SendError::Again { .. }
        | SendError::Throttled { .. }
        | SendError::Credentials(_)
        | SendError::Unknown(_)) => error,
    }
}

/// The events that this app does not get.
fn missing<'a>(subscriptions: &Subscriptions, app: Option<&str>) -> Vec<&'a str> {
    let ours = subscriptions
        .data
        .iter()
        .find(|it| it.id.is_some() && it.id.as_deref() == app);
    let gets = |field: &str| {
        ours.is_some_and(|it| it.subscribed_fields.iter().any(|other| other == field))
    };
    FIELDS.into_iter().filter(|field| !gets(field)).collect()
}

fn renewed(missing: &[&str]) -> String {
    let what = if missing.len() == FIELDS.len() {
        "anything".to_owned()
    } else {
        missing.join(", ")
    };
    format!(
        "the Page did not send us {what}: subscribed again. Meta unsubscribes after an hour of failed webhooks; look \
         whether messages were lost"
    )
}

fn subscribe(settings: &Settings) -> Result<(), SendError> {
    let request = graph::post_to_page(settings, "subscribed_apps")
        .query([("subscribed_fields", FIELDS.join(","))])
        .safe();
    let answer = http::fetch(&request)?;
    if answer.is_success() {
        return Ok(());
    }
    match as_settings(refusal::of_question(&answer)) {
        SendError::Credentials(why) => Err(SendError::Credentials(format!(
            "the Page sends us nothing and cannot be subscribed: {why}"
        ))),
        error @ (SendError::Again { .. }
        | SendError::Throttled { .. }
        | SendError::Refused(_)
        | SendError::OptedOut(_)
        | SendError::Unknown(_)) => Err(error),
    }
}
