//! How far a backup is proven, and which proof is due. "Verified" without a level means nothing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::census::in_words;
use super::{BackupId, Entry};
use crate::plan::BackupPolicy;
use crate::time::{Span, Ts};

/// The longest time without a backup restored into a scratch database.
pub const RESTORE_EVERY: Span = Span::days(7);
/// The longest time without a full, timed restore whose data answered the plan's questions.
pub const DATA_EVERY: Span = Span::days(30);

/// A level of proof; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// Its manifest is signed and every object is there in full length.
    L0,
    /// Every byte was read and has the signed checksum.
    L1,
    /// Restored into a scratch database: rows, policies, grants and extensions are the same. Files: unpacked, and each is
    /// the same.
    L2,
    /// The restored data answers the plan's questions.
    L3,
}

impl Level {
    /// The level in words.
    pub fn says(self) -> &'static str {
        match self {
            Self::L0 => "exists",
            Self::L1 => "checksums match",
            Self::L2 => "restored and equal",
            Self::L3 => "restored, the plan's questions answered",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::L0 => "L0",
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::L3 => "L3",
        })
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_uppercase().trim_start_matches('L') {
            "0" => Ok(Self::L0),
            "1" => Ok(Self::L1),
            "2" => Ok(Self::L2),
            "3" => Ok(Self::L3),
            _ => Err(format!("`{text}` is no level: write L0, L1, L2 or L3")),
        }
    }
}

/// One attempt to prove a backup. Kept beside it, signed like a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The backup.
    pub backup: BackupId,
    /// How far it went.
    pub level: Level,
    /// When it ended.
    pub at: Ts,
    /// How long it took, all of it.
    pub took: Span,
    /// Bytes read from the store.
    pub bytes: u64,
    /// How long the restore alone took, where there was one.
    #[serde(default)]
    pub restored_in: Option<Span>,
    /// What was wrong; empty when the level was reached.
    #[serde(default)]
    pub faults: Vec<String>,
}

impl Check {
    /// Whether the level was reached.
    pub fn passed(&self) -> bool {
        self.faults.is_empty()
    }

    /// What was wrong, in one line.
    pub fn faults_say(&self) -> String {
        in_words(&self.faults)
    }
}

/// A proof the plan wants and nobody has given in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The level.
    pub level: Level,
    /// When it was reached last; `None` if never.
    pub last: Option<Ts>,
    /// The longest time between two.
    pub every: Span,
}

/// Which proofs are overdue. Any backup of that kind counts: a chain is as good as its last test.
pub fn due(policy: &BackupPolicy, entries: &[Entry], now: Ts) -> Vec<Due> {
    // Files answer no questions: that each is the same is all there is to prove.
    let of_files = entries.iter().any(|entry| entry.manifest.is_files());
    let restored = if of_files { DATA_EVERY } else { RESTORE_EVERY };
    let wanted = [(Level::L1, policy.verify_every), (Level::L2, restored), (Level::L3, DATA_EVERY)];
    let possible = wanted.into_iter().filter(|(level, _)| !of_files || *level < Level::L3);
    let late = possible.map(|(level, every)| {
        let checks = entries.iter().flat_map(|entry| &entry.checks);
        let passed = checks.filter(|check| check.level >= level && check.passed());
        Due { level, last: passed.map(|check| check.at).max(), every }
    });
    late.filter(|due| due.last.is_none_or(|last| now.since(last) > due.every)).collect()
}
