//! Guest files as `cargo xtask plugins --guests` builds them, and other versions of them: the
//! same code with another manifest is another file with another hash.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::{env, fs};

use wasmparser::{Parser, Payload};

static BUILD: Once = Once::new();

/// The bytes of a guest.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    built(&format!("guests/{name}.wasm"))
}

/// The bytes of a plugin.
pub(crate) fn plugin(name: &str) -> Vec<u8> {
    built(&format!("plugins/{name}.wasm"))
}

fn built(file: &str) -> Vec<u8> {
    let path = target().join(file);
    BUILD.call_once(|| {
        if !path.exists() {
            build();
        }
    });
    fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `cargo xtask plugins --guests` builds it",
            path.display()
        )
    })
}

fn build() {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["xtask", "plugins", "--guests"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "the guests do not build"
    );
}

/// `…/target/debug/deps/engine-1234` is this test.
fn target() -> PathBuf {
    let test = env::current_exe().unwrap();
    let deps = test.parent().unwrap();
    deps.ancestors().nth(2).unwrap().to_owned()
}

/// The same component with another manifest.
pub(crate) fn with_manifest(bytes: &[u8], change: impl FnOnce(String) -> String) -> Vec<u8> {
    let (start, data) = manifest_section(bytes);
    let text = change(String::from_utf8(data).unwrap());
    let mut changed = bytes[..start].to_vec();
    let mut section = leb(SECTION.len());
    section.extend(SECTION.as_bytes());
    section.extend(text.as_bytes());
    changed.push(0);
    changed.extend(leb(section.len()));
    changed.extend(section);
    changed
}

/// The same component without a manifest.
pub(crate) fn without_manifest(bytes: &[u8]) -> Vec<u8> {
    let (start, _) = manifest_section(bytes);
    bytes[..start].to_vec()
}

/// A version number and nothing else differs.
pub(crate) fn version(bytes: &[u8], version: &str) -> Vec<u8> {
    with_manifest(bytes, |text| {
        text.replace("version = \"0.1.0\"", &format!("version = \"{version}\""))
    })
}

const SECTION: &str = "trunkline:manifest";

/// Where the section begins, with its id and size, and what it holds. It is the last of the file.
fn manifest_section(bytes: &[u8]) -> (usize, Vec<u8>) {
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::CustomSection(section) = payload.unwrap()
            && section.name() == SECTION
        {
            let range = section.range();
            assert_eq!(range.end, bytes.len(), "the manifest is the last section");
            let size = range.end - range.start;
            return (range.start - 1 - leb(size).len(), section.data().to_vec());
        }
    }
    panic!("no manifest")
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
