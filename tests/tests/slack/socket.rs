//! Over a socket that the program opens itself: no public address, no signing secret.

use std::time::Duration;

use tests::standin::site::Authority;
use tests::standin::slack::{ADA, APP_TOKEN, BEN, Fault, INCIDENTS, SIGNING_SECRET, State};
use tokio::time::{Instant, sleep};

use crate::office::Office;

/// Far above what the server takes to notice that nobody is there any more.
const SILENCE_NOTICED: Duration = Duration::from_secs(40);

fn calls(state: &State, method: &str) -> Vec<i64> {
    state.calls.iter().filter(|call| call.method == method).map(|call| call.at).collect()
}

#[tokio::test]
async fn a_conversation_needs_no_address_and_no_secret() {
    let mut office = Office::over_socket().await;
    let says = office.types(ADA, "/incident", "Declare p1 site down").await;
    assert!(says.contains("P1"), "{says}");
    office.presses(BEN, "acknowledge").await;
    office.card_says("incident 1", "senior-developer has it").await;
    office.presses(ADA, "plan-rollback").await;
    let form = office.form(ADA, "plan-rollback").await;
    let blank = office.slack.submit(&form, &[("words", " ")]).unwrap();
    let reply = office.send(&blank).await;
    assert_eq!(reply.json()["response_action"], "errors", "{}", reply.body);
    let filled = office.slack.submit(&form, &[("words", "down since the deploy")]).unwrap();
    assert_eq!(office.send(&filled).await.body, "", "the form closes");
    office.card_says("Operation 1", "down since the deploy").await;
    let typed = office.slack.slash(ADA, INCIDENTS, "/incident", "resolve 1");
    let posted = office.slack.send(&typed, &office.url).await.unwrap();
    assert_eq!(posted.status, 503, "without a secret nothing that is posted is believed");
    assert_eq!(office.slack.state().strays, [""; 0]);
    assert!(office.health().await["slack_socket"].as_str().unwrap().starts_with("open"));
    let took = office.ends();
    assert!(took < Duration::from_secs(3), "a socket keeps no server alive: {took:?}");
}

#[tokio::test]
async fn what_is_pressed_is_acknowledged_before_it_is_done() {
    let office = Office::over_socket().await;
    office.types(ADA, "/incident", "declare p1 site down").await;
    let slow = Duration::from_secs(2);
    office.slack.state().faults.next("views.open", Fault::Delay(slow));
    let press = office.press(ADA, "plan-rollback").await;
    let reply = office.send(&press).await;
    assert!(reply.took < Duration::from_secs(1), "{:?}", reply.took);
    office.until("a form", |state| Some(state.modal(ADA)?.id.clone())).await;
    // What takes long is acknowledged in time, too, and answered afterwards.
    office.place.stage.route53.latency(slow);
    let says = office.types(ADA, "/failover", "“the site is down”").await;
    assert!(says.contains("Working on it"), "{says}");
    office.whispers(ADA, "Operation 1").await;
}

#[tokio::test]
async fn a_socket_that_is_replaced_or_cut_loses_nothing() {
    let office = Office::over_socket().await;
    office.types(ADA, "/incident", "declare p1 site down").await;
    office.slack.refresh();
    office.slack.connected(2).await.unwrap();
    assert_eq!(office.slack.sockets_at_once(), 2, "the next is opened before the old one closes");
    office.types(BEN, "/incident", "ack").await;
    office.slack.cut();
    office.slack.connected(3).await.unwrap();
    office.types(ADA, "/incident", "update it was the deploy").await;
    office.slack.warn();
    office.slack.connected(4).await.unwrap();
    office.types(ADA, "/incident", "update it was not").await;
    office.room_says("it was not").await;
    office.slack.disables_sockets();
    office.health_says("slack_socket", "Socket Mode is switched off").await;
    assert_eq!(office.slack.sockets_opened(), 4, "only people can help");
    let timeline = office.place.does("lead-developer", "incident timeline 1").await;
    for says in ["senior-developer has it", "it was the deploy", "it was not"] {
        assert_eq!(timeline.matches(says).count(), 1, "{timeline}");
    }
    assert_eq!(office.slack.state().strays, [""; 0]);
}

