//! Where a customer's file is: the media id of a webhook works for 7 days, the URL it leads to for 5 minutes. So the URL
//! is asked for anew each time, and the token goes to Meta's hosts alone.

use trunkline_plugin::SendError;
use trunkline_plugin::channel::Download;
use trunkline_plugin::http::Request;

use crate::api::{self, ApiError};
use crate::settings::{ACCESS_TOKEN, Settings};
use crate::wire::MediaPlace;

/// WhatsApp's own limit for what customers send.
const BYTES_MAX: u64 = 100 * 1024 * 1024;

/// Hosts that hold files, and everything below them.
const FILE_HOSTS: [&str; 3] = ["fbsbx.com", "fbcdn.net", "whatsapp.net"];

/// No such object, at the media id: it is older than 7 days, or another number's.
const GONE: [u32; 2] = [33, 100];

/// The request that fetches it.
pub(crate) fn open(settings: &Settings, media_id: &str) -> Result<Download, SendError> {
    if !is_media_id(media_id) {
        return Err(refused("this is no media id of WhatsApp's"));
    }
    let request = Request::get(settings.node_url(media_id))
        .query([("phone_number_id", settings.phone_number_id.as_str())]);
    let place: MediaPlace = api::get(request)
        .map_err(gone)?
        .json()
        .map_err(|_| refused("WhatsApp did not say where the file is"))?;
    let size: Option<u64> = place.file_size.and_then(|size| size.parse().ok());
    if size.is_some_and(|size| size > BYTES_MAX) {
        return Err(refused("the file is larger than WhatsApp's 100 MB"));
    }
    if !is_metas(settings, &place.url) {
        return Err(refused("the file is not on one of Meta's hosts"));
    }
    Ok(Download {
        request: Request::get(place.url).bearer(ACCESS_TOKEN),
        decrypt: None,
    })
}

/// It becomes part of a URL.
fn is_media_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.bytes().all(plain)
}

fn refused(why: &str) -> SendError {
    SendError::Refused(why.to_owned())
}

/// At a media id some codes speak of the file, not of our number.
fn gone(error: ApiError) -> SendError {
    match error.code() {
        Some(code) if GONE.contains(&code) => {
            refused("WhatsApp no longer has the file: it keeps them 7 days")
        }
        _ => error.into(),
    }
}

fn is_metas(settings: &Settings, url: &str) -> bool {
    let Some(origin) = origin(url) else {
        return false;
    };
    if self::origin(&settings.api_base).is_some_and(|base| base == origin) {
        return true;
    }
    let Some(host) = origin.strip_prefix("https://") else {
        return false;
    };
    FILE_HOSTS.into_iter().any(|granted| {
        host == granted
            || host
                .strip_suffix(granted)
                .is_some_and(|it| it.ends_with('.'))
    })
}

/// Scheme, host and port in lower case, default ports left out; `None` for what is no plain `http` or `https` URL.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest[..end].to_ascii_lowercase();
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
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
    let host = authority.strip_suffix(default_port).unwrap_or(&authority);
    Some(format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            phone_number_id: "1".to_owned(),
            api_version: "v25.0".to_owned(),
            default_template: None,
            typing: false,
            list_button: "Choose".to_owned(),
            api_base: "http://127.0.0.1:9000".to_owned(),
        }
    }

    #[test]
    fn the_token_goes_to_metas_hosts_alone() {
        for url in [
            "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
            "https://LOOKASIDE.fbsbx.com:443/x",
            "https://mmg.whatsapp.net/x",
            "https://scontent.xx.fbcdn.net/x",
            "http://127.0.0.1:9000/file",
        ] {
            assert!(is_metas(&settings(), url), "{url}");
        }
        for url in [
            "http://lookaside.fbsbx.com/x",
            "https://evilfbsbx.com/x",
            "https://lookaside.fbsbx.com.evil.example/x",
            "https://lookaside.fbsbx.com@evil.example/x",
            "https://evil.example\\@lookaside.fbsbx.com/x",
            "https://lookaside.fbsbx.com:8443/x",
            "http://127.0.0.1:9001/file",
            "ftp://lookaside.fbsbx.com/x",
            "",
        ] {
            assert!(!is_metas(&settings(), url), "{url}");
        }
    }
}
