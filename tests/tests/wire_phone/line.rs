//! What is said and pressed on the line, and who may say that it was.

use functions::http::{self, Roots};
use tests::exchange::{CONFERENCE, Exchange, FIRST, PUBLIC, SECOND};
use tests::standin::phones::Reaction;
use tests::standin::twilio::{TOKEN, signature};

use tests::tree::Tree;

#[tokio::test]
async fn the_menu_repeats_connects_and_explains_on_both_carriers() {
    let exchange = Exchange::start().await;
    // The first carrier hears a star and an approval, the second a zero.
    exchange.phones.next(FIRST, Reaction::Presses("*3"));
    exchange.phones.next(FIRST, Reaction::Presses("0"));
    exchange.phones.always(FIRST, Reaction::Sleeps);
    exchange.phones.always(SECOND, Reaction::Presses("1"));
    let tree = Tree::plant(exchange).await;
    tree.declares().await;
    tree.says("has it").await;
    let heard = tree.exchange.phones.heard(FIRST);
    assert_eq!(heard[0], heard[1], "the star repeats");
    assert!(heard[0].matches("Press 1").count() == 2, "everything is said twice: {heard:?}");
    assert!(heard[2].contains("the three digits"), "{heard:?}");
    let connected = format!("[connected to {CONFERENCE}]");
    tree.until("the conference", |it| it.phones.heard(FIRST).contains(&connected)).await;
}

#[tokio::test]
async fn hanging_up_in_mid_message_is_no_acknowledgement() {
    let exchange = Exchange::start().await;
    exchange.phones.always(FIRST, Reaction::HangsUp);
    exchange.phones.always(SECOND, Reaction::Presses("1"));
    let tree = Tree::plant(exchange).await;
    tree.declares().await;
    let timeline = tree.says("has it").await;
    assert!(timeline.contains("senior-developer has it"), "{timeline}");
}

#[tokio::test]
async fn nobody_else_can_press_a_key() {
    let exchange = Exchange::start().await;
    exchange.phones.always(FIRST, Reaction::Sleeps);
    exchange.phones.always(SECOND, Reaction::Sleeps);
    let tree = Tree::plant(exchange).await;
    tree.declares().await;
    tree.until("a call", |it| !it.twilio.state().taken("CA").is_empty()).await;
    let url = {
        let state = tree.exchange.twilio.state();
        format!("{}/gather", state.taken("CA")[0].field("Url").unwrap())
    };
    let http = http::client(&Roots::default()).unwrap();
    let here = url.replacen(PUBLIC, &tree.url, 1);
    let fields = |digits: &str| {
        vec![("CallSid".to_owned(), "CA1".to_owned()), ("Digits".to_owned(), digits.to_owned())]
    };
    let press = async |signed: String, host: &str| {
        let request = http.post(&here).header("X-Twilio-Signature", signed).header("Host", host);
        let form = "CallSid=CA1&Digits=1";
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        request.body(form).send().await.unwrap().status().as_u16()
    };
    let address = tree.url.strip_prefix("http://").unwrap();
    let other = "http://elsewhere.example/gather";
    for (why, signed, host) in [
        ("no token of ours", signature("another", &url, &fields("1")), address),
        ("another key", signature(TOKEN, &url, &fields("2")), address),
        (
            "another address, named by Host",
            signature(TOKEN, other, &fields("1")),
            "elsewhere.example",
        ),
    ] {
        assert_eq!(press(signed, host).await, 401, "{why}");
    }
    let timeline = tree.types("incident timeline 1").await.out;
    assert!(!timeline.contains("has it"), "{timeline}");
    // The public address counts, whatever a proxy makes of Host.
    let signed = signature(TOKEN, &url, &fields("1"));
    assert_eq!(press(signed.clone(), "inside.example").await, 200);
    assert_eq!(press(signed, address).await, 200, "a replay does no harm");
    let timeline = tree.says("has it").await;
    assert_eq!(timeline.matches("has it").count(), 1, "{timeline}");
}
