//! Answers a command with events, or with a refusal. Everything dangerous is decided in [`super::recovery`].

use std::collections::BTreeSet;

use super::event::{Event, Sign, Witness};
use super::people::person;
use super::recovery::{consider, settle};
use super::{
    Command, Incident, MAX_JOINING_TURNS, MAX_LISTED_MONITORS, MAX_MONITORS, MAX_TURNS, Paging,
    Phase, Refusal, State, View, ladder,
};
use crate::detect::News;
use crate::effect::{Look, Timer};
use crate::id::ComponentId;
use crate::plan::{Alert, Plan, Severity};
use crate::roster::Roster;
use crate::safety::Standing;
use crate::signal::{Health, Kind, Signal, Trust};
use crate::time::Ts;

/// What a decision depends on besides the incident.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Freeze, arming and velocity.
    pub standing: &'a Standing,
    /// Who stands in on call, and whom texts don't reach.
    pub roster: &'a Roster,
    /// Components that our own probes see failing right now.
    pub failing: &'a BTreeSet<ComponentId>,
    /// The time.
    pub now: Ts,
}

/// An incident being decided about: events are folded as they are drafted, so that what follows sees them.
pub(super) struct Draft<'a> {
    pub(super) incident: Incident,
    pub(super) events: Vec<Event>,
    pub(super) plan: &'a Plan,
    pub(super) standing: &'a Standing,
    pub(super) roster: &'a Roster,
    pub(super) failing: &'a BTreeSet<ComponentId>,
    pub(super) now: Ts,
}

impl Draft<'_> {
    pub(super) fn push(&mut self, event: Event) {
        self.incident.apply(&event, self.now);
        self.events.push(event);
    }
}

/// Decides. No events and no refusal means: this is no news.
pub fn decide(
    situation: Situation,
    incident: &Incident,
    command: &Command,
) -> Result<Vec<Event>, Refusal> {
    decide_and_fold(situation, incident.clone(), command).map(|(_, events)| events)
}

/// Decides, and hands back the incident with the events folded into it.
pub(crate) fn decide_and_fold(
    situation: Situation,
    incident: Incident,
    command: &Command,
) -> Result<(Incident, Vec<Event>), Refusal> {
    let Situation { plan, standing, roster, failing, now } = situation;
    if incident.turns >= MAX_TURNS && matches!(command, Command::Signal { .. }) {
        return Err(Refusal::Full { number: incident.number, limit: MAX_TURNS });
    }
    let mut draft = Draft { incident, events: Vec::new(), plan, standing, roster, failing, now };
    match command {
        Command::Signal { signal, number, view } => heard(&mut draft, signal, *number, *view),
        Command::News { component, news, number } => seen(&mut draft, component, news, *number),
        Command::Wake { timer, view } => woken(&mut draft, *timer, *view),
        Command::Outcome { key, effect, outcome } => settle(&mut draft, key, effect, outcome),
        Command::Delivery { key, page, report } => {
            ladder::delivered(&mut draft, key, page, report);
        }
        Command::Person { by, via, wish, view } => person(&mut draft, by, via, wish, *view)?,
    }
    Ok((draft.incident, draft.events))
}

/// A monitor's word.
fn heard(draft: &mut Draft, signal: &Signal, number: u32, view: View) {
    if signal.kind != Kind::Transition {
        return;
    }
    match draft.incident.state {
        State::Unborn | State::Dismissed | State::Resolved if signal.health.accuses() => {
            open(draft, &signal.component, signal_start(signal), sign(signal), number);
            join(draft, signal);
            believe(draft, signal, view);
        }
        State::Unborn | State::Dismissed | State::Resolved => {}
        State::Suspected => {
            join(draft, signal);
            retract(draft);
            believe(draft, signal, view);
        }
        State::Open => {
            join(draft, signal);
            recovered_by_word(draft);
            believe(draft, signal, view);
        }
        State::Mitigated => join(draft, signal),
    }
}

