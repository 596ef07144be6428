//! The timeline: what happened, line by line, for a person who was just woken.
//!
//! [`timeline`] folds verified turns into lines; like events close together become one line. How an event is
//! said is in [`words`]. Colour, width and page layout belong to the faces and are deliberately absent.

use std::fmt;
use std::sync::Arc;

use crate::effect::Outcome;
use crate::incident::Event;
use crate::ledger::Body;
use crate::time::{Span, Ts};

mod looks;
mod plain;
mod words;

pub use looks::{changes_say, looked_says};
pub use plain::plain;
pub use words::{act_says, contact_says, purged_says, role_says, witness_says};

/// Like events within this time are one line.
const FOLD_WITHIN: Span = Span::secs(60);
/// Lines looked back over for one to fold into: pages and looks arrive interleaved.
const FOLD_BACK: usize = 4;

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it was recorded.
    pub at: Ts,
    /// Time since the outage began; negative where a line came before the first failing probe.
    pub after: Span,
    /// The first turn it comes from.
    pub turn: u32,
    /// What sort of thing it is.
    pub mark: Mark,
    /// Who or what caused it, as the ledger names it.
    pub actor: Arc<str>,
    /// The sentence: plain text without control characters and phone numbers.
    pub text: String,
    /// The event's name in the ledger, e.g. `paged`.
    pub event_kind: &'static str,
}

/// One line without layout, e.g. `14:03:22  +0:42  PAGE  rung 1: lead-developer by voice (code 731)`.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, after, mark, text, .. } = self;
        write!(f, "{}  {:>6}  {:<6}  {text}", at.clock(), elapsed(*after), mark.word())
    }
}

/// What sort of thing a line is. It has a word and a sign, so that colour is never needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// Something got worse.
    Alarm,
    /// Somebody saw something.
    Evidence,
    /// People are woken.
    Page,
    /// A person did or said something.
    Person,
    /// The world was looked at.
    Look,
    /// A decision with its reasons.
    Choice,
    /// A machine changed something, or tried to.
    Action,
    /// It got better.
    Recovery,
    /// It is over.
    Clear,
    /// Worth knowing.
    Note,
}

impl Mark {
    /// Every mark, for legends.
    pub const ALL: [Self; 10] = [
        Self::Alarm,
        Self::Evidence,
        Self::Page,
        Self::Person,
        Self::Look,
        Self::Choice,
        Self::Action,
        Self::Recovery,
        Self::Clear,
        Self::Note,
    ];

    /// Its word: at most six letters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Alarm => "ALARM",
            Self::Evidence => "SEEN",
            Self::Page => "PAGE",
            Self::Person => "PERSON",
            Self::Look => "LOOK",
            Self::Choice => "DECIDE",
            Self::Action => "ACT",
            Self::Recovery => "BETTER",
            Self::Clear => "CLEAR",
            Self::Note => "NOTE",
        }
    }

    /// Its sign: one column wide.
    pub fn sign(self) -> char {
        match self {
            Self::Alarm => '!',
            Self::Evidence => '◆',
            Self::Page => '»',
            Self::Person => '@',
            Self::Look => '?',
            Self::Choice => '◇',
            Self::Action => '►',
            Self::Recovery => '↑',
            Self::Clear => '✓',
            Self::Note => '·',
        }
    }
}

/// A time since the outage began as people compare it: `+0:42`, `+1:02:03`, `-0:05`.
pub fn elapsed(span: Span) -> String {
    let sign = if span.0 < 0 { '-' } else { '+' };
    let seconds = span.0.abs() / 1_000;
    let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match h {
        0 => format!("{sign}{m}:{s:02}"),
        _ => format!("{sign}{h}:{m:02}:{s:02}"),
    }
}

/// Folds the turns of one incident, in order, into lines.
pub fn timeline(turns: &[Body<Event>]) -> Vec<Line> {
    let mut starts: Vec<Ts> = Vec::new();
    let mut entries: Vec<Entry> = Vec::new();
    for turn in turns {
        for event in &turn.events {
            learn_start(&mut starts, event);
            match entry_for(&mut entries, turn.at, event) {
                Some(entry) => entry.events.push(event),
                None => entries.push(Entry { turn, opening: starts.len(), events: vec![event] }),
            }
        }
    }
    entries.iter().map(|entry| entry.line(&starts)).collect()
}

/// Each opening has its own start; our first failing probe knows it better than a claim.
fn learn_start(starts: &mut Vec<Ts>, event: &Event) {
    match (event, starts.last_mut()) {
        (Event::Opened { since, .. }, _) => starts.push(*since),
        (Event::FirstFailure { since }, Some(start)) => *start = *since,
        _ => {}
    }
}

/// Events that become one line.
struct Entry<'a> {
    turn: &'a Body<Event>,
    opening: usize,
    events: Vec<&'a Event>,
}

impl Entry<'_> {
    fn line(&self, starts: &[Ts]) -> Line {
        let at = self.turn.at;
        let start = starts.get(self.opening.saturating_sub(1)).copied().unwrap_or(at);
        let (event_kind, mark) = words::sort(self.events[0]);
        Line {
            at,
            after: at - start,
            turn: self.turn.turn,
            mark,
            actor: self.turn.actor.clone(),
            text: plain(&words::say(&self.events, &self.turn.actor)),
            event_kind,
        }
    }
}

/// The recent line that an event belongs to. Only lines that fold are passed over on the way back.
fn entry_for<'a, 'b>(
    entries: &'b mut [Entry<'a>],
    at: Ts,
    event: &Event,
) -> Option<&'b mut Entry<'a>> {
    entries
        .iter_mut()
        .rev()
        .take(FOLD_BACK)
        .take_while(|entry| folds(entry.events[0]) && at.since(entry.turn.at) <= FOLD_WITHIN)
        .find(|entry| alike(entry.events[0], event))
}

fn folds(event: &Event) -> bool {
    alike(event, event)
}

/// Whether two events say the same sort of thing about different things.
fn alike(one: &Event, other: &Event) -> bool {
    use Event::{Delivered, Found, Joined, LookFailed, Paged};
    match (one, other) {
        (Paged { page: a, outcome: x, .. }, Paged { page: b, outcome: y, .. }) => {
            (a.rung, a.copy, fate(x)) == (b.rung, b.copy, fate(y))
        }
        (Delivered { report: a, again: x, .. }, Delivered { report: b, again: y, .. }) => {
            (&a.stage, x) == (&b.stage, y)
        }
        (Found { .. } | LookFailed { .. }, Found { .. } | LookFailed { .. }) => true,
        (Joined { health: a, trust: x, .. }, Joined { health: b, trust: y, .. }) => {
            (a, x) == (b, y)
        }
        _ => false,
    }
}

/// What became of a page, as people say it; empty for one that a provider took.
fn fate(outcome: &Outcome) -> &'static str {
    use crate::effect::Finding;
    match outcome {
        Outcome::Done(Finding::WouldHave) => "dry run, nobody was paged",
        Outcome::Done(_) => "",
        Outcome::Later { .. } | Outcome::Never { .. } => "NOT sent",
        Outcome::Unknown { .. } => "perhaps not sent",
    }
}

#[cfg(test)]
mod tests;
