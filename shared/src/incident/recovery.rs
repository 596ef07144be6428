//! The recovery's control flow: look, choose, act, verify, look again. Each step happens once per round, and an
//! action whose fate is unknown is read back before anything else is done.

use super::choose::{Case, choose};
use super::decide::Draft;
use super::event::{Choice, Event, Witness};
use super::{Phase, State, View, ladder};
use crate::effect::{Act, Effect, Finding, Look, Outcome, Timer};
use crate::id::EffectKey;
use crate::plan::{Component, Plan, RecoveryMeans};

/// Rounds of looks one incident may ask for by itself; with the growing waits this is over half a day.
pub const MAX_ROUNDS: u32 = 100;
/// Attempts of one action, when reading back shows that the first had no effect.
pub const MAX_ATTEMPTS: u8 = 2;

/// Asks for a round of looks: the runbook's "check hosting provider status, verify DNS, check recent deployments",
/// and what the safety rules need besides.
pub(super) fn ask_looks(draft: &mut Draft) {
    let Some(component) = draft.plan.component(&draft.incident.component) else { return };
    if draft.incident.recovery.round >= MAX_ROUNDS {
        return;
    }
    let round = draft.incident.recovery.round + 1;
    let looks = looks_for(draft.plan, component);
    draft.push(Event::LooksAsked { round, looks });
}

fn looks_for(plan: &Plan, component: &Component) -> Vec<Look> {
    let status = |vendor: &crate::plan::Vendor| {
        vendor.status_url.as_ref().map(|_| Look::VendorStatus(vendor.id.clone()))
    };
    let mut looks: Vec<Look> = match component.recovery {
        RecoveryMeans::RollbackOrFailover => plan.vendors.iter().filter_map(status).collect(),
        RecoveryMeans::Restart | RecoveryMeans::Manual => plan
            .vendors
            .iter()
            .filter(|vendor| vendor.id == component.vendor)
            .filter_map(status)
            .collect(),
    };
    looks.push(Look::ControlSite);
    if component.recovery == RecoveryMeans::RollbackOrFailover {
        looks.extend([Look::Dns, Look::Deployments, Look::Standby]);
    }
    looks
}

/// Chooses, when everything that a choice needs is there and nothing is under way. Evidence from before a restart, or
/// from before the last round of probes, is not enough: our probes must see the failure at this moment.
pub(super) fn consider(draft: &mut Draft) {
    let recovery = &draft.incident.recovery;
    let may_choose = matches!(recovery.phase, Phase::Ready | Phase::Waiting);
    let failing_now = draft.failing.contains(&draft.incident.component);
    if draft.incident.state != State::Open
        || !failing_now
        || recovery.certain.is_none()
        || recovery.under_way
        || !may_choose
    {
        return;
    }
    if !recovery.findings.fresh(draft.plan.safety.preflight_max_age, draft.now) {
        return ask_looks(draft);
    }
    let Some(component) = draft.plan.component(&draft.incident.component) else { return };
    let choice = choose(&Case {
        plan: draft.plan,
        component,
        since: draft.incident.since,
        findings: &recovery.findings,
        tried: &recovery.tried,
        standing: draft.standing,
        failing: draft.failing,
        now: draft.now,
    });
    draft.push(Event::Chose { choice: choice.clone() });
    if let Choice::Act { act, .. } = choice {
        draft.push(Event::ActStarted { act, attempt: 1 });
    }
}

/// An owed effect has an outcome.
pub(super) fn settle(draft: &mut Draft, key: &EffectKey, effect: &Effect, outcome: &Outcome) {
    match effect {
        Effect::Page(page) => ladder::paged(draft, key, page, outcome),
        Effect::Look(look) => looked(draft, look, outcome),
        Effect::Act(act) => acted(draft, key, act, outcome),
        Effect::Purge(act) => {
            draft.push(Event::Purged { act: act.clone(), outcome: outcome.clone() });
        }
        Effect::Report if matches!(outcome, Outcome::Done(_)) => draft.push(Event::Reported),
        Effect::Report | Effect::Tell(_) | Effect::WakeAt { .. } => {}
    }
}

/// A look came back. One that nobody waits for any more is no news.
fn looked(draft: &mut Draft, look: &Look, outcome: &Outcome) {
    if !draft.incident.recovery.pending.contains(look) {
        return;
    }
    match outcome {
        Outcome::Done(finding) => {
            draft.push(Event::Found { look: look.clone(), finding: finding.clone() });
        }
        Outcome::Later { why, .. } | Outcome::Never { why } | Outcome::Unknown { why } => {
            draft.push(Event::LookFailed { look: look.clone(), why: why.clone() });
        }
    }
    match (look, outcome) {
        (Look::ReadBack { act, .. }, Outcome::Done(Finding::ReadBack { applied })) => {
            read_back(draft, act, *applied);
        }
        (Look::ReadBack { act, .. }, _) => cannot_tell(draft, act),
        (Look::CriticalPath, Outcome::Done(Finding::CriticalPath { passed: true, says })) => {
            all_clear(draft, says);
        }
        _ => consider(draft),
    }
}

