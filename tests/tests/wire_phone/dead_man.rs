//! Somebody outside hears every so often that pages get out, and only while that is so.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::time::Duration;

use functions::http::{self, Roots};
use serde_json::Value;
use tests::exchange::{Exchange, PEOPLE, SECOND};
use tests::standin::outside::Outside;
use tests::standin::phones::Reaction;
use tests::tree::Tree;

/// Three proofs would come in this time.
const A_WHILE: Duration = Duration::from_secs(3);

/// A proof is due every second; a page must be out within three.
async fn watched(outside: &Outside) -> Tree {
    let exchange = Exchange::start().await;
    for (_, number) in &PEOPLE {
        exchange.phones.always(number, Reaction::Sleeps);
    }
    let hurried = "[phone.dead_man]\nevery = \"1s\"\npage_within = \"3s\"\n\n[phone.from]";
    let more = [("ALLCLEAR_DEAD_MAN_URL", outside.address())];
    Tree::plant_with(exchange, &more, |plan| plan.replacen("[phone.from]", hurried, 1)).await
}

async fn hears_more(tree: &Tree, outside: &Outside) {
    let before = outside.heard();
    tree.until("a proof", |_| outside.heard() >= before + 2).await;
}

/// Why no proof goes out, as `/health` has it.
async fn withheld(tree: &Tree) -> Option<String> {
    let http = http::client(&Roots::default()).unwrap();
    let answer = http.get(format!("{}/health", tree.url)).send().await.unwrap();
    let health: Value = answer.json().await.unwrap();
    health["dead_man"]["withheld"].as_str().map(ToOwned::to_owned)
}

async fn until_withheld(tree: &Tree, why: &str) {
    for _ in 0..300 {
        if withheld(tree).await.is_some_and(|it| it.contains(why)) {
            return;
        }
        tokio::time::sleep(A_WHILE / 30).await;
    }
    panic!("proofs go on:\n{}", tree.log());
}

#[tokio::test]
async fn nothing_is_proven_while_nobody_takes_a_page() {
    let outside = Outside::start().await.unwrap();
    let tree = watched(&outside).await;
    hears_more(&tree, &outside).await;
    tree.exchange.twilio.state().down = true;
    tree.exchange.vonage.state().down = true;
    tree.declares().await;
    until_withheld(&tree, "nobody takes the pages of incident 1").await;
    let heard = outside.heard();
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(outside.heard(), heard, "{}", tree.log());
    tree.exchange.phones.always(SECOND, Reaction::Presses("1"));
    tree.exchange.vonage.state().down = false;
    tree.says("has it (by keypad)").await;
    hears_more(&tree, &outside).await;
    assert_eq!(withheld(&tree).await, None);
    assert!(!tree.log().contains("only-we-know"), "the address is a password");
}

#[tokio::test]
async fn nothing_is_proven_while_the_store_takes_no_writes() {
    let outside = Outside::start().await.unwrap();
    let tree = watched(&outside).await;
    hears_more(&tree, &outside).await;
    let store = rusqlite::Connection::open(tree.desk.path("allclear.db")).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    // What was on its way may still arrive.
    tokio::time::sleep(A_WHILE).await;
    let heard = outside.heard();
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(outside.heard(), heard, "{}", tree.log());
    store.execute_batch("ROLLBACK").unwrap();
    hears_more(&tree, &outside).await;
}
