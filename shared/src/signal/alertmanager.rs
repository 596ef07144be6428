//! Prometheus Alertmanager's webhook, all versions, decided alert by alert: the group's `status` is
//! ignored, since one POST may hold fired and resolved alerts. Grafana's unified alerting sends the
//! same alerts.
//!
//! Source: prometheus/alertmanager, `notify/webhook` and `template/template.go`. `startsAt` is when
//! the alert FIRED, after the rule's `for`.

use std::borrow::Cow;

use serde::Deserialize;

use super::intake::{Draft, Intake, State, json, level};
use super::text::{Labels, Text};
use super::{Health, Kind, Malformed, Signal};

const SEND: &str = "Alertmanager's webhook form: {\"alerts\":[{\"status\":…,\"labels\":{…}}]}";

/// A group of alerts; everything said of the group itself is left aside.
#[derive(Deserialize)]
struct Post<'a> {
    #[serde(borrow)]
    alerts: Vec<Firing<'a>>,
}

/// One alert of a group.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Firing<'a> {
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(borrow, default)]
    /// What identifies the alert; `alertname` is the rule's name.
    pub labels: Labels<'a>,
    #[serde(borrow, default)]
    /// What the rule's author wrote for people.
    pub annotations: Labels<'a>,
    #[serde(borrow, default)]
    starts_at: Text<'a>,
    #[serde(borrow, default)]
    ends_at: Text<'a>,
    #[serde(borrow, default)]
    fingerprint: Text<'a>,
}

/// Reads a POST.
pub(super) fn read(intake: &Intake<'_>, body: &str) -> Result<Vec<Signal>, Malformed> {
    let post: Post<'_> = json(body, SEND)?;
    Ok(post.alerts.iter().map(|alert| intake.signal(alert.draft(intake))).collect())
}

impl Firing<'_> {
    /// The alert's event. Without a fingerprint (old and third-party senders) its sorted labels
    /// identify it.
    pub fn draft(&self, intake: &Intake<'_>) -> Draft<'_> {
        let state = self.state();
        let started = intake.when(self.starts_at.get());
        let ended = intake.when(self.ends_at.get());
        Draft {
            key: self
                .fingerprint
                .get()
                .map(Cow::from)
                .or_else(|| self.labels.sorted().map(Cow::from)),
            name: self.labels.get("alertname"),
            target: self.labels.first(&["instance", "host", "service", "job"]),
            reason: self.annotations.first(&["summary", "description", "message"]),
            observed: if matches!(state, State::Is(Health::Up)) { ended } else { started },
            started,
            alert: level(self.labels.get("severity")),
            ..Draft::new(Kind::Transition, state)
        }
    }

    /// Alerts of severity `none` (kube-prometheus' Watchdog and inhibitors) fire for ever by
    /// design.
    fn state(&self) -> State {
        match self.status.get() {
            Some("firing") if self.labels.get("severity") == Some("none") => {
                State::Is(Health::Unknown)
            }
            Some("firing") => State::Firing,
            Some("resolved") => State::Is(Health::Up),
            _ => State::Is(Health::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Provider::Alertmanager;
    use super::super::tests::lines;

    #[test]
    fn each_alert_of_a_group_speaks_for_itself() {
        let post = r#"{"status":"firing","groupKey":17,"alerts":[
            {"status":"firing","fingerprint":"f1","startsAt":"2026-11-22T05:03:35.123456789+02:00",
             "endsAt":"0001-01-01T00:00:00Z","labels":{"alertname":"SiteDown","severity":"critical",
             "instance":"https://app.example/health"},"annotations":{"summary":"no answer"}},
            {"status":"resolved","fingerprint":"f2","startsAt":"2026-11-22T03:00:05Z",
             "endsAt":"2026-11-22T03:04:00Z","labels":{"alertname":"OrdersLag","severity":"page"}},
            {"status":"resolved","fingerprint":"f3","startsAt":"2026-11-22T03:00:05Z",
             "endsAt":"0001-01-01T00:00:00Z","labels":null},
            {"status":"firing","labels":{"b":"2","alertname":"P95Slow","job":"edge"}},
            {"status":"firing","labels":{"alertname":"ErrorRate","severity":"info"}}]}"#;
        assert_eq!(
            lines(Alertmanager, post),
            [
                "Transition Down frontend f1 \
                 alert=Critical seen=29.877 start=29.877 Zoned \
                 | SiteDown | https://app.example/health | no answer",
                "Transition Up database f2 \
                 alert=Critical seen=5 start=240 Zoned | OrdersLag | - | -",
                "Transition Up frontend f3 alert=- seen=- start=240 Zoned | - | - | -",
                "Transition Degraded frontend alertname=P95Slow,b=2,job=edge \
                 alert=Warning seen=- start=- Missing | P95Slow | edge | -",
                "Transition Degraded frontend alertname=ErrorRate,severity=info \
                 alert=Info seen=- start=- Missing | ErrorRate | - | -"
            ]
        );
    }

    #[test]
    fn an_alert_that_fires_by_design_is_no_outage() {
        let post = r#"{"alerts":[{"status":"firing","labels":{"alertname":"Watchdog",
            "severity":"none"}},{"labels":{"alertname":"NoStatus"}},{"status":"suppressed"}]}"#;
        assert_eq!(
            lines(Alertmanager, post),
            [
                "Transition Unknown frontend alertname=Watchdog,severity=none \
                 alert=- seen=- start=- Missing | Watchdog | - | -",
                "Transition Unknown frontend alertname=NoStatus \
                 alert=- seen=- start=- Missing | NoStatus | - | -",
                "Transition Unknown frontend monitor-prod \
                 alert=- seen=- start=- Missing | - | - | -"
            ]
        );
        assert!(lines(Alertmanager, r#"{"alerts":[]}"#).is_empty());
    }
}
