//! What happened to a conversation, put together from what is kept anyway; and which conversations a
//! text belongs to.

use rusqlite::{Connection, params};
use trunkline_core::customer::Customer;
use trunkline_core::effect::Payload;
use trunkline_core::event::Event;
use trunkline_core::id::{ConversationId, CustomerId, DeliveryId, EventKey, Timestamp};
use trunkline_flow::ports::{Scope, TraceLine, is_placeholder};

use crate::customers;
use crate::dead;
use crate::describe;
use crate::failure::Outcome;
use crate::keys::{conversation_at, delivery_at, scope_text, time_at};
use crate::load;
use crate::note::{self, Note};
use crate::originals;

/// Conversations that `find` names at most, newest first.
pub const FOUND_MAX: usize = 50;

/// Waiting events that a trace shows at most.
const WAITING_MAX: usize = 100;

/// In the order of time; of one time, in the order of cause.
pub(crate) fn trace(db: &Connection, id: ConversationId) -> Outcome<Vec<TraceLine>> {
    let mut trace = Trace {
        conversation: id,
        lines: Vec::new(),
    };
    trace.add_history(db)?;
    trace.add_deliveries(
        db,
        "SELECT customer, conversation, number, created, left_at, notes, payload FROM sent
        WHERE customer = ?1 AND conversation = ?2 ORDER BY number, settled_at",
    )?;
    trace.add_deliveries(
        db,
        "SELECT customer, conversation, number, created, left_at, notes, payload FROM outbox
        WHERE customer = ?1 AND conversation = ?2 ORDER BY number",
    )?;
    trace.add_dead_letters(db)?;
    trace.add_waiting(db)?;
    trace.lines.sort_by_key(|line| line.at);
    Ok(trace.lines)
}

struct Trace {
    conversation: ConversationId,
    lines: Vec<TraceLine>,
}

impl Trace {
    fn add(&mut self, at: Timestamp, kind: &str, text: String) {
        self.lines.push(TraceLine {
            at,
            conversation: Some(self.conversation),
            kind: kind.to_owned(),
            text,
        });
    }

    fn add_history(&mut self, db: &Connection) -> Outcome<()> {
        // Only what is theirs, and only backwards: numbers start again when all rows were forgotten, so a link of before may
        // lead to another customer's row or ahead, in a circle.
        let mut found = db.prepare_cached(
            "WITH RECURSIVE chain (row, previous) AS (
                 SELECT history.row, history.previous
                 FROM customers JOIN history ON history.row = customers.head
                 WHERE customers.id = ?1 AND history.customer = ?1
                 UNION ALL
                 SELECT history.row, history.previous
                 FROM chain JOIN history ON history.row = chain.previous
                 WHERE history.row < chain.row AND history.customer = ?1
             )
             SELECT history.conversation, history.events, history.trace
             FROM chain JOIN history USING (row) ORDER BY row",
        )?;
        let mut rows = found.query([self.conversation.customer.0])?;
        while let Some(row) = rows.next()? {
            let same = row.get::<_, u32>(0)? == self.conversation.number;
            let events: String = row.get(1)?;
            let lines: String = row.get(2)?;
            if same {
                self.add_events(db, &events)?;
            }
            self.add_lines(serde_json::from_str(&lines)?, same);
        }
        Ok(())
    }

    fn add_events(&mut self, db: &Connection, json: &str) -> Outcome<()> {
        let events: Vec<(Timestamp, Event)> = serde_json::from_str(json)?;
        for (arrived, event) in events {
            self.add(arrived, "accepted", describe::event(&event));
            if let Event::Channel(channel) = &event
                && is_placeholder(&event)
            {
                self.add_original(db, arrived, &channel.key)?;
            }
        }
        Ok(())
    }

    /// What came instead of the placeholder that the agent sees (H10).
    fn add_original(&mut self, db: &Connection, at: Timestamp, key: &EventKey) -> Outcome<()> {
        let Some(channel) = customers::channel_of(db, self.conversation.customer)? else {
            return Ok(());
        };
        let scope = scope_text(&Scope::Channel(channel));
        if let Some(original) = originals::of(db, &scope, key.as_str())? {
            self.add(at, "original", original);
        }
        Ok(())
    }

    /// A line that names no conversation belongs to that of its step.
    fn add_lines(&mut self, lines: Vec<TraceLine>, same: bool) {
        for line in lines {
            let ours = match line.conversation {
                Some(named) => named == self.conversation,
                None => same,
            };
            if ours {
                self.lines.push(line);
            }
        }
    }

    fn add_deliveries(&mut self, db: &Connection, query: &str) -> Outcome<()> {
        let mut found = db.prepare_cached(query)?;
        let key = params![self.conversation.customer.0, self.conversation.number];
        let mut rows = found.query(key)?;
        while let Some(row) = rows.next()? {
            let id = delivery_at(row, 0)?;
            let notes: Option<String> = row.get(5)?;
            let payload: String = row.get(6)?;
            let payload: Payload = serde_json::from_str(&payload)?;
            let created = Timestamp(row.get(3)?);
            self.add(
                created,
                "queued",
                format!("{id} {}", describe::payload(&payload)),
            );
            if let Some(left_at) = time_at(row, 4)? {
                self.add(left_at, "left", id.to_string());
            }
            for Note(at, kind, text) in note::lines(notes.as_deref())? {
                self.add(at, &kind, format!("{id} {text}"));
            }
        }
        Ok(())
    }

    fn add_dead_letters(&mut self, db: &Connection) -> Outcome<()> {
        for letter in dead::of_conversation(db, self.conversation)? {
            let number = letter.id.0;
            let text = match letter.discarded {
                Some(_) => format!("dead letter {number}: {}", letter.reason),
                None => format!(
                    "dead letter {number}: {}: {}",
                    letter.reason, letter.content
                ),
            };
            self.add(letter.at, "dead", text);
            if let Some(at) = letter.replayed {
                self.add(at, "replayed", format!("dead letter {number}"));
            }
            if let Some(at) = letter.discarded {
                self.add(at, "discarded", format!("dead letter {number}"));
            }
        }
        Ok(())
    }

    /// What no step has seen yet goes to the newest conversation.
    fn add_waiting(&mut self, db: &Connection) -> Outcome<()> {
        let customer = self.conversation.customer;
        if begun(db, customer)? != Some(self.conversation.number) {
            return Ok(());
        }
        for waiting in load::inbox(db, customer, WAITING_MAX)? {
            self.add(waiting.arrived, "waiting", describe::event(&waiting.event));
        }
        Ok(())
    }
}

