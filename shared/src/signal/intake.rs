//! What all readers share: a provider's words in, one clean [`Signal`] out, with the plan's rules
//! applied.

use std::borrow::Cow;

use serde::Deserialize;

use super::when::{self, Moment};
use super::{Health, Kind, Malformed, Measurement, Signal, Trust, text};
use crate::id::ComponentId;
use crate::plan::{Alert, MonitorRule, Source};
use crate::time::Ts;

/// One delivery's circumstances, the same for all its events.
pub(super) struct Intake<'a> {
    source: &'a Source,
    trust: Trust,
    received_at: Ts,
    /// The source's rules with their pattern in lower case.
    rules: Vec<(String, &'a MonitorRule)>,
}

/// What a provider says of a monitor's state.
#[derive(Clone, Copy)]
pub(super) enum State {
    /// The health itself.
    Is(Health),
    /// An alarm rule holds; what that means of the target depends on the alarm's level.
    Firing,
}

/// An event as its provider words it; all texts are still raw.
pub(super) struct Draft<'a> {
    /// What kind of news.
    pub kind: Kind,
    /// What is said of the target.
    pub state: State,
    /// The provider's id of the monitor; without one, the target or the name identifies it.
    pub key: Option<Cow<'a, str>>,
    /// The monitor's name.
    pub name: Option<&'a str>,
    /// What is monitored: an URL, a host, an instance.
    pub target: Option<&'a str>,
    /// The provider's reason.
    pub reason: Option<&'a str>,
    /// The provider's id of the incident that joins a down with its up.
    pub correlation: Option<&'a str>,
    /// When the provider saw it.
    pub observed: Option<Moment>,
    /// When the provider believes the trouble began.
    pub started: Option<Moment>,
    /// The level, where the provider says it.
    pub alert: Option<Alert>,
    /// The component, where the provider names it.
    pub component: Option<&'a str>,
    /// A measurement, where there is one.
    pub measurement: Option<Measurement>,
}

impl Draft<'_> {
    /// An event that says nothing but this.
    pub fn new(kind: Kind, state: State) -> Self {
        Self {
            kind,
            state,
            key: None,
            name: None,
            target: None,
            reason: None,
            correlation: None,
            observed: None,
            started: None,
            alert: None,
            component: None,
            measurement: None,
        }
    }

    /// A test or a subscription: nothing about the application.
    pub fn control() -> Self {
        Self::new(Kind::Control, State::Is(Health::Unknown))
    }
}

impl<'a> Intake<'a> {
    /// The circumstances of one delivery.
    pub fn new(source: &'a Source, trust: Trust, received_at: Ts) -> Self {
        let rules =
            source.monitors.iter().map(|rule| (rule.contains.to_lowercase(), rule)).collect();
        Self { source, trust, received_at, rules }
    }

    /// Reads a time of this delivery.
    pub fn when(&self, text: Option<&str>) -> Option<Moment> {
        when::read(text, self.received_at)
    }

    /// The signal of a draft.
    pub fn signal(&self, draft: Draft<'_>) -> Signal {
        let monitor = draft
            .key
            .as_deref()
            .and_then(text::key)
            .or_else(|| draft.target.or(draft.name).and_then(text::key))
            .unwrap_or_else(|| self.source.id.to_string());
        let rule = self.rule(&draft);
        let alert = draft.alert.or(rule.and_then(|rule| rule.alert));
        Signal {
            source: self.source.id.clone(),
            kind: draft.kind,
            health: health(draft.state, alert),
            monitor: monitor.into(),
            component: self.component(draft.component, rule),
            alert,
            correlation: draft.correlation.and_then(text::key),
            observed_at: draft.observed.map(|moment| moment.at),
            started_at: draft.started.map(|moment| moment.at),
            time_quality: when::quality(&[draft.observed, draft.started]),
            received_at: self.received_at,
            name: draft.name.and_then(text::clean),
            target: draft.target.and_then(text::clean),
            reason: draft.reason.and_then(text::clean),
            measurement: draft.measurement,
            trust: self.trust,
        }
    }

    /// The first rule that the monitor's key, name or target contains.
    fn rule(&self, draft: &Draft<'_>) -> Option<&'a MonitorRule> {
        if self.rules.is_empty() {
            return None;
        }
        let said = [draft.key.as_deref(), draft.name, draft.target].map(Option::unwrap_or_default);
        let said = said.join("\n").to_lowercase();
        self.rules.iter().find(|(part, _)| said.contains(part)).map(|(_, rule)| *rule)
    }

    /// The component the sender names, if this source speaks for it; else the rule's, else the
    /// source's own.
    ///
    /// A sender that knows one endpoint's secret thereby cannot accuse a component the plan doesn't
    /// give it.
    fn component(&self, named: Option<&str>, rule: Option<&MonitorRule>) -> ComponentId {
        let fallback = rule.map_or(&self.source.component, |rule| &rule.component);
        let mut known =
            self.source.monitors.iter().map(|rule| &rule.component).chain([&self.source.component]);
        named
            .and_then(|name| known.find(|component| component.as_str() == name))
            .unwrap_or(fallback)
            .clone()
    }
}

/// A firing alarm without a level, or with the highest, says "down"; with a lower one it says
/// "answers badly".
fn health(state: State, alert: Option<Alert>) -> Health {
    match (state, alert) {
        (State::Is(health), _) => health,
        (State::Firing, Some(Alert::Warning | Alert::Info)) => Health::Degraded,
        (State::Firing, Some(Alert::Critical) | None) => Health::Down,
    }
}

/// The plan's level of a `severity` label; words we don't know leave it to the plan.
pub(super) fn level(severity: Option<&str>) -> Option<Alert> {
    match severity?.to_ascii_lowercase().as_str() {
        "critical" | "page" => Some(Alert::Critical),
        "warning" => Some(Alert::Warning),
        "info" => Some(Alert::Info),
        _ => None,
    }
}

/// Reads JSON of a shape; the error says where it ends to fit.
pub(super) fn json<'de, T: Deserialize<'de>>(
    body: &'de str,
    send: &'static str,
) -> Result<T, Malformed> {
    serde_json::from_str(body).map_err(|error| malformed(&error.to_string(), send))
}

/// A refusal; what is wrong may quote the sender and is cleaned like any text.
pub(super) fn malformed(wrong: &str, send: &'static str) -> Malformed {
    let wrong = text::clean(wrong).unwrap_or_else(|| "the body is empty".into());
    Malformed { wrong, send }
}
