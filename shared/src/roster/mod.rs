//! Who is on call, and who can be reached: the plan's rotation, and the journal of what people change about it.
//!
//! In the journal are who stands in for a while, whom texts no longer reach, tests of people's phones, and who could not be
//! reached when it was looked. All of it is turns like any others: replayable, and on record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::effect::{Outcome, Page};
use crate::id::{EffectKey, PersonId};
use crate::ledger::{Body, Hash};
use crate::page::{Report, Stage, Stand};
use crate::plan::ContactKind;
use crate::time::Ts;

mod decide;
mod readiness;
mod rotation;

pub use decide::{Refusal, RosterWish, decide, delivered, react, settled};
pub use readiness::{Gap, due_for_test, gaps, news};
pub use rotation::{Shift, on_call_at, shifts};

/// The stream of the journal.
pub const ROSTER_STREAM: &str = "roster";
/// Tests of phones that are remembered.
pub const MAX_TESTS: usize = 50;
/// Stand-ins that are remembered; those that are over go first.
pub const MAX_COVERS: usize = 200;

/// Something that happened to the roster. The ledger keeps these for ever: names and fields only grow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RosterEvent {
    /// Somebody stands in.
    Covered(Cover),
    /// Somebody stands in no longer.
    Uncovered {
        /// Which cover.
        number: u32,
        /// Who says so.
        by: PersonId,
    },
    /// Texts do not reach somebody any more: they wrote `STOP`, or their carrier says that they did.
    OptedOut {
        /// Whom.
        person: PersonId,
    },
    /// Texts reach them again.
    OptedIn {
        /// Whom.
        person: PersonId,
    },
    /// Somebody's phone is tested with real pages.
    TestAsked {
        /// Its number, from 1.
        number: u32,
        /// Whose.
        person: PersonId,
        /// By what.
        means: Vec<ContactKind>,
        /// Who asks.
        by: PersonId,
    },
    /// A page of a test went out, or could not.
    TestPaged {
        /// The test.
        number: u32,
        /// The page.
        page: Page,
        /// What came of it.
        outcome: Outcome,
        /// Its effect.
        key: EffectKey,
    },
    /// A provider says more of a page of a test.
    TestDelivered {
        /// The test.
        number: u32,
        /// The page.
        page: Page,
        /// What it says.
        report: Report,
        /// Its effect.
        key: EffectKey,
    },
    /// The person has heard or read it: their own act, as an acknowledgement is.
    TestHeard {
        /// The test.
        number: u32,
        /// How.
        via: Arc<str>,
    },
    /// It was looked whether everybody can be reached who would be called, and what was found is news.
    Reviewed {
        /// Whom nothing reaches, and why; empty: everybody can be reached again.
        gaps: Vec<Gap>,
    },
}

/// Somebody stands in for whoever it would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cover {
    /// Its number, from 1.
    pub number: u32,
    /// Who stands in.
    pub person: PersonId,
    /// From when.
    pub from: Ts,
    /// Until when.
    pub until: Ts,
    /// Who said so.
    pub by: PersonId,
}

/// A test of somebody's phone.
#[derive(Clone, Debug, PartialEq)]
pub struct PhoneTest {
    /// Its number, from 1.
    pub number: u32,
    /// Whose.
    pub person: PersonId,
    /// Who asked.
    pub by: PersonId,
    /// When.
    pub at: Ts,
    /// What became of its pages.
    pub pages: BTreeMap<ContactKind, Stand>,
    /// When and how they said that they heard it.
    pub heard: Option<(Ts, Arc<str>)>,
}

impl PhoneTest {
    /// The number it is answered with.
    pub fn code(&self) -> u32 {
        let hash =
            Hash::of(&[b"test", &self.number.to_be_bytes(), self.person.as_str().as_bytes()]);
        100 + u32::from_be_bytes([0, 0, hash.0[0], hash.0[1]]) % 900
    }
}

/// The roster: the fold of its journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roster {
    /// Who stands in; the newest counts.
    pub covers: Vec<Cover>,
    /// Whom texts do not reach.
    pub opted_out: BTreeSet<PersonId>,
    /// Tests of phones, oldest first.
    pub tests: Vec<PhoneTest>,
    /// What was found last when it was looked whether everybody can be reached, and when.
    pub reviewed: Option<(Ts, Vec<Gap>)>,
    /// Covers and tests so far.
    pub numbers: u32,
    /// Turns so far.
    pub turns: u32,
    /// Hash of the last turn.
    pub head: Hash,
}

impl Roster {
    /// Folds a turn of the journal.
    pub fn apply_turn(&mut self, body: &Body<RosterEvent>, hash: Hash) {
        self.turns = body.turn;
        self.head = hash;
        for event in &body.events {
            self.apply(event, body.at);
        }
    }

    fn apply(&mut self, event: &RosterEvent, at: Ts) {
        match event {
            RosterEvent::Covered(cover) => {
                self.numbers = cover.number;
                if self.covers.len() >= MAX_COVERS {
                    self.covers.retain(|one| one.until > at);
                }
                self.covers.push(cover.clone());
            }
            RosterEvent::Uncovered { number, .. } => {
                self.covers.retain(|one| one.number != *number);
            }
            RosterEvent::OptedOut { person } => drop(self.opted_out.insert(person.clone())),
            RosterEvent::OptedIn { person } => drop(self.opted_out.remove(person)),
            RosterEvent::TestAsked { number, person, means, by } => {
                self.numbers = *number;
                let pages = means.iter().map(|by| (*by, Stand::owed(0, at))).collect();
                let (person, by) = (person.clone(), by.clone());
                self.tests.push(PhoneTest { number: *number, person, by, at, pages, heard: None });
                let surplus = self.tests.len().saturating_sub(MAX_TESTS);
                self.tests.drain(..surplus);
            }
            RosterEvent::TestPaged { number, page, outcome, key } => {
                if let Some(copy) = self.copy(*number, page, at) {
                    copy.settled(Some(key), outcome, at);
                }
            }
            RosterEvent::TestDelivered { number, page, report, key } => {
                if report.stage == Stage::OptedOut {
                    self.opted_out.insert(page.person.clone());
                }
                if let Some(copy) = self.copy(*number, page, at) {
                    copy.said(key, report, at);
                }
            }
            RosterEvent::TestHeard { number, via } => {
                if let Some(test) = self.tests.iter_mut().find(|one| one.number == *number) {
                    test.heard.get_or_insert((at, via.clone()));
                }
            }
            RosterEvent::Reviewed { gaps } => self.reviewed = Some((at, gaps.clone())),
        }
    }

    fn copy(&mut self, number: u32, page: &Page, at: Ts) -> Option<&mut crate::page::Copy> {
        let test = self.tests.iter_mut().find(|one| one.number == number)?;
        test.pages.get_mut(&page.by)?.copy_mut(page.copy, at)
    }

    /// The test of that number.
    pub fn test(&self, number: u32) -> Option<&PhoneTest> {
        self.tests.iter().find(|one| one.number == number)
    }

    /// The last test of that person they have not answered; with a code, the one it names.
    pub fn awaits(&self, person: &PersonId, code: Option<u32>) -> Option<&PhoneTest> {
        let named = |one: &&PhoneTest| code.is_none_or(|code| code == one.code());
        let open = self.tests.iter().rev().filter(|one| one.person == *person);
        open.filter(|one| one.heard.is_none()).find(named)
    }
}

#[cfg(test)]
mod tests;
