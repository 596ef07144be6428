//! Promises about waking people: no page lost, none too many, the ladder never stops by itself.

use super::{
    Effect, Ending, GRACE, Incident, MAX_PAGE_COPIES, Paging, Span, Stream, Ts, next_rung,
};

/// Every page that was owed reached a provider in time, or was not wanted any more by then.
pub(super) fn sent(ending: &Ending) -> Result<(), String> {
    for stream in &ending.streams {
        for body in &stream.turns {
            let deadline = ending.deadline(body.at, GRACE, Span::ZERO);
            for (key, effect) in body.owed() {
                let Effect::Page(page) = effect else { continue };
                let called =
                    ending.page_calls().any(|(call, _)| call.key == key && call.at <= deadline);
                let over = quiet_spells(stream)
                    .iter()
                    .any(|(from, _)| body.at <= *from && *from <= deadline);
                if !called && !over && deadline <= ending.end() {
                    return Err(format!("page {key} to {} never left", page.person));
                }
            }
        }
    }
    Ok(())
}

/// Whoever has an incident is left in peace, and so is everybody else.
pub(super) fn none_after_the_end(ending: &Ending) -> Result<(), String> {
    for (call, page) in ending.page_calls() {
        let Some(stream) = ending.stream(&call.key) else { continue };
        let spells = quiet_spells(stream);
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
    for (call, page) in ending.page_calls() {
        let again = ending.page_calls().filter(|(other, _)| other.key == call.key).count();
        if again > 1 + deaths || page.copy > MAX_PAGE_COPIES {
            return Err(format!("page {} left {again} times, copy {}", call.key, page.copy));
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
