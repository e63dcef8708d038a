//! A client and a webhook around the stand-in.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{any, get};
use bytes::Bytes;
use ece_simulator::{EceConfig, EceSimulator};
use serde_json::{Value, json};
use tokio::sync::watch;

/// Generous: a test that fails waits this long, one that passes does not.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The connector's HTTP edge: keeps callbacks, answers from a list, then 200; serves one file.
#[derive(Clone)]
pub(crate) struct Edge {
    pub(crate) url: String,
    requests: Arc<watch::Sender<Vec<(HeaderMap, Bytes)>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Edge {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let edge = Self {
            url,
            requests: Arc::new(watch::Sender::new(Vec::new())),
            answers: Arc::default(),
        };
        let router = Router::new()
            .route(
                "/file.png",
                get(|| async { ([("content-type", "image/png")], "not really a png") }),
            )
            .fallback(any(Self::take))
            .with_state(edge.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        edge
    }

    async fn take(State(edge): State<Self>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let status = {
            let mut answers = edge.answers.lock().unwrap();
            if answers.is_empty() {
                200
            } else {
                answers.remove(0)
            }
        };
        edge.requests
            .send_modify(|requests| requests.push((headers, body)));
        StatusCode::from_u16(status).unwrap()
    }

    pub(crate) fn answer_next_with(&self, statuses: &[u16]) {
        *self.answers.lock().unwrap() = statuses.to_vec();
    }

    pub(crate) fn posts(&self) -> Vec<(HeaderMap, Bytes)> {
        self.requests.borrow().clone()
    }

    /// Every message called back so far, in order of arrival.
    pub(crate) fn messages(&self) -> Vec<Value> {
        let lists = self.posts().into_iter().map(|(_, body)| {
            let body: Value = serde_json::from_slice(&body).unwrap();
            body["message"].as_array().unwrap().clone()
        });
        lists.flatten().collect()
    }

    /// Waits until so many messages were called back, and gives them.
    pub(crate) async fn wait_for_messages(&self, count: usize) -> Vec<Value> {
        self.wait_until(|| self.messages().len() >= count).await;
        self.messages()
    }

    pub(crate) async fn wait_until(&self, satisfied: impl Fn() -> bool) {
        let mut changes = self.requests.subscribe();
        let waiting = async {
            while !satisfied() {
                changes.changed().await.unwrap();
            }
        };
        let in_time = tokio::time::timeout(DEADLINE, waiting).await;
        assert!(in_time.is_ok(), "called back in vain: {:?}", self.posts());
    }
}

/// `type.value` and `content` of messages.
pub(crate) fn kinds(messages: &[Value]) -> Vec<(&str, &str)> {
    messages
        .iter()
        .map(|message| {
            (
                message["type"]["value"].as_str().unwrap(),
                message["content"].as_str().unwrap_or_default(),
            )
        })
        .collect()
}

/// A stand-in, a webhook and a client with a token.
pub(crate) struct World {
    pub(crate) ece: EceSimulator,
    pub(crate) edge: Edge,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

impl World {
    /// The default set-up: agent `ann`, driven by hand.
    pub(crate) async fn new() -> Self {
        Self::with(EceConfig::default()).await
    }

    pub(crate) async fn with(mut config: EceConfig) -> Self {
        let edge = Edge::start().await;
        config.callback.url = Some(edge.url.clone());
        config.callback.backoff_ms = 1;
        let ece = EceSimulator::start(config).await.unwrap();
        // Starting installed the TLS provider that the client needs.
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut world = Self {
            ece,
            edge,
            http,
            token: String::new(),
        };
        world.token = world.new_token("").await.1["access_token"]
            .as_str()
            .unwrap()
            .to_owned();
        world
    }

    pub(crate) fn url(&self, rest: &str) -> String {
        format!("{}/ws/v19/clientapplications/{rest}", self.ece.base_url())
    }

    pub(crate) async fn new_token(&self, query: &str) -> (u16, Value) {
        let config = self.ece.config();
        self.token_of(&config.client_key, &config.client_secret, query)
            .await
    }

    pub(crate) async fn token_of(&self, key: &str, secret: &str, query: &str) -> (u16, Value) {
        let request = self
            .http
            .post(self.url(&format!("authentication/oauth2/token{query}")));
        let request = request
            .basic_auth(key, Some(secret))
            .form(&[("grant_type", "client_credentials")]);
        outcome(request.header("Accept", "application/json")).await
    }

    pub(crate) fn post(&self, rest: &str, body: &Value) -> reqwest::RequestBuilder {
        let request = self.http.post(self.url(rest)).bearer_auth(&self.token);
        request.header("Accept", "application/json").json(body)
    }

    pub(crate) async fn get(&self, rest: &str) -> (u16, Value) {
        let request = self.http.get(self.url(rest)).bearer_auth(&self.token);
        outcome(request.header("Accept", "application/json")).await
    }

    pub(crate) async fn last_modified(&self, entry_point: u64) -> String {
        let (status, body) = self
            .get(&format!("messaging/configuration?entrypoint={entry_point}"))
            .await;
        assert_eq!(status, 200, "{body}");
        body["entryPointConfiguration"][0]["lastModified"]["date"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// A correct body of a start; tests break it.
    pub(crate) async fn start_body(&self, entry_point: u64) -> Value {
        json!({
            "entryPointConfiguration": {
                "entryPoint": {"id": entry_point.to_string()},
                "lastModified": {"date": self.last_modified(entry_point).await},
            },
            "activity": {"subject": "hello", "customer": {"type": {"value": "individual"}}},
        })
    }

    pub(crate) async fn start_with(&self, query: &str, body: &Value) -> (u16, Value) {
        outcome(self.post(&format!("messaging/conversation/start{query}"), body)).await
    }

    /// An anonymous conversation on 1001; gives its id.
    pub(crate) async fn start(&self) -> String {
        let body = self.start_body(1001).await;
        let (status, answer) = self.start_with("?anonymousCustomer=yes", &body).await;
        assert_eq!(status, 201, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn send(&self, id: &str, kind: &str, content: &str) -> (u16, Value) {
        let body = json!({"conversation": {"id": id}, "type": {"value": kind}, "content": content});
        outcome(self.post("messaging/sendmessage", &body)).await
    }

    pub(crate) async fn offer_file(&self, id: &str, name: &str) -> (u16, Value) {
        let body = json!({
            "conversation": {"id": id}, "type": {"value": "uploadAttachment"},
            "attachments": {"attachment": [{
                "fileName": name, "contentType": "image/png", "size": "32",
                "contentUrl": format!("{}/file.png", self.edge.url),
            }]},
        });
        outcome(self.post("messaging/sendmessage", &body)).await
    }

    /// Drives the stand-in over HTTP, as another process would.
    pub(crate) async fn sim(&self, path: &str, body: &Value) -> u16 {
        let request = self
            .http
            .post(format!("{}/_sim/{path}", self.ece.origin()))
            .json(body);
        request.send().await.unwrap().status().as_u16()
    }
}

/// Status and JSON body; text that is no JSON comes as a string.
pub(crate) async fn outcome(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}
