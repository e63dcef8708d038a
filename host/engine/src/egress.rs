//! The way out: the only place where a plugin's request leaves the host.
//!
//! `prepare` checks and encodes, [`Egress::fetch`] sends, follows redirects and reads the answer,
//! [`Egress::download`] streams it. Private addresses are reached only where the operator granted
//! them; redirects are checked like first requests, and lose their secrets on another host. A request
//! has a fixed time; one with a file lasts as long as bytes move (`patience`).

/// Which addresses are private.
mod address;

/// Checks and encodings before anything leaves.
mod prepare;

/// Bodies that stream: files, multipart, encryption on the way.
mod body;

/// Reading answers, with a limit.
mod answer;

/// How long a request may take.
mod patience;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use reqwest::{Client, Method, Proxy, Response, StatusCode};
use trunkline_flow::ports::Download;
use url::Url;

pub(crate) use address::is_private;
pub(crate) use patience::Patience;
pub(crate) use prepare::{Prepared, Rights, prepare};

pub use body::{Files, FoundFile};

use crate::permit::{HostPattern, Reach};
use crate::request::{AesCtr, FetchError, FetchResponse};
use patience::{Pulse, while_it_moves};
use prepare::{PreparedBody, permitted};

/// Redirects followed for one request.
const REDIRECTS_MAX: usize = 5;

/// What a request gets when the plugin names no time.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// What a plugin may ask for at most.
const TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// A connection that takes longer is no connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Through which proxy requests leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxySettings {
    /// `http://proxy.corp:3128`.
    pub url: String,
    /// Hosts and domains reached without it.
    pub no_proxy: Vec<String>,
}

