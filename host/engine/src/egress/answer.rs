//! Reading answers: whole up to a limit, or as a stream.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap};
use tokio::sync::Mutex;
use trunkline_flow::ports::{BoxFuture, Download, StreamError};

use super::body::{Aes256Ctr, cipher, ciphered};
use super::patience::{Pulse, silent};
use crate::request::{AesCtr, FetchError, FetchResponse, ResponseBody};

/// What a plugin may get as an answer: it passes through the guest's memory on every replay.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// The whole answer.
///
/// # Errors
/// It is larger than 1 MiB, or breaks off.
pub(super) async fn read(
    mut response: Response,
    pulse: &Pulse,
) -> Result<FetchResponse, FetchError> {
    let status = response.status().as_u16();
    let headers = headers(response.headers());
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).unwrap_or(usize::MAX) > ANSWER_BYTES_MAX {
        return Err(FetchError::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| broken(&error))? {
        pulse.read();
        if body.len() + piece.len() > ANSWER_BYTES_MAX {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(FetchResponse {
        status,
        headers,
        body: match String::from_utf8(body) {
            Ok(text) => ResponseBody::Text(text),
            Err(error) => ResponseBody::Bytes(error.into_bytes()),
        },
    })
}

fn broken(error: &reqwest::Error) -> FetchError {
    FetchError::Unknown(format!("the answer broke off: {}", super::deepest(error)))
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let text = value.as_bytes().iter().map(|byte| char::from(*byte));
            (name.as_str().to_owned(), text.collect())
        })
        .collect()
}

/// The answer's bytes as they come, decrypted on the way. It breaks off after a silence.
pub(super) fn stream(response: Response, decrypt: Option<&AesCtr>, silence: Duration) -> Download {
    let text = |name| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let name = text(CONTENT_DISPOSITION).and_then(|value| file_name(&value));
    let content_type = text(CONTENT_TYPE);
    let size = response.content_length();
    // Checked before the request left.
    let cipher = decrypt.and_then(|decrypt| cipher(decrypt).ok());
    let source = Arc::new(Mutex::new((response, cipher)));
    Download {
        name,
        content_type,
        size,
        next: Box::new(move || piece(source.clone(), silence)),
    }
}

type Source = Arc<Mutex<(Response, Option<Aes256Ctr>)>>;

fn piece(
    source: Source,
    silence: Duration,
) -> BoxFuture<'static, Option<Result<bytes::Bytes, StreamError>>> {
    Box::pin(async move {
        let mut source = source.lock().await;
        let (response, cipher) = &mut *source;
        match tokio::time::timeout(silence, response.chunk()).await {
            Ok(Ok(piece)) => piece.map(|bytes| match cipher {
                Some(cipher) => Ok(ciphered(cipher, &bytes)),
                None => Ok(bytes),
            }),
            Ok(Err(error)) => Some(Err(StreamError(super::deepest(&error)))),
            Err(_) => Some(Err(StreamError(silent(silence)))),
        }
    })
}

/// `attachment; filename="a.jpg"`: the name, without folders.
fn file_name(disposition: &str) -> Option<String> {
    let (_, rest) = disposition.split_once("filename=")?;
    let name = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split(';').next()?,
    };
    let name = name.trim().rsplit(['/', '\\']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_loses_its_folders() {
        let name = |text| file_name(text);
        assert_eq!(
            name("attachment; filename=\"a b.jpg\""),
            Some("a b.jpg".to_owned())
        );
        assert_eq!(
            name("inline; filename=../../etc/passwd"),
            Some("passwd".to_owned())
        );
        assert_eq!(name("inline"), None);
    }
}
