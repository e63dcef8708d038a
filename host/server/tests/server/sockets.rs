//! Clients on real WebSockets, with the guests `socket-echo` (the channel) and `echo-bot` (who answers).

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use trunkline_engine::{FileState, FileStatus};
use trunkline_flow::ports::Clock;
use trunkline_server::config;
use trunkline_server::edge;
use trunkline_server::host::{Host, StartError};

use crate::world::{PATIENCE, guest, provide_tls};

/// The page that `socket-echo` lets in.
const SHOP: &str = "https://shop.example.com";

/// What the bot says first.
const WELCOME: &str = "Hello, I am the echo.";

/// A host that can be started anew over what it left.
struct Web {
    folder: TempDir,
    address: SocketAddr,
    host: Arc<Host>,
    server: JoinHandle<()>,
}

fn toml(address: SocketAddr) -> String {
    format!(
        r#"
[server]
listen = "{address}"
public_url = "http://{address}"
admin_token = "plain:open-sesame"
shutdown_s = 5

[channels.web]
plugin = "socket-echo"

[bots.echo]
plugin = "echo-bot"

[[rules]]
channels = ["web"]
stages = [{{ bot = "echo" }}]
"#
    )
}

impl Web {
    async fn start() -> Self {
        provide_tls();
        let folder = tempfile::tempdir().expect("a folder");
        let plugins = folder.path().join("plugins");
        std::fs::create_dir(&plugins).expect("a plugin folder");
        for name in ["socket-echo", "echo-bot"] {
            let copied = std::fs::copy(guest(name), plugins.join(format!("{name}.wasm")));
            copied.expect("`cargo xtask plugins --guests` builds the guests");
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let file = folder.path().join("trunkline.toml");
        std::fs::write(&file, toml(address)).expect("written");
        let (host, server) = serve(&file, listener).await;
        Self {
            folder,
            address,
            host,
            server,
        }
    }

    /// Ends the host and starts another in its place, which takes calls at the same address.
    async fn restart(self) -> Self {
        let deadline = self.host.clock().now().plus_ms(5_000);
        assert!(self.host.shutdown(deadline).await, "all had settled");
        let Self {
            folder,
            address,
            host,
            server,
        } = self;
        server.abort();
        let ended = server.await.expect_err("it was stopped");
        assert!(ended.is_cancelled(), "{ended}");
        drop(host);
        let listener = TcpListener::bind(address).await.expect("the same port");
        let file = folder.path().join("trunkline.toml");
        let (host, server) = serve(&file, listener).await;
        Self {
            folder,
            address,
            host,
            server,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn status(&self) -> trunkline_flow::Status {
        self.host.flow().status()
    }

    async fn connect(&self, headers: &[(&'static str, &str)]) -> Result<Page, Error> {
        let wire = TcpStream::connect(self.address).await?;
        self.upgrade(wire, "/channels/web/socket", headers).await
    }

    async fn upgrade(
        &self,
        wire: TcpStream,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Page, Error> {
        let url = format!("ws://{}{path}", self.address);
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            let value = value.parse().expect("a header");
            request.headers_mut().insert(*name, value);
        }
        let (socket, answer) = client_async(request, wire).await?;
        let protocol = answer.headers().get("sec-websocket-protocol");
        let protocol = protocol.map(|value| value.to_str().expect("text").to_owned());
        Ok(Page { socket, protocol })
    }

    /// A page of the shop, attached.
    async fn page(&self, who: &str, after: u64) -> Page {
        let page = self.connect(&[("origin", SHOP)]).await;
        let mut page = page.expect("it is let in");
        page.says(&json!({ "hello": who, "after": after })).await;
        assert_eq!(page.hears().await, json!({ "ready": who }));
        page
    }
}

async fn serve(file: &Path, listener: TcpListener) -> (Arc<Host>, JoinHandle<()>) {
    let host = timeout(PATIENCE, start(file)).await.expect("it starts");
    let plugins = host.engine().status();
    let live = |file: &FileStatus| file.state == FileState::Live;
    assert!(plugins.files.iter().all(live), "{plugins:#?}");
    let router = edge::router(Arc::clone(&host));
    let server = tokio::spawn(async move {
        let served = axum::serve(listener, router).await;
        served.expect("it serves until it is stopped");
    });
    (host, server)
}

/// Once whoever had the store has given it free.
async fn start(file: &Path) -> Arc<Host> {
    loop {
        let config = config::load(file).expect("a right configuration");
        match Host::start(config).await {
            Ok(host) => return host,
            Err(StartError::Store { .. }) => sleep(Duration::from_millis(10)).await,
            Err(error) => panic!("{error}"),
        }
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waited = timeout(2 * PATIENCE, async {
        while !holds() {
            sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain: {what}");
}

/// A client.
struct Page {
    socket: WebSocketStream<TcpStream>,
    protocol: Option<String>,
}

impl Page {
    async fn says(&mut self, frame: &Value) {
        self.sends(Message::text(frame.to_string())).await;
    }

    async fn sends(&mut self, message: Message) {
        self.socket.send(message).await.expect("it is taken");
    }

    async fn next(&mut self) -> Message {
        loop {
            let next = timeout(PATIENCE, self.socket.next()).await;
            let next = next.expect("something comes").expect("it is open");
            let next = next.expect("a message");
            if !next.is_ping() && !next.is_pong() {
                return next;
            }
        }
    }

    async fn hears(&mut self) -> Value {
        let message = self.next().await;
        let text = message.to_text().expect("text");
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// A frame of the log: its number and text.
    async fn reads(&mut self) -> (u64, String) {
        let frame = self.hears().await;
        let number = frame["number"].as_u64();
        let text = frame["text"].as_str().map(str::to_owned);
        number
            .zip(text)
            .unwrap_or_else(|| panic!("no frame of the log: {frame}"))
    }

    /// Says it and hears that it was taken. Frames of the log that come meanwhile are given back.
    async fn told(&mut self, key: &str, words: &str) -> Vec<(u64, String)> {
        self.says(&json!({ "say": words, "key": key })).await;
        let mut read = Vec::new();
        loop {
            let frame = self.hears().await;
            if frame["taken"] == key {
                return read;
            }
            let number = frame["number"].as_u64().expect("a frame of the log");
            read.push((number, frame["text"].as_str().expect("text").to_owned()));
        }
    }

    async fn closed_with(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(close) = self.next().await {
                let close = close.expect("it says why");
                return (close.code.into(), close.reason.to_string());
            }
        }
    }
}

fn refused_with(opened: Result<Page, Error>) -> u16 {
    match opened {
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was let in"),
    }
}

fn said(number: u64, text: &str) -> (u64, String) {
    (number, text.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plugin_decides_before_the_upgrade_who_is_let_in() {
    let web = Web::start().await;
    let stranger = web.connect(&[("origin", "https://evil.example.com")]).await;
    assert_eq!(refused_with(stranger), 403);
    let wire = TcpStream::connect(web.address).await.expect("it listens");
    let nobody = web.upgrade(wire, "/channels/other/socket", &[]).await;
    assert_eq!(refused_with(nobody), 404);
    let headers = [
        ("origin", SHOP),
        ("sec-websocket-protocol", "echo.1, echo.2"),
    ];
    let page = web.connect(&headers).await.expect("it is let in");
    assert_eq!(page.protocol.as_deref(), Some("echo.1"));
    std::fs::remove_file(web.folder.path().join("plugins/socket-echo.wasm")).expect("removed");
    web.host.engine().settled().await;
    let away = web.connect(&[("origin", SHOP)]).await;
    assert_eq!(refused_with(away), 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_reads_from_its_number_on_also_after_a_restart() {
    let web = Web::start().await;
    let mut page = web.page("anna", 0).await;
    let mut read = page.told("m1", "one").await;
    while read.len() < 2 {
        read.push(page.reads().await);
    }
    assert_eq!(read, [said(1, WELCOME), said(2, "1: one")]);
    // A second page of hers, while the first is away.
    drop(page);
    let mut other = web.page("anna", 2).await;
    let mut read = other.told("m2", "two").await;
    if read.is_empty() {
        read.push(other.reads().await);
    }
    assert_eq!(read, [said(3, "2: two")]);

    let (web, close) = tokio::join!(web.restart(), other.closed_with());
    assert_eq!(close.0, 1012);
    let mut page = web.page("anna", 2).await;
    assert_eq!(page.reads().await, said(3, "2: two"));
    // What was taken before is known after.
    assert_eq!(page.told("m2", "two").await, []);
    page.told("m3", "three").await;
    assert_eq!(page.reads().await, said(4, "3: three"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_is_too_long_or_makes_no_sense_closes_the_socket() {
    let web = Web::start().await;
    let mut page = web.page("anna", 0).await;
    page.sends(Message::text("x".repeat(1001))).await;
    assert_eq!(page.closed_with().await.0, 1009);
    let mut page = web.page("anna", 0).await;
    page.sends(Message::text("x".repeat(1000))).await;
    assert_eq!(page.closed_with().await.0, 4400);
    let mut page = web.page("anna", 0).await;
    page.says(&json!({ "close": 429 })).await;
    assert_eq!(page.hears().await, json!({ "bye": 429 }));
    let wish = (4429, "as you wish".to_owned());
    assert_eq!(page.closed_with().await, wish);
    let mut page = web.page("anna", 0).await;
    page.says(&json!({ "trap": true })).await;
    assert_eq!(page.closed_with().await.0, 1013);
    until("the sockets are gone", || web.status().sockets == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_is_cut_off_and_the_others_go_on() {
    let web = Web::start().await;
    let wire = TcpSocket::new_v4().expect("a socket");
    wire.set_recv_buffer_size(4096).expect("a small buffer");
    let wire = wire.connect(web.address).await.expect("it listens");
    let slow = web.upgrade(wire, "/channels/web/socket", &[("origin", SHOP)]);
    let mut slow = slow.await.expect("it is let in");
    slow.says(&json!({ "hello": "anna", "after": 0 })).await;
    let mut page = web.page("anna", 0).await;
    let mut last = page.told("m0", "hello").await.len();
    // More than the system's own buffers take.
    for number in 1..=16 {
        let read = page.told(&format!("m{number}"), "large 900000").await;
        last += read.len();
        while last < number + 2 {
            page.reads().await;
            last += 1;
        }
    }
    until("the slow one is cut off", || web.status().sockets == 1).await;
    page.told("last", "bye").await;
    drop(slow);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_uploaded_from_a_page_of_another_origin() {
    let web = Web::start().await;
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let mut page = web.page("anna", 0).await;
    let file = json!({ "slot": "m1", "name": "a.txt", "type": "text/plain", "size": 5 });
    page.says(&json!({ "file": file })).await;
    let told = page.hears().await["upload"].clone();
    assert_eq!(
        (&told["slot"], &told["method"]),
        (&json!("m1"), &json!("PUT"))
    );
    assert_eq!(told["headers"], json!({ "content-type": "text/plain" }));
    let url = told["url"].as_str().expect("a URL");
    assert!(url.starts_with(&web.url("/media/")), "{url}");

    let asked = http.request(Method::OPTIONS, url).header("origin", SHOP);
    let asked = asked.send().await.expect("an answer");
    assert_eq!(asked.status(), StatusCode::NO_CONTENT);
    assert_eq!(asked.headers()["access-control-allow-origin"], "*");
    let methods = asked.headers()["access-control-allow-methods"].to_str();
    assert!(methods.expect("text").contains("PUT"));

    let put = async |bytes: &'static str| {
        let put = http.put(url).header("content-type", "text/plain");
        put.body(bytes).send().await.expect("an answer")
    };
    assert_eq!(put("hell").await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(put("hello!").await.status(), StatusCode::BAD_REQUEST);
    let put_once = put("hello").await;
    assert_eq!(put_once.status(), StatusCode::NO_CONTENT);
    assert_eq!(put_once.headers()["access-control-allow-origin"], "*");
    assert_eq!(put("hello").await.status(), StatusCode::NO_CONTENT);
    until("the agent has it", || web.status().delivered_files == 1).await;
    assert_eq!(page.reads().await, said(1, WELCOME));
    assert_eq!(page.reads().await, said(2, "1: something that is no text"));
    let unknown = http.put(web.url("/media/nonsense")).body("hello").send();
    assert_eq!(
        unknown.await.expect("an answer").status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_are_counted_and_other_calls_are_webhooks() {
    let web = Web::start().await;
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let _page = web.page("anna", 0).await;
    let metrics = http
        .get(web.url("/metrics"))
        .send()
        .await
        .expect("an answer");
    let metrics = metrics.text().await.expect("text");
    assert!(
        metrics.contains("\ntrunkline_sockets_open 1\n"),
        "{metrics}"
    );
    let call = http.get(web.url("/channels/web/socket")).send().await;
    // The plugin knows no webhooks.
    let refused = StatusCode::METHOD_NOT_ALLOWED;
    assert_eq!(call.expect("an answer").status(), refused);
}