/// How many conversations the customer has begun, if there is such a customer.
fn begun(db: &Connection, id: CustomerId) -> Outcome<Option<u32>> {
    let mut found = db.prepare_cached("SELECT state FROM customers WHERE id = ?1")?;
    let mut rows = found.query([id.0])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    match row.get::<_, Option<String>>(0)? {
        Some(json) => Ok(Some(serde_json::from_str::<Customer>(&json)?.conversations)),
        None => Ok(Some(0)),
    }
}

/// Newest first.
pub(crate) fn find(db: &Connection, text: &str) -> Outcome<Vec<ConversationId>> {
    let mut found = named(db, text)?;
    found.extend(conversations(
        db,
        "SELECT customer, conversation FROM provider_ids WHERE id = ?1",
        text,
    )?);
    found.extend(conversations(
        db,
        "SELECT customer, conversation FROM sessions WHERE session = ?1",
        text,
    )?);
    for customer in customers(db, text)? {
        let begun = begun(db, customer)?.unwrap_or(0);
        found.extend(
            (1..=begun)
                .rev()
                .map(|number| ConversationId { customer, number }),
        );
        found.extend(outside(db, customer)?);
    }
    found.sort_by(|one, other| other.cmp(one));
    found.dedup();
    found.truncate(FOUND_MAX);
    Ok(found)
}

/// What a customer said outside conversations stands under number 0: a message no rule wanted, or one that no
/// step has seen yet. Most have nothing there.
fn outside(db: &Connection, customer: CustomerId) -> Outcome<Option<ConversationId>> {
    let id = ConversationId {
        customer,
        number: 0,
    };
    let told = !trace(db, id)?.is_empty();
    Ok(told.then_some(id))
}

/// The conversation that the text names itself.
fn named(db: &Connection, text: &str) -> Outcome<Vec<ConversationId>> {
    let id = text.parse::<ConversationId>().ok();
    let of_delivery = text.parse::<DeliveryId>().ok().map(|id| id.conversation);
    let Some(id) = id.or(of_delivery) else {
        return Ok(Vec::new());
    };
    let exists = begun(db, id.customer)?.is_some_and(|begun| id.number <= begun);
    Ok(if exists { vec![id] } else { Vec::new() })
}

fn conversations(db: &Connection, query: &str, text: &str) -> Outcome<Vec<ConversationId>> {
    let mut found = db.prepare_cached(query)?;
    let ids = found
        .query_map([text], |row| conversation_at(row, 0))?
        .collect::<Result<_, _>>()?;
    Ok(ids)
}

/// Customers with this address, and of an event with this key.
fn customers(db: &Connection, text: &str) -> Outcome<Vec<CustomerId>> {
    let mut found = db.prepare_cached(
        "SELECT customer FROM addresses WHERE value = ?1
         UNION
         SELECT customer FROM keys WHERE key = ?1 AND customer IS NOT NULL",
    )?;
    let ids = found
        .query_map([text], |row| Ok(CustomerId(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(ids)
}
