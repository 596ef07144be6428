//! What a night is judged by: not what carriers say, but what is in the timeline and what was heard at the phones.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{ACKNOWLEDGED, Night, Played};
use crate::exchange::{FIRST, SECOND};
use crate::standin::phones::{Entry, Happening, Phones};

/// A confirmation follows its key within this, or never comes.
const SPOKEN_WITHIN: Duration = Duration::from_secs(10);
/// How often that is looked for.
const EVERY: Duration = Duration::from_millis(50);

/// Something that was promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Whether it was kept.
    pub kept: bool,
    /// What.
    pub what: &'static str,
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<6} {}", if self.kept { "kept" } else { "BROKEN" }, self.what)
    }
}

/// Judges a night by its traces.
pub fn judge(night: Night, played: &Played) -> Vec<Promise> {
    let Played { timeline, happened, objections, verified } = played;
    let theirs = "senior-developer has it (by keypad)";
    let key = place(happened, |what| matches!(what, Happening::Pressed(_)));
    let once = timeline.matches(ACKNOWLEDGED).count() == 1 && timeline.contains(theirs);
    let promise = |what, kept| Promise { kept, what };
    vec![
        promise("somebody has it", timeline.contains(ACKNOWLEDGED)),
        promise("it is whoever pressed the key, once", key.is_some() && once),
        promise("it was confirmed, after the key and to them alone", confirmed(happened, key)),
        promise("before minute 15, the plan's outer bound", !timeline.contains("rung 4")),
        promise("the timeline says what failed", says_what_failed(night, timeline)),
        promise("no carrier shares another's fate", went_elsewhere(night, happened)),
        promise("nobody unexpected was called, no answer refused", objections.is_empty()),
        promise("the ledger's chain is whole", *verified),
    ]
}

/// Waits for the confirmation, which is spoken a moment after the commit.
pub(super) async fn confirmed_or_late(phones: &Phones) {
    let begun = Instant::now();
    while begun.elapsed() < SPOKEN_WITHIN && !phones.happened().iter().any(confirms) {
        sleep(EVERY).await;
    }
}

/// Where that first happened at the second responder's phone.
fn place(happened: &[Entry], it: impl Fn(&Happening) -> bool) -> Option<usize> {
    happened.iter().position(|entry| entry.number == SECOND && it(&entry.what))
}

fn confirms(entry: &Entry) -> bool {
    matches!(&entry.what, Happening::Heard(words) if words.contains("is yours"))
}

fn confirmed(happened: &[Entry], key: Option<usize>) -> bool {
    let said: Vec<_> = happened.iter().enumerate().filter(|(_, entry)| confirms(entry)).collect();
    let theirs = said.iter().all(|(at, entry)| entry.number == SECOND && Some(*at) > key);
    key.is_some() && !said.is_empty() && theirs
}

fn says_what_failed(night: Night, timeline: &str) -> bool {
    match night {
        Night::None => timeline.contains("no answer"),
        Night::FirstDead => timeline.contains("twilio"),
        // What it said last was that somebody had picked up.
        Night::DiesMidCall => timeline.contains("picked up") || timeline.contains("on the line"),
        Night::Lies => timeline.contains("no key pressed"),
        Night::BothDown => timeline.contains("twilio") && timeline.contains("vonage"),
    }
}

/// Who took it was not reached by the carrier that failed.
fn went_elsewhere(night: Night, happened: &[Entry]) -> bool {
    let rang = |number: &str, via: &str| {
        let rings = |one: &&Entry| matches!(one.what, Happening::Rang(_)) && one.via == via;
        happened.iter().filter(rings).any(|one| one.number == number)
    };
    match night {
        Night::None => rang(FIRST, "twilio") && rang(FIRST, "vonage"),
        Night::FirstDead | Night::DiesMidCall | Night::Lies | Night::BothDown => {
            rang(SECOND, "vonage") && !rang(SECOND, "twilio")
        }
    }
}
