//! Deleting what the plan no longer keeps: planned first, named by a hash, and then exactly that.

use super::{BackupId, Catalogue, Expiry, Manifest, Stray, expired};
use crate::ledger::Hash;
use crate::plan::BackupPolicy;
use crate::time::{Span, Ts};

/// What was never finished stays for so long: it may be a backup that is being made, or somebody wants to know why it
/// broke off.
pub const STRAY_GRACE: Span = Span::days(2);

/// What would be deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prune {
    /// Backups, the oldest first.
    pub backups: Vec<Expiry>,
    /// What backups left that were never finished.
    pub strays: Vec<Stray>,
}

/// How a restore is named: the backup and where it goes.
pub fn restore_hash(backup: &BackupId, into: &str) -> Hash {
    Hash::of(&[b"restore", backup.to_string().as_bytes(), into.as_bytes()])
}

impl Prune {
    /// Plans it. Something that has a manifest is never swept, whatever is wrong with it: a key that is missing in the
    /// plan must not look like rubbish. Nor is what is left of the backups that `vanished`: they were finished once.
    pub fn plan<'a>(
        policies: &[BackupPolicy],
        catalogue: &Catalogue,
        vanished: impl Iterator<Item = &'a BackupId>,
        now: Ts,
    ) -> Self {
        let folders: Vec<String> =
            vanished.map(|id| format!("{}/", Manifest::folder(id))).collect();
        let backups = policies.iter().flat_map(|policy| expired(policy, catalogue, now)).collect();
        let old = |stray: &&Stray| {
            let was_whole = folders.iter().any(|folder| stray.name.starts_with(folder));
            stray.unfinished && !was_whole && now.since(stray.at) > STRAY_GRACE
        };
        Self { backups, strays: catalogue.strays.iter().filter(old).cloned().collect() }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.backups.is_empty() && self.strays.is_empty()
    }

    /// Names exactly this, whatever the time.
    pub fn hash(&self) -> Hash {
        let backups = self.backups.iter().map(|one| one.backup.to_string());
        let strays = self.strays.iter().map(|one| one.name.clone());
        let all: Vec<String> = backups.chain(strays).collect();
        Hash::of(&[b"prune", all.join("\n").as_bytes()])
    }
}
