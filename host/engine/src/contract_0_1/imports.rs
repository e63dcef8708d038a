//! What plugins may import. Every function answers from the [`Guest`] or ends the run.

use super::wit::trunkline::plugin::{clock, config, http, log, random, secrets, socket};
use super::wit::trunkline::plugin::{happenings, types};
use super::words::millis;
use crate::guest::{Guest, LogLevel};
use crate::jwt::{self, JwtAlgorithm};
use crate::request as outside;
use crate::secrets::SecretError;
use crate::signing::{self, Encoding, Hash};

impl types::Host for Guest {}
impl happenings::Host for Guest {}

impl http::Host for Guest {
    fn fetch(
        &mut self,
        request: http::Request,
    ) -> wasmtime::Result<Result<http::Response, http::FetchError>> {
        let answer = Self::fetch(self, request.into())?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }
}

impl secrets::Host for Guest {
    fn verify(
        &mut self,
        secret: String,
        encoding: secrets::Encoding,
        hash: secrets::Hash,
        data: Vec<u8>,
        mac: Vec<u8>,
    ) -> wasmtime::Result<Result<bool, secrets::SecretError>> {
        let good = self.use_secret("verify", secret, |secrets, name| {
            signing::verify(
                secrets.get(name)?,
                encoding.into(),
                hash.into(),
                &data,
                &mac,
            )
        })?;
        Ok(good.map_err(Into::into))
    }

    fn verify_digest(
        &mut self,
        secret: String,
        hash: secrets::Hash,
        data: Vec<u8>,
        digest: Vec<u8>,
    ) -> wasmtime::Result<Result<bool, secrets::SecretError>> {
        let good = self.use_secret("verify-digest", secret, |secrets, name| {
            let values = secrets.get(name)?;
            Ok(signing::verify_digest(values, hash.into(), &data, &digest))
        })?;
        Ok(good.map_err(Into::into))
    }

    fn sign(
        &mut self,
        secret: String,
        encoding: secrets::Encoding,
        hash: secrets::Hash,
        data: Vec<u8>,
    ) -> wasmtime::Result<Result<Vec<u8>, secrets::SecretError>> {
        let mac = self.use_secret("sign", secret, |secrets, name| {
            signing::sign(secrets.get(name)?, encoding.into(), hash.into(), &data)
        })?;
        Ok(mac.map_err(Into::into))
    }

    fn matches(
        &mut self,
        secret: String,
        text: String,
    ) -> wasmtime::Result<Result<bool, secrets::SecretError>> {
        let same = self.use_secret("matches", secret, |secrets, name| {
            Ok(signing::matches(secrets.get(name)?, &text))
        })?;
        Ok(same.map_err(Into::into))
    }

    fn jwt_verify(
        &mut self,
        secret: String,
        encoding: secrets::Encoding,
        algorithm: secrets::JwtAlgorithm,
        token: String,
    ) -> wasmtime::Result<Result<Option<String>, secrets::SecretError>> {
        let claims = self.use_secret("jwt-verify", secret, |secrets, name| {
            jwt::verify(
                secrets.get(name)?,
                encoding.into(),
                algorithm.into(),
                &token,
            )
        })?;
        Ok(claims.map_err(Into::into))
    }

    fn jwt_sign(
        &mut self,
        secret: String,
        encoding: secrets::Encoding,
        algorithm: secrets::JwtAlgorithm,
        claims: String,
    ) -> wasmtime::Result<Result<String, secrets::SecretError>> {
        let token = self.use_secret("jwt-sign", secret, |secrets, name| {
            jwt::sign(
                secrets.get(name)?,
                encoding.into(),
                algorithm.into(),
                &claims,
            )
        })?;
        Ok(token.map_err(Into::into))
    }
}

impl config::Host for Guest {
    fn settings(&mut self) -> wasmtime::Result<String> {
        Ok(self.world().settings.clone())
    }

    fn name(&mut self) -> wasmtime::Result<String> {
        Ok(self.world().name.clone())
    }

    fn public_url(&mut self) -> wasmtime::Result<String> {
        Ok(self.world().public_url.clone())
    }
}

impl log::Host for Guest {
    fn write(&mut self, level: log::Level, text: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        Ok(self.write_log(level, text)?)
    }
}

impl clock::Host for Guest {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(millis(Self::now(self)))
    }
}

impl random::Host for Guest {
    fn bytes(&mut self, len: u32) -> wasmtime::Result<Vec<u8>> {
        Ok(self.random(len)?)
    }
}

impl socket::Host for Guest {
    fn next(&mut self) -> wasmtime::Result<u64> {
        Ok(self.next_frame()?)
    }

    fn push(&mut self, frame: Vec<u8>) -> wasmtime::Result<u64> {
        Ok(Self::push(self, frame)?)
    }

    fn signal(&mut self, frame: Vec<u8>) -> wasmtime::Result<()> {
        Ok(Self::signal(self, frame)?)
    }
}