/// The level of an alert: providers that only know up and down mean the plan's Critical.
fn alert_of(signal: &Signal) -> Alert {
    signal.alert.unwrap_or(match signal.health {
        Health::Degraded => Alert::Warning,
        Health::Down | Health::Up | Health::Unknown | Health::Maintenance => Alert::Critical,
    })
}

/// People hear at once of what a proven sender reports: waking someone for nothing is cheap. Only where our own probes
/// see a service up that is reported down, they decide; and nothing is ever done on a monitor's word.
fn believe(draft: &mut Draft, signal: &Signal, view: View) {
    let alert = alert_of(signal);
    let contradicted = alert == Alert::Critical && matches!(view, View::Healthy { .. });
    let live = matches!(draft.incident.state, State::Suspected | State::Open);
    if !signal.health.accuses() || signal.trust < Trust::SharedSecret || contradicted || !live {
        return;
    }
    let (severity, because) = classify(draft.plan, &draft.incident.component, alert);
    raise(draft, severity, format!("{because}, says {}", signal.source), alert);
}

/// The start a payload claims, but never later than its arrival nor absurdly long before it.
fn signal_start(signal: &Signal) -> Ts {
    const OLDEST: crate::time::Span = crate::time::Span::hours(1);
    signal
        .started_at
        .filter(|at| *at <= signal.received_at && signal.received_at.since(*at) < OLDEST)
        .unwrap_or(signal.received_at)
}

fn sign(signal: &Signal) -> Sign {
    let name = signal.name.as_deref().unwrap_or(signal.monitor.as_str());
    let says = match &signal.reason {
        Some(reason) => format!("{name}: {reason}"),
        None => name.to_owned(),
    };
    Sign { source: signal.source.0.clone(), says, trust: signal.trust }
}

/// Opens the stream; too many openings within the join window are flapping, which people must hear of.
fn open(draft: &mut Draft, component: &ComponentId, since: Ts, sign: Sign, number: u32) {
    let number = if draft.incident.number == 0 { number } else { draft.incident.number };
    draft.push(Event::Opened { number, component: component.clone(), since, sign });
    if draft.incident.openings >= draft.plan.detection.flap_limit {
        let severity = classify(draft.plan, component, Alert::Warning).0;
        let because =
            format!("flapping: it looked down {} times in a row", draft.incident.openings);
        declare(draft, severity, because);
    }
}

/// Records a monitor's word where it changed; a storm's later monitors are only counted.
fn join(draft: &mut Draft, signal: &Signal) {
    let key = (signal.source.clone(), signal.monitor.clone());
    let said = draft.incident.monitors.get(&key).map(|word| word.health);
    let news = match signal.health {
        Health::Up => said.is_some_and(|health| health != Health::Up),
        Health::Down | Health::Degraded => said != Some(signal.health),
        Health::Unknown | Health::Maintenance => false,
    };
    if !news || !has_room(&draft.incident, said.is_some()) {
        return;
    }
    draft.push(Event::Joined {
        source: signal.source.clone(),
        monitor: signal.monitor.clone(),
        health: signal.health,
        trust: signal.trust,
        alert: alert_of(signal),
        reason: signal.reason.clone(),
    });
    if signal.health != Health::Up && draft.incident.monitors.len() == MAX_LISTED_MONITORS {
        draft.push(Event::ManyAgree { monitors: MAX_LISTED_MONITORS as u32 });
    }
}

/// Whether another word is recorded; it may still raise the severity if it isn't.
fn has_room(incident: &Incident, known: bool) -> bool {
    incident.turns < MAX_JOINING_TURNS && (known || incident.monitors.len() < MAX_MONITORS)
}

/// A suspicion that all its monitors took back, and that our probes never shared, is over.
fn retract(draft: &mut Draft) {
    if draft.incident.accusers().next().is_none() && !draft.incident.failing {
        draft.push(Event::Dismissed { because: "every monitor took it back".into() });
    }
}

