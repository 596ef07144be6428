//! What Slack sends us over HTTP: the signature is checked first, over the raw bytes.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use functions::proof;
use serde_json::{Value, json};

use super::inbox::{Inbox, Sent};

/// The routes of the face.
pub fn routes(inbox: Arc<Inbox>) -> Router {
    Router::new()
        .route("/slack/commands", post(commands))
        .route("/slack/interactions", post(interactions))
        .route("/slack/events", post(events))
        .with_state(inbox)
}

/// Why a request is not taken.
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, as_json(&json!({"error": self.1}))).into_response()
    }
}

/// The body, if Slack signed it just now.
fn open(inbox: &Inbox, headers: &HeaderMap, body: Bytes) -> Result<Bytes, Refused> {
    let face = &inbox.face;
    if face.secrets.is_empty() {
        let why = "no signing secret is set: set SLACK_SIGNING_SECRET";
        return Err(Refused(StatusCode::SERVICE_UNAVAILABLE, why.into()));
    }
    let verified = proof::slack(&face.secrets, headers, body, (face.clock)())
        .map_err(|why| Refused(StatusCode::UNAUTHORIZED, why.to_string()))?;
    Ok(verified.body().clone())
}

async fn commands(
    State(inbox): State<Arc<Inbox>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = open(&inbox, &headers, body)?;
    let fields = form_urlencoded::parse(&body)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
    take(&inbox, Sent::command(Value::Object(fields.collect()))).await
}

async fn interactions(
    State(inbox): State<Arc<Inbox>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = open(&inbox, &headers, body)?;
    let payload = form_urlencoded::parse(&body).find(|(name, _)| name == "payload");
    let payload = payload.map(|(_, value)| value).unwrap_or_default();
    take(&inbox, serde_json::from_str(&payload).and_then(Sent::interaction)).await
}

async fn events(
    State(inbox): State<Arc<Inbox>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let body = open(&inbox, &headers, body)?;
    take(&inbox, serde_json::from_slice(&body).map(Sent::event)).await
}

async fn take(inbox: &Inbox, sent: serde_json::Result<Sent>) -> Result<Response, Refused> {
    let unreadable = |error| format!("this is not what Slack sends: {error}");
    let sent = sent.map_err(|error| Refused(StatusCode::BAD_REQUEST, unreadable(error)))?;
    Ok(match inbox.take(sent).await {
        Value::Null => StatusCode::OK.into_response(),
        answer => as_json(&answer).into_response(),
    })
}

fn as_json(value: &Value) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string())
}