impl From<http::Request> for outside::FetchRequest {
    fn from(request: http::Request) -> Self {
        Self {
            method: request.method,
            url: request.url,
            path: request.path.into_iter().map(Into::into).collect(),
            query: fields(request.query),
            headers: fields(request.headers),
            auth: match request.auth {
                http::Auth::None => outside::Auth::None,
                http::Auth::Bearer(secret) => outside::Auth::Bearer(secret),
                http::Auth::Basic((user, secret)) => outside::Auth::Basic { user, secret },
            },
            body: request.body.into(),
            repeat: match request.repeat {
                http::Repeat::Safe => outside::Repeat::Safe,
                http::Repeat::Idempotent(key) => outside::Repeat::Idempotent(key),
                http::Repeat::Once => outside::Repeat::Once,
            },
            timeout_ms: request.timeout_ms,
        }
    }
}

fn fields(fields: Vec<http::Field>) -> Vec<outside::Field> {
    fields
        .into_iter()
        .map(|field| outside::Field {
            name: field.name,
            value: field.value.into(),
        })
        .collect()
}

impl From<http::Value> for outside::Value {
    fn from(value: http::Value) -> Self {
        match value {
            http::Value::Text(text) => Self::Text(text),
            http::Value::Secret((prefix, name)) => Self::Secret { prefix, name },
            http::Value::File(handle) => Self::File(handle),
        }
    }
}

impl From<http::JsonSecret> for outside::JsonSecret {
    fn from(secret: http::JsonSecret) -> Self {
        Self {
            pointer: secret.pointer,
            value: outside::Value::Secret {
                prefix: secret.prefix,
                name: secret.name,
            },
        }
    }
}

impl From<http::Body> for outside::Body {
    fn from(body: http::Body) -> Self {
        match body {
            http::Body::None => Self::None,
            http::Body::Text(text) => Self::Text(text),
            http::Body::Bytes(bytes) => Self::Bytes(bytes),
            http::Body::Json((text, secrets)) => Self::Json {
                text,
                secrets: secrets.into_iter().map(Into::into).collect(),
            },
            http::Body::Form(list) => Self::Form(fields(list)),
            http::Body::Multipart(parts) => Self::Multipart(
                parts
                    .into_iter()
                    .map(|part| outside::Part {
                        name: part.name,
                        value: part.value.into(),
                        file_name: part.file_name,
                        content_type: part.content_type,
                    })
                    .collect(),
            ),
            http::Body::File((handle, cipher)) => Self::File {
                handle,
                encrypt: cipher.map(Into::into),
            },
        }
    }
}

impl From<http::AesCtr> for outside::AesCtr {
    fn from(cipher: http::AesCtr) -> Self {
        Self {
            key: cipher.key,
            iv: cipher.iv,
        }
    }
}

impl From<outside::FetchResponse> for http::Response {
    fn from(response: outside::FetchResponse) -> Self {
        Self {
            status: response.status,
            headers: super::words::wit_headers(response.headers),
            body: match response.body {
                outside::ResponseBody::Text(text) => http::Payload::Text(text),
                outside::ResponseBody::Bytes(bytes) => http::Payload::Bytes(bytes),
            },
        }
    }
}

impl From<outside::FetchError> for http::FetchError {
    fn from(error: outside::FetchError) -> Self {
        match error {
            outside::FetchError::Denied(text) => Self::Denied(text),
            outside::FetchError::Unreachable(text) => Self::Unreachable(text),
            outside::FetchError::Unknown(text) => Self::Unknown(text),
            outside::FetchError::TooLarge => Self::TooLarge,
        }
    }
}

impl From<SecretError> for secrets::SecretError {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Missing(text) => Self::Missing(text),
            SecretError::Malformed(text) => Self::Malformed(text),
        }
    }
}

impl From<secrets::Encoding> for Encoding {
    fn from(encoding: secrets::Encoding) -> Self {
        match encoding {
            secrets::Encoding::Text => Self::Text,
            secrets::Encoding::Hex => Self::Hex,
            secrets::Encoding::Base64 => Self::Base64,
        }
    }
}

impl From<secrets::Hash> for Hash {
    fn from(hash: secrets::Hash) -> Self {
        match hash {
            secrets::Hash::Md5 => Self::Md5,
            secrets::Hash::Sha1 => Self::Sha1,
            secrets::Hash::Sha256 => Self::Sha256,
            secrets::Hash::Sha512 => Self::Sha512,
        }
    }
}

impl From<secrets::JwtAlgorithm> for JwtAlgorithm {
    fn from(algorithm: secrets::JwtAlgorithm) -> Self {
        match algorithm {
            secrets::JwtAlgorithm::Hs256 => Self::Hs256,
            secrets::JwtAlgorithm::Rs256 => Self::Rs256,
            secrets::JwtAlgorithm::Es256 => Self::Es256,
        }
    }
}
