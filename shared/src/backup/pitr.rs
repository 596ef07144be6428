//! What the provider itself can go back to: its daily backups, and any moment where point-in-time recovery is bought.
//!
//! "Now less the newest moment" is no loss while nothing is written: a heartbeat, written every minute, tells an idle
//! database from one whose log isn't shipped any more.

use super::{BackupId, Meter};
use crate::plan::Plan;
use crate::time::{Span, Ts};

/// What it is called in the plan.
pub const PITR: &str = "database-pitr";
/// A heartbeat older than this doesn't beat any more, and proves nothing.
pub const HEARTBEAT_STALE: Span = Span::mins(5);

/// What the provider told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recoverable {
    /// Whether any moment can be gone back to.
    pub enabled: bool,
    /// The first such moment.
    pub earliest: Option<Ts>,
    /// The last one.
    pub latest: Option<Ts>,
    /// The whole backups: when each was made and what became of it, in the provider's words.
    pub whole: Vec<(Ts, String)>,
    /// The project's state, in the provider's words.
    pub project: String,
    /// The newest heartbeat that was committed, where one is written.
    pub heartbeat: Option<Ts>,
}

impl Recoverable {
    /// What would be lost if the database were lost now; `None` where nothing can be gone back to.
    pub fn loses(&self, now: Ts) -> Option<Span> {
        if !self.enabled {
            let done = self.whole.iter().filter(|(_, state)| state == "COMPLETED");
            return Some(now.since(done.map(|(at, _)| *at).max()?));
        }
        let latest = self.latest?;
        let beats = self.heartbeat.filter(|beat| now.since(*beat) <= HEARTBEAT_STALE);
        // Whatever was committed until the newest heartbeat is lost as far as it is newer than the last moment.
        Some(beats.unwrap_or(now).since(latest).max(Span::ZERO))
    }

    /// The moment to go back to, as the provider counts: whole seconds. `None` means the last one.
    pub fn moment(&self, wanted: Option<Ts>) -> Result<Ts, String> {
        let (true, Some(earliest), Some(latest)) = (self.enabled, self.earliest, self.latest)
        else {
            return Err("the provider can go back to no moment: point-in-time recovery isn't bought, or has no backup yet".into());
        };
        let moment = wanted.unwrap_or(latest);
        if moment < earliest || moment > latest {
            return Err(format!("{moment} can't be gone back to: only {earliest} to {latest}"));
        }
        Ok(Ts(moment.0.div_euclid(1_000) * 1_000))
    }

    /// Puts it into the meter: where the plan counts on it, the smaller loss counts.
    pub fn count_in(&self, meter: &mut Meter, plan: &Plan, now: Ts) {
        let Some(loses) = self.loses(now) else { return };
        for reading in &mut meter.readings {
            let mut policies = plan.backups.iter().filter(|policy| policy.what == PITR);
            if policies.any(|policy| policy.serves(&reading.component)) {
                reading.loses = Some(reading.loses.map_or(loses, |ours| ours.min(loses)));
            }
        }
    }
}

/// How a restore to a moment is named, in the journal and by those who agree to it.
pub fn moment_id(moment: Ts) -> Option<BackupId> {
    BackupId::new(moment, PITR)
}
