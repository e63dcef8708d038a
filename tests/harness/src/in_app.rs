//! A customer of the in-app channel without a browser: one WebSocket that comes back by itself and resumes.
//!
//! It keeps what it wrote until the host says `taken`, and counts the frames of the log, as the channel's protocol
//! (`plugins/in-app/README.md`) asks of a page. What it read is this channel's ledger.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use stand_in::Watched;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use crate::world::{PATIENCE, client};

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(50);

/// What the customer has on the screen, and what waits to be taken.
#[derive(Debug, Default)]
struct Screen {
    /// Frames of the log, in order.
    logged: Vec<Value>,
    waiting: VecDeque<Value>,
    slots: Vec<Value>,
    refused: Vec<String>,
    /// Ids of their messages that were marked as seen.
    seen: Vec<String>,
    /// Typing signs that came, on or off.
    signs: Vec<bool>,
    written: u64,
}

/// The customer. Dropping it closes the connection.
pub struct InAppCustomer {
    screen: Arc<Watched<Screen>>,
    nudge: watch::Sender<u64>,
    secret: String,
}

impl InAppCustomer {
    /// Connects to `http://HOST/channels/NAME`, as a page of `origin`.
    pub fn connect(channel: &str, origin: &str, name: &str) -> Self {
        let screen = Arc::new(Watched::new(Screen::default()));
        let nudge = watch::Sender::new(0);
        let secret = format!("{name:x<40}");
        let connection = Connection {
            url: format!("{}/socket", channel.replacen("http", "ws", 1)),
            origin: origin.to_owned(),
            secret: secret.clone(),
            screen: Arc::clone(&screen),
            nudged: nudge.subscribe(),
        };
        tokio::spawn(connection.keep());
        Self {
            screen,
            nudge,
            secret,
        }
    }

    /// Writes; it goes out, again after a lost connection, until the host has taken it.
    pub fn writes(&self, text: &str) {
        self.push("say", |id| json!({"op": "say", "id": id, "text": text}));
    }

    /// What says to the host who the visitor is.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Clicks a choice; goes out as `writes` does.
    pub fn chooses(&self, choice: &str, title: &str) {
        self.push(
            "choose",
            |id| json!({"op": "choose", "id": id, "choice": choice, "title": title}),
        );
    }

    /// The choices under this question, in order: id and title.
    pub fn choices(&self, question: &str) -> Vec<(String, String)> {
        let screen = self.screen.lock();
        let mut asked = screen.logged.iter();
        let asked = asked.find(|frame| frame["type"] == "choices" && frame["text"] == question);
        let items = asked.and_then(|frame| frame["items"].as_array());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let items = items.into_iter().flatten();
        items
            .map(|item| (text(&item["id"]), text(&item["title"])))
            .collect()
    }

    /// Takes or refuses the agent's file of this log entry.
    pub fn answers_file(&self, id: &str, accepted: bool) {
        let frame = json!({"op": "file", "id": id, "accepted": accepted});
        self.screen.change(|screen| screen.waiting.push_back(frame));
        self.nudge.send_modify(|number| *number += 1);
    }

    /// Asks for an upload slot and puts the bytes into it.
    ///
    /// # Errors
    /// No slot comes, or the host does not take the bytes.
    pub async fn sends_file(&self, name: &str, kind: &str, bytes: &[u8]) -> Result<(), String> {
        let size = bytes.len();
        let upload =
            |id: &str| json!({"op": "upload", "id": id, "name": name, "type": kind, "size": size});
        let id = self.push("file", upload);
        let found = |screen: &Screen| screen.slots.iter().any(|slot| slot_is(slot, &id));
        let told = |screen: &Screen| format!("no upload slot; refused: {:?}", screen.refused);
        let waited = self.screen.wait_for(found, PATIENCE, told).await;
        waited.map_err(|error| error.to_string())?;
        let slot = {
            let screen = self.screen.lock();
            screen.slots.iter().find(|slot| slot_is(slot, &id)).cloned()
        };
        let url = slot.as_ref().and_then(|slot| slot["url"].as_str());
        let url = url.ok_or_else(|| format!("the slot has no url: {slot:?}"))?;
        let put = client()
            .put(url)
            .header("content-type", kind)
            .body(bytes.to_vec());
        let answer = put.send().await.map_err(|error| error.to_string())?;
        match answer.status().is_success() {
            true => Ok(()),
            false => Err(format!("the upload was answered {}", answer.status())),
        }
    }

    /// The texts on the screen, in order.
    pub fn reads(&self) -> Vec<String> {
        let screen = self.screen.lock();
        let texts = screen
            .logged
            .iter()
            .filter_map(|frame| frame["text"].as_str());
        texts.map(str::to_owned).collect()
    }

