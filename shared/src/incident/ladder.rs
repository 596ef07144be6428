//! The ladder: who is paged when. It ends only with a person, or with all clear.

use super::decide::Draft;
use super::event::{Call, Event, Role};
use super::{Incident, Paging, State, may_copy};
use crate::effect::{Outcome, Page};
use crate::id::{EffectKey, PersonId};
use crate::page::{Copy, Report, Stage};
use crate::plan::{ContactKind, Duty, Escalation, Person, Plan, Rung, Severity, is_placeholder};
use crate::roster::on_call_at;
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
fn rung_at(policy: &Escalation, rung: u32) -> Option<(Vec<Duty>, &[ContactKind])> {
    match policy.rungs.get(rung as usize) {
        Some(Rung { page, by, .. }) => Some((page.clone(), by)),
        None => Some((vec![Duty::AllHands], &policy.rungs.last()?.by)),
    }
}

/// Reaches the next rung in its time. A ladder without a next round ends with its last rung, if that reached somebody.
pub(super) fn climb(draft: &mut Draft) {
    let Paging::Climbing { next, .. } = draft.incident.paging else { return };
    let Some(policy) = draft.plan.escalation(draft.incident.severity) else { return };
    let beyond = policy.rungs.len() <= next as usize;
    let hope = next > 0 && draft.incident.has_hope(next - 1, None);
    if !beyond || policy.repeat_after.is_some() || !hope {
        climb_now(draft);
    }
}

/// Reaches the next rung that has somebody on it who didn't say that they can't; where nobody is left, everybody is
/// asked again.
pub(super) fn climb_now(draft: &mut Draft) {
    let Paging::Climbing { next, .. } = draft.incident.paging else { return };
    let Some(policy) = draft.plan.escalation(draft.incident.severity) else { return };
    let top = (policy.rungs.len() as u32).max(next);
    for rung in next..=top {
        let Some((duties, means)) = rung_at(policy, rung) else { return };
        let mut people = duty_holders(draft, &duties);
        let willing = |person: &PersonId| !draft.incident.declined.contains(person);
        let some = people.iter().any(willing);
        if !some && !people.is_empty() && rung < top {
            continue;
        }
        people.retain(|person| !some || willing(person));
        let calls = people.iter().flat_map(|person| calls(draft, person, means)).collect();
        return push_rung(draft, rung, people, calls);
    }
}

fn push_rung(draft: &mut Draft, rung: u32, people: Vec<PersonId>, calls: Vec<Call>) {
    let pages = calls.len() as u32;
    draft.push(Event::RungReached { rung, people, pages, calls });
}

/// The pages to a person on a rung of these means; without any of them, whatever reaches them.
fn calls(draft: &Draft, person: &PersonId, means: &[ContactKind]) -> Vec<Call> {
    let Some(entry) = draft.plan.person(person) else { return Vec::new() };
    let severity = draft.incident.severity;
    let not_before = entry.waits_until(severity, draft.now);
    let call = |by| Call { person: person.clone(), by, not_before };
    let reach = |by: &ContactKind| has(entry, *by) && !is_deaf(draft, person, *by);
    let named: Vec<Call> =
        entry.means(severity, means).iter().copied().filter(reach).map(call).collect();
    if named.is_empty() {
        return others(severity).iter().copied().find(reach).map(call).into_iter().collect();
    }
    named
}

/// The pages to people who are asked for by name: as the first rung does it.
pub(super) fn calls_by_name(draft: &Draft, people: &[PersonId]) -> Vec<Call> {
    let policy = draft.plan.escalation(draft.incident.severity);
    let means = policy.and_then(|policy| policy.rungs.first()).map_or(&[][..], |rung| &rung.by);
    people.iter().flat_map(|person| calls(draft, person, means)).collect()
}

