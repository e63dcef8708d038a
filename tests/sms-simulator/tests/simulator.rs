//! The stand-in over real sockets: each error, each fault, both directions.
//!
//! The client is plain reqwest, the webhook's receiver a small axum server; both are other
//! programs' code, so that the stand-in is not tested against itself.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{any, get};
use bytes::Bytes;
use serde_json::{Value, json};
use sms_simulator::signature::sign;
use sms_simulator::{
    Answer, CustomerMessage, Fault, Outage, Picture, SmsConfig, SmsSimulator, StatusCallbacks,
    Tamper, Times,
};

const DEADLINE: Duration = Duration::from_secs(20);
const CUSTOMER: &str = "+15550123";

/// A connector's HTTP edge: keeps what arrives and answers from a list, then 200.
#[derive(Clone, Default)]
struct Edge {
    requests: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Edge {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route(
                "/picture",
                get(|| async { ([("content-type", "image/png")], "not really a png") }),
            )
            .fallback(any(Self::take))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    async fn take(State(edge): State<Self>, headers: HeaderMap, body: Bytes) -> StatusCode {
        edge.requests.lock().unwrap().push((headers, body));
        let mut answers = edge.answers.lock().unwrap();
        let status = if answers.is_empty() {
            200
        } else {
            answers.remove(0)
        };
        StatusCode::from_u16(status).unwrap()
    }

    fn forms(&self) -> Vec<Vec<(String, String)>> {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .map(|(_, body)| url::form_urlencoded::parse(body).into_owned().collect())
            .collect()
    }

    fn signature(&self, index: usize) -> String {
        self.requests.lock().unwrap()[index].0["x-twilio-signature"]
            .to_str()
            .unwrap()
            .to_owned()
    }
}

struct World {
    sms: SmsSimulator,
    http: reqwest::Client,
}

impl World {
    async fn start(config: SmsConfig) -> Self {
        let sms = SmsSimulator::start(config).await.unwrap();
        // Starting installed the TLS provider that the client needs.
        Self {
            sms,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    fn url(&self, rest: &str) -> String {
        format!(
            "{}/2010-04-01/Accounts/{}{rest}",
            self.sms.base_url(),
            self.sms.config().account_sid
        )
    }

    async fn post(&self, form: &[(&str, &str)]) -> Result<(u16, Value), reqwest::Error> {
        let config = self.sms.config();
        let request = self
            .http
            .post(self.url("/Messages.json"))
            .basic_auth(&config.account_sid, Some(&config.auth_token));
        let answer = request.form(form).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await?))
    }

    async fn send(&self, to: &str, body: &str) -> Result<(u16, Value), reqwest::Error> {
        self.post(&[
            ("To", to),
            ("From", &self.sms.config().number),
            ("Body", body),
        ])
        .await
    }

