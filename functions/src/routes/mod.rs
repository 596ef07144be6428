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
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use shared::engine::Receipt;
use shared::plan::Plan;

use crate::clock::Clock;
use crate::desk::{Arrival, Away, Desk};
use crate::door::Door;
use crate::perform::KillSwitch;

mod answer;
pub mod callbacks;
mod health;
mod webhook;

pub use answer::Refused;
use answer::with;

/// Where deliveries are kept before their senders are answered.
pub trait Deliveries: Send + Sync {
    /// Keeps a delivery; once this is answered, it is durable.
    fn keep(&self, arrival: Arrival) -> BoxFuture<'_, Result<Receipt, Away>>;
}

/// One process hears what it keeps.
impl Deliveries for Desk {
    fn keep(&self, arrival: Arrival) -> BoxFuture<'_, Result<Receipt, Away>> {
        Box::pin(self.receive(arrival))
    }
}

/// What the webhooks know.
pub struct Reception {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Where deliveries go.
    pub deliveries: Box<dyn Deliveries>,
    /// What decides whom to believe.
    pub door: Door,
    /// When a delivery came.
    pub clock: Clock,
}

/// What the signs of life know.
pub struct Vitals {
    /// Who takes a fresh turn for every answer.
    pub desk: Desk,
    /// Shown in `/health`.
    pub switch: KillSwitch,
    /// What others in this process want to be shown in `/health`: an object each.
    pub beside: Vec<Status>,
}

/// Says how something stands, as the fields of a JSON object.
pub type Status = Box<dyn Fn() -> Value + Send + Sync>;

/// The webhooks, and what is said to whoever finds nothing.
pub fn webhooks(reception: Arc<Reception>) -> Router {
    Router::new()
        .route("/webhook/{source}", post(webhook::receive).fallback(webhook::wrong_method))
        .fallback(nothing_here)
        .with_state(reception)
}

/// `/health` and `/ready`.
pub fn signs_of_life(vitals: Vitals) -> Router {
    Router::new()
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .with_state(Arc::new(vitals))
}

async fn nothing_here(State(reception): State<Arc<Reception>>, uri: Uri) -> Response {
    let error = format!("there is nothing at {}", uri.path());
    let sources = &reception.plan.sources;
    let known: Vec<_> = sources.iter().map(|one| format!("/webhook/{}", one.id)).collect();
    let todo = format!("use /health, /ready or {}", known.join(", "));
    Refused::new(StatusCode::NOT_FOUND, error, todo).into()
}

/// An answer that is no refusal.
fn accepted(accepted: u32, duplicate: bool) -> Response {
    with(StatusCode::ACCEPTED, &json!({ "accepted": accepted, "duplicate": duplicate }))
}
