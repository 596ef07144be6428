//! Answers what people want of an operation, and what came of its effects. Pure, like the kernel.

use std::sync::Arc;

use super::event::{Ending, OperationEvent};
use super::proposal::{NoPlan, propose};
use super::{HASH_DIGITS_MIN, Operation, Operations, Stage};
use crate::effect::{Act, Aim, Effect, Finding, Look, Outcome, Survey, Timer};
use crate::id::{EffectKey, PersonId};
use crate::plan::Plan;
use crate::safety::Standing;
use crate::time::Ts;

/// What a decision depends on besides the operations.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Freeze, leases, what was done before.
    pub standing: &'a Standing,
    /// Every operation.
    pub operations: &'a Operations,
    /// The time.
    pub now: Ts,
}

/// What a person wants of an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum OperationWish {
    /// Show what would change.
    Plan {
        /// What for.
        aim: Aim,
        /// Why.
        because: String,
        /// What was seen just now.
        survey: Box<Survey>,
        /// The incident it belongs to.
        incident: Option<u32>,
    },
    /// Agree to the plan that was seen.
    Approve {
        /// The operation's number.
        number: u32,
        /// The first digits of the hash of the plan that was seen.
        hash: String,
    },
    /// Do it.
    Run {
        /// The operation's number.
        number: u32,
        /// The first digits of the hash of the plan that was seen.
        hash: String,
    },
    /// Call it off.
    Abort {
        /// The operation's number.
        number: u32,
        /// Why.
        because: String,
    },
}

impl OperationWish {
    /// The operation it is about; `None` for a new one.
    pub fn number(&self) -> Option<u32> {
        match self {
            Self::Plan { .. } => None,
            Self::Approve { number, .. }
            | Self::Run { number, .. }
            | Self::Abort { number, .. } => Some(*number),
        }
    }
}

/// Why a wish was not granted: one sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The person isn't in the plan.
    #[error("{0} is not in the plan: add them under [[people]] in plan.toml")]
    Stranger(PersonId),
    /// Nothing can be planned.
    #[error(transparent)]
    NoPlan(#[from] NoPlan),
    /// There is no such operation.
    #[error("there is no operation {0}: `allclear operation list` shows them")]
    NoSuch(u32),
    /// It was run or called off before.
    #[error("operation {number} is {stage}: plan a new one")]
    NotPlanned {
        /// Its number.
        number: u32,
        /// How far it is.
        stage: &'static str,
    },
    /// The plan that was seen is not this one.
    #[error(
        "that is not the plan of operation {number}: look at it again with `allclear operation show \
         {number}` and give at least {HASH_DIGITS_MIN} digits of its hash"
    )]
    OtherPlan {
        /// Its number.
        number: u32,
    },
    /// It is too old.
    #[error("the plan of operation {number} is older than {limit}: plan again, the world moves on")]
    Expired {
        /// Its number.
        number: u32,
        /// The limit.
        limit: String,
    },
    /// The one who asked, or somebody who agreed before.
    #[error("{by} has agreed to operation {number} already: another person must approve it")]
    SamePerson {
        /// Who.
        by: PersonId,
        /// Its number.
        number: u32,
    },
    /// More people must agree.
    #[error(
        "operation {number} needs {missing} more to agree: `allclear operation approve {number} \
         --plan {hash}` by somebody else"
    )]
    NotApproved {
        /// Its number.
        number: u32,
        /// How many are missing.
        missing: u32,
        /// The short hash of the plan.
        hash: String,
    },
    /// Something stands in the way that nobody may override.
    #[error("operation {number} cannot be run: {why}")]
    Stopped {
        /// Its number.
        number: u32,
        /// What.
        why: String,
    },
    /// Everything is frozen.
    #[error("everything is frozen by {by}: {why}; `allclear unfreeze` first")]
    Frozen {
        /// Who froze it.
        by: Arc<str>,
        /// Why.
        why: Arc<str>,
    },
    /// Somebody else is at the same target.
    #[error("{0} is under way on the same target: wait for its end")]
    Busy(String),
}