#[tokio::test]
async fn over_tls_only_who_can_prove_who_he_is_is_talked_to() {
    let mut office = Office::closed(&[("SLACK_APP_TOKEN", APP_TOKEN)]).await;
    office.slack.speaks_tls(&office.place.stage.authority).await.unwrap();
    office.starts().await;
    office.slack.connected(1).await.unwrap();
    office.types(ADA, "/incident", "declare p1 site down").await;
    office.slack.speaks_tls(&Authority::new().unwrap()).await.unwrap();
    office.slack.cut();
    office.health_says("slack_socket", "closed: it can't be connected").await;
    assert_eq!(office.slack.sockets_opened(), 1);
    assert!(!office.log().contains("ticket"), "{}", office.log());
}

#[tokio::test]
async fn a_socket_that_falls_silent_is_replaced() {
    let office = Office::over_socket().await;
    office.slack.falls_silent();
    let begun = Instant::now();
    while office.slack.sockets_opened() < 2 {
        assert!(begun.elapsed() < SILENCE_NOTICED, "{}", office.log());
        sleep(Duration::from_millis(50)).await;
    }
    office.types(ADA, "/incident", "declare p1 site down").await;
}

#[tokio::test]
async fn what_slack_sends_twice_has_one_effect_over_either_way() {
    let both = [("SLACK_APP_TOKEN", APP_TOKEN), ("SLACK_SIGNING_SECRET", SIGNING_SECRET)];
    let office = Office::hearing(&both).await;
    office.slack.connected(1).await.unwrap();
    let typed = office.slack.slash(ADA, INCIDENTS, "/incident", "declare p2 storage is slow");
    let acks = office.slack.send_twice_over_socket(&typed).await.unwrap();
    let answered = acks.iter().filter(|ack| !ack.payload.is_null()).count();
    assert_eq!(answered, 1, "{acks:?}");
    assert_eq!(office.send(&typed).await.body, "", "posted, it is still the same");
    let opened = office.slack.home_event(ADA);
    for attempt in 1..3 {
        let again = opened.clone().retried(attempt, "http_timeout");
        office.slack.send_over_socket(&again).await.unwrap();
        office.send(&again).await;
    }
    let list = office.types(ADA, "/incident", "list").await;
    assert_eq!(list.lines().count(), 1, "{list}");
    office.until("a home tab", |state| state.home(ADA).map(drop)).await;
    assert_eq!(calls(&office.slack.state(), "views.publish").len(), 1);
}

#[tokio::test]
async fn a_wrong_token_is_said_clearly_and_tried_slowly() {
    let office = Office::hearing(&[("SLACK_APP_TOKEN", "xapp-of-somebody-else")]).await;
    office.health_says("slack_socket", "SLACK_APP_TOKEN is not of this app").await;
    assert!(office.log().contains("Slack refuses a socket"), "{}", office.log());
    assert!(!office.log().contains("xapp-of-somebody-else"), "a secret in the log");
    sleep(Duration::from_secs(2)).await;
    assert_eq!(calls(&office.slack.state(), "apps.connections.open").len(), 1);
}

#[tokio::test]
async fn a_busy_slack_is_not_asked_earlier_than_it_wants() {
    let mut office = Office::closed(&[("SLACK_APP_TOKEN", APP_TOKEN)]).await;
    let busy = Fault::RateLimited(Some(3));
    office.slack.state().faults.next("apps.connections.open", busy);
    office.starts().await;
    office.slack.connected(1).await.unwrap();
    let calls = calls(&office.slack.state(), "apps.connections.open");
    assert!(calls.len() == 2 && calls[1] - calls[0] >= 3_000, "{calls:?}");
}

#[tokio::test]
async fn a_half_of_the_settings_is_said_and_the_rest_goes_on() {
    let mut office = Office::closed(&[]).await;
    office.starts().await;
    let health = office.health().await;
    let says = health["slack"].as_str().unwrap();
    assert!(says.contains("set up by half") && says.contains("set SLACK_APP_TOKEN"), "{says}");
    assert_eq!(health["status"], "ok");
    assert!(office.log().contains("set SLACK_APP_TOKEN"), "{}", office.log());
}
