//! `status`: says how it stands. Its URL takes requests that are signed by AWS's own keys only.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use lambda_http::Error;
use serde_json::{Value, json};
use shared::engine::Glance;
use shared::incident::Incident;

use crate::desk::{Away, Desk};
use crate::routes::Refused;

use super::{Ground, host};

/// Incidents in one list.
const NEWEST: usize = 50;

/// Answers.
pub async fn run(ground: Ground) -> Result<(), Error> {
    let desk = ground.desk().await?;
    let router = Router::new()
        .route("/health", get(health))
        .route("/incidents", get(incidents))
        .route("/incidents/{number}", get(incident))
        .with_state(desk);
    host::serve(Arc::new(ground), move |_, _| Ok(router.clone())).await
}

async fn health(State(desk): State<Desk>) -> Response {
    answer(desk.pulse().await.map(|pulse| {
        json!({
            "status": "ok", "at": pulse.at.rfc3339(), "live_incidents": pulse.live,
            "frozen": pulse.frozen,
        })
    }))
}

async fn incidents(State(desk): State<Desk>) -> Response {
    let seen = desk.see(|seen: &dyn Glance| seen.newest(NEWEST).map(|all| json!(all))).await;
    answer(seen.and_then(|found| found.map_err(|_| Away)))
}

async fn incident(State(desk): State<Desk>, Path(number): Path<u32>) -> Response {
    let seen = desk.see(move |seen: &dyn Glance| {
        let found = seen.numbered(number)?;
        let turns = found.as_ref().map(|one| seen.turns(&one.id)).transpose()?;
        Ok::<_, shared::store::StoreError>(found.map(|one| shown(&one, &json!(turns))))
    });
    match seen.await.and_then(|found| found.map_err(|_| Away)) {
        Ok(None) => {
            let error = format!("there is no incident {number}");
            Refused::new(StatusCode::NOT_FOUND, error, "see /incidents").into_response()
        }
        found => answer(found.map(Option::unwrap_or_default)),
    }
}

fn shown(incident: &Incident, turns: &Value) -> Value {
    json!({
        "id": incident.id, "number": incident.number, "component": incident.component,
        "state": incident.state, "severity": incident.severity, "turns": turns,
    })
}

fn answer(said: Result<Value, Away>) -> Response {
    match said {
        Ok(json) => axum::response::Response::new(json.to_string().into()),
        Err(away) => Refused::unavailable(away.to_string()).into_response(),
    }
}
