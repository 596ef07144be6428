//! What the readers' tests share, and what holds for all of them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::plan::MonitorRule;
use crate::time::Span;

mod samples;

/// 2026-11-22T03:04:05Z.
pub(super) const NOW: Ts = Ts(1_795_316_645_000);

const PROVIDERS: [Provider; 7] = [
    Provider::Alertmanager,
    Provider::Grafana,
    Provider::UptimeRobot,
    Provider::UptimeKuma,
    Provider::Pingdom,
    Provider::Cloudwatch,
    Provider::Generic,
];

/// An endpoint that counts "slow" monitors as warnings of the frontend and "orders" as the
/// database's.
pub(super) fn source(provider: Provider) -> Source {
    let rule = |contains: &str, component: &str, alert| MonitorRule {
        contains: contains.into(),
        component: component.into(),
        alert,
    };
    Source {
        id: "monitor-prod".into(),
        provider,
        component: "frontend".into(),
        monitors: vec![
            rule("SLOW", "frontend", Some(Alert::Warning)),
            rule("orders", "database", None),
        ],
        topics: vec![],
    }
}

/// What that endpoint makes of a body that arrives at [`NOW`].
pub(super) fn heard(provider: Provider, body: &str) -> Vec<Signal> {
    parse(&source(provider), Trust::SharedSecret, NOW, body.as_bytes()).unwrap()
}

/// A signal on one line; times in seconds before its arrival.
pub(super) fn line(signal: &Signal) -> String {
    let ago = |at: Option<Ts>| at.map_or("-".into(), |at| (NOW - at).as_secs_f64().to_string());
    let text = |text: &Option<String>| text.as_deref().unwrap_or("-").to_owned();
    format!(
        "{:?} {:?} {} {} alert={} seen={} start={} {:?} | {} | {} | {}",
        signal.kind,
        signal.health,
        signal.component,
        signal.monitor,
        signal.alert.map_or("-".into(), |alert| format!("{alert:?}")),
        ago(signal.observed_at),
        ago(signal.started_at),
        signal.time_quality,
        text(&signal.name),
        text(&signal.target),
        text(&signal.reason),
    )
}

/// The lines of all signals of a body.
pub(super) fn lines(provider: Provider, body: &str) -> Vec<String> {
    heard(provider, body).iter().map(line).collect()
}

/// A minimal body of each provider whose state is `state`.
fn saying(provider: Provider, state: &Value) -> String {
    match provider {
        Provider::Alertmanager => json!({"status": "firing", "alerts": [{"status": state}]}),
        Provider::Grafana => json!({"ruleId": 7, "state": state}),
        Provider::UptimeRobot => json!({"alert_type": state}),
        Provider::UptimeKuma => json!({"heartbeat": {"status": state}, "monitor": {"id": 1}}),
        Provider::Pingdom => json!({"check_id": 1, "current_state": state}),
        Provider::Cloudwatch => {
            let alarm = json!({"AlarmName": "a", "NewStateValue": state}).to_string();
            json!({"Type": "Notification", "Message": alarm})
        }
        Provider::Generic => json!({"type": state, "data": {"monitor": "m"}}),
    }
    .to_string()
}

/// The words for "down" of all providers together.
const DOWN: [&str; 10] =
    ["firing", "alerting", "1", "0", "down", "failing", "DOWN", "ALARM", "monitor.down", "FAILING"];

#[test]
fn the_word_for_down_of_each_provider_is_understood() {
    for (provider, word) in PROVIDERS.into_iter().zip([
        json!("firing"),
        json!("alerting"),
        json!(1),
        json!(0),
        json!("DOWN"),
        json!("ALARM"),
        json!("monitor.down"),
    ]) {
        assert_eq!(heard(provider, &saying(provider, &word))[0].health, Health::Down);
    }
}

#[test]
fn a_rule_sends_a_monitor_to_its_component_and_level() {
    let body = saying(Provider::Cloudwatch, &json!("ALARM"));
    let named =
        |name: &str| heard(Provider::Cloudwatch, &body.replace("\\\"a\\\"", name)).remove(0);
    let slow = named("\\\"Frontend Slow p95\\\"");
    assert_eq!((slow.health, slow.alert), (Health::Degraded, Some(Alert::Warning)));
    let orders = named("\\\"ORDERS-replica\\\"");
    assert_eq!((orders.health, orders.alert), (Health::Down, None));
    assert_eq!(orders.component, "database".into());
}

#[test]
fn a_refusal_says_what_to_send_instead() {
    for provider in PROVIDERS {
        for body in ["", "[", "7", "{}", "\u{1b}[31m", "null", "\"down\""] {
            let refused = parse(&source(provider), Trust::Own, NOW, body.as_bytes()).unwrap_err();
            let text = refused.to_string();
            assert!(text.contains("; send ") && !text.contains('\u{1b}'), "{provider:?}: {text}");
        }
    }
    assert!(parse(&source(Provider::Generic), Trust::Own, NOW, b"\xff").is_err());
}

#[test]
fn more_events_than_the_limit_are_refused() {
    let post = |count: usize| format!("{{\"alerts\":[{}]}}", vec!["{}"; count].join(","));
    assert_eq!(heard(Provider::Alertmanager, &post(EVENTS_MAX)).len(), EVENTS_MAX);
    let source = source(Provider::Alertmanager);
    let refused = parse(&source, Trust::Own, NOW, post(EVENTS_MAX + 1).as_bytes()).unwrap_err();
    assert!(refused.send.contains(&EVENTS_MAX.to_string()));
}

