//! Promises that the plan's own numbers can't keep: rows 1 to 7.

use super::Level::{Contradiction, Note, Warning};
use super::{Findings, percent};
use crate::plan::{Component, Plan};
use crate::time::Span;

/// Longest point-in-time recovery the provider sells (Supabase, "Backups").
const PITR_MAX: Span = Span::days(28);

/// A month for error budgets.
const MONTH: Span = Span::days(30);

/// A partition of the network this long has once begun a day-long outage, by machines acting on it
/// (GitHub, 2018-10-21).
const BLIP: Span = Span::secs(43);

impl Findings {
    /// Rows 1 to 7.
    pub fn about_targets(&mut self, plan: &Plan) {
        for component in &plan.components {
            self.backups_come_too_seldom(plan, component);
            self.needs_something_slower(plan, component);
            self.is_not_backed_up(plan, component);
        }
        self.retention_is_longer_than_sold(plan);
        self.one_outage_spends_the_budget(plan);
        self.paging_is_not_acting(plan);
        self.a_broken_target_tells_nobody(plan);
    }

    /// Row 1: the worst loss is the whole time between two backups.
    fn backups_come_too_seldom(&mut self, plan: &Plan, component: &Component) {
        let Some(worst) = plan.worst_loss(&component.id).filter(|worst| *worst > component.rpo)
        else {
            return;
        };
        let times = match component.rpo {
            Span::ZERO => "The target allows none.".to_owned(),
            rpo => format!("That is {} times the target.", worst.0 / rpo.0),
        };
        let does =
            "Reports the loss that was measured, never the target. Not built: an alarm on its age.";
        self.add(
            1,
            Contradiction,
            format!("{}: lose {}. Backups every {worst}.", component.name, at_most(component.rpo)),
            format!("Up to {worst} of work can be lost. {times}"),
            does,
        );
    }

    /// Row 2: nobody notices a missing old backup until it is needed.
    fn retention_is_longer_than_sold(&mut self, plan: &Plan) {
        for backup in &plan.backups {
            let Some(keep) = backup.keep_for.filter(|keep| *keep > PITR_MAX) else { continue };
            if !backup.storage.to_lowercase().contains("supabase") {
                continue;
            }
            self.add(
                2,
                Contradiction,
                format!("Backups of the {} at Supabase are kept {keep}.", backup.what),
                format!("Supabase sells {PITR_MAX} at most, and 7 d with the Pro plan."),
                "Says so. Not built: own copies elsewhere, locked against deletion.",
            );
        }
    }

    /// Row 3: nothing comes back before what it needs.
    fn needs_something_slower(&mut self, plan: &Plan, component: &Component) {
        let (rto, rpo) = (plan.effective_rto(&component.id), plan.effective_rpo(&component.id));
        if rto == component.rto && rpo == component.rpo {
            return;
        }
        self.add(
            3,
            Contradiction,
            format!(
                "{}: back in {}, losing {}.",
                component.name,
                component.rto,
                at_most(component.rpo)
            ),
            format!("What it needs takes {rto} and may lose {}.", at_most(rpo)),
            format!("Counts with {rto} and {rpo}; shows both."),
        );
    }

    /// Row 4: a recovery point without any backup is a wish.
    fn is_not_backed_up(&mut self, plan: &Plan, component: &Component) {
        if plan.worst_loss(&component.id).is_some() {
            return;
        }
        self.add(
            4,
            Contradiction,
            format!("{}: lose {}.", component.name, at_most(component.rpo)),
            "No backup covers it: what is lost stays lost.",
            format!("Says so; a copy every {} would keep the target.", component.rpo),
        );
    }

    /// Row 5: an outage within its own target can still break the availability target.
    fn one_outage_spends_the_budget(&mut self, plan: &Plan) {
        let budget = (1.0 - plan.targets.availability) * MONTH.as_secs_f64();
        let Some(rto) = plan.components.iter().map(|component| component.rto).min() else { return };
        if rto.as_secs_f64() <= budget {
            return;
        }
        let months = rto.as_secs_f64() / budget;
        self.add(
            5,
            Contradiction,
            format!(
                "Up {} of the time. Back in {rto} at best.",
                percent(plan.targets.availability)
            ),
            format!(
                "That allows {:.1} min a month. One outage of {rto} spends {months:.1} months.",
                budget / 60.0
            ),
            "Shows each outage's share of the budget. Machines do only what can be undone.",
        );
    }

    /// Row 6: waking someone for nothing is cheap, acting for nothing is an outage.
    fn paging_is_not_acting(&mut self, plan: &Plan) {
        let (down_for, act_after) = (plan.thresholds.down_for, plan.safety.act_after);
        if plan.detection.probe_every >= down_for {
            self.add(
                6,
                Contradiction,
                format!(
                    "Critical: down for {down_for}. A probe every {}.",
                    plan.detection.probe_every
                ),
                "The probes are too far apart to see it.",
                "Pages one probe later than promised.",
            );
        }
        if act_after <= down_for {
            self.add(
                6,
                Contradiction,
                format!("People are paged after {down_for}, machines act after {act_after}."),
                "Machines act before anyone knows, and on every blip.",
                "Acts only with a quorum, and never automatically again without a person.",
            );
        } else if down_for < BLIP {
            self.add(
                6,
                Note,
                format!("Critical: down for {down_for}."),
                format!("A blip of {BLIP} wakes someone."),
                format!("Pages at {down_for}. Acts after {act_after} at the earliest."),
            );
        }
    }

    /// Row 7: a target that may be broken in silence is no target.
    fn a_broken_target_tells_nobody(&mut self, plan: &Plan) {
        let (target, alert) = (plan.targets.error_rate, plan.thresholds.error_rate);
        if alert > target {
            self.add(
                7,
                Warning,
                format!("Errors below {}. Alert above {}.", percent(target), percent(alert)),
                format!("{:.1} times the allowed errors tell nobody.", alert / target),
                "Says so, and keeps the alert where the plan has it.",
            );
        }
        let (target, alert) = (plan.targets.response_ms, plan.thresholds.slow_ms);
        if alert > target {
            self.add(
                7,
                Note,
                format!("Answers within {target} ms. Alert above {alert} ms."),
                format!("Between {target} and {alert} ms nobody is told."),
                "Says so, and keeps the alert where the plan has it.",
            );
        }
    }
}

/// A data loss as people say it.
fn at_most(loss: Span) -> String {
    if loss == Span::ZERO { "nothing".into() } else { format!("{loss} at most") }
}
