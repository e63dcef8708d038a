//! `/channels/{channel}/socket`: a client's WebSocket. Flow says what goes out and what comes of what comes in; here is the
//! wire alone.
//!
//! Nothing waits here for a slow client: flow is asked for the next frame when the last one is on its way. A client that does
//! not take one within [`SEND_PATIENCE`], or leaves two pings without an answer, is cut off; what it missed is in the store.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use trunkline_core::id::ChannelName;
use trunkline_engine::Engine;
use trunkline_flow::ports::Answer;
use trunkline_flow::{Close, Out, Socket};
use trunkline_store::SqliteStore;

use super::channel::{self, Named};
use super::convert;
use crate::clock::SystemClock;
use crate::host::Host;

/// How long a client may take for what it is sent.
const SEND_PATIENCE: Duration = Duration::from_secs(20);

/// How often a client is asked whether it is still there. Shorter than what proxies allow a silent connection.
const PING_EVERY: Duration = Duration::from_secs(25);

/// Pings without an answer until a client counts as gone.
const PINGS_UNANSWERED_MAX: u32 = 2;

/// No message is read any further than this; a manifest may ask for 1 MiB.
const WIRE_BYTES_MAX: usize = (1 << 20) + 1;

/// "Message too big."
const TOO_BIG: u16 = 1009;

type HostSocket = Socket<Arc<SqliteStore>, Engine, trunkline_ece::EceClient, SystemClock>;

/// Asks the plugin, then upgrades. A call that asks for no upgrade is a webhook like any other.
pub(super) async fn call(
    State(host): State<Arc<Host>>,
    Path(named): Path<Named>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    body: Bytes,
) -> Response {
    let Ok(upgrade) = upgrade else {
        return channel::call(State(host), Path(named), method, uri, headers, body).await;
    };
    let channel = ChannelName(named.channel);
    let public_url = &host.config().server.public_url;
    let request = convert::request(public_url, &method, &uri, &headers, &body);
    match host.flow().open_socket(&channel, request).await {
        Ok((socket, answer)) => {
            let upgrade = upgrade
                .max_message_size(WIRE_BYTES_MAX)
                .max_frame_size(WIRE_BYTES_MAX)
                .protocols(protocols(answer));
            upgrade.on_upgrade(move |wire| Box::pin(serve(channel, socket, wire)))
        }
        Err(answer) => {
            tracing::debug!(%channel, status = answer.status, "a socket was refused");
            convert::response(answer)
        }
    }
}

/// What the plugin chose.
fn protocols(answer: Answer) -> Vec<String> {
    let named = header::SEC_WEBSOCKET_PROTOCOL;
    let chosen = answer.headers.into_iter();
    chosen
        .filter(|(name, _)| name.eq_ignore_ascii_case(named.as_str()))
        .map(|(_, value)| value)
        .collect()
}

async fn serve(channel: ChannelName, mut socket: HostSocket, wire: WebSocket) {
    let (out, incoming) = wire.split();
    let mut pings = interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick is at once.
    pings.tick().await;
    let mut wire = Wire {
        out,
        incoming,
        pings,
        unanswered: 0,
    };
    let why = wire.carry(&mut socket).await;
    tracing::debug!(%channel, why, "a socket has ended");
    socket.lost().await;
}

struct Wire {
    out: SplitSink<WebSocket, Message>,
    incoming: SplitStream<WebSocket>,
    pings: Interval,
    unanswered: u32,
}

/// Why a socket has ended, for the log.
type Ended = &'static str;

impl Wire {
    /// Until one side ends it.
    async fn carry(&mut self, socket: &mut HostSocket) -> Ended {
        loop {
            let carried = tokio::select! {
                out = socket.next() => self.send(out).await,
                message = self.incoming.next() => match message {
                    Some(Ok(message)) => self.take(socket, message).await,
                    Some(Err(_)) => self.close(TOO_BIG, "too long, or no WebSocket message").await,
                    None => Err("the client went away"),
                },
                _ = self.pings.tick() => self.ping().await,
            };
            if let Err(why) = carried {
                return why;
            }
        }
    }

    async fn take(&mut self, socket: &mut HostSocket, message: Message) -> Result<(), Ended> {
        self.unanswered = 0;
        let body = match message {
            Message::Text(text) => text.as_bytes().to_vec(),
            Message::Binary(bytes) => bytes.to_vec(),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err("the client closed it"),
        };
        let limit = socket.frame_bytes_max();
        if body.len() > limit {
            let reason = format!("longer than {limit} bytes");
            return self.close(TOO_BIG, &reason).await;
        }
        socket.frame(body).await;
        // Before more is read: a client cannot have answers pile up.
        while let Some(out) = socket.answer() {
            self.send(out).await?;
        }
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Ended> {
        if self.unanswered >= PINGS_UNANSWERED_MAX {
            return Err("the client answers no pings");
        }
        self.unanswered += 1;
        self.write(Message::Ping(Bytes::new())).await
    }

    async fn send(&mut self, out: Out) -> Result<(), Ended> {
        match out {
            Out::Frame(frame) => self.write(message(frame)).await,
            Out::Close(Close { code, reason }) => self.close(code, &reason).await,
        }
    }

    async fn close(&mut self, code: u16, reason: &str) -> Result<(), Ended> {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        self.write(Message::Close(Some(frame))).await?;
        Err("the host closed it")
    }

    async fn write(&mut self, message: Message) -> Result<(), Ended> {
        match timeout(SEND_PATIENCE, self.out.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err("the client went away"),
            Err(_) => Err("the client took too long"),
        }
    }
}

/// Text where it is text: that is what browsers read as such.
fn message(frame: Vec<u8>) -> Message {
    match String::from_utf8(frame) {
        Ok(text) => Message::Text(text.into()),
        Err(error) => Message::Binary(error.into_bytes().into()),
    }
}
