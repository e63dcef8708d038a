//! Whether ECE can take a customer now; the four lights.
//!
//! In: five safe questions of the status interface, asked at once and never kept. Out: [`Lights`]
//! for people, or a reason not to start. An operation that an ECE does not serve, or answers with
//! nonsense, is unknown: it turns no light red and refuses no customer.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use trunkline_core::event::Unavailable;
use trunkline_flow::ports::EceError;

use crate::configuration::EntryPoint;
use crate::integration::Integration;
use crate::unknowns::Availability;

/// The lights of an entry point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lights {
    /// Is an agent there?
    pub agent: Light,
    /// Is there a free slot?
    pub depth: Light,
    /// Is the waiting time acceptable?
    pub wait: Light,
    /// Is the entry point open?
    pub status: Light,
}

/// One light.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Light {
    /// What people see.
    pub state: Colour,
    /// What it was told from.
    pub why: String,
}

/// The colour of a light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Can take a chat.
    Green,
    /// Cannot.
    Red,
    /// ECE does not say.
    Unknown,
}

impl Light {
    fn of(good: bool, why: impl Into<String>) -> Self {
        Self {
            state: if good { Colour::Green } else { Colour::Red },
            why: why.into(),
        }
    }

    fn unknown(why: impl Into<String>) -> Self {
        Self {
            state: Colour::Unknown,
            why: why.into(),
        }
    }
}

/// A figure, or why ECE does not say.
type Figure<T> = Result<T, String>;

/// What the status interface says about an entry point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figures {
    pub(crate) available: Figure<bool>,
    pub(crate) free_slots: Figure<f64>,
    pub(crate) wait_s: Figure<f64>,
    pub(crate) queue_depth: Figure<f64>,
    pub(crate) eligibility: Figure<f64>,
    pub(crate) allowed: Figure<bool>,
}

const ELIGIBLE: f64 = 0.0;
const NO_AGENT: f64 = 1.0;
const QUEUE_FULL: f64 = 2.0;

impl Figures {
    /// Why each figure that is missing is missing.
    pub(crate) fn missing(&self) -> Vec<String> {
        let truths = [&self.available, &self.allowed].map(|figure| figure.as_ref().err());
        let numbers =
            [&self.free_slots, &self.wait_s, &self.eligibility].map(|figure| figure.as_ref().err());
        truths
            .into_iter()
            .chain(numbers)
            .flatten()
            .cloned()
            .collect()
    }
}

impl Integration {
    /// Reads all figures anew.
    ///
    /// # Errors
    /// Only when ECE cannot be reached at all.
    pub(crate) async fn figures(&self, id: &str) -> Result<Figures, EceError> {
        let paths = &self.config.unknowns.paths;
        let (availability, capacity, live, eligibility, allowed) = tokio::join!(
            self.status_call(&paths.agent_availability, id),
            self.status_call(&paths.capacity, id),
            self.status_call(&paths.live_session_status, id),
            self.status_call(&paths.check_eligibility, id),
            self.status_call(&paths.chat_allowed, id),
        );
        let live = live?;
        Ok(Figures {
            available: truth(&availability?, "available"),
            free_slots: number(&capacity?, "count"),
            wait_s: number(&live, "waitTime"),
            queue_depth: number(&live, "queueDepth"),
            eligibility: number(&eligibility?, "responseType"),
            allowed: truth(&allowed?, "allowed"),
        })
    }

    /// The lights, read anew.
    pub(crate) async fn lights(&self, id: &str) -> Lights {
        let figures = match self.figures(id).await {
            Ok(figures) => figures,
            Err(error) => return all_unknown(&error),
        };
        let status = match &figures.allowed {
            Ok(true) => Light::of(true, "the entry point takes chats"),
            Ok(false) => Light::of(false, "the entry point takes no chats now"),
            Err(_) => self.status_without_chat_allowed(id, &figures).await,
        };
        Lights {
            agent: agent_light(&figures),
            depth: depth_light(&figures),
            wait: wait_light(&figures, self.config.wait_acceptable_s),
            status,
        }
    }

    async fn status_without_chat_allowed(&self, id: &str, figures: &Figures) -> Light {
        match self.fresh_configuration(id).await {
            Ok(EntryPoint::Disabled { text, .. }) => Light::of(false, text),
            Ok(EntryPoint::Served(_)) => match figures.eligibility {
                Ok(value) => Light::of(value == ELIGIBLE, eligibility_text(value)),
                Err(_) => Light::of(true, "the entry point is configured and active"),
            },
            Err(error) => Light::unknown(error.to_string()),
        }
    }

    /// Why a start would be in vain, as far as the status interface tells.
    ///
    /// # Errors
    /// ECE cannot be reached.
    pub(crate) async fn obstacle(
        &self,
        id: &str,
    ) -> Result<Option<(Unavailable, String)>, EceError> {
        if self.config.unknowns.availability.is_empty() {
            return Ok(None);
        }
        let figures = self.figures(id).await?;
        let found = obstacle(
            &figures,
            &self.config.unknowns.availability,
            self.config.wait_acceptable_s,
        );
        let Some(found) = found else { return Ok(None) };
        // An inactive entry point has no agents either: its configuration tells the two apart.
        Ok(match self.fresh_configuration(id).await {
            Ok(EntryPoint::Disabled { text, .. }) => Some((Unavailable::EntryPointDisabled, text)),
            Ok(EntryPoint::Served(_)) | Err(_) => Some(found),
        })
    }

