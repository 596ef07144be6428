//! What can go wrong with a backup. Each says what now; none of them leaves anything that looks like a backup.

use shared::backup::Unsound;

/// Why there is no backup, no proof or no restore.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something has to be set up first.
    #[error("{0}")]
    Setup(String),
    /// The database answers with an error, or not at all.
    #[error("the database says: {0}")]
    Database(String),
    /// Another backup of this database is running.
    #[error("another backup of this database is running: wait for it, two at once help nobody")]
    Busy,
    /// A program of PostgreSQL is older than the server, and would leave things out.
    #[error(
        "{program} is of version {has}, the server of {server}: install version {server} or newer"
    )]
    TooOld {
        /// The program.
        program: String,
        /// Its major version.
        has: u32,
        /// The server's.
        server: u32,
    },
    /// A program ended badly, or was ended.
    #[error("{program} failed ({status}): {says}")]
    Program {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// Its last words.
        says: String,
    },
    /// What a program gave is not whole, although it ended well.
    #[error("{0} ended well, but what it wrote is not whole")]
    Truncated(String),
    /// The store can't be used, is full, or lost something.
    #[error("the store fails: {0}")]
    Store(String),
    /// What is in the store is not what was put there.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    /// Nobody we trust signed it.
    #[error("it is not signed by anybody in `signers` of [backup_store]: {0}")]
    Untrusted(String),
    /// It is signed, and no backup all the same.
    #[error("it is no backup: {0}")]
    Unsound(#[from] Unsound),
    /// What is to be backed up doesn't answer.
    #[error("{0}")]
    Source(String),
    /// None of the identities opens it.
    #[error("no identity in that file opens the backup: it is for {0}")]
    WrongKey(String),
    /// A restore must not go there.
    #[error("{0}")]
    Target(String),
}

impl From<object_store::Error> for Failure {
    fn from(error: object_store::Error) -> Self {
        Self::Store(error.to_string())
    }
}
