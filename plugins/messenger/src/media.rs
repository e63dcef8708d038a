//! Where a file of a customer is. The webhook names a signed URL of Meta's file hosts, which needs no credentials and
//! expires; for an expired one a fresh one is asked for by the message's id. No other host is asked: links that customers
//! share are shown, never fetched.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_plugin::channel::Download;
use trunkline_plugin::http::{self, Request};
use trunkline_plugin::{SendError, clock};

use crate::graph;
use crate::refusal;
use crate::settings::Settings;

/// Meta's file hosts are below these.
const FILE_HOSTS: [&str; 2] = [".fbcdn.net", ".fbsbx.com"];

/// What `open` needs to find the file.
#[derive(Debug, Serialize, Deserialize)]
struct Reference {
    url: String,
    mid: Option<String>,
    /// Which of the message's attachments.
    index: usize,
}

/// Our word for a file.
pub(crate) fn reference(url: &str, mid: Option<&str>, index: usize) -> String {
    let reference = Reference {
        url: url.to_owned(),
        mid: mid.map(str::to_owned),
        index,
    };
    // A struct of texts and a number: it has no way to fail.
    serde_json::to_string(&reference).unwrap_or_default()
}

/// The last segment of the URL's path, if it looks like a file's name. Messenger tells no other.
pub(crate) fn file_name(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next()?;
    let (_, name) = path.split_once("://")?.1.rsplit_once('/')?;
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'%');
    (name.contains('.') && name.bytes().all(plain)).then(|| name.to_owned())
}

/// The request that fetches it.
pub(crate) fn open(settings: &Settings, reference: &str) -> Result<Download, SendError> {
    let reference: Reference = serde_json::from_str(reference).map_err(|_| {
        SendError::Refused("another version of the plugin kept this file".to_owned())
    })?;
    let expired = expires_ms(&reference.url).is_some_and(|at| at <= clock::now());
    let url = match &reference.mid {
        Some(mid) if expired => fresh(settings, mid, reference.index)?,
        Some(_) | None => reference.url,
    };
    if !is_files_host(settings, &url) {
        return Err(SendError::Refused(
            "the file is not on one of Meta's hosts".to_owned(),
        ));
    }
    Ok(Download {
        request: Request::get(url),
        decrypt: None,
    })
}

/// `oe` holds it as hex, in seconds.
fn expires_ms(url: &str) -> Option<u64> {
    let (_, query) = url.split_once('?')?;
    let oe = query.split('&').find_map(|pair| pair.strip_prefix("oe="))?;
    let seconds = u64::from_str_radix(oe, 16).ok()?;
    seconds.checked_mul(1_000)
}

/// A new URL of the same file.
fn fresh(settings: &Settings, mid: &str, index: usize) -> Result<String, SendError> {
    let request = graph::get(settings, &graph::segment(mid)).query([("fields", "attachments")]);
    let answer = http::fetch(&request.safe())?;
    if !answer.is_success() {
        return Err(refusal::of_question(&answer));
    }
    let message: Value = answer
        .json()
        .map_err(|error| SendError::Refused(format!("no file: {error}")))?;
    let file = &message["attachments"]["data"][index];
    let places = [
        &file["image_data"]["url"],
        &file["video_data"]["url"],
        &file["file_url"],
    ];
    let url = places.into_iter().find_map(Value::as_str);
    url.map(str::to_owned)
        .ok_or_else(|| SendError::Refused("the link to the file has expired".to_owned()))
}

fn is_files_host(settings: &Settings, url: &str) -> bool {
    let Some(origin) = origin(url) else {
        return false;
    };
    let host = origin.strip_prefix("https://").unwrap_or_default();
    FILE_HOSTS.iter().any(|suffix| host.ends_with(suffix))
        // A stand-in serves its files itself.
        || self::origin(&settings.api_base).is_some_and(|base| base == origin)
}

/// Scheme, host and port in lower case, default ports left out; `None` for what is no plain `http` or `https` URL.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest[..end].to_ascii_lowercase();
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']' | b'_')
    };
    // A user name or a backslash would let another host pass for this one.
    if authority.is_empty()
        || !authority.bytes().all(plain)
        || url.contains(['\\', '\t', '\n', '\r'])
    {
        return None;
    }
    let default_port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
    Some(format!("{scheme}://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            page_id: "900".to_owned(),
            api_version: "v25.0".to_owned(),
            api_base: "http://127.0.0.1:9000".to_owned(),
        }
    }

    #[test]
    fn files_are_fetched_from_meta_and_from_where_the_api_is() {
        for url in [
            "https://scontent-ams4-1.xx.fbcdn.net/v/a.jpg?oe=6A",
            "https://CDN.FBSBX.com:443/a",
            "http://127.0.0.1:9000/_cdn/1",
        ] {
            assert!(is_files_host(&settings(), url), "{url}");
        }
        for url in [
            "http://scontent.xx.fbcdn.net/a.jpg",
            "https://fbcdn.net/a",
            "https://evilfbcdn.net/a",
            "https://scontent.fbcdn.net@evil.example/a",
            "https://evil.example\\.fbcdn.net/a",
            "https://scontent.fbcdn.net.evil.example/a",
            "https://scontent.fbcdn.net:8443/a",
            "http://127.0.0.1:9001/_cdn/1",
            "/relative",
            "",
        ] {
            assert!(!is_files_host(&settings(), url), "{url}");
        }
    }

    #[test]
    fn an_expiry_is_hex_seconds() {
        assert_eq!(
            expires_ms("https://a/b.jpg?x=1&oe=6B03B2C0&_nc=2"),
            Some(0x6b03_b2c0 * 1_000)
        );
        assert_eq!(expires_ms("https://a/b.jpg?noe=6B"), None);
        assert_eq!(expires_ms("https://a/b.jpg?oe=zz"), None);
    }

    #[test]
    fn a_name_is_what_ends_the_path() {
        assert_eq!(
            file_name("https://cdn.fbsbx.com/v/t59/bill%20.pdf?oe=1").as_deref(),
            Some("bill%20.pdf")
        );
        for url in [
            "https://cdn.fbsbx.com/v/",
            "https://cdn.fbsbx.com",
            "x",
            "https://h/a\"b.c",
        ] {
            assert_eq!(file_name(url), None, "{url}");
        }
    }
}