    async fn get(&self, rest: &str) -> (u16, Value) {
        let config = self.sms.config();
        let request = self
            .http
            .get(self.url(rest))
            .basic_auth(&config.account_sid, Some(&config.auth_token));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

async fn world() -> World {
    World::start(SmsConfig::default()).await
}

#[tokio::test]
async fn an_accepted_message_is_answered_as_twilio_does_and_kept() {
    let world = world().await;
    let (status, answer) = world.send(CUSTOMER, "héllo ☕ & more=1").await.unwrap();
    assert_eq!(status, 201);
    assert!(answer["sid"].as_str().unwrap().starts_with("SM"));
    assert_eq!(answer["sid"].as_str().unwrap().len(), 34);
    assert_eq!(answer["status"], "queued");
    assert_eq!(
        (&answer["num_segments"], &answer["num_media"]),
        (&json!("1"), &json!("0"))
    );
    assert!(answer["date_created"].as_str().unwrap().ends_with(" +0000"));
    let ledger = world.sms.ledger();
    assert_eq!(ledger.bodies_to(CUSTOMER), ["héllo ☕ & more=1"]);
    assert_eq!(ledger.messages[0].sid, answer["sid"].as_str().unwrap());
}

#[tokio::test]
async fn the_account_lists_its_numbers_and_what_they_can() {
    let world = World::start(SmsConfig {
        numbers_without_sms: vec!["+15550199".to_owned()],
        ..SmsConfig::default()
    })
    .await;
    let numbers = |page: &Value| -> Vec<String> {
        let all = page["incoming_phone_numbers"].as_array().unwrap();
        let number = |one: &Value| one["phone_number"].as_str().unwrap().to_owned();
        all.iter().map(number).collect()
    };
    let (status, page) = world.get("/IncomingPhoneNumbers.json").await;
    assert_eq!(status, 200);
    assert_eq!(numbers(&page), ["+15550100", "+15550199"]);
    let sms = |at: usize| &page["incoming_phone_numbers"][at]["capabilities"]["sms"];
    assert_eq!((sms(0), sms(1)), (&json!(true), &json!(false)));
    for (filter, wanted) in [
        ("%2B15550100", vec!["+15550100"]),
        ("555019", vec!["+15550199"]),
        ("%2B1555010*", vec!["+15550100"]),
        ("%2B15550123", vec![]),
    ] {
        let (_, page) = world
            .get(&format!("/IncomingPhoneNumbers.json?PhoneNumber={filter}"))
            .await;
        assert_eq!(numbers(&page), wanted, "{filter}");
    }
    let (_, second) = world
        .get("/IncomingPhoneNumbers.json?PageSize=1&Page=1")
        .await;
    assert_eq!(numbers(&second), ["+15550199"]);
    assert!(second["next_page_uri"].is_null());
    let (_, codes) = world.get("/SMS/ShortCodes.json").await;
    assert_eq!(codes["short_codes"], json!([]));
    let short = World::start(SmsConfig {
        number: "12345".to_owned(),
        ..SmsConfig::default()
    })
    .await;
    let (_, codes) = short.get("/SMS/ShortCodes.json?ShortCode=12345").await;
    assert_eq!(codes["short_codes"][0]["short_code"], "12345");
    let (_, page) = short.get("/IncomingPhoneNumbers.json").await;
    assert_eq!(numbers(&page), [""; 0]);
}

#[tokio::test]
async fn wrong_credentials_are_20003() {
    let world = world().await;
    for request in [
        world.http.get(world.url(".json")),
        world.http.post(world.url("/Messages.json")),
    ] {
        let answer = request
            .basic_auth("AC00000000000000000000000000000001", Some("wrong"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), 401);
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], 20003);
    }
    assert_eq!(world.get(".json").await.1["status"], "active");
}

#[tokio::test]
async fn each_bad_send_has_its_error_code() {
    let config = SmsConfig {
        numbers_without_sms: vec!["+15550199".to_owned()],
        ..SmsConfig::default()
    };
    let world = World::start(config).await;
    world.sms.set_opted_out("+15550777", true);
    world.sms.refuse_number("+15550888", Some(21614));
    let long = "x".repeat(1601);
    let cases: [(&str, &str, &str, u32); 9] = [
        ("0155501", "+15550100", "hi", 21211),
        ("", "+15550100", "hi", 21604),
        (CUSTOMER, "+15550101", "hi", 21606),
        (CUSTOMER, "+15550199", "hi", 21601),
        ("+15550777", "+15550100", "hi", 21610),
        ("+15550888", "+15550100", "hi", 21614),
        (CUSTOMER, "+15550100", &long, 21617),
        (CUSTOMER, "+15550100", "", 21602),
        (CUSTOMER, "", "hi", 21606),
    ];
    for (to, from, body, code) in cases {
        let (status, answer) = world
            .post(&[("To", to), ("From", from), ("Body", body)])
            .await
            .unwrap();
        assert_eq!(
            (status, &answer["code"], &answer["status"]),
            (400, &json!(code), &json!(400)),
            "{answer}"
        );
        assert!(
            answer["more_info"]
                .as_str()
                .unwrap()
                .ends_with(&code.to_string())
        );
    }
    let ledger = world.sms.ledger();
    assert_eq!(ledger.messages.len(), 0);
    assert_eq!(ledger.refused.len(), cases.len());
    let (status, _) = world.send(CUSTOMER, &"x".repeat(1600)).await.unwrap();
    assert_eq!(status, 201);
}

#[tokio::test]
async fn a_stop_opts_the_customer_out_and_a_start_back_in() {
    let edge = Edge::default();
    let world = World::start(SmsConfig {
        advanced_opt_out: true,
        ..SmsConfig::default()
    })
    .await;
    world.sms.set_webhook(&edge.start().await, None);
    assert_eq!(
        world.sms.customer_sends(CUSTOMER, " stop ", vec![]).await,
        200
    );
    assert_eq!(
        world.send(CUSTOMER, "please stay").await.unwrap().1["code"],
        21610
    );
    world.sms.customer_sends(CUSTOMER, "START", vec![]).await;
    assert_eq!(world.send(CUSTOMER, "welcome back").await.unwrap().0, 201);
    assert!(edge.forms()[0].contains(&("OptOutType".to_owned(), "STOP".to_owned())));
}

#[tokio::test]
async fn faults_hold_for_as_many_sends_as_told() {
    let world = world().await;
    world.sms.set_fault(Fault::TooManyRequests, Times::Next(2));
    world
        .sms
        .set_fault(Fault::ServerError { status: 503 }, Times::Once);
    world
        .sms
        .set_fault(Fault::ServerErrorAfterAccept { status: 500 }, Times::Once);
    let mut statuses = Vec::new();
    for text in ["a", "b", "c", "d", "e"] {
        let (status, answer) = world.send(CUSTOMER, text).await.unwrap();
        statuses.push((status, answer["code"].as_u64()));
    }
    let (busy, broken) = ((429, Some(20429)), Some(20500));
    assert_eq!(
        statuses,
        [busy, busy, (503, broken), (500, broken), (201, None)]
    );
    assert_eq!(world.sms.ledger().bodies_to(CUSTOMER), ["d", "e"]);
}

#[tokio::test]
async fn a_dropped_connection_hides_whether_the_message_was_taken() {
    let world = world().await;
    world.sms.set_fault(Fault::DropAfterAccept, Times::Once);
    world.sms.set_fault(Fault::DropBeforeAccept, Times::Once);
    assert!(world.send(CUSTOMER, "taken").await.is_err());
    assert!(world.send(CUSTOMER, "not taken").await.is_err());
    assert_eq!(world.sms.ledger().bodies_to(CUSTOMER), ["taken"]);
    assert_eq!(world.send(CUSTOMER, "after").await.unwrap().0, 201);
}

#[tokio::test]
async fn a_late_answer_comes_after_the_message_was_taken() {
    let world = world().await;
    world
        .sms
        .set_fault(Fault::AnswerLate { ms: 600_000 }, Times::Always);
    tokio::select! {
        answered = world.send(CUSTOMER, "slow") => panic!("answered early: {answered:?}"),
        taken = world.sms.wait_for(|ledger| ledger.bodies_to(CUSTOMER) == ["slow"], DEADLINE) => taken.unwrap(),
    }
    world.sms.clear_faults();
    assert_eq!(world.send(CUSTOMER, "fast").await.unwrap().0, 201);
}

#[tokio::test]
async fn an_outage_refuses_closes_or_answers_503_until_it_ends() {
    let world = world().await;
    world.sms.set_outage(Outage::Unavailable);
    let answer = world.http.get(world.url(".json")).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 503);
    world.sms.set_outage(Outage::Closes);
    assert!(!world.send(CUSTOMER, "x").await.unwrap_err().is_connect());
    world.sms.set_outage(Outage::Refuses);
    while !world.send(CUSTOMER, "x").await.unwrap_err().is_connect() {
        tokio::task::yield_now().await;
    }
    world.sms.set_outage(Outage::None);
    while world.send(CUSTOMER, "back").await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.sms.ledger().bodies_to(CUSTOMER), ["back"]);
}

