//! The API: who may ask, what is refused, and what is accepted.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State as From};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::failing::{End, Fault};
use super::state::{Call, Deployed, State};
use super::{PROJECT, PROJECT_ID, Shared, TEAM, TOKEN, shapes};

type Answer = (StatusCode, HeaderMap, String);
type Asked = Query<BTreeMap<String, String>>;

/// Far above any body that is sent here, in bytes.
const BODY_MAX: usize = 64 * 1024;

pub(super) fn router(state: Shared) -> Router {
    Router::new()
        .route("/v9/projects/{id}", get(project))
        .route("/v9/projects/{id}/domains", get(domains))
        .route("/v10/projects/{id}/env", get(variables))
        .route("/v1/projects/{id}/env/{variable}", get(variable))
        .route("/v7/deployments", get(deployments))
        .route("/v1/projects/{id}/rollback/{to}", post(roll_back))
        .route("/v9/projects/{id}/rollback/{to}", post(roll_back).get(unmoved_by_rollback))
        .route("/v10/projects/{id}/promote/{to}", post(promote))
        .route("/v1/projects/{id}/promote/aliases", get(unmoved_by_promotion))
        .route("/v1/projects/{id}/rolling-release", get(rolling_release))
        .route("/v1/edge-cache/invalidate-by-tags", post(invalidate))
        .layer(middleware::from_fn_with_state(state.clone(), at_the_door))
        .with_state(state)
}

/// Notes every request, lets in who has the token and the team, and tells the time.
async fn at_the_door(From(state): From<Shared>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_MAX).await.unwrap_or_default();
    let query = Query::<BTreeMap<_, _>>::try_from_uri(&head.uri).unwrap_or_default().0;
    let call = Call {
        method: head.method.to_string(),
        path: head.uri.path().into(),
        query,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let refusal = refusal(&state.lock(), &head.headers, &call);
    state.lock().calls.push(call);
    let mut answer = match refusal {
        Some(refusal) => said(refusal).into_response(),
        None => next.run(Request::from_parts(head, body.into())).await,
    };
    if let Ok(date) = date(state.lock().now()).parse() {
        answer.headers_mut().insert(header::DATE, date);
    }
    answer
}

fn refusal(state: &State, headers: &HeaderMap, call: &Call) -> Option<(StatusCode, Value)> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if token != Some(&format!("Bearer {TOKEN}")) {
        return Some(shapes::error(403, "forbidden", "Not authorized"));
    }
    if call.query.get("teamId").is_none_or(|team| team != TEAM) {
        return Some(shapes::error(403, "forbidden", "Not authorized for this scope"));
    }
    let failing = state.reads_fail.filter(|_| call.method == "GET");
    failing.map(|status| shapes::error(status, "internal_server_error", "It is on fire"))
}

/// A moment as HTTP writes it.
fn date(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn said((status, body): (StatusCode, Value)) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    (status, headers, body.to_string())
}

fn ok(body: Value) -> Answer {
    said((StatusCode::OK, body))
}

fn not_found() -> Answer {
    said(shapes::error(404, "not_found", "Project not found"))
}

async fn project(From(state): From<Shared>, Path(id): Path<String>) -> Answer {
    let mut state = state.lock();
    if id != PROJECT && id != PROJECT_ID {
        return not_found();
    }
    let shape = shapes::project(&state);
    state.carry_on();
    ok(shape)
}

async fn domains(Path(id): Path<String>) -> Answer {
    if id != PROJECT && id != PROJECT_ID {
        return not_found();
    }
    ok(shapes::domains())
}

async fn variables(From(state): From<Shared>, Path(id): Path<String>) -> Answer {
    if id != PROJECT && id != PROJECT_ID {
        return not_found();
    }
    let all: Vec<Value> =
        state.lock().variables.iter().map(|one| shapes::variable(one, false)).collect();
    ok(json!({"envs": all}))
}

async fn variable(
    From(state): From<Shared>,
    Path((id, variable)): Path<(String, String)>,
) -> Answer {
    let state = state.lock();
    let found = state.variables.iter().find(|one| one.id == variable);
    match found.filter(|_| id == PROJECT || id == PROJECT_ID) {
        Some(found) => ok(shapes::variable(found, true)),
        None => not_found(),
    }
}

async fn deployments(From(state): From<Shared>, Query(asked): Asked) -> Answer {
    let state = state.lock();
    let is = |key: &str, value: &str| asked.get(key).is_some_and(|one| one == value);
    if !is("projectId", PROJECT) && !is("projectId", PROJECT_ID) {
        return not_found();
    }
    let until: Option<i64> = asked.get("until").and_then(|until| until.parse().ok());
    let wanted: Vec<&Deployed> = state
        .deployments
        .iter()
        .filter(|one| one.candidate || !is("rollbackCandidate", "true"))
        .filter(|one| until.is_none_or(|until| one.at < until))
        .collect();
    ok(shapes::page(&wanted, state.page))
}

async fn roll_back(
    From(state): From<Shared>,
    Path((id, to)): Path<(String, String)>,
    Query(asked): Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let mut state = state.lock();
    let fault = fault(&mut state);
    if let Some(refused) = fault.and_then(|fault| refused(&state, fault)) {
        return refused;
    }
    if let Some(no) = cannot_roll_back(&mut state, &id, &to, is_bare(&headers, &body)) {
        return said(no);
    }
    lose_unless(fault != Some(Fault::LoseRequest));
    state.accept("rollback", &to);
    state.description = asked.get("description").cloned();
    lose_unless(fault != Some(Fault::LoseReply));
    (StatusCode::CREATED, HeaderMap::new(), String::new())
}

