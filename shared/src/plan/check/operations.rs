//! Procedures that would fail or do harm, and people who can't be reached: rows 8 to 21.
//!
//! The plan's words are looked for in [`RunbookStep::instead_of`], where they stand beside the step
//! that replaced them, and in the step itself.

use super::Level::{Contradiction, Warning};
use super::commands::{USELESS_COMMANDS, denied_command, runs};
use super::{Findings, Level};
use crate::plan::{
    Date, Plan, Replication, Runbook, RunbookStep, Scenario, Severity, Vendor, address,
    is_placeholder,
};
use crate::time::Span;

/// Longest time to live with which a failover is felt in time (Route 53's advice for health
/// checks).
const TTL_MAX: Span = Span::secs(60);

/// Where Route 53's records are edited, wherever they are asked.
const ROUTE_53_CONTROL_REGION: &str = "us-east-1";

impl Findings {
    /// Rows 8 to 21.
    pub fn about_operations(&mut self, plan: &Plan, today: Date) {
        self.drills_are_missing(plan, today);
        for step in plan.runbooks.iter().flat_map(|runbook| &runbook.steps) {
            self.step_does_harm(step);
        }
        plan.runbook(Scenario::CompleteOutage).into_iter().for_each(|r| self.outage_restores(r));
        plan.runbook(Scenario::SecurityBreach).into_iter().for_each(|r| self.breach_order(r));
        self.replicas_do_not_take_over(plan);
        self.regions_share_fate(plan);
        self.dns_is_slow_or_in_vain(plan);
        self.candidates_run_out(plan);
        self.status_page_shares_fate(plan);
        self.people_are_missing(plan);
        self.ladder_is_too_slow(plan);
        self.review_is_overdue(plan, today);
        self.checksums_are_not_restores(plan);
    }

    /// Row 8: a drill without a date was never held, whatever its cadence.
    fn drills_are_missing(&mut self, plan: &Plan, today: Date) {
        let never: Vec<_> = plan.drills.iter().filter(|drill| drill.last.is_none()).collect();
        if !never.is_empty() {
            self.add(
                8,
                Warning,
                format!("{} drills, each with its cadence.", plan.drills.len()),
                format!("{} of them have no date: never held.", never.len()),
                "Counts them as overdue. What they prove stays disarmed.",
            );
        }
        for drill in &plan.drills {
            let Some(age) = drill.last.map(|last| days_since(last, today)) else { continue };
            if Span::days(age) > drill.every {
                self.add(
                    8,
                    Warning,
                    format!("{}: every {}.", drill.what, drill.every),
                    format!("Last held {age} days ago."),
                    "Counts it as overdue. What it proves stays disarmed.",
                );
            }
        }
    }

    /// Rows 10, 11, 14 and 17: what one step of a runbook says, or what it replaced.
    fn step_does_harm(&mut self, step: &RunbookStep) {
        let says = words_of(step);
        if let Some(denied) = denied_command(says) {
            let problem = format!("`{}` {}.", denied.command, denied.harm);
            self.replaced(10, Contradiction, step, problem);
        }
        for (command, why) in USELESS_COMMANDS {
            if runs(says, command) {
                self.replaced(11, Contradiction, step, why.into());
            }
        }
        if mentions(says, &["maintenance mode"]) {
            self.replaced(14, Warning, step, "It doesn't say how.".into());
        }
        if mentions(says, &["rollback.sh"]) {
            self.add(
                17,
                Warning,
                format!("\"{says}\""),
                "Old code may meet a newer database schema.",
                "Checks that migrations since then only added things; else asks people.",
            );
        }
    }

    /// A finding about the plan's words that a step stands for.
    fn replaced(&mut self, row: u8, level: Level, step: &RunbookStep, problem: String) {
        let (says, does) = match &step.instead_of {
            Some(words) => (words, format!("The runbook has instead: {}.", step.what)),
            None => (&step.what, "Shows the step, but never executes it.".into()),
        };
        self.add(row, level, format!("\"{says}\""), problem, does);
    }

