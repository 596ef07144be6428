//! One server to a store: two would perform the same effects twice. Terminals need no lock.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use shared::store::StoreError;

/// The right to perform what the store owes; the operating system takes it back when the process ends.
#[derive(Debug)]
pub struct ServerLock {
    _file: File,
}

impl ServerLock {
    /// Takes the lock of the store at `path`, in a file beside it, or says which process has it.
    pub fn take(path: &Path) -> Result<Self, StoreError> {
        let beside = lock_path(path);
        let failed = |error: std::io::Error| {
            StoreError::Unavailable(format!("failed to lock {}: {error}", beside.display()))
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&beside)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).map_err(failed)?;
                write!(file, "{}", std::process::id()).map_err(failed)?;
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(taken(path, file)),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Which process has the lock of the store at `path`; `None` while no server runs. Only asked, not taken.
    pub fn holder(path: &Path) -> Option<String> {
        let mut file = File::open(lock_path(path)).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(process(&mut file)),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".lock");
    name.into()
}

fn taken(path: &Path, mut file: File) -> StoreError {
    StoreError::Unavailable(format!(
        "another server (process {}) uses {}: stop it first, or give this one its own store",
        process(&mut file),
        path.display()
    ))
}

fn process(file: &mut File) -> String {
    let mut process = String::new();
    // The number is a courtesy: without it the message still says what is wrong.
    let _ = file.take(20).read_to_string(&mut process);
    process
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_is_turned_away_until_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("allclear.db");
        let first = ServerLock::take(&path).unwrap();
        let refusal = ServerLock::take(&path).unwrap_err().to_string();
        assert!(refusal.contains(&format!("process {}", std::process::id())), "{refusal}");
        assert_eq!(ServerLock::holder(&path), Some(std::process::id().to_string()));
        drop(first);
        assert_eq!(ServerLock::holder(&path), None);
        ServerLock::take(&path).unwrap();
    }
}
