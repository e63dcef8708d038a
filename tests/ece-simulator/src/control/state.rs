//! What the contact centre looks like now, conversations left out.

use serde_json::{Value, json};

use crate::desk::{Agent, Desk, EntryPoint};
use crate::shared::Shared;

/// Refused calls shown.
const REFUSED_SHOWN: usize = 10;

pub(super) fn state(shared: &Shared) -> Value {
    let webhook = shared.webhook.borrow().clone();
    let outage = *shared.outage.borrow();
    let mut callback = json!(webhook.config);
    callback["deactivated"] = json!(webhook.deactivated);
    let faults = json!(shared.faults().waiting().collect::<Vec<_>>());
    shared.look(|desk| {
        json!({
            "agents": desk.agents.iter().map(agent).collect::<Vec<_>>(),
            "entry_points": desk.entry_points.values().map(entry_point).collect::<Vec<_>>(),
            "webhook": callback,
            "posts": posts(desk),
            "notices": desk.ledger.notices,
            "refused": refused(desk),
            "faults": faults,
            "variants": desk.variants,
            "outage": outage,
        })
    })
}

fn agent(agent: &Agent) -> Value {
    json!({
        "name": agent.name, "screen_name": agent.screen_name, "signed_in": agent.signed_in,
        "ready": agent.ready, "capacity": agent.capacity, "active": agent.active,
        "pick_up": agent.pick_up, "scripted": agent.is_scripted(), "entry_points": agent.entry_points,
    })
}

fn entry_point(point: &EntryPoint) -> Value {
    let mut value = json!(point.config);
    value["queue_depth"] = json!(point.queue.len());
    value["last_modified"] = json!(point.last_modified);
    value
}

fn posts(desk: &Desk) -> Value {
    let posts = &desk.ledger.posts;
    let failed = posts
        .iter()
        .filter(|post| !(200..300).contains(&post.status));
    json!({"count": posts.len(), "failed": failed.count(), "last_status": posts.last().map(|post| post.status)})
}

fn refused(desk: &Desk) -> Value {
    let refused = &desk.ledger.refused;
    let from = refused.len().saturating_sub(REFUSED_SHOWN);
    json!({"count": refused.len(), "last": refused[from..]})
}
