//! The demo as a page: the customer's phone, the agent's desk, every message's path, four buttons, and counters taken
//! from the stand-ins' ledgers.
//!
//! In: a running world. Out: one HTTP address. Four robots write by SMS all the time and an agent of the stand-in
//! answers each line, so that there is always something to break.

/// What is shown, put together again and again.
mod live;

/// The four buttons.
mod buttons;

/// Customers who never stop writing.
mod robots;

/// What has arrived so far, and what is still on its way.
mod progress;

/// The HTTP side.
mod routes;

/// Shown instead of a browser's chat when that was not built.
mod assets;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ece_simulator::AgentConfig;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::built::Built;
use crate::host::{Host, HostError};
use crate::world::{World, WorldError, WorldOptions, by_hand, robot};

use robots::Robots;

/// The number from which the visitor's phone writes.
pub const VISITOR: &str = "+15557000";

/// The journey of the robots: their own entry point, so that the visitor's agents see the visitor alone.
const MORE: &str = r#"
[journeys.robots]
stages = [ { ece = "acme", entry_point = "robots" } ]
on = { no-agents = "hold", unreachable = "hold" }

[[rules]]
name = "robots"
channels = ["acme-sms"]
event = "message"
keyword = "ROBOT"
journey = "robots"
"#;

/// The page could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The world did not come about.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The host did not start.
    #[error(transparent)]
    Host(#[from] HostError),
    /// No port for the page.
    #[error("listen for browsers")]
    Listen(#[source] std::io::Error),
}

/// A world on a stage.
pub(crate) struct Stage {
    world: World,
    /// Apart, so that the ledgers can be read while the host is dead.
    host: tokio::sync::Mutex<Host>,
    robots: Robots,
    host_is_up: AtomicBool,
    ece_is_up: AtomicBool,
    marks: AtomicU8,
    hostile: AtomicU8,
    journal: Mutex<Vec<String>>,
    /// By a name that the browser gave itself.
    chats: Mutex<BTreeMap<String, Chat>>,
    shown: watch::Sender<Arc<String>>,
    /// Somebody began to look.
    viewer: Notify,
    stopped: CancellationToken,
    chat: Option<PathBuf>,
}

/// What one visitor's browser shows: the in-app channel has no other stand-in.
#[derive(Debug, Default, Deserialize)]
struct Chat {
    sent: Vec<String>,
    received: Vec<String>,
}

/// A running page. Dropping it kills the host.
pub struct Page {
    stage: Arc<Stage>,
    url: String,
    serving: tokio::task::JoinHandle<()>,
}

impl Page {
    /// Starts a world in `folder` and shows it on `port`, or on a free one if that is taken.
    ///
    /// # Errors
    /// Something is not built or does not start.
    pub async fn open(built: Built, folder: Option<PathBuf>, port: u16) -> Result<Self, PageError> {
        let listener = listen(port).await.map_err(PageError::Listen)?;
        let address = listener.local_addr().map_err(PageError::Listen)?;
        let url = format!("http://{address}");
        let options = WorldOptions {
            agents: vec![at_a_desk("ann", "Ann"), at_a_desk("bob", "Bob"), robot()],
            more: MORE.to_owned(),
            folder,
            page_origin: Some(url.clone()),
            ..WorldOptions::default()
        };
        let mut world = World::prepare_with(built, options).await?;
        world.host.start().await?;
        world.until_live("sms").await?;
        let host = world.take_host();
        let robots = Robots::start(&world);
        let stage = Arc::new(Stage {
            chat: assets::built_chat(),
            world,
            host: tokio::sync::Mutex::new(host),
            robots,
            host_is_up: AtomicBool::new(true),
            ece_is_up: AtomicBool::new(true),
            marks: AtomicU8::new(0),
            hostile: AtomicU8::new(0),
            journal: Mutex::default(),
            chats: Mutex::default(),
            shown: watch::Sender::new(Arc::default()),
            viewer: Notify::new(),
            stopped: CancellationToken::new(),
        });
        tokio::spawn(live::keep_showing(Arc::clone(&stage)));
        let serving = tokio::spawn(routes::serve(Arc::clone(&stage), listener));
        Ok(Self {
            stage,
            url,
            serving,
        })
    }

    /// Where the page is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the agent's desk is on its own.
    pub fn desk_url(&self) -> String {
        self.stage.desk_url()
    }

    /// Ends the robots, the streams and the host.
    ///
    /// # Errors
    /// The host does not end.
    pub async fn close(self) -> Result<(), HostError> {
        self.stage.robots.stop();
        self.stage.stopped.cancel();
        self.serving.abort();
        self.stage.host.lock().await.stop().await.map(drop)
    }
}

/// An agent whom somebody plays: as many chats at once as people can hold.
fn at_a_desk(name: &str, screen_name: &str) -> AgentConfig {
    AgentConfig {
        capacity: 5,
        signed_in: false,
        ready: false,
        ..by_hand(name, screen_name)
    }
}

async fn listen(port: u16) -> std::io::Result<TcpListener> {
    match TcpListener::bind(("127.0.0.1", port)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind(("127.0.0.1", 0)).await,
    }
}

impl Stage {
    /// On the control address, which no outage of ECE closes.
    fn desk_url(&self) -> String {
        let ece = &self.world.ece;
        let address = ece.control_url().unwrap_or_default();
        format!("{address}/_sim/agent")
    }

    /// Adds a line to what the visitor did and what came of it.
    fn note(&self, line: impl Into<String>) {
        lock(&self.journal).push(line.into());
    }
}

/// A panic elsewhere does not spoil a list of lines.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
