//! What an event owes the world. Never called on replay: what a turn owes is stored in the turn.

use super::event::{Call, Choice, Event, Role};
use super::ladder::{reached_nobody, rung_due};
use super::{Incident, Paging};
use crate::effect::{ActClass, Effect, Finding, Look, Outcome, Page, Tell, Timer};
use crate::page::Stage;
use crate::plan::Plan;
use crate::time::{Span, Ts};

/// Time all looks of a round have together; a look that takes longer counts as failed.
pub const LOOK_DEADLINE: Span = Span::secs(20);
/// Wait before all hands are tried after a ladder that reached nobody.
pub const REACH_AGAIN: Span = Span::mins(5);
/// First wait before looking again; it doubles with every round.
pub const LOOK_AGAIN_FIRST: Span = Span::mins(1);
/// Longest wait before looking again.
pub const LOOK_AGAIN_LAST: Span = Span::mins(10);

/// The effects of a turn's events, `incident` being the state after all of them.
pub fn react(plan: &Plan, incident: &Incident, events: &[Event], at: Ts) -> Vec<Effect> {
    let mut effects = Vec::new();
    for event in events {
        owe(&mut effects, plan, incident, event, at);
    }
    let paged = |event: &Event| {
        matches!(event, Event::Paged { .. } | Event::RungReached { .. } | Event::Delivered { .. })
    };
    if let Paging::Climbing { next, .. } = incident.paging
        && events.iter().any(paged)
        && reached_nobody(plan, incident)
    {
        effects.push(Effect::WakeAt { at: at + REACH_AGAIN, timer: Timer::Rung(next) });
    }
    if events.iter().any(changes_card) {
        effects.push(Effect::Tell(Tell::Card));
    }
    effects
}

fn owe(effects: &mut Vec<Effect>, plan: &Plan, incident: &Incident, event: &Event, at: Ts) {
    let wake = |span: Span, timer: Timer| Effect::WakeAt { at: at + span, timer };
    let round = incident.recovery.round;
    match event {
        Event::Opened { .. } => effects.push(wake(plan.detection.confirm_within, Timer::Confirm)),
        Event::RungReached { rung, calls, .. } => {
            page_all(effects, incident, calls, *rung);
            if let Some(at) = rung_after(plan, incident, *rung) {
                effects.push(Effect::WakeAt { at, timer: Timer::Rung(rung + 1) });
            }
        }
        Event::Summoned { calls, .. } => {
            page_all(effects, incident, calls, incident.present_rung());
        }
        Event::Rerouted { call, rung, .. } => {
            page_all(effects, incident, std::slice::from_ref(call), *rung);
        }
        Event::Delivered { page, report, again, .. } => {
            if *again {
                effects.push(next_copy(page));
            }
            if report.stage == Stage::OptedOut {
                effects.push(Effect::Tell(Tell::Notice(stopped(plan, incident, page))));
            }
        }
        Event::Paged { page, again: true, .. } => effects.push(next_copy(page)),
        Event::LooksAsked { round, looks } => {
            effects.extend(looks.iter().cloned().map(Effect::Look));
            effects.push(wake(LOOK_DEADLINE, Timer::Looked(*round)));
        }
        Event::LookAsked { look } => effects.push(Effect::Look(look.clone())),
        Event::Found { look: Look::Verify(act), .. }
        | Event::LookFailed { look: Look::Verify(act), .. } => {
            if !plan.hosting.cache_tags.is_empty() && act.class() != ActClass::Restart {
                effects.push(Effect::Purge(act.clone()));
            }
            effects.push(wake(plan.safety.recover_within, Timer::Recovered(round)));
        }
        Event::Found {
            look: Look::CriticalPath,
            finding: Finding::CriticalPath { passed: false, .. },
        }
        | Event::LookFailed { look: Look::CriticalPath, .. } => {
            effects.push(wake(LOOK_AGAIN_FIRST, Timer::LookAgain(round)));
        }
        Event::Chose { choice: Choice::Wait { because, .. } } => {
            effects.push(wake(look_again_after(round), Timer::LookAgain(round)));
            effects.push(Effect::Tell(Tell::Notice(because.join("; "))));
        }
        Event::ActStarted { act, .. } => effects.push(Effect::Act(act.clone())),
        Event::ObligationOpened { what } => effects.push(Effect::Tell(Tell::Notice(what.clone()))),
        Event::Recovered { .. } => {
            let watched = plan.safety.up_for + plan.detection.probe_every;
            effects.push(wake(watched, Timer::LookAgain(round)));
        }
        Event::Resolved { .. } if plan.compliance.report_for.contains(&incident.severity) => {
            effects.push(Effect::Report);
        }
        _ => {}
    }
}

fn page_all(effects: &mut Vec<Effect>, incident: &Incident, calls: &[Call], rung: u32) {
    effects.extend(calls.iter().map(|call| {
        Effect::Page(Page {
            person: call.person.clone(),
            by: call.by,
            code: incident.page_code(&call.person),
            copy: 1,
            rung,
            incident: incident.number,
            severity: incident.severity,
            component: incident.component.clone(),
            not_before: call.not_before,
            test: false,
        })
    }));
}

fn rung_after(plan: &Plan, incident: &Incident, rung: u32) -> Option<Ts> {
    let Paging::Climbing { started, .. } = incident.paging else { return None };
    rung_due(plan.escalation(incident.severity)?, started, rung + 1)
}

fn next_copy(page: &Page) -> Effect {
    Effect::Page(Page { copy: page.copy + 1, ..page.clone() })
}

/// Who has told their carrier to stop must hear of it from people.
fn stopped(plan: &Plan, incident: &Incident, page: &Page) -> String {
    let commander = incident.roles.get(&Role::IncidentCommander);
    let commander = commander.unwrap_or(&plan.roles.incident_commander);
    format!(
        "{commander}: texts do not reach {} any more (STOP). The next on the ladder are paged; call them",
        page.person
    )
}

fn look_again_after(round: u32) -> Span {
    let doubled = LOOK_AGAIN_FIRST.times(1 << round.saturating_sub(1).min(10));
    doubled.min(LOOK_AGAIN_LAST)
}

fn changes_card(event: &Event) -> bool {
    !matches!(
        event,
        Event::Joined { .. }
            | Event::Paged { .. }
            | Event::Delivered { .. }
            | Event::Found { .. }
            | Event::Reported
    )
}

/// Whether an outcome is worth a turn: chat that arrived is not.
pub fn is_news(effect: &Effect, outcome: &Outcome) -> bool {
    match effect {
        Effect::Tell(_) => false,
        Effect::Report => matches!(outcome, Outcome::Done(_)),
        Effect::Page(_)
        | Effect::Look(_)
        | Effect::Act(_)
        | Effect::Purge(_)
        | Effect::WakeAt { .. } => true,
    }
}
