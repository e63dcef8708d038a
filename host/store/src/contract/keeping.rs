use std::sync::Arc;

use bytes::Bytes;
use trunkline_core::id::Timestamp;
use trunkline_flow::ports::{
    Download, FileError, KeepFile, PluginArchive, PluginFile, PluginVersion, Settled, Store,
    StreamError,
};

use super::Stores;
use super::fixtures::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01";

/// The SHA-256 of no bytes at all.
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn pieces(pieces: Vec<Result<Bytes, StreamError>>) -> Download {
    let mut pieces = pieces.into_iter();
    Download {
        name: None,
        content_type: Some("text/plain".to_owned()),
        size: None,
        next: Box::new(move || {
            let piece = pieces.next();
            Box::pin(std::future::ready(piece))
        }),
    }
}

fn file(download: Download) -> KeepFile {
    KeepFile {
        name: Some("photo.png".to_owned()),
        content_type: None,
        download,
        size_max: 1_000_000,
        expires: expires(),
    }
}

fn expires() -> Timestamp {
    T.plus_ms(1000)
}

async fn all_of(mut download: Download) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(piece) = (download.next)().await {
        all.extend_from_slice(&piece.expect("the file is readable"));
    }
    all
}

/// By its token and by its id, also after a restart.
pub async fn a_file_comes_back_as_it_was(stores: &impl Stores) {
    let store = stores.open();
    let bytes: Vec<u8> = (0..300_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    let parts = bytes
        .chunks(70_000)
        .map(|part| Ok(Bytes::copy_from_slice(part)));
    let kept = store
        .keep_file(file(pieces(parts.collect())))
        .await
        .expect("kept");
    assert_eq!((kept.name.as_str(), kept.size), ("photo.png", 300_000));
    assert!(kept.token.len() >= 43, "256 bits");
    let empty = store
        .keep_file(file(pieces(Vec::new())))
        .await
        .expect("kept");
    assert_eq!((empty.sha256.as_str(), empty.size), (EMPTY_SHA256, 0));
    assert_ne!(empty.token, kept.token);
    drop(store);
    let store = stores.open();
    let (found, download) = store
        .open_file(&kept.token, T)
        .await
        .expect("opened")
        .expect("there");
    assert_eq!((&found, download.size), (&kept, Some(300_000)));
    assert_eq!(all_of(download).await, bytes);
    let (found, download) = store
        .read_file(&kept.id)
        .await
        .expect("opened")
        .expect("there");
    assert_eq!(found, kept);
    assert_eq!(all_of(download).await, bytes);
    assert!(
        store
            .open_file("guessed", T)
            .await
            .expect("asked")
            .is_none()
    );
}

/// Not the sender.
pub async fn the_bytes_decide_the_type_of_a_file(stores: &impl Stores) {
    let store = stores.open();
    let image = pieces(vec![Ok(Bytes::from_static(PNG))]);
    let kept = store.keep_file(file(image)).await.expect("kept");
    assert_eq!(kept.content_type, "image/png");
    let words = pieces(vec![Ok(Bytes::from_static(b"words"))]);
    let unnamed = KeepFile {
        name: None,
        ..file(words)
    };
    let kept = store.keep_file(unnamed).await.expect("kept");
    assert_eq!(
        (kept.content_type.as_str(), kept.name.as_str()),
        ("text/plain", "file.txt")
    );
}

/// However small its sender said it is.
pub async fn a_file_that_is_too_large_is_refused(stores: &impl Stores) {
    let store = stores.open();
    let parts = || {
        (0..3)
            .map(|_| Ok(Bytes::from_static(b"0123456789")))
            .collect()
    };
    let limited = |size_max| KeepFile {
        size_max,
        ..file(pieces(parts()))
    };
    let refused = store.keep_file(limited(29)).await;
    assert_eq!(refused, Err(FileError::TooLarge(29)));
    assert!(store.keep_file(limited(30)).await.is_ok());
}

/// Half a file is none.
pub async fn a_transfer_that_breaks_leaves_nothing(stores: &impl Stores) {
    let store = stores.open();
    let broken = pieces(vec![
        Ok(Bytes::from_static(b"half")),
        Err(StreamError("reset".to_owned())),
    ]);
    let refused = store.keep_file(file(broken)).await;
    assert!(matches!(refused, Err(FileError::Broken(text)) if text.contains("reset")));
}

/// Its address stops at once, its bytes at the next sweep.
pub async fn an_expired_file_is_gone(stores: &impl Stores) {
    let store = stores.open();
    let kept = store
        .keep_file(file(pieces(Vec::new())))
        .await
        .expect("kept");
    assert!(
        store
            .open_file(&kept.token, expires())
            .await
            .expect("asked")
            .is_none()
    );
    assert!(store.read_file(&kept.id).await.expect("asked").is_some());
    store.sweep(expires()).await.expect("swept");
    assert!(store.read_file(&kept.id).await.expect("asked").is_none());
}

fn hash(text: &str) -> PluginVersion {
    PluginVersion(text.to_owned())
}

/// H8: a call ends on the version it began on, also after a restart.
pub async fn a_plugin_comes_back_by_its_hash(stores: &impl Stores) {
    let store = stores.open();
    let expected = PluginFile {
        name: "sms".to_owned(),
        version: "0.1.0".to_owned(),
        bytes: vec![0, 0xff, 7],
    };
    for _ in 0..2 {
        let bytes = expected.bytes.clone();
        let kept = blocking(&store, move |store| {
            store.keep(&hash("a"), "sms", "0.1.0", &bytes)
        })
        .await;
        kept.expect("kept");
    }
    drop(store);
    let store = stores.open();
    let found = blocking(&store, |store| store.fetch(&hash("a"))).await;
    assert_eq!(found, Ok(Some(expected)));
    let other = blocking(&store, |store| store.fetch(&hash("b"))).await;
    assert_eq!(other, Ok(None));
}

/// The first is live, the second is the one to return to.
pub async fn plugins_are_remembered_newest_first(stores: &impl Stores) {
    let store = stores.open();
    let history = blocking(&store, |store| {
        for (version, name) in [("a", "sms"), ("b", "sms"), ("x", "rasa")] {
            store
                .keep(&hash(version), name, "1", b"wasm")
                .expect("kept");
        }
        for version in ["a", "b", "b", "x", "a"] {
            store.made_live(&hash(version), T).expect("noted");
        }
        store.history("sms")
    })
    .await;
    assert_eq!(history, Ok(vec![hash("a"), hash("b")]));
    // Its later return makes the first no later one.
    let first = blocking(&store, |store| store.first("sms")).await;
    assert_eq!(first, Ok(Some(hash("a"))));
    let none = blocking(&store, |store| store.first("none")).await;
    assert_eq!(none, Ok(None));
    let unknown = blocking(&store, |store| store.made_live(&hash("none"), T)).await;
    assert!(is_broken(&unknown));
}

/// Which of these are kept.
async fn kept<S: Store + PluginArchive>(
    store: &Arc<S>,
    names: &'static [&str],
) -> Vec<&'static str> {
    blocking(store, move |store| {
        let is_kept = |name: &&&str| store.fetch(&hash(name)).is_ok_and(|file| file.is_some());
        names.iter().filter(is_kept).copied().collect()
    })
    .await
}

