//! What the host itself reads of strangers: ECE's callbacks, the configuration, the manifest of a plugin file.
//!
//! Seeds are the files of `seeds/TARGET`, and for configuration and manifests those of the repository.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rand::Rng;
use rand::rngs::StdRng;
use trunkline_core::id::{IntegrationName, Timestamp};
use trunkline_ece::{
    Auth, CallbackAuth, CallbackItem, EceClient, IntegrationConfig, Options, Unknowns, Version,
};
use trunkline_engine::manifests_in;
use trunkline_server::config::{Sources, parse};

use crate::change;
use crate::run::{Case, Taken, Target};

/// Reads a body; false where it is refused, an error where what was read cannot be.
type Read = Box<dyn Fn(&[u8]) -> Result<bool, String>>;

struct Seeds {
    name: &'static str,
    seeds: Vec<(PathBuf, Vec<u8>)>,
    read: Read,
}

/// All of them.
pub(crate) fn all() -> Vec<Box<dyn Target>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let configurations = [
        files(&root.join("host/server/tests/config"), "toml"),
        vec![root.join("docs/example.toml")],
    ];
    let plugins = fs::read_dir(root.join("plugins"))
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    let manifests = plugins
        .map(|entry| entry.path().join("plugin.toml"))
        .filter(|path| path.is_file());
    vec![
        target("ece-callbacks", Vec::new(), callbacks()),
        target("configuration", configurations.concat(), configuration()),
        target("manifests", manifests.collect(), manifest()),
    ]
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(name)
}

fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| end.is_empty() || path.extension().is_some_and(|it| it == end));
    files.sort();
    files
}

fn target(name: &'static str, more: Vec<PathBuf>, read: Read) -> Box<dyn Target> {
    let mut paths = files(&folder(name), "");
    paths.extend(more);
    let seeds = paths.into_iter().filter_map(|path| {
        let bytes = fs::read(&path).ok()?;
        Some((path, bytes))
    });
    let seeds = seeds.collect();
    Box::new(Seeds { name, seeds, read })
}

impl Target for Seeds {
    fn name(&self) -> &str {
        self.name
    }

    fn origins(&self) -> usize {
        self.seeds.len()
    }

    fn origin(&self, index: usize) -> String {
        self.seeds[index].0.display().to_string()
    }

    fn unchanged(&self, index: usize) -> Case {
        Case {
            origin: index,
            body: self.seeds[index].1.clone(),
            query: None,
            changed: false,
        }
    }

    fn case(&self, random: &mut StdRng) -> Case {
        let origin = random.random_range(0..self.seeds.len());
        let other = random.random_range(0..self.seeds.len());
        Case {
            origin,
            body: change::body(random, &self.seeds[origin].1, &self.seeds[other].1),
            query: None,
            changed: true,
        }
    }

    fn play(&self, case: &Case) -> Result<Taken, String> {
        match (self.read)(&case.body)? {
            true => Ok(Taken::Yes),
            false => Ok(Taken::Refused),
        }
    }

    fn keep(&self, case: &Case, name: &str) -> Result<PathBuf, String> {
        let path = folder(self.name).join(name);
        let made = fs::create_dir_all(folder(self.name));
        let written = made.and_then(|()| fs::write(&path, &case.body));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }
}

fn callbacks() -> Read {
    let acme = IntegrationName::from("acme");
    let client = EceClient::new(vec![integration(&acme)], Options::default());
    let client = client.unwrap_or_else(|complaints| panic!("{complaints:?}"));
    Box::new(move |body| {
        let arrived = Timestamp(1_795_428_000_000);
        let read = client.parse_callback(&acme, "application/json", body, arrived);
        let Ok(callback) = read else {
            return Ok(false);
        };
        for item in &callback.items {
            if let CallbackItem::Event(event) = item
                && (event.id.is_empty() || event.session.as_str().is_empty())
            {
                return Err(format!("an event without id or conversation: {event:?}"));
            }
        }
        Ok(true)
    })
}

fn integration(name: &IntegrationName) -> IntegrationConfig {
    IntegrationConfig {
        name: name.clone(),
        version: Version::V12_6,
        base_url: "https://ece.example.com/system".to_owned(),
        auth: Auth::Oauth2Client,
        username: "key".into(),
        password: "secret".into(),
        ca_file: None,
        proxy: None,
        no_proxy: Vec::new(),
        callback_url: "https://trunkline.example.com".to_owned(),
        callback: CallbackAuth::None,
        wait_acceptable_s: 120,
        give_up_after_h: None,
        entry_points: BTreeMap::new(),
        unknowns: Unknowns::default(),
    }
}

/// With the complaints as an operator reads them: they point at places in the text.
fn configuration() -> Read {
    let empty =
        tempfile::tempdir().unwrap_or_else(|error| panic!("a folder for files it names: {error}"));
    Box::new(move |body| {
        let Ok(text) = std::str::from_utf8(body) else {
            return Ok(false);
        };
        let variable = |name: &str| name.contains('_').then(|| format!("value of {name}"));
        let sources = Sources {
            variable: &variable,
            folder: empty.path().to_owned(),
        };
        match parse(text, Path::new("trunkline.toml"), &sources) {
            Ok(_) => Ok(true),
            Err(complaints) if complaints.to_string().is_empty() => {
                Err("it is refused without a word".to_owned())
            }
            Err(_) => Ok(false),
        }
    })
}

/// In a component that holds nothing else; a seed that is a whole file is read as it is.
fn manifest() -> Read {
    let plugins =
        tempfile::tempdir().unwrap_or_else(|error| panic!("a folder for plugins: {error}"));
    Box::new(move |body| {
        let file = match body.starts_with(b"\0asm") {
            true => body.to_vec(),
            false => component(body),
        };
        fs::write(plugins.path().join("plugin.wasm"), file).map_err(|error| error.to_string())?;
        let found = manifests_in(plugins.path()).map_err(|error| error.to_string())?;
        match found.into_iter().next().map(|found| found.manifest) {
            Some(Ok(_)) => Ok(true),
            Some(Err(why)) if !why.is_empty() => Ok(false),
            Some(Err(_)) => Err("it is refused without a word".to_owned()),
            None => Err("the file is not seen".to_owned()),
        }
    })
}

/// A component's preamble and one custom section.
fn component(manifest: &[u8]) -> Vec<u8> {
    const NAME: &[u8] = b"trunkline:manifest";
    let name = [leb(NAME.len()), NAME.to_vec()].concat();
    let section = [name, manifest.to_vec()].concat();
    [b"\0asm\x0d\0\x01\0\0".to_vec(), leb(section.len()), section].concat()
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
