//! Which message shows what: the adapter's own memory, beside the store. Lost, it costs a second card and no more.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use slack_morphism::prelude::{SlackChannelId, SlackTs};

/// Subjects remembered; beyond that the oldest messages are not edited any more.
const MAX_KEPT: usize = 2_000;

/// A message and what it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its channel.
    pub channel: SlackChannelId,
    /// Its time, which names it.
    pub ts: SlackTs,
    /// The last turn that was told under it.
    pub told: u32,
}

/// The memory.
#[derive(Debug)]
pub struct Book {
    path: PathBuf,
    kept: Mutex<BTreeMap<String, Kept>>,
}

impl Book {
    /// The memory beside a store. What can't be read counts as lost.
    pub fn beside(store: &Path) -> Self {
        let mut path = store.as_os_str().to_owned();
        path.push(".slack.json");
        let path = PathBuf::from(path);
        let kept = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Self { path, kept: Mutex::new(kept.unwrap_or_default()) }
    }

    /// The message of a subject, e.g. `incident/7`.
    pub fn of(&self, subject: &str) -> Option<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(subject).cloned()
    }

    /// Remembers it, on disk before anything else is done.
    ///
    /// # Errors
    /// What the disk says.
    pub fn keep(&self, subject: &str, message: Kept) -> std::io::Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(subject.to_owned(), message);
        while kept.len() > MAX_KEPT {
            let oldest = kept.iter().min_by(|one, other| one.1.ts.0.cmp(&other.1.ts.0));
            let Some(oldest) = oldest.map(|(subject, _)| subject.clone()) else { break };
            kept.remove(&oldest);
        }
        let text = serde_json::to_vec(&*kept)?;
        // Whole or not at all: a crash in the middle must not lose what was there.
        let half = self.path.with_extension("json.new");
        std::fs::write(&half, text)?;
        std::fs::rename(&half, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_outlives_the_process_and_what_is_unreadable_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("allclear.db");
        let message = Kept { channel: "C1".into(), ts: "1.2".into(), told: 3 };
        Book::beside(&store).keep("incident/7", message.clone()).unwrap();
        assert_eq!(Book::beside(&store).of("incident/7"), Some(message));
        std::fs::write(folder.path().join("allclear.db.slack.json"), "{").unwrap();
        assert_eq!(Book::beside(&store).of("incident/7"), None);
    }
}
