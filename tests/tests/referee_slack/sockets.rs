//! `@slack/socket-mode` connects to our sockets, hears what we send, and acknowledges it.

use std::io::ErrorKind;
use std::time::Duration;

use serde_json::json;
use tests::standin::slack::{ADA, GENERAL, INCIDENTS, Outcome, Slack};

use crate::client::Client;

async fn connected() -> (Slack, Client) {
    let slack = Slack::start().await.unwrap();
    let mut client = Client::socket(&slack);
    client.is("connected").await;
    (slack, client)
}

#[tokio::test]
async fn it_hears_a_command_and_its_answer_is_shown() {
    let (slack, mut client) = connected().await;
    let command = slack.slash(ADA, GENERAL, "/incident", "declare p1 “checkout” ist tot 🔥");
    let ack = slack.send_over_socket(&command).await.unwrap();
    assert_eq!(ack.payload["text"], "heard declare p1 “checkout” ist tot 🔥");
    assert_eq!((ack.socket, ack.objection), (1, None));
    let got = client.gets().await;
    assert_eq!((&got["got"], &got["body"]), (&json!("slash_commands"), &command.payload));
    let shown = slack.state().ephemerals[0].clone();
    assert_eq!((shown.user.as_str(), shown.channel.as_str(), shown.by), (ADA, GENERAL, "reply"));
    assert!(slack.state().strays.is_empty());
}

#[tokio::test]
async fn it_hears_interactions_and_events_with_their_repeats() {
    let (slack, mut client) = connected().await;
    let pressed = slack.shortcut(ADA, "declare");
    slack.send_over_socket(&pressed).await.unwrap();
    assert_eq!(client.gets().await["body"]["callback_id"], "declare");
    let said = slack.message_event(ADA, INCIDENTS, "database is back").retried(1, "http_timeout");
    slack.send_over_socket(&said).await.unwrap();
    let got = client.gets().await;
    assert_eq!((&got["got"], &got["retry"]), (&json!("events_api"), &json!(1)));
    assert_eq!(got["body"]["event"]["text"], "database is back");
    assert!(slack.state().strays.is_empty());
}

#[tokio::test]
async fn it_survives_a_warning_a_refresh_a_cut_and_an_outage() {
    let (slack, mut client) = connected().await;
    slack.refresh();
    let command = slack.slash(ADA, GENERAL, "/incident", "status");
    let error = slack.send_over_socket(&command).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected, "nothing new goes over the old socket");
    client.is("connected").await;
    assert!(slack.send_over_socket(&command).await.unwrap().socket > 1);
    slack.warn();
    client.is("connected").await;
    slack.cut();
    client.is("connected").await;
    slack.goes_down();
    let refused = |slack: &Slack| slack.state().calls.last().unwrap().outcome.clone();
    while refused(&slack) != Outcome::Status(503) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(slack.send_over_socket(&command).await.unwrap_err().kind(), ErrorKind::NotConnected);
    slack.is_back();
    client.is("connected").await;
    slack.send_over_socket(&command).await.unwrap();
    assert!(slack.state().strays.is_empty());
}

#[tokio::test]
async fn who_does_not_acknowledge_in_3_seconds_has_not_heard() {
    let (slack, mut client) = connected().await;
    let command = slack.slash(ADA, GENERAL, "/incident", "say nothing");
    let error = slack.send_over_socket(&command).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(client.gets().await["body"]["text"], "say nothing");
}

#[tokio::test]
async fn an_app_has_ten_sockets_and_each_ticket_opens_one() {
    let (slack, first) = connected().await;
    let mut others: Vec<Client> = (0..9).map(|_| Client::socket(&slack)).collect();
    for other in &mut others {
        other.is("connected").await;
    }
    assert_eq!(slack.sockets(), 10);
    let mut web = Client::web_with(&slack, tests::standin::slack::APP_TOKEN);
    let url = web.calls("apps.connections.open", json!({})).await["url"].take();
    let (mut eleventh, _) = tokio_tungstenite::connect_async(url.as_str().unwrap()).await.unwrap();
    let said = futures_util::StreamExt::next(&mut eleventh).await.unwrap().unwrap();
    assert!(said.to_text().unwrap().contains("too_many_websockets"), "{said}");
    drop(first);
    assert!(tokio_tungstenite::connect_async(url.as_str().unwrap()).await.is_err(), "used up");
}
