//! The complete-outage runbook's choice: roll back, fail over, or wait and page. And the P2 branch's: restart or wait.
//!
//! One function holds the rules (safety.md rules 1 to 5 and 13); it only reads a [`Case`], so every rule has a table.

use std::collections::BTreeSet;

use crate::effect::{Act, ActClass, Deployment, Finding, Look, Preflight};
use crate::id::{ComponentId, VendorId};
use crate::operation::{data_rpo, pick_target};
use crate::plan::{Component, Plan, RecoveryMeans};
use crate::safety::Standing;
use crate::time::{Span, Ts};

use super::event::Choice;

/// How far the hosting provider's clock may be from ours, our first failing probe being late besides.
const CLOCK_SKEW: Span = Span::mins(1);

/// What was seen in the last round of looks. Whatever is missing failed, and counts as bad news.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// When the round was asked for.
    pub at: Option<Ts>,
    /// The vendors' public status.
    pub vendors: Vec<(VendorId, bool)>,
    /// Whether our names resolve to what the plan says.
    pub dns_right: Option<bool>,
    /// The recent deployments, newest first.
    pub deployments: Option<Vec<Deployment>>,
    /// The standby.
    pub standby: Option<Preflight>,
    /// Whether the control site answers.
    pub control_site: Option<bool>,
}

impl Findings {
    /// A new round is asked for: nothing of the last one counts any more.
    pub fn asked(&mut self, at: Ts) {
        *self = Self { at: Some(at), ..Self::default() };
    }

    /// A look came back, or (`None`) didn't.
    pub fn learn(&mut self, look: &Look, finding: Option<&Finding>) {
        match (look, finding) {
            (_, Some(Finding::Vendor { vendor, working, .. })) => {
                self.vendors.push((vendor.clone(), *working));
            }
            (_, Some(Finding::Dns { right, .. })) => self.dns_right = Some(*right),
            (_, Some(Finding::Deployments(list))) => self.deployments = Some(list.clone()),
            (_, Some(Finding::Standby(preflight))) => self.standby = Some(preflight.clone()),
            (_, Some(Finding::ControlSite { reachable })) => self.control_site = Some(*reachable),
            _ => {}
        }
    }

    /// Whether the findings are young enough to act on.
    pub fn fresh(&self, max_age: Span, now: Ts) -> bool {
        self.at.is_some_and(|at| now.since(at) <= max_age)
    }

    fn vendor_down(&self, vendor: &VendorId) -> bool {
        self.vendors.iter().any(|(id, working)| id == vendor && !working)
    }
}

/// Everything a choice depends on.
pub struct Case<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What is broken.
    pub component: &'a Component,
    /// Since when.
    pub since: Ts,
    /// What was seen.
    pub findings: &'a Findings,
    /// What was tried before.
    pub tried: &'a [Act],
    /// Freeze, arming and velocity.
    pub standing: &'a Standing,
    /// Components that our own probes see failing right now.
    pub failing: &'a BTreeSet<ComponentId>,
    /// The time.
    pub now: Ts,
}

/// Chooses what to do about a certain outage.
pub fn choose(case: &Case) -> Choice {
    let stops = stops(case);
    if !stops.is_empty() {
        return Choice::Wait { because: stops, would: None };
    }
    match case.component.recovery {
        RecoveryMeans::Manual => {
            let because = vec![format!("the plan leaves {} to people", case.component.name)];
            Choice::Wait { because, would: None }
        }
        RecoveryMeans::Restart => first_of(case, &[restart]),
        RecoveryMeans::RollbackOrFailover => first_of(case, &[rollback, failover]),
    }
}

/// What stops every action alike: fail open (safety rule 3).
fn stops(case: &Case) -> Vec<String> {
    let mut stops = Vec::new();
    if let Some(freeze) = &case.standing.frozen {
        stops.push(format!("everything is frozen by {}: {}", freeze.by, freeze.why));
    }
    if case.findings.control_site != Some(true) {
        stops.push("our control site does not answer either: our own network is suspect".into());
    }
    let others = case.plan.components.iter().filter(|one| one.id != case.component.id);
    if others.clone().next().is_some() && others.clone().all(|one| case.failing.contains(&one.id)) {
        stops.push("everything looks down at once: more likely a shared cause, or us".into());
    }
    for shared in &case.plan.dns.shared {
        let vendor = case.plan.component(shared).map(|component| &component.vendor);
        let down = case.failing.contains(shared)
            || vendor.is_some_and(|vendor| case.findings.vendor_down(vendor));
        if down && *shared != case.component.id {
            stops.push(format!("{shared} is down too, and the standby shares it"));
        }
    }
    stops
}

/// A way back: the action, or why it is not open; and why it is the right one.
type Way = Result<(Act, Vec<String>), String>;

/// The first way that is open and armed; else the reasons why none is.
fn first_of(case: &Case, ways: &[fn(&Case) -> Way]) -> Choice {
    let mut because = Vec::new();
    let mut would = None;
    for way in ways {
        match way(case) {
            Err(why) => because.push(why),
            Ok((act, reasons)) if case.tried.contains(&act) => {
                because.push(format!("{} was tried already", act.class().says()));
                drop(reasons);
            }
            Ok((act, reasons)) => match case.standing.may(&act, case.now) {
                Ok(()) => return Choice::Act { act, because: reasons },
                Err(why) => {
                    because.push(why);
                    would.get_or_insert(act);
                }
            },
        }
    }
    Choice::Wait { because, would }
}