    /// Row 9: a failed rollback says nothing about the data.
    fn outage_restores(&mut self, runbook: &Runbook) {
        let restores = |step: &&RunbookStep| mentions(words_of(step), &["restore"]);
        for step in runbook.steps.iter().filter(restores) {
            let problem = "An outage is no proof of damage: this destroys good data.".into();
            self.replaced(9, Contradiction, step, problem);
        }
    }

    /// A restore brings the old credentials back, so a rotation has to come after the last one.
    fn breach_order(&mut self, runbook: &Runbook) {
        let last = |words: &[&str]| {
            runbook.steps.iter().rposition(|step| mentions(&step.what, words)).map(|at| at + 1)
        };
        let restored = last(&["restore the", "restore from"]);
        if restored.is_some() && last(&["rotate", "revoke", "update all cred"]) < restored {
            self.add(
                15,
                Contradiction,
                format!("\"{}\" ends with a restore.", runbook.title),
                "The restore brings old sessions, keys and the hole back.",
                "Shows the breach runbook in the right order: rotate, restore, rotate again.",
            );
        }
        let all_keys = |step: &&RunbookStep| mentions(words_of(step), &["revoke all"]);
        for step in runbook.steps.iter().filter(all_keys) {
            let problem = "Without our own token nothing more can be done.".into();
            self.replaced(15, Contradiction, step, problem);
        }
    }

    /// Row 12: the plan trusts a takeover that the provider doesn't sell.
    fn replicas_do_not_take_over(&mut self, plan: &Plan) {
        let multi_az = |vendor: &&Vendor| vendor.replication == Some(Replication::MultiAz);
        for vendor in plan.vendors.iter().filter(multi_az) {
            self.add(
                12,
                Contradiction,
                format!("{}: Multi-AZ deployment.", vendor.name),
                "Its documents promise none, and no replica can be promoted.",
                "Counts with one Region and with nothing taking over.",
            );
        }
    }

    /// Row 13: whoever repairs must not live in the burning house.
    fn regions_share_fate(&mut self, plan: &Plan) {
        let regions = &plan.regions;
        let primary = || format!("The application's home is {}.", regions.primary);
        if regions.executor == regions.primary {
            self.add(
                13,
                Contradiction,
                primary(),
                "This executor lives there too and dies with it.",
                "Works from a laptop as well; move the executor.",
            );
        }
        if regions.secondary == regions.primary {
            self.add(
                13,
                Contradiction,
                primary(),
                "The standby is in the same Region.",
                "Checks the standby before every failover.",
            );
        }
        if regions.primary == ROUTE_53_CONTROL_REGION {
            self.add(
                13,
                Warning,
                format!("{} Failover: automatic DNS switching.", primary()),
                "DNS records are edited in that same Region.",
                "Runs in another Region. Not built: flipping records that were made beforehand.",
            );
        }
    }

    /// Row 13 too: a failover must be felt, and lead somewhere else.
    fn dns_is_slow_or_in_vain(&mut self, plan: &Plan) {
        let dns = &plan.dns;
        if dns.ttl > TTL_MAX {
            self.add(
                13,
                Warning,
                format!("DNS answers live {}.", dns.ttl),
                format!("Visitors stay on the dead address for up to {}.", dns.ttl),
                "Counts that time into the recovery.",
            );
        }
        if mentions(&dns.standby, &[plan.hosting.vendor.as_str()]) {
            self.add(
                13,
                Contradiction,
                format!("The standby is {}.", dns.standby),
                "It is at the primary's provider and fails with it.",
                "Refuses to fail over when both are down.",
            );
        }
    }

    /// Row 16: a number of deployments is no length of time.
    fn candidates_run_out(&mut self, plan: &Plan) {
        for backup in &plan.backups {
            let Some(kept) = backup.keep_last.filter(|_| backup.keep_for.is_none()) else {
                continue;
            };
            self.add(
                16,
                Warning,
                format!("Of {}, the last {kept} are kept.", backup.what),
                "A busy team makes that many in a day, good or bad.",
                "Rolls back only to one proven healthy that is still a candidate.",
            );
        }
    }

