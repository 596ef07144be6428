//! `@slack/bolt` receives what our stand-in sends, checks the signature, and understands it.

use std::time::Duration;

use axum::http::HeaderMap;
use functions::http::{Roots, client};
use functions::proof::{self, Secret};
use serde_json::json;
use shared::time::Ts;
use tests::standin::slack::{
    ADA, BEN, Delivery, GENERAL, Header, INCIDENTS, Outcome, SIGNING_SECRET, Slack, signature,
};

use crate::client::Client;

/// The example that Slack publishes with its explanation of the scheme.
const PUBLISHED_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const PUBLISHED_BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&\
    channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&\
    command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J\
    %2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.\
    803a0bc887a14d10d2c447fce8b6703c";
const PUBLISHED_AT: i64 = 1_531_420_618;
const PUBLISHED: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

#[test]
fn it_signs_slacks_published_example_as_slack_does() {
    let signed = |secret: &str, at, body: &str| signature(secret, at, body.as_bytes());
    assert_eq!(signed(PUBLISHED_SECRET, PUBLISHED_AT, PUBLISHED_BODY), PUBLISHED);
    assert_ne!(signed(PUBLISHED_SECRET, PUBLISHED_AT + 1, PUBLISHED_BODY), PUBLISHED);
    assert_ne!(signed(SIGNING_SECRET, PUBLISHED_AT, PUBLISHED_BODY), PUBLISHED);
    assert_ne!(
        signed(PUBLISHED_SECRET, PUBLISHED_AT, &(PUBLISHED_BODY.to_owned() + "&")),
        PUBLISHED
    );
}

#[test]
fn our_own_proof_takes_slacks_published_example_and_nothing_like_it() {
    let taken = |secret: &str, at: i64, body: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("x-slack-signature", PUBLISHED.parse().unwrap());
        headers.insert("x-slack-request-timestamp", PUBLISHED_AT.into());
        let body = body.to_owned().into();
        proof::slack(&[Secret::new(secret).unwrap()], &headers, body, Ts(at * 1_000)).is_ok()
    };
    assert!(taken(PUBLISHED_SECRET, PUBLISHED_AT + 300, PUBLISHED_BODY));
    assert!(taken(PUBLISHED_SECRET, PUBLISHED_AT - 300, PUBLISHED_BODY));
    assert!(!taken(PUBLISHED_SECRET, PUBLISHED_AT + 301, PUBLISHED_BODY));
    assert!(!taken(PUBLISHED_SECRET, PUBLISHED_AT - 301, PUBLISHED_BODY));
    assert!(!taken(PUBLISHED_SECRET, PUBLISHED_AT, &(PUBLISHED_BODY.to_owned() + "------")));
    assert!(!taken(SIGNING_SECRET, PUBLISHED_AT, PUBLISHED_BODY));
}

/// The stand-in, an app of Bolt's, and where the app is.
async fn bench() -> (Slack, Client, String) {
    let slack = Slack::start().await.unwrap();
    let (bolt, base) = Client::bolt(&slack).await;
    (slack, bolt, base)
}

#[tokio::test]
async fn it_takes_a_signed_command_and_its_answer_is_shown() {
    let (slack, mut bolt, base) = bench().await;
    let command = slack.slash(ADA, GENERAL, "/incident", "declare p1 “site” down 🔥 & more=1");
    let reply = slack.send(&command, &base).await.unwrap();
    assert_eq!((reply.status, reply.objection), (200, None));
    assert!(reply.took < Duration::from_secs(3));
    let got = bolt.hears().await;
    assert_eq!((&got["got"], &got["body"]), (&json!("command"), &command.payload));
    let shown = slack.state().ephemerals[0].clone();
    assert_eq!(shown.text, "heard declare p1 “site” down 🔥 & more=1");
    assert_eq!(slack.done(), ["auth.test"]);
}

#[tokio::test]
async fn it_takes_clicks_submissions_and_shortcuts() {
    let (slack, mut bolt, base) = bench().await;
    let mut web = Client::web(&slack);
    let button = json!({"type": "button", "action_id": "ack", "value": "INC-1",
                        "text": {"type": "plain_text", "text": "Acknowledge"}});
    let more = json!({"type": "overflow", "action_id": "more", "options": [
        {"text": {"type": "plain_text", "text": "Resolve"}, "value": "resolve"}]});
    let blocks = json!([{"type": "actions", "elements": [button, more]}]);
    let post = json!({"channel": INCIDENTS, "text": "P1", "blocks": blocks});
    let ts = web.calls("chat.postMessage", post).await["ts"].take();
    let ts = ts.as_str().unwrap();
    for (action, value, told) in
        [("ack", None, "/value"), ("more", Some("resolve"), "/selected_option/value")]
    {
        let click = slack.click(BEN, INCIDENTS, ts, action, value).unwrap();
        assert_eq!(slack.send(&click, &base).await.unwrap().status, 200);
        let got = bolt.hears().await;
        assert_eq!((&got["got"], &got["body"]), (&json!("action"), &click.payload));
        let told = got["body"]["actions"][0].pointer(told).unwrap();
        assert_eq!(told, value.unwrap_or("INC-1"));
    }
    assert!(slack.click(BEN, INCIDENTS, ts, "no such button", None).is_err());
    slack.send(&slack.shortcut(ADA, "declare"), &base).await.unwrap();
    assert_eq!(bolt.hears().await["got"], "shortcut");
    slack.send(&slack.message_shortcut(ADA, INCIDENTS, ts, "note").unwrap(), &base).await.unwrap();
    assert_eq!(bolt.hears().await["body"]["message"]["text"], "P1");
}

