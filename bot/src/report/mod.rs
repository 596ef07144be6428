//! The incident report that the plan wants within 24 hours, as Markdown and as one HTML page.
//!
//! [`sections`] says what is in it, once; [`markdown`] and [`html`] are skins over that. The same incident gives the
//! same bytes: there is no clock here, and nothing is fetched.

use shared::incident::{Event, Incident};
use shared::ledger::{Body, Hash};
use shared::measures::Measures;
use shared::plan::{Document, Plan};
use shared::time::{Span, Ts};
use shared::timeline::{Line, timeline};

mod drawing;
mod html;
mod markdown;
mod sections;

pub use html::html;
pub use markdown::markdown;

/// Everything a report is made from.
#[derive(Clone, Debug)]
pub struct Report {
    /// The plan's document: application, version, review dates, owner.
    pub document: Document,
    /// The component's name in the plan.
    pub component: String,
    /// Where status is told outside ("Status Page").
    pub status_page: String,
    /// The incident.
    pub incident: Incident,
    /// What happened.
    pub lines: Vec<Line>,
    /// How the service was, from each moment on.
    pub service: Vec<(Ts, Service)>,
    /// Times and losses against the plan.
    pub measures: Measures,
    /// Hash of the last turn.
    pub head: Hash,
    /// The seed, when it was a drill.
    pub generated_from: Option<u64>,
    /// What a drill promised; empty for a real incident.
    pub scorecard: Vec<Promise>,
}

pub use shared::town::Promise;

/// How the service was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// As far as known, well.
    Up,
    /// Not well.
    Down,
    /// Answering again, and being watched.
    Watched,
}

impl Report {
    /// A report on a real incident; `incident` is the fold of the verified `turns`.
    pub fn of(plan: &Plan, incident: Incident, turns: &[Body<Event>]) -> Self {
        let component = plan.component(&incident.component);
        Self {
            document: plan.document.clone(),
            component: component.map_or_else(|| incident.component.to_string(), |c| c.name.clone()),
            status_page: plan.channels.status_page.clone(),
            lines: timeline(turns),
            service: service(turns),
            measures: Measures::of(plan, &incident, turns),
            head: incident.head,
            incident,
            generated_from: None,
            scorecard: Vec::new(),
        }
    }

    /// A report on a drill: the seed replays it, the scorecard says what it showed.
    pub fn of_drill(self, seed: u64, scorecard: Vec<Promise>) -> Self {
        Self { generated_from: Some(seed), scorecard, ..self }
    }

    /// Its title.
    pub fn title(&self) -> String {
        let what = if self.generated_from.is_some() { "Drill" } else { "Incident" };
        let Incident { number, severity, state, .. } = self.incident;
        if state.has_severity() {
            format!("{what} {number}: {} ({severity:?})", self.component)
        } else {
            format!("{what} {number}: {} ({})", self.component, state.says())
        }
    }

    /// When the plan wants the report; `None` before all clear.
    pub fn due(&self) -> Option<Ts> {
        self.incident.marks.resolved.map(|end| end + self.measures.report_within)
    }

    /// When the outage began.
    fn start(&self) -> Ts {
        self.measures.start
    }

    /// From the start to the last thing that happened.
    fn length(&self) -> Span {
        self.lines.last().map_or(Span::ZERO, |line| line.at.since(self.start()))
    }
}

/// How the service was, from each moment on; our own probes know the start better than a claim.
fn service(turns: &[Body<Event>]) -> Vec<(Ts, Service)> {
    let mut band: Vec<(Ts, Service)> = Vec::new();
    for (event, at) in turns.iter().flat_map(|turn| turn.events.iter().map(|e| (e, turn.at))) {
        match event {
            Event::Opened { since, .. } | Event::Relapsed { since } => {
                band.push((*since, Service::Down));
            }
            Event::FirstFailure { since } => {
                band.pop_if(|(_, service)| *service == Service::Down);
                band.push((*since, Service::Down));
            }
            Event::Reopened { .. } => band.push((at, Service::Down)),
            Event::Recovered { at, .. } => band.push((*at, Service::Watched)),
            Event::Resolved { .. } | Event::Dismissed { .. } => band.push((at, Service::Up)),
            _ => {}
        }
    }
    band
}

#[cfg(test)]
pub(crate) mod tests;