fn cannot_roll_back(
    state: &mut State,
    id: &str,
    to: &str,
    bare: bool,
) -> Option<(StatusCode, Value)> {
    let previous = state.deployments.iter().find(|one| one.candidate).map(|one| one.id.clone());
    if let Some(no) = cannot_move(state, id, to, bare) {
        return Some(no);
    }
    if !state.deployment(to).is_some_and(|one| one.candidate) {
        return Some(shapes::error(422, "not_rollbackable", "Deployment is no rollback candidate"));
    }
    if state.hobby && previous.as_deref() != Some(to) {
        return Some(shapes::error(402, "payment_required", "To go back further, upgrade to pro"));
    }
    None
}

/// Whether a call that has nothing to say is made as Vercel takes it. Its command-line tool sends `{}` and calls that
/// required; its client sends neither a body nor a type. So JSON that is announced has to come.
fn is_bare(headers: &HeaderMap, body: &[u8]) -> bool {
    let announced = headers.contains_key(header::CONTENT_TYPE);
    serde_json::from_slice(body)
        .map_or(!announced && body.is_empty(), |body: Value| body == json!({}))
}

fn cannot_move(state: &mut State, id: &str, to: &str, bare: bool) -> Option<(StatusCode, Value)> {
    if id != PROJECT_ID {
        return Some(shapes::error(404, "not_found", "Project not found"));
    }
    if !bare {
        return Some(shapes::error(400, "bad_request", "Invalid body"));
    }
    if state.is_busy() {
        return Some(shapes::error(409, "conflict", "A rollback or promotion is in progress"));
    }
    match state.deployment(to) {
        Some(_) => None,
        None => Some(shapes::error(410, "gone", "Deployment is deleted")),
    }
}

async fn promote(
    From(state): From<Shared>,
    Path((id, to)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let mut state = state.lock();
    let fault = fault(&mut state);
    if let Some(refused) = fault.and_then(|fault| refused(&state, fault)) {
        return refused;
    }
    if let Some(no) = cannot_move(&mut state, &id, &to, is_bare(&headers, &body)) {
        return said(no);
    }
    lose_unless(fault != Some(Fault::LoseRequest));
    let queued = fault == Some(Fault::Queue) || state.rolling.is_some();
    if queued {
        state.rolling = Some(Some(to));
        return (StatusCode::ACCEPTED, HeaderMap::new(), String::new());
    }
    state.accept("promote", &to);
    lose_unless(fault != Some(Fault::LoseReply));
    (StatusCode::CREATED, HeaderMap::new(), String::new())
}

/// The next fault, if one is left.
fn fault(state: &mut State) -> Option<Fault> {
    (!state.faults.is_empty()).then(|| state.faults.remove(0))
}

/// A refusal on demand. Its body has the shape that only some calls of Vercel's have.
fn refused(state: &State, fault: Fault) -> Option<Answer> {
    let body = |code: &str| json!({"err": {"code": code, "message": "Refused on demand"}});
    let limited = |name, value: String| {
        let (_, mut headers, text) = said((StatusCode::TOO_MANY_REQUESTS, body("rate_limited")));
        headers.insert(header::HeaderName::from_static(name), value.parse().ok()?);
        Some((StatusCode::TOO_MANY_REQUESTS, headers, text))
    };
    match fault {
        Fault::Refuse(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            Some(said((status, body("refused"))))
        }
        Fault::RetryAfter(seconds) => limited("retry-after", seconds.to_string()),
        Fault::ResetIn(seconds) => {
            limited("x-ratelimit-reset", (state.now() / 1_000 + i64::from(seconds)).to_string())
        }
        Fault::LoseReply | Fault::LoseRequest | Fault::Queue => None,
    }
}

/// Cuts the line: the connection's task unwinds without an answer, and without a word on standard error.
fn lose_unless(kept: bool) {
    if !kept {
        std::panic::resume_unwind(Box::new("the line is cut"));
    }
}

async fn unmoved_by_rollback(
    From(state): From<Shared>,
    Path((id, what)): Path<(String, String)>,
) -> Answer {
    if what != "aliases" {
        return not_found();
    }
    unmoved(&state.lock(), &id, "rollback")
}

async fn unmoved_by_promotion(From(state): From<Shared>, Path(id): Path<String>) -> Answer {
    unmoved(&state.lock(), &id, "promote")
}

fn unmoved(state: &State, id: &str, kind: &str) -> Answer {
    let left: &[&str] = match (&state.last, state.end) {
        _ if id != PROJECT_ID => return not_found(),
        (Some(last), End::LeavesOneBehind | End::Fails) if last.kind == kind => {
            &["www.concierge-transaction-flow.com"]
        }
        _ => &[],
    };
    ok(shapes::aliases(kind, left))
}

async fn rolling_release(From(state): From<Shared>, Path(id): Path<String>) -> Answer {
    if id != PROJECT && id != PROJECT_ID {
        return not_found();
    }
    ok(shapes::rolling_release(&state.lock()))
}

async fn invalidate(From(state): From<Shared>, Query(asked): Asked, body: Bytes) -> Answer {
    let mut state = state.lock();
    let fault = fault(&mut state);
    if let Some(refused) = fault.and_then(|fault| refused(&state, fault)) {
        return refused;
    }
    let project = asked.get("projectIdOrName").map(String::as_str);
    if !matches!(project, Some(PROJECT | PROJECT_ID)) {
        return not_found();
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !body["tags"].is_string() && body["tags"].as_array().is_none_or(Vec::is_empty) {
        return said(shapes::error(400, "bad_request", "Missing tags"));
    }
    state.site.cached = false;
    (StatusCode::OK, HeaderMap::new(), String::new())
}
