//! What goes wrong inside a transaction, before it becomes the port's [`StoreError`].

use rusqlite::ErrorCode;
use trunkline_flow::ports::StoreError;

/// Lets `?` serve SQLite, JSON and refusals of our own alike.
#[derive(Debug)]
pub(crate) enum Failure {
    /// SQLite's.
    Sql(rusqlite::Error),
    /// What was read is not what an earlier version or this one wrote.
    Json(serde_json::Error),
    /// Ours.
    Store(StoreError),
}

/// What work inside a transaction gives back.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Sql(error) => of_sqlite(&error),
            // The error's text may quote the data: content stays out of errors.
            Failure::Json(error) => Self::Broken(format!(
                "a stored value is not readable ({:?} error at column {})",
                error.classify(),
                error.column()
            )),
            Failure::Store(error) => error,
        }
    }
}

fn of_sqlite(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::OutOfMemory
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked,
        ) => StoreError::Unavailable(error.to_string()),
        _ => StoreError::Broken(error.to_string()),
    }
}

/// Nothing can be said to a caller whose answer will not come.
pub(crate) fn stopped() -> StoreError {
    StoreError::Broken("the store has stopped; look for an earlier error in the log".to_owned())
}

/// A refusal that names a bug or a wrong request.
pub(crate) fn broken(text: impl Into<String>) -> Failure {
    Failure::Store(StoreError::Broken(text.into()))
}
