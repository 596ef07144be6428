//! What was promised, and whether it was kept: judged from the ledger and from what really happened, never from what the
//! engine believes.

use serde::Serialize;

use super::run::Simulation;
use super::script::{Fault, Scenario};
use super::vendors::{Asked, Call};
use crate::effect::{Act, ActClass, Effect, Page};
use crate::id::{ComponentId, EffectKey, StreamId};
use crate::incident::{Event, Incident, MAX_PAGE_COPIES, Paging, Witness, next_rung};
use crate::ledger::{Body, verify};
use crate::plan::{Plan, Severity};
use crate::safety::{SAFETY_STREAM, SafetyEvent};
use crate::store::Store;
use crate::time::{Span, Ts};

mod actions;
mod pages;

/// How late the server may be with anything, its own death not counted.
const GRACE: Span = Span::secs(15);
/// What a restart costs besides: probes are gathered anew, and have to hold anew.
const WARM_UP: Span = Span::secs(60);
/// What probes every ten seconds from different places can miss.
const SAMPLING: Span = Span::secs(20);
/// An outage of this length must be noticed.
const NOTICEABLE: Span = Span::secs(60);

/// A promise of the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Promise {
    /// Its name, a clause: `no page is lost`.
    pub name: &'static str,
    /// Whether it was kept.
    pub kept: bool,
    /// How it was broken; empty when it was kept.
    pub says: String,
}

/// How one promise is judged.
type Judgement = fn(&Ending) -> Result<(), String>;

/// Every promise that is judged.
const PROMISES: [(&str, Judgement); 16] = [
    ("nothing goes wrong that nothing explains", no_errors),
    ("every page is handed to a provider", pages::sent),
    ("no page leaves once a person has it", pages::none_after_the_end),
    ("copies of a page are bounded", pages::bounded),
    ("every rung is climbed in time", pages::rungs_in_time),
    ("nobody is forgotten", pages::nobody_forgotten),
    ("only a person's own act acknowledges", pages::acknowledged_by_people),
    ("whoever could not be woken is not given up", pages::not_given_up),
    ("nobody is texted who has opted out", pages::none_to_the_deaf),
    ("no action is done twice", actions::once),
    ("no action is done without evidence", actions::with_evidence),
    ("no action is done that is not allowed", actions::allowed),
    ("what should be done is done", actions::expected),
    ("an outage is noticed", outages_are_noticed),
    ("no false alarm", no_false_alarm),
    ("all clear is said when it is, and only then", all_clear),
];

/// A simulation at its end, its ledger read and verified.
struct Ending<'a> {
    simulation: &'a Simulation,
    plan: &'a Plan,
    streams: Vec<Stream>,
    safety: Vec<Body<SafetyEvent>>,
}

/// An incident's turns and their fold.
struct Stream {
    id: StreamId,
    turns: Vec<Body<Event>>,
    incident: Incident,
}

/// Judges a simulation that has ended.
pub fn promises(simulation: &Simulation) -> Vec<Promise> {
    const CHAIN: &str = "every chain is whole, and memory agrees with it";
    let verdict = |name, says: Result<(), String>| Promise {
        name,
        kept: says.is_ok(),
        says: says.err().unwrap_or_default(),
    };
    match Ending::read(simulation) {
        Err(broken) => vec![verdict(CHAIN, Err(broken))],
        Ok(ending) => std::iter::once(verdict(CHAIN, ending.memory_agrees()))
            .chain(PROMISES.iter().map(|(name, judge)| verdict(name, judge(&ending))))
            .collect(),
    }
}

impl<'a> Ending<'a> {
    fn read(simulation: &'a Simulation) -> Result<Self, String> {
        let store = simulation.store();
        let turns = |id: &StreamId| store.turns(id).map_err(|error| error.to_string());
        let mut streams = Vec::new();
        for summary in store.newest(usize::MAX).map_err(|error| error.to_string())? {
            let sealed = turns(&summary.id)?;
            let bodies = verify(&summary.id, &sealed).map_err(|broken| broken.to_string())?;
            let mut incident = Incident::unborn(summary.id.clone());
            for (body, sealed) in bodies.iter().zip(&sealed) {
                incident.apply_turn(body, sealed.hash);
            }
            streams.push(Stream { id: summary.id, turns: bodies, incident });
        }
        let stream: StreamId = SAFETY_STREAM.into();
        let safety = verify(&stream, &turns(&stream)?).map_err(|broken| broken.to_string())?;
        Ok(Self { simulation, plan: simulation.plan(), streams, safety })
    }

    fn memory_agrees(&self) -> Result<(), String> {
        let Some(engine) = self.simulation.engine() else { return Ok(()) };
        for live in engine.live() {
            let stored = self.streams.iter().find(|stream| stream.id == live.id);
            if stored.is_none_or(|stream| stream.incident != *live) {
                return Err(format!("incident {} differs from its stream", live.number));
            }
        }
        Ok(())
    }

    fn end(&self) -> Ts {
        self.simulation.now()
    }

    fn has(&self, fault: Fault) -> bool {
        self.simulation.town().script().has(fault)
    }

    fn cause(&self) -> Scenario {
        self.simulation.town().world().cause
    }

    /// When something that takes so long from a moment on is overdue, the server's deaths not counted, and with what
    /// each death costs besides.
    fn deadline(&self, from: Ts, takes: Span, each: Span) -> Ts {
        let deaths = self.simulation.record().downtimes.iter();
        deaths.filter(|(_, back)| from <= *back + each).fold(from + takes, |deadline, death| {
            let (died, back) = *death;
            if died <= deadline { deadline + (back - died.max(from)) + each } else { deadline }
        })
    }

