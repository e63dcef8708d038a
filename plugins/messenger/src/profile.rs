//! Who a customer is: Messenger tells the name and the language only to those who ask.
//!
//! Asked at most once a day a customer, which peer-state remembers. Both want permissions that an app may not have; then
//! less is known, and nothing fails.

use serde::Deserialize;
use trunkline_plugin::channel::Event;
use trunkline_plugin::http;
use trunkline_plugin::{Millis, PeerChange, PeerState, SendError, clock, log};

use crate::graph;
use crate::inbound::{Errand, PSID};
use crate::json::text;
use crate::refusal;
use crate::settings::Settings;

/// The key in peer-state: when we asked, in milliseconds since 1970.
const ASKED: &str = "profile-asked";
const ASK_EVERY_MS: u64 = 24 * 60 * 60 * 1_000;

const ALL_FIELDS: &str = "first_name,last_name,locale,timezone";
/// Where `locale` and `timezone` are not permitted.
const NAME_FIELDS: &str = "first_name,last_name";

/// `GET /{psid}`. Any field may be missing, and without permission all are.
#[derive(Debug, Default, Deserialize)]
struct Profile {
    #[serde(default, deserialize_with = "text")]
    first_name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    last_name: Option<String>,
    /// `nl_NL`.
    #[serde(default, deserialize_with = "text")]
    locale: Option<String>,
    #[serde(default)]
    timezone: Option<f64>,
}

/// Does what `receive` left to do for this event.
pub(crate) fn resolve(
    settings: &Settings,
    event: &Event,
    peer_state: &PeerState,
) -> Result<(Vec<Event>, Vec<PeerChange>), SendError> {
    let errand = event
        .resolve
        .as_deref()
        .and_then(|errand| serde_json::from_slice(errand).ok());
    let Errand {
        profile,
        mut changes,
    } = errand.unwrap_or_default();
    let mut event = Event {
        resolve: None,
        ..event.clone()
    };
    let psid = event
        .customer
        .iter()
        .find(|address| address.kind == PSID)
        .map(|address| address.value.clone());
    if let Some(psid) = psid.filter(|_| profile && is_due(peer_state, clock::now())) {
        // What is to be remembered must not be lost because nobody knows a name.
        match ask(settings, &psid) {
            Ok(profile) => {
                profile.tell(&mut event);
                changes.push(asked(clock::now()));
            }
            Err(error) if changes.is_empty() => return Err(error),
            Err(error) => log::warn(format!("the customer's name is not known: {error}")),
        }
    }
    Ok((vec![event], changes))
}

fn is_due(peer_state: &PeerState, now: Millis) -> bool {
    let asked: Option<Millis> = peer_state.get(ASKED).and_then(|text| text.parse().ok());
    asked.is_none_or(|asked| now.saturating_sub(asked) >= ASK_EVERY_MS)
}

fn asked(at: Millis) -> PeerChange {
    PeerChange {
        key: ASKED.to_owned(),
        value: Some(at.to_string()),
        at,
    }
}

/// As much as we may know.
fn ask(settings: &Settings, psid: &str) -> Result<Profile, SendError> {
    let with = |fields: &str| {
        let request = graph::get(settings, &graph::segment(psid)).query([("fields", fields)]);
        http::fetch(&request.safe())
    };
    let mut answer = with(ALL_FIELDS)?;
    if !answer.is_success() && refusal::is_permission(&answer) {
        answer = with(NAME_FIELDS)?;
    }
    if answer.is_success() {
        let profile = answer.json();
        return profile.map_err(|error| SendError::Refused(format!("no profile: {error}")));
    }
    if refusal::is_without_profile(&answer) || refusal::is_permission(&answer) {
        return Ok(Profile::default());
    }
    Err(refusal::of_question(&answer))
}

impl Profile {
    fn tell(self, event: &mut Event) {
        let names = [self.first_name.clone(), self.last_name.clone()];
        let names: Vec<_> = names.into_iter().flatten().collect();
        let name = (!names.is_empty()).then(|| names.join(" "));
        let locale = self.locale.map(|locale| locale.replace('_', "-"));
        let captured = [
            ("username", name.clone()),
            ("first_name", self.first_name),
            ("last_name", self.last_name),
            ("locale", locale.clone()),
            ("timezone", self.timezone.map(|hours| hours.to_string())),
        ];
        let captured = captured
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        event.attributes.extend(captured);
        event.name = name;
        event.locale = locale;
    }
}
