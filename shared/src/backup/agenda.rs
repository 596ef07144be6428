//! What is due: the plan's cadence over what is there. One thing at a time, the newest backup before any proof of it.

use super::level::due;
use super::{BackupId, Catalogue, Entry, Level};
use crate::plan::Plan;
use crate::time::Ts;

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// A backup has to be made.
    Make {
        /// Of what, as the plan calls it.
        what: String,
    },
    /// A backup has to be proven.
    Prove {
        /// Which.
        backup: BackupId,
        /// How far.
        level: Level,
    },
}

impl Task {
    /// What it is about, as the plan calls it.
    pub fn what(&self) -> &str {
        match self {
            Self::Make { what } => what,
            Self::Prove { backup, .. } => backup.what(),
        }
    }
}

/// What is due now, the most urgent first; `kinds` are those that can be made.
pub fn agenda(plan: &Plan, kinds: &[&str], all: &Catalogue, now: Ts) -> Vec<Task> {
    let made = plan.backups.iter().filter(|policy| kinds.contains(&policy.what.as_str()));
    let (mut tasks, mut proofs) = (vec![], vec![]);
    for policy in made {
        let newest = all.of(&policy.what).next();
        let late = match (newest, policy.every) {
            (None, _) => true,
            (Some(entry), Some(every)) => now.since(entry.manifest.snapshot_at) >= every,
            (Some(_), None) => false,
        };
        if late {
            tasks.push(Task::Make { what: policy.what.clone() });
        }
        let entries: Vec<Entry> = all.of(&policy.what).cloned().collect();
        // L3 asks the plan's questions, where it has any; a higher proof contains the lower ones.
        let most = if policy.questions.is_empty() { Level::L2 } else { Level::L3 };
        let level = due(policy, &entries, now).into_iter().map(|due| due.level);
        let level = level.filter(|level| *level <= most).max();
        if let (Some(entry), Some(level)) = (newest, level) {
            proofs.push(Task::Prove { backup: entry.id().clone(), level });
        }
    }
    tasks.extend(proofs);
    tasks
}
