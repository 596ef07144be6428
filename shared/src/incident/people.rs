//! What people want, and why they don't always get it.

use std::sync::Arc;

use super::command::{Refusal, View, Wish};
use super::decide::{Draft, classify, declare, start_recovery};
use super::event::{Event, Role, Sign, Witness};
use super::{State, ladder};
use crate::id::{ComponentId, PersonId};
use crate::plan::{Alert, Severity};
use crate::signal::Trust;

/// A person speaks.
pub(super) fn person(
    draft: &mut Draft,
    by: &PersonId,
    via: &Arc<str>,
    wish: &Wish,
    view: View,
) -> Result<(), Refusal> {
    if draft.plan.person(by).is_none() {
        return Err(Refusal::Stranger(by.clone()));
    }
    match wish {
        Wish::Declare { component, severity, says, number } => {
            declared(draft, by, component, *severity, says, *number)
        }
        Wish::Acknowledge => acknowledged(draft, by, via),
        Wish::Decline => declined(draft, by, via),
        Wish::Summon { people, because } => summon(draft, people, because),
        Wish::Update(text) => {
            expect_born(draft)?;
            draft.push(Event::Updated { text: text.clone() });
            Ok(())
        }
        Wish::SetSeverity { to, because } => set_severity(draft, *to, because),
        Wish::Assign { role, to } => assign(draft, *role, to),
        Wish::Mitigated => mitigated(draft, view),
        Wish::Resolve { without_evidence } => resolve(draft, without_evidence.as_deref(), view),
        Wish::Reopen { because } => reopen(draft, because),
    }
}

fn wrong_state(draft: &Draft, hint: &'static str) -> Refusal {
    let incident = &draft.incident;
    Refusal::WrongState { number: incident.number, state: incident.state.says(), hint }
}

fn expect_born(draft: &Draft) -> Result<(), Refusal> {
    if draft.incident.state == State::Unborn {
        return Err(wrong_state(draft, "declare it first"));
    }
    Ok(())
}

fn declared(
    draft: &mut Draft,
    by: &PersonId,
    component: &ComponentId,
    severity: Option<Severity>,
    says: &str,
    number: u32,
) -> Result<(), Refusal> {
    if draft.plan.component(component).is_none() {
        let known: Vec<&str> = draft.plan.components.iter().map(|one| one.id.as_str()).collect();
        return Err(Refusal::NoSuchComponent(component.clone(), known.join(", ")));
    }
    if draft.incident.state.is_declared() {
        let number = draft.incident.number;
        return Err(Refusal::AlreadyOpen { number, component: component.clone() });
    }
    if draft.incident.state != State::Suspected {
        let number = if draft.incident.number == 0 { number } else { draft.incident.number };
        let sign = Sign { source: by.0.clone(), says: says.into(), trust: Trust::Own };
        let since = draft.now;
        draft.push(Event::Opened { number, component: component.clone(), since, sign });
    }
    let (derived, because) = classify(draft.plan, component, Alert::Critical);
    match severity {
        Some(chosen) if chosen != derived => {
            declare(draft, chosen, format!("{by} says {chosen:?}: {says}"));
            let because = format!("{by} declared it as {chosen:?}");
            draft.push(Event::SeveritySet { to: chosen, because, by_person: true });
        }
        _ => declare(draft, derived, because),
    }
    start_recovery(draft);
    Ok(())
}

fn acknowledged(draft: &mut Draft, by: &PersonId, via: &Arc<str>) -> Result<(), Refusal> {
    if !draft.incident.state.is_declared() {
        return Err(wrong_state(draft, "there is nothing to acknowledge"));
    }
    if let Some(first) = draft.incident.acknowledged_by() {
        if draft.incident.is_awaited(by) {
            draft.push(Event::Answered { by: by.clone(), via: via.clone() });
            return Ok(());
        }
        return Err(Refusal::AlreadyAcknowledged { by: first.clone() });
    }
    draft.push(Event::Acknowledged { by: by.clone(), via: via.clone() });
    if !draft.incident.roles.contains_key(&Role::IncidentCommander)
        && draft.plan.roles.incident_commander == *by
    {
        draft.push(Event::Assigned { role: Role::IncidentCommander, to: by.clone() });
    }
    Ok(())
}

