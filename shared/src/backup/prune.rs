//! Deleting what the plan no longer keeps: planned first, named by a hash, and then exactly that.

use super::{BackupId, Catalogue, Expiry, Stray, expired};
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
    /// plan must not look like rubbish.
    pub fn plan(policies: &[BackupPolicy], catalogue: &Catalogue, now: Ts) -> Self {
        let backups = policies.iter().flat_map(|policy| expired(policy, catalogue, now)).collect();
        let old = |stray: &&Stray| stray.unfinished && now.since(stray.at) > STRAY_GRACE;
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
