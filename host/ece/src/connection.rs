//! One HTTP exchange with ECE, and whether a failed one may have been taken.
//!
//! In: a [`Call`] and a [`Credential`]. Out: a [`Reply`] of any status, or a [`TransportError`] that
//! says whether the request left. Redirects are not followed: a sign-in page or another host is
//! never what was meant. One client an integration, so connections are reused.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, NoProxy, Proxy, RequestBuilder, Response, StatusCode};
use trunkline_flow::ports::EceError;
use url::Url;

use crate::config::IntegrationConfig;
use crate::tls::{self, Refusals};

/// The header of an agent's login session.
pub(crate) const SESSION_HEADER: &str = "x-egain-session";

/// More than any answer of ECE that means something; the rest of a longer one is not read.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Below the 20 s after which a Tomcat closes an idle connection: a request written to a connection
/// that is just being closed would count as "may have been taken".
const IDLE_CONNECTION: Duration = Duration::from_secs(15);

/// A file may be large; what must not happen is that nothing comes at all.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// A request, without what authorises it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) language: String,
    pub(crate) body: Body,
}

/// What a request carries.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    None,
    Json(String),
    Form(&'static str),
}

/// What authorises a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    None,
    Basic { username: String, password: String },
    Bearer(String),
    Session(String),
}

/// Whatever ECE answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// There is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransportError {
    /// No connection came about: it is certain that ECE has not got the request.
    #[error("{0}")]
    NotSent(String),
    /// The request left.
    #[error("{0}")]
    Unsure(String),
}

impl From<TransportError> for EceError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::NotSent(text) => Self::Unreachable(text),
            TransportError::Unsure(text) => Self::Unknown(text),
        }
    }
}

/// The connections to one ECE.
#[derive(Debug)]
pub(crate) struct Connection {
    client: Client,
    refusals: Refusals,
    answer_timeout: Duration,
}

impl Connection {
    /// # Errors
    /// `ca_file` or `proxy` cannot be used; the text names which.
    pub(crate) fn new(config: &IntegrationConfig) -> Result<Self, String> {
        let refusals = Refusals::default();
        let tls = tls::client_config(config.ca_file.as_deref(), refusals.clone())?;
        let unknowns = &config.unknowns;
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_millis(unknowns.connect_timeout_ms))
            .read_timeout(SILENCE_MAX)
            .pool_idle_timeout(IDLE_CONNECTION)
            .no_proxy();
        if let Some(address) = &config.proxy {
            builder = builder.proxy(proxy(address, &config.no_proxy)?);
        }
        let client = builder
            .build()
            .map_err(|error| format!("the HTTP client cannot be made: {}", causes(&error)))?;
        Ok(Self {
            client,
            refusals,
            answer_timeout: Duration::from_millis(unknowns.answer_timeout_ms),
        })
    }

    /// The last certificate that was refused on a connection of this integration.
    pub(crate) fn refused_certificate(&self) -> Option<tls::RefusedCertificate> {
        self.refusals.last()
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn exchange(
        &self,
        call: &Call,
        credential: &Credential,
    ) -> Result<Reply, TransportError> {
        let request = authorised(self.request(call), credential).timeout(self.answer_timeout);
        let mut response = request
            .send()
            .await
            .map_err(|error| self.failure(&call.url, &error))?;
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(piece)) if body.len() < ANSWER_BYTES_MAX => body.extend_from_slice(&piece),
                Ok(Some(_) | None) => break,
                Err(error) => {
                    return Err(TransportError::Unsure(format!(
                        "the answer broke off: {}",
                        causes(&error)
                    )));
                }
            }
        }
        Ok(Reply {
            status: response.status(),
            headers: response.headers().clone(),
            body,
        })
    }

    /// Begins to fetch a file.
    pub(crate) async fn fetch(
        &self,
        url: &Url,
        credential: &Credential,
    ) -> Result<Response, TransportError> {
        let request = authorised(self.client.get(url.clone()), credential);
        request
            .send()
            .await
            .map_err(|error| self.failure(url, &error))
    }

    fn request(&self, call: &Call) -> RequestBuilder {
        let request = self
            .client
            .request(call.method.clone(), call.url.clone())
            .header(ACCEPT, "application/json")
            .header(ACCEPT_LANGUAGE, header(&call.language));
        match &call.body {
            Body::None => request,
            Body::Json(json) => request
                .header(CONTENT_TYPE, "application/json; charset=utf-8")
                .body(json.clone()),
            Body::Form(form) => request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(*form),
        }
    }

    fn failure(&self, url: &Url, error: &reqwest::Error) -> TransportError {
        let place = url.host_str().unwrap_or_default();
        let text = format!("{place}: {}", causes(error));
        if !(error.is_connect() || error.is_builder()) {
            return TransportError::Unsure(text);
        }
        match self.refused_certificate().and_then(|refused| refused.root) {
            Some(root) if text.contains("certificate") => TransportError::NotSent(format!(
                "{text}; the certificate comes from `{root}`: put that authority's certificate into ca_file"
            )),
            Some(_) | None => TransportError::NotSent(text),
        }
    }
}

fn authorised(request: RequestBuilder, credential: &Credential) -> RequestBuilder {
    match credential {
        Credential::None => request,
        Credential::Basic { username, password } => request.basic_auth(username, Some(password)),
        Credential::Bearer(token) => request.bearer_auth(token),
        Credential::Session(session) => request.header(SESSION_HEADER, header(session)),
    }
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn proxy(address: &str, except: &[String]) -> Result<Proxy, String> {
    let proxy = Proxy::all(address).map_err(|error| {
        format!(
            "proxy `{address}` is no address such as http://proxy:3128: {}",
            causes(&error)
        )
    })?;
    Ok(proxy.no_proxy(NoProxy::from_string(&except.join(","))))
}

/// The error and what caused it, innermost last, without the address (which may hold a password).
pub(crate) fn causes(error: &reqwest::Error) -> String {
    let mut parts = vec![kind(error).to_owned()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if parts.last() != Some(&text) {
            parts.push(text);
        }
        cause = error.source();
    }
    parts.join(": ")
}

fn kind(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "no connection"
    } else if error.is_timeout() {
        "no answer in time"
    } else if error.is_builder() {
        "the request cannot be made"
    } else {
        "the connection broke"
    }
}
