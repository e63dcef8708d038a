//! Runs a plugin natively against pairs of files: what happens, and what the plugin must make of it.
//!
//! `fixtures/NAME.json` is a [`Fixture`]: one call of the plugin, its settings and secrets, and the answers that the
//! outside gives. `fixtures/NAME.expected.json` is an [`Expected`]: the requests the plugin made, and its result. The
//! format is described in `plugin-sdk/README.md`; nothing in it knows that the plugin runs natively, so the same pairs
//! can be run in the sandbox.
//!
//! ```ignore
//! #[test]
//! fn every_fixture_gives_what_is_expected() {
//!     Suite::channel::<Sms>(MANIFEST).attachments::<Sms>().checking::<Sms>().run(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
//! }
//! ```
//!
//! `TRUNKLINE_FIXTURES=write cargo test` writes the expected files anew: read the difference before you commit it.
//! Each fixture runs twice, because the host may run a call again: both runs must make the same requests.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::{env, fs};

use crate::bot::{self, Bot, Callback, Callbacks};
use crate::channel::{
    Attachments, Channel, Check, Download, Event, Outbound, Reception, Resolve, Sent,
};
use crate::manifest::Manifest;
use crate::types::{Account, Answer, InboundRequest, PeerChange, PeerState, Rejection, SendError};

mod fixture;
mod host;
mod signing;

pub use fixture::{Call, Expected, Fixture, Frame, Outcome, ScriptedAnswer, WrittenRequest};
pub use host::TestHost;

/// Set to `write`, expected files are written instead of compared.
const SWITCH: &str = "TRUNKLINE_FIXTURES";

type Receive = fn(&InboundRequest, &PeerState) -> Result<Reception, Rejection>;
type Send = fn(&Outbound, &PeerState) -> Result<Sent, SendError>;
type Resolved = Result<(Vec<Event>, Vec<PeerChange>), SendError>;
type OpenAttachment = fn(&str, &PeerState) -> Result<Download, SendError>;
type On = fn(&bot::Event, &bot::Context, Option<&bot::State>) -> Result<bot::Turn, bot::BotError>;
type CalledBack = fn(&InboundRequest) -> Result<(Answer, Vec<Callback>), Rejection>;

/// A plugin's functions, as far as it has them.
#[derive(Debug, Clone, Copy, Default)]
struct Functions {
    receive: Option<Receive>,
    send: Option<Send>,
    resolve: Option<fn(&Event, &PeerState) -> Resolved>,
    open_attachment: Option<OpenAttachment>,
    check: Option<fn() -> Result<Account, SendError>>,
    on: Option<On>,
    called_back: Option<CalledBack>,
}

/// A plugin and its manifest, ready to be called.
#[derive(Debug, Clone)]
pub struct Suite {
    manifest: Manifest,
    functions: Functions,
}

impl Suite {
    /// A channel.
    ///
    /// # Panics
    /// The manifest is wrong.
    pub fn channel<T: Channel>(manifest: &str) -> Self {
        let functions = Functions {
            receive: Some(T::receive),
            send: Some(T::send),
            ..Functions::default()
        };
        Self::new(manifest, functions)
    }

    /// A bot.
    ///
    /// # Panics
    /// The manifest is wrong.
    pub fn bot<T: Bot>(manifest: &str) -> Self {
        Self::new(
            manifest,
            Functions {
                on: Some(T::on),
                ..Functions::default()
            },
        )
    }

    fn new(manifest: &str, functions: Functions) -> Self {
        let manifest = Manifest::parse(manifest).unwrap_or_else(|error| panic!("{error}"));
        Self {
            manifest,
            functions,
        }
    }

    /// It resolves.
    #[must_use]
    pub fn resolving<T: Resolve>(mut self) -> Self {
        self.functions.resolve = Some(T::resolve);
        self
    }

    /// It opens attachments.
    #[must_use]
    pub fn attachments<T: Attachments>(mut self) -> Self {
        self.functions.open_attachment = Some(T::open_attachment);
        self
    }

    /// It checks.
    #[must_use]
    pub fn checking<T: Check>(mut self) -> Self {
        self.functions.check = Some(T::check);
        self
    }

    /// It is called back.
    #[must_use]
    pub fn callbacks<T: Callbacks>(mut self) -> Self {
        self.functions.called_back = Some(T::receive);
        self
    }

    /// Runs every pair in this folder, or writes the expected files if the switch says so.
    ///
    /// # Panics
    /// A pair does not hold, with all that do not; or there is none.
    pub fn run(&self, folder: impl AsRef<Path>) {
        let write = env::var(SWITCH).is_ok_and(|value| value == "write");
        let fixtures = fixtures_in(folder.as_ref());
        assert!(
            !fixtures.is_empty(),
            "there are no fixtures in {}",
            folder.as_ref().display()
        );
        let complaints: Vec<_> = fixtures
            .iter()
            .filter_map(|path| self.run_one(path, write).err())
            .collect();
        assert!(complaints.is_empty(), "\n{}", complaints.join("\n\n"));
    }

