//! What SQLite's errors mean to us, in words that say what to do.

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;
use shared::store::StoreError;

/// Translates an error of a statement.
#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
pub(super) fn failure(error: rusqlite::Error) -> StoreError {
    let unavailable = |what: &str| StoreError::Unavailable(format!("{what} ({error})"));
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            unavailable("another program keeps it locked: close it, e.g. an open sqlite3 shell")
        }
        Some(ErrorCode::DiskFull) => {
            unavailable("the disk is full: free some space; what was committed is safe")
        }
        Some(ErrorCode::SystemIoFailure) => unavailable("the disk failed to read or write"),
        Some(ErrorCode::ReadOnly) => unavailable("it may only be read: check its permissions"),
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::AuthorizationForStatementDenied,
        ) => unavailable("its file can't be opened: check the path and its permissions"),
        Some(
            ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted
            | ErrorCode::FileLockingProtocolFailed,
        ) => unavailable("it could not go on: try again"),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt(format!("its file is damaged: restore it from a copy ({error})"))
        }
        // Everything else, such as a value that is not of its type, means that the file isn't what we wrote.
        _ => StoreError::Corrupt(error.to_string()),
    }
}

/// Whether somebody else was first.
pub(super) fn is_duplicate(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_CONSTRAINT_UNIQUE)
}
