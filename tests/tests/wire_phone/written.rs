//! What people write back, and who gets silence.

use tests::exchange::{Exchange, FIRST, PUBLIC, SECOND, STRANGER};
use tests::standin::phones::Reaction;

use tests::tree::Tree;

/// A tree whose people sleep, with an incident that everybody was texted of.
async fn asleep() -> Tree {
    let exchange = Exchange::start().await;
    for number in [FIRST, SECOND] {
        exchange.phones.always(number, Reaction::Sleeps);
    }
    let tree = Tree::plant(exchange).await;
    tree.declares().await;
    tree.until("a text", |it| !it.phones.texts(FIRST).is_empty()).await;
    tree
}

#[tokio::test]
async fn the_code_acknowledges_from_its_own_number_only() {
    let tree = asleep().await;
    let twilio = &tree.exchange.twilio;
    let inbox = format!("{PUBLIC}/callbacks/twilio/sms");
    let page = tree.exchange.phones.texts(FIRST).remove(0);
    let code: String = page.split('"').nth(1).unwrap_or_default().to_owned();
    assert!(code.ends_with("ack"), "{page}");
    assert!(twilio.writes(STRANGER, &code, &inbox).await.is_empty(), "strangers get silence");
    let answer = twilio.writes(FIRST, &format!("“{}” ", code.to_uppercase()), &inbox).await;
    assert!(answer[0].starts_with("Recorded: incident 1 is yours"), "{answer:?}");
    let timeline = tree.says("has it").await;
    assert!(timeline.contains("devops-engineer has it (by sms)"), "{timeline}");
}

#[tokio::test]
async fn two_machines_fall_silent_after_five_answers() {
    let tree = asleep().await;
    let inbox = format!("{PUBLIC}/callbacks/twilio/sms");
    let mut answers = 0;
    for number in 0..8 {
        let written = format!("thank you for your message {number}");
        answers += tree.exchange.twilio.writes(FIRST, &written, &inbox).await.len();
    }
    assert_eq!(answers, 5);
    let useful = tree.exchange.twilio.writes(FIRST, "status", &inbox).await;
    assert_eq!(useful.len(), 1, "a word that leads somewhere is answered");
}

#[tokio::test]
async fn stop_is_answered_with_silence_and_pages_somebody_else() {
    let tree = asleep().await;
    let inbox = format!("{PUBLIC}/callbacks/twilio/sms");
    assert!(tree.exchange.twilio.writes(FIRST, "STOP", &inbox).await.is_empty());
    let timeline = tree.says("opted out").await;
    assert!(!timeline.contains("has it"), "{timeline}");
}

#[tokio::test]
async fn an_incident_is_declared_by_text_and_vonage_answers_with_a_message() {
    let exchange = Exchange::start().await;
    for number in [FIRST, SECOND] {
        exchange.phones.always(number, Reaction::Presses("1"));
    }
    let tree = Tree::plant(exchange).await;
    let inbox = format!("{PUBLIC}/callbacks/vonage/sms");
    tree.exchange.vonage.writes(SECOND, "declare p1 frontend nothing loads", &inbox).await;
    tree.until("the answer", |it| {
        it.phones.texts(SECOND).iter().any(|text| text.contains("incident 1 is open"))
    })
    .await;
    tree.says("has it").await;
}
