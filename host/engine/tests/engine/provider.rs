//! A provider on a local port: it keeps what it got and answers as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// One request it got.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What it answers: status, headers, body.
pub(crate) type Answering =
    Arc<dyn Fn(&Got) -> (StatusCode, Vec<(String, String)>, String) + Send + Sync>;

/// The provider.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
    answering: Answering,
}

impl Provider {
    /// One that answers 200 to everything.
    pub(crate) async fn start() -> Self {
        Self::answering(Arc::new(|_| (StatusCode::OK, Vec::new(), "{}".to_owned()))).await
    }

    pub(crate) async fn answering(answering: Answering) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            address: listener.local_addr().unwrap(),
            got: Arc::default(),
            answering,
        };
        let app = Router::new().fallback(answer).with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        provider
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn answer(
    State(provider): State<Provider>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let got = Got {
        line: format!("{method} {uri}"),
        headers,
        body,
    };
    let (status, headers, body) = (provider.answering)(&got);
    provider.got.lock().unwrap().push(got);
    let mut response = (status, body).into_response();
    for (name, value) in headers {
        let name: axum::http::HeaderName = name.parse().unwrap();
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// A provider that reads the request and hangs up.
pub(crate) async fn hanging_up() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = [0; 4096];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}
