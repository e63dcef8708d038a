//! The body that starts a conversation, and the id in the answer.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use trunkline_core::message::Address;
use trunkline_flow::ports::Opening;
use url::Url;

use crate::configuration::LastModified;
use crate::integration::Integration;
use crate::split::cut;
use crate::unknowns::{Contact, ContactList, Unknowns};

/// ECE's word for an anonymous customer.
const ANONYMOUS: (&str, &str) = ("anonymousCustomer", "yes");

impl Integration {
    /// Where a start goes: the contact it is searched by is in the query.
    pub(crate) fn start_url(&self, opening: &Opening) -> Url {
        let unknowns = &self.config.unknowns;
        let mut url = self.url(&unknowns.paths.start, &[]);
        let search = unknowns.search_attributes.get(&opening.plugin);
        let contact = contact(unknowns, opening);
        {
            let mut query = url.query_pairs_mut();
            match search.filter(|attribute| contact.contains_key(list_name(attribute))) {
                Some(attribute) => query.append_pair("searchContactOnAttribute", attribute),
                None => query.append_pair(ANONYMOUS.0, ANONYMOUS.1),
            };
            if let Some(attribute) = unknowns.conversation_contacts.get(&opening.plugin) {
                query.append_pair("conversationContact", attribute);
            }
        }
        url
    }

    /// The body of a start.
    pub(crate) fn start_body(
        &self,
        opening: &Opening,
        entry_point: &str,
        last_modified: &LastModified,
    ) -> Value {
        let unknowns = &self.config.unknowns;
        let mut activity = Map::new();
        activity.insert("subject".to_owned(), json!(subject(unknowns, opening)));
        let attributes = attributes(unknowns, &opening.open.attributes);
        if !attributes.is_empty() {
            activity.insert(
                "customAttributes".to_owned(),
                json!({ "customAttribute": attributes }),
            );
        }
        activity.insert(
            "customer".to_owned(),
            json!({ "type": { "value": "individual" }, "contacts": { "contact": [contact(unknowns, opening)] } }),
        );
        let mut body = json!({
            "entryPointConfiguration": { "entryPoint": { "id": entry_point }, "lastModified": last_modified },
            "activity": activity,
        });
        merge(&mut body, &Value::Object(unknowns.start_fragment.clone()));
        body
    }

    /// The conversation's id in the answer to a start.
    pub(crate) fn started_id(&self, body: &[u8]) -> Option<String> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let found = self
            .config
            .unknowns
            .start_ids
            .iter()
            .find_map(|pointer| body.pointer(pointer).and_then(id_text));
        found.filter(|id| !id.is_empty())
    }
}

fn id_text(value: &Value) -> Option<String> {
    value
        .as_str()
        .map(str::to_owned)
        .or_else(|| value.as_i64().map(|number| number.to_string()))
}

/// `phone` of `phone.phoneNumber`.
fn list_name(attribute: &str) -> &str {
    attribute
        .split_once('.')
        .map_or(attribute, |(list, _)| list)
}

fn subject(unknowns: &Unknowns, opening: &Opening) -> String {
    let mark = if opening.again_after_unknown {
        unknowns.again_mark.as_str()
    } else {
        ""
    };
    let whole = format!("{mark}{}", opening.open.subject);
    let line: String = whole
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    cut(&line, unknowns.subject_limit).to_owned()
}

fn attributes(unknowns: &Unknowns, given: &[(String, String)]) -> Vec<Value> {
    let attribute = |(name, value): &(String, String)| {
        let value = allowed(&unknowns.attribute_characters, value);
        (!value.is_empty())
            .then(|| json!({ "attribName": name, "attribValues": { "attribValue": [{ "value": value }] } }))
    };
    given.iter().filter_map(attribute).collect()
}

/// ECE refuses a start whose attributes hold other characters. White space becomes a space, the
/// rest (such as the `+` of a number) goes.
fn allowed(more: &str, value: &str) -> String {
    let keep = |c: char| match c {
        c if c.is_whitespace() => Some(' '),
        c if c.is_ascii_alphanumeric() || u32::from(c) > 128 || more.contains(c) => Some(c),
        _ => None,
    };
    value
        .chars()
        .filter_map(keep)
        .collect::<String>()
        .trim()
        .to_owned()
}

fn contact(unknowns: &Unknowns, opening: &Opening) -> Map<String, Value> {
    let mut contact = Map::new();
    if let Some(name) = &opening.open.customer_name {
        contact.insert("firstName".to_owned(), json!(name));
    }
    let mut lists: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for address in &opening.customer {
        let Some(known) = unknowns.contacts.get(&address.kind) else {
            continue;
        };
        let (list, entry) = contact_entry(known, address);
        let entries = lists.entry(list).or_default();
        // Two kinds of addresses often name the same number.
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    contact.extend(
        lists
            .into_iter()
            .map(|(list, entries)| (list.to_owned(), Value::Array(entries))),
    );
    contact
}

fn contact_entry(known: &Contact, address: &Address) -> (&'static str, Value) {
    let value = match known.prefix.as_str() {
        prefix if address.value.starts_with(prefix) => address.value.clone(),
        prefix => format!("{prefix}{}", address.value),
    };
    let mut entry = Map::new();
    if let Some(kind) = &known.kind {
        entry.insert("type".to_owned(), json!({ "value": kind }));
    }
    let (list, member) = match known.list {
        ContactList::Phone => ("phone", "phoneNumber"),
        ContactList::Email => ("email", "emailAddress"),
        ContactList::Social => ("social", "socialId"),
    };
    entry.insert(member.to_owned(), json!(value));
    (list, Value::Object(entry))
}

/// Objects are merged, everything else is replaced.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}
