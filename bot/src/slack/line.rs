//! How the way to Slack stands: for `/health`, for the doctor, and for people at a terminal.
//!
//! While Slack is down a file beside the store says so: other processes read it, and a server that starts anew goes on
//! from it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::time::{Span, Ts};
use tokio::sync::Notify;

/// So many failures in a row are no accident.
const FAILURES: u32 = 3;
/// A room that can't be told for this long is as good as a Slack that is down.
const UNTOLD_MAX: Span = Span::mins(3);

/// Since when Slack is down, and what it says, if anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Down {
    /// Since the first failure.
    pub since: Ts,
    /// The last reason.
    pub why: String,
}

impl Down {
    /// What the server of a store last said of it.
    pub fn beside(store: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(file_beside(store)).ok()?).ok()
    }
}

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "down since {}: {}", self.since.rfc3339(), self.why)
    }
}

/// What a canary brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing that was not said already.
    None,
    /// Slack counts as down from now on.
    Down(Down),
    /// It is over.
    Back(Down),
}

/// The way to Slack.
#[derive(Debug)]
pub struct Line {
    file: PathBuf,
    known: Mutex<Known>,
    doubt: Notify,
}

#[derive(Debug, Default)]
struct Known {
    failures: u32,
    first_failure: Option<Ts>,
    down: Option<Down>,
    /// Since when the room can't be told.
    untold: Option<Down>,
    told: Option<Ts>,
    socket: Option<(String, Ts)>,
}

impl Line {
    /// As the last server of this store left it.
    pub fn beside(store: &Path) -> Self {
        let known = Known { down: Down::beside(store), ..Known::default() };
        Self { file: file_beside(store), known: Mutex::new(known), doubt: Notify::new() }
    }

    /// Slack answered a canary; a room that can't be told counts as a failure all the same.
    pub fn answers(&self, now: Ts) -> News {
        let untold = self.lock().untold.clone();
        if let Some(untold) = untold.filter(|untold| now.since(untold.since) > UNTOLD_MAX) {
            return self.goes_down(untold);
        }
        let mut known = self.lock();
        (known.failures, known.first_failure) = (0, None);
        let over = known.down.take();
        drop(known);
        let Some(over) = over else { return News::None };
        self.forget();
        News::Back(over)
    }

    /// A canary came back without an answer.
    pub fn fails(&self, why: &str, now: Ts) -> News {
        let mut known = self.lock();
        known.failures = known.failures.saturating_add(1);
        let since = *known.first_failure.get_or_insert(now);
        let is_enough = known.failures >= FAILURES;
        drop(known);
        if is_enough { self.goes_down(Down { since, why: why.to_owned() }) } else { News::None }
    }

    /// Whether everything is as it should be.
    pub fn is_well(&self) -> bool {
        let known = self.lock();
        known.failures == 0 && known.down.is_none()
    }

    /// The room was told something.
    pub fn told(&self, now: Ts) {
        let mut known = self.lock();
        (known.told, known.untold) = (Some(now), None);
    }

    /// The room could not be told something.
    pub fn untold(&self, why: &str, now: Ts) {
        let mut known = self.lock();
        let since = known.untold.as_ref().map_or(now, |untold| untold.since);
        known.untold = Some(Down { since, why: format!("the room can't be told: {why}") });
        self.doubt.notify_one();
    }

    /// A socket is open.
    pub fn opens(&self, now: Ts) {
        self.lock().socket = Some(("open".into(), now));
    }

    /// None is open any more.
    pub fn closes(&self, why: &str, now: Ts) {
        self.lock().socket = Some((format!("closed: {why}"), now));
        self.doubt.notify_one();
    }

    /// Waits until there is a reason to ask whether Slack is still there.
    pub async fn doubted(&self) {
        self.doubt.notified().await;
    }

    /// As `/health` shows it.
    pub fn health(&self) -> Value {
        let known = self.lock();
        let since = |(state, since): &(String, Ts)| format!("{state}, since {}", since.rfc3339());
        json!({
            "slack": known.down.as_ref().map_or_else(|| "ok".into(), Down::to_string),
            "slack_socket": known.socket.as_ref().map(since),
            "slack_told": known.told.map(Ts::rfc3339),
        })
    }

    fn goes_down(&self, down: Down) -> News {
        let mut known = self.lock();
        if known.down.is_some() {
            return News::None;
        }
        known.down = Some(down.clone());
        drop(known);
        let written = serde_json::to_vec(&down).map(|text| std::fs::write(&self.file, text));
        if let Ok(Err(error)) = written {
            tracing::warn!(%error, "failed to leave word that Slack is down");
        }
        News::Down(down)
    }

    fn forget(&self) {
        if let Err(error) = std::fs::remove_file(&self.file) {
            tracing::warn!(%error, "failed to take back the word that Slack is down");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file_beside(store: &Path) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(".slack.down");
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Ts = Ts(1_736_164_980_000);

    #[test]
    fn three_failures_in_a_row_are_said_once_and_the_end_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("allclear.db");
        let line = Line::beside(&store);
        assert_eq!(line.fails("HTTP 503", AT), News::None);
        assert_eq!(line.fails("HTTP 503", AT + Span::secs(5)), News::None);
        assert_eq!(line.answers(AT + Span::secs(6)), News::None, "two are an accident");
        let mut news: Vec<News> = (10..20)
            .map(|second| line.fails("HTTP 503", AT + Span::secs(second)))
            .filter(|news| *news != News::None)
            .collect();
        let down = Down { since: AT + Span::secs(10), why: "HTTP 503".into() };
        assert_eq!((news.pop(), news.len()), (Some(News::Down(down.clone())), 0));
        assert_eq!(Down::beside(&store), Some(down.clone()));
        let restarted = Line::beside(&store);
        assert_eq!(restarted.health()["slack"], down.to_string());
        assert_eq!(restarted.answers(AT + Span::secs(30)), News::Back(down));
        assert_eq!(Down::beside(&store), None);
        assert_eq!(restarted.answers(AT + Span::secs(31)), News::None);
    }

    #[test]
    fn a_slack_that_answers_and_takes_no_message_is_down() {
        let folder = tempfile::tempdir().unwrap();
        let line = Line::beside(&folder.path().join("allclear.db"));
        line.untold("not_in_channel", AT);
        line.untold("not_in_channel", AT + Span::mins(2));
        assert_eq!(line.answers(AT + Span::mins(3)), News::None);
        let News::Down(down) = line.answers(AT + Span::mins(4)) else { panic!("it is down") };
        assert_eq!((down.since, down.why.contains("not_in_channel")), (AT, true));
        assert_eq!(line.answers(AT + Span::mins(5)), News::None, "said once");
        line.told(AT + Span::mins(6));
        assert_eq!(line.answers(AT + Span::mins(6)), News::Back(down));
    }
}
