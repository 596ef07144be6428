//! The storm: the same alerts in the words of both servers.

use std::fmt::Write as _;

use shared::time::{Span, Ts};
use tests::bench::http;
use tests::bench::servers::{TOKEN, WEBHOOK};

/// Alerts of a storm.
pub const ALERTS: usize = 100_000;
/// Alerts in one POST.
pub const PER_POST: usize = 100;
/// The components that are down, as the plan's rules find them in an alert's name.
const DOWN: [&str; 4] = ["database", "auth", "storage", "function"];
/// Alerts sent one by one beside the storm; more than anyone answers meanwhile.
const SINGLES: usize = 10_000;

/// Whose words an alert is sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// Alertmanager's webhook, version 4, as we receive it.
    Webhook,
    /// Alertmanager's own API, version 2.
    Api,
}

/// Requests, ready to be written to a socket.
pub struct Storm {
    /// The storm itself.
    pub posts: Vec<Vec<u8>>,
    /// Single alerts about the same outages, sent meanwhile.
    pub singles: Vec<Vec<u8>>,
    /// The one that matters: another component is down, and nobody has said so before.
    pub last: Vec<u8>,
    /// The status that says "accepted".
    pub accepted: u16,
}

struct Alert {
    service: &'static str,
    monitor: usize,
    started_at: Ts,
}

impl Storm {
    /// A storm of that many monitors, which all fire again and again until [`ALERTS`] are sent.
    pub fn new(words: Words, monitors: usize, now: Ts) -> Self {
        let alert = |place: usize| {
            let monitor = place % monitors;
            // Each firing is a second later than the one before, and all are in the past.
            let age = Span::secs(((ALERTS - place) / monitors) as i64 + 1);
            Alert { service: DOWN[monitor % DOWN.len()], monitor, started_at: now - age }
        };
        let beside = |place: usize| Alert {
            service: DOWN[place % DOWN.len()],
            monitor: place % monitors,
            started_at: now - Span::millis((SINGLES - place) as i64),
        };
        let last = Alert { service: "frontend", monitor: monitors, started_at: now };
        let post = |alerts: &[Alert]| words.post(alerts);
        Self {
            posts: (0..ALERTS / PER_POST)
                .map(|place| place * PER_POST)
                .map(|first| post(&(first..first + PER_POST).map(alert).collect::<Vec<_>>()))
                .collect(),
            singles: (0..SINGLES).map(|place| post(&[beside(place)])).collect(),
            last: post(&[last]),
            accepted: if words == Words::Webhook { 202 } else { 200 },
        }
    }
}

impl Words {
    fn post(self, alerts: &[Alert]) -> Vec<u8> {
        let listed: Vec<String> = alerts.iter().map(|alert| self.alert(alert)).collect();
        let listed = listed.join(",");
        match self {
            Self::Api => http::post("/api/v2/alerts", None, &format!("[{listed}]")),
            Self::Webhook => http::post(
                WEBHOOK,
                Some(TOKEN),
                &format!(
                    r#"{{"version":"4","groupKey":"{{}}","status":"firing","receiver":"allclear","alerts":[{listed}]}}"#
                ),
            ),
        }
    }

    fn alert(self, Alert { service, monitor, started_at }: &Alert) -> String {
        let mut json = format!(
            r#"{{"labels":{{"alertname":"{service} is down","instance":"{service}-{monitor}.example:443","job":"blackbox","service":"{service}","severity":"critical"}},"annotations":{{"summary":"{service} does not answer to monitor {monitor}"}},"startsAt":"{}","generatorURL":"http://prometheus.example/graph?g0.expr=up""#,
            started_at.rfc3339()
        );
        // Writing to a string can't fail.
        let _ = match self {
            Self::Api => write!(json, "}}"),
            Self::Webhook => write!(
                json,
                r#","endsAt":"0001-01-01T00:00:00Z","status":"firing","fingerprint":"{monitor:016x}"}}"#
            ),
        };
        json
    }
}
