//! `POST /webhook/<source>`: prove, parse, keep, answer. A refused body is kept too, so that nothing a monitor said is
//! ever lost to a wrong secret or a new format.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::header::{ALLOW, CONTENT_LENGTH};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use shared::engine::Receipt;
use shared::id::SourceId;
use shared::ledger::Hash;
use shared::plan::Source;
use shared::signal::{BODY_MAX, Trust};
use shared::time::Ts;
use tokio::time::timeout;

use super::answer::Refused;
use super::{App, accepted};
use crate::desk::{Arrival, Away};
use crate::door::Denied;

/// A sender that takes longer for its body is not waited for.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// `POST`.
pub(super) async fn receive(
    State(app): State<Arc<App>>,
    Path(source): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let source = known(&app, &source.as_str().into())?;
    let body = whole(&headers, body).await?;
    let now = (app.clock)();
    let entry = match app.door.open(source, &headers, &body, now).await {
        Ok(entry) => entry,
        Err(denied) => return Err(refuse(&app, source, body, denied, now).await),
    };
    let count = entry.signals.len() as u32;
    let arrival = Arrival {
        key: entry.key,
        source: source.id.clone(),
        trust: entry.trust,
        received_at: now,
        body,
        verdict: Ok(entry.signals),
    };
    let receipt = app.desk.receive(arrival).await.map_err(unavailable)?;
    let duplicate = receipt == Receipt::Duplicate;
    tracing::info!(source.id = %source.id, signals = count, duplicate, "delivery accepted");
    Ok(accepted(count, duplicate))
}

/// Any other method.
pub(super) async fn wrong_method(method: Method, Path(source): Path<String>) -> Response {
    let error = format!("{method} brings nothing here");
    let todo = format!("send the alert as POST /webhook/{source}");
    let mut answer = Response::from(Refused::new(StatusCode::METHOD_NOT_ALLOWED, error, todo));
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    answer
}

fn known<'a>(app: &'a App, id: &SourceId) -> Result<&'a Source, Refused> {
    app.plan.source(id).ok_or_else(|| {
        let known: Vec<_> = app.plan.sources.iter().map(|source| source.id.as_str()).collect();
        let todo = format!("use one of {}, or add it under [[sources]]", known.join(", "));
        Refused::new(StatusCode::NOT_FOUND, "there is no such source in the plan", todo)
    })
}

/// The whole body, bounded in size and time; too large a one is refused before it is read where its sender says so.
async fn whole(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Refused> {
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > BODY_MAX) {
        return Err(too_large());
    }
    match timeout(BODY_WITHIN, to_bytes(body, BODY_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(error)) if is_too_large(&error) => Err(too_large()),
        Ok(Err(_)) => Err(incomplete("the body broke off")),
        Err(_) => Err(incomplete("the body did not come within 10 s")),
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.to_string().contains("limit"))
}

fn too_large() -> Refused {
    let error = format!("the body is larger than {BODY_MAX} bytes");
    Refused::new(StatusCode::PAYLOAD_TOO_LARGE, error, "send fewer alerts in one POST")
}

fn incomplete(error: &str) -> Refused {
    Refused::new(StatusCode::REQUEST_TIMEOUT, error, "send it again")
}

/// Keeps a refused body under a key of its own: else the right delivery of the same bytes would be its duplicate.
async fn refuse(app: &App, source: &Source, body: Vec<u8>, denied: Denied, now: Ts) -> Refused {
    let minute = now.0.div_euclid(60_000);
    let key = Hash::of(&[b"refused", source.id.as_str().as_bytes(), &minute.to_be_bytes(), &body]);
    tracing::warn!(source.id = %source.id, why = %denied.error, "delivery refused");
    let arrival = Arrival {
        key,
        source: source.id.clone(),
        trust: Trust::Unauthenticated,
        received_at: now,
        body,
        verdict: Err(denied.error.clone()),
    };
    match app.desk.receive(arrival).await {
        Ok(_) => Refused::new(denied.status, denied.error, denied.todo),
        Err(away) => unavailable(away),
    }
}

fn unavailable(away: Away) -> Refused {
    Refused::unavailable(away.to_string())
}