/// What is tried when what was named is in vain: nobody is called at night for what can wait.
fn others(severity: Severity) -> &'static [ContactKind] {
    const ALL: [ContactKind; 4] =
        [ContactKind::Voice, ContactKind::Sms, ContactKind::Slack, ContactKind::Mail];
    if severity <= Severity::P2 { &ALL } else { &ALL[1..] }
}

/// Whether that means is known not to reach them.
fn is_deaf(draft: &Draft, person: &PersonId, by: ContactKind) -> bool {
    let stopped = [&draft.incident.opted_out, &draft.roster.opted_out];
    by == ContactKind::Sms && stopped.iter().any(|people| people.contains(person))
}

/// The people behind duties at this moment, each once, in the order of the duties.
fn duty_holders(draft: &Draft, duties: &[Duty]) -> Vec<PersonId> {
    let mut holders: Vec<PersonId> = Vec::new();
    for duty in duties {
        for person in holders_of(draft, *duty) {
            if !holders.contains(&person) {
                holders.push(person);
            }
        }
    }
    holders
}

fn holders_of(draft: &Draft, duty: Duty) -> Vec<PersonId> {
    let (plan, incident) = (draft.plan, &draft.incident);
    let roles = &plan.roles;
    let role = |role: Role, fallback: &PersonId| {
        vec![incident.roles.get(&role).unwrap_or(fallback).clone()]
    };
    let shift = || on_call_at(plan, draft.roster, draft.now);
    match duty {
        Duty::OnCall => shift().map(|shift| shift.primary).into_iter().collect(),
        Duty::BackupOnCall => shift().and_then(|shift| shift.backup).into_iter().collect(),
        Duty::IncidentCommander => role(Role::IncidentCommander, &roles.incident_commander),
        Duty::TechnicalLead => role(Role::TechnicalLead, &roles.technical_lead),
        Duty::CommunicationsLead => role(Role::CommunicationsLead, &roles.communications_lead),
        Duty::BusinessLead => role(Role::BusinessLead, &roles.business_lead),
        Duty::AssignedDeveloper => match incident.roles.get(&Role::AssignedDeveloper) {
            Some(person) => vec![person.clone()],
            None => holders_of(draft, Duty::OnCall),
        },
        Duty::AllHands => plan.people.iter().map(|person| person.id.clone()).collect(),
    }
}

/// Placeholders count as means: the dry run shows what would have been sent.
fn has(person: &Person, kind: ContactKind) -> bool {
    match kind {
        ContactKind::Voice | ContactKind::Sms => !person.phone.is_empty(),
        ContactKind::Mail => !person.email.is_empty(),
        ContactKind::Slack => person.slack.as_ref().is_some_and(|id| !is_placeholder(id)),
    }
}

/// A page has an outcome: one that did not surely arrive is copied through another provider, with the same code.
pub(super) fn paged(draft: &mut Draft, key: &EffectKey, page: &Page, outcome: &Outcome) {
    let in_vain = !matches!(outcome, Outcome::Done(_));
    let again = in_vain && may_follow(&draft.incident, page);
    let (key, outcome) = (Some(key.clone()), outcome.clone());
    draft.push(Event::Paged { page: page.clone(), outcome, key, again });
    if in_vain && !again {
        go_on(draft, page);
    }
}

/// A provider says more of a page. What says nothing new, or is about a page that a later one has replaced, is no news:
/// but for a `STOP`, which no page takes back.
pub(super) fn delivered(draft: &mut Draft, key: &EffectKey, page: &Page, report: &Report) {
    let incident = &draft.incident;
    let stopped = report.stage == Stage::OptedOut && !incident.opted_out.contains(&page.person);
    let copy = incident.stand(page).and_then(|it| it.copies.get(usize::from(page.copy) - 1));
    let known = copy.and_then(Copy::stage);
    let news =
        wants_page(incident, page) && incident.stand(page).is_some() && report.stage.adds_to(known);
    if !news && !stopped {
        return;
    }
    let again = news && !stopped && report.stage.is_bad() && may_follow(incident, page);
    let (key, report) = (key.clone(), report.clone());
    let in_vain = report.stage.is_bad() && !again;
    draft.push(Event::Delivered { key, page: page.clone(), report, again });
    if stopped && wants_pages(&draft.incident) {
        climb_now(draft);
    } else if in_vain && news {
        go_on(draft, page);
    }
}

