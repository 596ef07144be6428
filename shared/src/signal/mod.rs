//! What monitors say, in one form: the canonical event that every provider's payload becomes.
//!
//! Parsing is pure and lossless towards the ledger: the raw bytes are kept beside it. Who sent it, and whether that
//! was proven, is the caller's knowledge and travels as [`Trust`].

use serde::{Deserialize, Serialize};

use crate::id::{ComponentId, MonitorKey, SourceId, Vantage};
use crate::plan::Alert;
use crate::time::Ts;

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
