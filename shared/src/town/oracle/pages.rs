//! Promises about waking people: no page lost, none too many, the ladder never stops by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Effect, Ending, Event, GRACE, Incident, MAX_PAGE_COPIES, Page, Paging, Span, Stream, Ts,
    next_rung,
};

use crate::id::{EffectKey, StreamId};
use crate::incident::wants_pages;
use crate::plan::ContactKind;

/// Every page that was owed reached a provider in time, or was not wanted any more by then.
pub(super) fn sent(ending: &Ending) -> Result<(), String> {
    let mut first: BTreeMap<&EffectKey, Ts> = BTreeMap::new();
    for (call, _) in ending.page_calls() {
        first.entry(&call.key).or_insert(call.at);
    }
    for stream in &ending.streams {
        let spells = quiet_spells(stream);
        for body in &stream.turns {
            for (key, effect) in body.owed() {
                let Effect::Page(page) = effect else { continue };
                let due = body.at.max(effect.due());
                let deadline = ending.deadline(due, GRACE, Span::ZERO);
                let called = first.get(&key).is_some_and(|at| *at <= deadline);
                let over = || spells.iter().any(|(from, _)| body.at <= *from && *from <= deadline);
                if !called && deadline <= ending.end() && !over() {
                    return Err(format!("page {key} to {} never left", page.person));
                }
            }
        }
    }
    Ok(())
}

/// Whoever has an incident is left in peace, and so is everybody else.
pub(super) fn none_after_the_end(ending: &Ending) -> Result<(), String> {
    let spells: BTreeMap<&StreamId, Vec<(Ts, Ts)>> =
        ending.streams.iter().map(|stream| (&stream.id, quiet_spells(stream))).collect();
    for (call, page) in ending.page_calls() {
        let Some(spells) = spells.get(&call.key.stream) else { continue };
        if spells.iter().any(|(from, until)| *from < call.at && call.at < *until) {
            let late = (call.at - super::super::START).as_secs_f64();
            return Err(format!("page {} to {} left at {late} s", call.key, page.person));
        }
    }
    Ok(())
}

/// A page is repeated for a reason only, and only so often.
pub(super) fn bounded(ending: &Ending) -> Result<(), String> {
    let deaths = ending.simulation.record().downtimes.len();
    let mut left: BTreeMap<&EffectKey, usize> = BTreeMap::new();
    for (call, page) in ending.page_calls() {
        let again = left.entry(&call.key).or_default();
        *again += 1;
        if *again > 1 + deaths || page.copy > MAX_PAGE_COPIES {
            return Err(format!("page {} left {again} times, copy {}", call.key, page.copy));
        }
    }
    ending.streams.iter().try_for_each(owed_once)
}

/// On one ladder, each copy of a page is owed once: at most so many as there are copies.
fn owed_once(stream: &Stream) -> Result<(), String> {
    let mut owed = BTreeSet::new();
    for body in &stream.turns {
        // Whoever has it may give it back by declining.
        let anew = |event: &Event| {
            matches!(
                event,
                Event::Declared { .. }
                    | Event::Reopened { .. }
                    | Event::SeveritySet { .. }
                    | Event::Declined { .. }
            )
        };
        if body.events.iter().any(anew) {
            owed.clear();
        }
        for effect in &body.owes {
            let Effect::Page(page) = effect else { continue };
            if !owed.insert((page.person.clone(), page.by, page.rung, page.copy)) {
                let Page { person, rung, copy, .. } = page;
                return Err(format!("{person} is owed copy {copy} of rung {rung} twice"));
            }
        }
    }
    Ok(())
}

/// What providers say, and what time brings, never stops the ladder.
pub(super) fn acknowledged_by_people(ending: &Ending) -> Result<(), String> {
    for stream in &ending.streams {
        for body in &stream.turns {
            for event in &body.events {
                let Event::Acknowledged { by, .. } = event else { continue };
                let spoken = body.key.starts_with(&format!("{by}/"));
                if *body.actor != *by.0 || !spoken {
                    return Err(format!("turn {} acknowledges for {by}", body.turn));
                }
            }
        }
    }
    Ok(())
}

