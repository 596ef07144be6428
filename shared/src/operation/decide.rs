//! Answers what people want of an operation. Pure, like the kernel.

use std::sync::Arc;

use super::{Ending, Operation, OperationEvent, Operations, Refusal, Stage, propose};
use crate::effect::{Aim, Survey};
use crate::id::PersonId;
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
