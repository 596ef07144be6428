//! What a backup is: written last, once, and signed. Whatever has no sound manifest is no backup.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BackupId, Census};
use crate::ledger::Hash;
use crate::time::Ts;

/// The form of manifests that this version writes, and the newest it reads.
pub const FORMAT: u32 = 1;

/// The manifest of one backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form: [`FORMAT`].
    pub format: u32,
    /// The backup's name.
    pub id: BackupId,
    /// Everything committed before this moment is in it. By our clock, read before the snapshot was taken.
    pub snapshot_at: Ts,
    /// The same moment by the database's clock.
    pub server_time: Ts,
    /// When the manifest was written.
    pub made_at: Ts,
    /// The write-ahead log's position at the snapshot, where the server told.
    #[serde(default)]
    pub lsn: Option<String>,
    /// Where it came from.
    pub source: Source,
    /// Versions of what made it.
    pub tools: BTreeMap<String, String>,
    /// What it consists of.
    pub objects: Vec<Object>,
    /// How every program that took part ended.
    pub children: Vec<Child>,
    /// What was counted in the snapshot; of files, what each has in it.
    pub census: Census,
    /// Who can read it: age recipients.
    pub recipients: Vec<String>,
    /// Until when the store refuses to delete it, at least.
    #[serde(default)]
    pub locked_until: Option<Ts>,
    /// What should be in it and could not be had, in words.
    #[serde(default)]
    pub lacks: Vec<String>,
}

/// The database that was backed up; of files, where they came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The cluster's own number, where the server tells; a restore never goes there.
    #[serde(default)]
    pub system: Option<String>,
    /// The database's name.
    pub database: String,
    /// The server's version, e.g. `15.18`.
    pub version: String,
    /// Its size on the server in bytes.
    pub bytes: u64,
}

/// One object of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its key in the store.
    pub name: String,
    /// What it holds.
    pub role: Role,
    /// What went in: the program's own output.
    pub plain: Digest,
    /// What is stored: compressed and encrypted.
    pub stored: Digest,
}

/// What an object holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The roles, as SQL, without passwords.
    Roles,
    /// One database, as an archive for `pg_restore`.
    Database,
    /// Files, as one tar.
    Files,
}

/// Length and checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 over the bytes alone.
    pub sha256: Hash,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    /// The program.
    pub program: String,
    /// Its exit status.
    pub status: i32,
}

/// Why a manifest that is signed makes no backup all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// A newer version wrote it.
    #[error("it has form {0}, this version reads up to {FORMAT}")]
    Form(u32),
    /// It is kept under another backup's name.
    #[error("it is the manifest of {0}")]
    Name(BackupId),
    /// A program failed, or nobody knows how it ended.
    #[error("{0} did not end well")]
    Child(String),
    /// Something must be there that isn't.
    #[error("it has no {0}")]
    Lacks(&'static str),
    /// An object lies outside of the backup's folder.
    #[error("its object {0} is none of its own")]
    Stranger(String),
}

impl Manifest {
    /// The folder of a backup's objects in the store, without a slash at its end.
    pub fn folder(id: &BackupId) -> String {
        format!("backups/{id}")
    }

    /// The key of a backup's manifest.
    pub fn key(id: &BackupId) -> String {
        format!("{}/manifest", Self::folder(id))
    }

    /// Bytes in the store.
    pub fn stored_bytes(&self) -> u64 {
        self.objects.iter().map(|object| object.stored.bytes).sum()
    }

    /// Bytes that a restore has to bring back.
    pub fn plain_bytes(&self) -> u64 {
        self.objects.iter().map(|object| object.plain.bytes).sum()
    }

    /// The object of that role.
    pub fn object(&self, role: Role) -> Option<&Object> {
        self.objects.iter().find(|object| object.role == role)
    }

    /// Whether it holds files, and no database.
    pub fn is_files(&self) -> bool {
        self.object(Role::Files).is_some()
    }

    /// What must be in it.
    fn needs(&self) -> &'static [(Role, &'static str)] {
        if self.is_files() {
            return &[(Role::Files, "files")];
        }
        &[(Role::Database, "database"), (Role::Roles, "roles")]
    }

    /// Whether this is the manifest of a whole backup called `id`.
    pub fn sound(&self, id: &BackupId) -> Result<(), Unsound> {
        if self.format == 0 || self.format > FORMAT {
            return Err(Unsound::Form(self.format));
        }
        if self.id != *id {
            return Err(Unsound::Name(self.id.clone()));
        }
        if self.children.is_empty() {
            return Err(Unsound::Lacks("program that made it"));
        }
        if let Some(child) = self.children.iter().find(|child| child.status != 0) {
            return Err(Unsound::Child(child.program.clone()));
        }
        for (role, name) in self.needs() {
            let object = self.object(*role).ok_or(Unsound::Lacks(name))?;
            if object.plain.bytes == 0 || object.stored.bytes == 0 {
                return Err(Unsound::Lacks(name));
            }
        }
        if self.recipients.is_empty() {
            return Err(Unsound::Lacks("recipient"));
        }
        let folder = format!("{}/", Self::folder(id));
        let stranger = self.objects.iter().find(|object| !object.name.starts_with(&folder));
        stranger.map_or(Ok(()), |object| Err(Unsound::Stranger(object.name.clone())))
    }
}
