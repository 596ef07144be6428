//! Opening a store's file: whose it is, which version it has, and what to do if neither fits.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use shared::store::StoreError;

use super::failure::failure;

/// How long a write waits for another program's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How often, and after which pauses, a new store's switch to a write-ahead log is tried.
const WAL_ATTEMPTS: u32 = 250;
const WAL_PAUSE: Duration = Duration::from_millis(20);
/// Marks a file as ours, where `file` and `PRAGMA application_id` see it: "ACLR".
const APPLICATION_ID: u32 = 0x4143_4c52;
/// What brings a store from each version to the next; `user_version` counts those applied.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];
/// More than there are statements, so that each is prepared once.
const STATEMENTS: usize = 48;

/// Opens a store for reading and writing and brings it up to date; makes a new one where there is none.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    create_private(path)?;
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if recognise(&connection, path)? < MIGRATIONS.len() {
        migrate(&mut connection, path)?;
    }
    // NORMAL would lose the last commits in a power cut.
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
        .map_err(failure)?;
    Ok(connection)
}

/// Opens an existing store for reading.
pub(super) fn open_read_only(path: &Path) -> Result<Connection, StoreError> {
    if !path.exists() {
        return Err(StoreError::Unavailable(format!(
            "there is no store at {}: a server or the first declaration makes it; else give another path",
            path.display()
        )));
    }
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    if recognise(&connection, path)? < MIGRATIONS.len() {
        return Err(StoreError::Unavailable(format!(
            "{} is from an older version: start the server once to bring it up to date",
            path.display()
        )));
    }
    Ok(connection)
}

/// Switches to a write-ahead log. SQLite doesn't wait for this lock itself, and another program may be making the same
/// store just now.
fn use_wal(connection: &Connection) -> rusqlite::Result<String> {
    let switch =
        || connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
    for _ in 0..WAL_ATTEMPTS {
        match switch() {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                std::thread::sleep(WAL_PAUSE);
            }
            outcome => return outcome,
        }
    }
    switch()
}

/// Makes an empty file that only its owner may read: deliveries and names of people will be in it. SQLite gives its
/// companions the same permissions.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(StoreError::Unavailable(format!(
            "the folder of {} does not exist: create it first",
            path.display()
        ))),
        Err(error) => Err(StoreError::Unavailable(format!("{}: {error}", path.display()))),
    }
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, StoreError> {
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failure)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failure)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// The version of our store at `path`, 0 for an empty file; refuses what isn't ours before anything is changed.
fn recognise(connection: &Connection, path: &Path) -> Result<usize, StoreError> {
    let not_ours = || {
        StoreError::Corrupt(format!(
            "{} is not a store of All Clear: it was left alone; give another path",
            path.display()
        ))
    };
    let (application, version, tables) = match identity(connection) {
        Ok(identity) => identity,
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return Err(not_ours());
        }
        Err(error) => return Err(failure(error)),
    };
    match (application, version) {
        (APPLICATION_ID, version) if version <= MIGRATIONS.len() => Ok(version),
        (APPLICATION_ID, _) => Err(StoreError::Unavailable(format!(
            "{} was written by a newer version: upgrade this program",
            path.display()
        ))),
        (0, 0) if tables == 0 => Ok(0),
        _ => Err(not_ours()),
    }
}

/// Application id, version and number of tables, all of the same moment.
fn identity(connection: &Connection) -> rusqlite::Result<(u32, usize, u32)> {
    connection.query_row(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
         FROM pragma_application_id, pragma_user_version",
        [],
        |row| Ok((row.get(0)?, row.get::<_, u32>(1)? as usize, row.get(2)?)),
    )
}

/// Applies what is missing, as one; two programs that try at once take turns.
fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let mode = use_wal(connection).map_err(failure)?;
    if mode != "wal" {
        return Err(StoreError::Unavailable(format!(
            "{} is on a file system without shared memory: put it on a local disk",
            path.display()
        )));
    }
    let batch =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
    let applied = recognise(&batch, path)?;
    for missing in &MIGRATIONS[applied..] {
        batch.execute_batch(missing).map_err(failure)?;
    }
    batch.pragma_update(None, "application_id", APPLICATION_ID).map_err(failure)?;
    batch.pragma_update(None, "user_version", MIGRATIONS.len() as u32).map_err(failure)?;
    batch.commit().map_err(failure)
}