/// Where our own view never confirmed it, the monitors that raised it may end it, if they all say so.
fn recovered_by_word(draft: &mut Draft) {
    let word_only = !draft.incident.confirmed && !draft.incident.monitors.is_empty();
    if word_only && draft.incident.accusers().next().is_none() && !draft.incident.failing {
        draft.push(Event::Recovered { at: draft.now, witness: Witness::Monitors });
    }
}

/// News of our own probes.
fn seen(draft: &mut Draft, component: &ComponentId, news: &News, number: u32) {
    match news {
        News::FirstFailure { since } => first_failure(draft, component, *since, number),
        News::Down { quorum, since } => {
            first_failure(draft, component, *since, number);
            if !draft.incident.confirmed {
                draft.push(Event::Confirmed { quorum: quorum.clone() });
            }
            let (severity, because) = classify(draft.plan, component, Alert::Critical);
            raise(draft, severity, because, Alert::Critical);
        }
        News::Certain { quorum, since } => {
            first_failure(draft, component, *since, number);
            if draft.incident.state.is_declared() {
                draft.push(Event::Certain { quorum: quorum.clone() });
                consider(draft);
            }
        }
        News::Recovered { at } => recovered(draft, *at),
        News::Steady { successes, .. } => super::recovery::steady(draft, *successes),
        News::Slow { latency_ms, .. } => {
            let how = format!(
                "answers in {latency_ms:.0} ms, limit {:.0}",
                draft.plan.thresholds.slow_ms
            );
            impaired(draft, component, number, Alert::Warning, how);
        }
        News::Erring { rate, .. } => {
            let limit = draft.plan.thresholds.error_rate;
            let how =
                format!("{:.2} % of requests fail, limit {:.2} %", rate * 100.0, limit * 100.0);
            impaired(draft, component, number, Alert::Info, how);
        }
        News::Eased { alert, .. } => eased(draft, *alert),
        News::Blind { why, .. } => {
            if draft.incident.state.is_live() && !draft.incident.blind {
                draft.push(Event::Blinded { why: why.to_string() });
            }
        }
        News::Sighted { .. } => {
            if draft.incident.state.is_live() && draft.incident.blind {
                draft.push(Event::Sighted);
            }
        }
    }
}

fn first_failure(draft: &mut Draft, component: &ComponentId, since: Ts, number: u32) {
    match draft.incident.state {
        State::Unborn | State::Dismissed | State::Resolved => {
            let says = "a majority of our vantage points fails".to_owned();
            let sign = Sign { source: "prober".into(), says, trust: Trust::Own };
            open(draft, component, since, sign, number);
            draft.push(Event::FirstFailure { since });
        }
        State::Suspected | State::Open => {
            if !draft.incident.failing {
                draft.push(Event::FirstFailure { since });
            }
        }
        State::Mitigated => draft.push(Event::Relapsed { since }),
    }
}

/// Declares, or raises what evidence shows to be worse; a person's word on severity stands.
fn raise(draft: &mut Draft, severity: Severity, because: String, alert: Alert) {
    if draft.incident.state == State::Suspected {
        declare(draft, severity, because);
    } else if draft.incident.state.is_declared()
        && severity < draft.incident.severity
        && !draft.incident.severity_by_person
    {
        draft.push(Event::SeveritySet { to: severity, because, by_person: false });
        ladder::climb(draft);
    }
    if alert == Alert::Critical {
        start_recovery(draft);
    }
}

/// Declares: the first rung is reached in the same turn, and the world is looked at in the same turn.
pub(super) fn declare(draft: &mut Draft, severity: Severity, because: String) {
    draft.push(Event::Declared { severity, because });
    ladder::climb(draft);
}

/// Looks are asked for as soon as an outage is declared, long before acting is allowed.
pub(super) fn start_recovery(draft: &mut Draft) {
    if draft.incident.state == State::Open && draft.incident.recovery.phase == Phase::Idle {
        super::recovery::ask_looks(draft);
    }
}