/// After every bad end that a provider tells of, somebody is still to be woken: by the next copy, by another means, or
/// by the next rung, which then has its time. A ladder that the plan lets end rests on what the others still have.
pub(super) fn not_given_up(ending: &Ending) -> Result<(), String> {
    for stream in &ending.streams {
        let mut incident = Incident::unborn(stream.id.clone());
        for body in &stream.turns {
            for event in &body.events {
                incident.apply(event, body.at);
            }
            let in_vain = body.events.iter().any(
                |event| matches!(event, Event::Delivered { report, .. } if report.stage.is_bad()),
            );
            let paged = body.owes.iter().any(|effect| matches!(effect, Effect::Page(_)));
            let again = body.owes.iter().any(|effect| matches!(effect, Effect::WakeAt { .. }));
            let next = next_rung(ending.plan, &incident).is_some();
            let hope = incident.has_hope(incident.present_rung(), None);
            if in_vain && wants_pages(&incident) && !paged && !again && !next && !hope {
                return Err(format!("turn {} of {} leaves it there", body.turn, incident.number));
            }
        }
    }
    Ok(())
}

/// Once it is known that texts don't reach somebody, none is owed to them.
pub(super) fn none_to_the_deaf(ending: &Ending) -> Result<(), String> {
    for stream in &ending.streams {
        let mut incident = Incident::unborn(stream.id.clone());
        for body in &stream.turns {
            for event in &body.events {
                incident.apply(event, body.at);
            }
            for effect in &body.owes {
                let Effect::Page(page) = effect else { continue };
                if page.by == ContactKind::Sms && incident.opted_out.contains(&page.person) {
                    return Err(format!("turn {} texts {}", body.turn, page.person));
                }
            }
        }
    }
    Ok(())
}

/// The next rung never waits longer than the policy says.
pub(super) fn rungs_in_time(ending: &Ending) -> Result<(), String> {
    for stream in &ending.streams {
        let mut late = None;
        let check = |incident: &Incident, at: Ts| {
            let (rung, due) = next_rung(ending.plan, incident)?;
            let deadline = ending.deadline(due, GRACE, Span::ZERO);
            let wanted = incident.state.is_declared();
            (wanted && deadline < at).then(|| format!("rung {rung} of {} is late", incident.number))
        };
        stream.walk(|incident, body| late = late.take().or_else(|| check(incident, body.at)));
        let late = late.or_else(|| check(&stream.incident, ending.end()));
        late.map_or(Ok(()), Err)?;
    }
    Ok(())
}

/// Whatever is declared is acknowledged, over, or somebody will be woken for it.
pub(super) fn nobody_forgotten(ending: &Ending) -> Result<(), String> {
    for Stream { incident, .. } in &ending.streams {
        let policy = ending.plan.escalation(incident.severity);
        let for_ever = policy.is_some_and(|policy| policy.repeat_after.is_some());
        let taken = matches!(incident.paging, Paging::Acknowledged { .. });
        let next = next_rung(ending.plan, incident).is_some();
        if incident.state.is_declared() && for_ever && !taken && !next {
            return Err(format!("nobody will ever be woken for {}", incident.number));
        }
    }
    Ok(())
}

/// When nobody was to be woken: from an acknowledgement or an end to what set the ladder up again.
fn quiet_spells(stream: &Stream) -> Vec<(Ts, Ts)> {
    let mut spells: Vec<(Ts, Ts)> = Vec::new();
    let wants = |incident: &Incident| {
        incident.state.is_declared() && matches!(incident.paging, Paging::Climbing { .. })
    };
    let mut wanted = true;
    let mut last = Ts::default();
    let mut see = |wants: bool, at: Ts| {
        match spells.last_mut() {
            Some(spell) if wants && !wanted => spell.1 = at,
            _ if !wants && wanted => spells.push((at, Ts(i64::MAX))),
            _ => {}
        }
        wanted = wants;
    };
    // A turn shows in the incident as it is before the next one.
    stream.walk(|incident, body| {
        if incident.number > 0 {
            see(wants(incident), last);
        }
        last = body.at;
    });
    see(wants(&stream.incident), last);
    spells
}
