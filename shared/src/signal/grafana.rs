//! Grafana: unified alerting (the shape of Alertmanager, per alert) and legacy dashboard alerts
//! (one rule, no time).
//!
//! "No data" is not "down", however Grafana words it. The test buttons of both become control
//! messages.

use serde::Deserialize;

use super::alertmanager::Firing;
use super::intake::{Draft, Intake, State, json, level};
use super::text::{Labels, Text};
use super::{Health, Kind, Malformed, Signal};

const SEND: &str =
    "Grafana's webhook form: {\"alerts\":[…]}, or {\"ruleId\":…,\"state\":…} of legacy alerting";

/// Both forms in one: `alerts` is of the unified alerting, the rest of the legacy one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Post<'a> {
    #[serde(borrow)]
    alerts: Option<Vec<Firing<'a>>>,
    #[serde(borrow)]
    state: Option<Text<'a>>,
    #[serde(borrow, default)]
    rule_id: Text<'a>,
    #[serde(borrow, default)]
    rule_name: Text<'a>,
    #[serde(borrow, default)]
    rule_url: Text<'a>,
    #[serde(borrow, default)]
    title: Text<'a>,
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(borrow, default)]
    tags: Labels<'a>,
    #[serde(borrow)]
    eval_matches: Option<Vec<Match<'a>>>,
}

/// One series that made a legacy rule alert.
#[derive(Deserialize)]
struct Match<'a> {
    #[serde(borrow, default)]
    value: Text<'a>,
}

/// Reads a POST of either alerting.
pub(super) fn read(intake: &Intake<'_>, body: &str) -> Result<Vec<Signal>, Malformed> {
    let post: Post<'_> = json(body, SEND)?;
    match (&post.alerts, &post.state) {
        (Some(alerts), _) => {
            Ok(alerts.iter().map(|alert| intake.signal(unified(alert, intake))).collect())
        }
        (None, Some(state)) => Ok(vec![intake.signal(legacy(&post, state))]),
        (None, None) => {
            Err(Malformed { wrong: "neither `alerts` nor `state` is there".into(), send: SEND })
        }
    }
}

/// Grafana invents two alerts for a rule whose query fails or finds nothing (labels in its "no data
/// and error states"); a rule set to fire on them says so in an annotation instead.
fn unified<'a>(alert: &'a Firing<'_>, intake: &Intake<'_>) -> Draft<'a> {
    let draft = alert.draft(intake);
    let blind = matches!(draft.name, Some("DatasourceNoData" | "DatasourceError"))
        || alert.annotations.get("grafana_state_reason").is_some_and(|why| why != "MissingSeries");
    if draft.name == Some("TestAlert") && alert.labels.get("instance") == Some("Grafana") {
        return Draft { kind: Kind::Control, state: State::Is(Health::Unknown), ..draft };
    }
    if blind && matches!(draft.state, State::Firing) {
        let name = alert.labels.get("rulename").or(draft.name);
        return Draft { name, state: State::Is(Health::Unknown), ..draft };
    }
    draft
}

/// A rule's event; the test button sends rule 0, which no real rule is.
fn legacy<'a>(post: &'a Post<'_>, state: &Text<'_>) -> Draft<'a> {
    let test = post.rule_id.get() == Some("0");
    let said = match state.lower().as_str() {
        "alerting" if test || found_nothing(post) => State::Is(Health::Unknown),
        "alerting" => State::Firing,
        "ok" => State::Is(Health::Up),
        _ => State::Is(Health::Unknown),
    };
    Draft {
        key: post.rule_id.get().map(Into::into),
        name: post.rule_name.get(),
        target: post.rule_url.get(),
        reason: post.message.get().or(post.title.get()),
        alert: level(post.tags.get("severity")),
        ..Draft::new(if test { Kind::Control } else { Kind::Transition }, said)
    }
}

