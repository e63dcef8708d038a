//! A plugin's `receive`: each of its fixtures that is a webhook call or a frame, with a changed body or query.

use std::fs;
use std::path::{Path, PathBuf};

use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use trunkline_plugin::channel::{Event, Happening, Reception};
use trunkline_plugin::harness::{Call, Fixture, Outcome, Suite, fixtures_in};

use crate::run::{Case, Taken, Target};
use crate::{change, sign};

/// The WIT's numbers are below this: JavaScript has no others.
const NUMBERS_END: u64 = 1 << 53;

/// What the host keeps of a customer's peer-state.
const PEER_STATE_BYTES_MAX: usize = 4096;

struct Receive {
    name: &'static str,
    folder: PathBuf,
    suite: Suite,
    /// Those with a `receive`, and the files they are from.
    fixtures: Vec<(PathBuf, Fixture)>,
}

/// Every channel of `plugins/`, and the example.
pub(crate) fn all() -> Vec<Box<dyn Target>> {
    vec![
        target::<sms::Sms>("sms", "plugins/sms"),
        target::<whatsapp::WhatsApp>("whatsapp", "plugins/whatsapp"),
        target::<messenger::Messenger>("messenger", "plugins/messenger"),
        target::<apple_messages::AppleMessages>("apple-messages", "plugins/apple-messages"),
        target::<in_app::InApp>("in-app", "plugins/in-app"),
        target::<telegram::Telegram>("telegram", "plugin-sdk/examples/telegram"),
    ]
}

fn target<T: trunkline_plugin::Channel>(name: &'static str, folder: &str) -> Box<dyn Target> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(folder);
    let manifest = fs::read_to_string(folder.join("plugin.toml")).unwrap_or_default();
    let load = |path: PathBuf| {
        let fixture = Fixture::load(&path).ok()?;
        matches!(fixture.call, Call::Receive(_)).then_some((path, fixture))
    };
    Box::new(Receive {
        name,
        suite: Suite::channel::<T>(&manifest),
        fixtures: fixtures_in(&folder.join("fixtures"))
            .into_iter()
            .filter_map(load)
            .collect(),
        folder,
    })
}

impl Receive {
    fn fixture(&self, case: &Case) -> Fixture {
        let mut fixture = self.fixtures[case.origin].1.clone();
        if let Call::Receive(request) = &mut fixture.call {
            request.body.clone_from(&case.body);
            if let Some(query) = &case.query {
                let address = request.url.split('?').next().unwrap_or_default();
                request.url = format!("{address}?{query}");
            }
        }
        if case.changed {
            sign::anew(&mut fixture);
        }
        fixture
    }

    fn body(&self, origin: usize) -> &[u8] {
        let Call::Receive(request) = &self.fixtures[origin].1.call else {
            return &[];
        };
        &request.body
    }

    fn query(&self, random: &mut StdRng, origin: usize) -> Option<String> {
        let Call::Receive(request) = &self.fixtures[origin].1.call else {
            return None;
        };
        let (_, query) = request.url.split_once('?')?;
        if random.random_bool(0.5) {
            return None;
        }
        let changed = change::body(random, query.as_bytes(), b"a=b");
        // What a URL cannot hold, the host never sees.
        let kept = changed
            .into_iter()
            .filter(|byte| byte.is_ascii_graphic() && *byte != b'#');
        Some(kept.map(char::from).collect())
    }
}

impl Target for Receive {
    fn name(&self) -> &str {
        self.name
    }

    fn origins(&self) -> usize {
        self.fixtures.len()
    }

    fn origin(&self, index: usize) -> String {
        self.fixtures[index].0.display().to_string()
    }

    fn unchanged(&self, index: usize) -> Case {
        Case {
            origin: index,
            body: self.body(index).to_vec(),
            query: None,
            changed: false,
        }
    }

    fn case(&self, random: &mut StdRng) -> Case {
        let origin = random.random_range(0..self.fixtures.len());
        let other = random.random_range(0..self.fixtures.len());
        Case {
            origin,
            body: change::body(random, self.body(origin), self.body(other)),
            query: self.query(random, origin),
            changed: true,
        }
    }

    fn play(&self, case: &Case) -> Result<Taken, String> {
        let found = self.suite.call(&self.fixture(case))?;
        if let Outcome::Reception(reception) = &found.result {
            return sound(reception).map(|()| Taken::Yes);
        }
        match matches!(found.result, Outcome::Rejected(_)) {
            true => Ok(Taken::Refused),
            false => Err(format!("receive gave {:?}", found.result)),
        }
    }

    /// As a fixture of the plugin, without what is expected: that is written once it is mended.
    fn keep(&self, case: &Case, name: &str) -> Result<PathBuf, String> {
        let (path, _) = &self.fixtures[case.origin];
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        let mut written: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let fixture = self.fixture(case);
        if let Call::Receive(request) = &fixture.call {
            let receive = &mut written["call"]["receive"];
            receive["url"] = json!(request.url);
            receive["headers"] = json!(request.headers);
            receive["body"] = match std::str::from_utf8(&request.body) {
                Ok(text) => json!(text),
                Err(_) => {
                    json!({"hex": request.body.iter().map(|byte| format!("{byte:02x}")).collect::<String>()})
                }
            };
        }
        written["about"] = json!("Found by fuzzing.");
        let path = self.folder.join("fixtures").join(format!("{name}.json"));
        let text = serde_json::to_string_pretty(&written).map_err(|error| error.to_string())?;
        fs::write(&path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }
}

/// What a host can store.
fn sound(reception: &Reception) -> Result<(), String> {
    let status = reception.answer.status;
    if !(100..600).contains(&status) {
        return Err(format!("it answers {status}"));
    }
    for event in &reception.events {
        sound_event(event).map_err(|why| format!("{why}: {event:?}"))?;
    }
    let bytes = |changes: &[trunkline_plugin::PeerChange]| {
        let sizes = changes
            .iter()
            .map(|it| it.key.len() + it.value.as_ref().map_or(0, String::len));
        sizes.sum::<usize>()
    };
    if bytes(&reception.peer_changes) > PEER_STATE_BYTES_MAX {
        return Err("it wants more remembered than there is room for".to_owned());
    }
    Ok(())
}

fn sound_event(event: &Event) -> Result<(), String> {
    let about_nobody = matches!(
        event.happening,
        Happening::Notice { .. } | Happening::Receipt(_)
    );
    if event.key.is_empty() {
        return Err("an event without a key".to_owned());
    }
    if event.at >= NUMBERS_END {
        return Err(format!("an event at {}", event.at));
    }
    let named = event
        .customer
        .iter()
        .all(|address| !address.value.is_empty());
    if !(about_nobody || !event.customer.is_empty() && named) {
        return Err("an event of nobody".to_owned());
    }
    Ok(())
}
