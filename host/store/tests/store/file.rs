use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinSet;
use trunkline_core::event::{ChannelEvent, Event, Happening, Profile};
use trunkline_core::id::{ChannelName, EventKey, Timestamp};
use trunkline_core::message::{Address, Content};
use trunkline_flow::ports::{Accept, Incoming, Scope, Store, StoreError, Target};
use trunkline_store::{Directions, Mask, Masking, OpenError, Options, SqliteStore};

const AT: Timestamp = Timestamp(1_770_000_000_000);

/// One message of one customer a number.
pub(crate) fn message(number: usize, text: &str) -> Accept {
    let channel = ChannelName::from("acme-sms");
    let key = format!("m{number}");
    let from = Address {
        kind: "phone".to_owned(),
        value: format!("+{number}"),
    };
    Accept {
        events: vec![Incoming {
            scope: Scope::Channel(channel.clone()),
            key: key.clone(),
            target: Target::Addresses(channel, vec![from]),
            event: Event::Channel(ChannelEvent {
                key: EventKey(key),
                at: AT,
                profile: Profile::default(),
                happening: Happening::Said(Content::Text(text.to_owned())),
                reply_to: None,
            }),
            peer_changes: Vec::new(),
            resolve: None,
            part: None,
        }],
        at: AT,
        ..Accept::default()
    }
}

fn database(folder: &TempDir) -> PathBuf {
    folder.path().join("trunkline.db")
}

pub(crate) fn open(folder: &Path) -> Result<SqliteStore, OpenError> {
    let options = Options::new(folder.join("files"));
    SqliteStore::open(folder.join("trunkline.db"), options)
}

fn refusal(folder: &TempDir) -> OpenError {
    match open(folder.path()) {
        Ok(_) => panic!("the store opened"),
        Err(error) => error,
    }
}

/// The folder it lies in may be everybody's.
#[test]
fn what_people_wrote_is_for_this_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let mode = |name: &str| {
        let data = std::fs::metadata(folder.path().join(name)).unwrap();
        data.permissions().mode() & 0o777
    };
    for name in ["trunkline.db", "trunkline.db-wal", "trunkline.db-shm"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    assert_eq!(mode("files"), 0o700);
    drop(store);
    // Whoever gives a group access means it.
    let shared = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(database(&folder), shared).unwrap();
    drop(open(folder.path()).unwrap());
    assert_eq!(mode("trunkline.db"), 0o640);
}

#[test]
fn a_newer_store_is_refused_with_a_clear_line() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path()).expect("the store opens"));
    let db = Connection::open(database(&folder)).expect("a database");
    db.pragma_update(None, "user_version", 999)
        .expect("written");
    drop(db);
    let error = refusal(&folder);
    assert!(matches!(error, OpenError::Newer { found: 999, .. }));
    assert!(
        error.to_string().contains("newer Trunkline (schema 999"),
        "{error}"
    );
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = Connection::open(database(&folder)).expect("a database");
    db.execute_batch("CREATE TABLE theirs (x)")
        .expect("written");
    assert!(matches!(refusal(&folder), OpenError::NotOurs));
    let tables: i64 = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .expect("read");
    assert_eq!(tables, 1);
}

#[test]
fn a_second_opener_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = open(folder.path()).expect("the store opens");
    let error = refusal(&folder);
    assert!(matches!(error, OpenError::InUse { .. }));
    assert!(
        error
            .to_string()
            .contains("another Trunkline uses this store"),
        "{error}"
    );
    drop(first);
    open(folder.path()).expect("the store opens again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_unavailable_loses_nothing_and_recovers() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = std::sync::Arc::new(open(folder.path()).expect("the store opens"));
    store.limit_pages(Some(100)).await.expect("limited");
    let text = "x".repeat(2000);
    let mut callers = JoinSet::new();
    for number in 0..400 {
        let store = std::sync::Arc::clone(&store);
        let accept = message(number, &text);
        callers.spawn(async move { (number, store.accept(accept).await) });
    }
    let answers = callers.join_all().await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|(_, answer)| answer.is_ok());
    assert!(
        !refused.is_empty(),
        "100 pages cannot hold 400 messages of 2000 bytes"
    );
    for (_, answer) in &refused {
        assert!(
            matches!(answer, Err(StoreError::Unavailable(_))),
            "{answer:?}"
        );
    }
    let present = store.ready(AT, None, 1000).await.expect("it can be read");
    assert_eq!(present.len(), taken.len());
    store.limit_pages(None).await.expect("lifted");
    for (number, _) in &refused {
        let again = store
            .accept(message(*number, &text))
            .await
            .expect("accepted");
        assert_eq!(again.duplicates, 0);
    }
    for (number, _) in &taken {
        let again = store
            .accept(message(*number, &text))
            .await
            .expect("accepted");
        assert_eq!(again.duplicates, 1);
    }
    let present = store.ready(AT, None, 1000).await.expect("it can be read");
    assert_eq!(present.len(), 400);
}

#[tokio::test]
async fn a_channel_may_have_masking_rules_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let quiet = Mask {
        cards: false,
        patterns: vec![regex::Regex::new("secret").expect("a pattern")],
    };
    let rules = Directions {
        inbound: quiet,
        outbound: Mask::default(),
    };
    let mut options = Options::new(folder.path().join("files"));
    options.masking = Masking {
        default: Directions::default(),
        channels: [(ChannelName::from("acme-sms"), rules)].into(),
    };
    let store = SqliteStore::open(database(&folder), options).expect("the store opens");
    let call = message(1, "a secret 4111111111111111");
    let id = store.accept(call).await.expect("accepted").customers[0];
    let loaded = store.load(id, 10).await.expect("loaded").expect("known");
    let Event::Channel(event) = &loaded.inbox[0].event else {
        panic!("another event came back");
    };
    let expected = Content::Text("a **** 4111111111111111".to_owned());
    assert_eq!(event.happening, Happening::Said(expected));
}

#[test]
fn what_an_interrupted_run_left_in_the_folder_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path()).expect("the store opens"));
    let files = folder.path().join("files");
    let ours = "f0123456789abcdef0123456789abcdef";
    for name in [ours, &format!("{ours}.part"), "README"] {
        std::fs::write(files.join(name), b"x").expect("written");
    }
    drop(open(folder.path()).expect("the store opens"));
    let left: Vec<_> = std::fs::read_dir(&files)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(left, ["README"]);
}