    /// The effect's stream.
    fn stream(&self, key: &EffectKey) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.id == key.stream)
    }

    fn page_calls(&self) -> impl Iterator<Item = (&Call, &Page)> {
        self.simulation.town().calls().iter().filter_map(|call| match &call.asked {
            Asked::Page(page) => Some((call, page)),
            Asked::Act(_) => None,
        })
    }

    fn act_calls(&self) -> impl Iterator<Item = (&Call, &Act)> {
        self.simulation.town().calls().iter().filter_map(|call| match &call.asked {
            Asked::Act(act) => Some((call, act)),
            Asked::Page(_) => None,
        })
    }

    /// When a component was really down: from, until; until the end where it still is.
    fn outages(&self, component: &ComponentId) -> Vec<(Ts, Ts)> {
        let mut outages: Vec<(Ts, Ts)> = Vec::new();
        let world = self.simulation.town().world();
        for turnabout in world.turnabouts.iter().filter(|one| one.component == *component) {
            match outages.last_mut() {
                Some(last) if turnabout.up => last.1 = turnabout.at,
                _ => outages.push((turnabout.at, Ts(i64::MAX))),
            }
        }
        outages
    }
}

impl Stream {
    /// Every turn with the incident as it was before it.
    fn walk(&self, mut see: impl FnMut(&Incident, &Body<Event>)) {
        let mut incident = Incident::unborn(self.id.clone());
        for body in &self.turns {
            see(&incident, body);
            for event in &body.events {
                incident.apply(event, body.at);
            }
        }
    }

    /// Every event with its time.
    fn events(&self) -> impl Iterator<Item = (Ts, &Event)> {
        self.turns.iter().flat_map(|body| body.events.iter().map(|event| (body.at, event)))
    }
}

fn no_errors(ending: &Ending) -> Result<(), String> {
    let errors = &ending.simulation.record().errors;
    if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
}

/// Whoever was down for a minute has an incident that people were told of.
fn outages_are_noticed(ending: &Ending) -> Result<(), String> {
    for component in &ending.plan.components {
        for (from, until) in ending.outages(&component.id) {
            let deadline = ending.deadline(from, NOTICEABLE, WARM_UP);
            let noticed =
                ending.streams.iter().any(|stream| declared_by(stream, component, deadline));
            if deadline <= until.min(ending.end()) && !noticed {
                let at = (from - super::START).as_secs_f64();
                return Err(format!("{} went down at {at} s and nobody was told", component.id));
            }
        }
    }
    Ok(())
}

fn declared_by(stream: &Stream, component: &crate::plan::Component, deadline: Ts) -> bool {
    stream.incident.component == component.id
        && stream
            .events()
            .any(|(at, event)| matches!(event, Event::Declared { .. }) && at <= deadline)
}

/// Nobody is woken for a blip.
fn no_false_alarm(ending: &Ending) -> Result<(), String> {
    if ending.cause() != Scenario::Blip {
        return Ok(());
    }
    for (_, event) in ending.streams.iter().flat_map(Stream::events) {
        if let Event::Declared { severity: Severity::P1 | Severity::P2, because } = event {
            return Err(format!("people were woken: {because}"));
        }
    }
    Ok(())
}

/// An incident ends when the service has been well, and then it does end.
fn all_clear(ending: &Ending) -> Result<(), String> {
    ending.streams.iter().try_for_each(|stream| {
        ends_rightly(ending, stream)?;
        ends_at_all(ending, stream)
    })
}

fn ends_rightly(ending: &Ending, stream: &Stream) -> Result<(), String> {
    let outages = ending.outages(&stream.incident.component);
    for (at, event) in stream.events() {
        let Event::Resolved { witness, .. } = event else { continue };
        let must_be_well_for = match witness {
            Witness::Probes | Witness::Person => ending.plan.safety.up_for,
            Witness::Monitors => Span::ZERO,
            Witness::PersonAlone => continue,
        };
        let ill = |(from, until): &(Ts, Ts)| {
            let visible = until.since(*from) >= SAMPLING;
            visible && *from <= at && at - must_be_well_for + SAMPLING < *until
        };
        if outages.iter().any(ill) {
            return Err(format!("{} was resolved too early", stream.incident.number));
        }
    }
    Ok(())
}

/// Long after everything is well, and nobody says otherwise, nothing is open.
fn ends_at_all(ending: &Ending, stream: &Stream) -> Result<(), String> {
    let incident = &stream.incident;
    let window = ending.plan.safety.up_for + Span::mins(15);
    let from = ending.end() - window;
    let recent = |at: Ts| at > from;
    let outages = ending.outages(&incident.component);
    let ill = outages.iter().any(|(_, until)| recent(*until))
        || ending.simulation.town().world().is_troubled_since(from)
        || ending.simulation.record().downtimes.iter().any(|(_, back)| recent(*back))
        || stream.turns.iter().any(|turn| {
            let ill =
                |event: &Event| matches!(event, Event::Relapsed { .. } | Event::Opened { .. });
            recent(turn.at) && turn.events.iter().any(ill)
        });
    if incident.state.is_live() && !ill && incident.accusers().next().is_none() {
        return Err(format!("{} never ended: {:?}", incident.number, incident.state));
    }
    Ok(())
}
