//! A page on a WebSocket and an agent, over a host that is killed again and again: what the agent said, the page reads once
//! and in order, whatever moment the host died at.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};
use trunkline_harness::world::PATIENCE;
use trunkline_harness::{World, WorldOptions};

use crate::steps::{log, seen, world_with};

const KILLS: usize = 6;
const LINES_A_LIFE: usize = 8;

/// The channel of the guest `socket-echo`.
const WEB: &str = r#"
[channels.web]
plugin = "socket-echo"

[[rules]]
channels = ["web"]
journey = "support"
"#;

/// A page that keeps what it read while its socket comes and goes.
struct Page {
    address: String,
    socket: Option<WebSocketStream<TcpStream>>,
    number: u64,
    read: Vec<String>,
}

impl Page {
    fn of(world: &World) -> Self {
        let url = world.host.url();
        Self {
            address: url.trim_start_matches("http://").to_owned(),
            socket: None,
            number: 0,
            read: Vec::new(),
        }
    }

    async fn connect(&mut self) -> Option<()> {
        let wire = TcpStream::connect(&self.address).await.ok()?;
        let url = format!("ws://{}/channels/web/socket", self.address);
        let mut request = url.into_client_request().ok()?;
        let origin = "https://shop.example.com".parse().ok()?;
        request.headers_mut().insert("origin", origin);
        let (socket, _) = client_async(request, wire).await.ok()?;
        self.socket = Some(socket);
        self.says(&json!({ "hello": "anna", "after": self.number }))
            .await
    }

    /// None: the socket is gone.
    async fn says(&mut self, frame: &Value) -> Option<()> {
        let sent = self
            .socket
            .as_mut()?
            .send(Message::text(frame.to_string()))
            .await;
        if sent.is_err() {
            self.socket = None;
        }
        sent.ok()
    }

    /// Whatever comes next, kept if it is of the log. None: the socket is gone.
    async fn hears(&mut self) -> Option<Value> {
        let message = self.socket.as_mut()?.next().await;
        let Some(Ok(message @ (Message::Text(_) | Message::Ping(_)))) = message else {
            self.socket = None;
            return None;
        };
        let frame: Value = serde_json::from_slice(&message.into_data()).unwrap_or_default();
        if let Some(number) = frame["number"].as_u64() {
            assert_eq!(number, self.number + 1, "{frame}");
            self.number = number;
            self.read
                .push(frame["text"].as_str().unwrap_or_default().to_owned());
        }
        Some(frame)
    }

    /// Reads, connecting anew whenever it must, until this was read.
    async fn reads(&mut self, world: &World, text: &str) {
        let reading = async {
            while !self.read.iter().any(|read| read == text) {
                if self.socket.is_none() && self.connect().await.is_none() {
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
                self.hears().await;
            }
        };
        let found = timeout(PATIENCE, reading).await.is_ok();
        assert!(found, "no `{text}` in {:?}\n{}", self.read, log(world));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_double_and_reorder_nothing_that_an_agent_says_to_a_page() {
    let mut world = world_with(WorldOptions {
        guests: vec!["socket-echo".to_owned()],
        more: WEB.to_owned(),
        ..WorldOptions::default()
    })
    .await;
    world.ece.change_callback(|callback| {
        callback.failures_max = None;
        callback.backoff_max_ms = 500;
    });
    let mut page = Page::of(&world);
    page.connect().await.expect("it is let in");
    page.says(&json!({ "say": "hello", "key": "m1" }))
        .await
        .expect("it is taken");
    let session = seen(&world, "hello").await;
    world.ece.pick_up(&session, "ann").expect("it is queued");
    page.reads(&world, "You are now chatting with Ann.").await;

    let before = page.read.len();
    let mut said = Vec::new();
    for life in 0..KILLS {
        for line in 0..LINES_A_LIFE {
            let line = format!("line {life}-{line}");
            world.ece.say(&session, &line).expect("Ann has it");
            said.push(line);
        }
        // Somewhere in the middle of them: at the first life's first line, at the second's second…
        page.reads(&world, &format!("line {life}-{life}")).await;
        world.host.kill().await;
        world.host.start().await.expect("the host starts again");
    }
    page.reads(&world, said.last().expect("lines")).await;
    assert_eq!(page.read[before..], said);

    // A page of hers that has seen nothing reads the same.
    let mut second = Page::of(&world);
    second.reads(&world, said.last().expect("lines")).await;
    assert_eq!(second.read, page.read);
}
