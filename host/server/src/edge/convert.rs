//! From HTTP to flow's words and back.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use trunkline_flow::ports::{Answer, Request};

/// A call as a plugin sees it: its URL is what the provider was told, whatever proxies made of it.
pub(super) fn request(
    public_url: &str,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Request {
    let query = uri.query().unwrap_or_default();
    let mut url = format!("{public_url}{}", uri.path());
    if uri.query().is_some() {
        url = format!("{url}?{query}");
    }
    Request {
        method: method.as_str().to_owned(),
        url,
        path: behind_the_name(uri.path()).to_owned(),
        query: query.to_owned(),
        headers: headers.iter().map(header).collect(),
        body: body.to_vec(),
    }
}

/// What stands behind `/channels/NAME` or `/bots/NAME`: empty or with its slash, as it was sent.
fn behind_the_name(path: &str) -> &str {
    let slash = path.match_indices('/').nth(2);
    slash.map_or("", |(at, _)| &path[at..])
}

/// Bytes above 0x7f are Latin-1, as the contract says: none is lost, and a signature over them can be checked.
fn header((name, value): (&HeaderName, &HeaderValue)) -> (String, String) {
    let value = value.as_bytes().iter().copied().map(char::from);
    (name.as_str().to_owned(), value.collect())
}

/// An answer as HTTP. A header that HTTP cannot carry is left out.
pub(super) fn response(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    // A body of bytes would name itself a download; the plugin says what it is.
    response.headers_mut().clear();
    for (name, value) in answer.headers {
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), Ok(value)) => {
                response.headers_mut().append(name, value);
            }
            _ => tracing::warn!(
                name,
                "a plugin's answer has a header that HTTP cannot carry"
            ),
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_the_public_one_with_the_query_as_it_was_sent() {
        let uri: Uri = "/channels/acme-sms/status?a=%2B1&b".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("evil.example"));
        let method = Method::POST;
        let request = request(
            "https://chat.example.com",
            &method,
            &uri,
            &headers,
            &Bytes::new(),
        );
        assert_eq!(
            request.url,
            "https://chat.example.com/channels/acme-sms/status?a=%2B1&b"
        );
        assert_eq!(
            (request.path.as_str(), request.query.as_str()),
            ("/status", "a=%2B1&b")
        );
    }

    #[test]
    fn bytes_of_a_header_are_latin_1() {
        let value = HeaderValue::from_bytes(b"caf\xe9 \xc3\xa9").unwrap();
        let (_, text) = header((&HeaderName::from_static("x-name"), &value));
        assert_eq!(text, "caf\u{e9} \u{c3}\u{a9}");
    }

    #[test]
    fn nothing_stands_behind_a_bare_name() {
        assert_eq!(behind_the_name("/channels/acme-sms"), "");
        assert_eq!(behind_the_name("/channels/acme-sms/"), "/");
    }
}
