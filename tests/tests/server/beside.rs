//! What stands beside a server: terminals that write to its store, a second server, whoever asks how it is.

use std::time::Duration;

use functions::clock;
use functions::server::{ServeError, Server};
use serde_json::Value;
use shared::engine::{Engine, Target};
use shared::incident::Wish;
use shared::store::Store;

use crate::harness::{Running, config};

/// Declares the frontend down as a terminal does.
fn declare<S: Store>(engine: &mut Engine<S>) {
    let wish = Wish::Declare {
        component: "frontend".into(),
        severity: None,
        says: "nothing loads".into(),
        number: 0,
    };
    let target = Target::Component("frontend".into());
    let by = "lead-developer".into();
    let now = clock::now();
    engine
        .batch(now, |engine| Ok(engine.wish(&target, &by, "terminal", "said", &wish, now)))
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn what_a_terminal_declares_the_server_pages_for() {
    let server = Running::start().await;
    declare(&mut server.beside());
    server.until("SELECT event FROM timeline WHERE event LIKE '%\"provider\":\"dry-run\"%'").await;
    server.until("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE lane = 'page')").await;
    server.stop().await;
}

#[tokio::test]
async fn health_shows_progress_and_what_is_live() {
    let server = Running::start().await;
    declare(&mut server.beside());
    server.until("SELECT event FROM timeline WHERE event LIKE '%\"provider\":\"dry-run\"%'").await;
    let health: Value = server.get("/health").await.json().await.unwrap();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["live_incidents"], 1);
    assert!(health["last_tick"].is_string(), "{health}");
    assert_eq!(server.get("/ready").await.status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn a_second_server_says_what_is_in_its_way() {
    let server = Running::start().await;
    let same_store = Server::open(config(server.store.clone())).await.err().unwrap();
    assert!(same_store.to_string().contains("another server"), "{same_store}");
    let mut same_port = config(server.store.with_extension("other"));
    same_port.listen = server.address;
    let same_port = Server::open(same_port).await.err().unwrap();
    assert!(matches!(same_port, ServeError::Listen(..)));
    assert!(same_port.to_string().ends_with("give another address with --listen"), "{same_port}");
    server.stop().await;
}

#[tokio::test]
async fn a_stopped_server_leaves_its_store_to_the_next() {
    let server = Running::start().await;
    let store = server.store.clone();
    let folder = store.parent().unwrap().to_owned();
    server.stop().await;
    std::fs::create_dir_all(folder).unwrap();
    let again = Server::open(config(store)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), again.run(functions::vendors::dry::Dry, async {}))
        .await
        .unwrap()
        .unwrap();
}
