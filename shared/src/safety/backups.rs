//! What the journal keeps of backups: what failed, what a drill proved, what was deleted, and who agreed to a restore.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{SafetyEvent, Standing};
use crate::backup::{BackupId, Catalogue, Level};
use crate::id::PersonId;
use crate::ledger::Hash;
use crate::plan::Plan;
use crate::time::Ts;

/// Restores that wait for a second person; the oldest are forgotten first.
const MAX_AGREED: usize = 20;

/// Something that happened to backups. The ledger keeps these for ever: names and fields only grow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackupEvent {
    /// One was made.
    Made {
        /// Its name.
        backup: BackupId,
    },
    /// One could not be made or proven.
    Failed {
        /// What is backed up, as the plan calls it.
        what: Arc<str>,
        /// Why.
        why: Arc<str>,
    },
    /// One was proven: drill evidence.
    Proven {
        /// Its name.
        backup: BackupId,
        /// How far.
        level: Level,
    },
    /// One was deleted.
    Deleted {
        /// Its name.
        backup: BackupId,
        /// Why.
        because: Arc<str>,
    },
    /// What a backup left that was never finished was deleted.
    Swept {
        /// Its key in the store.
        name: Arc<str>,
    },
    /// Somebody agrees to a restore, by the hash of what they saw.
    RestoreAgreed {
        /// Who.
        by: PersonId,
        /// The restore.
        hash: Hash,
    },
    /// A restore is carried out.
    Restored {
        /// Who began it.
        by: PersonId,
        /// The backup.
        backup: BackupId,
        /// The new database.
        into: Arc<str>,
    },
}

/// A restore to which people agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// What they saw.
    pub hash: Hash,
    /// When the first one agreed: all of it expires together.
    pub since: Ts,
    /// Who agrees, each once.
    pub people: Vec<PersonId>,
}

/// The fold of what the journal keeps of backups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backups {
    /// What fails, since when, and why.
    pub failing: BTreeMap<Arc<str>, (Ts, Arc<str>)>,
    /// What was made or proven, and was not deleted by anybody of us.
    pub kept: BTreeSet<BackupId>,
    /// When each level was last reached.
    pub proven: BTreeMap<Level, Ts>,
    /// Restores that wait for people, the oldest first.
    pub agreed: Vec<Agreement>,
}

impl Backups {
    pub(super) fn apply(&mut self, event: &BackupEvent, at: Ts) {
        match event {
            BackupEvent::Made { backup } => {
                self.kept.insert(backup.clone());
                self.failing.remove(backup.what());
            }
            BackupEvent::Failed { what, why } => {
                let since = self.failing.get(what).map_or(at, |(since, _)| *since);
                self.failing.insert(what.clone(), (since, why.clone()));
            }
            BackupEvent::Proven { backup, level } => {
                self.kept.insert(backup.clone());
                self.proven.insert(*level, at);
                self.failing.remove(backup.what());
            }
            BackupEvent::RestoreAgreed { by, hash } => self.agree(by, *hash, at),
            BackupEvent::Deleted { backup, .. } => drop(self.kept.remove(backup)),
            BackupEvent::Swept { .. } | BackupEvent::Restored { .. } => {}
        }
    }

    /// What was made, was deleted by nobody of us, and is no whole backup any more: somebody else was at it.
    pub fn vanished<'a>(&'a self, all: &'a Catalogue) -> impl Iterator<Item = &'a BackupId> {
        self.kept.iter().filter(|id| !all.entries().iter().any(|entry| entry.id() == *id))
    }

    fn agree(&mut self, by: &PersonId, hash: Hash, at: Ts) {
        match self.agreed.iter_mut().find(|one| one.hash == hash) {
            Some(one) if one.people.contains(by) => {}
            Some(one) => one.people.push(by.clone()),
            None => {
                self.agreed.push(Agreement { hash, since: at, people: vec![by.clone()] });
                let surplus = self.agreed.len().saturating_sub(MAX_AGREED);
                self.agreed.drain(..surplus);
            }
        }
    }

    /// Who agrees to a restore now: those of the plan, as long as plans live.
    pub fn agreeing(&self, hash: Hash, plan: &Plan, now: Ts) -> Vec<&PersonId> {
        let agreed = self.agreed.iter().find(|one| one.hash == hash);
        let valid = agreed.filter(|one| now.since(one.since) <= plan.approvals.valid_for);
        let people = valid.into_iter().flat_map(|one| &one.people);
        people.filter(|person| plan.person(person).is_some()).collect()
    }

