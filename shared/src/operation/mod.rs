//! Operations: what people change by hand, always by the same way – plan, approve, run, verify.
//!
//! One journal, `operations`, holds them all: they are rare, and a number in it is the number people use. Whether an
//! operation may write is decided in [`crate::safety`], like for machines; nothing here is ever begun by a machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::effect::Act;
use crate::id::{EffectKey, PersonId};
use crate::ledger::{Body, Hash};
use crate::plan::Plan;
use crate::time::Ts;

mod decide;
mod event;
mod proposal;
mod react;
mod refusal;
mod settle;
mod story;

pub use decide::{Case, OperationWish, decide};
pub use event::{Ending, OperationEvent};
pub(crate) use proposal::data_rpo;
pub use proposal::{Gate, NoPlan, Proposal, Verdict, pick_target, propose};
pub use react::react;
pub use refusal::Refusal;
pub use settle::{settle, woken};
pub use story::{Line, ending_says, story};

/// How often an operation that did not take place is begun anew: whoever loses more requests has no use for another.
const RESUMES_MAX: u32 = 5;

/// The journal's stream.
pub const OPERATIONS_STREAM: &str = "operations";

/// An operation: the fold of its events.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The number people use, from 1.
    pub number: u32,
    /// What it does.
    pub act: Act,
    /// Who asked for it.
    pub by: PersonId,
    /// Why.
    pub because: Arc<str>,
    /// The incident it belongs to, by its number.
    pub incident: Option<u32>,
    /// What was shown to those who agreed.
    pub proposal: Proposal,
    /// The hash of the proposal: what they agreed to.
    pub hash: Hash,
    /// When it was planned: plan and approvals expire together.
    pub planned_at: Ts,
    /// Who else agreed.
    pub approvals: Vec<PersonId>,
    /// How often it was begun anew, having not taken place.
    pub resumes: u32,
    /// How far it is.
    pub stage: Stage,
}

/// How far an operation is.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Shown to people; nothing has happened.
    Planned,
    /// Run: it is being checked that nothing has changed since.
    Checking,
    /// The change is under way.
    Acting,
    /// Its reply was lost: it is being read back.
    ReadingBack {
        /// The effect whose reply was lost.
        operation: EffectKey,
    },
    /// It took place and is being verified.
    Verifying,
    /// It is over.
    Over(Ending),
}

impl Operation {
    /// Who agrees and is still in the plan, the one who asked first. Whoever left doesn't count.
    pub fn agreeing<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = &'a PersonId> {
        let all = std::iter::once(&self.by).chain(&self.approvals);
        all.filter(|person| plan.person(person).is_some())
    }

    /// The three digits by which that person approves this very plan where no hash can be typed: by phone and by text.
    /// They name hash and person, and are good for nobody else; the number they come from must be theirs, too.
    pub fn code(&self, person: &PersonId) -> u32 {
        let number = self.number.to_be_bytes();
        let hash = Hash::of(&[b"approve", &number, &self.hash.0, person.as_str().as_bytes()]);
        100 + u32::from_be_bytes([0, 0, hash.0[0], hash.0[1]]) % 900
    }

    /// How many more people must agree.
    pub fn missing(&self, plan: &Plan) -> u32 {
        let agreeing = self.agreeing(plan).count() as u32;
        plan.approvals.needed(&self.act).saturating_sub(agreeing)
    }

    /// Whether the plan people saw is too old to be run.
    pub fn expired(&self, plan: &Plan, now: Ts) -> bool {
        now.since(self.planned_at) > plan.approvals.valid_for
    }

    /// Whether it may be begun anew, if it did not take place: the plan people saw must still hold.
    fn may_resume(&self, plan: &Plan, now: Ts) -> bool {
        self.resumes < RESUMES_MAX && !self.expired(plan, now)
    }

    /// Whether it is neither planned only nor over.
    pub fn under_way(&self) -> bool {
        !matches!(self.stage, Stage::Planned | Stage::Over(_))
    }

    /// Whether these digits name the plan people saw.
    pub fn is_named(&self, digits: &str) -> bool {
        self.hash.is_named(digits)
    }
}

/// The fold of the journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Operations {
    /// Every operation by its number.
    pub all: BTreeMap<u32, Operation>,
    /// Which operation a turn belongs to: an effect's key names the turn that owes it.
    turns_of: BTreeMap<u32, u32>,
    /// Turns so far.
    pub turns: u32,
    /// Hash of the last turn.
    pub head: Hash,
}

impl Operations {
    /// The number the next operation gets.
    pub fn next_number(&self) -> u32 {
        self.all.last_key_value().map_or(1, |(number, _)| number + 1)
    }

    /// The plan that a person approves by that code; `None` where it names none, or more than one.
    pub fn coded(&self, person: &PersonId, code: u32) -> Option<&Operation> {
        let waits = |one: &&Operation| one.stage == Stage::Planned && one.code(person) == code;
        let mut found = self.all.values().filter(waits);
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// The operation that owes an effect.
    pub fn owing(&self, key: &EffectKey) -> Option<&Operation> {
        self.all.get(self.turns_of.get(&key.turn)?)
    }

    /// Folds a turn of the journal.
    pub fn apply_turn(&mut self, body: &Body<OperationEvent>, hash: Hash) {
        self.turns = body.turn;
        self.head = hash;
        for event in &body.events {
            self.turns_of.insert(body.turn, event.number());
            self.apply(event, body.at);
        }
    }

    /// Folds one event. Total: what belongs to no operation changes nothing.
    pub fn apply(&mut self, event: &OperationEvent, at: Ts) {
        if let OperationEvent::Planned { number, by, because, incident, act, proposal, .. } = event
        {
            let planned = Operation {
                number: *number,
                act: act.clone(),
                by: by.clone(),
                because: because.clone(),
                incident: *incident,
                hash: proposal.hash(act),
                proposal: proposal.clone(),
                planned_at: at,
                approvals: Vec::new(),
                resumes: 0,
                stage: Stage::Planned,
            };
            self.all.insert(*number, planned);
        } else if let Some(operation) = self.all.get_mut(&event.number()) {
            operation.apply(event);
        }
    }
}

impl Operation {
    fn apply(&mut self, event: &OperationEvent) {
        match event {
            OperationEvent::Planned { .. }
            | OperationEvent::Purged { .. }
            | OperationEvent::ReadingAgain { .. }
            | OperationEvent::ReadBackFailed { .. } => {}
            OperationEvent::Approved { by, .. } => self.approvals.push(by.clone()),
            OperationEvent::Started { .. } => self.stage = Stage::Checking,
            OperationEvent::Resumed { .. } => {
                self.resumes += 1;
                self.stage = Stage::Checking;
            }
            OperationEvent::Unchanged { .. } => self.stage = Stage::Acting,
            OperationEvent::TookPlace { .. } => self.stage = Stage::Verifying,
            OperationEvent::ReplyLost { operation, .. } => {
                self.stage = Stage::ReadingBack { operation: operation.clone() };
            }
            OperationEvent::Ended { ending, .. } => self.stage = Stage::Over(ending.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
