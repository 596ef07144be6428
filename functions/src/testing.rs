//! What this crate's tests share: the plan as it is rehearsed, and a desk over a store in memory.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use shared::engine::{Engine, Target};
use shared::incident::Wish;
use shared::plan::{Plan, built_in_text, read::read};
use shared::store::MemoryStore;
use shared::town::rehearsal_plan;

use crate::clock;
use crate::desk::{self, Opened, Utterance};

/// The plan as it is rehearsed: people who can be reached, everything armed.
pub fn plan() -> Arc<Plan> {
    Arc::new(rehearsal_plan(&read("plan.toml", built_in_text()).unwrap()))
}

/// A site on this machine: `/up` answers with health, `/ill` with 503, `/slow` never. Its address, without a slash.
pub async fn site() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let up = r#"{"database": "ok", "data_age_seconds": 40}"#;
    let router = Router::new()
        .route("/up", get(move || async move { up }))
        .route("/ill", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
        .route("/slow", get(|| async { std::future::pending::<()>().await }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A desk over an empty store.
pub fn desk() -> Opened {
    let engine = Engine::open(plan(), MemoryStore::default(), clock::now()).unwrap();
    desk::open(engine, clock::now).unwrap()
}

/// Somebody declares the frontend down.
pub fn declaration() -> Utterance {
    Utterance {
        target: Target::Component("frontend".into()),
        by: "lead-developer".into(),
        via: "terminal".into(),
        key: "said-once".into(),
        wish: Wish::Declare {
            component: "frontend".into(),
            severity: None,
            says: "nothing loads".into(),
            number: 0,
        },
    }
}