    /// Row 18: the page that explains an outage has to outlive it.
    fn status_page_shares_fate(&mut self, plan: &Plan) {
        let page = &plan.channels.status_page;
        let host = address::host_of(page).unwrap_or_default();
        if address::in_zone(host, &plan.dns.zone) {
            self.add(
                18,
                Contradiction,
                format!("The status page is {host}."),
                "It is in the application's own zone and goes down with it.",
                "Doesn't depend on it: pages by phone, and the plan is in the binary.",
            );
        }
    }

    /// Row 19: a plan without telephone numbers pages nobody.
    fn people_are_missing(&mut self, plan: &Plan) {
        let unreachable: Vec<&str> =
            plan.people.iter().filter(|p| p.is_placeholder()).map(|p| p.title.as_str()).collect();
        if !unreachable.is_empty() {
            self.add(
                19,
                Contradiction,
                format!("{}: [Name] - [Phone] - [Email].", unreachable.join(", ")),
                "Nobody can be paged there.",
                "Stays disarmed.",
            );
        }
        for vendor in plan.vendors.iter().filter(|vendor| is_placeholder(&vendor.support)) {
            self.add(
                19,
                Warning,
                format!("{}: {}.", vendor.name, vendor.support),
                "Nobody knows whom to call.",
                "Stays disarmed.",
            );
        }
        for person in plan.people.iter().filter(|person| !plan.roles.includes(&person.id)) {
            self.add(
                19,
                Warning,
                format!("{} is an emergency contact.", person.title),
                "They have no role and are not on call.",
                "Pages them only with all hands.",
            );
        }
    }

    /// The second person of a P1 has to hear of it while there is time to do something.
    fn ladder_is_too_slow(&mut self, plan: &Plan) {
        let rung = plan.escalation(Severity::P1).and_then(|policy| policy.rungs.get(1));
        let rto = plan.components.iter().map(|component| component.rto).min();
        let (Some(rung), Some(rto)) = (rung, rto) else { return };
        if rung.after >= rto {
            self.add(
                19,
                Contradiction,
                format!("Back in {rto}. A P1 escalates after {}.", rung.after),
                "When the first person sleeps, the target is lost.",
                "Starts the recovery before anyone answers, where armed.",
            );
        }
    }

    /// Row 20: an old plan describes an application that is gone.
    fn review_is_overdue(&mut self, plan: &Plan, today: Date) {
        let due = plan.document.next_review;
        let days = days_since(due, today);
        if days > 0 {
            self.add(
                20,
                Warning,
                format!("Next review: {}.", due.0),
                format!("It is {days} days overdue."),
                format!("Says so to the {} until it is done.", plan.document.owner),
            );
        }
    }

    /// Row 21: only a restore proves that a backup can be restored.
    fn checksums_are_not_restores(&mut self, plan: &Plan) {
        let of_data = plan.backups.iter().filter(|backup| backup.every.is_some());
        for backup in of_data.filter(|backup| !mentions(&backup.verification, &["restor"])) {
            self.add(
                21,
                Warning,
                format!("{}: {} every {}.", backup.what, backup.verification, backup.verify_every),
                "A checksum doesn't prove that it can be restored.",
                "Never calls it restorable. Not built: restoring it into a scratch database.",
            );
        }
    }
}

/// The plan's own words of a step, where they were replaced, else the step's.
fn words_of(step: &RunbookStep) -> &str {
    step.instead_of.as_deref().unwrap_or(&step.what)
}

fn mentions(text: &str, words: &[&str]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(&word.to_lowercase()))
}

/// Days from one day to another; negative when it is still to come.
pub fn days_since(earlier: Date, today: Date) -> i64 {
    earlier.0.until(today.0).map_or(0, |span| i64::from(span.get_days()))
}
