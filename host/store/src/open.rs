//! Opening a store: the lock, the connections, the schema, the threads.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::failure::Failure;
use crate::files;
use crate::options::Options;
use crate::readers::Readers;
use crate::schema;
use crate::writer::Writer;

/// Statements that a connection keeps prepared; there are fewer.
const STATEMENTS: usize = 128;

/// The write-ahead log is written back when it has so many pages of 4 KiB: a page that changes often
/// is then written once.
const CHECKPOINT_PAGES: i64 = 8192;

/// Why a store was not opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "another Trunkline uses this store (it holds {lock}); stop that one first, or give this one a store of its own"
    )]
    InUse {
        /// The locked file.
        lock: PathBuf,
    },
    /// It was written by a newer version.
    #[error(
        "the store was written by a newer Trunkline (schema {found}, this one knows up to {known}); run that version, or restore a backup made before"
    )]
    Newer {
        /// Its schema.
        found: usize,
        /// Ours.
        known: usize,
    },
    /// It is some other program's database.
    #[error("the file is a database, but not one of Trunkline; name another file in [store] url")]
    NotOurs,
    /// A file or folder cannot be used.
    #[error("cannot use {path}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// SQLite refuses.
    #[error("SQLite cannot open the store")]
    Sqlite(#[from] rusqlite::Error),
    /// What was opened cannot be used.
    #[error("the store cannot be used: {0}")]
    Unusable(String),
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Sql(error) => Self::Sqlite(error),
            Failure::Json(error) => Self::Unusable(error.to_string()),
            Failure::Store(error) => Self::Unusable(error.to_string()),
        }
    }
}

/// What an open store consists of.
pub(crate) struct Parts {
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
    /// Held while the store is open.
    pub(crate) lock: File,
}

/// Opens all of it, and throws away files that an interrupted run left half-written.
pub(crate) fn open(path: &Path, options: &Options) -> Result<Parts, OpenError> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(io_error(folder))?;
    }
    let lock = lock(path)?;
    private_folder(&options.files_dir)?;
    private_file(path)?;
    let mut db = connect(path)?;
    schema::migrate(&mut db)?;
    files::tidy(&options.files_dir, &db)?;
    let readers = |count: usize| {
        let connections = (0..count).map(|_| connect_reader(path));
        connections.collect::<Result<Vec<_>, _>>()
    };
    let count = options.readers.clamp(1, 16);
    Ok(Parts {
        writer: Writer::start(db)?,
        readers: Readers::start(readers(count)?, readers(count)?)?,
        lock,
    })
}

/// SQLite's own locks come and go with each transaction; this one stays until the process ends.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(io_error(&name))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { lock: name }),
        Err(TryLockError::Error(source)) => Err(OpenError::Io { path: name, source }),
    }
}

/// What people wrote is for this user alone. One that is there keeps the rights that somebody gave it; SQLite gives the files
/// beside it the same.
fn private_file(path: &Path) -> Result<(), OpenError> {
    let made = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(io_error(path)(error)),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn private_folder(path: &Path) -> Result<(), OpenError> {
    let mut made = DirBuilder::new();
    made.recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(io_error(path))
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Io { path, source }
}

fn connect(path: &Path) -> Result<Connection, OpenError> {
    let db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    db.pragma_update(None, "cache_size", -64 * 1024)?;
    prepare(&db)?;
    Ok(db)
}

/// One that writes nothing, also beside a running host.
pub(crate) fn connect_reader(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.pragma_update(None, "cache_size", -8 * 1024)?;
    prepare(&db)?;
    Ok(db)
}

fn prepare(db: &Connection) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // Else a statement is prepared anew for each value it is given.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    db.pragma_update(None, "temp_store", "MEMORY")
}
