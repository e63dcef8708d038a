//! The token both sides sign with the API secret: HS256 over the base64-decoded bytes of it.
//!
//! Ours says who we are (`iss`, `iat`), Apple's whom it is for (`aud`, one or several MSP ids, and `iat`). Neither has an
//! end; how old a token Apple takes is not known, so each request gets a fresh one. A token covers no body: an old
//! message played again within the hour is dropped by its key.

use serde::Deserialize;
use serde_json::{Value, json};
use trunkline_plugin::http::Request;
use trunkline_plugin::secrets::{self, Encoding, JwtAlgorithm};
use trunkline_plugin::{InboundRequest, Rejection, SendError, clock};

use crate::settings::{API_SECRET, Settings};

/// How far Apple's clock and ours may be apart, and how long a message may be on its way. Not documented; an hour is
/// what others take.
const AGE_MAX_S: u64 = 3_600;

#[derive(Debug, Deserialize)]
struct Claims {
    aud: Value,
    iat: Value,
    #[serde(default)]
    exp: Option<Value>,
}

/// Refuses what is not signed for us, or not now.
pub(crate) fn verify(settings: &Settings, request: &InboundRequest) -> Result<(), Rejection> {
    let header = request
        .header("authorization")
        .ok_or_else(|| unauthentic("there is no Authorization"))?;
    let token = bearer(header).ok_or_else(|| unauthentic("Authorization is no bearer token"))?;
    let claims = secrets::jwt_verify(API_SECRET, Encoding::Base64, JwtAlgorithm::Hs256, token)
        .map_err(|error| unauthentic(&error.to_string()))?
        .ok_or_else(|| unauthentic("api_secret did not sign the token"))?;
    let claims: Claims = serde_json::from_str(&claims)
        .map_err(|error| unauthentic(&format!("the token's claims: {error}")))?;
    if !is_for(&claims.aud, &settings.msp_id) {
        return Err(unauthentic("the token is for another MSP id"));
    }
    in_time(&claims, clock::now() / 1_000)
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn is_for(audience: &Value, msp_id: &str) -> bool {
    let is_ours = |value: &Value| value.as_str() == Some(msp_id);
    is_ours(audience)
        || audience
            .as_array()
            .is_some_and(|list| list.iter().any(is_ours))
}

fn in_time(claims: &Claims, now: u64) -> Result<(), Rejection> {
    let issued = seconds(&claims.iat).ok_or_else(|| unauthentic("the token says no iat"))?;
    if issued.abs_diff(now) > AGE_MAX_S {
        return Err(unauthentic(
            "the token's iat is more than an hour from our clock: is the clock right?",
        ));
    }
    match claims.exp.as_ref().map(seconds) {
        Some(Some(end)) if end >= now => Ok(()),
        Some(_) => Err(unauthentic("the token has run out")),
        None => Ok(()),
    }
}

/// Whole seconds; a token may say a fraction.
fn seconds(value: &Value) -> Option<u64> {
    let fraction = || {
        let seconds = value.as_f64().filter(|s| (0.0..1e15).contains(s))?;
        // In range and cut to whole seconds: nothing is lost that matters.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above"
        )]
        Some(seconds as u64)
    };
    value.as_u64().or_else(fraction)
}

fn unauthentic(why: &str) -> Rejection {
    Rejection::Unauthentic(why.to_owned())
}

/// The request with a fresh token of ours, and the business that speaks.
pub(crate) fn signed(settings: &Settings, request: Request) -> Result<Request, SendError> {
    let claims = json!({ "iss": settings.msp_id, "iat": clock::now() / 1_000 }).to_string();
    let token = secrets::jwt_sign(API_SECRET, Encoding::Base64, JwtAlgorithm::Hs256, &claims)
        .map_err(|error| SendError::Credentials(error.to_string()))?;
    Ok(request
        .header("authorization", format!("Bearer {token}"))
        .header("source-id", settings.business_id.as_str()))
}
