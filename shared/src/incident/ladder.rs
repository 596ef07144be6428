//! The ladder: who is paged when. It ends only with a person, or with all clear.

use super::decide::Draft;
use super::event::{Event, Role};
use super::{Incident, Paging, State, may_copy};
use crate::effect::{Outcome, Page};
use crate::id::PersonId;
use crate::plan::{ContactKind, Duty, Escalation, Person, Plan, Rung, is_placeholder};
use crate::time::{Span, Ts};

/// When a rung is due, counted over all rounds; `None` where the policy has no such rung.
pub fn rung_due(policy: &Escalation, started: Ts, rung: u32) -> Option<Ts> {
    if let Some(step) = policy.rungs.get(rung as usize) {
        return Some(started + step.after);
    }
    let last = policy.rungs.last()?.after;
    let round = i64::from(rung) - policy.rungs.len() as i64 + 1;
    Some(started + last + policy.repeat_after?.times(round))
}

/// The rung's people and means; beyond the last one it is all hands by every means of the last.
pub(super) fn rung_at(policy: &Escalation, rung: u32) -> Option<(Vec<Duty>, &[ContactKind])> {
    match policy.rungs.get(rung as usize) {
        Some(Rung { page, by, .. }) => Some((page.clone(), by)),
        None => Some((vec![Duty::AllHands], &policy.rungs.last()?.by)),
    }
}

/// Reaches the next rung.
pub(super) fn climb(draft: &mut Draft) {
    let Paging::Climbing { next, sent, .. } = draft.incident.paging else { return };
    let Some(policy) = draft.plan.escalation(draft.incident.severity) else { return };
    let beyond = policy.rungs.len() <= next as usize;
    if beyond && policy.repeat_after.is_none() && sent > 0 {
        return;
    }
    let Some((duties, means)) = rung_at(policy, next) else { return };
    let people = duty_holders(draft.plan, &draft.incident, &duties);
    let pages = people.iter().map(|id| reachable(draft.plan, id, means).count() as u32).sum();
    draft.push(Event::RungReached { rung: next, people, pages });
}

/// The people behind duties, each once, in the order of the duties.
pub fn duty_holders(plan: &Plan, incident: &Incident, duties: &[Duty]) -> Vec<PersonId> {
    let mut holders: Vec<PersonId> = Vec::new();
    for duty in duties {
        for person in holders_of(plan, incident, *duty) {
            if !holders.contains(&person) {
                holders.push(person);
            }
        }
    }
    holders
}

fn holders_of(plan: &Plan, incident: &Incident, duty: Duty) -> Vec<PersonId> {
    let roles = &plan.roles;
    let role = |role: Role, fallback: &PersonId| {
        vec![incident.roles.get(&role).unwrap_or(fallback).clone()]
    };
    match duty {
        Duty::OnCall => roles.on_call.iter().take(1).cloned().collect(),
        Duty::BackupOnCall => roles.on_call.iter().skip(1).take(1).cloned().collect(),
        Duty::IncidentCommander => role(Role::IncidentCommander, &roles.incident_commander),
        Duty::TechnicalLead => role(Role::TechnicalLead, &roles.technical_lead),
        Duty::CommunicationsLead => role(Role::CommunicationsLead, &roles.communications_lead),
        Duty::BusinessLead => role(Role::BusinessLead, &roles.business_lead),
        Duty::AssignedDeveloper => match incident.roles.get(&Role::AssignedDeveloper) {
            Some(person) => vec![person.clone()],
            None => roles.on_call.iter().take(1).cloned().collect(),
        },
        Duty::AllHands => plan.people.iter().map(|person| person.id.clone()).collect(),
    }
}

/// The means among `means` by which a person can be reached.
pub(super) fn reachable<'a>(
    plan: &'a Plan,
    person: &PersonId,
    means: &'a [ContactKind],
) -> impl Iterator<Item = ContactKind> + 'a {
    let person = plan.person(person);
    means.iter().copied().filter(move |kind| person.is_some_and(|person| has(person, *kind)))
}

/// Placeholders count as means: the dry run shows what would have been sent.
fn has(person: &Person, kind: ContactKind) -> bool {
    match kind {
        ContactKind::Voice | ContactKind::Sms => !person.phone.is_empty(),
        ContactKind::Mail => !person.email.is_empty(),
        ContactKind::Slack => person.slack.as_ref().is_some_and(|id| !is_placeholder(id)),
    }
}

/// A page has an outcome. When every page of a rung failed, the next rung doesn't wait for its time.
pub(super) fn paged(draft: &mut Draft, page: &Page, outcome: &Outcome) {
    draft.push(Event::Paged { page: page.clone(), outcome: outcome.clone() });
    let Paging::Climbing { next, pending, sent, .. } = draft.incident.paging else { return };
    let policy = draft.plan.escalation(draft.incident.severity);
    let first_round = policy.is_some_and(|policy| (next as usize) < policy.rungs.len());
    let last_hope = page.rung + 1 == next && !may_copy(page);
    if first_round && last_hope && pending == 0 && sent == 0 && wants_pages(&draft.incident) {
        climb(draft);
    }
}

/// Whether the ladder's last rung reached nobody at all: then it is not the end, whatever the policy says.
pub(super) fn reached_nobody(plan: &Plan, incident: &Incident) -> bool {
    let Paging::Climbing { started, next, pending: 0, sent: 0 } = incident.paging else {
        return false;
    };
    let policy = plan.escalation(incident.severity);
    let ended = policy.is_some_and(|policy| rung_due(policy, started, next).is_none());
    next > 0 && ended && wants_pages(incident)
}

/// Whether pages still make sense.
pub fn wants_pages(incident: &Incident) -> bool {
    incident.state.is_declared()
        && incident.state != State::Resolved
        && matches!(incident.paging, Paging::Climbing { .. })
}

/// Time until the next rung; for the terminal and the sweeper.
pub fn next_rung(plan: &Plan, incident: &Incident) -> Option<(u32, Ts)> {
    let Paging::Climbing { started, next, .. } = incident.paging else { return None };
    let policy = plan.escalation(incident.severity)?;
    Some((next, rung_due(policy, started, next)?))
}

/// How late a rung may be before the sweeper asks why.
pub const RUNG_GRACE: Span = Span::secs(5);