/// Decides what a person wants.
pub fn decide(
    case: Case,
    by: &PersonId,
    via: &Arc<str>,
    wish: &OperationWish,
) -> Result<OperationEvent, Refusal> {
    if case.plan.person(by).is_none() {
        return Err(Refusal::Stranger(by.clone()));
    }
    let (by, via) = (by.clone(), via.clone());
    match wish {
        OperationWish::Plan { aim, because, survey, incident } => {
            let (act, proposal) = propose(case.plan, case.standing, aim, survey, case.now)?;
            let (number, because) = (case.operations.next_number(), because.as_str().into());
            let incident = *incident;
            Ok(OperationEvent::Planned { number, by, via, because, incident, act, proposal })
        }
        OperationWish::Approve { number, hash } => {
            let operation = seen(case, *number, hash)?;
            if operation.by == by || operation.approvals.contains(&by) {
                return Err(Refusal::SamePerson { by, number: *number });
            }
            Ok(OperationEvent::Approved { number: *number, by, via })
        }
        OperationWish::Run { number, hash } => {
            may_run(case, seen(case, *number, hash)?)?;
            Ok(OperationEvent::Started { number: *number, by, via })
        }
        OperationWish::Abort { number, because } => {
            planned(case, *number)?;
            let ending = Ending::Aborted { by, because: because.clone() };
            Ok(OperationEvent::Ended { number: *number, ending })
        }
    }
}

/// The operation, if nothing has been done yet.
fn planned(case: Case<'_>, number: u32) -> Result<&'_ Operation, Refusal> {
    let operation = case.operations.all.get(&number).ok_or(Refusal::NoSuch(number))?;
    let stage = match operation.stage {
        Stage::Planned => return Ok(operation),
        Stage::Over(_) => "over",
        Stage::Checking | Stage::Acting | Stage::ReadingBack { .. } | Stage::Verifying => {
            "under way"
        }
    };
    Err(Refusal::NotPlanned { number, stage })
}

/// The operation, if this is the plan the person saw and it still holds.
fn seen<'a>(case: Case<'a>, number: u32, hash: &str) -> Result<&'a Operation, Refusal> {
    let operation = planned(case, number)?;
    if !operation.is_named(hash) {
        return Err(Refusal::OtherPlan { number });
    }
    if operation.expired(case.plan, case.now) {
        let limit = case.plan.approvals.valid_for.to_string();
        return Err(Refusal::Expired { number, limit });
    }
    Ok(operation)
}

fn may_run(case: Case, operation: &Operation) -> Result<(), Refusal> {
    let number = operation.number;
    if let Some(freeze) = &case.standing.frozen {
        return Err(Refusal::Frozen { by: freeze.by.clone(), why: freeze.why.clone() });
    }
    if let Some(stop) = operation.proposal.stops().next() {
        return Err(Refusal::Stopped { number, why: stop.says.clone() });
    }
    let missing = operation.missing(case.plan);
    if missing > 0 {
        let hash = operation.hash.short();
        return Err(Refusal::NotApproved { number, missing, hash });
    }
    let class = operation.act.class();
    if let Some(lease) = case.standing.leases.get(&class) {
        return Err(Refusal::Busy(format!("operation {}", lease.operation)));
    }
    let mut others = case.operations.all.values();
    match others.find(|other| other.under_way() && other.act.class() == class) {
        Some(other) => Err(Refusal::Busy(format!("operation {}", other.number))),
        None => Ok(()),
    }
}

/// What came of an effect of an operation. `None`: nobody waits for it any more.
pub fn settle(
    case: Case,
    key: &EffectKey,
    effect: &Effect,
    outcome: &Outcome,
) -> Option<OperationEvent> {
    let operation = case.operations.owing(key)?;
    let number = operation.number;
    let ended = |ending| Some(OperationEvent::Ended { number, ending });
    match (effect, &operation.stage) {
        (Effect::Look(Look::Survey(aim)), Stage::Checking) => {
            Some(checked(case, operation, aim, outcome))
        }
        (Effect::Act(_), Stage::Acting) => Some(acted(number, key, outcome)),
        (Effect::Look(Look::ReadBack { .. }), Stage::ReadingBack { .. }) => {
            Some(read_back(number, outcome))
        }
        (Effect::Look(Look::Verify(_)), Stage::Verifying) => ended(verified(outcome)),
        (Effect::Purge(_), _) => Some(OperationEvent::Purged { number, outcome: outcome.clone() }),
        _ => None,
    }
}

