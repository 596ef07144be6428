//! What the clients do not do: JSON bodies, as our bot sends them, and calls that never end.

use std::time::Duration;

use functions::http::{Roots, client};
use serde_json::{Value, json};
use tests::standin::slack::{ADA, BOT_TOKEN, Fault, INCIDENTS, Outcome, Slack};

/// A call with a JSON body of this type, and its answer; null when there is none in half a second.
async fn call(slack: &Slack, method: &str, kind: &str, body: String) -> Value {
    let http = client(&Roots::default()).unwrap();
    let request = http.post(format!("{}/{method}", slack.api_url())).bearer_auth(BOT_TOKEN);
    let request = request.timeout(Duration::from_millis(500)).header("content-type", kind);
    match request.body(body).send().await {
        Ok(answer) => answer.json().await.unwrap(),
        Err(_) => Value::Null,
    }
}

async fn says(slack: &Slack, method: &str, body: &Value) -> Value {
    call(slack, method, "application/json; charset=utf-8", body.to_string()).await
}

#[tokio::test]
async fn json_is_read_by_methods_that_write_and_ignored_by_those_that_read() {
    let slack = Slack::start().await.unwrap();
    let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "*down*"}}]);
    let post = json!({"channel": INCIDENTS, "text": "down", "blocks": blocks});
    let posted = says(&slack, "chat.postMessage", &post).await;
    assert_eq!(posted["ok"], true, "{posted}");
    assert!(posted["message"]["blocks"][0]["block_id"].is_string(), "{posted}");
    let user = json!({"user": ADA});
    assert_eq!(says(&slack, "users.info", &user).await["error"], "user_not_found");
    let form = "application/x-www-form-urlencoded";
    assert_eq!(call(&slack, "users.info", form, format!("user={ADA}")).await["ok"], true);
    for (kind, body, error) in [
        ("application/json", "{", "invalid_json"),
        ("application/json", "[]", "json_not_object"),
        ("text/plain", "hello", "invalid_post_type"),
    ] {
        assert_eq!(call(&slack, "chat.postMessage", kind, body.into()).await["error"], error);
    }
}

#[tokio::test]
async fn blocks_beyond_their_limits_are_refused_with_the_place() {
    let slack = Slack::start().await.unwrap();
    let long = json!([{"type": "header", "text": {"type": "plain_text", "text": "a".repeat(151)}}]);
    let post = json!({"channel": INCIDENTS, "text": "down", "blocks": long});
    let refused = says(&slack, "chat.postMessage", &post).await;
    assert_eq!(refused["error"], "invalid_blocks");
    let why = refused["response_metadata"]["messages"][0].as_str().unwrap();
    assert!(why.contains("[json-pointer:/blocks/0/text/text]"), "{why}");
}

#[tokio::test]
async fn a_call_may_hang_and_have_been_carried_out_or_not() {
    let slack = Slack::start().await.unwrap();
    let post = json!({"channel": INCIDENTS, "text": "down"});
    for (fault, outcome, posts, heard) in [
        (Fault::Hang, Outcome::Lost, 0, false),
        (Fault::AcceptThenHang, Outcome::DoneUnheard, 1, false),
        (Fault::Delay(Duration::from_millis(50)), Outcome::Done, 2, true),
    ] {
        slack.state().faults.next("chat.postMessage", fault);
        let answer = says(&slack, "chat.postMessage", &post).await;
        assert_eq!(answer["ok"] == true, heard, "{answer}");
        assert_eq!(slack.state().messages(INCIDENTS).len(), posts);
        assert_eq!(slack.state().calls.last().unwrap().outcome, outcome);
    }
}

#[tokio::test]
async fn faults_befall_late_answers_too() {
    let slack = Slack::start().await.unwrap();
    let http = client(&Roots::default()).unwrap();
    let command = slack.slash(ADA, INCIDENTS, "/incident", "status");
    let url = command.response_url().unwrap();
    let post = async || http.post(url).json(&json!({"text": "late"})).send().await;
    slack.state().faults.next("response_url", Fault::RateLimited(Some(3)));
    assert_eq!(post().await.unwrap().headers()["retry-after"], "3");
    slack.state().faults.next("response_url", Fault::Refuse("internal_error"));
    assert_eq!(post().await.unwrap().text().await.unwrap(), "internal_error");
    slack.state().faults.next("response_url", Fault::LoseReply);
    assert!(post().await.is_err());
    assert_eq!(slack.state().ephemerals.len(), 1, "it is shown all the same");
}