    /// The answer's body, or why there is none; an error only when no connection came about.
    async fn status_call(&self, operation: &str, id: &str) -> Result<Figure<String>, EceError> {
        let url = self.url(
            &self.config.unknowns.paths.status,
            &[("operation", operation), ("entry_point", id)],
        );
        match self.ask(&self.get(url)).await {
            Ok(reply) if reply.status.is_success() => {
                Ok(Ok(String::from_utf8_lossy(&reply.body).into_owned()))
            }
            Ok(reply) if reply.status.as_u16() == 404 => {
                Ok(Err(format!("this ECE does not serve {operation}")))
            }
            Ok(reply) => Ok(Err(format!(
                "{operation} answers HTTP {}",
                reply.status.as_u16()
            ))),
            Err(error @ EceError::Unreachable(_)) => Err(error),
            Err(error) => Ok(Err(error.to_string())),
        }
    }
}

fn obstacle(
    figures: &Figures,
    asked: &[Availability],
    acceptable_s: u64,
) -> Option<(Unavailable, String)> {
    let asked = |what: Availability| asked.contains(&what);
    if asked(Availability::Agents) && figures.available == Ok(false) {
        return Some((Unavailable::NoAgents, "no agent is available".to_owned()));
    }
    if asked(Availability::Agents) && figures.eligibility == Ok(NO_AGENT) {
        return Some((Unavailable::NoAgents, eligibility_text(NO_AGENT).to_owned()));
    }
    if asked(Availability::Capacity) {
        let light = depth_light(figures);
        if light.state == Colour::Red {
            return Some((Unavailable::OutOfCapacity, light.why));
        }
    }
    if asked(Availability::Wait) {
        let light = wait_light(figures, acceptable_s);
        if light.state == Colour::Red {
            return Some((Unavailable::WaitTooLong, light.why));
        }
    }
    if asked(Availability::Allowed) && figures.allowed == Ok(false) {
        return Some((
            Unavailable::EntryPointDisabled,
            "the entry point takes no chats now".to_owned(),
        ));
    }
    None
}

fn agent_light(figures: &Figures) -> Light {
    match &figures.available {
        Ok(true) => Light::of(true, "an agent is available"),
        Ok(false) => Light::of(false, "no agent is available"),
        Err(why) => Light::unknown(why),
    }
}

fn depth_light(figures: &Figures) -> Light {
    if figures.eligibility == Ok(QUEUE_FULL) {
        return Light::of(false, eligibility_text(QUEUE_FULL));
    }
    match &figures.free_slots {
        Ok(slots) => Light::of(*slots > 0.0, format!("{slots} free slots")),
        Err(why) => Light::unknown(why),
    }
}

fn wait_light(figures: &Figures, acceptable_s: u64) -> Light {
    let waiting = figures
        .queue_depth
        .as_ref()
        .map_or_else(|_| String::new(), |depth| format!(", {depth} waiting"));
    match &figures.wait_s {
        Ok(wait) => {
            // A waiting time is far below 2^53 seconds.
            #[expect(clippy::cast_precision_loss, reason = "see above")]
            let good = *wait <= acceptable_s as f64;
            Light::of(
                good,
                format!("{wait} s of waiting, {acceptable_s} s are acceptable{waiting}"),
            )
        }
        Err(why) => Light::unknown(why),
    }
}

fn eligibility_text(value: f64) -> &'static str {
    if value == ELIGIBLE {
        "the entry point can take chats"
    } else if value == NO_AGENT {
        "no agent is available"
    } else if value == QUEUE_FULL {
        "the queue is at its maximum depth"
    } else {
        "the entry point can take no chats"
    }
}

fn all_unknown(error: &EceError) -> Lights {
    let light = Light::unknown(error.to_string());
    Lights {
        agent: light.clone(),
        depth: light.clone(),
        wait: light.clone(),
        status: light,
    }
}

fn truth(answer: &Figure<String>, name: &str) -> Figure<bool> {
    let found = figure(answer, name)?;
    match found.to_lowercase().as_str() {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        _ => Err(format!("{name} is `{found}`")),
    }
}

fn number(answer: &Figure<String>, name: &str) -> Figure<f64> {
    let found = figure(answer, name)?;
    found.parse().map_err(|_| format!("{name} is `{found}`"))
}

fn figure(answer: &Figure<String>, name: &str) -> Figure<String> {
    let body = answer.as_ref().map_err(Clone::clone)?;
    let found = match serde_json::from_str::<Value>(body) {
        Ok(json) => json_member(&json, name),
        Err(_) => xml_member(body, name),
    };
    found.ok_or_else(|| format!("ECE's answer holds no {name}"))
}

/// Anywhere in the document: some answers are wrapped once more.
fn json_member(value: &Value, name: &str) -> Option<String> {
    match value {
        Value::Object(members) => match members.get(name) {
            Some(Value::String(text)) => Some(text.trim().to_owned()),
            Some(found @ (Value::Bool(_) | Value::Number(_))) => Some(found.to_string()),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => {
                members.values().find_map(|inner| json_member(inner, name))
            }
        },
        Value::Array(items) => items.iter().find_map(|inner| json_member(inner, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// An attribute or an element of this local name, whatever its prefix. Enough for answers of one
/// element.
fn xml_member(body: &str, name: &str) -> Option<String> {
    static MEMBERS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?:<(?:\w+:)?(?<element>\w+)(?:\s[^>]*)?>\s*(?<text>[^<]+?)\s*</|[\s:](?<attribute>\w+)\s*=\s*["'](?<value>[^"']*)["'])"#)
            .expect("a pattern tried by this module's tests")
    });
    MEMBERS.captures_iter(body).find_map(|found| {
        let named = |group: &str| {
            found
                .name(group)
                .is_some_and(|group| group.as_str() == name)
        };
        let value = if named("element") {
            found.name("text")
        } else {
            found.name("value").filter(|_| named("attribute"))
        };
        value.map(|value| value.as_str().trim().to_owned())
    })
}

#[cfg(test)]
mod tests;
