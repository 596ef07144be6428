//! What stands between the functions and the emulator: it notes who calls what, and has bad days.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::task::JoinHandle;

/// On a bad day every so many-th call of the table is throttled; the answer to every so many-th is lost.
const THROTTLED: u32 = 4;
const LOST: u32 = 9;

/// Calls by the key that signed them.
pub type Seen = BTreeMap<String, BTreeSet<String>>;

struct Between {
    to: String,
    http: reqwest::Client,
    seen: Mutex<Seen>,
    bad: AtomicBool,
    calls: AtomicU32,
}

/// A running proxy; it ends when dropped.
pub struct Proxy {
    pub url: String,
    between: Arc<Between>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub async fn start(to: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let between = Arc::new(Between {
            to: to.to_owned(),
            http: functions::http::client(&functions::http::Roots::default()).unwrap(),
            seen: Mutex::default(),
            bad: AtomicBool::new(false),
            calls: AtomicU32::new(0),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&between));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, between, task }
    }

    /// From now on the table throttles, and loses answers.
    pub fn have_a_bad_day(&self) {
        self.between.bad.store(true, Ordering::Relaxed);
    }

    pub fn seen(&self) -> Seen {
        self.between.seen.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(
    State(between): State<Arc<Between>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let word = |name: &str| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let call = call(word("x-amz-target"));
    let signed = word("authorization").split("Credential=").nth(1).unwrap_or_default();
    let key = signed.split('/').next().unwrap_or_default().to_owned();
    between.seen.lock().unwrap().entry(key).or_default().insert(call.clone());
    let bad = call.starts_with("dynamodb:") && between.bad.load(Ordering::Relaxed);
    let number = if bad { between.calls.fetch_add(1, Ordering::Relaxed) + 1 } else { 1 };
    if number % THROTTLED == 0 {
        let says = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slower"}"#;
        return (StatusCode::BAD_REQUEST, says).into_response();
    }
    let url = format!("{}{uri}", between.to);
    let sent = between.http.request(method, url).headers(headers.clone()).body(body).send().await;
    let Ok(answer) = sent else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, heads) = (answer.status(), answer.headers().clone());
    let whole = answer.bytes().await.unwrap_or_default();
    let body = if number % LOST == 0 {
        // The connection breaks: it was done, and whoever asked does not know.
        Body::from_stream(stream::once(async { Err::<Bytes, _>(io::Error::other("lost")) }))
    } else {
        Body::from(whole)
    };
    let mut passed = Response::new(body);
    (*passed.status_mut(), *passed.headers_mut()) = (status, heads);
    passed
}

/// A call as IAM names it.
fn call(target: &str) -> String {
    let (service, operation) = target.rsplit_once('.').unwrap_or(("s3", "other"));
    let service = match service {
        "DynamoDB_20120810" => "dynamodb",
        "AmazonSQS" => "sqs",
        other => other,
    };
    format!("{service}:{}", operation.trim_end_matches("Batch"))
}