/// "I can't" never stops the ladder: it makes it faster.
fn declined(draft: &mut Draft, by: &PersonId, via: &Arc<str>) -> Result<(), Refusal> {
    if !draft.incident.state.is_declared() {
        return Err(wrong_state(draft, "there is nothing to pass on"));
    }
    if draft.incident.declined.contains(by) {
        return Ok(());
    }
    let theirs = draft.incident.acknowledged_by().is_none_or(|first| first == by);
    if let (false, false, Some(first)) =
        (theirs, draft.incident.is_awaited(by), draft.incident.acknowledged_by())
    {
        return Err(Refusal::AlreadyAcknowledged { by: first.clone() });
    }
    draft.push(Event::Declined { by: by.clone(), via: via.clone() });
    ladder::climb_now(draft);
    Ok(())
}

fn summon(draft: &mut Draft, people: &[PersonId], because: &str) -> Result<(), Refusal> {
    if !draft.incident.state.is_declared() {
        return Err(wrong_state(draft, "people are paged for open incidents: declare it first"));
    }
    if let Some(stranger) = people.iter().find(|one| draft.plan.person(one).is_none()) {
        return Err(Refusal::Stranger(stranger.clone()));
    }
    let calls = ladder::calls_by_name(draft, people);
    draft.push(Event::Summoned { because: because.into(), calls });
    Ok(())
}

fn set_severity(draft: &mut Draft, to: Severity, because: &str) -> Result<(), Refusal> {
    if !draft.incident.state.is_declared() {
        return Err(wrong_state(draft, "declare it with the severity you want"));
    }
    let worse = to < draft.incident.severity;
    draft.push(Event::SeveritySet { to, because: because.into(), by_person: true });
    if worse {
        ladder::climb(draft);
    }
    Ok(())
}

fn assign(draft: &mut Draft, role: Role, to: &PersonId) -> Result<(), Refusal> {
    if !draft.incident.state.is_declared() {
        return Err(wrong_state(draft, "roles are given in open incidents"));
    }
    if draft.plan.person(to).is_none() {
        return Err(Refusal::Stranger(to.clone()));
    }
    draft.push(Event::Assigned { role, to: to.clone() });
    Ok(())
}

fn mitigated(draft: &mut Draft, view: View) -> Result<(), Refusal> {
    if draft.incident.state != State::Open {
        return Err(wrong_state(draft, "only an open incident can be mitigated"));
    }
    // A terminal cannot look; what our probes saw last is durable.
    if view == View::Failing || view == View::Blind && draft.incident.failing {
        return Err(Refusal::StillFailing);
    }
    let witness = match view {
        View::Healthy { .. } => Witness::Person,
        View::Blind | View::Failing => Witness::PersonAlone,
    };
    draft.push(Event::Recovered { at: draft.now, witness });
    Ok(())
}

/// Resolve needs evidence, not a click: probes that have been well for as long as the plan wants.
fn resolve(draft: &mut Draft, without: Option<&str>, view: View) -> Result<(), Refusal> {
    if !draft.incident.state.is_live() {
        return Err(wrong_state(draft, "it is over"));
    }
    let (witness, because) = match (evidence_against(draft, view), without) {
        (None, _) => (Witness::Person, "our own probes see it well".to_owned()),
        (Some(_), Some(reason)) => (Witness::PersonAlone, reason.to_owned()),
        (Some(why), None) => return Err(Refusal::NoEvidence { why }),
    };
    draft.push(Event::Resolved { witness, because });
    Ok(())
}

fn evidence_against(draft: &Draft, view: View) -> Option<String> {
    let accusers = draft.incident.accusers().count();
    match view {
        View::Failing => Some("our own probes still fail".into()),
        View::Blind if draft.incident.steady => None,
        View::Blind => Some("our own probes cannot see it".into()),
        View::Healthy { .. } if accusers > 0 => Some(format!("{accusers} monitors still say down")),
        View::Healthy { since } => {
            let well_at = since + draft.plan.safety.up_for;
            (well_at > draft.now)
                .then(|| format!("it must be well for {} more", well_at - draft.now))
        }
    }
}

fn reopen(draft: &mut Draft, because: &str) -> Result<(), Refusal> {
    if draft.incident.state != State::Resolved {
        return Err(wrong_state(draft, "only a resolved incident can be reopened"));
    }
    draft.push(Event::Reopened { because: because.into() });
    ladder::climb(draft);
    start_recovery(draft);
    Ok(())
}
