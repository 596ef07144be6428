//! What backups are called: the moment in UTC, then what was backed up, so that names sort by time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::Ts;

/// How the moment is written: short enough for a phone, and safe in a path.
const MOMENT: &str = "%Y%m%dT%H%M%SZ";
/// Longest name of what is backed up, in bytes.
const WHAT_MAX: usize = 40;

/// The name of a backup, e.g. `20261122T030405Z-database`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BackupId {
    at: Ts,
    what: String,
}

impl BackupId {
    /// Names the backup of `what` begun at `at`; parts of a second are dropped. `None` where the plan's name for it
    /// can't stand in a path: small letters, digits and dashes can.
    pub fn new(at: Ts, what: &str) -> Option<Self> {
        let fits = !what.is_empty() && what.len() <= WHAT_MAX;
        let plain = what.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let at = Ts(at.0.div_euclid(1_000) * 1_000);
        let id = Self { at, what: what.to_owned() };
        // A moment beyond the calendar has no name to come back from.
        let calendar = jiff::Timestamp::from_millisecond(at.0).is_ok_and(|at| at.as_second() >= 0);
        (fits && plain && calendar).then_some(id)
    }

    /// When it was begun, to the second.
    pub fn at(&self) -> Ts {
        self.at
    }

    /// What was backed up, in the plan's words, e.g. `database`.
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = jiff::Timestamp::from_millisecond(self.at.0).unwrap_or_default();
        f.pad(&format!("{}-{}", at.strftime(MOMENT), self.what))
    }
}

impl From<BackupId> for String {
    fn from(id: BackupId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for BackupId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for BackupId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no backup: write LATEST, or an id such as 20261122T030405Z-database"
            )
        };
        let (moment, what) = text.split_once('-').ok_or_else(wrong)?;
        let moment = jiff::civil::DateTime::strptime(MOMENT, moment).map_err(|_| wrong())?;
        let at = moment.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?;
        let id = Self::new(Ts(at.timestamp().as_millisecond()), what).ok_or_else(wrong)?;
        // Only the one spelling counts: two names for one backup would be two backups.
        if id.to_string() == text { Ok(id) } else { Err(wrong()) }
    }
}

/// Which backup somebody means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The newest one.
    Latest,
    /// The newest one that is verified and older than the first sign of a breach.
    LatestClean,
    /// This one.
    Named(BackupId),
}

impl FromStr for Wanted {
    type Err = String;

    /// The plan writes `LATEST_BACKUP` and `LATEST_CLEAN_BACKUP`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_uppercase().replace('-', "_").as_str() {
            "LATEST" | "LATEST_BACKUP" => Ok(Self::Latest),
            "LATEST_CLEAN" | "LATEST_CLEAN_BACKUP" => Ok(Self::LatestClean),
            _ => text.trim().parse().map(Self::Named),
        }
    }
}
