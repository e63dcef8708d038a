//! Asking the running host: its admin API, with the admin token.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde::de::DeserializeOwned;

use super::Failure;
use crate::config::{self, Contact, Secret};
use crate::report::Problem;
use crate::running::{self, Running};
use crate::token;

/// How long the host may take; a refresh of lights asks every ECE.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// The running host.
#[derive(Debug)]
pub(super) struct Host {
    base: String,
    token: Secret,
    http: reqwest::Client,
}

impl Host {
    /// Of this configuration file. Only `[server]` and `[store]` are read: secrets of integrations and
    /// channels need not be known here. What the host said when it started goes before what the file says
    /// now.
    pub(super) fn find(config: &Path) -> Result<Self, Failure> {
        let contact = config::contact(config).map_err(Failure::usage)?;
        let (address, token) = match running::read(&contact.store) {
            Some(running) => (running.address, token_of(&running, contact)?),
            None => (contact.listen, token_in_file(contact)?),
        };
        // The host is on this machine: no proxy is asked on the way.
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(ANSWER_TIMEOUT)
            .build();
        Ok(Self {
            base: format!("http://{}/api/v1", reachable(address)),
            token,
            http: http.map_err(Failure::problem)?,
        })
    }

    /// A document.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, Failure> {
        self.ask(Method::GET, path, query).await
    }

    /// A file.
    pub(super) async fn bytes(&self, path: &[&str]) -> Result<Vec<u8>, Failure> {
        let body = self.answered(Method::GET, path, &[]).await?;
        Ok(body.into())
    }

    /// Something set, and a document about it.
    pub(super) async fn put<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, Failure> {
        self.ask(Method::PUT, path, query).await
    }

    /// Something done, and a document about it.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Failure> {
        self.ask(Method::POST, path, &[]).await
    }

    /// Something taken away, and a document about it.
    pub(super) async fn delete<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, Failure> {
        self.ask(Method::DELETE, path, query).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, Failure> {
        let body = self.answered(method, path, query).await?;
        serde_json::from_slice(&body).map_err(|error| {
            Failure::Problem(format!(
                "the host's answer cannot be read: {error}; is it another version?"
            ))
        })
    }

    async fn answered(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<bytes::Bytes, Failure> {
        let mut url = url::Url::parse(&self.base).map_err(Failure::problem)?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        let request = self.http.request(method, url).query(query);
        let answer = request
            .bearer_auth(self.token.reveal())
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(Failure::problem)?;
        if status.is_success() {
            return Ok(body);
        }
        let text = serde_json::from_slice::<Problem>(&body).map_or_else(
            |_| format!("the host answers {status}"),
            |problem| problem.error,
        );
        Err(Failure::Problem(text))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let hint = if error.is_connect() {
            "is `trunkline serve` running with this configuration?"
        } else {
            "look at the host's log"
        };
        Failure::Problem(format!(
            "the host at {} does not answer: {hint} ({error})",
            self.base
        ))
    }
}

fn token_of(running: &Running, contact: Contact) -> Result<Secret, Failure> {
    if let Some(path) = &running.token_file {
        return read_token(path);
    }
    match (contact.admin_token, contact.wrong) {
        (Some(token), _) => Ok(token),
        (None, Some(wrong)) => Err(Failure::usage(wrong)),
        (None, None) => Err(Failure::Usage(
            "the running host has an admin token that this file does not say any more".to_owned(),
        )),
    }
}

fn token_in_file(contact: Contact) -> Result<Secret, Failure> {
    match (contact.wrong, contact.admin_token) {
        (Some(wrong), _) => Err(Failure::usage(wrong)),
        (None, Some(token)) => Ok(token),
        (None, None) => read_token(&token::token_file(&contact.store)),
    }
}

fn read_token(path: &Path) -> Result<Secret, Failure> {
    token::read(path).map_err(|error| {
        Failure::Problem(format!(
            "the admin token cannot be read from {}: {error}; the host makes it when it first starts",
            path.display()
        ))
    })
}

/// Where somebody who listens everywhere is found from here.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listen.port())
}