/// Whether the next copy of a page is to follow it: it is the last one so far, and somebody still waits for an answer.
fn may_follow(incident: &Incident, page: &Page) -> bool {
    let last = incident.stand(page).is_some_and(|it| it.copies.len() == usize::from(page.copy));
    last && may_copy(page)
        && wants_page(incident, page)
        && !incident.declined.contains(&page.person)
        && !incident.is_deaf(page)
}

/// A page was in vain, with all its copies: another means is tried, and when nobody of the rung can be woken any more,
/// the next rung doesn't wait for its time.
fn go_on(draft: &mut Draft, page: &Page) {
    let incident = &draft.incident;
    // A page that a later one has replaced leads nowhere any more.
    let wanted = wants_page(incident, page) && incident.stand(page).is_some();
    let declined = incident.declined.contains(&page.person);
    if !wanted || declined || incident.has_hope(page.rung, Some(&page.person)) {
        return;
    }
    if let Some(by) = other_means(draft, page) {
        let not_before = page.not_before;
        let call = Call { person: page.person.clone(), by, not_before };
        return draft.push(Event::Rerouted { from: page.by, call, rung: page.rung });
    }
    let Paging::Climbing { next, .. } = incident.paging else { return };
    let policy = draft.plan.escalation(incident.severity);
    let first_round = policy.is_some_and(|policy| (next as usize) < policy.rungs.len());
    if first_round && page.rung + 1 == next && !incident.has_hope(page.rung, None) {
        climb_now(draft);
    }
}

/// A means by which that person was not paged on this rung, nor on a later one.
fn other_means(draft: &Draft, page: &Page) -> Option<ContactKind> {
    let incident = &draft.incident;
    let person = draft.plan.person(&page.person)?;
    let tried = |by| {
        let stand = incident.pages.get(&(page.person.clone(), by));
        stand.is_some_and(|stand| stand.rung >= page.rung)
    };
    others(incident.severity)
        .iter()
        .copied()
        .find(|by| has(person, *by) && !is_deaf(draft, &page.person, *by) && !tried(*by))
}

/// Whether the ladder's last rung reached nobody at all: then it is not the end, whatever the policy says.
pub(super) fn reached_nobody(plan: &Plan, incident: &Incident) -> bool {
    let Paging::Climbing { started, next } = incident.paging else { return false };
    let policy = plan.escalation(incident.severity);
    let ended = policy.is_some_and(|policy| rung_due(policy, started, next).is_none());
    next > 0 && ended && wants_pages(incident) && !incident.has_hope(next - 1, None)
}

/// Whether pages still make sense.
pub fn wants_pages(incident: &Incident) -> bool {
    incident.state.is_declared()
        && incident.state != State::Resolved
        && matches!(incident.paging, Paging::Climbing { .. })
}

/// Whether this page still makes sense: whoever was asked for by name is paged until they answer.
pub fn wants_page(incident: &Incident, page: &Page) -> bool {
    wants_pages(incident) || incident.state.is_declared() && incident.is_awaited(&page.person)
}

/// Time until the next rung; for the terminal and the sweeper.
pub fn next_rung(plan: &Plan, incident: &Incident) -> Option<(u32, Ts)> {
    let Paging::Climbing { started, next, .. } = incident.paging else { return None };
    let policy = plan.escalation(incident.severity)?;
    Some((next, rung_due(policy, started, next)?))
}

/// How late a rung may be before the sweeper asks why.
pub const RUNG_GRACE: Span = Span::secs(5);