/// The proxy's address cannot be used, or the system has no certificates.
#[derive(Debug, thiserror::Error)]
#[error("set up requests to the outside")]
pub struct EgressError(#[source] reqwest::Error);

/// The clients that requests leave by.
pub(crate) struct Egress {
    public: Client,
    anywhere: Client,
    files: Arc<dyn Files>,
    patience: Patience,
}

impl Egress {
    /// Two clients: one that sees public addresses alone, and one for hosts the operator granted.
    /// Their connections are never shared.
    ///
    /// # Errors
    /// See [`EgressError`].
    pub(crate) fn new(
        proxy: Option<&ProxySettings>,
        files: Arc<dyn Files>,
        patience: Patience,
    ) -> Result<Self, EgressError> {
        // Another part of the process may have installed it first: the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let exempt = proxy
            .and_then(|proxy| Url::parse(&proxy.url).ok())
            .and_then(|url| url.host_str().map(str::to_owned));
        let public = client(proxy)?.dns_resolver(address::public_only(exempt));
        Ok(Self {
            public: public.build().map_err(EgressError)?,
            anywhere: client(proxy)?.build().map_err(EgressError)?,
            files,
            patience,
        })
    }

    /// Sends, follows redirects, reads the whole answer. `left` bounds it, unless a file goes along:
    /// that takes as long as bytes move, within [`Patience`].
    ///
    /// # Errors
    /// See [`FetchError`].
    pub(crate) async fn fetch(
        &self,
        prepared: Prepared,
        left: Duration,
    ) -> Result<FetchResponse, FetchError> {
        let pulse = Pulse::new();
        let with_file = prepared.carries_file();
        let timeout = timeout(prepared.timeout_ms).min(left);
        let whole = async {
            let response = self.send(prepared, &pulse).await?;
            pulse.read();
            answer::read(response, &pulse).await
        };
        if with_file {
            return while_it_moves(self.patience, &pulse, whole).await;
        }
        match tokio::time::timeout(timeout, whole).await {
            Ok(result) => result,
            Err(_) => {
                let ms = timeout.as_millis();
                Err(FetchError::Unknown(format!("no answer within {ms} ms")))
            }
        }
    }

    /// Sends, and gives the answer's bytes as they come. The plugin's timeout is for the first byte;
    /// between two pieces it is the silence of [`Patience`].
    ///
    /// # Errors
    /// See [`FetchError`]; a status other than 2xx comes back as its response.
    pub(crate) async fn download(
        &self,
        prepared: Prepared,
        decrypt: Option<AesCtr>,
    ) -> Result<Result<Download, StatusCode>, FetchError> {
        if let Some(cipher) = &decrypt {
            prepare::check_cipher(cipher)?;
        }
        let timeout = timeout(prepared.timeout_ms);
        let response = tokio::time::timeout(timeout, self.send(prepared, &Pulse::new()))
            .await
            .map_err(|_| FetchError::Unknown("no answer in time".to_owned()))??;
        if !response.status().is_success() {
            return Ok(Err(response.status()));
        }
        let silence = self.patience.silence;
        Ok(Ok(answer::stream(response, decrypt.as_ref(), silence)))
    }

    /// Asks where a token is given: an address that the operator wrote. Redirects are not followed,
    /// and no body is larger than an answer of a plugin.
    ///
    /// # Errors
    /// See [`FetchError`]; the texts name no address.
    pub(crate) async fn ask_for_token(
        &self,
        url: Url,
        basic: Option<(&str, &str)>,
        form: String,
    ) -> Result<FetchResponse, FetchError> {
        let mut request = self
            .anywhere
            .post(url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(form);
        if let Some((user, password)) = basic {
            request = request.basic_auth(user, Some(password));
        }
        let whole = async {
            let response = request.send().await.map_err(|error| failure(&error))?;
            answer::read(response, &Pulse::new()).await
        };
        match tokio::time::timeout(TIMEOUT_DEFAULT, whole).await {
            Ok(result) => result,
            Err(_) => Err(FetchError::Unknown("no answer in time".to_owned())),
        }
    }

    async fn send(&self, mut prepared: Prepared, pulse: &Pulse) -> Result<Response, FetchError> {
        for _ in 0..REDIRECTS_MAX {
            let response = self.send_once(&prepared, pulse).await?;
            match follow(&prepared, &response) {
                Some(next) => prepared = next,
                None => return Ok(response),
            }
        }
        self.send_once(&prepared, pulse).await
    }

    async fn send_once(&self, prepared: &Prepared, pulse: &Pulse) -> Result<Response, FetchError> {
        let client = match prepared.reach {
            Reach::Public => &self.public,
            Reach::Anywhere => &self.anywhere,
        };
        let mut request = client.request(prepared.method.clone(), prepared.url.clone());
        for header in &prepared.headers {
            request = request.header(header.name.clone(), header.value.clone());
        }
        let request = body::attach(request, prepared, &self.files, pulse).await?;
        request.send().await.map_err(|error| failure(&error))
    }
}

fn client(proxy: Option<&ProxySettings>) -> Result<reqwest::ClientBuilder, EgressError> {
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(Duration::from_secs(30))
        .referer(false)
        .user_agent(concat!("Trunkline/", env!("CARGO_PKG_VERSION")));
    let Some(proxy) = proxy else {
        return Ok(client.no_proxy());
    };
    let except = reqwest::NoProxy::from_string(&proxy.no_proxy.join(","));
    let through = Proxy::all(&proxy.url).map_err(EgressError)?;
    Ok(client.proxy(through.no_proxy(except)))
}

fn timeout(wished_ms: u32) -> Duration {
    if wished_ms == 0 {
        return TIMEOUT_DEFAULT;
    }
    Duration::from_millis(wished_ms.into()).min(TIMEOUT_MAX)
}

/// The request a redirect asks for; none if it is no redirect, or one that must not be followed:
/// then the plugin gets it as the answer.
fn follow(prepared: &Prepared, response: &Response) -> Option<Prepared> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let url = prepared.url.join(location).ok()?;
    let (host, reach) = permitted(&url, &prepared.permit).ok()?;
    let same_host = HostPattern::of_url(&prepared.url).is_some_and(|before| before == host)
        && prepared.url.scheme() == url.scheme();
    let mut next = Prepared {
        url,
        reach,
        ..prepared.clone()
    };
    if !keeps_method(response.status(), &prepared.method)? {
        next.method = Method::GET;
        next.body = PreparedBody::None;
        next.body_has_secret = false;
        next.headers
            .retain(|header| !header.name.as_str().starts_with("content-"));
    }
    if !same_host {
        if next.body_has_secret {
            return None;
        }
        next.headers.retain(|header| !header.secret);
    }
    Some(next)
}

/// Whether the method stays; none if this is no redirect to follow.
fn keeps_method(status: StatusCode, method: &Method) -> Option<bool> {
    let reads = method == Method::GET || method == Method::HEAD;
    match status.as_u16() {
        307 | 308 => Some(true),
        301..=303 => Some(reads),
        _ => None,
    }
}

/// What a failed request means for whoever sent it.
fn failure(error: &reqwest::Error) -> FetchError {
    if let Some(text) = address::private_address(error) {
        return FetchError::Denied(text);
    }
    let text = deepest(error);
    if error.is_builder() {
        FetchError::Denied(text)
    } else if error.is_connect() {
        FetchError::Unreachable(text)
    } else {
        FetchError::Unknown(text)
    }
}

/// The root cause. The outer texts hold the URL, and with it perhaps a secret.
fn deepest(error: &reqwest::Error) -> String {
    let mut next = std::error::Error::source(error);
    let mut deepest = "the request failed".to_owned();
    while let Some(source) = next {
        deepest = source.to_string();
        next = source.source();
    }
    deepest
}
