//! Longer than usual: one test a kind of callback and a way to spell it, flat for reading down.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else came is shown and fails"
)]

use base64::Engine as _;
use serde_json::{Value, json};
use trunkline_core::event::{EceHappening, RemoteFile, Transfer};
use trunkline_core::id::EceSession;

use super::*;
use crate::config::tests::config;
use crate::unknowns::{TransferPattern, TransferTo};

const ARRIVED: Timestamp = Timestamp(1_700_000_000_000);

fn parse_with(config: &IntegrationConfig, body: &str) -> Result<Callback, CallbackError> {
    let compiled = Compiled::new(config).unwrap();
    parse(
        config,
        &compiled,
        "application/json",
        body.as_bytes(),
        ARRIVED,
    )
}

/// Reads a callback in JSON, and checks that the same in XML says the same.
fn read(body: &Value) -> Callback {
    let config = config("https://ece.example.com/system");
    let json = parse_with(&config, &body.to_string()).unwrap();
    let (compiled, document) = (Compiled::new(&config).unwrap(), xml_of(body));
    let xml = parse(
        &config,
        &compiled,
        "application/xml",
        document.as_bytes(),
        ARRIVED,
    );
    let xml = xml.unwrap_or_else(|error| panic!("{error}: {document}"));
    assert_eq!(
        without_made_ids(xml),
        without_made_ids(json.clone()),
        "{document}"
    );
    json
}

/// A callback as the same document in XML.
fn xml_of(body: &Value) -> String {
    let mut document = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    match body {
        Value::Array(messages) => {
            write_xml("messages", &json!({ "message": messages }), &mut document);
        }
        body => write_xml("messages", body, &mut document),
    }
    document
}

fn write_xml(name: &str, value: &Value, into: &mut String) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| write_xml(name, item, into)),
        Value::Object(members) => {
            into.push_str(&format!("<{name}>"));
            members
                .iter()
                .for_each(|(name, value)| write_xml(name, value, into));
            into.push_str(&format!("</{name}>"));
        }
        Value::String(text) => {
            let escaped: String = text.chars().map(escaped).collect();
            into.push_str(&format!("<{name}>{escaped}</{name}>"));
        }
        Value::Bool(_) | Value::Number(_) => into.push_str(&format!("<{name}>{value}</{name}>")),
    }
}

fn escaped(character: char) -> String {
    match character {
        '<' => "&lt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\0'..='\x08' | '\r' => format!("&#{};", u32::from(character)),
        other => other.to_string(),
    }
}

/// Made ids hash the tree, in which XML has text where JSON has numbers.
fn without_made_ids(mut callback: Callback) -> Callback {
    for item in &mut callback.items {
        if let CallbackItem::Event(event) = item
            && event.id.starts_with("content-")
        {
            event.id = "content".to_owned();
        }
    }
    callback
}

fn message(kind: &str, content: &Value) -> Value {
    json!({
        "conversation": { "id": "c1" }, "type": { "value": kind }, "content": content,
        "sender": { "type": "user", "user": { "id": "7", "screenName": "Ann Lee", "userName": "ann" } },
        "timeStamp": 1_624_144_754_000_i64, "id": "31",
    })
}

fn happenings(callback: &Callback) -> Vec<EceHappening> {
    let event = |item: &CallbackItem| match item {
        CallbackItem::Event(event) => Some(event.happening.clone()),
        CallbackItem::Typing(_) => None,
    };
    callback.items.iter().filter_map(event).collect()
}

fn one(kind: &str, content: &Value) -> EceHappening {
    let mut all = happenings(&read(&json!({ "message": [message(kind, content)] })));
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn the_published_example_is_read_whole() {
    let body = r#"{"message":[{"conversation":{"id":"ca2c588e-1e31-405a-9888-e72bf7179186"},
        "type":{"value":"complete"},"content":"IMIUser2 has ended the chat","sender":{"type":"system"},
        "timeStamp":1624144754000,"id":"3118908847"}]}"#;
    let callback = parse_with(&config("https://ece.example.com/system"), body).unwrap();
    let event = EceEvent {
        session: EceSession::from("ca2c588e-1e31-405a-9888-e72bf7179186"),
        id: "3118908847".to_owned(),
        at: Timestamp(1_624_144_754_000),
        happening: EceHappening::Completed { by_agent: true },
    };
    assert_eq!(
        callback,
        Callback {
            items: vec![CallbackItem::Event(event)],
            ..Callback::default()
        }
    );
}

