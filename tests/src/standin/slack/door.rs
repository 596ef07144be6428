//! The door of the Web API: reads the arguments, looks at the token, lets faults happen, and answers as Slack does.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as From};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::answer::{Answer, Args, Refusal};
use super::calls::Outcome;
use super::faults::Fault;
use super::methods::{self, Entry};
use super::state::State;
use super::{APP_TOKEN, Shared};
use crate::standin::http::lost;

/// What is said of a token with every answer.
const SCOPES: HeaderName = HeaderName::from_static("x-oauth-scopes");

pub(super) async fn call(
    From(state): From<Shared>,
    Path(method): Path<String>,
    verb: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let read = arguments(&verb, query.as_deref(), &headers, &body, methods::find(&method));
    let noted = read.as_ref().map_or(Value::Null, |args| args.0.clone());
    let call = state.lock().note(&method, noted);
    let fault = state.lock().faults.due(&method);
    if let Some(Fault::Delay(time)) = fault {
        sleep(time).await;
    }
    if let Some(early) = before(&mut state.lock(), call, fault.as_ref(), refusal) {
        return early;
    }
    if fault == Some(Fault::Hang) {
        state.lock().settle(call, Outcome::Lost);
        std::future::pending::<()>().await;
    }
    let token = bearer(&headers);
    let answer = carry_out(&mut state.lock(), &method, token.as_deref(), read);
    let done = answer.is_ok();
    let outcome = |heard: bool| match &answer {
        Ok(_) if heard => Outcome::Done,
        Ok(_) => Outcome::DoneUnheard,
        Err(refusal) if refusal.error == "ratelimited" => Outcome::Status(429),
        Err(refusal) if heard => Outcome::Refused(refusal.error.clone()),
        Err(_) => Outcome::Lost,
    };
    let heard = !matches!(fault, Some(Fault::LoseReply | Fault::AcceptThenHang));
    state.lock().settle(call, outcome(heard));
    match fault {
        Some(Fault::LoseReply) => return lost(),
        Some(Fault::AcceptThenHang) => std::future::pending::<()>().await,
        _ => {}
    }
    say(&state.lock(), token.as_deref(), methods::find(&method), answer, done)
}

/// An error as methods say it.
fn refusal(error: &str) -> Response {
    json_response(StatusCode::OK, json!({"ok": false, "error": error}).to_string())
}

/// What ends a call before anything is carried out. `refusal` says an error in the words of the address that was called.
pub(super) fn before(
    state: &mut State,
    call: usize,
    fault: Option<&Fault>,
    refusal: fn(&str) -> Response,
) -> Option<Response> {
    let down = state.down.then_some(Fault::Status(503));
    let (outcome, response) = match down.as_ref().or(fault)? {
        Fault::RateLimited(seconds) => (Outcome::Status(429), rate_limited(*seconds)),
        Fault::Refuse(error) => (Outcome::Refused((*error).into()), refusal(error)),
        Fault::Status(status) => {
            let code = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (Outcome::Status(*status), (code, "<html>Something went wrong</html>").into_response())
        }
        Fault::LoseRequest => (Outcome::Lost, lost()),
        _ => return None,
    };
    state.settle(call, outcome);
    Some(response)
}

fn carry_out(
    state: &mut State,
    method: &str,
    token: Option<&str>,
    args: Result<Args, Refusal>,
) -> Answer {
    let entry = methods::find(method).ok_or("unknown_method")?;
    admit(state, token, entry)?;
    let args = args?;
    if let Some(seconds) = state.over_the_limit(entry, &args) {
        let more = json!({"retry_after": seconds});
        return Err(Refusal { error: "ratelimited".into(), more });
    }
    (entry.run)(state, &args)
}

/// Whether this token may call this method.
fn admit(state: &State, text: Option<&str>, entry: &Entry) -> Result<(), Refusal> {
    let token = state.tokens.get(text.ok_or("not_authed")?).ok_or("invalid_auth")?;
    if token.revoked {
        return Err("token_revoked".into());
    }
    if entry.by_app != (text == Some(APP_TOKEN)) && entry.scopes != [""] {
        return Err("not_allowed_token_type".into());
    }
    let may = |scope: &&str| scope.is_empty() || token.scopes.contains(*scope);
    if entry.scopes.iter().any(may) {
        return Ok(());
    }
    let provided: Vec<_> = token.scopes.iter().cloned().collect();
    let more = json!({"needed": entry.scopes.join(","), "provided": provided.join(",")});
    Err(Refusal { error: "missing_scope".into(), more })
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(Into::into)
}

/// The arguments: the query's, and those of a form or a JSON object. A token among them is dropped, for ours belongs into
/// the header. Methods that only read ignore JSON, as Slack's do.
fn arguments(
    verb: &Method,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
    entry: Option<&Entry>,
) -> Result<Args, Refusal> {
    let mut args = pairs(query.unwrap_or_default().as_bytes());
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match kind.map(|kind| kind.split(';').next().unwrap_or_default().trim()) {
        _ if verb == Method::GET || body.is_empty() => {}
        Some("application/x-www-form-urlencoded") => args.extend(pairs(body)),
        Some("application/json") => {
            let body: Value = serde_json::from_slice(body).map_err(|_| "invalid_json")?;
            let Value::Object(object) = body else { return Err("json_not_object".into()) };
            if entry.is_some_and(|entry| !entry.form_only) {
                args.extend(object);
            }
        }
        Some(_) => return Err("invalid_post_type".into()),
        None => return Err("missing_post_type".into()),
    }
    args.remove("token");
    Ok(Args(Value::Object(args)))
}

fn pairs(form: &[u8]) -> Map<String, Value> {
    let pairs = form_urlencoded::parse(form).into_owned().collect::<BTreeMap<_, _>>();
    pairs.into_iter().map(|(name, text)| (name, Value::String(text))).collect()
}

fn say(
    state: &State,
    token: Option<&str>,
    entry: Option<&Entry>,
    answer: Answer,
    ok: bool,
) -> Response {
    let mut body = match answer {
        Ok(body) => body,
        Err(Refusal { error, more }) if error == "ratelimited" => {
            return rate_limited(more["retry_after"].as_u64().map(|seconds| seconds as u32));
        }
        Err(Refusal { error, mut more }) => {
            more["error"] = json!(error);
            more
        }
    };
    body["ok"] = json!(ok);
    let mut response = json_response(StatusCode::OK, body.to_string());
    let scopes = token
        .and_then(|text| state.tokens.get(text))
        .map(|token| token.scopes.iter().cloned().collect::<Vec<_>>().join(","));
    let accepted = entry.map(|entry| entry.scopes.join(","));
    let named = [(SCOPES, scopes), (HeaderName::from_static("x-accepted-oauth-scopes"), accepted)];
    for (name, value) in named {
        if let Some(value) = value.and_then(|value| value.parse().ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn rate_limited(seconds: Option<u32>) -> Response {
    let body = json!({"ok": false, "error": "ratelimited"}).to_string();
    let mut response = json_response(StatusCode::TOO_MANY_REQUESTS, body);
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn json_response(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}
