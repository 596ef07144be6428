//! The measures as rows for people: what, how much, the target, the verdict.

use serde::Serialize;

use super::{Loss, Measures, Pages, Target, Verdict, moved};
use crate::time::Span;

/// One measure in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What was measured.
    pub name: &'static str,
    /// How much it was.
    pub measured: String,
    /// What the plan wants; empty where it wants nothing.
    pub target: String,
    /// Whether that was kept.
    pub verdict: Verdict,
}

impl Measures {
    /// Every measure in the order of time, then of loss.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = vec![self.start_row()];
        rows.extend([
            untargeted("Detection", self.detection, "never declared"),
            untargeted("Acknowledgement", self.acknowledgement, "nobody acknowledged it"),
            untargeted("First action", self.action, "no machine changed anything"),
        ]);
        rows.extend(moved::rows(self.moved.as_ref()));
        rows.extend(self.recovery_rows());
        rows.push(untargeted("All clear", self.all_clear, "it is not over"));
        rows.extend(self.loss_rows());
        rows.extend([self.budget_row(), self.pages_row(), self.acts_row(), self.report_row()]);
        rows
    }

    fn start_row(&self) -> Row {
        let seen = if self.start_was_probed { "first failing probe" } else { "as claimed" };
        let measured = format!("{} ({seen})", self.start.rfc3339());
        row("Start of the outage", measured, "", Verdict::NoTarget)
    }

    fn recovery_rows(&self) -> Vec<Row> {
        let measured = self.recovery.map_or_else(dash, |span| span.to_string());
        let Target { own, effective } = self.rto;
        let mut rows =
            vec![row("Recovery", measured.clone(), &format!("RTO {own}"), self.rto_verdict())];
        if effective > own {
            let target = format!("RTO {effective}");
            let verdict = self.effective_rto_verdict();
            rows.push(row("Recovery, with what it depends on", measured, &target, verdict));
        }
        rows
    }

    fn loss_rows(&self) -> Vec<Row> {
        let (measured, lost) = match &self.loss {
            Loss::Nothing => ("none: only code was rolled back".to_owned(), Ok(Span::ZERO)),
            Loss::UpTo(age) => (format!("up to {age}: the age of the standby's data"), Ok(*age)),
            Loss::Unknown(why) => (dash(), Err(*why)),
        };
        let verdict = |rpo: Span| match lost {
            Ok(lost) => Verdict::at_most(rpo, lost),
            Err(why) => Verdict::NotMeasured { why: why.into() },
        };
        let Target { own, effective } = self.rpo;
        let mut rows =
            vec![row("Data loss", measured.clone(), &format!("RPO {own}"), verdict(own))];
        if effective > own {
            let target = format!("RPO {effective}");
            let name = "Data loss, with what it depends on";
            rows.push(row(name, measured, &target, verdict(effective)));
        }
        rows
    }

    fn budget_row(&self) -> Row {
        let target = format!("{} in 30 days", self.budget);
        let Some(downtime) = self.downtime else {
            let why = "it was slow or erring, not down".into();
            return row("Error budget", dash(), &target, Verdict::NotMeasured { why });
        };
        let share = 100.0 * downtime.0 as f64 / self.budget.0.max(1) as f64;
        let measured = format!("{downtime} down: {share:.0} % of the budget");
        row("Error budget", measured, &target, Verdict::at_most(self.budget, downtime))
    }

    fn pages_row(&self) -> Row {
        let Pages { sent, copies, lost, dry } = self.pages;
        let mut measured = format!("{sent} sent, {copies} copies, {lost} lost");
        if dry > 0 {
            measured += &format!(", {dry} dry");
        }
        row("Pages", measured, "", Verdict::NoTarget)
    }

    fn acts_row(&self) -> Row {
        let acts = self.acts;
        let measured = format!(
            "{} executed, {} refused, {} held back",
            acts.executed, acts.refused, acts.held_back
        );
        row("Actions", measured, "", Verdict::NoTarget)
    }

    fn report_row(&self) -> Row {
        let target = format!("{} after all clear", self.report_within);
        let (measured, verdict) = match self.reported {
            Some(after) => (after.to_string(), Verdict::at_most(self.report_within, after)),
            None => (dash(), Verdict::NotMeasured { why: "not written yet".into() }),
        };
        row("Report", measured, &target, verdict)
    }
}

pub(super) fn row(name: &'static str, measured: String, target: &str, verdict: Verdict) -> Row {
    Row { name, measured, target: target.into(), verdict }
}

/// A time for which the plan names no target.
pub(super) fn untargeted(name: &'static str, span: Option<Span>, why: &str) -> Row {
    match span {
        Some(span) => row(name, span.to_string(), "", Verdict::NoTarget),
        None => row(name, dash(), "", Verdict::NotMeasured { why: why.into() }),
    }
}

fn dash() -> String {
    "–".into()
}
