//! In the sandbox the host is behind the component's imports.

use crate::http::{FetchError, Repeat, Request, Response};
use crate::log::Level;
use crate::secrets::{Encoding, Hash, JwtAlgorithm, SecretError};
use crate::types::Millis;
use crate::wit::channel::trunkline::plugin as host;

pub(crate) fn fetch(request: &Request) -> Result<Response, FetchError> {
    let safe = request.repeat == Repeat::Safe;
    match host::http::fetch(&request.clone().into()) {
        Ok(response) => Ok(response.into()),
        Err(host::http::FetchError::Denied(why)) => Err(FetchError::Denied(why)),
        Err(host::http::FetchError::Unreachable(why)) => Err(FetchError::Unreachable(why)),
        Err(host::http::FetchError::Unknown(why)) => Err(FetchError::Unknown { why, safe }),
        Err(host::http::FetchError::TooLarge) => Err(FetchError::TooLarge { safe }),
    }
}

pub(crate) fn verify(
    secret: &str,
    encoding: Encoding,
    hash: Hash,
    data: &[u8],
    mac: &[u8],
) -> Result<bool, SecretError> {
    Ok(host::secrets::verify(
        secret,
        encoding.into(),
        hash.into(),
        data,
        mac,
    )?)
}

pub(crate) fn verify_digest(
    secret: &str,
    hash: Hash,
    data: &[u8],
    digest: &[u8],
) -> Result<bool, SecretError> {
    Ok(host::secrets::verify_digest(
        secret,
        hash.into(),
        data,
        digest,
    )?)
}

pub(crate) fn sign(
    secret: &str,
    encoding: Encoding,
    hash: Hash,
    data: &[u8],
) -> Result<Vec<u8>, SecretError> {
    Ok(host::secrets::sign(
        secret,
        encoding.into(),
        hash.into(),
        data,
    )?)
}

pub(crate) fn matches(secret: &str, text: &str) -> Result<bool, SecretError> {
    Ok(host::secrets::matches(secret, text)?)
}

pub(crate) fn jwt_verify(
    secret: &str,
    encoding: Encoding,
    algorithm: JwtAlgorithm,
    token: &str,
) -> Result<Option<String>, SecretError> {
    Ok(host::secrets::jwt_verify(
        secret,
        encoding.into(),
        algorithm.into(),
        token,
    )?)
}

pub(crate) fn jwt_sign(
    secret: &str,
    encoding: Encoding,
    algorithm: JwtAlgorithm,
    claims: &str,
) -> Result<String, SecretError> {
    Ok(host::secrets::jwt_sign(
        secret,
        encoding.into(),
        algorithm.into(),
        claims,
    )?)
}

pub(crate) fn settings() -> String {
    host::config::settings()
}

pub(crate) fn name() -> String {
    host::config::name()
}

pub(crate) fn public_url() -> String {
    host::config::public_url()
}

pub(crate) fn log(level: Level, text: &str) {
    host::log::write(level.into(), text);
}

pub(crate) fn now() -> Millis {
    host::clock::now()
}

pub(crate) fn random(len: u32) -> Vec<u8> {
    host::random::bytes(len)
}

pub(crate) fn next_frame() -> u64 {
    host::socket::next()
}

pub(crate) fn push(frame: &[u8]) -> u64 {
    host::socket::push(frame)
}

pub(crate) fn signal(frame: &[u8]) {
    host::socket::signal(frame);
}
