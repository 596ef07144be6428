//! The monitors of the town: they look now and then, make up their minds, and post in their vendor's own form –
//! late, twice, out of order, or not at all.

use fastrand::Rng;
use serde_json::{Value, json};

use super::script::{Fault, Script};
use super::world::{World, seconds};
use crate::id::SourceId;
use crate::plan::{Component, Plan, Source};
use crate::signal::{Health, Provider, Trust, parse};
use crate::time::{Span, Ts};

/// Failed looks in a row before a monitor believes it.
const SURE_AFTER: u32 = 2;

/// One POST of a monitor.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// The endpoint.
    pub source: SourceId,
    /// The body, in the form of the source's provider.
    pub body: Vec<u8>,
    /// How well the sender proves who it is.
    pub trust: Trust,
    /// How often it was posted in vain.
    pub attempt: u32,
}

/// A monitor and what it thinks.
#[derive(Clone, Debug)]
pub(super) struct Monitor {
    source: SourceId,
    provider: Provider,
    trust: Trust,
    key: u32,
    component: Component,
    every: Span,
    failures: u32,
    since: Ts,
    said: Health,
}

impl Monitor {
    /// The town's monitors: some of the plan's sources, each watching some components.
    pub(super) fn all(plan: &Plan, rng: &mut Rng) -> Vec<Self> {
        let mut monitors = Vec::new();
        for (place, source) in plan.sources.iter().enumerate() {
            for (number, component) in plan.components.iter().enumerate() {
                let key = (1_000 + 100 * place + number) as u32;
                let monitor = Self::new(source, component, key, seconds(rng, 25, 60));
                if rng.u8(..100) < 40 && monitor.is_heard_as_meant(source) {
                    monitors.push(monitor);
                }
            }
        }
        monitors
    }

    /// Counts requests: the first source of our own form that speaks for its component.
    pub(super) fn counter(plan: &Plan) -> Option<Self> {
        let source = plan.sources.iter().find(|one| one.provider == Provider::Generic)?;
        let component = plan.component(&source.component)?;
        Some(Self::new(source, component, 999, Span::mins(1)))
    }

    fn new(source: &Source, component: &Component, key: u32, every: Span) -> Self {
        let trust = match source.provider {
            Provider::Alertmanager | Provider::Grafana => Trust::SharedSecret,
            Provider::Pingdom | Provider::UptimeRobot | Provider::UptimeKuma => {
                Trust::Unauthenticated
            }
            Provider::Cloudwatch => Trust::Signed,
            Provider::Generic => Trust::SignedFresh,
        };
        Self {
            source: source.id.clone(),
            provider: source.provider,
            trust,
            key,
            component: component.clone(),
            every,
            failures: 0,
            since: Ts::default(),
            said: Health::Up,
        }
    }

    /// Whether the plan's rules count it where it belongs.
    fn is_heard_as_meant(&self, source: &Source) -> bool {
        let Some(body) = self.body(Health::Down, Ts::default()) else { return false };
        parse(source, self.trust, Ts::default(), body.to_string().as_bytes())
            .is_ok_and(|signals| signals.iter().all(|one| one.component == self.component.id))
    }

    pub(super) fn every(&self) -> Span {
        self.every
    }

    /// Looks, and posts if its mind changed.
    pub(super) fn look(&mut self, world: &World, now: Ts) -> Option<Webhook> {
        self.failures = if world.is_up(&self.component.id) { 0 } else { self.failures + 1 };
        let thinks = match self.failures {
            0 => Health::Up,
            failures if failures >= SURE_AFTER => Health::Down,
            _ => self.said,
        };
        if thinks == self.said {
            return None;
        }
        if thinks == Health::Down {
            self.since = now;
        }
        self.said = thinks;
        Some(self.post(&self.body(thinks, now)?))
    }

    /// Posts how many of a thousand requests failed in the last minute.
    pub(super) fn count(&self, errors: u64, now: Ts) -> Webhook {
        self.post(&json!({
            "type": "monitor.sample",
            "timestamp": now.rfc3339(),
            "data": { "monitor": self.key, "health": "up", "requests": 1_000, "errors": errors },
        }))
    }

    fn post(&self, body: &Value) -> Webhook {
        let body = body.to_string().into_bytes();
        Webhook { source: self.source.clone(), body, trust: self.trust, attempt: 0 }
    }

    /// The news in the provider's own form; none for providers whose posts reach us through others.
    fn body(&self, health: Health, now: Ts) -> Option<Value> {
        let down = health == Health::Down;
        let (url, name) = (&self.component.health_url, &self.component.name);
        let word = if down { "DOWN" } else { "UP" };
        Some(match self.provider {
            Provider::Alertmanager | Provider::Grafana => self.alerts(down, now),
            Provider::UptimeRobot => json!({
                "monitor_id": self.key, "monitor_url": url, "monitor_friendly_name": name,
                "alert_type": if down { 1 } else { 2 }, "alert_datetime": now.0 / 1_000,
            }),
            Provider::UptimeKuma => json!({
                "heartbeat": { "monitorID": self.key, "status": i32::from(!down),
                    "time": now.rfc3339().replace('T', " ").replace('Z', ".000"), "ping": null },
                "monitor": { "id": self.key, "name": name, "url": url },
                "msg": format!("[{name}] is {word}"),
            }),
            Provider::Pingdom => json!({
                "check_id": self.key, "check_name": name, "check_type": "HTTP",
                "check_params": { "full_url": url }, "current_state": word,
                "state_changed_timestamp": now.0 / 1_000,
            }),
            Provider::Generic => json!({
                "type": if down { "monitor.down" } else { "monitor.up" },
                "timestamp": now.rfc3339(),
                "data": { "monitor": self.key, "name": name, "target": url,
                    "component": self.component.id },
            }),
            Provider::Cloudwatch => return None,
        })
    }

    fn alerts(&self, down: bool, now: Ts) -> Value {
        let ended = if down { "0001-01-01T00:00:00Z".into() } else { now.rfc3339() };
        let status = if down { "firing" } else { "resolved" };
        json!({
            "version": "4", "status": status, "receiver": "all-clear",
            "alerts": [{
                "status": status, "fingerprint": format!("{:016x}", self.key),
                "labels": { "alertname": format!("{} down", self.component.name),
                    "severity": "critical", "instance": self.component.health_url },
                "startsAt": (if down { now } else { self.since }).rfc3339(), "endsAt": ended,
            }],
        })
    }
}

/// When each copy of a webhook arrives: on the way it may be doubled, delayed or lost.
pub(super) fn arrivals(script: &Script, now: Ts, rng: &mut Rng) -> Vec<Ts> {
    if script.has(Fault::WebhooksLost) {
        return Vec::new();
    }
    let copies = if script.has(Fault::DuplicateWebhooks) { rng.u32(2..=3) } else { 1 };
    let late = script.has(Fault::LateWebhooks);
    (0..copies)
        .map(|_| now + if late { seconds(rng, 1, 400) } else { Span::millis(rng.i64(50..3_000)) })
        .collect()
}
