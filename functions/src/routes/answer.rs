//! Answers as JSON: what is so, or what is wrong and what to do about it.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Seconds after which a sender may come back when the store could not take its delivery.
const COME_BACK_AFTER: &str = "5";

/// Why a request was refused, and what its sender can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The status.
    pub status: StatusCode,
    /// What is wrong: a clause in lower case.
    pub error: String,
    /// What to do about it.
    pub todo: String,
}

impl Refused {
    /// A refusal.
    pub fn new(status: StatusCode, error: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { status, error: error.into(), todo: todo.into() }
    }

    /// The store can't take it now.
    pub fn unavailable(error: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error, "send it again in a few seconds")
    }
}

impl From<Refused> for Response {
    fn from(refused: Refused) -> Self {
        let mut answer =
            with(refused.status, &json!({ "error": refused.error, "do": refused.todo }));
        if refused.status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(COME_BACK_AFTER));
        }
        answer
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.into()
    }
}

/// A status with JSON.
pub(super) fn with(status: StatusCode, json: &Value) -> Response {
    let mut answer = Response::new(Body::from(json.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