async fn made_live<S: Store + PluginArchive>(store: &Arc<S>, versions: &'static [&str]) {
    blocking(store, move |store| {
        for version in versions {
            let version = hash(version);
            store.keep(&version, "sms", "1", b"wasm").expect("kept");
            store.made_live(&version, T).expect("noted");
        }
    })
    .await;
}

/// The live one stays, four to return to, what a delivery under way is pinned to, and what is just being looked at.
pub async fn plugins_that_nothing_needs_are_forgotten(stores: &impl Stores) {
    const ALL: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "new", "other"];
    let store = stores.open();
    made_live(&store, &ALL[..7]).await;
    blocking(&store, |store| {
        store.keep(&hash("new"), "sms", "2", b"wasm").expect("kept");
        store
            .keep(&hash("other"), "rasa", "1", b"wasm")
            .expect("kept");
    })
    .await;
    let id = customer(&*store, "+1").await;
    deliver(&*store, id, vec![to_customer(id, 1, "x")]).await;
    let pinned = Some(hash("a"));
    store
        .leave(delivery_id(id, 1), pinned, T)
        .await
        .expect("it leaves");
    store.sweep(T).await.expect("swept");
    let left = kept(&store, ALL).await;
    assert_eq!(left, ["a", "c", "d", "e", "f", "g", "new", "other"]);
    settle(&*store, settle_of(delivery_id(id, 1), Settled::Done)).await;
    store.sweep(T).await.expect("swept");
    assert_eq!(kept(&store, ALL).await, left[1..]);
    let history = blocking(&store, |store| store.history("sms")).await;
    assert_eq!(history, Ok(["g", "f", "e", "d", "c"].map(hash).to_vec()));
}

/// As after an operator returned to it.
pub async fn a_plugin_that_becomes_live_again_stays(stores: &impl Stores) {
    const ALL: &[&str] = &["a", "b", "c", "d", "e", "f"];
    let store = stores.open();
    made_live(&store, ALL).await;
    made_live(&store, &["a"]).await;
    made_live(&store, &["g"]).await;
    store.sweep(T).await.expect("swept");
    assert_eq!(kept(&store, ALL).await, ["a", "c", "d", "e", "f"]);
}
