//! A bad line before DynamoDB: it passes calls on to the emulator, counts them, and does them harm as it is told.

use std::collections::VecDeque;
use std::io::{Error, Result};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use functions::http::{self, Roots};
use serde_json::json;
use tokio::sync::Notify;

use super::http::{Server, json, lost};

/// What happens to one call.
#[derive(Clone, Debug)]
pub enum Harm {
    /// It is refused with this code, as AWS writes it, and not done.
    Refused(&'static str),
    /// The service breaks before it does it.
    Broke,
    /// The connection ends, and it was not done.
    RequestLost,
    /// It is done, and the connection ends before the reply.
    ReplyLost,
    /// It is done, and nobody ever answers.
    Silence,
    /// It waits here until it is let go; then it is done.
    Held(Gate),
}

/// Where a call is held up.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Notify, Notify)>);

impl Gate {
    /// Waits until a call has come.
    pub async fn reached(&self) {
        self.0.0.notified().await;
    }

    /// Lets it go.
    pub fn open(&self) {
        self.0.1.notify_one();
    }

    async fn pass(&self) {
        self.0.0.notify_one();
        self.0.1.notified().await;
    }
}

/// The line; calls find it at `url`.
#[derive(Debug)]
pub struct Flaky {
    /// Where it answers, without a slash.
    pub url: String,
    line: Arc<Line>,
    _server: Server,
}

#[derive(Debug)]
struct Line {
    behind: String,
    http: reqwest::Client,
    plans: Mutex<VecDeque<(String, Harm)>>,
    calls: Mutex<Vec<String>>,
}

impl Flaky {
    /// Starts a line to what answers there.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start(behind: &str) -> Result<Self> {
        let http = http::client(&Roots::default()).map_err(Error::other)?;
        let (plans, calls) = <_>::default();
        let line = Arc::new(Line { behind: behind.to_owned(), http, plans, calls });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&line));
        let server = Server::start(router).await?;
        Ok(Self { url: format!("http://{}", server.address), line, _server: server })
    }

    /// Does this harm to the next call of an operation, e.g. `PutItem`; said again, to the one after it.
    pub fn harm(&self, operation: &str, harm: Harm) {
        locked(&self.line.plans).push_back((operation.to_owned(), harm));
    }

    /// The operations called since this was asked last, in order, those that were harmed included.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *locked(&self.line.calls))
    }

    /// Harm that did not come to pass yet; forgotten with this.
    pub fn relent(&self) -> usize {
        std::mem::take(&mut *locked(&self.line.plans)).len()
    }
}

impl Line {
    fn planned(&self, operation: &str) -> Option<Harm> {
        let mut plans = locked(&self.plans);
        let place = plans.iter().position(|(of, _)| of == operation)?;
        plans.remove(place).map(|(_, harm)| harm)
    }

    async fn pass_on(&self, headers: HeaderMap, body: Bytes) -> Response {
        match self.http.post(&self.behind).headers(headers).body(body).send().await {
            Ok(answer) => {
                let (status, headers) = (answer.status(), answer.headers().clone());
                let body = answer.bytes().await.unwrap_or_default();
                (status, headers, body).into_response()
            }
            Err(_) => StatusCode::BAD_GATEWAY.into_response(),
        }
    }
}

async fn pass(State(line): State<Arc<Line>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or("").to_owned();
    locked(&line.calls).push(operation.clone());
    let refusal = |status, code: &str| {
        let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
        json(status, &json!({"__type": kind, "message": "on purpose"}))
    };
    match line.planned(&operation) {
        None => line.pass_on(headers, body).await,
        Some(Harm::Refused(code)) => refusal(StatusCode::BAD_REQUEST, code),
        Some(Harm::Broke) => refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        Some(Harm::RequestLost) => lost(),
        Some(Harm::ReplyLost) => {
            line.pass_on(headers, body).await;
            lost()
        }
        Some(Harm::Held(gate)) => {
            gate.pass().await;
            line.pass_on(headers, body).await
        }
        Some(Harm::Silence) => {
            line.pass_on(headers, body).await;
            std::future::pending().await
        }
    }
}

fn locked<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
