//! Family C: what anybody may ask about an entry point. XML unless `Accept` says JSON.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Number, Value, json};

use crate::answer::{Wants, xml};
use crate::desk::Desk;
use crate::desk::routing::Eligibility;
use crate::router::Call;
use crate::variants::Refusal;

/// As on real answers (SEEN), where the numbers of the prefixes vary.
const NAMESPACES: &str = "xmlns:ns5=\"http://jabber.org/protocol/httpbind\" xmlns:ns2=\"http://bindings.egain.com/chat\" \
     xmlns:ns4=\"jabber:client\" xmlns:ns3=\"urn:ietf:params:xml:ns:xmpp-stanzas\"";

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    AgentAvailability,
    Capacity,
    LiveSessionStatus,
    CheckEligibility,
    ChatAllowed,
}

impl Question {
    /// The word in the path as the reference spells it.
    pub(crate) fn spelling(self) -> &'static str {
        match self {
            Self::AgentAvailability => "agentAvailability",
            Self::Capacity => "capacity",
            Self::LiveSessionStatus => "liveSessionStatus",
            Self::CheckEligibility => "checkEligibility",
            Self::ChatAllowed => "chatAllowed",
        }
    }

    /// By its word in the path, lower case.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "agentavailability" => Self::AgentAvailability,
            "capacity" => Self::Capacity,
            "livesessionstatus" => Self::LiveSessionStatus,
            "checkeligibility" => Self::CheckEligibility,
            "chatallowed" => Self::ChatAllowed,
            _ => return None,
        })
    }
}

/// `GET …/egain/chat/entrypoint/{question}/{id}`.
pub(crate) fn answer(call: &Call, question: Question, id: &str) -> Result<Response, Refusal> {
    let unknown = || Refusal::new(400, "400-117", format!("There is no entry point {id:?}."));
    let number: u64 = id.parse().map_err(|_| unknown())?;
    let wants = acceptable(call)?;
    call.shared.look(|desk| {
        if !desk.entry_points.contains_key(&number) {
            return Err(unknown());
        }
        Ok(write(wants, desk, question, number))
    })
}

/// `GET …/sessionStatus/{sid}`: the queue that a conversation waits in. A session's id begins with
/// the activity's number; the conversation's own id is taken too.
pub(crate) fn session(call: &Call, sid: &str) -> Result<Response, Refusal> {
    let wants = acceptable(call)?;
    call.shared.look(|desk| {
        let entry_point = entry_point_of(desk, sid)?;
        Ok(write_waiting(
            wants,
            desk,
            "sessionStatus",
            entry_point,
            false,
        ))
    })
}

/// `POST …/sessionStatistics` with the session's id in XML.
pub(crate) fn statistics(call: &Call) -> Result<Response, Refusal> {
    let wants = acceptable(call)?;
    let body = String::from_utf8_lossy(&call.body);
    let sid = body
        .split_once("<sid>")
        .and_then(|(_, rest)| rest.split_once("</sid>"))
        .map(|(sid, _)| sid.trim());
    let sid = sid.ok_or_else(|| Refusal::new(400, "400-118", "The element sid is missing."))?;
    call.shared.look(|desk| {
        let entry_point = entry_point_of(desk, sid)?;
        Ok(write_waiting(
            wants,
            desk,
            "sessionStatistics",
            entry_point,
            true,
        ))
    })
}

fn acceptable(call: &Call) -> Result<Wants, Refusal> {
    match Wants::of(&call.headers) {
        Wants::Other => Err(Refusal::new(
            406,
            "406-100",
            "Accept must allow JSON or XML.",
        )),
        wants @ (Wants::Json | Wants::Xml | Wants::Anything) => Ok(wants),
    }
}

fn entry_point_of(desk: &Desk, sid: &str) -> Result<u64, Refusal> {
    let activity = sid.split('_').next().unwrap_or(sid);
    let by_activity = || {
        desk.ledger
            .conversations
            .iter()
            .find(|record| record.activity_id == activity)
            .map(|r| &**r)
    };
    let record = desk.ledger.conversation(sid).or_else(by_activity);
    record
        .map(|record| record.entry_point)
        .ok_or_else(|| Refusal::new(400, "400-119", "No such session."))
}

fn write(wants: Wants, desk: &Desk, question: Question, id: u64) -> Response {
    match question {
        Question::AgentAvailability => {
            let available = !desk.agents_required(id) || desk.has_agent(id);
            attribute(wants, "agentAvailability", "available", &json!(available))
        }
        Question::Capacity => {
            let count = json!(desk.free_slots(id));
            elements(wants, "availableSlots", &[("count", count)])
        }
        Question::LiveSessionStatus => write_waiting(wants, desk, "liveSessionStatus", id, false),
        Question::CheckEligibility => {
            let response = desk.eligibility(id) as u8;
            attribute(wants, "checkEligibility", "responseType", &json!(response))
        }
        Question::ChatAllowed => {
            let active = desk
                .entry_points
                .get(&id)
                .is_some_and(|point| point.config.active);
            let allowed = active && desk.eligibility(id) == Eligibility::Open;
            attribute(wants, "chatAllowed", "allowed", &json!(allowed))
        }
    }
}

fn write_waiting(wants: Wants, desk: &Desk, root: &str, id: u64, engagement: bool) -> Response {
    let mut members = vec![
        ("waitTime", seconds(desk.wait_time_s(id))),
        ("queueDepth", json!(desk.queue_depth(id))),
    ];
    if engagement {
        members.push(("altEngmtTime", json!(0)));
    }
    elements(wants, root, &members)
}

/// Whole seconds without a fraction.
fn seconds(time_s: f64) -> Value {
    match time_s.fract() == 0.0 && (0.0..1e9).contains(&time_s) {
        true => json!(time_s as u64),
        false => Number::from_f64(time_s).map_or(Value::Null, Value::Number),
    }
}

fn attribute(wants: Wants, root: &str, name: &str, value: &Value) -> Response {
    if wants == Wants::Json {
        return Json(json!({name: value})).into_response();
    }
    xml(format!("<{root} {NAMESPACES} {name}=\"{value}\"/>")).into_response()
}

fn elements(wants: Wants, root: &str, members: &[(&str, Value)]) -> Response {
    if wants == Wants::Json {
        let body: serde_json::Map<String, Value> = members
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        return Json(body).into_response();
    }
    let inner: String = members
        .iter()
        .map(|(name, value)| format!("<ns2:{name}>{value}</ns2:{name}>"))
        .collect();
    xml(format!("<{root} {NAMESPACES}>{inner}</{root}>")).into_response()
}
