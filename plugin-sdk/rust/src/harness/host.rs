//! The host of a fixture: scripted answers, a clock that stands still, secrets in plain sight.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};

use super::fixture::{
    Call, Fixture, Frame, Outcome, ScriptedAnswer, ScriptedError, SecretValues, headers,
};
use super::signing;
use crate::Host;
use crate::channel::{Outbound, OutboundContent, Progress};
use crate::http::{FetchError, Payload, Repeat, Request, Response};
use crate::log::Level;
use crate::secrets::{Encoding, Hash, JwtAlgorithm, SecretError};
use crate::types::{Header, Millis};

/// Why a call ends that uses what it has not got.
const NO_SOCKET: &str = "the manifest declares no socket";

/// Why a call ends that pushes what is not kept.
const A_SIGN: &str = "a typing sign or a `seen` is not pushed: it can only be signalled";

/// Why a call ends that pushes elsewhere.
const NOT_IN_SEND: &str = "`push` and `signal` belong to `send`";

/// Plays the host for one call of a plugin.
#[derive(Debug)]
pub struct TestHost {
    name: String,
    public_url: String,
    now: Millis,
    settings: String,
    secrets: BTreeMap<String, SecretValues>,
    may_fetch: bool,
    answers: RefCell<VecDeque<ScriptedAnswer>>,
    requests: RefCell<Vec<Request>>,
    unanswered: Cell<usize>,
    may_signal: Result<(), &'static str>,
    may_push: Result<(), &'static str>,
    next_frame: u64,
    frames: RefCell<Vec<Frame>>,
    random: Cell<u8>,
}

impl TestHost {
    /// The host that a fixture describes, of a plugin without socket.
    pub fn new(fixture: &Fixture, settings: &BTreeMap<String, serde_json::Value>) -> Self {
        Self {
            name: fixture.name.clone(),
            public_url: fixture.public_url.clone(),
            now: fixture.now,
            settings: serde_json::json!(settings).to_string(),
            secrets: fixture.secrets.clone(),
            may_fetch: !matches!(fixture.call, Call::Receive(_) | Call::Callback(_)),
            answers: RefCell::new(fixture.answers.iter().cloned().collect()),
            requests: RefCell::default(),
            unanswered: Cell::new(0),
            may_signal: Err(NO_SOCKET),
            may_push: Err(NO_SOCKET),
            next_frame: fixture.next_frame,
            frames: RefCell::default(),
            random: Cell::new(0),
        }
    }

    /// The same, of a plugin whose manifest declares a socket.
    #[must_use]
    pub fn with_socket(mut self, fixture: &Fixture) -> Self {
        let sign = |message: &Outbound| {
            let content = &message.content;
            matches!(
                content,
                OutboundContent::Typing(_) | OutboundContent::Seen(_)
            )
        };
        (self.may_signal, self.may_push) = match &fixture.call {
            Call::Send(message) if sign(message) => (Ok(()), Err(A_SIGN)),
            Call::Send(_) => (Ok(()), Ok(())),
            Call::Receive(_)
            | Call::Resolve(_)
            | Call::OpenAttachment(_)
            | Call::Check
            | Call::On { .. }
            | Call::Callback(_) => (Err(NOT_IN_SEND), Err(NOT_IN_SEND)),
        };
        self
    }

    /// The requests made; to be asked when the call is over.
    ///
    /// # Errors
    /// There were more requests than answers, or fewer.
    pub fn finish(&self) -> Result<Vec<Request>, String> {
        let requests = self.requests.borrow().clone();
        let left = self.answers.borrow().len();
        match (self.unanswered.get(), left) {
            (0, 0) => Ok(requests),
            (0, left) => Err(format!(
                "{left} of the fixture's answers were not asked for"
            )),
            (_, _) => Err(format!(
                "request {} has no answer in the fixture: {requests:#?}",
                requests.len()
            )),
        }
    }

    /// What the host takes of the frames, in order: nothing where the call failed, and no pushed one where it says
    /// that nothing went out.
    pub fn frames_taken(&self, outcome: &Outcome) -> Vec<Frame> {
        let Outcome::Sent(sent) = outcome else {
            return Vec::new();
        };
        let went_out = matches!(sent.progress, Progress::All | Progress::Rest(_));
        let mut frames = self.frames.borrow().clone();
        frames.retain(|frame| went_out || matches!(frame, Frame::Signal(_)));
        frames
    }

    fn take(&self, frame: Frame) {
        self.frames.borrow_mut().push(frame);
    }

    fn secret(&self, name: &str) -> Result<&[String], SecretError> {
        let values = self
            .secrets
            .get(name)
            .ok_or_else(|| SecretError::Missing(name.to_owned()))?;
        Ok(values.all())
    }

    fn first(&self, name: &str) -> Result<&str, SecretError> {
        self.secret(name)?
            .first()
            .map(String::as_str)
            .ok_or_else(|| SecretError::Missing(name.to_owned()))
    }
}