    fn run_one(&self, path: &Path, write: bool) -> Result<(), String> {
        let complain = |why: String| format!("{}: {why}", path.display());
        let fixture = Fixture::load(path).map_err(complain)?;
        let found = self.call(&fixture).map_err(complain)?;
        let expected_path = expected_path(path);
        if write {
            return found.save(&expected_path).map_err(complain);
        }
        let expected = Expected::load(&expected_path)
            .map_err(|why| complain(format!("{why}; {SWITCH}=write writes it")))?;
        if found == expected {
            return Ok(());
        }
        Err(complain(format!(
            "expected\n{}\nbut found\n{}",
            expected.to_json(),
            found.to_json()
        )))
    }

    /// What the plugin makes of one fixture.
    ///
    /// # Errors
    /// The fixture does not fit the manifest, asks for a function the plugin does not have, or leaves a request
    /// without answer; or a second run made other requests.
    pub fn call(&self, fixture: &Fixture) -> Result<Expected, String> {
        let first = self.call_once(fixture)?;
        let second = self.call_once(fixture)?;
        if first == second {
            return Ok(first);
        }
        Err(format!(
            "two runs differ: first\n{}\nthen\n{}",
            first.to_json(),
            second.to_json()
        ))
    }

    fn call_once(&self, fixture: &Fixture) -> Result<Expected, String> {
        let settings = self
            .manifest
            .fill_in(&fixture.settings)
            .map_err(|error| error.to_string())?;
        let mut host = TestHost::new(fixture, &settings);
        if self.manifest.socket.is_some() {
            host = host.with_socket(fixture);
        }
        let host = Rc::new(host);
        let outcome = crate::with_host(host.clone(), || self.functions.call(fixture))?;
        let requests = host.finish()?;
        Ok(Expected {
            requests,
            frames: host.frames_taken(&outcome),
            result: outcome,
        })
    }
}

impl Functions {
    fn call(self, fixture: &Fixture) -> Result<Outcome, String> {
        let state = &fixture.peer_state;
        Ok(match &fixture.call {
            Call::Receive(request) => {
                let call = there(self.receive, "receive")?;
                match call(&request.to_request(&fixture.public_url)?, state) {
                    Ok(reception) => Outcome::Reception(reception),
                    Err(rejection) => Outcome::Rejected(rejection),
                }
            }
            Call::Send(message) => match there(self.send, "send")?(message, state) {
                Ok(sent) => Outcome::Sent(sent),
                Err(error) => Outcome::Failed(error),
            },
            Call::Resolve(event) => match there(self.resolve, "resolve")?(event, state) {
                Ok((events, peer_changes)) => Outcome::Resolved {
                    events,
                    peer_changes,
                },
                Err(error) => Outcome::Failed(error),
            },
            Call::OpenAttachment(reference) => {
                match there(self.open_attachment, "open-attachment")?(reference, state) {
                    Ok(download) => Outcome::Download(download),
                    Err(error) => Outcome::Failed(error),
                }
            }
            Call::Check => match there(self.check, "check")?() {
                Ok(account) => Outcome::Account(account),
                Err(error) => Outcome::Failed(error),
            },
            Call::On {
                event,
                context,
                state,
            } => match there(self.on, "on")?(event, context, state.as_ref()) {
                Ok(turn) => Outcome::Turn(turn),
                Err(error) => Outcome::BotFailed(error),
            },
            Call::Callback(request) => {
                let call = there(self.called_back, "callbacks")?;
                match call(&request.to_request(&fixture.public_url)?) {
                    Ok((answer, callbacks)) => Outcome::CalledBack { answer, callbacks },
                    Err(rejection) => Outcome::Rejected(rejection),
                }
            }
        })
    }
}

fn there<T>(function: Option<T>, name: &str) -> Result<T, String> {
    function.ok_or_else(|| format!("the suite has no `{name}`: name the ability when making it"))
}

/// The fixtures of a folder, by name; each has its expected file beside it.
///
/// # Panics
/// The folder cannot be read.
pub fn fixtures_in(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("read {}: {error}", folder.display()));
    let is_fixture = |path: &PathBuf| {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        name.ends_with(".json") && !name.ends_with(".expected.json")
    };
    let mut paths: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(is_fixture)
        .collect();
    paths.sort();
    paths
}

/// Where the expected file of a fixture is.
pub fn expected_path(fixture: &Path) -> PathBuf {
    fixture.with_extension("expected.json")
}