    /// Why a restore is not to be trusted now; `None` while a drill has proven one lately.
    pub fn unproven(&self, plan: &Plan, now: Ts) -> Option<String> {
        let restored = self.proven.iter().filter(|(level, _)| **level >= Level::L2);
        match restored.map(|(_, at)| *at).max() {
            None => Some("no backup was ever restored in a drill".into()),
            Some(at) if now.since(at) > plan.arming.proof_max_age => {
                Some(format!("the last restore in a drill is {} ago", now.since(at)))
            }
            Some(_) => None,
        }
    }
}

/// What of this is news: the same failure again is none.
pub fn note(standing: &Standing, events: Vec<BackupEvent>) -> Vec<SafetyEvent> {
    let failing = &standing.backups.failing;
    let known = |event: &BackupEvent| matches!(event, BackupEvent::Failed { what, why } if failing.get(what).is_some_and(|(_, last)| last == why));
    events.into_iter().filter(|event| !known(event)).map(SafetyEvent::Backup).collect()
}

/// What the room is told of it; never called on replay.
pub(super) fn says(event: &BackupEvent) -> Option<String> {
    match event {
        BackupEvent::Failed { what, why } => Some(format!("the backup of the {what} fails: {why}")),
        BackupEvent::Restored { by, backup, into } => {
            Some(format!("{by} restores {backup} into {into}"))
        }
        BackupEvent::RestoreAgreed { by, hash } => {
            Some(format!("{by} agrees to the restore {}", hash.short()))
        }
        BackupEvent::Made { .. }
        | BackupEvent::Proven { .. }
        | BackupEvent::Deleted { .. }
        | BackupEvent::Swept { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{built_in_text, read::read};
    use crate::time::Span;

    const T0: Ts = Ts(1_795_316_645_000);

    fn agree(backups: &mut Backups, by: &str, at: Ts) {
        let hash = Hash::of(&[b"this"]);
        backups.apply(&BackupEvent::RestoreAgreed { by: by.into(), hash }, at);
    }

    #[test]
    fn who_agrees_to_a_restore_counts_once_and_not_for_ever() {
        let plan = read("plan.toml", built_in_text()).unwrap();
        let people: Vec<_> = plan.people.iter().map(|one| one.id.clone()).collect();
        let mut backups = Backups::default();
        let hash = Hash::of(&[b"this"]);
        for by in [people[0].as_str(), people[0].as_str(), "somebody-who-left"] {
            agree(&mut backups, by, T0);
        }
        assert_eq!(backups.agreeing(hash, &plan, T0), [&people[0]]);
        agree(&mut backups, people[1].as_str(), T0 + Span::mins(1));
        assert_eq!(backups.agreeing(hash, &plan, T0 + Span::mins(1)).len(), 2);
        let over = T0 + plan.approvals.valid_for + Span::secs(1);
        assert_eq!(backups.agreeing(hash, &plan, over), Vec::<&PersonId>::new());
        assert!(backups.agreeing(Hash::of(&[b"another"]), &plan, T0).is_empty());
    }

    #[test]
    fn a_restore_is_armed_by_a_drill_and_disarmed_by_time() {
        let plan = read("plan.toml", built_in_text()).unwrap();
        let backup = BackupId::new(T0, "database").unwrap();
        let mut backups = Backups::default();
        let mut proven = |level, at| {
            backups.apply(&BackupEvent::Proven { backup: backup.clone(), level }, at);
            backups.clone()
        };
        assert!(proven(Level::L1, T0).unproven(&plan, T0).is_some(), "reading restores nothing");
        let drilled = proven(Level::L2, T0);
        assert_eq!(drilled.unproven(&plan, T0), None);
        let late = T0 + plan.arming.proof_max_age + Span::secs(1);
        assert!(drilled.unproven(&plan, late).unwrap().contains("ago"));
    }

    #[test]
    fn a_failure_is_told_once_until_it_is_over() {
        let mut standing = Standing::default();
        let failed = |why: &str| BackupEvent::Failed { what: "database".into(), why: why.into() };
        assert_eq!(note(&standing, vec![failed("disk full")]).len(), 1);
        standing.backups.apply(&failed("disk full"), T0);
        assert_eq!(note(&standing, vec![failed("disk full")]), []);
        assert_eq!(note(&standing, vec![failed("no network")]).len(), 1);
        let backup = BackupId::new(T0, "database").unwrap();
        standing.backups.apply(&BackupEvent::Made { backup }, T0);
        assert_eq!(note(&standing, vec![failed("disk full")]).len(), 1);
    }
}
