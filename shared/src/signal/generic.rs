//! Our own form, for whatever has no reader here and for our probe agents; sent as Standard
//! Webhooks.
//!
//! One event, or an array of them:
//!
//! ```json
//! {"type": "monitor.down", "timestamp": "2026-11-22T03:04:05Z",
//!  "data": {"monitor": "checkout-1", "name": "Checkout", "target": "https://shop.example/health",
//!           "started_at": "2026-11-22T03:03:30Z", "reason": "HTTP 503"}}
//! ```
//!
//! `type` is `monitor.down`, `monitor.degraded`, `monitor.up`, `monitor.maintenance`,
//! `monitor.sample` (one measurement) or `monitor.test`; any other is taken and means "unknown".
//! `data.monitor` is required, except for a test. Optional: `name`, `target`, `started_at`,
//! `correlation` (joins a down with its up), `reason`, `vantage`, `latency_ms`, `http_status`,
//! `requests`, `errors`, `component` (one that this source speaks for), `severity` (critical,
//! warning, info), and for samples `health` (down, degraded, up): without it, an `http_status`
//! below 400 is up and any other is down. Times are RFC 3339 or an epoch. A measurement that is no
//! number counts as absent.

use serde::Deserialize;

use super::intake::{Draft, Intake, State, json, level, malformed};
use super::text::Text;
use super::{Health, Kind, Malformed, Measurement, Signal};

const SEND: &str =
    "{\"type\":\"monitor.down\",\"timestamp\":…,\"data\":{\"monitor\":…}} or an array of them";

/// One event of the form above.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    r#type: Text<'a>,
    #[serde(borrow, default)]
    timestamp: Text<'a>,
    #[serde(borrow, default)]
    data: Body<'a>,
}

/// Its `data`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body<'a> {
    #[serde(borrow)]
    monitor: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    target: Text<'a>,
    #[serde(borrow)]
    started_at: Text<'a>,
    #[serde(borrow)]
    correlation: Text<'a>,
    #[serde(borrow)]
    reason: Text<'a>,
    #[serde(borrow)]
    health: Text<'a>,
    #[serde(borrow)]
    severity: Text<'a>,
    #[serde(borrow)]
    component: Text<'a>,
    #[serde(borrow)]
    vantage: Text<'a>,
    #[serde(borrow)]
    latency_ms: Text<'a>,
    #[serde(borrow)]
    http_status: Text<'a>,
    #[serde(borrow)]
    requests: Text<'a>,
    #[serde(borrow)]
    errors: Text<'a>,
}

/// Reads a POST.
pub(super) fn read(intake: &Intake<'_>, body: &str) -> Result<Vec<Signal>, Malformed> {
    let events: Vec<Event<'_>> = if body.trim_start().starts_with('[') {
        json(body, SEND)?
    } else {
        vec![json(body, SEND)?]
    };
    events.iter().map(|event| Ok(intake.signal(event.draft(intake)?))).collect()
}

impl Event<'_> {
    fn draft(&self, intake: &Intake<'_>) -> Result<Draft<'_>, Malformed> {
        let body = &self.data;
        let (kind, health) = self.news()?;
        if body.monitor.get().is_none() && kind != Kind::Control {
            return Err(malformed("an event has no data.monitor", SEND));
        }
        let measurement = body.measurement();
        Ok(Draft {
            key: body.monitor.get().map(Into::into),
            name: body.name.get(),
            target: body.target.get(),
            reason: body.reason.get(),
            correlation: body.correlation.get(),
            observed: intake.when(self.timestamp.get()),
            started: intake.when(body.started_at.get()),
            alert: level(body.severity.get()),
            component: body.component.get(),
            measurement: (measurement != Measurement::default()).then_some(measurement),
            ..Draft::new(kind, State::Is(health))
        })
    }

    fn news(&self) -> Result<(Kind, Health), Malformed> {
        let Some(kind) = self.r#type.get() else {
            return Err(malformed("an event has no type", SEND));
        };
        Ok(match kind {
            "monitor.sample" => (Kind::Sample, self.data.sampled()),
            "monitor.test" => (Kind::Control, Health::Unknown),
            _ => (Kind::Transition, health(kind.strip_prefix("monitor."))),
        })
    }
}

