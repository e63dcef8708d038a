//! Is this request from the gateway? An HMAC of the body, or a token that both know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use trunkline_plugin::secrets::{self, Encoding, Hash, SecretError};
use trunkline_plugin::{InboundRequest, Rejection};

use super::INBOUND_SECRET;
use super::place::Content;
use super::profile::Profile;
use crate::hex;

/// Refuses what neither of the configured ways vouches for; with both configured, both must.
pub(super) fn verify(
    profile: &Profile,
    request: &InboundRequest,
    content: &Content<'_>,
) -> Result<(), Rejection> {
    let whole: &Value = content.json();
    if let Some(place) = &profile.token {
        let token = content.get(place, whole);
        let token =
            token.ok_or_else(|| unauthentic("there is no token where inbound_fields says"))?;
        let token = token.strip_prefix("Bearer ").unwrap_or(&token);
        if !secrets::matches(INBOUND_SECRET, token).map_err(secret_error)? {
            return Err(unauthentic("the token is not inbound_secret"));
        }
    }
    if let Some(place) = &profile.signature {
        let mac = content.get(place, whole);
        let mac =
            mac.ok_or_else(|| unauthentic("there is no signature where inbound_fields says"))?;
        signed(request, &mac)?;
    }
    Ok(())
}

/// HMAC of the body with the hash that has this length; in hex or base64, perhaps
/// with the hash's name before it.
fn signed(request: &InboundRequest, written: &str) -> Result<(), Rejection> {
    let written = written.split_once('=').map_or(written, |(before, after)| {
        if before.starts_with("sha") {
            after
        } else {
            written
        }
    });
    let mac = hex::from_hex(written)
        .or_else(|| STANDARD.decode(written).ok())
        .ok_or_else(|| unauthentic("the signature is neither hexadecimal nor base64"))?;
    let hash = match mac.len() {
        20 => Hash::Sha1,
        32 => Hash::Sha256,
        64 => Hash::Sha512,
        _ => {
            return Err(unauthentic(
                "the signature is no HMAC of SHA-1, SHA-256 or SHA-512",
            ));
        }
    };
    let data = &request.body;
    if data.is_empty() {
        return Err(unauthentic(
            "a signature of a body that is empty vouches for nothing: use a token",
        ));
    }
    let good = secrets::verify(INBOUND_SECRET, Encoding::Text, hash, data, &mac);
    match good.map_err(secret_error)? {
        true => Ok(()),
        false => Err(unauthentic("the signature does not fit inbound_secret")),
    }
}

fn unauthentic(why: &str) -> Rejection {
    Rejection::Unauthentic(why.to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn secret_error(error: SecretError) -> Rejection {
    Rejection::Unauthentic(error.to_string())
}
