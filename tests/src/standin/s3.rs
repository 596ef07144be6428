//! The objects of S3, as far as the failover's latch needs them: one Region, one object at a time, by path.

use std::collections::{BTreeMap, HashMap};
use std::io::Result;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State as Extract;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;
use tokio::time::sleep;

use super::Bell;
use super::http::{Server, lost};

/// A running stand-in and the handle to it; it stops with its last clone.
#[derive(Clone, Debug)]
pub struct S3 {
    shared: Arc<Mutex<State>>,
    server: Arc<Server>,
}

#[derive(Debug, Default)]
struct State {
    /// By path: `bucket/key`.
    objects: BTreeMap<String, Bytes>,
    /// Methods and paths, in their order.
    calls: Vec<(String, String)>,
    bells: Vec<Bell>,
    latency: Duration,
    slow_downs: u32,
    outage: bool,
    /// Replies to lose, by method.
    lost: HashMap<String, u32>,
}

impl S3 {
    /// Starts it, empty, on a port of its own; any bucket exists.
    pub async fn start() -> Result<Self> {
        let shared = Arc::new(Mutex::new(State::default()));
        let router = Router::new().fallback(serve).with_state(shared.clone());
        Ok(Self { shared, server: Arc::new(Server::start(router).await?) })
    }

    /// The base URL for the SDK's `endpoint_url`, with `force_path_style`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Whether the object is there; not while the service is out, as a health check sees it.
    pub fn has(&self, bucket: &str, key: &str) -> bool {
        let state = lock(&self.shared);
        !state.outage && state.objects.contains_key(&format!("{bucket}/{key}"))
    }

    /// Puts an object behind everybody's back.
    pub fn put(&self, bucket: &str, key: &str, body: &str) {
        let mut state = lock(&self.shared);
        state.objects.insert(format!("{bucket}/{key}"), Bytes::from(body.to_owned()));
        state.bells.iter().for_each(Bell::ring);
    }

    /// Deletes an object behind everybody's back.
    pub fn delete(&self, bucket: &str, key: &str) {
        let mut state = lock(&self.shared);
        state.objects.remove(&format!("{bucket}/{key}"));
        state.bells.iter().for_each(Bell::ring);
    }

    /// What an object holds.
    pub fn body(&self, bucket: &str, key: &str) -> Option<String> {
        let state = lock(&self.shared);
        let body = state.objects.get(&format!("{bucket}/{key}"));
        body.map(|body| String::from_utf8_lossy(body).into_owned())
    }

    /// Every call so far: method and `bucket/key`.
    pub fn calls(&self) -> Vec<(String, String)> {
        lock(&self.shared).calls.clone()
    }

    /// Rings a bell whenever an object comes or goes.
    pub fn ring_on_change(&self, bell: Bell) {
        lock(&self.shared).bells.push(bell);
    }

    /// How long each call takes from now on.
    pub fn latency(&self, each: Duration) {
        lock(&self.shared).latency = each;
    }

    /// The next calls of a method take effect, but their replies are lost.
    pub fn lose_reply(&self, method: &str, times: u32) {
        lock(&self.shared).lost.insert(method.to_owned(), times);
    }

    /// The next calls are answered with 503 `SlowDown`.
    pub fn slow_down(&self, times: u32) {
        lock(&self.shared).slow_downs = times;
    }

    /// Nothing is due to go wrong any more.
    pub fn calm(&self) {
        let mut state = lock(&self.shared);
        state.lost.clear();
        state.slow_downs = 0;
        state.outage = false;
        state.bells.iter().for_each(Bell::ring);
    }

    /// The service is out, or back. Health checks on its objects then fail.
    pub fn outage(&self, out: bool) {
        let mut state = lock(&self.shared);
        state.outage = out;
        state.bells.iter().for_each(Bell::ring);
    }
}

fn lock(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(
    Extract(shared): Extract<Arc<Mutex<State>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let latency = lock(&shared).latency;
    sleep(latency).await;
    let mut state = lock(&shared);
    let path = uri.path().trim_start_matches('/').to_owned();
    state.calls.push((method.to_string(), path.clone()));
    let slow = state.slow_downs > 0;
    state.slow_downs = state.slow_downs.saturating_sub(1);
    if slow || state.outage {
        return error(503, "SlowDown", &method);
    }
    let response = perform(&mut state, &method, &path, &headers, body);
    state.bells.iter().for_each(Bell::ring);
    let left = state.lost.get_mut(method.as_str()).filter(|left| **left > 0);
    match left {
        Some(left) => {
            *left -= 1;
            lost()
        }
        None => response,
    }
}

fn perform(
    state: &mut State,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Response {
    let there = state.objects.get(path).cloned();
    if !conditions_hold(headers, there.as_ref()) {
        return error(412, "PreconditionFailed", method);
    }
    match (method.as_str(), there) {
        ("PUT", _) => {
            let response = object(&body, Body::empty());
            state.objects.insert(path.to_owned(), body);
            response
        }
        ("DELETE", _) => {
            state.objects.remove(path);
            empty(204)
        }
        ("GET", Some(there)) => object(&there, Body::from(there.clone())),
        ("HEAD", Some(there)) => object(&there, Body::empty()),
        ("GET" | "HEAD", None) => error(404, "NoSuchKey", method),
        _ => error(405, "MethodNotAllowed", method),
    }
}

/// `If-None-Match: *` wants no object, `If-Match` one with that tag.
fn conditions_hold(headers: &HeaderMap, there: Option<&Bytes>) -> bool {
    let condition = |name| headers.get(name).and_then(|it| it.to_str().ok());
    let none = condition(header::IF_NONE_MATCH).is_none_or(|it| it != "*" || there.is_none());
    let tag = there.map(|body| etag(body));
    none && condition(header::IF_MATCH).is_none_or(|it| tag.is_some_and(|tag| tag == it))
}

fn object(content: &[u8], body: Body) -> Response {
    let response = Response::builder()
        .header(header::ETAG, etag(content))
        .header(header::LAST_MODIFIED, "Mon, 05 Jan 2026 06:00:00 GMT");
    response.body(body).unwrap_or_else(|_| lost())
}

/// Differs when the content does; callers may not read more into it.
fn etag(content: &[u8]) -> String {
    let sum = content
        .iter()
        .fold(5381_u64, |sum, byte| sum.wrapping_mul(33).wrapping_add(u64::from(*byte)));
    format!("\"{sum:032x}\"")
}

fn empty(status: u16) -> Response {
    Response::builder().status(status).body(Body::empty()).unwrap_or_else(|_| lost())
}

/// An error; a HEAD has none to show.
fn error(status: u16, code: &str, method: &Method) -> Response {
    let xml = format!(
        "<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>{code}</Message>\
         <RequestId>0000000000000053</RequestId></Error>"
    );
    let body = if method == Method::HEAD { Body::empty() } else { Body::from(xml) };
    let response =
        Response::builder().status(status).header(header::CONTENT_TYPE, "application/xml");
    response.body(body).unwrap_or_else(|_| lost())
}