#[test]
fn all_roots_are_known() {
    let one = message("text/plain", &json!("hi"));
    for body in [
        json!({ "message": [one.clone()] }),
        json!({ "message": one.clone() }),
        json!({ "messages": { "message": [one.clone()] } }),
        json!({ "messages": [one.clone()] }),
        json!([one.clone()]),
        one,
    ] {
        assert_eq!(read(&body).items.len(), 1, "{body}");
    }
    assert_eq!(read(&json!({ "message": [] })), Callback::default());
}

#[test]
fn plain_text_stays_character_for_character() {
    let text = " a <b>&amp;</b> \"q\" \u{1}\t\r\n 👩‍👩‍👧 مرحبا \u{202e}x ";
    let said = EceHappening::Said {
        agent: Some("Ann Lee".to_owned()),
        text: text.to_owned(),
    };
    assert_eq!(one("text/plain", &json!(text)), said);
    assert_eq!(one("text/plain", &json!({ "text": text })), said);
}

#[test]
fn html_becomes_plain_text() {
    let said = EceHappening::Said {
        agent: Some("Ann Lee".to_owned()),
        text: "a & b\nc".to_owned(),
    };
    assert_eq!(one("text/html", &json!("<p>a &amp; b<br>c</p>")), said);
    assert_eq!(
        one(
            "TEXT/HTML",
            &json!({ "html": "<p>a &amp; b<br>c</p>", "text": "plain" })
        ),
        said
    );
    assert_eq!(
        one("text/plain", &json!({ "html": "<p>a &amp; b<br>c</p>" })),
        said
    );
}

#[test]
fn aliases_are_known_in_any_case_and_more_can_be_configured() {
    for word in ["assigned", "AgentJoin", "agent.join", "AGENTPICKUP"] {
        assert_eq!(
            one(word, &json!("")),
            EceHappening::Assigned {
                agent: Some("Ann Lee".to_owned())
            },
            "{word}"
        );
    }
    let mut own = config("https://ece.example.com/system");
    own.unknowns.types.assigned = vec!["Zugewiesen".to_owned()];
    let body = json!({ "message": [message("zugewiesen", &json!(""))] }).to_string();
    let callback = parse_with(&own, &body).unwrap();
    assert!(matches!(
        happenings(&callback)[0],
        EceHappening::Assigned { .. }
    ));
}

#[test]
fn typing_is_a_signal() {
    let typing = |kind: &str| read(&json!({ "message": [message(kind, &Value::Null)] })).items;
    let signal = |on| {
        vec![CallbackItem::Typing(Signal::AgentTyping {
            session: EceSession::from("c1"),
            on,
        })]
    };
    assert_eq!(typing("startTyping"), signal(true));
    assert_eq!(typing("stopTyping"), signal(false));
}

#[test]
fn the_agents_name_is_the_first_that_is_there() {
    let named = |user: Value| {
        let mut message = message("assigned", &json!("You are now chatting with Text Name"));
        message["sender"]["user"] = user;
        happenings(&read(&json!({ "message": [message] })))
    };
    let is = |name: &str| {
        vec![EceHappening::Assigned {
            agent: Some(name.to_owned()),
        }]
    };
    assert_eq!(
        named(json!({ "id": 7, "screenName": "Ann Lee" })),
        is("Ann Lee")
    );
    assert_eq!(named(json!({ "name": "Ann" })), is("Ann"));
    assert_eq!(
        named(json!({ "firstName": "Ann", "lastName": "Lee" })),
        is("Ann Lee")
    );
    assert_eq!(
        named(json!({ "screenName": " ", "lastName": "Lee" })),
        is("Lee")
    );
    assert_eq!(named(json!({ "id": 7 })), is("7"));
    assert_eq!(named(json!("ann")), is("ann"));
    assert_eq!(named(Value::Null), is("Text Name"));
}

