//! Webhook to events: each element of each entry by itself, so that one odd element costs nothing else.
//!
//! One POST may be about several Pages and customers. Changes of peer-state go with the reception if it is about one
//! customer; else each event takes its own to `resolve`, where they belong to one customer again.

use serde::{Deserialize, Serialize};
use trunkline_plugin::channel::{Event, Happening, Reception};
use trunkline_plugin::{Address, Answer, Content, InboundRequest, Millis, PeerChange, Rejection};
use trunkline_plugin::{clock, log};

use crate::actions;
use crate::content;
use crate::json;
use crate::notices;
use crate::receipts;
use crate::signature;
use crate::window;
use crate::wire::{Entry, Envelope, Message, Messaging};

/// Kinds of address.
pub(crate) const PSID: &str = "psid";
pub(crate) const USER_REF: &str = "user-ref";

/// What `resolve` shall do for an event.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Errand {
    /// Find the customer's name and locale.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) profile: bool,
    /// Remember this.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) changes: Vec<PeerChange>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// An event, and what is to be done for its customer besides.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) event: Event,
    pub(crate) errand: Errand,
}

impl From<Event> for Found {
    fn from(event: Event) -> Self {
        Self {
            event,
            errand: Errand::default(),
        }
    }
}

impl Found {
    /// The customer did something that opens the window for answers.
    pub(crate) fn opening_the_window(mut self) -> Self {
        self.errand.changes.push(window::opened(self.event.at));
        self
    }

    /// The customer wrote, which allows us to ask who they are.
    pub(crate) fn asking_for_the_profile(mut self) -> Self {
        self.errand.profile = true;
        self
    }
}

/// Where an element stood.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) page: &'a str,
    /// When it happened, if the element says nothing better.
    pub(crate) at: Millis,
}

impl Place<'_> {
    pub(crate) fn event(&self, key: impl Into<String>, happening: Happening) -> Event {
        Event::new(key, self.at, self.page, happening)
    }
}

/// One call.
pub(crate) fn receive(request: &InboundRequest) -> Result<Reception, Rejection> {
    if !matches!(request.path.as_str(), "" | "/") {
        return Err(Rejection::NotFound);
    }
    match request.method.as_str() {
        "GET" => Ok(Reception::new(
            signature::verification(&request.query)?,
            Vec::new(),
        )),
        "POST" => {
            signature::verify(request)?;
            Ok(reception(events(&request.body)?))
        }
        _ => Err(Rejection::MethodNotAllowed),
    }
}

fn events(body: &[u8]) -> Result<Vec<Found>, Rejection> {
    let malformed =
        |why: &str| Rejection::Malformed(format!("{why}: this is no webhook of Meta's"));
    let body = json::parse(body).ok_or_else(|| malformed("the body is no JSON"))?;
    let envelope: Envelope =
        serde_json::from_value(body).map_err(|error| malformed(&error.to_string()))?;
    if envelope.object != "page" {
        log::warn(format!(
            "events of `{}` are not taken: subscribe the app to `page` alone, or give the other a URL of its own",
            envelope.object
        ));
        return Ok(Vec::new());
    }
    Ok(envelope.entry.iter().flat_map(of_entry).collect())
}

fn of_entry(entry: &Entry) -> Vec<Found> {
    let Some(page) = &entry.id else {
        log::warn("an entry without a Page was left out");
        return Vec::new();
    };
    let place = |messaging: &Messaging| Place {
        page,
        at: messaging
            .timestamp
            .or(entry.time)
            .unwrap_or_else(clock::now),
    };
    let own = entry
        .messaging
        .iter()
        .flat_map(|messaging| of_messaging(place(messaging), messaging));
    let others = entry
        .standby
        .iter()
        .flat_map(|messaging| of_standby(place(messaging), messaging));
    own.chain(others).collect()
}

/// Which event it is says the member that is there.
fn of_messaging(place: Place<'_>, messaging: &Messaging) -> Vec<Found> {
    if let Some(message) = &messaging.message {
        return match serde_json::from_value(message.clone()) {
            Ok(message) => of_message(place, messaging, &message),
            Err(_) => unreadable_message(place, messaging),
        };
    }
    if let Some(told) = receipts::of(place, messaging).or_else(|| notices::of(place, messaging)) {
        return told;
    }
    let happened = of_customer(place, messaging);
    if happened.is_none() {
        log::debug("an event of a kind that means nothing here was left out");
    }
    happened.into_iter().collect()
}

/// What customers do besides writing.
fn of_customer(place: Place<'_>, messaging: &Messaging) -> Option<Found> {
    let customer = customer(place, messaging)?;
    Some(by(actions::of(place, &customer, messaging)?, customer))
}

fn by(mut found: Found, customer: Vec<Address>) -> Found {
    // A notice is about the channel, not about a customer.
    if !matches!(found.event.happening, Happening::Notice { .. }) {
        found.event.customer = customer;
    }
    found
}

/// Who did it; `None` if it was the Page itself, or nobody says.
fn customer(place: Place<'_>, messaging: &Messaging) -> Option<Vec<Address>> {
    let sender = messaging.sender.as_ref();
    let user_ref = sender
        .and_then(|sender| sender.user_ref.clone())
        .or_else(|| messaging.optin.as_ref()?.user_ref.clone())
        .map(|value| Address::new(USER_REF, value));
    let psid = sender
        .and_then(|sender| sender.id.clone())
        .map(|id| Address::new(PSID, id));
    if psid.as_ref().is_some_and(|psid| psid.value == place.page) {
        return None;
    }
    let customer: Vec<_> = psid.into_iter().chain(user_ref).collect();
    (!customer.is_empty()).then_some(customer)
}

