//! The HTTP side: each call is admitted, takes its time, takes effect, and is answered or lost.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::State as Extract;
use axum::http::{Method, Uri, header};
use axum::response::Response;
use tokio::time::{Instant, sleep};

use super::batch::Batch;
use super::faults::due_for;
use super::log::Call;
use super::refusal::{REQUEST_ID, Refusal};
use super::request::{Reply, Request};
use super::state::State;
use crate::standin::http::lost;

/// The state, shared between calls and tests.
#[derive(Debug, Default)]
pub struct Shared(Mutex<State>);

impl Shared {
    /// The state, for a moment. A test that panicked while it held it must not hide its own message.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A zone that processes a change, until this is dropped: by the call's end or its caller's.
struct Busy {
    shared: Arc<Shared>,
    zone: String,
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Ok(zone) = self.shared.lock().zone(&self.zone) {
            zone.busy = false;
        }
    }
}

/// Every path of the API.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(serve).with_state(shared)
}

async fn serve(
    Extract(shared): Extract<Arc<Shared>>,
    method: Method,
    uri: Uri,
    body: String,
) -> Response {
    let Some(request) = Request::read(&method, &uri, body) else {
        return answer(&Err(Refusal::new(404, "UnknownOperation", "no such operation")), false);
    };
    let began = Instant::now();
    let latency = shared.lock().faults.latency;
    let admitted = admit(&shared, &request);
    sleep(latency).await;
    if due_for(&mut shared.lock().faults.lost_requests, request.operation) {
        return lost();
    }
    let outcome = admitted.and_then(|_busy| perform(&mut shared.lock(), &request));
    let mut state = shared.lock();
    let answered = !due_for(&mut state.faults.lost_replies, request.operation);
    let refused = outcome.as_ref().err();
    let batch = Batch::read(&request.body).ok();
    state.calls.push(Call {
        operation: request.operation,
        began,
        ended: Instant::now(),
        touches: batch.as_ref().map(Batch::touches).unwrap_or_default(),
        comment: batch.and_then(|batch| batch.comment),
        outcome: refused.map_or("OK", |refusal| refusal.code),
        answered,
    });
    if answered { answer(&outcome, state.faults.bare) } else { lost() }
}

/// Lets a call in, unless it is its turn to fail or its zone is busy.
fn admit(shared: &Arc<Shared>, request: &Request) -> Result<Option<Busy>, Refusal> {
    let mut state = shared.lock();
    state.faults.admit(request.operation)?;
    if request.operation != "ChangeResourceRecordSets" {
        return Ok(None);
    }
    let zone = state.zone(&request.id)?;
    if zone.busy {
        return Err(Refusal::prior_request());
    }
    zone.busy = true;
    Ok(Some(Busy { shared: shared.clone(), zone: request.id.clone() }))
}

fn perform(state: &mut State, request: &Request) -> Result<Reply, Refusal> {
    match request.operation {
        "ChangeResourceRecordSets" => state.change(request),
        "ListResourceRecordSets" => state.list(request),
        "GetHostedZone" => state.get_zone(request),
        "GetChange" => state.get_change(request),
        "CreateHealthCheck" => state.create_check(request),
        "ListHealthChecks" => state.list_checks(request),
        "GetHealthCheck" => state.get_check(request),
        "UpdateHealthCheck" => state.update_check(request),
        "DeleteHealthCheck" => state.delete_check(request),
        "GetHealthCheckStatus" => state.check_status(request),
        "ChangeTagsForResource" => state.change_tags(request),
        "ListTagsForResource" => Ok(state.list_tags(request)),
        _ => state.test_answer(request),
    }
}

fn answer(outcome: &Result<Reply, Refusal>, bare: bool) -> Response {
    let (status, body, location) = match outcome {
        Ok(reply) => (reply.status, reply.body.clone(), reply.location.as_deref()),
        Err(refusal) => (refusal.status, refusal.body(bare), None),
    };
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "text/xml")
        .header("x-amzn-requestid", REQUEST_ID);
    let located = location.into_iter().fold(response, |it, at| it.header(header::LOCATION, at));
    located.body(Body::from(body)).unwrap_or_else(|_| lost())
}