#[test]
fn a_transfer_is_told_by_its_members_before_its_text() {
    let transfer = |more: Value, content: &str| {
        let mut message = message("transfer", &json!(content));
        message
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        match happenings(&read(&json!({ "message": [message] }))).remove(0) {
            EceHappening::Transferred(transfer) => transfer,
            other => panic!("{other:?}"),
        }
    };
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(
        transfer(json!({ "transferType": "agent" }), "Nach Bo umgestellt"),
        Transfer::Agent(None)
    );
    assert_eq!(
        transfer(
            json!({ "transferType": { "value": "QUEUE" }, "transferEntityName": "Sales" }),
            ""
        ),
        Transfer::Queue(some("Sales"))
    );
    assert_eq!(
        transfer(json!({ "queue": { "name": "Sales" } }), "to agent X"),
        Transfer::Queue(some("Sales"))
    );
    assert_eq!(
        transfer(
            json!({ "transfer": { "user": { "screenName": "Bo" } } }),
            ""
        ),
        Transfer::Agent(some("Bo"))
    );
    assert_eq!(
        transfer(
            json!({ "transferType": "agent" }),
            "You have been transferred to agent Bo"
        ),
        Transfer::Agent(some("Bo"))
    );
    assert_eq!(
        transfer(json!({}), "You have been transferred to agent Bo Lee"),
        Transfer::Agent(some("Bo Lee"))
    );
    assert_eq!(
        transfer(json!({}), "You have been transferred to queue Sales."),
        Transfer::Queue(some("Sales"))
    );
    assert_eq!(
        transfer(json!({}), "You have been transferred to department HR"),
        Transfer::Queue(some("HR"))
    );
    assert_eq!(transfer(json!({}), ""), Transfer::Queue(None));
}

#[test]
fn transfer_texts_of_another_language_are_configured() {
    let mut own = config("https://ece.example.com/system");
    own.unknowns.transfer_patterns = vec![TransferPattern {
        pattern: "^Mitarbeiter (?<name>.+) übernimmt".to_owned(),
        to: TransferTo::Agent,
    }];
    let body =
        json!({ "message": [message("transfer", &json!("Mitarbeiter Bo übernimmt"))] }).to_string();
    let callback = parse_with(&own, &body).unwrap();
    assert_eq!(
        happenings(&callback),
        [EceHappening::Transferred(Transfer::Agent(Some(
            "Bo".to_owned()
        )))]
    );
}

