//! Whether this process makes progress: answered only after a fresh turn of the desk's loop, so that a hung loop or a
//! locked store can't look well.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use shared::time::{Span, Ts};
use tokio::time::timeout;

use super::Vitals;
use super::answer::{Refused, with};
use crate::desk::Pulse;

/// A loop that takes longer for a turn is not well.
const TURN_WITHIN: Duration = Duration::from_secs(2);
/// Time is let pass every second; this long without is a standstill.
const TICK_WITHIN: Span = Span::secs(10);

/// `GET /health`.
pub(super) async fn health(State(app): State<Arc<Vitals>>) -> Result<Response, Refused> {
    let pulse = pulse(&app).await?;
    let ticking = pulse.last_tick.is_some_and(|tick| pulse.at.since(tick) <= TICK_WITHIN);
    let (status, word) =
        if ticking { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "stalled") };
    let mut json = json!({
        "status": word,
        "at": pulse.at.rfc3339(),
        "last_tick": pulse.last_tick.map(Ts::rfc3339),
        "oldest_page_age_ms": pulse.oldest_page.map(|since| pulse.at.since(since).0),
        "live_incidents": pulse.live,
        "frozen": app.switch.thrown().or(pulse.frozen),
    });
    for says in &app.beside {
        let Value::Object(fields) = says() else { continue };
        json.as_object_mut().into_iter().for_each(|json| json.extend(fields.clone()));
    }
    Ok(with(status, &json))
}

/// `GET /ready`: deliveries can be taken.
pub(super) async fn ready(State(app): State<Arc<Vitals>>) -> Result<Response, Refused> {
    pulse(&app).await?;
    Ok(with(StatusCode::OK, &json!({ "ready": true })))
}

async fn pulse(app: &Vitals) -> Result<Pulse, Refused> {
    match timeout(TURN_WITHIN, app.desk.pulse()).await {
        Ok(Ok(pulse)) => Ok(pulse),
        Ok(Err(away)) => Err(Refused::unavailable(away.to_string())),
        Err(_) => Err(Refused::unavailable("the desk takes longer than 2 s for a turn")),
    }
}
