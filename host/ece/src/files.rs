//! Files agents offer, and files bots name.
//!
//! A fetch names no conversation, yet ECE may want an agent's file accepted in its conversation
//! before it serves it. So the conversation rides in the fragment of the file's address, which no
//! HTTP client sends: [`with_session`] puts it there when the offer is read, [`without_session`]
//! takes it off before ECE sees the address again.
//!
//! A token of ours goes to ECE's own host alone, and is dropped at a redirect that leaves it.

use std::sync::Arc;

use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Client, Response};
use tokio::sync::Mutex;
use trunkline_core::event::RemoteFile;
use trunkline_core::id::EceSession;
use trunkline_flow::ports::{Download, EceError, StreamError};
use url::Url;

use crate::connection::{Credential, Reply, TransportError, causes};
use crate::integration::Integration;
use crate::send::answer_body;
use crate::unknowns::{AcceptBeforeFetch, Operation};

const SESSION_MARK: &str = "ece-conversation=";
const REDIRECTS_MAX: usize = 5;

/// An address that remembers which conversation its file was offered in.
pub(crate) fn with_session(url: &Url, session: &EceSession) -> String {
    let mut url = url.clone();
    url.set_fragment(Some(&format!("{SESSION_MARK}{session}")));
    url.into()
}

/// The address as ECE wrote it.
pub(crate) fn without_session(url: &str) -> &str {
    match url.split_once('#') {
        Some((address, fragment)) if fragment.starts_with(SESSION_MARK) => address,
        _ => url,
    }
}

fn session_in(url: &str) -> Option<EceSession> {
    let (_, fragment) = url.split_once('#')?;
    fragment.strip_prefix(SESSION_MARK).map(EceSession::from)
}

impl Integration {
    /// See [`trunkline_flow::ports::Ece::download`], for a file that an agent offers.
    pub(crate) async fn download(&self, file: &RemoteFile) -> Result<Download, EceError> {
        let url = address(without_session(&file.url))?;
        let accept = self.config.unknowns.accept_before_fetch;
        let session = session_in(&file.url);
        if let (AcceptBeforeFetch::Always, Some(session)) = (accept, &session) {
            self.accept(session, file).await?;
        }
        match (self.fetch(&url).await, accept, &session) {
            (
                Err(refused @ (EceError::Refused(_) | EceError::Gone(_))),
                AcceptBeforeFetch::WhenRefused,
                Some(session),
            ) => {
                // When ECE does not take the acceptance either, its first word counts.
                self.accept(session, file).await.map_err(|_| refused)?;
                self.fetch(&url).await
            }
            (outcome, _, _) => outcome,
        }
    }

    /// Repeating it does no harm, so an unclear outcome is as good as none.
    async fn accept(&self, session: &EceSession, file: &RemoteFile) -> Result<(), EceError> {
        let accepted = self
            .post_message(&answer_body(session, "acceptAttachment", file))
            .await;
        accepted.map_err(crate::configuration::safe)
    }

    async fn fetch(&self, url: &Url) -> Result<Download, EceError> {
        let mut url = url.clone();
        for _ in 0..REDIRECTS_MAX {
            let response = self.fetch_once(&url).await?;
            if !response.status().is_redirection() {
                return self.finished(response).await;
            }
            url = redirected(&url, response.headers())?;
        }
        Err(too_many_redirects())
    }

    async fn fetch_once(&self, url: &Url) -> Result<Response, EceError> {
        if url.origin() != self.compiled.base.origin() {
            return self
                .connection
                .fetch(url, &Credential::None)
                .await
                .map_err(|error| safe(&error));
        }
        let credential = self.login.credential(&self.connection).await?;
        let response = self
            .connection
            .fetch(url, &credential)
            .await
            .map_err(|error| safe(&error))?;
        if response.status().as_u16() != 401 {
            return Ok(response);
        }
        let renewed = self.login.instead_of(&credential, &self.connection).await?;
        self.connection
            .fetch(url, &renewed)
            .await
            .map_err(|error| safe(&error))
    }

    async fn finished(&self, response: Response) -> Result<Download, EceError> {
        if response.status().is_success() {
            return Ok(download(response));
        }
        let reply = reply(response).await;
        // A file is fetched by its own address: that it is not there says nothing of our settings.
        Err(match self.refused(Operation::File, &reply) {
            error @ (EceError::Unreachable(_) | EceError::Throttled { .. }) => error,
            EceError::Unknown(text) => EceError::Unreachable(text),
            EceError::Credentials(text) | EceError::Gone(text) | EceError::Refused(text) => {
                EceError::Refused(text)
            }
        })
    }
}