#[test]
fn a_page_is_found_in_a_text_an_anchor_or_a_member() {
    let pushed = |url: &str| EceHappening::PagePushed {
        url: url.to_owned(),
    };
    assert_eq!(
        one("pagePush", &json!("https://x.y/z")),
        pushed("https://x.y/z")
    );
    assert_eq!(
        one("pagePush", &json!("Please see https://x.y/z?a=1.")),
        pushed("https://x.y/z?a=1")
    );
    assert_eq!(
        one(
            "pagePushLink",
            &json!(r#"<a href="https://x.y/?a=1&amp;b=2">x</a>"#)
        ),
        pushed("https://x.y/?a=1&b=2")
    );
    assert_eq!(
        one("page.push", &json!({ "url": "http://x.y/" })),
        pushed("http://x.y/")
    );
    assert_eq!(
        one("pagePush", &json!(" www.acme.com/help ")),
        pushed("www.acme.com/help")
    );
    assert_eq!(
        one("pagePush", &json!("<p>See <b>acme.com</b></p>")),
        pushed("See acme.com")
    );
    assert!(matches!(
        one("pagePush", &json!("")),
        EceHappening::Unknown { .. }
    ));
}

#[test]
fn each_offered_file_is_an_event_of_its_own() {
    let mut message = message("uploadAttachment", &Value::Null);
    message["attachments"] = json!({ "attachment": [
        { "fileName": "a.pdf", "contentType": "application/pdf", "size": "32", "contentUrl": "https://cdn.example/a.pdf", "id": 5 },
        { "name": "b.png", "url": "/system/files/b.png" },
        { "fileName": "c.txt" },
    ] });
    let callback = read(&json!({ "message": [message] }));
    let ids: Vec<&str> = callback
        .items
        .iter()
        .map(|item| match item {
            CallbackItem::Event(event) => event.id.as_str(),
            CallbackItem::Typing(_) => panic!("typing"),
        })
        .collect();
    assert_eq!(ids, ["31", "31#1", "31#2"]);
    let offered = |url: &str, name: &str, content_type: Option<&str>, id: Option<&str>| {
        EceHappening::FileOffered(RemoteFile {
            url: url.to_owned(),
            name: name.to_owned(),
            content_type: content_type.map(str::to_owned),
            id: id.map(str::to_owned),
        })
    };
    assert_eq!(
        happenings(&callback),
        [
            offered(
                "https://cdn.example/a.pdf#ece-conversation=c1",
                "a.pdf",
                Some("application/pdf"),
                Some("5")
            ),
            offered(
                "https://ece.example.com/system/files/b.png#ece-conversation=c1",
                "b.png",
                None,
                None
            ),
            offered("", "c.txt", None, None),
        ]
    );
    assert_eq!(
        one("uploadAttachment", &json!("d.doc")),
        offered("", "d.doc", None, None)
    );
}

#[test]
fn an_answer_to_the_customers_file_names_it() {
    let accepted = EceHappening::FileAccepted {
        name: Some("my cat.jpeg".to_owned()),
    };
    assert_eq!(
        one(
            "acceptAttachment",
            &json!("Ann Lee accepted attachment my cat.jpeg")
        ),
        accepted
    );
    let mut message = message("rejectAttachment", &json!(""));
    message["attachments"] = json!({ "attachment": { "fileName": "b.png" } });
    let rejected = EceHappening::FileRejected {
        name: Some("b.png".to_owned()),
    };
    assert_eq!(
        happenings(&read(&json!({ "message": [message] }))),
        [rejected]
    );
}

#[test]
fn an_end_by_the_system_is_told_from_an_agents() {
    let ended = |sender: &str, text: &str| {
        let mut message = message("complete", &json!(text));
        message["sender"] = json!({ "type": sender });
        happenings(&read(&json!({ "message": [message] }))).remove(0)
    };
    assert_eq!(
        ended("system", "System has closed the chat"),
        EceHappening::Completed { by_agent: false }
    );
    assert_eq!(
        ended("system", ""),
        EceHappening::Completed { by_agent: false }
    );
    assert_eq!(
        ended("user", ""),
        EceHappening::Completed { by_agent: true }
    );
    assert_eq!(
        ended("system", "Bo hat den Chat beendet"),
        EceHappening::Completed { by_agent: true }
    );
}

#[test]
fn what_is_missing_is_made_up_for() {
    let bare = json!({ "conversationId": 12, "content": "hello?" });
    let first = read(&bare);
    let CallbackItem::Event(event) = &first.items[0] else {
        panic!("typing")
    };
    assert_eq!(event.session, EceSession::from("12"));
    assert_eq!(event.at, ARRIVED);
    assert_eq!(
        event.happening,
        EceHappening::Unknown {
            kind: String::new(),
            text: "hello?".to_owned(),
            by_agent: true,
        }
    );
    assert_eq!(read(&bare), first);
    let other = read(&json!({ "conversationId": 12, "content": "hello!" }));
    assert_ne!(other, first);
}

#[test]
fn times_are_read_in_all_spellings() {
    let at = |time: Value| {
        let mut message = message("assigned", &Value::Null);
        message["timeStamp"] = time;
        match read(&message).items.remove(0) {
            CallbackItem::Event(event) => event.at,
            CallbackItem::Typing(_) => panic!("typing"),
        }
    };
    let same = Timestamp(1_624_144_754_000);
    assert_eq!(at(json!(1_624_144_754_000_i64)), same);
    assert_eq!(at(json!("1624144754000")), same);
    assert_eq!(at(json!(1_624_144_754)), same);
    assert_eq!(at(json!("2021-06-19T23:19:14.000Z")), same);
    assert_eq!(at(json!({ "date": "2021-06-19T23:19:14.000Z" })), same);
    assert_eq!(at(json!("yesterday")), ARRIVED);
    assert_eq!(at(json!(-5)), ARRIVED);
}

#[test]
fn one_bad_message_does_not_cost_the_others() {
    let callback = read(&json!({ "message": [
        message("text/plain", &json!("one")), { "type": { "value": "complete" } }, 7, message("text/plain", &json!("two")),
    ] }));
    assert_eq!(callback.items.len(), 2);
    let places: Vec<usize> = callback.unreadable.iter().map(|bad| bad.index).collect();
    assert_eq!(places, [1, 2]);
}

#[test]
fn echoes_and_empty_texts_tell_nothing() {
    let mut echo = message("text/plain", &json!("mine"));
    echo["sender"] = json!({ "type": "customer" });
    let callback = read(&json!({ "message": [echo, message("text/plain", &json!(""))] }));
    assert_eq!(
        callback,
        Callback {
            ignored: 2,
            ..Callback::default()
        }
    );
}

#[test]
fn a_mark_in_front_and_a_wrong_content_type_do_no_harm() {
    let config = config("https://ece.example.com/system");
    let compiled = Compiled::new(&config).unwrap();
    let one = message("text/plain", &json!("hi"));
    let (json, xml) = (one.to_string(), xml_of(&one));
    for (content_type, body) in [("text/xml", json), ("application/json", xml)] {
        let body = format!("\u{feff} \n{body}");
        let read = parse(&config, &compiled, content_type, body.as_bytes(), ARRIVED);
        assert_eq!(read.unwrap().items.len(), 1, "{body}");
    }
}

#[test]
fn a_body_that_is_no_callback_is_named_for_what_it_is() {
    let config = config("https://ece.example.com/system");
    let error = |body: &str| parse_with(&config, body).unwrap_err();
    assert!(matches!(error("{\"message\":["), CallbackError::Json(_)));
    assert_eq!(error("{\"hello\":1}"), CallbackError::NoMessages);
    assert_eq!(error("7"), CallbackError::NoMessages);
    let why = Unreadable {
        index: 0,
        why: "names no conversation".to_owned(),
    };
    assert_eq!(
        error(r#"{"message":[{"type":"complete"}]}"#),
        CallbackError::Unreadable(why)
    );
    let compiled = Compiled::new(&config).unwrap();
    let not_text = parse(
        &config,
        &compiled,
        "application/json",
        b"{\"message\":[\"\xff\"]}",
        ARRIVED,
    );
    assert!(matches!(not_text, Err(CallbackError::Json(_))));
}

#[test]
fn xml_that_cannot_be_read_is_named_for_what_it_is() {
    let config = config("https://ece.example.com/system");
    let compiled = Compiled::new(&config).unwrap();
    for body in ["<messages>", "<!DOCTYPE m []><messages/>", "nothing"] {
        let read = parse(
            &config,
            &compiled,
            "application/xml",
            body.as_bytes(),
            ARRIVED,
        );
        assert!(matches!(read, Err(CallbackError::Xml(_))), "{body}");
    }
    let nameless = "<messages><message><type>complete</type></message></messages>";
    let why = Unreadable {
        index: 0,
        why: "names no conversation".to_owned(),
    };
    let read = parse_with(&config, nameless);
    assert_eq!(read, Err(CallbackError::Unreadable(why)));
}

#[test]
fn what_xml_calls_by_a_new_name_becomes_a_placeholder() {
    let config = config("https://ece.example.com/system");
    let body = "<messages><message><conversation id='c1'/><type><value>coBrowse</value></type><content>join</content></message>\
        <videoCall><conversation id='c1'/><content>ring</content></videoCall></messages>";
    let unknown = |kind: &str, text: &str| EceHappening::Unknown {
        kind: kind.to_owned(),
        text: text.to_owned(),
        by_agent: true,
    };
    assert_eq!(
        happenings(&parse_with(&config, body).unwrap()),
        [unknown("coBrowse", "join"), unknown("videoCall", "ring")]
    );
}

#[test]
fn only_the_agreed_authorisation_is_let_in() {
    let headers = |value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        headers
    };
    let basic = CallbackAuth::Basic {
        username: "ece".into(),
        password: "p:w".into(),
    };
    let encoded = |pair: &str| STANDARD.encode(pair);
    assert!(authorised(
        &basic,
        &headers(&format!("Basic {}", encoded("ece:p:w")))
    ));
    assert!(authorised(
        &basic,
        &headers(&format!("basic  {}", encoded("ece:p:w")))
    ));
    for wrong in ["ece:p:", "ece", "x:p:w", "ece:p:w2"] {
        assert!(
            !authorised(&basic, &headers(&format!("Basic {}", encoded(wrong)))),
            "{wrong}"
        );
    }
    assert!(!authorised(&basic, &headers("Basic %%%")));
    assert!(!authorised(
        &basic,
        &headers(&format!("Bearer {}", encoded("ece:p:w")))
    ));
    assert!(!authorised(&basic, &HeaderMap::new()));
    let bearer = CallbackAuth::Bearer {
        token: "abc".into(),
    };
    assert!(authorised(&bearer, &headers("Bearer  abc")));
    assert!(!authorised(&bearer, &headers("Bearer ab")));
    assert!(!authorised(&bearer, &headers("abc")));
    assert!(authorised(&CallbackAuth::None, &HeaderMap::new()));
}
