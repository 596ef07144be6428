//! What monitors say, in one form: the canonical event that every provider's payload becomes.
//!
//! Parsing is pure and lossless towards the ledger: the raw bytes are kept beside it. Who sent it,
//! and whether that was proven, is the caller's knowledge and travels as [`Trust`]. Each provider's
//! reader is a file of its own; what they share is in `intake` (rules, cleaning), `text` and
//! `when`. Nothing here decides whether a word is believed.

use serde::{Deserialize, Serialize};

use crate::id::{ComponentId, MonitorKey, SourceId, Vantage};
use crate::ledger::Hash;
use crate::plan::{Alert, Source};
use crate::time::Ts;

mod alertmanager;
mod cloudwatch;
mod generic;
mod grafana;
mod intake;
mod pingdom;
#[cfg(test)]
mod tests;
mod text;
mod uptime_kuma;
mod uptimerobot;
mod when;

use intake::Intake;

/// Longest body in bytes; the door checks it before reading. A 3 MB Alertmanager POST occurs.
pub const BODY_MAX: usize = 8 * 1024 * 1024;
/// Most events in one POST.
pub const EVENTS_MAX: usize = 10_000;
/// Longest name, target, reason or correlation in characters; the rest is cut off.
pub const TEXT_MAX: usize = 500;
/// Longest monitor key in bytes; a longer one is replaced by its SHA-256.
pub const KEY_MAX: usize = 200;

/// Why a body cannot be read, and what to send instead: the reason of the 4xx answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{wrong}; send {send}")]
pub struct Malformed {
    /// What is wrong with it, bounded and without control characters.
    pub wrong: String,
    /// What this endpoint takes.
    pub send: &'static str,
}

/// Reads a monitor's payload into signals, in the order in which it lists them.
///
/// A state we don't know becomes [`Health::Unknown`], so that a provider's new word is never an
/// outage.
pub fn parse(
    source: &Source,
    trust: Trust,
    received_at: Ts,
    body: &[u8],
) -> Result<Vec<Signal>, Malformed> {
    let read = match source.provider {
        Provider::Alertmanager => alertmanager::read,
        Provider::Grafana => grafana::read,
        Provider::UptimeRobot => uptimerobot::read,
        Provider::UptimeKuma => uptime_kuma::read,
        Provider::Pingdom => pingdom::read,
        Provider::Cloudwatch => cloudwatch::read,
        Provider::Generic => generic::read,
    };
    let body = std::str::from_utf8(body)
        .map_err(|_| Malformed { wrong: "the body is not UTF-8".into(), send: "UTF-8 text" })?;
    let signals = read(&Intake::new(source, trust, received_at), body)?;
    if signals.len() > EVENTS_MAX {
        let wrong = format!("the body holds {} events", signals.len());
        return Err(Malformed { wrong, send: "at most 10000 events in one POST" });
    }
    Ok(signals)
}

/// The key under which a delivery is taken exactly once (keep it for 7 days).
///
/// It is the provider's own `delivery_id` where its signature covers one, else the hash of the raw
/// body. A body without any time gets the minute of its arrival as well: else the second real
/// outage would be a duplicate of the first.
pub fn delivery_key(
    source: &SourceId,
    delivery_id: Option<&str>,
    body: &[u8],
    signals: &[Signal],
    received_at: Ts,
) -> Hash {
    let source = source.as_str().as_bytes();
    if let Some(id) = delivery_id {
        return Hash::of(&[source, b"id", id.as_bytes()]);
    }
    let timeless = signals.iter().all(|signal| signal.time_quality == TimeQuality::Missing);
    let minute = if timeless { minute_of(received_at) } else { 0 };
    Hash::of(&[source, b"body", body, &minute.to_be_bytes()])
}

fn minute_of(at: Ts) -> i64 {
    at.0.div_euclid(60_000)
}

/// Whose payload it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// Prometheus Alertmanager.
    Alertmanager,
    /// Grafana, unified and legacy alerting.
    Grafana,
    /// UptimeRobot.
    UptimeRobot,
    /// Uptime Kuma.
    UptimeKuma,
    /// Pingdom.
    Pingdom,
    /// AWS CloudWatch alarms through SNS.
    Cloudwatch,
    /// Our own form, signed as Standard Webhooks; also what our probe agents send.
    Generic,
}