fn health(word: Option<&str>) -> Health {
    match word {
        Some("down") => Health::Down,
        Some("degraded") => Health::Degraded,
        Some("up") => Health::Up,
        Some("maintenance") => Health::Maintenance,
        _ => Health::Unknown,
    }
}

impl Body<'_> {
    /// What a sample says of its target. One without health and status is a bare number: unknown.
    fn sampled(&self) -> Health {
        match (self.health.get(), self.http_status.number::<u16>()) {
            (Some(word), _) => health(Some(word)),
            (None, Some(status)) if status < 400 => Health::Up,
            (None, Some(_)) => Health::Down,
            (None, None) => Health::Unknown,
        }
    }

    fn measurement(&self) -> Measurement {
        Measurement {
            latency_ms: self.latency_ms.millis(),
            http_status: self.http_status.number(),
            requests: self.requests.number(),
            errors: self.errors.number(),
            vantage: self.vantage.get().and_then(super::text::key).map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Provider::Generic;
    use super::super::tests::{heard, lines};
    use super::*;

    #[test]
    fn one_event_or_an_array_of_them_is_read() {
        let one = r#"{"type":"monitor.down","timestamp":"2026-11-22T03:04:00Z","data":{
            "monitor":"checkout-1","name":"Checkout","target":"https://shop.example/health",
            "started_at":1795316585,"reason":"HTTP 503","severity":"critical","extra":[1]}}"#;
        assert_eq!(
            lines(Generic, one),
            ["Transition Down frontend checkout-1 \
              alert=Critical seen=5 start=60 Zoned \
              | Checkout | https://shop.example/health | HTTP 503"]
        );
        let two = r#"[{"type":"monitor.degraded","data":{"monitor":1,"component":"database"}},
            {"type":"monitor.up","timestamp":"2026-11-22T03:04:00","data":{"monitor":"m",
             "component":"elsewhere"}}]"#;
        assert_eq!(
            lines(Generic, two),
            [
                "Transition Degraded database 1 alert=- seen=- start=- Missing | - | - | -",
                "Transition Up frontend m alert=- seen=5 start=- AssumedUtc | - | - | -"
            ]
        );
    }

    #[test]
    fn a_sample_carries_its_measurement() {
        let sample = |rest: &str| {
            let body = format!(r#"{{"type":"monitor.sample","data":{{"monitor":"m",{rest}}}}}"#);
            heard(Generic, &body).remove(0)
        };
        let up = sample(r#""vantage":"eu-north-1","latency_ms":81.5,"http_status":204"#);
        let expected = Measurement {
            latency_ms: Some(81.5),
            http_status: Some(204),
            vantage: Some("eu-north-1".into()),
            ..Measurement::default()
        };
        assert_eq!((up.health, up.measurement), (Health::Up, Some(expected)));
        assert_eq!(sample(r#""http_status":503"#).health, Health::Down);
        assert_eq!(sample(r#""health":"down","reason":"timeout""#).health, Health::Down);
        let counted = sample(r#""requests":"1000","errors":6,"latency_ms":-1"#);
        let measurement = counted.measurement.unwrap();
        assert_eq!((measurement.requests, measurement.errors), (Some(1000), Some(6)));
        assert_eq!((counted.health, measurement.latency_ms), (Health::Unknown, None));
    }

    #[test]
    fn an_event_needs_a_monitor_unless_it_is_a_test() {
        assert!(lines(Generic, r#"{"type":"monitor.test"}"#)[0].starts_with("Control Unknown"));
        let source = super::super::tests::source(Generic);
        let intake = Intake::new(&source, super::super::Trust::Own, crate::time::Ts(0));
        let refused = read(&intake, r#"{"type":"monitor.down","data":{}}"#).unwrap_err();
        assert!(refused.to_string().starts_with("an event has no data.monitor; send {"));
    }
}