/// Fetches a file that a bot named, through a client that reaches public addresses only.
///
/// # Errors
/// `Refused` when the address is none of a public host or does not serve the file; `Unreachable` when
/// another attempt may help.
pub(crate) async fn download_public(
    client: &Client,
    file: &RemoteFile,
    private: bool,
) -> Result<Download, EceError> {
    let mut url = address(&file.url)?;
    for _ in 0..REDIRECTS_MAX {
        if !private && !crate::public_address::allows(&url) {
            return Err(EceError::Refused(format!(
                "the bot names a file on {}, which is no public address",
                url.host_str().unwrap_or_default()
            )));
        }
        let response = client.get(url.clone()).send().await;
        let response = response.map_err(|error| EceError::Unreachable(causes(&error)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(download(response));
        }
        if status.is_server_error() || status.as_u16() == 429 {
            return Err(EceError::Unreachable(format!(
                "the file's server answers HTTP {}",
                status.as_u16()
            )));
        }
        if !status.is_redirection() {
            return Err(EceError::Refused(format!(
                "the file's server answers HTTP {}",
                status.as_u16()
            )));
        }
        url = redirected(&url, response.headers())?;
    }
    Err(too_many_redirects())
}

/// Nothing was changed by fetching, so another attempt does no harm.
fn safe(error: &TransportError) -> EceError {
    EceError::Unreachable(error.to_string())
}

fn address(text: &str) -> Result<Url, EceError> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| EceError::Refused("the file's address is no http address".to_owned()))
}

fn redirected(from: &Url, headers: &HeaderMap) -> Result<Url, EceError> {
    let location = headers
        .get(LOCATION)
        .and_then(|location| location.to_str().ok());
    let next = location.and_then(|location| from.join(location).ok());
    let next = next.filter(|url| matches!(url.scheme(), "http" | "https"));
    next.ok_or_else(|| EceError::Refused("the file's server redirects to no address".to_owned()))
}

fn too_many_redirects() -> EceError {
    EceError::Refused(format!(
        "the file's server redirects more than {REDIRECTS_MAX} times"
    ))
}

async fn reply(mut response: Response) -> Reply {
    let (status, headers) = (response.status(), response.headers().clone());
    // The beginning says enough; a refusal that breaks off is a refusal all the same.
    let body = response.chunk().await.ok().flatten().unwrap_or_default();
    Reply {
        status,
        headers,
        body: body.to_vec(),
    }
}

fn download(response: Response) -> Download {
    let headers = response.headers();
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let name = text(CONTENT_DISPOSITION).and_then(|value| disposition_name(&value));
    let content_type = text(CONTENT_TYPE);
    let size = response.content_length();
    let response = Arc::new(Mutex::new(response));
    let next = move || {
        let response = Arc::clone(&response);
        let next: trunkline_flow::ports::BoxFuture<'static, _> = Box::pin(async move {
            let piece = response.lock().await.chunk().await;
            piece
                .map_err(|error| StreamError(causes(&error)))
                .transpose()
        });
        next
    };
    Download {
        name,
        content_type,
        size,
        next: Box::new(next),
    }
}

/// `filename="…"` of a `Content-Disposition`; a path in it is cut off.
fn disposition_name(value: &str) -> Option<String> {
    let parameters = value.split(';').map(str::trim);
    let name = parameters
        .filter_map(|parameter| parameter.split_once('='))
        .find_map(|(key, value)| {
            key.trim()
                .eq_ignore_ascii_case("filename")
                .then(|| value.trim().trim_matches('"'))
        })?;
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conversation_rides_in_the_fragment_and_gets_off_again() {
        let url = Url::parse("https://ece.example.com/file/7?a=b").unwrap();
        let session = EceSession::from("645ac530-7520");
        let marked = with_session(&url, &session);
        assert_eq!(without_session(&marked), url.as_str());
        assert_eq!(session_in(&marked), Some(session));
        assert_eq!(without_session("https://a.b/c#page"), "https://a.b/c#page");
        assert_eq!(session_in("https://a.b/c#page"), None);
    }

    #[test]
    fn a_name_in_a_header_is_a_name_and_no_path() {
        assert_eq!(
            disposition_name(r#"attachment; filename="a b.pdf""#),
            Some("a b.pdf".to_owned())
        );
        assert_eq!(
            disposition_name("inline;FileName=../../etc/passwd"),
            Some("passwd".to_owned())
        );
        assert_eq!(disposition_name("inline"), None);
    }
}
