use std::sync::Arc;

use tempfile::TempDir;
use trunkline_store::contract::Stores;
use trunkline_store::{Options, SqliteStore};

/// A folder of its own for each test.
struct Sqlite(TempDir);

impl Sqlite {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }
}

impl Stores for Sqlite {
    type Store = SqliteStore;

    fn open(&self) -> Arc<SqliteStore> {
        let options = Options::new(self.0.path().join("files"));
        let store = SqliteStore::open(self.0.path().join("trunkline.db"), options);
        Arc::new(store.expect("the store opens"))
    }
}

trunkline_store::contract_tests!(Sqlite::new());
