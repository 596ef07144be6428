//! Why a wish was not granted: each refusal is one sentence that says what to do.

use std::sync::Arc;

use super::NoPlan;
use crate::id::PersonId;
use crate::ledger::HASH_DIGITS_MIN;

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
         --hash {hash}` by somebody else"
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
