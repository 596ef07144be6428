//! What an event of an operation owes the world. Never called on replay.

use super::{Ending, Operation, OperationEvent, Stage};
use crate::effect::{Effect, Look, Tell, Timer};
use crate::plan::Plan;
use crate::time::{Span, Ts};

/// The wait before an operation whose fate nobody could tell is read back again.
pub const READ_AGAIN: Span = Span::mins(1);

/// The effects of an event, `operation` being the state after it.
pub fn react(plan: &Plan, operation: &Operation, event: &OperationEvent, at: Ts) -> Vec<Effect> {
    let mut effects = owed(plan, operation, event, at);
    // Its card is edited whatever happens: people wait in front of it.
    effects.push(Effect::Tell(Tell::Card));
    effects
}

fn owed(plan: &Plan, operation: &Operation, event: &OperationEvent, at: Ts) -> Vec<Effect> {
    let act = || operation.act.clone();
    match event {
        OperationEvent::Started { .. } | OperationEvent::Resumed { .. } => {
            act().aim().map(|aim| Effect::Look(Look::Survey(aim))).into_iter().collect()
        }
        OperationEvent::Unchanged { .. } => vec![Effect::Act(act())],
        OperationEvent::ReplyLost { operation: key, .. } => {
            vec![Effect::Look(Look::ReadBack { operation: key.clone(), act: act() })]
        }
        OperationEvent::ReadBackFailed { number, .. } => {
            vec![Effect::WakeAt { at: at + READ_AGAIN, timer: Timer::ReadAgain(*number) }]
        }
        OperationEvent::ReadingAgain { .. } => read_again(operation),
        OperationEvent::TookPlace { .. } => vec![Effect::Look(Look::Verify(act()))],
        OperationEvent::Ended { ending, .. } => purge(plan, operation, ending),
        OperationEvent::Planned { .. }
        | OperationEvent::Approved { .. }
        | OperationEvent::Purged { .. } => Vec::new(),
    }
}

fn read_again(operation: &Operation) -> Vec<Effect> {
    let Stage::ReadingBack { operation: key } = &operation.stage else { return Vec::new() };
    let act = operation.act.clone();
    vec![Effect::Look(Look::ReadBack { operation: key.clone(), act })]
}

/// Traffic moved, as far as anyone can tell: what caches hold is from the side that was left.
fn purge(plan: &Plan, operation: &Operation, ending: &Ending) -> Vec<Effect> {
    let moved = match ending {
        Ending::Verified { .. } | Ending::PartlyVerified { .. } | Ending::Unverified { .. } => true,
        Ending::Failed { .. }
        | Ending::Drifted { .. }
        | Ending::WouldHave
        | Ending::Aborted { .. } => false,
    };
    if moved && !plan.hosting.cache_tags.is_empty() {
        return vec![Effect::Purge(operation.act.clone())];
    }
    Vec::new()
}