fn recovered(draft: &mut Draft, at: Ts) {
    match draft.incident.state {
        State::Suspected if draft.incident.accusers().next().is_none() => {
            let length = at.since(draft.incident.since);
            draft.push(Event::Dismissed { because: format!("it passed after {length}") });
        }
        State::Open => draft.push(Event::Recovered { at, witness: Witness::Probes }),
        _ => {}
    }
}

fn impaired(draft: &mut Draft, component: &ComponentId, number: u32, alert: Alert, how: String) {
    if matches!(draft.incident.state, State::Unborn | State::Dismissed | State::Resolved) {
        let sign = Sign { source: "prober".into(), says: how.clone(), trust: Trust::Own };
        open(draft, component, draft.now, sign, number);
    }
    if !draft.incident.impaired.contains(&alert) {
        draft.push(Event::Impaired { alert, how });
    }
    if draft.incident.state == State::Suspected {
        let (severity, because) = classify(draft.plan, component, alert);
        declare(draft, severity, because);
    }
}

/// Slow or erring alone ends when it eases: the service answered all along.
fn eased(draft: &mut Draft, alert: Alert) {
    if !draft.incident.impaired.contains(&alert) {
        return;
    }
    draft.push(Event::Eased { alert });
    if !draft.incident.impaired.is_empty() {
        return;
    }
    if draft.incident.state == State::Mitigated {
        return watch_on(draft);
    }
    let never_down = !draft.incident.failing && draft.incident.accusers().next().is_none();
    if draft.incident.state == State::Open && never_down {
        draft.push(Event::Recovered { at: draft.now, witness: Witness::Probes });
    }
}

/// What eased while the service was being watched is watched again, from now on.
fn watch_on(draft: &mut Draft) {
    if draft.incident.steady {
        draft.push(Event::LookAsked { look: Look::CriticalPath });
    } else {
        draft.push(Event::Recovered { at: draft.now, witness: Witness::Probes });
    }
}

/// A wake-up: no news unless it is still what the incident waits for.
fn woken(draft: &mut Draft, timer: Timer, view: View) {
    match timer {
        Timer::Confirm => confirm(draft, view),
        Timer::Rung(rung) => {
            if matches!(draft.incident.paging, Paging::Climbing { next, .. } if next == rung) {
                ladder::climb(draft);
            }
        }
        Timer::Looked(_) | Timer::LookAgain(_) | Timer::Recovered(_) => {
            super::recovery::woken(draft, timer, view);
        }
        // Other journals' wake-ups.
        Timer::ReadAgain(_) | Timer::Remind(_) => {}
    }
}

/// A suspicion's time is up: refuted, or people are told; silence is never taken for health.
fn confirm(draft: &mut Draft, view: View) {
    if draft.incident.state != State::Suspected {
        return;
    }
    let best = draft.incident.accusers().map(|word| word.trust).max();
    let worst = draft.incident.accusers().map(|word| word.alert).min();
    let alert = worst.unwrap_or(Alert::Critical);
    let component = draft.incident.component.clone();
    match (view, best) {
        (View::Healthy { .. }, None | Some(Trust::Unauthenticated)) => {
            let because = "our own probes see it up, and nobody proven says otherwise".into();
            draft.push(Event::Dismissed { because });
        }
        (View::Healthy { .. }, Some(_)) => {
            let because = "an authenticated monitor says down, our own probes see it up".into();
            declare(draft, Severity::P3, because);
        }
        (View::Failing | View::Blind, _) => {
            let (severity, because) = classify(draft.plan, &component, alert);
            let because = format!("{because}; our own probes could not confirm it");
            raise(draft, severity, because, alert);
        }
    }
}

/// The severity the plan gives to an alert on a component, with the plan's reason.
pub fn classify(plan: &Plan, component: &ComponentId, alert: Alert) -> (Severity, String) {
    let priority = plan.component(component).map(|component| component.priority);
    plan.classification
        .iter()
        .find(|rule| rule.alert == alert && Some(rule.priority) == priority)
        .map_or((Severity::P2, "the plan classifies no such alert: taken for P2".into()), |rule| {
            (rule.severity, rule.because.clone())
        })
}