#[tokio::test]
async fn the_list_filters_by_number_and_day_and_pages_newest_first() {
    let world = world().await;
    for index in 0..5 {
        world.send(CUSTOMER, &format!("m{index}")).await.unwrap();
    }
    world.send("+15550124", "other").await.unwrap();
    let (status, answer) = world
        .get("/Messages.json?To=%2B15550123&From=%2B15550100&DateSent%3E=2026-01-01&PageSize=2")
        .await;
    assert_eq!(status, 200);
    let bodies = |page: &Value| -> Vec<String> {
        page["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["body"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(bodies(&answer), ["m4", "m3"]);
    let next = answer["next_page_uri"].as_str().unwrap();
    let (_, rest) = next.split_once("/Messages.json").unwrap();
    assert_eq!(
        bodies(&world.get(&format!("/Messages.json{rest}")).await.1),
        ["m2", "m1"]
    );
    let (_, none) = world.get("/Messages.json?DateSent%3E=2100-01-01").await;
    assert_eq!(none["messages"], json!([]));
    assert_eq!(world.get("/Messages.json?DateSent=soon").await.0, 400);
    let one = world
        .get(&format!(
            "/Messages/{}.json",
            answer["messages"][0]["sid"].as_str().unwrap()
        ))
        .await;
    assert_eq!(one.1["body"], "m4");
}

#[tokio::test]
async fn pictures_sent_by_the_connector_are_fetched_and_measured() {
    let edge = Edge::default();
    let url = edge.start().await;
    let world = world().await;
    // The picture's URL is the public one, which only the mapping of the webhook makes reachable.
    world.sms.set_webhook(
        &format!("{url}/hook"),
        Some("https://chat.example.com/hook"),
    );
    let number = world.sms.config().number.clone();
    let form = [
        ("To", CUSTOMER),
        ("From", &number),
        ("MediaUrl", "https://chat.example.com/picture"),
        ("StatusCallback", "https://chat.example.com/status"),
    ];
    let (status, answer) = world.post(&form).await.unwrap();
    assert_eq!((status, &answer["num_media"]), (201, &json!("1")));
    assert!(answer["sid"].as_str().unwrap().starts_with("MM"));
    world
        .sms
        .wait_for(|ledger| ledger.messages[0].callbacks.len() == 2, DEADLINE)
        .await
        .unwrap();
    let fetched = world.sms.ledger().messages[0].media[0]
        .fetched
        .clone()
        .unwrap()
        .unwrap();
    assert_eq!(
        (fetched.size, fetched.content_type.as_str()),
        (16, "image/png")
    );
    assert_eq!(
        fetched.sha256,
        "e90137d39de304eefbbe788bc535c7e82f27abbf8069505fbbd8a9dcdc4f2024".to_owned()
    );
}

#[tokio::test]
async fn status_callbacks_are_signed_over_the_public_url() {
    let edge = Edge::default();
    let world = world().await;
    world
        .sms
        .set_webhook(&edge.start().await, Some("https://chat.example.com"));
    let number = world.sms.config().number.clone();
    let public = "https://chat.example.com/channels/sms/status?d=7";
    let form = [
        ("To", CUSTOMER),
        ("From", &number),
        ("Body", "hi"),
        ("StatusCallback", public),
    ];
    world.post(&form).await.unwrap();
    world
        .sms
        .wait_for(|ledger| ledger.messages[0].callbacks.len() == 2, DEADLINE)
        .await
        .unwrap();
    let forms = edge.forms();
    let statuses: Vec<_> = forms
        .iter()
        .map(|form| {
            form.iter()
                .find(|(n, _)| n == "MessageStatus")
                .unwrap()
                .1
                .clone()
        })
        .collect();
    assert_eq!(statuses, ["sent", "delivered"]);
    assert_eq!(
        edge.signature(1),
        sign(&world.sms.config().auth_token, public, &forms[1])
    );
    assert_eq!(world.sms.ledger().messages[0].status, "delivered");
}

#[tokio::test]
async fn status_callbacks_misbehave_as_told() {
    let edge = Edge::default();
    let url = edge.start().await;
    let world = world().await;
    let number = world.sms.config().number.clone();
    let statuses = |how: StatusCallbacks, to: &'static str, count: usize| {
        let (world, number, url) = (&world, &number, &url);
        async move {
            world.sms.set_status_callbacks(how);
            let form = [
                ("To", to),
                ("From", number),
                ("Body", "hi"),
                ("StatusCallback", url),
            ];
            world.post(&form).await.unwrap();
            let settled =
                |m: &sms_simulator::SentMessage| m.callbacks.len() == count && m.status != "queued";
            let done = |ledger: &sms_simulator::Ledger| {
                ledger
                    .messages
                    .last()
                    .is_some_and(|m| m.to == to && settled(m))
            };
            world.sms.wait_for(done, DEADLINE).await.unwrap();
            let ledger = world.sms.ledger();
            ledger
                .messages
                .last()
                .unwrap()
                .callbacks
                .iter()
                .map(|(status, _)| status.clone())
                .collect::<Vec<_>>()
        }
    };
    let plain = StatusCallbacks::default();
    assert_eq!(
        statuses(
            StatusCallbacks {
                out_of_order: true,
                ..plain
            },
            CUSTOMER,
            2
        )
        .await,
        ["delivered", "sent"]
    );
    let doubled = StatusCallbacks {
        doubled: true,
        delay_ms: 1,
        ..plain
    };
    assert_eq!(
        statuses(doubled, "+15550124", 4).await,
        ["sent", "sent", "delivered", "delivered"]
    );
    world.sms.set_undeliverable("+15550125", Some(30003));
    assert_eq!(
        statuses(plain, "+15550125", 2).await,
        ["sent", "undelivered"]
    );
    assert!(
        edge.forms()
            .last()
            .unwrap()
            .contains(&("ErrorCode".to_owned(), "30003".to_owned()))
    );
    assert!(
        statuses(
            StatusCallbacks {
                suppressed: true,
                ..plain
            },
            "+15550126",
            0
        )
        .await
        .is_empty()
    );
    assert_eq!(edge.forms().len(), 8);
}

#[tokio::test]
async fn a_customers_message_is_a_signed_form_with_twilios_fields() {
    let edge = Edge::default();
    let world = world().await;
    let public = "https://chat.example.com/channels/acme-sms";
    world.sms.set_webhook(&edge.start().await, Some(public));
    let message = CustomerMessage {
        duplicates: 1,
        extra: vec![("NewParameter".to_owned(), "ü".to_owned())],
        ..CustomerMessage::text(CUSTOMER, "café ☕ & more=1\r\n")
    };
    let receipt = world.sms.deliver(message).await;
    assert_eq!(receipt.answers, [Answer::Status(200), Answer::Status(200)]);
    let forms = edge.forms();
    assert_eq!(forms[0], forms[1]);
    assert_eq!(
        edge.signature(0),
        sign(&world.sms.config().auth_token, public, &forms[0])
    );
    let fields: HashMap<_, _> = forms[0].iter().cloned().collect();
    for (name, value) in [
        ("MessageSid", receipt.sid.as_str()),
        ("SmsSid", &receipt.sid),
        ("From", CUSTOMER),
        ("To", "+15550100"),
        ("Body", "café ☕ & more=1\r\n"),
        ("NumMedia", "0"),
        ("SmsStatus", "received"),
        ("NewParameter", "ü"),
        ("FromCity", ""),
    ] {
        assert_eq!(fields[name], value, "{name}");
    }
    assert_eq!(world.sms.ledger().received[0].answers.len(), 2);
}

#[tokio::test]
async fn a_failed_webhook_is_retried_only_when_told() {
    let edge = Edge::default();
    let world = world().await;
    world.sms.set_webhook(&edge.start().await, None);
    *edge.answers.lock().unwrap() = vec![503, 503];
    assert_eq!(
        world.sms.customer_sends(CUSTOMER, "once", vec![]).await,
        503
    );
    let receipt = world
        .sms
        .deliver(CustomerMessage {
            retries: 3,
            ..CustomerMessage::text(CUSTOMER, "again")
        })
        .await;
    assert_eq!(receipt.answers, [Answer::Status(503), Answer::Status(200)]);
    world.sms.set_webhook("http://127.0.0.1:9/", None);
    assert_eq!(
        world.sms.customer_sends(CUSTOMER, "nobody", vec![]).await,
        0
    );
}

#[tokio::test]
async fn tampered_webhooks_are_broken_in_the_way_named() {
    let edge = Edge::default();
    let world = world().await;
    let url = edge.start().await;
    world.sms.set_webhook(&url, None);
    for tamper in [
        Tamper::BadSignature,
        Tamper::Truncated,
        Tamper::NotUtf8,
        Tamper::NoSignature,
    ] {
        world
            .sms
            .deliver(CustomerMessage {
                tamper,
                ..CustomerMessage::text(CUSTOMER, "0123456789")
            })
            .await;
    }
    let token = &world.sms.config().auth_token;
    let forms = edge.forms();
    assert_ne!(edge.signature(0), sign(token, &url, &forms[0]));
    assert_eq!(
        forms[1].last().unwrap(),
        &("Body".to_owned(), "01234%".to_owned())
    );
    assert_eq!(edge.signature(1), sign(token, &url, &forms[1]));
    let requests = edge.requests.lock().unwrap();
    assert!(requests[2].1.ends_with(b"Body=0123456789%FF%FE"));
    assert!(!requests[3].0.contains_key("x-twilio-signature"));
}

#[tokio::test]
async fn a_customers_picture_needs_credentials_and_redirects_to_the_bytes() {
    let edge = Edge::default();
    let world = world().await;
    world.sms.set_webhook(&edge.start().await, None);
    let picture = Picture {
        content_type: "image/jpeg".to_owned(),
        bytes: Bytes::from_static(b"jpeg bytes"),
    };
    world
        .sms
        .customer_sends(CUSTOMER, "look", vec![picture])
        .await;
    let fields: HashMap<_, _> = edge.forms().remove(0).into_iter().collect();
    assert_eq!(
        (
            fields["NumMedia"].as_str(),
            fields["MediaContentType0"].as_str()
        ),
        ("1", "image/jpeg")
    );
    let url = &fields["MediaUrl0"];
    assert_eq!(
        world.http.get(url).send().await.unwrap().status().as_u16(),
        401
    );
    let config = world.sms.config();
    let with_key = |request: reqwest::RequestBuilder| {
        request.basic_auth(&config.account_sid, Some(&config.auth_token))
    };
    let answer = with_key(world.http.get(url)).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    assert_ne!(answer.url().as_str(), url);
    assert_eq!(answer.bytes().await.unwrap().as_ref(), b"jpeg bytes");
    assert_eq!(
        with_key(world.http.delete(url))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        204
    );
    assert_eq!(
        with_key(world.http.get(url))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        404
    );
}

#[tokio::test]
async fn another_process_drives_it_over_http() {
    let edge = Edge::default();
    let url = edge.start().await;
    let world = world().await;
    let post = |path: &str, body: Value| {
        world
            .http
            .post(format!("{}/_sim/{path}", world.sms.base_url()))
            .json(&body)
            .send()
    };
    assert_eq!(
        post("webhook", json!({"url": url})).await.unwrap().status(),
        204
    );
    let sent = post(
        "customer",
        json!({"from": CUSTOMER, "body": "hi", "media": [{"content_type": "image/gif", "base64": "R0lG"}], "duplicates": 1}),
    );
    let receipt: Value = sent.await.unwrap().json().await.unwrap();
    assert_eq!(
        receipt["answers"],
        json!([{"status": 200}, {"status": 200}])
    );
    post(
        "fault",
        json!({"fault": {"kind": "server_error", "status": 500}, "times": {"next": 1}}),
    )
    .await
    .unwrap();
    assert_eq!(world.send(CUSTOMER, "a").await.unwrap().0, 500);
    post("opt-out", json!({"number": CUSTOMER, "opted_out": true}))
        .await
        .unwrap();
    assert_eq!(world.send(CUSTOMER, "b").await.unwrap().1["code"], 21610);
    post("outage", json!({"outage": "closes"})).await.unwrap();
    assert!(world.send("+15550124", "c").await.is_err());
    post("outage", json!({"outage": "none"})).await.unwrap();
    assert_eq!(world.send("+15550124", "d").await.unwrap().0, 201);
    let ledger: Value = world
        .http
        .get(format!("{}/_sim/ledger", world.sms.base_url()))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (
            &ledger["messages"][0]["body"],
            &ledger["received"][0]["body"]
        ),
        (&json!("d"), &json!("hi"))
    );
}

#[tokio::test]
async fn waiting_in_vain_says_how_far_it_got() {
    let world = world().await;
    world.send(CUSTOMER, "a").await.unwrap();
    let waited = world
        .sms
        .wait_for(
            |ledger| ledger.messages.len() == 2,
            Duration::from_millis(20),
        )
        .await;
    assert!(waited.unwrap_err().to_string().contains("1 sent"));
}

#[tokio::test]
async fn a_stopped_stand_in_frees_its_port() {
    let world = world().await;
    let port = reqwest::Url::parse(world.sms.base_url())
        .unwrap()
        .port()
        .unwrap();
    world.sms.stop().await;
    let again = World::start(SmsConfig {
        port,
        ..SmsConfig::default()
    })
    .await;
    assert_eq!(again.send(CUSTOMER, "hi").await.unwrap().0, 201);
}
