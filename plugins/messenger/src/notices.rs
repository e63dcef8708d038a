//! What the operator should know: who else answers on the Page, and what Meta thinks of it. Never what people wrote.

use trunkline_plugin::channel::{Event, Happening};

use crate::inbound::{Found, Place};
use crate::wire::{Message, Messaging, PolicyEnforcement, ThreadControl};

/// Meta's own inbox, where colleagues type.
const PAGE_INBOX: &str = "263902037430900";

/// Changes of who has a conversation, and Meta's policy; `None` if it is neither.
pub(crate) fn of(place: Place<'_>, messaging: &Messaging) -> Option<Vec<Found>> {
    let (code, text) = if let Some(it) = &messaging.pass_thread_control {
        ("pass-thread-control", passed(it))
    } else if let Some(it) = &messaging.take_thread_control {
        ("take-thread-control", taken(it))
    } else if let Some(it) = &messaging.request_thread_control {
        ("request-thread-control", requested(it))
    } else if messaging.app_roles.is_some() {
        let text = "Meta changed the roles of the apps on this Page; see its conversation routing";
        ("app-roles", text.to_owned())
    } else if let Some(it) = &messaging.policy_enforcement {
        return Some(vec![policy(place, it)]);
    } else {
        return None;
    };
    let who = messaging.sender.as_ref().and_then(|it| it.id.as_deref());
    let key = format!("{code}:{}:{}", who.unwrap_or_default(), place.at);
    Some(vec![notice(place, key, code, text).into()])
}

fn passed(control: &ThreadControl) -> String {
    format!(
        "{} passed a conversation to {}",
        app(control.previous_owner_app_id.as_deref()),
        app(control.new_owner_app_id.as_deref())
    )
}

fn taken(control: &ThreadControl) -> String {
    format!(
        "{} took a conversation from {}: an agent's next answer takes it back",
        app(control.new_owner_app_id.as_deref()),
        app(control.previous_owner_app_id.as_deref())
    )
}

fn requested(control: &ThreadControl) -> String {
    let asking = app(control.requested_owner_app_id.as_deref());
    format!("{asking} asks for a conversation; Trunkline keeps it")
}

fn app(id: Option<&str>) -> String {
    match id {
        Some(PAGE_INBOX) => "the Page's inbox".to_owned(),
        Some(id) => format!("app {id}"),
        None => "no app".to_owned(),
    }
}

fn policy(place: Place<'_>, enforcement: &PolicyEnforcement) -> Found {
    let action = enforcement.action.as_deref().unwrap_or("unknown");
    let reason = enforcement.reason.as_deref().unwrap_or("no reason given");
    let text = match action {
        "block" => format!("Meta blocked the Page from sending: {reason}"),
        "unblock" => format!("Meta lets the Page send again: {reason}"),
        _ => format!("Meta's policy, {action}: {reason}"),
    };
    let key = format!("policy:{}:{}:{action}", place.page, place.at);
    notice(place, key, &format!("policy-{action}"), text).into()
}

/// Another app or a colleague answered; their words are not ours to keep.
pub(crate) fn somebody_elses_echo(place: Place<'_>, key: String, message: &Message) -> Event {
    let who = app(message.app_id.as_deref());
    let text = format!("{who} answered a customer of this Page outside Trunkline");
    notice(place, key, "answered-elsewhere", text)
}

/// A customer wrote while another app has the conversation. `None` where nothing was said.
pub(crate) fn of_standby(
    place: Place<'_>,
    messaging: &Messaging,
    message: Option<&Message>,
) -> Option<Found> {
    if messaging.message.is_none() && messaging.postback.is_none() {
        return None;
    }
    let who = messaging.sender.as_ref().and_then(|it| it.id.as_deref());
    let key = match message.and_then(|message| message.mid.as_deref()) {
        Some(mid) => format!("standby:{mid}"),
        None => format!("standby:{}:{}", who.unwrap_or_default(), place.at),
    };
    let text = "a customer wrote in a conversation that another app has; Trunkline leaves it there";
    Some(notice(place, key, "standby", text.to_owned()).into())
}

fn notice(place: Place<'_>, key: String, code: &str, text: String) -> Event {
    let code = code.to_owned();
    place.event(key, Happening::Notice { code, text })
}