fn read_back(draft: &mut Draft, act: &Act, applied: bool) {
    if applied {
        took_place(draft, act);
    } else if draft.incident.state != State::Open || draft.incident.recovery.certain.is_none() {
        draft.push(Event::DidNotHelp { act: act.clone() });
    } else if draft.incident.recovery.attempts < MAX_ATTEMPTS {
        let attempt = draft.incident.recovery.attempts + 1;
        draft.push(Event::ActStarted { act: act.clone(), attempt });
    } else {
        draft.push(Event::DidNotHelp { act: act.clone() });
        consider(draft);
    }
}

fn cannot_tell(draft: &mut Draft, act: &Act) {
    let because = vec![format!("nobody can tell whether the {} took place", act.class().says())];
    draft.push(Event::Chose { choice: Choice::Wait { because, would: None } });
}

/// An action came to an end.
fn acted(draft: &mut Draft, key: &EffectKey, act: &Act, outcome: &Outcome) {
    draft.push(Event::ActSettled {
        operation: key.clone(),
        act: act.clone(),
        outcome: outcome.clone(),
    });
    match outcome {
        Outcome::Done(Finding::WouldHave) => {
            let because = vec![format!("{} is not armed", act.class().says())];
            draft.push(Event::Chose { choice: Choice::Wait { because, would: Some(act.clone()) } });
        }
        Outcome::Done(_) => took_place(draft, act),
        Outcome::Unknown { .. } => {
            let look = Look::ReadBack { operation: key.clone(), act: act.clone() };
            draft.push(Event::LookAsked { look });
        }
        Outcome::Later { why, .. } => {
            let because = vec![format!("{} was put off: {why}", act.class().says())];
            draft.push(Event::Chose { choice: Choice::Wait { because, would: Some(act.clone()) } });
        }
        Outcome::Never { .. } => consider(draft),
    }
}

/// An action took place: verify it, and note what people must still do about it.
fn took_place(draft: &mut Draft, act: &Act) {
    draft.push(Event::LookAsked { look: Look::Verify(act.clone()) });
    let what = match act {
        Act::RollBack { .. } => {
            "new deployments do not go live until the rollback is undone or a deployment is promoted"
        }
        Act::FailOver => "traffic stays on the standby until a person plans the failback",
        Act::Restart(_) | Act::FailBack | Act::Promote { .. } => return,
    };
    draft.push(Event::ObligationOpened { what: what.into() });
}

/// A wake-up of the recovery: no news unless it is the present round's.
pub(super) fn woken(draft: &mut Draft, timer: Timer, view: View) {
    let recovery = &draft.incident.recovery;
    let (round, phase) = (recovery.round, recovery.phase.clone());
    match (timer, phase) {
        (Timer::LookAgain(_), _) if recovery.unresolved.is_some() => read_again(draft),
        (Timer::Looked(of), Phase::Looking) if of == round => give_up_looking(draft),
        (Timer::LookAgain(of), Phase::Waiting) if of == round => ask_looks(draft),
        (Timer::Recovered(of), Phase::Recovering(act)) if of == round => {
            draft.push(Event::DidNotHelp { act });
            consider(draft);
        }
        (Timer::LookAgain(_), Phase::Over) if draft.incident.state == State::Mitigated => {
            still_well(draft, view);
        }
        _ => {}
    }
}

fn give_up_looking(draft: &mut Draft) {
    let mut late = draft.incident.recovery.pending.clone();
    // Following an operation takes longer than a round of looks.
    late.retain(|look| !matches!(look, Look::ReadBack { .. }));
    for look in late {
        draft.push(Event::LookFailed { look, why: "no answer in time".into() });
    }
    consider(draft);
}

/// Until somebody can tell whether an operation took place, nothing else may be done to its target.
fn read_again(draft: &mut Draft) {
    if let Some((operation, act)) = draft.incident.recovery.unresolved.clone() {
        draft.push(Event::LookAsked { look: Look::ReadBack { operation, act } });
    }
}

/// Being watched: walk the critical path again, or take the monitors' word where our own view never was.
fn still_well(draft: &mut Draft, view: View) {
    if draft.incident.steady {
        return draft.push(Event::LookAsked { look: Look::CriticalPath });
    }
    if let View::Healthy { since } = view {
        let long_enough = draft.now.since(since) >= draft.plan.safety.up_for;
        if long_enough && draft.incident.impaired.is_empty() {
            steady(draft, draft.plan.safety.up_successes);
        }
        return;
    }
    let word_only =
        !draft.incident.confirmed && view == View::Blind && !draft.incident.monitors.is_empty();
    if word_only && draft.incident.accusers().next().is_none() {
        draft.push(Event::Resolved {
            witness: Witness::Monitors,
            because: "every monitor says it is up; our own probes could not look".into(),
        });
    }
}

/// The service has been well for as long as the plan wants: walk its critical path.
pub(super) fn steady(draft: &mut Draft, successes: u32) {
    if draft.incident.state == State::Mitigated && !draft.incident.steady {
        draft.push(Event::Steady { successes });
        draft.push(Event::LookAsked { look: Look::CriticalPath });
    }
}

/// All clear needs everything at once: steady, neither slow nor erring, the critical path walked.
fn all_clear(draft: &mut Draft, path: &str) {
    let incident = &draft.incident;
    if incident.state == State::Mitigated && incident.steady && incident.impaired.is_empty() {
        let because = format!("steady for {}, {path}", draft.plan.safety.up_for);
        draft.push(Event::Resolved { witness: Witness::Probes, because });
    }
}
