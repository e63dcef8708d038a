//! Is this request from Twilio? `X-Twilio-Signature` is base64(HMAC-SHA1(auth token, URL + sorted parameters)).
//!
//! The URL is what the provider called. Twilio is inconsistent about ports, so both spellings are tried. There is no
//! timestamp: an old request played again is dropped by its key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trunkline_plugin::secrets::{self, Encoding, Hash};
use trunkline_plugin::{InboundRequest, Rejection};

use super::AUTH_TOKEN;
use crate::form::Form;
use crate::{hex, sha256};

/// Where the URL has the digest of a body that is no form.
pub(crate) const BODY_DIGEST: &str = "bodySHA256";

/// Refuses what the auth token did not sign. `signed` are the parameters of a form POST; none for a GET, whose
/// parameters are in the URL.
pub(crate) fn verify(request: &InboundRequest, signed: &Form) -> Result<(), Rejection> {
    let unauthentic = |why: &str| Rejection::Unauthentic(why.to_owned());
    let header = request
        .header("x-twilio-signature")
        .ok_or_else(|| unauthentic("there is no X-Twilio-Signature"))?;
    let mac = STANDARD
        .decode(header)
        .map_err(|_| unauthentic("X-Twilio-Signature is no base64"))?;
    let parameters = sorted(signed);
    for url in spellings(&request.url) {
        let data = [url.as_bytes(), &parameters].concat();
        let matches = secrets::verify(AUTH_TOKEN, Encoding::Text, Hash::Sha1, &data, &mac)
            .map_err(|error| Rejection::Unauthentic(error.to_string()))?;
        if matches {
            return Ok(());
        }
    }
    Err(unauthentic(
        "the signature fits neither the auth token nor this URL: compare public_url with the URL in Twilio's console",
    ))
}

/// Refuses a body that is no form unless its digest stands in the URL, which the auth token signed.
pub(crate) fn verify_body(request: &InboundRequest) -> Result<(), Rejection> {
    let query = Form::parse(request.query.as_bytes());
    let digest = query
        .get(BODY_DIGEST)
        .and_then(|digits| hex::from_hex(&digits));
    if digest.as_deref() != Some(&sha256::of(&request.body)[..]) {
        return Err(Rejection::Unauthentic(format!(
            "{BODY_DIGEST} in the URL is not the digest of the body"
        )));
    }
    verify(request, &Form::default())
}

/// Names and values in byte order, equal pairs once, nothing between them.
fn sorted(form: &Form) -> Vec<u8> {
    let mut pairs: Vec<_> = form.0.iter().collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
        .into_iter()
        .flat_map(|(name, value)| [name.as_slice(), value])
        .flatten()
        .copied()
        .collect()
}

/// The URL as it is, and with its port left out or the default one written out.
fn spellings(url: &str) -> Vec<String> {
    let mut spellings = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else {
        return spellings;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let default_port = if scheme == "http" { 80 } else { 443 };
    spellings.push(match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{scheme}://{host}{path}")
        }
        Some(_) | None => format!("{scheme}://{authority}:{default_port}{path}"),
    });
    // Node's helper signs what a browser makes of the query.
    let quoted: Vec<_> = spellings
        .iter()
        .filter(|url| url.contains('\''))
        .map(|url| url.replace('\'', "%27"))
        .collect();
    spellings.extend(quoted);
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_port_are_tried() {
        assert_eq!(
            spellings("https://a/b?c"),
            ["https://a/b?c", "https://a:443/b?c"]
        );
        assert_eq!(spellings("http://a?c"), ["http://a?c", "http://a:80?c"]);
        assert_eq!(
            spellings("https://a:8443/b:1"),
            ["https://a:8443/b:1", "https://a/b:1"]
        );
        assert_eq!(
            spellings("https://[::1]/"),
            ["https://[::1]/", "https://[::1]:443/"]
        );
        assert_eq!(spellings("nonsense"), ["nonsense"]);
        assert_eq!(spellings("http://a?b='")[2], "http://a?b=%27");
    }

    #[test]
    fn parameters_are_sorted_and_equal_pairs_count_once() {
        let form = Form::parse(b"b=2&a=1&b=2&b=1&a=");
        assert_eq!(sorted(&form), b"aa1b1b2");
    }
}
