//! The port through which an owed effect is performed, and the right to go on that an action carries with it.
//!
//! The port is one verb wide: dry-run, recording and the simulated town are implementations or decorators of it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use shared::effect::{Effect, Outcome};
use shared::id::EffectKey;

use crate::desk::Desk;

/// Longest reason read from a kill-switch file, in bytes.
const REASON_MAX: u64 = 400;

/// Performs owed effects. Every delivery is at least once: the key names the effect, not the attempt.
pub trait Perform: Send + Sync + 'static {
    /// Performs an effect. An action asks [`Hold::stands`] right before each external write.
    fn perform(
        &self,
        key: &EffectKey,
        effect: &Effect,
        hold: &Hold,
    ) -> impl Future<Output = Outcome> + Send;
}

/// The right to go on: nothing to ask for what changes nothing, the lease and the kill switch for an action.
pub enum Hold {
    /// It is no action.
    Free,
    /// It is an action under a lease.
    Lease {
        /// Who knows the leases.
        desk: Desk,
        /// The operation.
        key: EffectKey,
        /// The epoch under which it was granted.
        epoch: u32,
        /// What stops everything without the store.
        switch: KillSwitch,
    },
    /// It is an action under a lease, and no server is at work: whoever performs it asks the store itself.
    Alone {
        /// Whether the lease still stands, read afresh.
        stands: Standpoint,
        /// What stops everything without the store.
        switch: KillSwitch,
    },
}

/// Reads afresh whether an action may still write; else why not.
pub type Standpoint = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

impl Hold {
    /// Whether the action may still write; else why not. Without an answer it may not (safety rules 9 and 14).
    pub async fn stands(&self) -> Result<(), String> {
        let (desk, key, epoch, switch) = match self {
            Self::Free => return Ok(()),
            Self::Alone { stands, switch } => return switch.thrown().map_or_else(stands, Err),
            Self::Lease { desk, key, epoch, switch } => (desk, key, epoch, switch),
        };
        if let Some(why) = switch.thrown() {
            return Err(why);
        }
        match desk.holds(key.clone(), *epoch).await {
            Ok(true) => Ok(()),
            Ok(false) => Err("its lease is over, or everything was frozen".into()),
            Err(away) => Err(away.to_string()),
        }
    }
}

/// The kill switch that needs no database: while `<store>.freeze` is there, nothing acts (safety rule 14).
#[derive(Clone, Debug)]
pub struct KillSwitch(PathBuf);

impl KillSwitch {
    /// The switch beside a store.
    pub fn beside(store: &Path) -> Self {
        let mut path = store.as_os_str().to_owned();
        path.push(".freeze");
        Self(path.into())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Why everything is stopped; `None` while it isn't. A file that can't be read stops, too.
    pub fn thrown(&self) -> Option<String> {
        let mut reason = String::new();
        match File::open(&self.0).and_then(|file| file.take(REASON_MAX).read_to_string(&mut reason))
        {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => Some(format!("{} can't be read: {error}", self.0.display())),
            Ok(_) => Some(format!("{} is there: {}", self.0.display(), reason.trim())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kill_switch_is_a_file_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let switch = KillSwitch::beside(&folder.path().join("allclear.db"));
        assert_eq!(switch.thrown(), None);
        std::fs::write(folder.path().join("allclear.db.freeze"), "migration tonight\n").unwrap();
        assert!(switch.thrown().unwrap().ends_with("is there: migration tonight"));
    }

    #[test]
    fn a_kill_switch_that_cannot_be_read_stops() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("allclear.db.freeze")).unwrap();
        let switch = KillSwitch::beside(&folder.path().join("allclear.db"));
        assert!(switch.thrown().unwrap().contains("can't be read"));
    }
}
