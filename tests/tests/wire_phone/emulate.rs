//! `emulate`, which others wrote, plays Twilio: it takes our messages, and what it signs our proof accepts.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use functions::http::{self, Roots};
use functions::proof::{self, Secret};
use functions::vendors::phone::said::Said;
use functions::vendors::phone::sns::Sns;
use functions::vendors::phone::twilio::Twilio;
use tests::emulator::Emulator;
use tests::exchange::FIRST;
use tests::standin::twilio::{ACCOUNT, FROM, TOKEN};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

type Heard = (HeaderMap, Bytes);

/// The emulator, and what it brings to `<base>/sms`.
async fn bench() -> (Emulator, String, mpsc::UnboundedReceiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sms", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::unbounded_channel::<Heard>();
    let hear = |State(to): State<mpsc::UnboundedSender<Heard>>, headers: HeaderMap, body: Bytes| async move {
        to.send((headers, body)).unwrap();
    };
    let router = Router::new().route("/sms", post(hear)).with_state(sender);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let seed = format!(
        "twilio:\n  account: {{sid: {ACCOUNT}, auth_token: {TOKEN}}}\n  phone_numbers:\n    - {{phone_number: \"{FROM}\", sms_url: \"{url}\"}}\n"
    );
    (Emulator::twilio(&seed).await.unwrap(), url, receiver)
}

fn client(emulator: &Emulator, from: &str, token: &str) -> Twilio {
    let read = |name: &str| match name {
        "TWILIO_ACCOUNT_SID" => Some(ACCOUNT.to_owned()),
        "TWILIO_AUTH_TOKEN" => Some(token.to_owned()),
        "TWILIO_API_URL" => Some(emulator.url.clone()),
        _ => None,
    };
    Twilio::from_environment(http::client(&Roots::default()).unwrap(), from, read).unwrap()
}

#[tokio::test]
async fn a_message_is_taken_and_its_callbacks_are_signed_as_we_believe() {
    let (emulator, url, mut heard) = bench().await;
    let said = client(&emulator, FROM, TOKEN).text(FIRST, "P1 & more", Some(&url)).await;
    let Said::Took { receipt } = said else { panic!("{said:?}") };
    let (headers, body) = timeout(Duration::from_secs(10), heard.recv()).await.unwrap().unwrap();
    let taken = |token: &str, url: &str| {
        proof::twilio(&[Secret::new(token).unwrap()], &headers, url, body.clone()).is_ok()
    };
    assert!(taken(TOKEN, &url));
    assert!(!taken("another", &url) && !taken(TOKEN, "https://elsewhere.example/sms"));
    assert!(String::from_utf8_lossy(&body).contains(&receipt), "{body:?}");
}

#[tokio::test]
async fn what_people_write_comes_signed_with_all_its_letters() {
    let (emulator, url, mut heard) = bench().await;
    let form = [("From", FIRST), ("To", FROM), ("Body", "“42 ack” & mehr: ü+")];
    let form: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let http = http::client(&Roots::default()).unwrap();
    let request = http.post(format!("{}/_twilio/simulate/inbound-message", emulator.url));
    let request = request.basic_auth(ACCOUNT, Some(TOKEN)).body(form);
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{:?}", answer.text().await);
    let (headers, body) = timeout(Duration::from_secs(10), heard.recv()).await.unwrap().unwrap();
    assert!(proof::twilio(&[Secret::new(TOKEN).unwrap()], &headers, &url, body).is_ok());
}

#[tokio::test]
async fn it_refuses_what_our_stand_in_refuses() {
    let (emulator, ..) = bench().await;
    let stranger = client(&emulator, FROM, "another").text(FIRST, "P1", None).await;
    assert!(
        matches!(&stranger, Said::Closed { why } if why.contains("TWILIO_AUTH_TOKEN")),
        "{stranger:?}"
    );
    let from = client(&emulator, "+12025550111", TOKEN).text(FIRST, "P1", None).await;
    assert!(matches!(&from, Said::Closed { why } if why.contains("phone.from")), "{from:?}");
}

#[tokio::test]
async fn amazon_takes_a_text_and_it_is_the_one_we_sent() {
    let aws = Emulator::aws().await.unwrap();
    let http = http::client(&Roots::default()).unwrap();
    let read = |name: &str| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("fictional".to_owned()),
        "ALLCLEAR_SNS_REGION" => Some("us-west-2".to_owned()),
        "AWS_ENDPOINT_URL" => Some(aws.url.clone()),
        _ => None,
    };
    let said =
        Sns::from_environment(http.clone(), read).unwrap().text(FIRST, "P1 incident 42").await;
    assert!(matches!(&said, Said::Took { receipt } if !receipt.is_empty()), "{said:?}");
    let sent = http.get(format!("{}/_ministack/sns/sms-messages", aws.url)).send().await.unwrap();
    let sent = sent.text().await.unwrap();
    assert!(sent.contains("P1 incident 42") && sent.contains(FIRST), "{sent}");
}
