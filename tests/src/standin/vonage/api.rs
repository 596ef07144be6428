//! The REST interface: who asks, whether it makes sense, what fails; then the call or the message begins its life.

use axum::body::Bytes;
use axum::extract::{Path, State as From};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use functions::clock;
use serde_json::{Value, json};

use super::sign::admits;
use super::{FROM, Shared, life};
use crate::standin::http::{json as reply, lost};
use crate::standin::phones::Fault;

const CALL_FIELDS: [&str; 9] = [
    "to",
    "from",
    "answer_url",
    "answer_method",
    "event_url",
    "event_method",
    "ringing_timer",
    "length_timer",
    "advanced_machine_detection",
];
const MESSAGE_FIELDS: [&str; 8] = [
    "message_type",
    "channel",
    "to",
    "from",
    "text",
    "client_ref",
    "webhook_url",
    "webhook_version",
];

/// `POST /v1/calls` and `POST /v1/messages`.
pub(super) async fn create(
    From(shared): From<Shared>,
    Path(kind): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let calls = kind == "calls";
    if shared.lock().down {
        return lost();
    }
    if !is_known(&headers) {
        return refuse(401, "Unauthorized", "Invalid token");
    }
    if calls && shared.lock().is_too_fast() {
        return refuse(429, "Throughput Rate Exceeded", "3 calls per second");
    }
    let fault = {
        let mut state = shared.lock();
        if calls { state.calls.due() } else { state.messages.due() }
    };
    if let Some(early) = early(fault).await {
        return early;
    }
    let json: Value = serde_json::from_slice(&body).unwrap_or_default();
    let wrong = if calls { call(&json) } else { message(&json) };
    if let Some(detail) = wrong {
        return refuse(if calls { 400 } else { 422 }, "Invalid parameters", detail);
    }
    let known: &[&str] = if calls { &CALL_FIELDS } else { &MESSAGE_FIELDS };
    let fields = json.as_object().into_iter().flatten().map(|(name, _)| name);
    for strange in fields.filter(|name| !known.contains(&name.as_str())) {
        shared.phones.object(format!("vonage knows no field {strange} of {kind}"));
    }
    let made = shared.lock().make(calls, json);
    let (status, answer) = if calls {
        let conversation = format!("CON-{}", made.id);
        let json = json!({"uuid": made.id, "status": "started", "direction": "outbound",
            "conversation_uuid": conversation});
        (StatusCode::CREATED, json)
    } else {
        (StatusCode::ACCEPTED, json!({"message_uuid": made.id}))
    };
    tokio::spawn(life::live(shared.clone(), made, fault));
    match fault {
        Some(Fault::LoseReply) => lost(),
        Some(Fault::AcceptThenHang) => std::future::pending().await,
        _ => reply(status, &answer),
    }
}

/// `GET /v1/calls/<uuid>`.
pub(super) async fn fetch(
    From(shared): From<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let mut state = shared.lock();
    if state.down {
        return lost();
    }
    if !is_known(&headers) {
        return refuse(401, "Unauthorized", "Invalid token");
    }
    match state.find(&id).filter(|one| one.call) {
        Some(found) => reply(StatusCode::OK, &json!({"uuid": found.id, "status": found.status})),
        None => refuse(404, "Not found", "no such call"),
    }
}

/// What ends a request before anything is taken.
async fn early(fault: Option<Fault>) -> Option<Response> {
    match fault? {
        Fault::RateLimited(seconds) => {
            let mut answer = refuse(429, "Throughput Rate Exceeded", "slow down");
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            Some(answer)
        }
        Fault::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            Some((status, "<html>Something went wrong</html>").into_response())
        }
        Fault::Refuse(status) => Some(refuse(status as u16, "Refused", "on demand")),
        Fault::LoseRequest => Some(lost()),
        Fault::Hang => std::future::pending().await,
        Fault::LoseReply
        | Fault::AcceptThenHang
        | Fault::Lie
        | Fault::Undelivered(_)
        | Fault::DieInMidCall => None,
    }
}

fn is_known(headers: &HeaderMap) -> bool {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let token = bearer.and_then(|bearer| bearer.strip_prefix("Bearer "));
    token.is_some_and(|token| admits(token, clock::now().0 / 1_000))
}

fn call(json: &Value) -> Option<&'static str> {
    let address = |name: &str| {
        json[name][0].as_str().is_some_and(|url| url.starts_with("http")) && json[name][1].is_null()
    };
    let (to, from) = (&json["to"][0], &json["from"]);
    match () {
        () if to["type"] != "phone" || !is_number(&to["number"]) => Some("to"),
        () if from["type"] != "phone" || from["number"] != FROM => Some("from"),
        () if !address("answer_url") => Some("answer_url"),
        () if json["answer_method"] != "POST" => Some("answer_method: a GET signs no body"),
        () if !address("event_url") || json["event_method"] != "POST" => Some("event_url"),
        () if json["ringing_timer"].as_u64().is_some_and(|it| !(1..=120).contains(&it)) => {
            Some("ringing_timer")
        }
        () => None,
    }
}

fn message(json: &Value) -> Option<&'static str> {
    match () {
        () if json["message_type"] != "text" || json["channel"] != "sms" => Some("channel"),
        () if !is_number(&json["to"]) => Some("to"),
        () if json["from"] != FROM => Some("from"),
        () if json["text"]
            .as_str()
            .is_none_or(|it| it.is_empty() || it.chars().count() > 1_000) =>
        {
            Some("text")
        }
        () if json["webhook_url"].is_string() && json["webhook_version"] != "v1" => {
            Some("webhook_version")
        }
        () => None,
    }
}

/// E.164 without its plus.
fn is_number(json: &Value) -> bool {
    json.as_str().is_some_and(|text| {
        (7..=15).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit())
    })
}

fn refuse(status: u16, title: &str, detail: &str) -> Response {
    let body = json!({"type": "https://developer.vonage.com/api-errors", "title": title,
        "detail": detail, "instance": "bf0ca0bf927b3b52e3cb03217e1a1ddf"});
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    reply(status, &body)
}
