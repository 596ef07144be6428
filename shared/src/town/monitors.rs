//! The monitors of the town: they look now and then, make up their minds, and post in their vendor's own form –
//! late, twice, out of order, or not at all.

use serde_json::json;

use super::script::{Fault, Script};
use super::world::{World, seconds};
use crate::id::{ComponentId, MonitorKey, SourceId};
use crate::plan::Plan;
use crate::signal::{Health, Kind, Measurement, Provider, Signal, TimeQuality, Trust};
use crate::time::{Span, Ts};
use fastrand::Rng;

/// One POST of a monitor.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// The endpoint.
    pub source: SourceId,
    /// Whose form the body has.
    pub provider: Provider,
    /// The body.
    pub body: Vec<u8>,
    /// How well the sender proves who it is.
    pub trust: Trust,
    /// How often it was posted in vain.
    pub attempt: u32,
    word: Word,
}

/// What a monitor says.
#[derive(Clone, Debug, PartialEq)]
struct Word {
    monitor: MonitorKey,
    component: ComponentId,
    health: Health,
    at: Ts,
    since: Ts,
    requests: Option<(u64, u64)>,
}

/// A monitor and what it thinks.
#[derive(Clone, Debug)]
pub(super) struct Monitor {
    source: SourceId,
    provider: Provider,
    trust: Trust,
    key: MonitorKey,
    component: ComponentId,
    every: Span,
    failures: u32,
    since: Ts,
    said: Health,
}

/// Failed looks in a row before a monitor believes it.
const SURE_AFTER: u32 = 2;

impl Monitor {
    /// The town's monitors: one or two of the plan's sources watch the site, one everything else.
    pub(super) fn all(plan: &Plan, rng: &mut Rng) -> Vec<Self> {
        let mut monitors = Vec::new();
        for source in &plan.sources {
            let (trust, odds) = match source.provider {
                Provider::Alertmanager | Provider::Grafana => (Trust::SharedSecret, 60),
                Provider::Pingdom | Provider::UptimeRobot | Provider::UptimeKuma => {
                    (Trust::Unauthenticated, 40)
                }
                Provider::Cloudwatch => (Trust::Signed, 0),
                Provider::Generic => (Trust::SignedFresh, 30),
            };
            for (place, component) in plan.components.iter().enumerate() {
                if rng.u8(..100) >= odds {
                    continue;
                }
                monitors.push(Self {
                    source: source.id.clone(),
                    provider: source.provider,
                    trust,
                    key: format!("{}", 1_000 + place).as_str().into(),
                    component: component.id.clone(),
                    every: seconds(rng, 15, 60),
                    failures: 0,
                    since: Ts::default(),
                    said: Health::Up,
                });
            }
        }
        monitors
    }

    pub(super) fn every(&self) -> Span {
        self.every
    }

    /// Looks, and says so if its mind changed.
    pub(super) fn look(&mut self, world: &World, now: Ts) -> Option<Webhook> {
        let up = world.is_up(&self.component);
        if up {
            self.failures = 0;
        } else {
            self.failures += 1;
            if self.failures == 1 {
                self.since = now;
            }
        }
        let thinks = if self.failures >= SURE_AFTER { Health::Down } else { Health::Up };
        let changed = thinks != self.said && (up || self.failures >= SURE_AFTER);
        if !changed {
            return None;
        }
        self.said = thinks;
        Some(self.post(thinks, now, None))
    }

    /// Posts how many requests failed in the last minute.
    pub(super) fn sample(&self, errors: u64, now: Ts) -> Webhook {
        self.post(Health::Up, now, Some((1_000, errors)))
    }

    fn post(&self, health: Health, at: Ts, requests: Option<(u64, u64)>) -> Webhook {
        let word = Word {
            monitor: self.key.clone(),
            component: self.component.clone(),
            health,
            at,
            since: self.since,
            requests,
        };
        Webhook {
            source: self.source.clone(),
            provider: self.provider,
            body: body(&word).into_bytes(),
            trust: self.trust,
            attempt: 0,
            word,
        }
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

fn body(word: &Word) -> String {
    json!({
        "monitor": word.monitor,
        "component": word.component,
        "status": word.health,
        "at": word.at.rfc3339(),
        "requests": word.requests,
    })
    .to_string()
}

/// What a webhook says.
pub fn signals(_plan: &Plan, webhook: &Webhook, now: Ts) -> Vec<Signal> {
    let word = &webhook.word;
    let measurement = word.requests.map(|(requests, errors)| Measurement {
        requests: Some(requests),
        errors: Some(errors),
        ..Measurement::default()
    });
    vec![Signal {
        source: webhook.source.clone(),
        kind: if measurement.is_some() { Kind::Sample } else { Kind::Transition },
        health: word.health,
        monitor: word.monitor.clone(),
        component: word.component.clone(),
        alert: None,
        correlation: None,
        observed_at: Some(word.at),
        started_at: (word.health == Health::Down).then_some(word.since),
        time_quality: TimeQuality::Zoned,
        received_at: now,
        name: None,
        target: None,
        reason: None,
        measurement,
        trust: webhook.trust,
    }]
}