    /// The files on the screen: log entry, name and address.
    pub fn files(&self) -> Vec<(String, String, String)> {
        let screen = self.screen.lock();
        let files = screen.logged.iter().filter(|frame| frame["type"] == "file");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        files
            .map(|file| (text(&file["id"]), text(&file["name"]), text(&file["url"])))
            .collect()
    }

    /// How often a message was marked as seen.
    pub fn seen(&self) -> usize {
        self.screen.lock().seen.len()
    }

    /// The typing signs that came, in order: shown, or taken away.
    pub fn typing(&self) -> Vec<bool> {
        self.screen.lock().signs.clone()
    }

    /// Waits until the screen satisfies `wanted`, given its texts and the number of its files.
    ///
    /// # Errors
    /// It does not within [`PATIENCE`].
    pub async fn until(&self, wanted: impl Fn(&[String], usize) -> bool) -> Result<(), String> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut changes = self.screen.changes();
        loop {
            if wanted(&self.reads(), self.files().len()) {
                return Ok(());
            }
            if tokio::time::timeout_at(deadline, changes.changed())
                .await
                .is_err()
            {
                let told = format!("the screen stays {:?}", self.screen.lock().logged);
                return Err(told);
            }
        }
    }

    fn push(&self, what: &str, frame: impl FnOnce(&str) -> Value) -> String {
        let id = self.screen.change(|screen| {
            screen.written += 1;
            let id = format!("{what}-{}-{}", screen.written, &self.secret[..8]);
            screen.waiting.push_back(frame(&id));
            id
        });
        self.nudge.send_modify(|number| *number += 1);
        id
    }
}

fn slot_is(slot: &Value, id: &str) -> bool {
    slot["slot"].as_str().is_some_and(|name| name.ends_with(id))
}

/// What keeps the socket.
struct Connection {
    url: String,
    origin: String,
    secret: String,
    screen: Arc<Watched<Screen>>,
    nudged: watch::Receiver<u64>,
}

impl Connection {
    async fn keep(mut self) {
        // An error means that the customer is gone.
        while self.nudged.has_changed().is_ok() {
            self.once().await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// One connection, until it ends; nothing when there is none.
    async fn once(&mut self) -> Option<()> {
        let mut request = self.url.as_str().into_client_request().ok()?;
        request
            .headers_mut()
            .insert("origin", self.origin.parse().ok()?);
        request
            .headers_mut()
            .insert("sec-websocket-protocol", "wchat.1".parse().ok()?);
        let address = request.uri().authority()?.to_string();
        let tcp = tokio::net::TcpStream::connect(address).await.ok()?;
        let (mut socket, _) = tokio_tungstenite::client_async(request, tcp).await.ok()?;
        let after = self.screen.lock().logged.len();
        let hello = json!({"op": "hello", "visitor": self.secret, "after": after, "at": 0, "client": "harness/1"});
        socket.send(Message::text(hello.to_string())).await.ok()?;
        let mut sent = 0_usize;
        let mut ready = false;
        loop {
            tokio::select! {
                frame = socket.next() => {
                    let Message::Text(text) = frame?.ok()? else { continue };
                    let frame: Value = serde_json::from_str(&text).ok()?;
                    ready |= frame["op"] == "ready";
                    if self.heard(frame) {
                        sent = sent.saturating_sub(1);
                    }
                }
                changed = self.nudged.changed() => changed.ok()?,
            }
            if !ready {
                continue;
            }
            while let Some(next) = self.waiting_at(sent) {
                socket.send(Message::text(next.to_string())).await.ok()?;
                sent += 1;
            }
        }
    }

    fn waiting_at(&self, place: usize) -> Option<Value> {
        self.screen.lock().waiting.get(place).cloned()
    }

    /// Whether a frame that waited was answered, so that it waits no more.
    fn heard(&self, frame: Value) -> bool {
        self.screen.change(|screen| {
            if frame.get("type").is_some() {
                screen.logged.push(frame);
                return false;
            }
            let answered = match frame["op"].as_str() {
                Some("taken") => frame["id"].as_str().map(str::to_owned),
                Some("refused") => {
                    screen.refused.push(frame.to_string());
                    frame["id"].as_str().map(str::to_owned)
                }
                Some("seen") => {
                    let id = frame["id"].as_str().unwrap_or_default();
                    screen.seen.push(id.to_owned());
                    None
                }
                Some("typing") => {
                    screen.signs.push(frame["on"] == true);
                    None
                }
                _ => {
                    let slot = frame.get("upload").cloned();
                    let name = slot
                        .as_ref()
                        .and_then(|slot| slot["slot"].as_str())
                        .map(str::to_owned);
                    screen.slots.extend(slot);
                    name
                }
            };
            let Some(answered) = answered else {
                return false;
            };
            let ours = |waiting: &Value| {
                waiting["id"]
                    .as_str()
                    .is_some_and(|id| answered.ends_with(id))
            };
            let at = screen.waiting.iter().position(ours);
            at.and_then(|at| screen.waiting.remove(at)).is_some()
        })
    }
}
