//! Which message shows what, and how far the room was told: the adapter's own memory, beside the store. Lost, it costs
//! a second card and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use shared::time::Ts;
use slack_morphism::prelude::{SlackChannelId, SlackTs};

/// Subjects remembered; beyond that the oldest messages are not edited any more.
const MAX_KEPT: usize = 2_000;
/// What stands before an incident's number in its subject.
const INCIDENT: &str = "incident/";

/// The subject of an incident.
pub fn incident_subject(number: u32) -> String {
    format!("{INCIDENT}{number}")
}

/// A subject's card, how far it was told, and the channel it has of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The channel of its card.
    pub channel: SlackChannelId,
    /// The card's time, which names it; none before it was posted.
    #[serde(default)]
    pub ts: Option<SlackTs>,
    /// The last turn that was told.
    pub told: u32,
    /// The timeline's lines that were told, counted from the first; 0 where an older version didn't count.
    #[serde(default)]
    pub lines: usize,
    /// What was being posted when this was written: whether it was is looked up before it is posted again.
    #[serde(default)]
    pub doubt: Option<Doubt>,
    /// The channel of its own.
    #[serde(default)]
    pub room: Room,
}

/// A post whose fate is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// Its key.
    pub key: String,
    /// When it was begun.
    pub at: Ts,
}

/// An incident's own channel, as far as it is made and furnished.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Room {
    /// The channel, once there is one.
    pub channel: Option<SlackChannelId>,
    /// Names that others had taken already.
    pub taken: u32,
    /// Whether it was found and not made: then what stands in it is looked up first.
    pub found: bool,
    /// The card in it.
    pub card: Option<SlackTs>,
    /// The runbook's checklist in it.
    pub checklist: Option<SlackTs>,
    /// Whether it says what it is for.
    pub purpose: bool,
    /// The card that is pinned.
    pub pinned: Option<SlackTs>,
    /// The topic that was set last.
    pub topic: Option<String>,
    /// Users who were brought in, or can't be.
    pub invited: BTreeSet<String>,
    /// Why it is not used any more, in Slack's word.
    pub closed: Option<String>,
    /// Whether people were told so.
    pub closed_told: bool,
}

impl Kept {
    /// A subject that nobody was told of yet.
    pub fn untold(channel: SlackChannelId) -> Self {
        Self { channel, ts: None, told: 0, lines: 0, doubt: None, room: Room::default() }
    }
}

impl Room {
    /// The channel, while it can be used.
    pub fn open(&self) -> Option<&SlackChannelId> {
        self.channel.as_ref().filter(|_| self.closed.is_none())
    }
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

    /// What is known of a subject, e.g. `incident/7`.
    pub fn of(&self, subject: &str) -> Option<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(subject).cloned()
    }

    /// The incident in whose own channel, or in whose thread, something was said.
    pub fn at_hand(&self, channel: &SlackChannelId, thread: Option<&SlackTs>) -> Option<u32> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |one: &Kept| {
            let in_thread =
                one.channel == *channel && one.ts.is_some() && one.ts.as_ref() == thread;
            one.room.channel.as_ref() == Some(channel) || in_thread
        };
        let (subject, _) = kept.iter().find(|(_, one)| is_it(one))?;
        subject.strip_prefix(INCIDENT)?.parse().ok()
    }

    /// Remembers it, on disk before anything else is done.
    ///
    /// # Errors
    /// What the disk says.
    pub fn keep(&self, subject: &str, message: Kept) -> std::io::Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(subject.to_owned(), message);
        while kept.len() > MAX_KEPT {
            let oldest = kept.iter().filter(|(one, _)| *one != subject);
            let oldest = oldest.min_by(|one, other| age(one.1).cmp(&age(other.1)));
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

fn age(kept: &Kept) -> Option<&str> {
    kept.ts.as_ref().map(|ts| ts.0.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(ts: &str) -> Kept {
        Kept { ts: Some(ts.into()), told: 3, ..Kept::untold("C1".into()) }
    }

    #[test]
    fn what_is_kept_outlives_the_process_and_what_is_unreadable_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("allclear.db");
        let mut message = kept("1.2");
        message.room.channel = Some("C2".into());
        message.doubt = Some(Doubt { key: "k".into(), at: Ts(5) });
        Book::beside(&store).keep("incident/7", message.clone()).unwrap();
        assert_eq!(Book::beside(&store).of("incident/7"), Some(message));
        std::fs::write(folder.path().join("allclear.db.slack.json"), "{").unwrap();
        assert_eq!(Book::beside(&store).of("incident/7"), None);
    }

    #[test]
    fn what_an_older_version_kept_is_read_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("allclear.db");
        let older = r#"{"incident/7":{"channel":"C1","ts":"1.2","told":3}}"#;
        std::fs::write(folder.path().join("allclear.db.slack.json"), older).unwrap();
        assert_eq!(Book::beside(&store).of("incident/7"), Some(kept("1.2")));
    }

    #[test]
    fn a_channel_or_a_thread_belongs_to_its_incident() {
        let folder = tempfile::tempdir().unwrap();
        let book = Book::beside(&folder.path().join("allclear.db"));
        let mut seventh = kept("1.2");
        seventh.room.channel = Some("C7".into());
        book.keep("incident/7", seventh).unwrap();
        book.keep("incident/8", kept("1.3")).unwrap();
        book.keep("operation/9", kept("1.4")).unwrap();
        book.keep("safety", Kept::untold("C1".into())).unwrap();
        let at = |channel: &str, thread: Option<&str>| {
            book.at_hand(&channel.into(), thread.map(SlackTs::from).as_ref())
        };
        assert_eq!(at("C7", None), Some(7));
        assert_eq!(at("C7", Some("9.9")), Some(7));
        assert_eq!(at("C1", Some("1.3")), Some(8));
        assert_eq!(at("C1", Some("1.4")), None);
        assert_eq!(at("C1", None), None);
    }
}
