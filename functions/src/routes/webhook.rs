//! `POST /webhook/<source>`: prove, parse, keep, answer. A refused body is kept too, so that nothing a monitor said is
//! ever lost to a wrong secret or a new format.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, State};
use axum::http::header::{ALLOW, CONTENT_LENGTH};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use shared::engine::Receipt;
use shared::id::SourceId;
use shared::ledger::Hash;
use shared::plan::Source;
use shared::signal::{BODY_MAX, Signal, Trust};
use tokio::time::timeout;

use super::answer::Refused;
use super::{Reception, accepted};
use crate::desk::{Arrival, Away};
use crate::door::{Denied, Entry, Presented};

/// A sender that takes longer for its body is not waited for.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// `POST`.
pub(super) async fn receive(
    State(app): State<Arc<Reception>>,
    Path(source): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let source = known(&app, &source.as_str().into())?;
    let body = whole(&headers, body).await?;
    let query = uri.query().unwrap_or_default().to_owned();
    let presented = Presented { headers, query, body, at: (app.clock)() };
    match app.door.open(source, &presented).await {
        Ok(entry) => accept(&app, source, &presented, entry).await,
        Err(denied) => Err(refuse(&app, source, &presented, denied).await),
    }
}

async fn accept(
    app: &Reception,
    source: &Source,
    presented: &Presented,
    entry: Entry,
) -> Result<Response, Refused> {
    let count = entry.signals.len() as u32;
    let arrival = arrival(source, presented, entry.key, entry.trust, Ok(entry.signals));
    let receipt = app.deliveries.keep(arrival).await.map_err(unavailable)?;
    let duplicate = receipt == Receipt::Duplicate;
    tracing::info!(source.id = %source.id, signals = count, duplicate, "delivery accepted");
    if let Some(url) = entry.subscribe_url {
        app.door.confirm(source, url);
    }
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

fn known<'a>(app: &'a Reception, id: &SourceId) -> Result<&'a Source, Refused> {
    app.plan.source(id).ok_or_else(|| {
        let known: Vec<_> = app.plan.sources.iter().map(|source| source.id.as_str()).collect();
        let todo = format!("use one of {}, or add it under [[sources]]", known.join(", "));
        Refused::new(StatusCode::NOT_FOUND, "there is no such source in the plan", todo)
    })
}

/// The whole body, bounded in size and time; too large a one is refused before it is read where its sender says so.
pub(super) async fn whole(headers: &HeaderMap, body: Body) -> Result<Bytes, Refused> {
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > BODY_MAX) {
        return Err(too_large());
    }
    match timeout(BODY_WITHIN, to_bytes(body, BODY_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
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
async fn refuse(
    app: &Reception,
    source: &Source,
    presented: &Presented,
    denied: Denied,
) -> Refused {
    tracing::warn!(source.id = %source.id, why = denied.error, "delivery refused");
    let key = Hash::of(&[b"refused", source.id.as_str().as_bytes(), &presented.body]);
    let why = Err(denied.error.clone());
    let arrival = arrival(source, presented, key, Trust::Unauthenticated, why);
    match app.deliveries.keep(arrival).await {
        Ok(_) => Refused::new(denied.status, denied.error, denied.todo),
        Err(away) => unavailable(away),
    }
}

fn arrival(
    source: &Source,
    presented: &Presented,
    key: Hash,
    trust: Trust,
    verdict: Result<Vec<Signal>, String>,
) -> Arrival {
    let (source, body) = (source.id.clone(), presented.body.clone());
    Arrival { key, source, trust, received_at: presented.at, body, verdict }
}

fn unavailable(away: Away) -> Refused {
    Refused::unavailable(away.to_string())
}
