//! A stand-in ECE, a client of it, and a place for its callbacks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use ece_simulator::{EceConfig, EceSimulator, Ledger};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use trunkline_core::effect::{EceMessage, OpenEce};
use trunkline_core::event::EceHappening;
use trunkline_core::id::{EceSession, EntryPointName, IntegrationName, Language, Timestamp};
use trunkline_core::message::Address;
use trunkline_ece::{
    Auth, Callback, CallbackAuth, CallbackItem, EceClient, IntegrationConfig, Options, Unknowns,
    Version,
};
use trunkline_flow::ports::{Ece as _, EceError, EceSent, Leaving, OpenOutcome, Opening};

/// Long enough for the slowest machine; nothing waits for it when all is well.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Callbacks that wait for a test to look; a test has far fewer.
const CALLBACKS_MAX: usize = 1000;

pub(crate) struct World {
    pub(crate) sim: EceSimulator,
    pub(crate) client: Arc<EceClient>,
    pub(crate) leavings: Arc<AtomicUsize>,
    callbacks: mpsc::Receiver<Callback>,
    waiting: Vec<CallbackItem>,
}

pub(crate) fn acme() -> IntegrationName {
    IntegrationName::from("acme")
}

pub(crate) fn support() -> EntryPointName {
    EntryPointName::from("support")
}

/// An integration that fits a default stand-in.
pub(crate) fn config(base_url: &str) -> IntegrationConfig {
    let ece = EceConfig::default();
    IntegrationConfig {
        name: acme(),
        version: Version::V12_6,
        base_url: base_url.to_owned(),
        auth: Auth::Oauth2Client,
        username: ece.client_key.as_str().into(),
        password: ece.client_secret.as_str().into(),
        ca_file: None,
        proxy: None,
        no_proxy: Vec::new(),
        callback_url: "http://127.0.0.1:9/".to_owned(),
        callback: CallbackAuth::None,
        wait_acceptable_s: 120,
        give_up_after_h: None,
        entry_points: BTreeMap::from([(support(), "1001".to_owned())]),
        unknowns: Unknowns::default(),
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(EceConfig::default(), |_| {}).await
    }

    pub(crate) async fn with(ece: EceConfig, change: impl FnOnce(&mut IntegrationConfig)) -> Self {
        let sim = EceSimulator::start(ece).await.unwrap();
        let mut config = config(&sim.base_url());
        change(&mut config);
        let client = Arc::new(EceClient::new(vec![config], Options::default()).unwrap());
        let (sender, callbacks) = mpsc::channel(CALLBACKS_MAX);
        let url = receive_callbacks(client.clone(), sender).await;
        sim.set_callback_url(&url);
        Self {
            sim,
            client,
            leavings: Arc::default(),
            callbacks,
            waiting: Vec::new(),
        }
    }

    pub(crate) fn leaving(&self) -> Leaving {
        let count = self.leavings.clone();
        Leaving(Arc::new(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Ok(()) })
        }))
    }

    pub(crate) fn left(&self) -> usize {
        self.leavings.load(Ordering::SeqCst)
    }

    pub(crate) async fn open(&self) -> Result<OpenOutcome, EceError> {
        self.client.open(opening("sms"), self.leaving()).await
    }

    /// A conversation that has begun.
    pub(crate) async fn opened(&self) -> EceSession {
        match self.open().await.unwrap() {
            OpenOutcome::Started(session) => session,
            OpenOutcome::Unavailable(kind, text) => panic!("{kind:?}: {text}"),
        }
    }

    pub(crate) async fn send(
        &self,
        session: &EceSession,
        message: EceMessage,
    ) -> Result<(), EceError> {
        let mut rest = None;
        while let EceSent::Rest(behind) = self.send_some(session, &message, rest).await? {
            rest = Some(behind);
        }
        Ok(())
    }

    /// One call.
    pub(crate) async fn send_some(
        &self,
        session: &EceSession,
        message: &EceMessage,
        rest: Option<Vec<u8>>,
    ) -> Result<EceSent, EceError> {
        self.client
            .send(&acme(), session, message, rest.as_deref(), self.leaving())
            .await
    }

    pub(crate) async fn say(&self, session: &EceSession, text: &str) -> Result<(), EceError> {
        self.send(session, EceMessage::Text(text.to_owned())).await
    }

    pub(crate) fn texts(&self, session: &EceSession) -> Vec<String> {
        self.sim.with_ledger(|ledger| {
            let record = ledger.conversation(session.as_str()).unwrap();
            record.texts().into_iter().map(str::to_owned).collect()
        })
    }

    pub(crate) async fn wait_for(&self, fact: impl FnMut(&Ledger) -> bool) {
        self.sim.wait_for(fact, DEADLINE).await.unwrap();
    }

    /// The next thing that ECE said.
    pub(crate) async fn heard(&mut self) -> CallbackItem {
        while self.waiting.is_empty() {
            let next = tokio::time::timeout(DEADLINE, self.callbacks.recv()).await;
            self.waiting = next
                .expect("ECE called back")
                .expect("the receiver runs")
                .items;
        }
        self.waiting.remove(0)
    }

    /// The next event; typing is passed over.
    pub(crate) async fn happened(&mut self) -> EceHappening {
        loop {
            match self.heard().await {
                CallbackItem::Event(event) => return event.happening,
                CallbackItem::Typing(_) => {}
            }
        }
    }
}

pub(crate) fn opening(plugin: &str) -> Opening {
    Opening {
        open: OpenEce {
            integration: acme(),
            entry_point: support(),
            subject: "orders".to_owned(),
            attributes: Vec::new(),
            customer_name: Some("Jo Doe".to_owned()),
            language: Some(Language::from("es")),
        },
        plugin: plugin.to_owned(),
        customer: vec![Address {
            kind: "phone".to_owned(),
            value: "+15550100".to_owned(),
        }],
        again_after_unknown: false,
    }
}

async fn receive_callbacks(client: Arc<EceClient>, sender: mpsc::Sender<Callback>) -> String {
    let router = Router::new()
        .route("/ece/acme/callback", post(take))
        .with_state((client, sender));
    format!("{}/ece/acme/callback", serve(router).await)
}

async fn take(
    State((client, sender)): State<(Arc<EceClient>, mpsc::Sender<Callback>)>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    if !client.authorize_callback(&acme(), &headers) {
        return StatusCode::UNAUTHORIZED;
    }
    let content_type = headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let callback = client
        .parse_callback(&acme(), content_type, &body, Timestamp(1))
        .unwrap();
    sender.send(callback).await.unwrap();
    StatusCode::OK
}

/// Serves until the test ends; gives the origin.
pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    origin
}

impl World {
    /// The next thing is that an agent takes the conversation.
    pub(crate) async fn happened_assigned(&mut self) {
        let happening = self.happened().await;
        assert!(
            matches!(happening, EceHappening::Assigned { .. }),
            "{happening:?}"
        );
    }
}