fn of_message(place: Place<'_>, messaging: &Messaging, message: &Message) -> Vec<Found> {
    if message.is_echo {
        return vec![receipts::echo(place, messaging, message)];
    }
    let Some(customer) = customer(place, messaging) else {
        log::warn("a message without a sender was left out");
        return Vec::new();
    };
    let key = message_key(place, &customer, message);
    if message.is_deleted {
        let happening = Happening::Withdrawn(key.clone());
        let event = place.event(format!("deleted:{key}"), happening);
        return vec![by(event.into(), customer)];
    }
    let contents = content::of(message);
    let found = (0_usize..).zip(contents).map(|(index, content)| {
        // The first keeps the message's own id: replies, edits and reactions name it.
        let key = match index {
            0 => key.clone(),
            _ => format!("{key}/{index}"),
        };
        let event = Event {
            reply_to: message.reply_to.as_ref().and_then(|to| to.mid.clone()),
            attributes: message
                .referral
                .as_ref()
                .map(actions::captured)
                .unwrap_or_default(),
            readdressed: prior(messaging),
            ..place.event(key, Happening::Said(content))
        };
        let found = Found::from(event)
            .opening_the_window()
            .asking_for_the_profile();
        by(found, customer.clone())
    });
    found.collect()
}

/// A message of another shape than any known: the agent still learns that there was one.
fn unreadable_message(place: Place<'_>, messaging: &Messaging) -> Vec<Found> {
    let Some(customer) = customer(place, messaging) else {
        return Vec::new();
    };
    let key = format!("message:{}:{}", name(&customer), place.at);
    let said = Happening::Said(Content::Unknown("message".to_owned()));
    vec![by(
        Found::from(place.event(key, said)).opening_the_window(),
        customer,
    )]
}

fn message_key(place: Place<'_>, customer: &[Address], message: &Message) -> String {
    let made_up = || format!("message:{}:{}", name(customer), place.at);
    message.mid.clone().unwrap_or_else(made_up)
}

/// What the customer was called before they wrote for the first time.
fn prior(messaging: &Messaging) -> Vec<Address> {
    let Some(prior) = &messaging.prior_message else {
        return Vec::new();
    };
    let value = prior.identifier.clone().or_else(|| prior.user_ref.clone());
    value
        .map(|value| Address::new(USER_REF, value))
        .into_iter()
        .collect()
}

/// Another app has the conversation: its customer is not ours to answer, receipts of what we sent before still are.
fn of_standby(place: Place<'_>, messaging: &Messaging) -> Vec<Found> {
    if let Some(told) = receipts::of(place, messaging) {
        return told;
    }
    let message: Option<Message> = messaging
        .message
        .as_ref()
        .and_then(|message| serde_json::from_value(message.clone()).ok());
    match &message {
        Some(message) if message.is_echo => vec![receipts::echo(place, messaging, message)],
        Some(_) | None => notices::of_standby(place, messaging, message.as_ref())
            .into_iter()
            .collect(),
    }
}

/// The strongest name, for keys.
pub(crate) fn name(customer: &[Address]) -> &str {
    customer
        .first()
        .map_or("", |address| address.value.as_str())
}

fn reception(mut found: Vec<Found>) -> Reception {
    // After failures Meta sends late what happened early.
    found.sort_by_key(|found| found.event.at);
    ask_once_a_customer(&mut found);
    let mut changes = Vec::new();
    if about_one_customer(&found) {
        for found in &mut found {
            changes.append(&mut found.errand.changes);
        }
    }
    let changes = newest(changes);
    let answer = Answer::ok("text/plain", "EVENT_RECEIVED");
    let events = found.into_iter().map(with_errand).collect();
    Reception {
        peer_changes: changes,
        ..Reception::new(answer, events)
    }
}

/// The customer of an event, who is another one on another Page.
fn whose(found: &Found) -> Option<(String, Address)> {
    let customer = found.event.customer.first()?;
    Some((found.event.account.clone(), customer.clone()))
}

/// One answer tells the name for all events of a customer.
fn ask_once_a_customer(found: &mut [Found]) {
    let mut asked = Vec::new();
    for found in found.iter_mut().filter(|found| found.errand.profile) {
        let whose = whose(found);
        found.errand.profile = !asked.contains(&whose);
        asked.push(whose);
    }
}

/// The last change of each key.
fn newest(changes: Vec<PeerChange>) -> Vec<PeerChange> {
    let mut newest: Vec<PeerChange> = Vec::new();
    for change in changes {
        newest.retain(|other| other.key != change.key);
        newest.push(change);
    }
    newest
}

fn about_one_customer(found: &[Found]) -> bool {
    let mut all = found.iter().filter_map(whose);
    let first = all.next();
    all.all(|other| Some(other) == first)
}

fn with_errand(found: Found) -> Event {
    let Found { mut event, errand } = found;
    if errand != Errand::default() {
        // A struct of texts and numbers: it has no way to fail.
        event.resolve = serde_json::to_vec(&errand).ok();
    }
    event
}
