//! What ECE is believed to mean, where nothing is configured.
//!
//! One place for all of it, so that whoever meets a real ECE sees what was assumed. The words of
//! the callbacks and of refusals are from Cisco's and eGain's public material where there was
//! any; the rest follows eGain's naming.

use std::collections::BTreeMap;

use serde_json::Map;

use crate::unknowns::{
    AcceptBeforeFetch, Availability, Contact, ContactList, EndCall, ForceLogin, Meaning, Operation,
    Paths, Rule, TransferPattern, TransferTo, TypeNames, Unknowns,
};

/// The defaults of all settings.
pub(crate) fn unknowns() -> Unknowns {
    Unknowns {
        api_version: "v19".to_owned(),
        login_api_version: "v12".to_owned(),
        force_login: ForceLogin::WhenRefused,
        paths: paths(),
        types: TypeNames::default(),
        transfer_patterns: transfer_patterns(),
        assigned_patterns: texts(&["(?i)you are now chatting with (?<name>.+)"]),
        file_answer_patterns: texts(&["(?i)(?:accepted|rejected) attachment (?<name>.+)"]),
        system_end_patterns: texts(&["(?i)^system has (?:closed|ended) the chat"]),
        sender_names: texts(&["screenName", "name", "userName", "firstName+lastName", "id"]),
        end: end_call(),
        start_fragment: Map::new(),
        start_ids: texts(&[
            "/id",
            "/conversation/id",
            "/conversation/0/id",
            "/conversationId",
        ]),
        classifier: Vec::new(),
        contacts: contacts(),
        search_attributes: pairs(&[
            ("sms", "phone.phoneNumber"),
            ("whatsapp", "phone.phoneNumber"),
        ]),
        conversation_contacts: BTreeMap::new(),
        file_urls: texts(&["contentUrl", "url", "href"]),
        accept_before_fetch: AcceptBeforeFetch::WhenRefused,
        text_limit: 10_000,
        subject_limit: 255,
        attribute_characters: "@:._-&,()?#='\"".to_owned(),
        again_mark: "(possibly twice) ".to_owned(),
        accept_language: "en-US".to_owned(),
        availability: vec![
            Availability::Agents,
            Availability::Capacity,
            Availability::Wait,
            Availability::Allowed,
        ],
        connect_timeout_ms: 5_000,
        answer_timeout_ms: 20_000,
        throttle_ms: 5_000,
    }
}

/// The paths below `base_url`.
pub(crate) fn paths() -> Paths {
    let messaging = |tail: &str| format!("ws/{{api_version}}/clientapplications/{tail}");
    let user = |tail: &str| format!("ws/{{login_api_version}}/authentication/user/{tail}");
    Paths {
        token: messaging("authentication/oauth2/token"),
        login: user("login"),
        logout: user("logout"),
        configuration: messaging("messaging/configuration"),
        start: messaging("messaging/conversation/start"),
        send: messaging("messaging/sendmessage"),
        status: "egain/chat/entrypoint/{operation}/{entry_point}".to_owned(),
        agent_availability: "agentAvailability".to_owned(),
        capacity: "capacity".to_owned(),
        live_session_status: "liveSessionStatus".to_owned(),
        check_eligibility: "checkEligibility".to_owned(),
        chat_allowed: "chatAllowed".to_owned(),
    }
}

/// The call that ends a conversation.
pub(crate) fn end_call() -> EndCall {
    EndCall {
        method: "POST".to_owned(),
        path: "ws/{api_version}/clientapplications/messaging/conversation/end".to_owned(),
        body: r#"{"id":"{conversation}"}"#.to_owned(),
    }
}

/// The words for the kinds of callbacks.
pub(crate) fn type_names() -> TypeNames {
    TypeNames {
        assigned: texts(&[
            "assigned",
            "assign",
            "agentAssigned",
            "agentJoin",
            "agent.join",
            "agentPickup",
        ]),
        transfer: texts(&[
            "transfer",
            "transferred",
            "activityTransfer",
            "queue.transfer",
            "agent.transfer",
        ]),
        page_push: texts(&["pagePush", "pagePushLink", "page.push"]),
        upload_attachment: texts(&["uploadAttachment", "attachment"]),
        accept_attachment: texts(&["acceptAttachment", "attachmentAccepted"]),
        reject_attachment: texts(&["rejectAttachment", "attachmentRejected"]),
        start_typing: texts(&["startTyping", "typing.start", "typingStart"]),
        end_typing: texts(&["endTyping", "typing.end", "typingEnd", "stopTyping"]),
        complete: texts(&[
            "complete",
            "completed",
            "conversation.end",
            "endConversation",
        ]),
        text: texts(&["text/plain", "text"]),
        html: texts(&["text/html", "html"]),
    }
}

