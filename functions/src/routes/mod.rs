//! The HTTP routes of the one-process server and of the Lambda functions; JSON only.
//!
//! A webhook is answered once it is durable, never earlier: 202 means "it is on disk". 4xx is for what a sender must
//! change, 503 for what it should send again (most senders retry only that).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};
use shared::plan::Plan;

use crate::clock::Clock;
use crate::desk::Desk;
use crate::door::Door;
use crate::perform::KillSwitch;

mod answer;
pub mod callbacks;
mod health;
mod webhook;

use answer::{Refused, with};

/// What the routes know.
pub struct App {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Where deliveries go.
    pub desk: Desk,
    /// What decides whom to believe.
    pub door: Door,
    /// When a delivery came.
    pub clock: Clock,
    /// Shown in `/health`.
    pub switch: KillSwitch,
    /// What others in this process want to be shown in `/health`: an object each.
    pub beside: Vec<Status>,
}

/// Says how something stands, as the fields of a JSON object.
pub type Status = Box<dyn Fn() -> Value + Send + Sync>;

/// All routes.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/webhook/{source}", post(webhook::receive).fallback(webhook::wrong_method))
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .fallback(nothing_here)
        .with_state(Arc::new(app))
}

async fn nothing_here(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let error = format!("there is nothing at {}", uri.path());
    let known: Vec<_> = app.plan.sources.iter().map(|one| format!("/webhook/{}", one.id)).collect();
    let todo = format!("use /health, /ready or {}", known.join(", "));
    Refused::new(StatusCode::NOT_FOUND, error, todo).into()
}

/// An answer that is no refusal.
fn accepted(accepted: u32, duplicate: bool) -> Response {
    with(StatusCode::ACCEPTED, &json!({ "accepted": accepted, "duplicate": duplicate }))
}
