//! People's phones, whoever calls them: each does what its script says, and remembers what it heard.
//!
//! A call or a message that no script expects fails the test, and so does an answer of ours that a provider would not take.
//! Both are said when the phones are dropped, so that no test can forget to ask.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

mod faults;
mod keys;

pub use faults::{Fault, Faults};
pub use keys::Keys;

/// What somebody does when their phone rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Picks up and presses these keys, one after the other; then listens on, and hangs up after the second repetition.
    Presses(&'static str),
    /// Doesn't hear it.
    Sleeps,
    /// Talks to somebody else.
    Busy,
    /// Lets a machine answer.
    Voicemail,
    /// Picks up and hangs up in the middle of the first sentence.
    HangsUp,
}

/// What happened at a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It rang, and this is what its owner did.
    Rang(Reaction),
    /// This was said.
    Heard(String),
    /// This was pressed.
    Pressed(String),
    /// A message came.
    Text(String),
}

/// One line of what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose phone: its number.
    pub number: String,
    /// Through which provider.
    pub via: &'static str,
    /// What.
    pub what: Happening,
}

#[derive(Default)]
struct State {
    scripts: BTreeMap<String, Script>,
    entries: Vec<Entry>,
    objections: Vec<String>,
    forgiving: bool,
}

#[derive(Default)]
struct Script {
    next: VecDeque<Reaction>,
    always: Option<Reaction>,
    takes_texts: bool,
}

/// All phones. Dropped, they fail the test if anything was not as it should be.
#[derive(Default)]
pub struct Phones {
    /// What providers need.
    pub(super) lines: Lines,
}

/// The providers' way to the phones.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<State>>);

impl Phones {
    /// The next time that number rings, this happens; several wait for their turn.
    pub fn next(&self, number: &str, reaction: Reaction) {
        self.lines.script(number, |script| script.next.push_back(reaction));
    }

    /// Whenever that number rings and nothing else was said, this happens.
    pub fn always(&self, number: &str, reaction: Reaction) {
        self.lines.script(number, |script| script.always = Some(reaction));
    }

    /// That number may get messages.
    pub fn takes_texts(&self, number: &str) {
        self.lines.script(number, |script| script.takes_texts = true);
    }

    /// The server may be away for a while: what providers object to is no failure.
    pub fn forgive(&self) {
        self.lines.lock().forgiving = true;
    }

    /// What happened at all phones, in order.
    pub fn happened(&self) -> Vec<Entry> {
        self.lines.lock().entries.clone()
    }

    /// What happened at a phone, in order.
    pub fn at(&self, number: &str) -> Vec<Entry> {
        let state = self.lines.lock();
        state.entries.iter().filter(|entry| entry.number == number).cloned().collect()
    }

    /// What was said at a phone, in order.
    pub fn heard(&self, number: &str) -> Vec<String> {
        let said = |entry: Entry| match entry.what {
            Happening::Heard(text) => Some(text),
            Happening::Rang(_) | Happening::Pressed(_) | Happening::Text(_) => None,
        };
        self.at(number).into_iter().filter_map(said).collect()
    }

    /// The messages of a phone, in order.
    pub fn texts(&self, number: &str) -> Vec<String> {
        let text = |entry: Entry| match entry.what {
            Happening::Text(text) => Some(text),
            Happening::Rang(_) | Happening::Heard(_) | Happening::Pressed(_) => None,
        };
        self.at(number).into_iter().filter_map(text).collect()
    }

    /// Through whom a phone was rung, in order.
    pub fn rung_by(&self, number: &str) -> Vec<&'static str> {
        let rang = |entry: &Entry| matches!(entry.what, Happening::Rang(_)).then_some(entry.via);
        self.at(number).iter().filter_map(rang).collect()
    }

    /// What nobody expected, or a provider would not have taken.
    pub fn objections(&self) -> Vec<String> {
        self.lines.lock().objections.clone()
    }

    /// Everything that happened, for the message of a test that waits in vain.
    pub fn story(&self) -> String {
        let state = self.lines.lock();
        let mut story = String::new();
        for Entry { number, via, what } in &state.entries {
            let _ = writeln!(story, "{number} {via}: {what:?}");
        }
        state.objections.iter().for_each(|one| story += &format!("OBJECTION {one}\n"));
        story
    }
}

impl Drop for Phones {
    fn drop(&mut self) {
        let story = self.story();
        let state = self.lines.lock();
        let unheard = state.objections.is_empty() || state.forgiving || std::thread::panicking();
        assert!(unheard, "this was not as it should be:\n{story}");
    }
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn script(&self, number: &str, change: impl FnOnce(&mut Script)) {
        change(self.lock().scripts.entry(number.to_owned()).or_default());
    }

    /// Something is not as it should be.
    pub fn object(&self, objection: String) {
        self.lock().objections.push(objection);
    }

    /// Rings, and says what its owner does.
    pub fn ring(&self, number: &str, via: &'static str) -> Reaction {
        let mut state = self.lock();
        let script = state.scripts.get_mut(number);
        let reaction = script.and_then(|script| script.next.pop_front().or(script.always));
        if reaction.is_none() {
            state.objections.push(format!("{via} called {number}, and nobody expected it"));
        }
        let reaction = reaction.unwrap_or(Reaction::Sleeps);
        state.note(number, via, Happening::Rang(reaction));
        reaction
    }

    /// A message arrives.
    pub fn text(&self, number: &str, via: &'static str, text: &str) {
        let mut state = self.lock();
        if !state.scripts.get(number).is_some_and(|script| script.takes_texts) {
            state.objections.push(format!("{via} wrote to {number}, unexpected: {text}"));
        }
        state.note(number, via, Happening::Text(text.to_owned()));
    }

    /// Something is said at a phone, or pressed.
    pub fn note(&self, number: &str, via: &'static str, what: Happening) {
        self.lock().note(number, via, what);
    }
}

impl State {
    fn note(&mut self, number: &str, via: &'static str, what: Happening) {
        self.entries.push(Entry { number: number.to_owned(), via, what });
    }
}
