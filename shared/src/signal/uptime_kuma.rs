//! Uptime Kuma's webhook (preset "application/json"): one heartbeat of one monitor.
//!
//! The test button and notices of expiring certificates come without both: control messages. The
//! heartbeat's time is UTC without saying so; the zone beside it belongs to another field. Source:
//! louislam/uptime-kuma, `server/notification-providers/webhook.js`.

use serde::Deserialize;

use super::intake::{Draft, Intake, State, json};
use super::text::Text;
use super::{Health, Kind, Malformed, Measurement, Signal};

const SEND: &str = "Uptime Kuma's JSON form: {\"heartbeat\":{…},\"monitor\":{…},\"msg\":…}";

/// The whole body; `msg` is the line that Kuma would write into a chat.
#[derive(Deserialize)]
struct Post<'a> {
    #[serde(borrow)]
    heartbeat: Option<Heartbeat<'a>>,
    #[serde(borrow)]
    monitor: Option<Monitor<'a>>,
    #[serde(borrow)]
    msg: Option<Text<'a>>,
}

/// One check; `ping` is there only when it succeeded, in milliseconds.
#[derive(Deserialize)]
struct Heartbeat<'a> {
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(borrow, default)]
    time: Text<'a>,
    #[serde(borrow, default)]
    msg: Text<'a>,
    #[serde(borrow, default, rename = "monitorID")]
    monitor_id: Text<'a>,
    #[serde(borrow, default)]
    ping: Text<'a>,
}

/// The monitor's settings at the time of sending.
#[derive(Default, Deserialize)]
struct Monitor<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    url: Text<'a>,
    #[serde(borrow, default)]
    hostname: Text<'a>,
}

/// Reads a POST.
pub(super) fn read(intake: &Intake<'_>, body: &str) -> Result<Vec<Signal>, Malformed> {
    let post: Post<'_> = json(body, SEND)?;
    let msg = post.msg.as_ref().and_then(Text::get);
    match (&post.heartbeat, &post.monitor) {
        (Some(heartbeat), monitor) => {
            let monitor = monitor.as_ref();
            Ok(vec![intake.signal(beat(intake, heartbeat, monitor, msg))])
        }
        (None, _) if post.monitor.is_some() || post.msg.is_some() => {
            Ok(vec![intake.signal(Draft { reason: msg, ..Draft::control() })])
        }
        (None, _) => Err(Malformed { wrong: "there is no heartbeat".into(), send: SEND }),
    }
}

fn beat<'a>(
    intake: &Intake<'_>,
    heartbeat: &'a Heartbeat<'_>,
    monitor: Option<&'a Monitor<'_>>,
    msg: Option<&'a str>,
) -> Draft<'a> {
    let health = health(heartbeat.status.get());
    let seen = intake.when(heartbeat.time.get());
    let id = monitor.and_then(|monitor| monitor.id.get()).or(heartbeat.monitor_id.get());
    Draft {
        key: id.map(Into::into),
        name: monitor.and_then(|monitor| monitor.name.get()),
        target: monitor.and_then(Monitor::target),
        reason: heartbeat.msg.get().or(msg),
        observed: seen,
        started: seen.filter(|_| health == Health::Down),
        measurement: heartbeat
            .ping
            .millis()
            .map(|ms| Measurement { latency_ms: Some(ms), ..Measurement::default() }),
        ..Draft::new(Kind::Transition, State::Is(health))
    }
}

/// 2 is "pending": it failed and is being tried again, so Kuma itself can't tell yet.
fn health(status: Option<&str>) -> Health {
    match status {
        Some("0") => Health::Down,
        Some("1") => Health::Up,
        Some("3") => Health::Maintenance,
        _ => Health::Unknown,
    }
}

impl Monitor<'_> {
    /// Monitors of other protocols keep an empty URL with its scheme beside their host.
    fn target(&self) -> Option<&str> {
        self.url.get().filter(|url| !url.ends_with("://")).or(self.hostname.get())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Provider::UptimeKuma;
    use super::super::tests::{heard, lines};

    fn beat(status: u8) -> String {
        format!(
            r#"{{"heartbeat":{{"monitorID":4,"status":{status},"time":"2026-11-22 03:04:00.250",
            "msg":"connect ECONNREFUSED","ping":87,"timezone":"Europe/Oslo",
            "timezoneOffset":"+01:00","localDateTime":"2026-11-22 04:04:00"}},
            "monitor":{{"id":4,"name":"orders","url":"https://","hostname":"db.example"}},
            "msg":"[orders] changed"}}"#
        )
    }

    #[test]
    fn the_four_states_of_a_heartbeat() {
        assert_eq!(
            lines(UptimeKuma, &beat(0)),
            ["Transition Down database 4 \
              alert=- seen=4.75 start=4.75 AssumedUtc \
              | orders | db.example | connect ECONNREFUSED"]
        );
        assert_eq!(
            lines(UptimeKuma, &beat(1)),
            ["Transition Up database 4 \
              alert=- seen=4.75 start=- AssumedUtc | orders | db.example | connect ECONNREFUSED"]
        );
        assert_eq!(
            heard(UptimeKuma, &beat(1))[0].measurement.as_ref().unwrap().latency_ms,
            Some(87.0)
        );
        assert_eq!(
            lines(UptimeKuma, &beat(2)),
            ["Transition Unknown database 4 \
              alert=- seen=4.75 start=- AssumedUtc | orders | db.example | connect ECONNREFUSED"]
        );
        assert_eq!(
            lines(UptimeKuma, &beat(3)),
            ["Transition Maintenance database 4 \
              alert=- seen=4.75 start=- AssumedUtc | orders | db.example | connect ECONNREFUSED"]
        );
    }

    #[test]
    fn the_test_button_says_nothing_about_the_application() {
        assert_eq!(
            lines(UptimeKuma, r#"{"heartbeat":null,"monitor":null,"msg":"Down"}"#),
            ["Control Unknown frontend monitor-prod alert=- seen=- start=- Missing | - | - | Down"]
        );
        let lost = r#"{"heartbeat":{"monitorID":4,"status":0},"monitor":null}"#;
        assert_eq!(
            lines(UptimeKuma, lost),
            ["Transition Down frontend 4 alert=- seen=- start=- Missing | - | - | -"]
        );
    }
}
