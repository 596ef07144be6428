//! What happens to an operation, in the past tense. The ledger keeps these for ever: names and fields only grow.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::proposal::Proposal;
use crate::effect::{Act, Finding, Outcome};
use crate::id::{EffectKey, PersonId};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperationEvent {
    /// A plan was shown.
    Planned {
        /// The operation's number.
        number: u32,
        /// Who asked.
        by: PersonId,
        /// Through which face.
        via: Arc<str>,
        /// Why.
        because: Arc<str>,
        /// The incident it belongs to.
        incident: Option<u32>,
        /// What would be done.
        act: Act,
        /// What exactly would change, and what speaks for and against it.
        proposal: Proposal,
    },
    /// A second person agreed to what was shown.
    Approved {
        /// The operation's number.
        number: u32,
        /// Who.
        by: PersonId,
        /// Through which face.
        via: Arc<str>,
    },
    /// Somebody said go: it is checked that nothing has changed since.
    Started {
        /// The operation's number.
        number: u32,
        /// Who.
        by: PersonId,
        /// Through which face.
        via: Arc<str>,
    },
    /// Nothing has changed since the plan was shown: the change is under way.
    Unchanged {
        /// The operation's number.
        number: u32,
    },
    /// The change took place.
    TookPlace {
        /// The operation's number.
        number: u32,
        /// What was changed, if the reply was heard.
        finding: Finding,
    },
    /// The reply was lost: it may or may not have taken place.
    ReplyLost {
        /// The operation's number.
        number: u32,
        /// The effect whose reply was lost.
        operation: EffectKey,
        /// How.
        why: String,
    },
    /// Nobody can tell yet whether it took place.
    ReadBackFailed {
        /// The operation's number.
        number: u32,
        /// Why not.
        why: String,
    },
    /// It is asked again whether it took place.
    ReadingAgain {
        /// The operation's number.
        number: u32,
    },
    /// The reply was lost, and it did not take place: it is checked again that nothing has changed since the plan.
    Resumed {
        /// The operation's number.
        number: u32,
    },
    /// Caches were told to forget, or could not be told.
    Purged {
        /// The operation's number.
        number: u32,
        /// What came of it.
        outcome: Outcome,
    },
    /// It is over.
    Ended {
        /// The operation's number.
        number: u32,
        /// How.
        ending: Ending,
    },
}

impl OperationEvent {
    /// The operation it belongs to.
    pub fn number(&self) -> u32 {
        match self {
            Self::Planned { number, .. }
            | Self::Approved { number, .. }
            | Self::Started { number, .. }
            | Self::Unchanged { number }
            | Self::Resumed { number }
            | Self::ReadingAgain { number }
            | Self::TookPlace { number, .. }
            | Self::ReplyLost { number, .. }
            | Self::ReadBackFailed { number, .. }
            | Self::Purged { number, .. }
            | Self::Ended { number, .. } => *number,
        }
    }
}

/// How an operation ended. Only the first is success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It took place, and everyone asked agrees.
    Verified {
        /// What was asked.
        says: String,
    },
    /// It took place; most agree.
    PartlyVerified {
        /// What was asked.
        says: String,
        /// Who doesn't agree yet.
        tail: Vec<String>,
    },
    /// It took place, and its effect could not be seen.
    Unverified {
        /// What was seen instead.
        why: String,
    },
    /// It did not take place.
    Failed {
        /// Why not.
        why: String,
    },
    /// The world was no longer what people had agreed to change; nothing was done.
    Drifted {
        /// What is different.
        why: String,
    },
    /// Its class is in dry-run: nothing was done.
    WouldHave,
    /// Somebody called it off before it was run.
    Aborted {
        /// Who.
        by: PersonId,
        /// Why.
        because: String,
    },
}
