//! What exactly would change, and what speaks for and against it: the page that people agree to.
//!
//! Formed from a survey by the rules that bind machines, too. What only a person may decide is marked so; what nobody
//! may override stops.

use serde::{Deserialize, Serialize};

use crate::effect::{Act, Aim, Change, Survey};
use crate::id::DeploymentId;
use crate::ledger::Hash;
use crate::plan::Plan;
use crate::safety::Standing;
use crate::time::Ts;

mod hosting;
mod names;

pub use hosting::pick_target;
pub(crate) use names::data_rpo;

/// The page that people agree to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// By which means, e.g. `latch`.
    pub by: String,
    /// What would change.
    pub changes: Vec<Change>,
    /// What was checked.
    pub gates: Vec<Gate>,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// What, e.g. `certificate`.
    pub what: String,
    /// What follows.
    pub verdict: Verdict,
    /// What was seen, in one sentence; where it stops, what to do.
    pub says: String,
}

/// What a check means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing stands in the way.
    Pass,
    /// A machine would not; a person may, and agrees to it with the plan.
    Decide,
    /// Nobody may.
    Stop,
}

/// Why no plan can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlan {
    /// The deployments can't be listed.
    #[error(
        "the list of deployments cannot be had ({0}): try again, or `allclear failover \"why\"`"
    )]
    NoDeployments(String),
    /// Nothing is live.
    #[error("no deployment is live: deploy one first")]
    NothingLive,
    /// No earlier deployment will do.
    #[error(
        "no earlier deployment is both proven healthy and a rollback candidate: name one with --to"
    )]
    NoTarget,
    /// It isn't there.
    #[error("there is no deployment {0}: `allclear rollback candidates` lists them")]
    NoSuchDeployment(DeploymentId),
    /// It is live already.
    #[error("{0} is live already: there is nothing to change")]
    Live(DeploymentId),
    /// There was no rollback.
    #[error("there is no rollback to undo: name a deployment with --to")]
    NothingToUndo,
    /// Traffic is there already.
    #[error("traffic goes to the {0} already: there is nothing to change")]
    ThereAlready(&'static str),
    /// No means can be used.
    #[error("traffic cannot be moved: {0}")]
    NoMeans(String),
}

impl Proposal {
    /// What people agree to: the action, the means, every change, and the verdict of every check. What was seen in
    /// passing (an age, a latency) may differ from one look to the next.
    pub fn hash(&self, act: &Act) -> Hash {
        let gates: Vec<_> = self.gates.iter().map(|gate| (&gate.what, gate.verdict)).collect();
        // Only types of ours are written: they always can be.
        let json = serde_json::to_vec(&(act, &self.by, &self.changes, gates)).unwrap_or_default();
        Hash::of(&[&json])
    }

    /// What nobody may override.
    pub fn stops(&self) -> impl Iterator<Item = &Gate> {
        self.gates.iter().filter(|gate| gate.verdict == Verdict::Stop)
    }
}

/// Forms the page from what was seen.
pub fn propose(
    plan: &Plan,
    standing: &Standing,
    aim: &Aim,
    survey: &Survey,
    now: Ts,
) -> Result<(Act, Proposal), NoPlan> {
    let (act, mut changes, mut gates) = match aim {
        Aim::RollBack(to) => hosting::rollback(plan, standing, to.as_ref(), survey, now)?,
        Aim::Promote(to) => hosting::promotion(standing, to.as_ref(), survey)?,
        Aim::FailOver => names::moving(plan, Act::FailOver, "standby", survey)?,
        Aim::FailBack => names::moving(plan, Act::FailBack, "primary", survey)?,
    };
    changes.extend(
        survey.changes.iter().filter(|one| !changes.contains(one)).cloned().collect::<Vec<_>>(),
    );
    gates.extend(survey.troubles.iter().map(|trouble| gate("trouble", Verdict::Stop, trouble)));
    Ok((act, Proposal { by: survey.by.clone().unwrap_or_default(), changes, gates }))
}

/// The parts of a page.
type Parts = (Act, Vec<Change>, Vec<Gate>);

fn gate(what: &str, verdict: Verdict, says: impl Into<String>) -> Gate {
    Gate { what: what.into(), verdict, says: says.into() }
}

fn passes(what: &str, good: bool, otherwise: Verdict, says: impl Into<String>) -> Gate {
    gate(what, if good { Verdict::Pass } else { otherwise }, says)
}