#[tokio::test]
async fn a_submitted_modal_closes_or_stays_with_its_errors() {
    let (slack, mut bolt, base) = bench().await;
    let mut web = Client::web(&slack);
    for (callback, stays) in [("once", false), ("again", true)] {
        let view = json!({
            "type": "modal", "callback_id": callback, "title": {"type": "plain_text", "text": "Declare"},
            "submit": {"type": "plain_text", "text": "Declare"},
            "blocks": [{"type": "input", "label": {"type": "plain_text", "text": "What"},
                        "element": {"type": "plain_text_input", "action_id": "title", "max_length": 9}}],
        });
        let trigger = slack.slash(ADA, GENERAL, "/incident", "declare");
        let open = json!({"trigger_id": trigger.trigger_id(), "view": view});
        let id = web.calls("views.open", open).await["view"]["id"].take();
        let id = id.as_str().unwrap();
        assert!(slack.submit(id, &[]).is_err(), "nothing filled in");
        assert!(slack.submit(id, &[("title", "ten letters")]).is_err(), "too long");
        let submission = slack.submit(id, &[("title", "site down")]).unwrap();
        let reply = slack.send(&submission, &base).await.unwrap();
        assert_eq!((reply.status, reply.objection), (200, None), "{}", reply.body);
        let got = bolt.hears().await;
        assert_eq!((&got["got"], &got["body"]), (&json!("view"), &submission.payload));
        assert_eq!(slack.state().modal(ADA).is_some(), stays);
    }
}

#[tokio::test]
async fn it_takes_events_and_says_the_challenge() {
    let (slack, mut bolt, base) = bench().await;
    let reply = slack.send(&slack.url_verification("say this"), &base).await.unwrap();
    assert_eq!((reply.status, reply.objection), (200, None), "{}", reply.body);
    let message = slack.message_event(ADA, INCIDENTS, "the database is back");
    let ts = message.payload["event"]["ts"].as_str().unwrap().to_owned();
    let events = [
        ("message", message),
        (
            "message",
            slack.topic_event(ADA, INCIDENTS, "all well").unwrap().retried(1, "http_timeout"),
        ),
        ("pin_added", slack.pin_event(ADA, INCIDENTS, &ts).unwrap()),
        ("reaction_added", slack.reaction_event(BEN, INCIDENTS, &ts, "pushpin").unwrap()),
        ("app_home_opened", slack.home_event(BEN)),
    ];
    for (kind, event) in events {
        assert_eq!(slack.send(&event, &base).await.unwrap().status, 200, "{kind}");
        let got = bolt.hears().await;
        assert_eq!((&got["got"], &got["body"]), (&json!(kind), &event.payload));
    }
}

#[tokio::test]
async fn it_refuses_what_is_signed_wrongly_or_long_ago() {
    let (slack, mut bolt, base) = bench().await;
    let command = || slack.slash(ADA, GENERAL, "/incident", "status");
    let spoiled: [(&str, Delivery); 6] = [
        ("another secret", command().signed_with("another-secret")),
        ("another body", command().tampered()),
        ("no signature", command().without(Header::Signature)),
        ("no timestamp", command().without(Header::Timestamp)),
        ("too old", command().stale()),
        ("too old by its time", command().signed_at(PUBLISHED_AT)),
    ];
    for (why, delivery) in &spoiled {
        let reply = slack.send(delivery, &base).await.unwrap();
        assert_eq!(reply.status, 401, "{why}: {}", reply.body);
    }
    let [one, two] = slack.send_twice(&command(), &base).await.unwrap();
    assert_eq!((one.status, two.status), (200, 200), "Bolt takes the same twice: we must not");
    for _ in 0..2 {
        assert_eq!(bolt.hears().await["got"], "command");
    }
}

#[tokio::test]
async fn a_response_url_takes_five_posts_within_half_an_hour() {
    let slack = Slack::start().await.unwrap();
    let http = client(&Roots::default()).unwrap();
    let say = async |url: &str, text: &str| {
        let sent = http.post(url).json(&json!({"text": text})).send().await.unwrap();
        (sent.status().as_u16(), sent.text().await.unwrap())
    };
    let command = slack.slash(ADA, GENERAL, "/incident", "status");
    let url = command.response_url().unwrap();
    for text in ["one", "two", "three", "four", "five"] {
        assert_eq!(say(url, text).await, (200, "ok".into()));
    }
    assert_eq!(say(url, "six").await, (404, "used_url".into()));
    let late = slack.slash(ADA, GENERAL, "/incident", "status");
    slack.state().passes(Duration::from_secs(1_801));
    assert_eq!(say(late.response_url().unwrap(), "late").await, (404, "expired_url".into()));
    let state = slack.state();
    assert_eq!(state.ephemerals.len(), 5);
    assert_eq!(state.calls[5].outcome, Outcome::Refused("used_url".into()));
}