/// A legacy rule may be set to alert on "no data"; then its matches have no value, or its title
/// says so.
fn found_nothing(post: &Post<'_>) -> bool {
    let valueless = post.eval_matches.as_ref().is_some_and(|found| {
        !found.is_empty() && found.iter().all(|matched| matched.value.get().is_none())
    });
    let title = post.title.lower();
    valueless || title.contains("no data") || title.contains("no_data")
}

#[cfg(test)]
mod tests {
    use super::super::Provider::Grafana;
    use super::super::tests::lines;

    #[test]
    fn unified_alerts_are_read_one_by_one() {
        let post = r#"{"version":"1","state":"alerting","status":"firing","alerts":[
            {"status":"firing","fingerprint":"a1","startsAt":"2026-11-22T03:03:05.5Z",
             "generatorURL":"?orgId=1","values":{"B":22},"labels":{"alertname":"Login fails",
             "instance":"auth"},"annotations":{"description":"22 in a minute"}},
            {"status":"resolved","fingerprint":"a2","endsAt":"2026-11-22T03:04:00Z","labels":{}}]}"#;
        assert_eq!(
            lines(Grafana, post),
            [
                "Transition Down frontend a1 \
                 alert=- seen=59.5 start=59.5 Zoned | Login fails | auth | 22 in a minute",
                "Transition Up frontend a2 alert=- seen=5 start=- Zoned | - | - | -"
            ]
        );
    }

    #[test]
    fn no_data_is_not_down() {
        let post = r#"{"alerts":[
            {"status":"firing","fingerprint":"a1","labels":{"alertname":"DatasourceNoData",
             "rulename":"Login fails"}},
            {"status":"firing","fingerprint":"a2","labels":{"alertname":"Login fails"},
             "annotations":{"grafana_state_reason":"Error"}},
            {"status":"resolved","fingerprint":"a3","labels":{"alertname":"DatasourceError"}}]}"#;
        assert_eq!(
            lines(Grafana, post),
            [
                "Transition Unknown frontend a1 \
                 alert=- seen=- start=- Missing | Login fails | - | -",
                "Transition Unknown frontend a2 \
                 alert=- seen=- start=- Missing | Login fails | - | -",
                "Transition Up frontend a3 \
                 alert=- seen=- start=- Missing | DatasourceError | - | -"
            ]
        );
        for legacy in [
            r#"{"ruleId":9,"state":"no_data"}"#,
            r#"{"ruleId":9,"state":"alerting","title":"[No Data] Login fails"}"#,
            r#"{"ruleId":9,"state":"alerting","evalMatches":[{"metric":"NoData","value":null}]}"#,
            r#"{"ruleId":9,"state":"paused"}"#,
        ] {
            assert!(lines(Grafana, legacy)[0].starts_with("Transition Unknown"), "{legacy}");
        }
    }

    #[test]
    fn legacy_rules_alert_and_end_without_a_time() {
        let post = r#"{"ruleId":9,"ruleName":"Login fails","ruleUrl":"https://g.example/d/9",
            "state":"alerting","message":"look","tags":{"severity":"warning"},
            "evalMatches":[{"metric":"m","value":3.5}]}"#;
        assert_eq!(
            lines(Grafana, post),
            ["Transition Degraded frontend 9 \
              alert=Warning seen=- start=- Missing | Login fails | https://g.example/d/9 | look"]
        );
        assert_eq!(
            lines(Grafana, r#"{"ruleId":9,"state":"ok","tags":[],"evalMatches":null}"#),
            ["Transition Up frontend 9 alert=- seen=- start=- Missing | - | - | -"]
        );
    }

    #[test]
    fn the_test_buttons_say_nothing_about_the_application() {
        let unified = r#"{"alerts":[{"status":"firing","fingerprint":"t",
            "labels":{"alertname":"TestAlert","instance":"Grafana"}}]}"#;
        let legacy = r#"{"ruleId":0,"ruleName":"Test rule","state":"alerting"}"#;
        for post in [unified, legacy] {
            assert!(lines(Grafana, post)[0].starts_with("Control Unknown"), "{post}");
        }
    }
}