fn rollback(case: &Case) -> Way {
    let hosting = &case.plan.hosting;
    let Some(deployments) = &case.findings.deployments else {
        return Err(
            "the list of deployments cannot be had: the hosting provider's API is away".into()
        );
    };
    let Some(live) = deployments.iter().find(|deployment| deployment.current) else {
        return Err("no deployment is live".into());
    };
    let age = case.since - live.live_at;
    if age < Span(-CLOCK_SKEW.0) {
        return Err(format!("{} went live during the outage: somebody is repairing it", live.id));
    }
    if age > hosting.suspect_window || live.live_at > case.now {
        return Err(format!("no deployment went live shortly before: the last is {age} older"));
    }
    let target = pick_target(deployments, live, case.standing);
    let Some(target) = target else {
        return Err("no earlier deployment is both proven healthy and a rollback candidate".into());
    };
    if case.now.since(target.live_at) > hosting.rollback_max_age {
        return Err(format!(
            "the last healthy deployment is older than {}",
            hosting.rollback_max_age
        ));
    }
    match target.schema_compatible {
        Some(true) => {}
        Some(false) => return Err("the database was migrated since: a person must say go".into()),
        None => return Err("whether the database was migrated since cannot be told".into()),
    }
    let because = vec![format!("{} went live {} before the outage", live.id, age.max(Span::ZERO))];
    Ok((Act::RollBack { from: live.id.clone(), to: target.id.clone() }, because))
}

fn failover(case: &Case) -> Way {
    if !case.plan.dns.shares_the_database() {
        // Nothing here can prove that writes on the old side have stopped: a canary write there could still succeed.
        return Err("the standby has data of its own, and nothing proves that writes to the primary's have stopped: \
             fence it, then fail over by hand"
            .into());
    }
    let Some(standby) = &case.findings.standby else {
        return Err("the standby does not answer its preflight".into());
    };
    if !standby.answers {
        return Err("the standby does not answer over TLS with the right name".into());
    }
    if standby.certificate_life < case.plan.safety.certificate_min_life {
        return Err(format!("the standby's certificate ends in {}", standby.certificate_life));
    }
    if !standby.database {
        return Err("the standby does not reach its database".into());
    }
    let rpo = data_rpo(case.plan);
    if standby.data_age > rpo {
        return Err(format!("the standby's data is {} old, the RPO is {rpo}", standby.data_age));
    }
    let vendor = &case.component.vendor;
    let reason = if case.findings.vendor_down(vendor) {
        format!("{vendor} reports trouble")
    } else if case.findings.dns_right == Some(false) {
        "our names do not resolve to the primary".into()
    } else if case.tried.iter().any(|act| act.class() == ActClass::Rollback) {
        "the rollback did not bring it back".into()
    } else if case.findings.deployments.is_none() {
        "the list of deployments cannot be had, so none can be rolled back".into()
    } else {
        "no deployment explains it".into()
    };
    Ok((Act::FailOver, vec![reason, "the standby is healthy".into()]))
}

fn restart(case: &Case) -> Way {
    let id = &case.component.id;
    if case.findings.vendor_down(&case.component.vendor) {
        return Err(format!("{} reports trouble: a restart would not help", case.component.vendor));
    }
    Ok((Act::Restart(id.clone()), vec![format!("only {id} is affected")]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{built_in_text, read::read};
    use crate::town::rehearsal_plan;

    const NOW: Ts = Ts(1_795_316_400_000);

    fn healthy() -> Preflight {
        Preflight {
            answers: true,
            certificate_life: Span::days(30),
            database: true,
            data_age: Span::secs(9),
            build: None,
        }
    }

    /// What is chosen for a frontend whose deployments cannot be listed: only the standby is left.
    fn chosen(change: impl FnOnce(&mut Plan, &mut Preflight)) -> Choice {
        let mut plan = rehearsal_plan(&read("infra/plan.toml", built_in_text()).unwrap());
        let mut standby = healthy();
        change(&mut plan, &mut standby);
        let findings = Findings {
            at: Some(NOW),
            standby: Some(standby),
            control_site: Some(true),
            ..Findings::default()
        };
        let component = plan.components.iter().find(|one| one.id.as_str() == "frontend").unwrap();
        choose(&Case {
            plan: &plan,
            component,
            since: NOW - Span::mins(3),
            findings: &findings,
            tried: &[],
            standing: &Standing::under(&plan),
            failing: &BTreeSet::new(),
            now: NOW,
        })
    }

    fn refusal(change: impl FnOnce(&mut Plan, &mut Preflight)) -> String {
        match chosen(change) {
            Choice::Wait { because, would: None } => because.join("; "),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_standby_is_refused_for_each_reason_alone() {
        assert!(matches!(chosen(|_, _| {}), Choice::Act { act: Act::FailOver, .. }));
        let dumb = refusal(|_, standby| standby.answers = false);
        assert!(dumb.contains("does not answer over TLS"), "{dumb}");
        let expiring = refusal(|_, standby| standby.certificate_life = Span::days(6));
        assert!(expiring.contains("certificate ends in 6 d"), "{expiring}");
        let empty = refusal(|_, standby| standby.database = false);
        assert!(empty.contains("does not reach its database"), "{empty}");
        let old = refusal(|_, standby| standby.data_age = Span::mins(6));
        assert!(old.contains("the RPO is 5 min"), "{old}");
    }

    #[test]
    fn data_is_not_promoted_while_nothing_proves_the_fence() {
        let why = refusal(|plan, _| plan.dns.shared.retain(|id| id.as_str() != "database"));
        assert!(why.contains("nothing proves that writes to the primary's have stopped"), "{why}");
    }

    #[test]
    fn what_was_seen_too_long_ago_counts_no_more() {
        let seen = Findings { at: Some(NOW), ..Findings::default() };
        let limit = Span::secs(60);
        assert!(seen.fresh(limit, NOW + limit));
        assert!(!seen.fresh(limit, NOW + limit + Span::secs(1)));
        assert!(!Findings::default().fresh(limit, NOW));
    }
}
