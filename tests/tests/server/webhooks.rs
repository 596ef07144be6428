//! What a monitor gets for an answer, and what is kept of what it sent.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Running, answer};

/// An alarm on the frontend in each provider's form.
fn alarms() -> [(&'static str, Value); 6] {
    [
        (
            "alertmanager",
            json!({"version": "4", "status": "firing", "alerts": [{"status": "firing",
            "fingerprint": "9f", "startsAt": "2026-11-22T03:04:05Z",
            "labels": {"alertname": "SiteDown", "severity": "critical"}}]}),
        ),
        (
            "grafana",
            json!({"state": "alerting", "alerts": [{"status": "firing",
            "fingerprint": "a1", "labels": {"alertname": "Site is down"}}]}),
        ),
        ("uptimerobot", json!({"monitorID": 11, "alertType": 1, "monitorFriendlyName": "Site"})),
        (
            "uptime-kuma",
            json!({"heartbeat": {"monitorID": 4, "status": 0, "msg": "timeout"},
            "monitor": {"id": 4, "name": "site"}}),
        ),
        ("pingdom", json!({"check_id": 5, "current_state": "DOWN", "check_name": "Site"})),
        ("generic", json!({"type": "monitor.down", "data": {"monitor": "site"}})),
    ]
}

#[tokio::test]
async fn an_alarm_of_every_provider_opens_an_incident() {
    for (source, alarm) in alarms() {
        let server = Running::start().await;
        let got = answer(server.post(source, alarm.to_string())).await;
        assert_eq!(got, (202, json!({"accepted": 1, "duplicate": false})), "{source}");
        let engine = server.beside();
        let components: Vec<_> = engine.live().map(|one| one.component.to_string()).collect();
        assert_eq!(components, ["frontend"], "{source}");
        server.stop().await;
    }
}

#[tokio::test]
async fn the_same_delivery_twice_changes_nothing() {
    let server = Running::start().await;
    let alarm = alarms()[0].1.to_string();
    answer(server.post("alertmanager", alarm.clone())).await;
    let turns = "SELECT number FROM turns WHERE key LIKE '%#%'";
    let before = server.query(turns);
    let got = answer(server.post("alertmanager", alarm)).await;
    assert_eq!(got, (202, json!({"accepted": 1, "duplicate": true})));
    assert_eq!(server.query(turns), before);
    server.stop().await;
}

#[tokio::test]
async fn a_malformed_body_is_refused_with_advice_and_kept() {
    let server = Running::start().await;
    let (status, said) = answer(server.post("pingdom", "{\"check_id\": 5")).await;
    assert_eq!(status, 400);
    assert!(said["do"].as_str().unwrap().starts_with("send "), "{said}");
    let kept = server.query("SELECT refused FROM deliveries WHERE CAST(body AS TEXT) LIKE '{%5'");
    assert_eq!(kept.len(), 1);
    assert!(kept[0].contains(said["error"].as_str().unwrap()), "{kept:?} {said}");
    server.stop().await;
}

#[tokio::test]
async fn a_delivery_refused_for_its_secret_is_no_duplicate_of_the_right_one() {
    let server = Running::start().await;
    let alarm = alarms()[4].1.to_string();
    let (status, said) = answer(server.post_as("wrong", "pingdom", alarm.clone())).await;
    assert_eq!(status, 401, "{said}");
    assert!(said["do"].as_str().unwrap().contains("ALLCLEAR_SECRET_PINGDOM"), "{said}");
    let kept = server.query("SELECT body FROM deliveries WHERE refused IS NOT NULL");
    assert_eq!(kept.len(), 1);
    let got = answer(server.post("pingdom", alarm)).await;
    assert_eq!(got, (202, json!({"accepted": 1, "duplicate": false})));
    server.stop().await;
}

#[tokio::test]
async fn an_unsigned_message_is_not_taken_for_amazons() {
    let server = Running::start().await;
    let message = json!({"Type": "Notification", "Message": "{\"NewStateValue\": \"ALARM\"}"});
    let (status, _) = answer(server.post("cloudwatch", message.to_string())).await;
    assert_eq!(status, 401);
    assert_eq!(server.beside().live().count(), 0);
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_source_is_told_the_known_ones() {
    let server = Running::start().await;
    let (status, said) = answer(server.post("pingdon", "{}")).await;
    assert_eq!(status, 404);
    assert!(said["do"].as_str().unwrap().contains("pingdom"), "{said}");
    server.stop().await;
}

#[tokio::test]
async fn too_large_a_body_is_refused_with_the_limit() {
    let server = Running::start().await;
    let (status, said) = answer(server.post("generic", vec![b' '; 8 * 1024 * 1024 + 1])).await;
    assert_eq!(status, 413);
    assert!(said["error"].as_str().unwrap().contains("8388608"), "{said}");
    server.stop().await;
}

#[tokio::test]
async fn looking_at_a_webhook_says_how_to_use_it() {
    let server = Running::start().await;
    let answer = server.get("/webhook/pingdom").await;
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "POST");
    let said: Value = answer.json().await.unwrap();
    assert_eq!(said["do"], "send the alert as POST /webhook/pingdom");
    let nothing: Value = server.get("/").await.json().await.unwrap();
    assert!(nothing["do"].as_str().unwrap().contains("/webhook/pingdom"), "{nothing}");
    server.stop().await;
}

#[tokio::test]
async fn while_the_store_is_locked_senders_are_asked_to_come_back() {
    let server = Running::start().await;
    let shell = rusqlite::Connection::open(&server.store).unwrap();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let alarm = alarms()[4].1.to_string();
    let refused = server.post("pingdom", alarm.clone()).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "5");
    assert_eq!(server.get("/health").await.status(), 503);
    shell.execute_batch("ROLLBACK").unwrap();
    let (status, said) = answer(server.post("pingdom", alarm)).await;
    assert_eq!((status, &said["duplicate"]), (202, &json!(false)), "{said}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(server.get("/health").await.status(), 200);
    server.stop().await;
}