/// What kind of news it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A monitor changed its mind.
    Transition,
    /// One measurement.
    Sample,
    /// A test, a subscription, a ping: nothing about the application.
    Control,
}

/// What the monitor says of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// It doesn't answer.
    Down,
    /// It answers badly.
    Degraded,
    /// It is well.
    Up,
    /// The monitor can't tell, or says something we don't know; never taken for [`Health::Down`].
    Unknown,
    /// It is being worked on.
    Maintenance,
}

impl Health {
    /// Whether it says that something is wrong.
    pub fn accuses(self) -> bool {
        matches!(self, Self::Down | Self::Degraded)
    }
}

/// How sure we are of who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Nothing was proven: it raises a suspicion and nothing more.
    Unauthenticated,
    /// The sender knew a shared secret, which a replay knows too.
    SharedSecret,
    /// The body was signed, without a bound on its age.
    Signed,
    /// The body was signed within the last minutes.
    SignedFresh,
    /// We measured it ourselves.
    Own,
}

/// How much the times in a payload are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeQuality {
    /// With a zone.
    Zoned,
    /// Without one: taken for UTC.
    AssumedUtc,
    /// None at all.
    Missing,
}

/// One measurement inside an event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Response time in milliseconds.
    pub latency_ms: Option<f64>,
    /// HTTP status.
    pub http_status: Option<u16>,
    /// Requests in the window.
    pub requests: Option<u64>,
    /// Failed requests in the window.
    pub errors: Option<u64>,
    /// Where it was measured.
    pub vantage: Option<Vantage>,
}

/// The canonical event. One POST becomes any number of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// The configured endpoint it came to.
    pub source: SourceId,
    /// What kind of news.
    pub kind: Kind,
    /// What is said of the target.
    pub health: Health,
    /// The provider's own id of the monitor.
    pub monitor: MonitorKey,
    /// The component it is about, by the plan's rules.
    pub component: ComponentId,
    /// The plan's alert level, where the provider or the plan says it.
    pub alert: Option<Alert>,
    /// The provider's incident id that joins a down with its up.
    pub correlation: Option<String>,
    /// When the provider saw it.
    pub observed_at: Option<Ts>,
    /// When the provider believes the trouble began.
    ///
    /// Alertmanager and Grafana say when the alert FIRED, which is `for` after the onset:
    /// subtracting it is left to whoever knows the rule.
    pub started_at: Option<Ts>,
    /// What the times are worth.
    pub time_quality: TimeQuality,
    /// When it reached us; ordering falls back to it.
    pub received_at: Ts,
    /// The monitor's name.
    pub name: Option<String>,
    /// What is monitored.
    pub target: Option<String>,
    /// The provider's reason: bounded, without control characters, never interpreted.
    pub reason: Option<String>,
    /// A measurement, where there is one.
    pub measurement: Option<Measurement>,
    /// How sure we are of the sender.
    pub trust: Trust,
}

impl Signal {
    /// The key that repeats and renotifications of the same news share.
    ///
    /// News of one monitor are told apart by the provider's incident id, else by the start of the
    /// trouble, else by the moment of the observation, else by the minute of arrival. Samples are
    /// told apart by moment and vantage point.
    pub fn event_key(&self) -> Hash {
        let seen = self.observed_at.or(self.started_at).map(|at| at.0);
        let moment = match (&self.correlation, self.kind) {
            (_, Kind::Sample) => format!("{:?} {:?}", seen, self.vantage()),
            (Some(id), _) => format!("id {id}"),
            (None, _) => format!("at {:?}", self.started_at.map(|at| at.0).or(seen)),
        };
        let minute = if seen.is_none() && self.correlation.is_none() {
            minute_of(self.received_at)
        } else {
            0
        };
        let state = format!("{:?} {:?}", self.kind, self.health);
        let (source, monitor) = (self.source.as_str().as_bytes(), self.monitor.as_str().as_bytes());
        Hash::of(&[source, monitor, state.as_bytes(), moment.as_bytes(), &minute.to_be_bytes()])
    }

    fn vantage(&self) -> Option<&Vantage> {
        self.measurement.as_ref().and_then(|measurement| measurement.vantage.as_ref())
    }
}
