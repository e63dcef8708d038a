//! A stand-in, a client of its API, and the edge of a connector that keeps what arrives.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::any;
use bytes::Bytes;
use messenger_simulator::{MessengerConfig, MessengerSimulator};
use serde_json::{Value, json};
use tokio::sync::watch;

pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
pub(crate) const PAGE: &str = "900100200300";
pub(crate) const CUSTOMER: &str = "7100000000000042";

/// A connector's HTTP edge: keeps what arrives and answers from a list, then 200. A GET gets its challenge.
#[derive(Clone)]
pub(crate) struct Edge {
    posts: Arc<watch::Sender<Vec<(HeaderMap, Bytes)>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Edge {
    fn new() -> Self {
        Self {
            posts: Arc::new(watch::Sender::new(Vec::new())),
            answers: Arc::default(),
        }
    }

    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(any(Self::take))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    async fn take(
        State(edge): State<Self>,
        method: Method,
        RawQuery(query): RawQuery,
        headers: HeaderMap,
        body: Bytes,
    ) -> (StatusCode, String) {
        if method == Method::GET {
            let query = query.unwrap_or_default();
            let good = query.contains("hub.verify_token=a+word+of+ours");
            let challenge = query
                .split('&')
                .find_map(|pair| pair.strip_prefix("hub.challenge="));
            return match (good, challenge) {
                (true, Some(challenge)) => (StatusCode::OK, challenge.to_owned()),
                _ => (StatusCode::FORBIDDEN, String::new()),
            };
        }
        edge.posts.send_modify(|posts| posts.push((headers, body)));
        let mut answers = edge.answers.lock().unwrap();
        let status = if answers.is_empty() {
            200
        } else {
            answers.remove(0)
        };
        (StatusCode::from_u16(status).unwrap(), String::new())
    }

    /// What the next posts are answered with.
    pub(crate) fn answer_with(&self, statuses: &[u16]) {
        self.answers.lock().unwrap().extend(statuses);
    }

    pub(crate) fn raw(&self) -> Vec<(HeaderMap, Bytes)> {
        self.posts.borrow().clone()
    }

    pub(crate) fn bodies(&self) -> Vec<Value> {
        let parsed = |(_, body): &(HeaderMap, Bytes)| serde_json::from_slice(body).unwrap();
        self.posts.borrow().iter().map(parsed).collect()
    }

    /// The events of the first Page of each post.
    pub(crate) fn events(&self) -> Vec<Value> {
        let events = self.bodies().into_iter();
        events
            .map(|body| body["entry"][0]["messaging"][0].clone())
            .collect()
    }

    pub(crate) async fn wait_for_posts(&self, count: usize) {
        let mut posts = self.posts.subscribe();
        let arrived = posts.wait_for(|posts| posts.len() >= count);
        tokio::time::timeout(DEADLINE, arrived)
            .await
            .unwrap()
            .unwrap();
    }
}

pub(crate) struct World {
    pub(crate) meta: MessengerSimulator,
    pub(crate) edge: Edge,
    pub(crate) http: reqwest::Client,
}

impl World {
    pub(crate) async fn start(config: MessengerConfig) -> Self {
        let meta = MessengerSimulator::start(config).await.unwrap();
        let edge = Edge::new();
        meta.set_webhook(&edge.start().await);
        // Starting installed the TLS provider that the client needs.
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { meta, edge, http }
    }

    pub(crate) fn token(&self) -> &str {
        &self.meta.config().pages[0].access_token
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/v25.0/{path}", self.meta.base_url())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let request = self.http.get(self.url(path)).bearer_auth(self.token());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<(u16, Value), reqwest::Error> {
        let request = self.http.post(self.url(path)).bearer_auth(self.token());
        let answer = request.json(body).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await?))
    }

    /// A message to the customer; `more` goes beside it.
    pub(crate) async fn send(
        &self,
        message: Value,
        more: Value,
    ) -> Result<(u16, Value), reqwest::Error> {
        let mut body = json!({
            "recipient": { "id": CUSTOMER }, "messaging_type": "RESPONSE", "message": message,
        });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.post(&format!("{PAGE}/messages"), &body).await
    }

    /// Code and subcode of a refused message.
    pub(crate) async fn refused(&self, message: Value, more: Value) -> (u64, u64) {
        let (status, answer) = self.send(message, more).await.unwrap();
        assert_eq!(status, 400, "{answer}");
        let error = &answer["error"];
        (
            error["code"].as_u64().unwrap(),
            error["error_subcode"].as_u64().unwrap_or(0),
        )
    }
}

/// A Page whose customer has written.
pub(crate) async fn world() -> World {
    with(MessengerConfig::default()).await
}

pub(crate) async fn with(config: MessengerConfig) -> World {
    let world = World::start(config).await;
    assert_eq!(
        world.meta.customer_sends(PAGE, CUSTOMER, "hello").await,
        200
    );
    world
}
