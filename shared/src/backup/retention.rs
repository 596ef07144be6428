//! What may be forgotten, and why: the plan's policy over the manifests.
//!
//! Never the newest backup, never the newest one that is proven, never what the store has locked; nothing at all while
//! none is proven, for then any of them may be the only good one.

use super::{BackupId, Catalogue, Entry, Level};
use crate::plan::BackupPolicy;
use crate::time::Ts;

/// A backup whose time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// The backup.
    pub backup: BackupId,
    /// Why.
    pub because: String,
}

/// The backups that the policy no longer keeps, the oldest first. Where the policy names a time and a number, one has to
/// be outside of both.
pub fn expired(policy: &BackupPolicy, catalogue: &Catalogue, now: Ts) -> Vec<Expiry> {
    let newest_first: Vec<&Entry> = catalogue.of(&policy.what).collect();
    let mut last_good = newest_first.iter().filter(|entry| entry.level() >= Level::L1);
    let Some(last_good) = last_good.next().map(|entry| entry.id()) else { return vec![] };
    let over = (0..).zip(&newest_first).filter_map(|(place, entry)| {
        let because = outlived(policy, entry, place, now)?;
        let kept = place == 0
            || last_good == entry.id()
            || entry.locked_until.is_some_and(|until| until > now);
        (!kept).then(|| Expiry { backup: entry.id().clone(), because })
    });
    let mut over: Vec<Expiry> = over.collect();
    over.reverse();
    over
}

/// Why the policy has no use for it any more; `place` counts younger ones.
fn outlived(policy: &BackupPolicy, entry: &Entry, place: u32, now: Ts) -> Option<String> {
    let age = now.since(entry.manifest.snapshot_at);
    let too_old = policy.keep_for.map(|keep| (age > keep, format!("older than {keep}")));
    let too_many =
        policy.keep_last.map(|keep| (place >= keep, format!("not among the last {keep}")));
    let reasons: Vec<(bool, String)> = too_old.into_iter().chain(too_many).collect();
    let over = !reasons.is_empty() && reasons.iter().all(|(over, _)| *over);
    over.then(|| reasons.into_iter().map(|(_, why)| why).collect::<Vec<_>>().join(" and "))
}