/// What refusals mean; the first that matches decides.
pub(crate) fn rules() -> Vec<Rule> {
    let opening = [Operation::Configuration, Operation::Start];
    let talking = [Operation::Send, Operation::End];
    vec![
        rule(&[], &[401], None, &[], Meaning::Credentials),
        rule(
            &opening,
            &[],
            None,
            &["webhook", "callback"],
            Meaning::CallbackDeactivated,
        ),
        rule(
            &opening,
            &[],
            None,
            &["maximum depth", "queue is full", "capacity"],
            Meaning::OutOfCapacity,
        ),
        rule(&opening, &[], None, NO_AGENT_WORDS, Meaning::NoAgents),
        rule(
            &opening,
            &[],
            None,
            &["inactive", "not active", "disabled"],
            Meaning::EntryPointDisabled,
        ),
        rule(&[Operation::Start], &[409], None, &[], Meaning::Stale),
        rule(
            &[Operation::Configuration],
            &[400, 403, 404],
            None,
            &[],
            Meaning::EntryPointDisabled,
        ),
        rule(
            &[Operation::Start],
            &[403, 404],
            None,
            &[],
            Meaning::EntryPointDisabled,
        ),
        rule(&talking, &[403], None, &[], Meaning::Credentials),
        rule(&talking, &[404, 410], None, &[], Meaning::Gone),
        rule(&talking, &[], Some("400-115"), &[], Meaning::Gone),
        rule(&talking, &[], Some("400-630"), &[], Meaning::Gone),
        rule(
            &talking,
            &[400, 409, 422, 500],
            None,
            OVER_WORDS,
            Meaning::Gone,
        ),
        rule(&[], &[429, 503], None, &[], Meaning::Throttled),
        // A gateway's 502 or 504 says nothing about what the server behind it did, nor does a
        // server's own 500.
        rule(&[], &[408, 500, 502, 504], None, &[], Meaning::Unknown),
    ]
}

const NO_AGENT_WORDS: &[&str] = &[
    "no agent",
    "agent not available",
    "agents not available",
    "agent is not available",
    "agents are not available",
    "agent unavailable",
    "agents unavailable",
];

/// A refused login that holds one of these blames what it was given, or has locked the account because of it.
pub(crate) const CREDENTIAL_WORDS: &[&str] = &[
    "password",
    "secret",
    "client key",
    "user name",
    "username",
    "credential",
    "locked",
    "invalid_client",
    "invalid_grant",
];

const OVER_WORDS: &[&str] = &[
    "is closed",
    "is over",
    "has ended",
    "is completed",
    "already completed",
    "already closed",
    "is finished",
    "no such conversation",
    "does not exist",
];

fn rule(
    operations: &[Operation],
    status: &[u16],
    code: Option<&str>,
    words: &[&str],
    means: Meaning,
) -> Rule {
    Rule {
        operations: operations.to_vec(),
        status: status.to_vec(),
        code: code.map(str::to_owned),
        words: texts(words),
        means,
    }
}

fn transfer_patterns() -> Vec<TransferPattern> {
    let pattern = |pattern: &str, to| TransferPattern {
        pattern: pattern.to_owned(),
        to,
    };
    vec![
        pattern(
            "(?i)transferred to (?:the )?queue (?<name>.+)",
            TransferTo::Queue,
        ),
        pattern(
            "(?i)transferred to (?:the )?department (?<name>.+)",
            TransferTo::Queue,
        ),
        pattern(
            "(?i)transferred to (?:the )?agent (?<name>.+)",
            TransferTo::Agent,
        ),
    ]
}

fn contacts() -> BTreeMap<String, Contact> {
    let contact = |list, kind: Option<&str>, prefix: &str| Contact {
        list,
        kind: kind.map(str::to_owned),
        prefix: prefix.to_owned(),
    };
    BTreeMap::from([
        (
            "phone".to_owned(),
            contact(ContactList::Phone, Some("mobile"), ""),
        ),
        (
            "wa_id".to_owned(),
            contact(ContactList::Phone, Some("mobile"), "+"),
        ),
        ("email".to_owned(), contact(ContactList::Email, None, "")),
        (
            "psid".to_owned(),
            contact(ContactList::Social, Some("facebook"), ""),
        ),
        (
            "igsid".to_owned(),
            contact(ContactList::Social, Some("instagram"), ""),
        ),
    ])
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn pairs(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}