impl Host for TestHost {
    fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        if !self.may_fetch {
            return Err(FetchError::Denied(
                "receive may not fetch: the provider waits".to_owned(),
            ));
        }
        self.requests.borrow_mut().push(request.clone());
        let Some(answer) = self.answers.borrow_mut().pop_front() else {
            self.unanswered.set(self.unanswered.get() + 1);
            return Err(FetchError::Denied(
                "the fixture has no answer left".to_owned(),
            ));
        };
        answered(answer, request.repeat == Repeat::Safe)
    }

    fn verify(
        &self,
        secret: &str,
        encoding: Encoding,
        hash: Hash,
        data: &[u8],
        mac: &[u8],
    ) -> Result<bool, SecretError> {
        for value in self.secret(secret)? {
            if signing::hmac(&signing::key(value, encoding)?, hash, data) == mac {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn verify_digest(
        &self,
        secret: &str,
        hash: Hash,
        data: &[u8],
        digest: &[u8],
    ) -> Result<bool, SecretError> {
        let values = self.secret(secret)?.iter();
        Ok(values
            .map(|value| signing::digest(value, hash, data))
            .any(|good| good == digest))
    }

    fn sign(
        &self,
        secret: &str,
        encoding: Encoding,
        hash: Hash,
        data: &[u8],
    ) -> Result<Vec<u8>, SecretError> {
        Ok(signing::hmac(
            &signing::key(self.first(secret)?, encoding)?,
            hash,
            data,
        ))
    }

    fn matches(&self, secret: &str, text: &str) -> Result<bool, SecretError> {
        Ok(self.secret(secret)?.iter().any(|value| value == text))
    }

    fn jwt_verify(
        &self,
        secret: &str,
        encoding: Encoding,
        algorithm: JwtAlgorithm,
        token: &str,
    ) -> Result<Option<String>, SecretError> {
        for value in self.secret(secret)? {
            let claims = signing::jwt_claims(&signing::key(value, encoding)?, algorithm, token)?;
            if claims.is_some() {
                return Ok(claims);
            }
        }
        Ok(None)
    }

    fn jwt_sign(
        &self,
        secret: &str,
        encoding: Encoding,
        algorithm: JwtAlgorithm,
        claims: &str,
    ) -> Result<String, SecretError> {
        signing::jwt(
            &signing::key(self.first(secret)?, encoding)?,
            algorithm,
            claims,
        )
    }

    fn settings(&self) -> String {
        self.settings.clone()
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn public_url(&self) -> String {
        self.public_url.clone()
    }

    /// Lines for the operator are not part of what a plugin promises.
    fn log(&self, _: Level, _: &str) {}

    fn now(&self) -> Millis {
        self.now
    }

    /// 0, 1, 2 and so on: the same on every run.
    fn random(&self, len: u32) -> Vec<u8> {
        let next = || self.random.replace(self.random.get().wrapping_add(1));
        (0..len).map(|_| next()).collect()
    }

    fn next_frame(&self) -> u64 {
        if let Err(why) = self.may_push {
            panic!("{why}");
        }
        let pushed = |frame: &&Frame| matches!(frame, Frame::Push { .. });
        let before = self.frames.borrow().iter().filter(pushed).count();
        self.next_frame + before as u64
    }

    fn push(&self, frame: &[u8]) -> u64 {
        let number = self.next_frame();
        self.take(Frame::Push {
            number,
            frame: frame.to_vec(),
        });
        number
    }

    fn signal(&self, frame: &[u8]) {
        if let Err(why) = self.may_signal {
            panic!("{why}");
        }
        self.take(Frame::Signal(frame.to_vec()));
    }
}

/// As the real host gives it: text if it is UTF-8.
fn payload(hex: &str) -> Result<Payload, FetchError> {
    let bytes = crate::bytes::from_hex(hex)
        .ok_or_else(|| FetchError::Denied(format!("the fixture's answer is no hex: {hex}")))?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => Payload::Text(text),
        Err(error) => Payload::Bytes(error.into_bytes()),
    })
}

fn answered(answer: ScriptedAnswer, safe: bool) -> Result<Response, FetchError> {
    let why = || "so the fixture says".to_owned();
    match answer {
        ScriptedAnswer::Answer {
            status,
            headers: written,
            json,
            hex,
            text,
        } => {
            let mut headers = headers(&written);
            if json.is_some() {
                headers.push(Header::new("content-type", "application/json"));
            }
            let body = match (json, hex) {
                (Some(json), _) => Payload::Text(json.to_string()),
                (None, Some(hex)) => payload(&hex)?,
                (None, None) => Payload::Text(text),
            };
            Ok(Response {
                status,
                headers,
                body,
            })
        }
        ScriptedAnswer::None {
            error: ScriptedError::Denied,
        } => Err(FetchError::Denied(why())),
        ScriptedAnswer::None {
            error: ScriptedError::Unreachable,
        } => Err(FetchError::Unreachable(why())),
        ScriptedAnswer::None {
            error: ScriptedError::Unknown,
        } => Err(FetchError::Unknown { why: why(), safe }),
        ScriptedAnswer::None {
            error: ScriptedError::TooLarge,
        } => Err(FetchError::TooLarge { safe }),
    }
}
