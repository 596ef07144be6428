//! How long it took and what was lost, against what the plan promises. Folded from the ledger, never stored.
//!
//! The clock starts at the first failing probe: the plan gives times to recover in without saying from when.
//! What nobody measured is said to be not measured; nothing here guesses.

use std::fmt;

use serde::Serialize;

use crate::incident::{Event, Incident};
use crate::ledger::Body;
use crate::plan::{Plan, Severity};
use crate::time::{Span, Ts};

mod fold;
mod moved;
mod rows;
mod totals;

pub use moved::{Moved, OURS};
pub use rows::Row;
pub use totals::{Average, Times, Totals};

/// The time over which the plan's availability target is counted as an error budget.
pub const BUDGET_WINDOW: Span = Span::days(30);

/// What one incident's ledger says about times and losses.
///
/// An incident that opened again within the join window is timed from its last opening; downtime, pages and
/// actions count over all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Measures {
    /// The incident's number.
    pub number: u32,
    /// How bad it was in the end.
    pub severity: Severity,
    /// T0: the first failing probe, else the start that was claimed.
    pub start: Ts,
    /// Whether our own probes saw the start.
    pub start_was_probed: bool,
    /// Declared minus T0.
    pub detection: Option<Span>,
    /// Acknowledged minus declared.
    pub acknowledgement: Option<Span>,
    /// The first action minus T0; a dry run is none.
    pub action: Option<Span>,
    /// From T0 to traffic moved, by the first machine's move.
    pub moved: Option<Moved>,
    /// Recovered minus T0.
    pub recovery: Option<Span>,
    /// All clear minus T0.
    pub all_clear: Option<Span>,
    /// The report minus all clear.
    pub reported: Option<Span>,
    /// Time to recover in, by the plan.
    pub rto: Target,
    /// Data that may be lost, by the plan.
    pub rpo: Target,
    /// Data that was lost.
    pub loss: Loss,
    /// How long it was down, as far as the ledger goes; `None` when it was only slow or erring.
    pub downtime: Option<Span>,
    /// Downtime that the availability target allows in [`BUDGET_WINDOW`].
    pub budget: Span,
    /// Time to write the report in.
    pub report_within: Span,
    /// The pages.
    pub pages: Pages,
    /// The actions.
    pub acts: Acts,
}

/// A target of the plan, as written and as it can be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The component's own.
    pub own: Span,
    /// The longest of its own and of all that it cannot work without.
    pub effective: Span,
}

/// How much data was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// None: only code was rolled back.
    Nothing,
    /// At most this much: the age of the standby's data when failing over was chosen.
    UpTo(Span),
    /// Nobody measured it.
    Unknown(&'static str),
}

/// What became of the pages. One page is one person by one means on one rung, however often it was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// Pages that a provider took.
    pub sent: u32,
    /// Copies sent because a page did not surely arrive.
    pub copies: u32,
    /// Pages that no provider is known to have taken.
    pub lost: u32,
    /// Pages of a dry run.
    pub dry: u32,
}

/// What became of the actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acts {
    /// Actions that took place.
    pub executed: u32,
    /// Actions that the vendor or a safety rule refused at the last moment.
    pub refused: u32,
    /// Actions that would have been taken, had they been armed.
    pub held_back: u32,
}

/// Whether a promise was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It was.
    Kept,
    /// It was not.
    Broken {
        /// By this much.
        by: Span,
    },
    /// Nobody can tell.
    NotMeasured {
        /// Why not.
        why: String,
    },
    /// The plan promises nothing here.
    NoTarget,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("kept"),
            Self::Broken { by } => write!(f, "BROKEN by {by}"),
            Self::NotMeasured { why } => write!(f, "not measured: {why}"),
            Self::NoTarget => f.write_str("no target"),
        }
    }
}

impl Verdict {
    /// The verdict on something that should be at most `target`.
    pub fn at_most(target: Span, measured: Span) -> Self {
        if measured <= target {
            Self::Kept
        } else {
            Self::Broken { by: Span(measured.0 - target.0) }
        }
    }
}

impl Measures {
    /// Measures an incident; `incident` is the fold of `turns`.
    pub fn of(plan: &Plan, incident: &Incident, turns: &[Body<Event>]) -> Self {
        let story = fold::Story::of(turns);
        let own = plan.component(&incident.component);
        let marks = incident.marks;
        let from_start = |at: Option<Ts>| at.map(|at| at.since(incident.since));
        let acknowledged = marks.acknowledged.zip(marks.declared);
        Self {
            number: incident.number,
            severity: incident.severity,
            start: incident.since,
            start_was_probed: story.start_was_probed,
            detection: from_start(marks.declared),
            acknowledgement: acknowledged.map(|(at, declared)| at.since(declared)),
            action: from_start(story.first_act),
            moved: Moved::of(plan, incident.since, turns),
            recovery: from_start(marks.recovered),
            all_clear: from_start(marks.resolved),
            reported: story.reported.zip(marks.resolved).map(|(at, end)| at.since(end)),
            rto: Target {
                own: own.map_or(Span::ZERO, |component| component.rto),
                effective: plan.effective_rto(&incident.component),
            },
            rpo: Target {
                own: own.map_or(Span::ZERO, |component| component.rpo),
                effective: plan.effective_rpo(&incident.component),
            },
            loss: story.loss(),
            downtime: story.downtime(),
            budget: budget(plan.targets.availability),
            report_within: plan.compliance.report_within,
            pages: story.pages(),
            acts: story.acts,
        }
    }

    /// Whether the service came back within the component's own time to recover in.
    pub fn rto_verdict(&self) -> Verdict {
        self.against(self.rto.own)
    }

    /// Whether it came back within the time that its dependencies allow.
    pub fn effective_rto_verdict(&self) -> Verdict {
        self.against(self.rto.effective)
    }

    fn against(&self, rto: Span) -> Verdict {
        match self.recovery {
            Some(recovery) => Verdict::at_most(rto, recovery),
            None => Verdict::NotMeasured { why: "it has not recovered yet".into() },
        }
    }
}

/// The downtime that an availability allows in [`BUDGET_WINDOW`]: 99.99 % allows 4.32 min.
fn budget(availability: f64) -> Span {
    Span(((1.0 - availability) * BUDGET_WINDOW.0 as f64).round() as i64)
}

#[cfg(test)]
mod tests;
