//! Who says hello: a browser with a secret of its own, or a person whom the web site vouches for.
//!
//! The secret itself is kept nowhere: its hash is the address, so that who reads an address in a trace cannot take
//! over the chat.

use sha2::{Digest as _, Sha256};
use trunkline_plugin::secrets::{Encoding, JwtAlgorithm, jwt_verify};
use trunkline_plugin::{Address, clock, config};

use crate::settings::{IDENTITY_SECRET, Identity, Settings};
use crate::wire::{Audience, Claims, Hello};

/// The kind of the customers' address.
pub(crate) const VISITOR: &str = "visitor";

/// 32 characters of base64url are 192 bits: nobody guesses them.
const SECRET_CHARACTERS: std::ops::RangeInclusive<usize> = 32..=128;

/// Clocks of web site and host may differ by this much.
const LEEWAY_S: f64 = 60.0;

/// Longer subjects would not be ids.
const SUBJECT_BYTES_MAX: usize = 256;

/// Who it is.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) address: Address,
    /// The address under which the same browser wrote before the person signed in.
    pub(crate) before: Option<Address>,
    /// What the token says; empty for the anonymous.
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) known: bool,
}

/// Why nobody is let in: a code for the page, and a sentence for the log.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) why: String,
}

fn refusal(code: &'static str, why: impl Into<String>) -> Refusal {
    Refusal {
        code,
        why: why.into(),
    }
}

/// Who says this hello.
pub(crate) fn of(settings: &Settings, hello: &Hello) -> Result<Visitor, Refusal> {
    let token = hello.token.as_deref().filter(|token| !token.is_empty());
    match (settings.identity, token) {
        (Identity::Jwt | Identity::Either, Some(token)) => known(token, hello.visitor.as_deref()),
        (Identity::Jwt, None) => Err(refusal("token-required", "the page sent no token")),
        (Identity::Anonymous, Some(_)) => Err(refusal(
            "token-not-wanted",
            "the page sent a token, but `identity` is \"anonymous\"",
        )),
        (Identity::Anonymous | Identity::Either, None) => {
            let address = hello.visitor.as_deref().and_then(anonymous);
            let address = address
                .ok_or_else(|| refusal("visitor-required", "no secret of 32 to 128 characters"))?;
            Ok(Visitor {
                address,
                before: None,
                name: None,
                email: None,
                known: false,
            })
        }
    }
}

fn anonymous(secret: &str) -> Option<Address> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !SECRET_CHARACTERS.contains(&secret.len()) || !secret.bytes().all(safe) {
        return None;
    }
    let hash = Sha256::digest(secret.as_bytes());
    let half: String = hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Some(Address::new(VISITOR, format!("anonymous:{half}")))
}

fn known(token: &str, secret: Option<&str>) -> Result<Visitor, Refusal> {
    let claims = jwt_verify(IDENTITY_SECRET, Encoding::Text, JwtAlgorithm::Hs256, token);
    let claims = claims
        .map_err(|error| refusal("token-invalid", error.to_string()))?
        .ok_or_else(|| refusal("token-invalid", "its signature is not good"))?;
    let claims: Claims = serde_json::from_str(&claims)
        .map_err(|error| refusal("token-invalid", format!("its claims: {error}")))?;
    timely(&claims)?;
    meant_for_us(claims.aud.as_ref())?;
    let subject = claims
        .sub
        .filter(|sub| !sub.is_empty() && sub.len() <= SUBJECT_BYTES_MAX);
    let subject = subject.ok_or_else(|| refusal("token-invalid", "it has no usable `sub`"))?;
    Ok(Visitor {
        address: Address::new(VISITOR, format!("user:{subject}")),
        before: secret.and_then(anonymous),
        name: claims.name,
        email: claims.email,
        known: true,
    })
}

fn timely(claims: &Claims) -> Result<(), Refusal> {
    // Milliseconds since 1970 fit a double exactly for 285,000 years.
    let now_s = clock::now() as f64 / 1_000.0;
    let Some(expires) = claims.exp else {
        return Err(refusal("token-invalid", "it has no `exp`"));
    };
    if expires + LEEWAY_S <= now_s {
        return Err(refusal("token-expired", "it is over"));
    }
    let begins = [claims.nbf, claims.iat].into_iter().flatten();
    if begins.fold(f64::MIN, f64::max) - LEEWAY_S > now_s {
        return Err(refusal("token-invalid", "it begins later than now"));
    }
    Ok(())
}

/// A token without audience is for whoever has the secret; one with must name this channel.
fn meant_for_us(audience: Option<&Audience>) -> Result<(), Refusal> {
    let name = config::name();
    let fits = match audience {
        None => true,
        Some(Audience::One(one)) => *one == name,
        Some(Audience::Several(several)) => several.contains(&name),
    };
    if fits {
        return Ok(());
    }
    Err(refusal(
        "token-invalid",
        format!("its `aud` does not name the channel `{name}`"),
    ))
}