#[test]
fn a_timeless_body_counts_again_a_minute_later() {
    let body = saying(Provider::UptimeRobot, &json!("1"));
    let signals = heard(Provider::UptimeRobot, &body);
    let at = |ms: i64| delivery_key(&"a".into(), None, body.as_bytes(), &signals, Ts(NOW.0 + ms));
    assert_eq!(at(0), at(30_000));
    assert_ne!(at(0), at(60_000));
    let mut later = signals[0].clone();
    assert_eq!(later.event_key(), signals[0].event_key());
    later.received_at = NOW + Span::mins(1);
    assert_ne!(later.event_key(), signals[0].event_key());
}

#[test]
fn a_body_with_a_time_is_the_same_delivery_for_ever() {
    let body =
        r#"{"type":"monitor.down","timestamp":"2026-11-22T03:04:00Z","data":{"monitor":"m"}}"#;
    let signals = heard(Provider::Generic, body);
    let key = |source: &str, id, body: &str, at| {
        delivery_key(&source.into(), id, body.as_bytes(), &signals, at)
    };
    let first = key("a", None, body, NOW);
    assert_eq!(first, key("a", None, body, NOW + Span::days(1)));
    assert_ne!(first, key("b", None, body, NOW));
    assert_ne!(first, key("a", None, "{}", NOW));
    assert_eq!(key("a", Some("msg_1"), body, NOW), key("a", Some("msg_1"), "{}", NOW));
    assert_ne!(key("a", Some("msg_1"), body, NOW), key("a", Some("msg_2"), body, NOW));
}

#[test]
fn repeats_share_an_event_key_and_changes_do_not() {
    let event = |kind: &str, start: &str, correlation: &str| {
        let body = json!({"type": kind, "timestamp": "2026-11-22T03:04:00Z",
            "data": {"monitor": "m", "started_at": start, "correlation": correlation}});
        heard(Provider::Generic, &body.to_string())[0].event_key()
    };
    let (first, second) = ("2026-11-22T03:00:00Z", "2026-11-22T03:01:00Z");
    let down = event("monitor.down", first, "");
    assert_eq!(down, event("monitor.down", first, ""));
    assert_ne!(down, event("monitor.up", first, ""));
    assert_ne!(down, event("monitor.down", second, ""));
    assert_eq!(event("monitor.down", first, "inc-1"), event("monitor.down", second, "inc-1"));
    assert_ne!(down, event("monitor.down", first, "inc-1"));
}

/// What a state's field may hold: words, numbers, nothing, something else.
fn states() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-z_.]{0,12}".prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!({"a": [1]})),
    ]
}

/// JSON built of the field names that the readers look for.
fn trees() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "alerts",
        "status",
        "labels",
        "annotations",
        "startsAt",
        "fingerprint",
        "state",
        "ruleId",
        "alert_type",
        "heartbeat",
        "monitor",
        "msg",
        "check_params",
        "current_state",
        "Type",
        "Message",
        "type",
        "data",
        "timestamp",
        "id",
        "time",
        "tags",
        "evalMatches",
        "latency_ms",
    ]);
    states().prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(keys.clone(), inner, 0..6)
                .prop_map(|map| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

fn is_clean(signal: &Signal) -> bool {
    let texts = [&signal.name, &signal.target, &signal.reason, &signal.correlation];
    let clean = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    texts.into_iter().flatten().all(|text| clean(text) && text.chars().count() <= TEXT_MAX)
        && clean(signal.monitor.as_str())
        && signal.monitor.as_str().len() <= KEY_MAX
}

proptest! {
    #[test]
    fn an_unknown_state_is_never_down(state in states()) {
        let word = state.as_str().map_or_else(|| state.to_string(), ToOwned::to_owned);
        prop_assume!(!matches!(state.as_f64(), Some(0.0 | 1.0)));
        prop_assume!(!DOWN.iter().any(|down| down.eq_ignore_ascii_case(word.trim())));
        for provider in PROVIDERS {
            let body = saying(provider, &state);
            let signals = parse(&source(provider), Trust::Own, NOW, body.as_bytes());
            for signal in signals.unwrap_or_default() {
                prop_assert_ne!(signal.health, Health::Down, "{}", body);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for provider in PROVIDERS {
            let _ = parse(&source(provider), Trust::Own, NOW, &bytes);
        }
    }

    #[test]
    fn any_json_is_read_into_clean_text_or_refused(tree in trees()) {
        for provider in PROVIDERS {
            let body = tree.to_string();
            for signal in parse(&source(provider), Trust::Own, NOW, body.as_bytes())
                .unwrap_or_default()
            {
                prop_assert!(is_clean(&signal), "{signal:?}");
            }
        }
    }

    #[test]
    fn whatever_a_monitor_writes_comes_out_clean(text in "[\\s\\S]{0,600}") {
        let body = json!({"type": "monitor.down", "data": {"monitor": text, "name": text,
            "target": text, "reason": text, "correlation": text, "vantage": text}}).to_string();
        for signal in parse(&source(Provider::Generic), Trust::Own, NOW, body.as_bytes())
            .unwrap_or_default()
        {
            prop_assert!(is_clean(&signal), "{signal:?}");
        }
    }
}
