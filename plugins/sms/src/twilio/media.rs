//! Where a file of a customer is. The webhook names a URL; only Twilio's hosts are asked, and only its API gets our
//! credentials.

use trunkline_plugin::SendError;
use trunkline_plugin::channel::Download;
use trunkline_plugin::http::Request;

use super::{API_BASE, AUTH_TOKEN, Account};
use crate::settings::Settings;

/// Hosts that hold files and need no credentials, because their URLs are signed.
const FILE_HOSTS: [&str; 2] = ["https://mms.twiliocdn.com", "https://media.twiliocdn.com"];

/// The request that fetches it.
pub(crate) fn open(settings: &Settings, url: &str) -> Result<Download, SendError> {
    let refuse = || SendError::Refused("the file is not on one of Twilio's hosts".to_owned());
    let origin = origin(url).ok_or_else(refuse)?;
    let account = Account::of(settings)?;
    let is = |other: &str| self::origin(other).is_some_and(|other| other == origin);
    let request = if is(account.api_base) || is(API_BASE) {
        Request::get(url).basic(account.sid, AUTH_TOKEN)
    } else if FILE_HOSTS.into_iter().any(is) {
        Request::get(url)
    } else {
        return Err(refuse());
    };
    Ok(Download {
        request,
        decrypt: None,
    })
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
    Some(format!(
        "{scheme}://{}",
        authority.strip_suffix(default_port).unwrap_or(&authority)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_compared_without_case_and_default_port() {
        assert_eq!(
            origin("HTTPS://API.twilio.com:443/x").as_deref(),
            Some("https://api.twilio.com")
        );
        assert_eq!(
            origin("http://127.0.0.1:9000/x").as_deref(),
            Some("http://127.0.0.1:9000")
        );
    }

    #[test]
    fn what_could_mean_another_host_has_no_origin() {
        for url in [
            "https://api.twilio.com@evil.example/x",
            "https://evil.example\\@api.twilio.com/x",
            "https://api.twilio.com\\.evil.example",
            "ftp://api.twilio.com/x",
            "//api.twilio.com/x",
            "https:///x",
            "",
        ] {
            assert_eq!(origin(url), None, "{url}");
        }
    }
}
