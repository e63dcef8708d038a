//! Natively a test plays the host: it installs a [`Host`] for the current thread.

use std::cell::RefCell;
use std::rc::Rc;

use crate::http::{FetchError, Request, Response};
use crate::log::Level;
use crate::secrets::{Encoding, Hash, JwtAlgorithm, SecretError};
use crate::types::Millis;

/// What a host does for a plugin. Methods are those of the WIT imports.
pub trait Host {
    /// See [`crate::http::fetch`].
    fn fetch(&self, request: &Request) -> Result<Response, FetchError>;
    /// See [`crate::secrets::verify`].
    fn verify(
        &self,
        secret: &str,
        encoding: Encoding,
        hash: Hash,
        data: &[u8],
        mac: &[u8],
    ) -> Result<bool, SecretError>;
    /// See [`crate::secrets::verify_digest`].
    fn verify_digest(
        &self,
        secret: &str,
        hash: Hash,
        data: &[u8],
        digest: &[u8],
    ) -> Result<bool, SecretError>;
    /// See [`crate::secrets::sign`].
    fn sign(
        &self,
        secret: &str,
        encoding: Encoding,
        hash: Hash,
        data: &[u8],
    ) -> Result<Vec<u8>, SecretError>;
    /// See [`crate::secrets::matches`].
    fn matches(&self, secret: &str, text: &str) -> Result<bool, SecretError>;
    /// See [`crate::secrets::jwt_verify`].
    fn jwt_verify(
        &self,
        secret: &str,
        encoding: Encoding,
        algorithm: JwtAlgorithm,
        token: &str,
    ) -> Result<Option<String>, SecretError>;
    /// See [`crate::secrets::jwt_sign`].
    fn jwt_sign(
        &self,
        secret: &str,
        encoding: Encoding,
        algorithm: JwtAlgorithm,
        claims: &str,
    ) -> Result<String, SecretError>;
    /// The settings as a JSON object.
    fn settings(&self) -> String;
    /// See [`crate::config::name`].
    fn name(&self) -> String;
    /// See [`crate::config::public_url`].
    fn public_url(&self) -> String;
    /// See [`crate::log::write`].
    fn log(&self, level: Level, text: &str);
    /// See [`crate::clock::now`].
    fn now(&self) -> Millis;
    /// See [`crate::random::bytes`].
    fn random(&self, len: u32) -> Vec<u8>;
    /// See [`crate::socket::next`].
    fn next_frame(&self) -> u64;
    /// See [`crate::socket::push`].
    fn push(&self, frame: &[u8]) -> u64;
    /// See [`crate::socket::signal`].
    fn signal(&self, frame: &[u8]);
}

thread_local! {
    static HOST: RefCell<Option<Rc<dyn Host>>> = const { RefCell::new(None) };
}

/// Puts the host before back, also when a plugin panics.
struct Restore(Option<Rc<dyn Host>>);

impl Drop for Restore {
    fn drop(&mut self) {
        HOST.set(self.0.take());
    }
}

/// Runs `call` with this host behind the SDK's functions, on this thread.
pub fn with_host<T>(host: Rc<dyn Host>, call: impl FnOnce() -> T) -> T {
    let _restore = Restore(HOST.replace(Some(host)));
    call()
}

fn host() -> Rc<dyn Host> {
    HOST.with_borrow(Clone::clone).unwrap_or_else(|| {
        panic!("a plugin asked for its host outside the sandbox: call it in trunkline_plugin::harness or with_host")
    })
}

macro_rules! ask_the_host {
    ($(fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        $(pub(crate) fn $name($($argument: $type),*) $(-> $result)? { host().$name($($argument),*) })*
    };
}

ask_the_host! {
    fn fetch(request: &Request) -> Result<Response, FetchError>;
    fn verify(secret: &str, encoding: Encoding, hash: Hash, data: &[u8], mac: &[u8]) -> Result<bool, SecretError>;
    fn verify_digest(secret: &str, hash: Hash, data: &[u8], digest: &[u8]) -> Result<bool, SecretError>;
    fn sign(secret: &str, encoding: Encoding, hash: Hash, data: &[u8]) -> Result<Vec<u8>, SecretError>;
    fn matches(secret: &str, text: &str) -> Result<bool, SecretError>;
    fn jwt_verify(secret: &str, encoding: Encoding, algorithm: JwtAlgorithm, token: &str) -> Result<Option<String>, SecretError>;
    fn jwt_sign(secret: &str, encoding: Encoding, algorithm: JwtAlgorithm, claims: &str) -> Result<String, SecretError>;
    fn settings() -> String;
    fn name() -> String;
    fn public_url() -> String;
    fn log(level: Level, text: &str);
    fn now() -> Millis;
    fn random(len: u32) -> Vec<u8>;
    fn next_frame() -> u64;
    fn push(frame: &[u8]) -> u64;
    fn signal(frame: &[u8]);
}