/// What people agreed to must still be what would be done.
fn checked(case: Case, operation: &Operation, aim: &Aim, outcome: &Outcome) -> OperationEvent {
    let number = operation.number;
    let drifted = |why| OperationEvent::Ended { number, ending: Ending::Drifted { why } };
    let survey = match outcome {
        Outcome::Done(Finding::Surveyed(survey)) => survey,
        other => {
            let why = format!("it could not be checked again first: {}", why(other));
            return OperationEvent::Ended { number, ending: Ending::Failed { why } };
        }
    };
    match propose(case.plan, case.standing, aim, survey, case.now) {
        Err(none) => drifted(none.to_string()),
        Ok((act, proposal)) if proposal.hash(&act) == operation.hash => {
            OperationEvent::Unchanged { number }
        }
        Ok((act, proposal)) => drifted(difference(operation, &act, &proposal)),
    }
}

/// The first thing that is no longer as people saw it.
fn difference(operation: &Operation, act: &Act, now: &super::Proposal) -> String {
    let then = &operation.proposal;
    if let Some(gate) = now.gates.iter().find(|gate| {
        !then.gates.iter().any(|old| old.what == gate.what && old.verdict == gate.verdict)
    }) {
        return gate.says.clone();
    }
    if let Some(change) = now.changes.iter().find(|change| !then.changes.contains(change)) {
        return format!("{} is now {}", change.target, change.before);
    }
    if operation.act != *act {
        return "another deployment is live".into();
    }
    format!("it would now be done by {}, not by {}", now.by, then.by)
}

fn acted(number: u32, key: &EffectKey, outcome: &Outcome) -> OperationEvent {
    let ended = |ending| OperationEvent::Ended { number, ending };
    match outcome {
        Outcome::Done(Finding::WouldHave) => ended(Ending::WouldHave),
        Outcome::Done(finding) => OperationEvent::TookPlace { number, finding: finding.clone() },
        Outcome::Unknown { why } => {
            OperationEvent::ReplyLost { number, operation: key.clone(), why: why.clone() }
        }
        Outcome::Later { why, .. } | Outcome::Never { why } => {
            ended(Ending::Failed { why: why.clone() })
        }
    }
}

fn read_back(number: u32, outcome: &Outcome) -> OperationEvent {
    match outcome {
        Outcome::Done(Finding::ReadBack { applied: true }) => {
            let finding = Finding::ReadBack { applied: true };
            OperationEvent::TookPlace { number, finding }
        }
        Outcome::Done(_) => {
            let why = "its reply was lost, and it did not take place: plan again".into();
            OperationEvent::Ended { number, ending: Ending::Failed { why } }
        }
        other => OperationEvent::ReadBackFailed { number, why: why(other) },
    }
}

/// Never a success by default.
fn verified(outcome: &Outcome) -> Ending {
    match outcome {
        Outcome::Done(Finding::Verified { whole: true, says, .. }) => {
            Ending::Verified { says: says.clone() }
        }
        Outcome::Done(Finding::Verified { says, tail, .. }) if !tail.is_empty() => {
            Ending::PartlyVerified { says: says.clone(), tail: tail.clone() }
        }
        Outcome::Done(Finding::Verified { says, .. }) => Ending::Unverified { why: says.clone() },
        other => Ending::Unverified { why: why(other) },
    }
}

fn why(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Later { why, .. } | Outcome::Never { why } | Outcome::Unknown { why } => {
            why.clone()
        }
        Outcome::Done(_) => "the answer is of another kind".into(),
    }
}

/// A wake-up of an operation: until somebody can tell whether it took place, it is asked again.
pub fn woken(operations: &Operations, timer: Timer) -> Option<OperationEvent> {
    let Timer::ReadAgain(number) = timer else { return None };
    let operation = operations.all.get(&number)?;
    matches!(operation.stage, Stage::ReadingBack { .. })
        .then_some(OperationEvent::ReadingAgain { number })
}
