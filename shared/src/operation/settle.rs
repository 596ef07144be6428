//! What came of an operation's effects: drift is found, a lost reply is read back, success is never the default.

use super::{Case, Ending, Operation, OperationEvent, Operations, Proposal, Stage, propose};
use crate::effect::{Act, Aim, Effect, Finding, Look, Outcome, Timer};
use crate::id::EffectKey;

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
            Some(read_back(case, operation, outcome))
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
fn difference(operation: &Operation, act: &Act, now: &Proposal) -> String {
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

/// What did not take place is begun anew, by the same way: surveyed, permitted, done.
fn read_back(case: Case, operation: &Operation, outcome: &Outcome) -> OperationEvent {
    let number = operation.number;
    match outcome {
        Outcome::Done(Finding::ReadBack { applied: true }) => {
            let finding = Finding::ReadBack { applied: true };
            OperationEvent::TookPlace { number, finding }
        }
        Outcome::Done(_) if operation.may_resume(case.plan, case.now) => {
            OperationEvent::Resumed { number }
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
