//! Everything a store holds: backups with what proves them, and what is there without being one.

use std::collections::BTreeMap;

use super::{BackupId, Check, Level, Manifest, Wanted};
use crate::time::Ts;

/// A backup and its proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub manifest: Manifest,
    /// The attempts to prove it, the oldest first.
    pub checks: Vec<Check>,
    /// Until when the store itself refuses to delete it.
    pub locked_until: Option<Ts>,
}

impl Entry {
    /// Its name.
    pub fn id(&self) -> &BackupId {
        &self.manifest.id
    }

    /// How far it is proven. A later failure at a level, or below it, takes the proof away again: L0 is what reading the
    /// store itself shows.
    pub fn level(&self) -> Level {
        let refuted = |proof: &Check| {
            let mut failed = self.checks.iter().filter(|check| !check.passed());
            failed.any(|it| it.at >= proof.at && it.level <= proof.level)
        };
        let stands = |check: &&Check| check.passed() && !refuted(check);
        let levels = self.checks.iter().filter(stands).map(|check| check.level);
        levels.max().unwrap_or(Level::L0)
    }

    /// The last check, if it found something wrong.
    pub fn broken(&self) -> Option<&Check> {
        self.checks.iter().max_by_key(|check| check.at).filter(|check| !check.passed())
    }
}

/// Something in the store that belongs to no backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// Its key.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// When it was written.
    pub at: Ts,
    /// Why it doesn't count.
    pub because: String,
    /// Whether a backup left it that was never finished: only such may be swept.
    pub unfinished: bool,
}

/// What a store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    entries: Vec<Entry>,
    /// What is there without being a backup.
    pub strays: Vec<Stray>,
}

/// Why no backup answers to what somebody wants.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is none of that kind.
    #[error("there is no backup of the {0}: `backup create {0}` makes one")]
    None(String),
    /// There is none of that name.
    #[error("there is no backup {0}: `backup list` shows them")]
    Unknown(BackupId),
    /// None is verified and older than the breach.
    #[error(
        "no backup of the {what} is clean: none that was verified is older than {before}; the newest before it is \
         {newest}, not verified"
    )]
    Unverified {
        /// What is wanted.
        what: String,
        /// The first sign of the breach.
        before: Ts,
        /// The newest one before that.
        newest: BackupId,
    },
    /// All are younger than the breach.
    #[error("no backup of the {what} is clean: all are younger than {before}")]
    TooYoung {
        /// What is wanted.
        what: String,
        /// The first sign of the breach.
        before: Ts,
    },
    /// Nobody said when the breach began.
    #[error(
        "say when the breach began, or LATEST_CLEAN means nothing: --before 2026-11-22T03:04:05Z"
    )]
    WithoutBreach,
}

impl Catalogue {
    /// A catalogue of these backups, in any order.
    pub fn new(mut entries: Vec<Entry>, strays: Vec<Stray>) -> Self {
        entries.sort_by(|a, b| {
            (a.manifest.snapshot_at, a.id()).cmp(&(b.manifest.snapshot_at, b.id()))
        });
        Self { entries, strays }
    }

    /// All backups, the oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The backups of one kind, the newest first.
    pub fn of<'a>(&'a self, what: &str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().rev().filter(move |entry| entry.id().what() == what)
    }

    /// The newest backup of each kind: from when it is.
    pub fn newest(&self) -> BTreeMap<String, Ts> {
        let each = self.entries.iter();
        each.map(|entry| (entry.id().what().to_owned(), entry.manifest.snapshot_at)).collect()
    }

    /// The backup that is meant; `what` is asked for where its name doesn't say, `breach` is the first sign of one.
    pub fn resolve(
        &self,
        wanted: &Wanted,
        what: &str,
        breach: Option<Ts>,
    ) -> Result<&Entry, Refused> {
        match wanted {
            Wanted::Named(id) => {
                let found = self.entries.iter().find(|entry| entry.id() == id);
                found.ok_or_else(|| Refused::Unknown(id.clone()))
            }
            Wanted::Latest => self.of(what).next().ok_or_else(|| Refused::None(what.into())),
            Wanted::LatestClean => self.latest_clean(what, breach.ok_or(Refused::WithoutBreach)?),
        }
    }

    /// Verified means that every byte was read: what only exists may be what an intruder left.
    fn latest_clean(&self, what: &str, before: Ts) -> Result<&Entry, Refused> {
        if self.of(what).next().is_none() {
            return Err(Refused::None(what.into()));
        }
        let older = || self.of(what).filter(|entry| entry.manifest.snapshot_at < before);
        let verified = older().find(|entry| entry.level() >= Level::L1);
        match (verified, older().next()) {
            (Some(entry), _) => Ok(entry),
            (None, Some(entry)) => {
                Err(Refused::Unverified { what: what.into(), before, newest: entry.id().clone() })
            }
            (None, None) => Err(Refused::TooYoung { what: what.into(), before }),
        }
    }
}
