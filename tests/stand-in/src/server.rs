//! A stand-in's HTTP server: start, break, mend, stop.

use std::io;
use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::connection::{BreakableListener, Connection, Outage};

/// A stand-in could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Most likely the port is taken: choose another, or 0 for a free one.
    #[error("listen on 127.0.0.1:{port}")]
    Listen {
        /// As asked for.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The HTTP client for webhooks could not be made.
    #[error("make the client that calls webhooks")]
    Client(#[source] reqwest::Error),
}

/// A port taken on `127.0.0.1`, so that the router can be made knowing its address.
pub struct Listening {
    listener: BreakableListener,
    base_url: String,
    outage: watch::Sender<Outage>,
}

impl Listening {
    /// Takes the port; 0 takes a free one.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn on(port: u16) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen { port, source };
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        let outage = watch::Sender::new(Outage::None);
        let listener = BreakableListener::new(tcp, outage.subscribe()).map_err(failed)?;
        Ok(Self {
            listener,
            base_url: format!("http://{address}"),
            outage,
        })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// By which the stand-in itself, its control API say, breaks and mends the server.
    pub fn outage(&self) -> watch::Sender<Outage> {
        self.outage.clone()
    }

    /// Serves until the server is dropped. Paths under `/_sim/` stay in reach in every outage that keeps the port open.
    /// Handlers may take `ConnectInfo<Connection>`.
    pub fn serve(self, router: Router) -> Server {
        let (stop, stopped) = watch::channel(false);
        let router = router.layer(middleware::from_fn_with_state(
            self.outage.clone(),
            suffer_outage,
        ));
        Server {
            base_url: self.base_url,
            outage: self.outage,
            stop,
            serving: tokio::spawn(serve(router, self.listener, stopped)),
        }
    }
}

/// A running server. Dropping it stops it.
pub struct Server {
    base_url: String,
    outage: watch::Sender<Outage>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Server {
    /// `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Cannot be reached until set back to [`Outage::None`].
    pub fn set_outage(&self, outage: Outage) {
        self.outage.send_replace(outage);
    }

    /// Stops and waits until the port is free. Connections kept alive may linger.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        self.serving.abort();
        // Aborted or ended, the listener is gone.
        let _ = (&mut self.serving).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.set_outage(Outage::Closes);
        self.serving.abort();
    }
}

/// Breaks the connection a request came on, instead of answering it.
pub fn cut(connection: &Connection) -> Response {
    connection.cut();
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

async fn suffer_outage(
    State(outage): State<watch::Sender<Outage>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let outage = *outage.borrow();
    match outage {
        _ if request.uri().path().starts_with("/_sim/") => next.run(request).await,
        Outage::None => next.run(request).await,
        Outage::Unavailable => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Outage::Closes | Outage::Refuses => cut(&connection),
    }
}

async fn serve(router: Router, listener: BreakableListener, mut stopped: watch::Receiver<bool>) {
    let service = router.into_make_service_with_connect_info::<Connection>();
    let stop = async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    // Accept errors are retried inside; this ends on the stop signal only.
    let _ = axum::serve(listener, service)
        .with_graceful_shutdown(stop)
        .await;
}

#[cfg(test)]
mod tests {
    use axum::routing::get;

    use super::*;

    async fn server() -> Server {
        let listening = Listening::on(0).await.expect("a free port");
        listening.serve(
            Router::new()
                .route("/", get(|| async { "here" }))
                .route("/_sim/", get(|| async { "control" })),
        )
    }

    #[tokio::test]
    async fn an_outage_is_what_it_says_and_ends() {
        let server = server().await;
        let client = crate::client().expect("a client");
        let ask = async |path: &str| {
            let url = format!("{}{path}", server.base_url());
            client.get(url).send().await.map(|answer| answer.status())
        };
        assert!(ask("/").await.is_ok_and(|status| status == 200));
        server.set_outage(Outage::Unavailable);
        assert!(ask("/").await.is_ok_and(|status| status == 503));
        server.set_outage(Outage::Closes);
        assert!(ask("/").await.is_err_and(|error| !error.is_connect()));
        assert!(ask("/_sim/").await.is_ok_and(|status| status == 200));
        server.set_outage(Outage::None);
        assert!(ask("/").await.is_ok_and(|status| status == 200));
    }

    #[tokio::test]
    async fn a_stopped_server_gives_its_port_back() {
        let server = server().await;
        let url = server.base_url().to_owned();
        server.stop().await;
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
        assert!(Listening::on(port.expect("a port")).await.is_ok());
    }
}
