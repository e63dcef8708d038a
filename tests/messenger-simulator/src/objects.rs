//! What can be read: the Page, the app, customers' profiles, messages' attachments; and the Page's subscription.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{AskedQuery, authorise, authorise_for};
use crate::media;
use crate::refusal::Refusal;
use crate::state::{FIELDS, Shared};

type Answered = Result<Json<Value>, Refusal>;

/// What Meta knows of a customer. Members left out are not told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// `nl_NL`.
    pub locale: Option<String>,
    /// Hours from UTC.
    pub timezone: Option<f64>,
    /// The account was made with a phone number: asking is error 2018218.
    pub absent: bool,
}

/// `GET /{object}?fields=`.
pub(crate) async fn read(
    State(shared): State<Arc<Shared>>,
    Path((_version, object)): Path<(String, String)>,
    Query(asked): AskedQuery,
    headers: HeaderMap,
) -> Answered {
    let page = authorise(&shared, &headers, &asked)?;
    if object == "app" {
        return Ok(Json(
            json!({ "id": shared.config.app_id, "name": "Trunkline" }),
        ));
    }
    if object == page.id || object == "me" {
        return Ok(Json(json!({ "id": page.id, "name": page.name })));
    }
    let attached = shared.watched.lock().attached.get(&object).cloned();
    if let Some(urls) = attached {
        let files: Vec<_> = urls
            .iter()
            .map(|url| json!({ "file_url": media::renewed(url) }))
            .collect();
        return Ok(Json(
            json!({ "id": object, "attachments": { "data": files } }),
        ));
    }
    profile(&shared, &page.id, &object, &asked.fields).map(Json)
}

/// Told only of people who wrote to this Page.
fn profile(shared: &Shared, page: &str, psid: &str, fields: &str) -> Result<Value, Refusal> {
    let thread = (page.to_owned(), psid.to_owned());
    if !shared.watched.lock().last_actions.contains_key(&thread) {
        return Err(Refusal::no_object(psid));
    }
    let asked = psid.to_owned();
    shared
        .watched
        .change(|state| state.ledger.profiles_asked.push(asked));
    let wanted: Vec<_> = fields.split(',').collect();
    let needs_more = wanted
        .iter()
        .any(|field| matches!(*field, "locale" | "timezone"));
    if needs_more && !shared.config.locale_permitted {
        return Err(Refusal::new(10, None, "Requires pages_user_locale"));
    }
    // Without access, and of somebody nobody told us about, Meta answers with nothing.
    let Some(profile) = shared.watched.lock().profiles.get(psid).cloned() else {
        return Ok(json!({}));
    };
    if profile.absent {
        return Err(Refusal::new(
            100,
            Some(2_018_218),
            "No profile available for this user.",
        ));
    }
    let all = json!({
        "first_name": profile.first_name, "last_name": profile.last_name,
        "locale": profile.locale, "timezone": profile.timezone,
    });
    let mut told = json!({ "id": psid });
    for field in wanted {
        if !all[field].is_null() {
            told[field] = all[field].clone();
        }
    }
    Ok(told)
}

/// `GET /{page}/subscribed_apps`.
pub(crate) async fn subscriptions(
    State(shared): State<Arc<Shared>>,
    Path((_version, object)): Path<(String, String)>,
    Query(asked): AskedQuery,
    headers: HeaderMap,
) -> Answered {
    let page = authorise_for(&shared, &headers, &asked, &object)?;
    let fields = shared.watched.lock().subscriptions.get(&page.id).cloned();
    let apps = fields.map(|fields| {
        json!({ "id": shared.config.app_id, "name": "Trunkline", "subscribed_fields": fields })
    });
    Ok(Json(json!({ "data": Vec::from_iter(apps) })))
}

/// `POST /{page}/subscribed_apps?subscribed_fields=`.
pub(crate) async fn subscribe(
    State(shared): State<Arc<Shared>>,
    Path((_version, object)): Path<(String, String)>,
    Query(asked): AskedQuery,
    headers: HeaderMap,
) -> Answered {
    let page = authorise_for(&shared, &headers, &asked, &object)?;
    let fields = asked.subscribed_fields.unwrap_or_default();
    let fields: BTreeSet<_> = fields.split(',').map(str::to_owned).collect();
    if let Some(unknown) = fields
        .iter()
        .find(|field| !FIELDS.contains(&field.as_str()))
    {
        return Err(Refusal::parameter(format!(
            "Param subscribed_fields[0] must be one of {FIELDS:?} - got {unknown:?}"
        )));
    }
    let id = page.id.clone();
    shared
        .watched
        .change(|state| state.subscriptions.insert(id, fields));
    Ok(Json(json!({ "success": true })))
}

/// `DELETE /{page}/subscribed_apps`.
pub(crate) async fn unsubscribe(
    State(shared): State<Arc<Shared>>,
    Path((_version, object)): Path<(String, String)>,
    Query(asked): AskedQuery,
    headers: HeaderMap,
) -> Answered {
    let page = authorise_for(&shared, &headers, &asked, &object)?;
    shared
        .watched
        .change(|state| state.subscriptions.remove(&page.id));
    Ok(Json(json!({ "success": true })))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Control {
    recipient: Recipient,
}

#[derive(Debug, Deserialize)]
struct Recipient {
    id: String,
}

/// `POST /{page}/take_thread_control`.
pub(crate) async fn take_control(
    State(shared): State<Arc<Shared>>,
    Path((_version, object)): Path<(String, String)>,
    Query(asked): AskedQuery,
    headers: HeaderMap,
    Json(control): Json<Control>,
) -> Answered {
    let page = authorise_for(&shared, &headers, &asked, &object)?;
    let thread = (page.id.clone(), control.recipient.id);
    shared
        .watched
        .change(|state| state.elsewhere.remove(&thread));
    Ok(Json(json!({ "success": true })))
}
