//! Promises about acting: once, on evidence, within what is allowed, and what the scenario calls for.

use super::{Act, ActClass, Ending, Event, Fault, GRACE, SafetyEvent, Span, Ts};

/// Each operation reaches a vendor at most once; no deployment is rolled back from twice; failovers keep their distance.
pub(super) fn once(ending: &Ending) -> Result<(), String> {
    for (place, (call, act)) in ending.act_calls().enumerate() {
        for (other, same) in ending.act_calls().skip(place + 1) {
            if other.key == call.key {
                return Err(format!("operation {} was done twice", call.key));
            }
            let both = call.took_effect && other.took_effect;
            if both && too_close(ending, (call.at, act), (other.at, same)) {
                return Err(format!("{} and {} did the same", call.key, other.key));
            }
        }
    }
    Ok(())
}

fn too_close(ending: &Ending, first: (Ts, &Act), second: (Ts, &Act)) -> bool {
    match (first.1, second.1) {
        (Act::RollBack { from, .. }, Act::RollBack { from: again, .. }) => from == again,
        (Act::FailOver, Act::FailOver) => {
            let near = second.0 - first.0 < ending.plan.safety.failover_block;
            near && !people_between(ending, first.0, second.0)
        }
        _ => false,
    }
}

fn people_between(ending: &Ending, from: Ts, to: Ts) -> bool {
    ending.safety.iter().any(|body| {
        let settled = |event: &SafetyEvent| matches!(event, SafetyEvent::PeopleSettled { .. });
        from <= body.at && body.at <= to && body.events.iter().any(settled)
    })
}

/// Before an action: a quorum in the ledger, and an outage in the world that is long and not yet over.
pub(super) fn with_evidence(ending: &Ending) -> Result<(), String> {
    let safety = &ending.plan.safety;
    for (call, act) in ending.act_calls() {
        let Some(stream) = ending.stream(&call.key) else { continue };
        let quorum = stream.events().filter(|(at, _)| *at <= call.at).any(|(_, event)| {
            matches!(event, Event::Certain { quorum } if quorum.fresh >= safety.quorum)
        });
        if !quorum {
            return Err(format!("{} without a quorum", act.class().says()));
        }
        let outages = ending.outages(&stream.incident.component);
        let long = outages.iter().any(|(from, until)| {
            let lasted = call.at.min(*until) - *from;
            call.at - *until <= GRACE && lasted >= safety.act_after
        });
        if !long {
            let at = (call.at - super::super::START).as_secs_f64();
            return Err(format!("{} at {at} s, and it was not down", act.class().says()));
        }
    }
    Ok(())
}

/// Nothing is done that isn't armed, after the kill switch, or onto a standby that is not fit.
pub(super) fn allowed(ending: &Ending) -> Result<(), String> {
    let frozen = ending.simulation.record().frozen_at;
    for (call, act) in ending.act_calls() {
        let says = act.class().says();
        if ending.has(Fault::NotArmed) {
            return Err(format!("{says} is not armed"));
        }
        if frozen.is_some_and(|at| at < call.at) {
            return Err(format!("{says} after everything was frozen"));
        }
        if *act == Act::FailOver && !standby_is_fit(ending, call.at) {
            return Err("failed over onto a standby that is not fit".into());
        }
    }
    Ok(())
}

fn standby_is_fit(ending: &Ending, at: Ts) -> bool {
    let standby = ending.simulation.town().world().preflight(at);
    let rpo = ending.plan.components.iter().map(|component| component.rpo);
    let strictest = rpo.filter(|rpo| *rpo > Span::ZERO).min().unwrap_or(Span::ZERO);
    standby.answers
        && standby.database
        && standby.certificate_life >= ending.plan.safety.certificate_min_life
        && standby.data_age <= strictest
}

/// The cause's remedy and nothing else; all of it, unless something stood in the way.
pub(super) fn expected(ending: &Ending) -> Result<(), String> {
    let mut remedy = ending.simulation.town().remedy();
    if ending.has(Fault::StandbyCertificate) {
        remedy.retain(|class| *class != ActClass::Failover);
    }
    let lossy = ending.has(Fault::SlowVendors) || ending.has(Fault::LostReply);
    if lossy && !ending.has(Fault::StandbyCertificate) && remedy == [ActClass::Rollback] {
        // The list of deployments, or the rollback itself, got lost: the standby is the other way out.
        remedy.push(ActClass::Failover);
    }
    let took_effect = || ending.act_calls().filter(|(call, _)| call.took_effect);
    for (call, act) in took_effect() {
        // What comes back in the very second of the action cannot be seen coming back.
        let outages = ending.stream(&call.key).map(|stream| &stream.incident.component);
        let outages = outages.map(|component| ending.outages(component)).unwrap_or_default();
        let down = outages.iter().any(|(from, until)| (*from..*until).contains(&call.at));
        if down && !remedy.contains(&act.class()) {
            let says = act.class().says();
            return Err(format!("{says} is no remedy for {}", ending.cause()));
        }
    }
    let done: Vec<ActClass> = took_effect().map(|(_, act)| act.class()).collect();
    let hindered = [Fault::NotArmed, Fault::Frozen, Fault::LostReply, Fault::SlowVendors];
    let hindered = hindered.into_iter().any(|fault| ending.has(fault));
    match remedy.iter().find(|class| !done.contains(class)) {
        Some(missing) if !hindered && !people_were_faster(ending) => {
            Err(format!("{} was not done", missing.says()))
        }
        _ => Ok(()),
    }
}

/// Whether the server was dead for so long that people may have repaired it by hand.
fn people_were_faster(ending: &Ending) -> bool {
    let deaths = &ending.simulation.record().downtimes;
    deaths.iter().fold(Span::ZERO, |sum, (died, back)| sum + (*back - *died)) > Span::mins(2)
}
