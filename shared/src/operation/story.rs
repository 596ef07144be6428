//! An operation as people read it: one line an event, short and active.

use super::{Ending, OperationEvent, Operations};
use crate::effect::Finding;
use crate::ledger::Body;
use crate::time::Ts;
use crate::timeline::{act_says, changes_say, purged_says};

/// A line of an operation's story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The operation.
    pub number: u32,
    /// When.
    pub at: Ts,
    /// What happened.
    pub says: String,
}

/// Every operation's story, in order of time.
pub fn story(turns: &[Body<OperationEvent>]) -> Vec<Line> {
    let each = |turn: &Body<OperationEvent>| {
        let at = turn.at;
        let line =
            move |event: &OperationEvent| Line { number: event.number(), at, says: say(event) };
        turn.events.iter().map(line).collect::<Vec<_>>()
    };
    turns.iter().flat_map(each).collect()
}

fn say(event: &OperationEvent) -> String {
    match event {
        OperationEvent::Planned { by, act, because, proposal, .. } => format!(
            "{by} plans to {}: {because} (plan {})",
            act_says(act),
            proposal.hash(act).short()
        ),
        OperationEvent::Approved { by, via, .. } => format!("{by} agrees (by {via})"),
        OperationEvent::Started { by, via, .. } => format!("{by} says go (by {via})"),
        OperationEvent::Unchanged { .. } => "nothing has changed since the plan: begun".into(),
        OperationEvent::TookPlace { finding: Finding::Changed { by, changes }, .. } => {
            format!("done by {by}: {}", changes_say(changes))
        }
        OperationEvent::TookPlace { .. } => "it did take place; checking its effect".into(),
        OperationEvent::ReplyLost { why, .. } => {
            format!("reply lost, it may or may not have taken place ({why}): reading back")
        }
        OperationEvent::ReadBackFailed { why, .. } => {
            format!("nobody can tell yet whether it took place ({why})")
        }
        OperationEvent::Resumed { .. } => "it did not take place: checking the plan again".into(),
        OperationEvent::ReadingAgain { .. } => "asking again whether it took place".into(),
        OperationEvent::Purged { outcome, .. } => purged_says(outcome),
        OperationEvent::Ended { ending, .. } => ending_says(ending),
    }
}

/// How an operation ended, as people say it; only the first is success.
pub fn ending_says(ending: &Ending) -> String {
    match ending {
        Ending::Verified { says } => format!("VERIFIED: {says}"),
        Ending::PartlyVerified { says, tail } => {
            format!("partly verified: {says}; NOT yet {}", tail.join(", "))
        }
        Ending::Unverified { why } => {
            format!("done, but its effect could NOT be seen: {why}; look yourself")
        }
        Ending::Failed { why } => format!("FAILED, nothing was changed: {why}"),
        Ending::Drifted { why } => {
            format!("NOT done: the world has changed since the plan ({why}); plan again")
        }
        Ending::WouldHave => {
            "dry run, nothing changed: arm its class under [arming] in plan.toml to do it".into()
        }
        Ending::Aborted { by, because } => format!("{by} called it off: {because}"),
    }
}

impl Operations {
    /// Operations that are not over, the newest first.
    pub fn open(&self) -> impl Iterator<Item = &super::Operation> {
        self.all.values().rev().filter(|one| !matches!(one.stage, super::Stage::Over(_)))
    }
}
