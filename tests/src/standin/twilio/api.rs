//! The REST interface: who asks, whether it makes sense, what fails; then the call or the message begins its life.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State as From};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use serde_json::json;

use super::state::State;
use super::{ACCOUNT, Shared, life};
use crate::standin::http::{json as reply, lost};
use crate::standin::phones::Fault;

type Fields = BTreeMap<String, Vec<String>>;

/// What a call can be asked for with. Twilio ignores everything else, which hides mistakes: here it is one.
const CALL_FIELDS: [&str; 12] = [
    "To",
    "From",
    "Url",
    "Method",
    "FallbackUrl",
    "FallbackMethod",
    "StatusCallback",
    "StatusCallbackMethod",
    "StatusCallbackEvent",
    "Timeout",
    "MachineDetection",
    "MachineDetectionTimeout",
];
const MESSAGE_FIELDS: [&str; 5] = ["To", "From", "Body", "StatusCallback", "ValidityPeriod"];
const EVENTS: [&str; 4] = ["initiated", "ringing", "answered", "completed"];
/// The longest body of a message.
const BODY_MAX: usize = 1_600;

/// A refusal: the HTTP status, Twilio's code, its words.
type Refusal = (u16, u32, &'static str);

/// `POST …/Calls.json` and `POST …/Messages.json`.
pub(super) async fn create(
    From(shared): From<Shared>,
    Path((account, kind)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let calls = kind == "Calls.json";
    if !calls && kind != "Messages.json" {
        return refuse((404, 20404, "The requested resource was not found"));
    }
    let fault = {
        let mut state = shared.lock();
        if let Some(no) = stranger(&state, &account, &headers) {
            return refuse(no);
        }
        let faults = if calls { &mut state.calls } else { &mut state.messages };
        faults.due()
    };
    if shared.lock().down {
        return lost();
    }
    if let Some(early) = early(fault).await {
        return early;
    }
    let fields = fields(&body);
    let wrong =
        if calls { call(&shared.lock(), &fields) } else { message(&shared.lock(), &fields) };
    if let Some(no) = wrong {
        return refuse(no);
    }
    let known: &[&str] = if calls { &CALL_FIELDS } else { &MESSAGE_FIELDS };
    for strange in fields.keys().filter(|name| !known.contains(&name.as_str())) {
        shared.phones.object(format!("twilio knows no field {strange} of {kind}"));
    }
    let made = shared.lock().make(if calls { "CA" } else { "SM" }, fields);
    let json = made.json();
    tokio::spawn(life::live(shared.clone(), made, fault));
    match fault {
        Some(Fault::LoseReply) => lost(),
        Some(Fault::AcceptThenHang) => std::future::pending().await,
        _ => reply(StatusCode::CREATED, &json),
    }
}

/// `GET …/Calls/<sid>.json` and `GET …/Messages/<sid>.json`.
pub(super) async fn fetch(
    From(shared): From<Shared>,
    Path((account, kind, file)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let mut state = shared.lock();
    if state.down {
        return lost();
    }
    if let Some(no) = stranger(&state, &account, &headers) {
        return refuse(no);
    }
    let prefix = if kind == "Calls" { "CA" } else { "SM" };
    let sid = file.strip_suffix(".json").filter(|sid| sid.starts_with(prefix));
    match sid.and_then(|sid| state.find(sid)) {
        Some(found) => reply(StatusCode::OK, &found.json()),
        None => refuse((404, 20404, "The requested resource was not found")),
    }
}

/// What ends a request before anything is taken.
async fn early(fault: Option<Fault>) -> Option<Response> {
    match fault? {
        Fault::RateLimited(seconds) => {
            let mut answer = refuse((429, 20429, "Too Many Requests"));
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            Some(answer)
        }
        Fault::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            Some((status, "<html>Something went wrong</html>").into_response())
        }
        Fault::Refuse(code) => Some(refuse((400, code, "Refused on demand"))),
        Fault::LoseRequest => Some(lost()),
        Fault::Hang => std::future::pending().await,
        Fault::LoseReply
        | Fault::AcceptThenHang
        | Fault::Lie
        | Fault::Undelivered(_)
        | Fault::DieInMidCall => None,
    }
}

fn stranger(state: &State, account: &str, headers: &HeaderMap) -> Option<Refusal> {
    const NO: Refusal = (401, 20003, "Authenticate");
    let basic = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let known = basic.and_then(|basic| {
        let basic = basic.strip_prefix("Basic ")?;
        let text = String::from_utf8(BASE64.decode(basic.as_bytes()).ok()?).ok()?;
        let (user, token) = text.split_once(':')?;
        (user == ACCOUNT && state.tokens.contains(token)).then_some(())
    });
    match known {
        None => Some(NO),
        Some(()) if account != ACCOUNT => {
            Some((404, 20404, "The requested resource was not found"))
        }
        Some(()) => None,
    }
}

fn fields(body: &[u8]) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in form_urlencoded::parse(body) {
        fields.entry(name.into()).or_default().push(value.into());
    }
    fields
}

fn one<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(|all| all.first()).map_or("", String::as_str)
}

fn call(state: &State, fields: &Fields) -> Option<Refusal> {
    let field = |name| one(fields, name);
    let events = fields.get("StatusCallbackEvent").map_or(&[][..], Vec::as_slice);
    let seconds = |text: &str| text.parse::<u32>().is_ok_and(|it| (1..=600).contains(&it));
    match () {
        () if field("To").is_empty() => Some((400, 21201, "No 'To' number is specified")),
        () if !is_number(field("To")) => Some((400, 21211, "Invalid 'To' Phone Number")),
        () if field("From").is_empty() => Some((400, 21603, "A 'From' number is required")),
        () if !state.numbers.contains(field("From")) => {
            Some((400, 21606, "The 'From' number is not one of the account"))
        }
        () if !is_address(field("Url")) => Some((400, 11100, "Url is not a valid URL")),
        () if has(fields, "FallbackUrl") && !is_address(field("FallbackUrl")) => {
            Some((400, 11100, "FallbackUrl is not a valid URL"))
        }
        () if has(fields, "StatusCallback") && !is_address(field("StatusCallback")) => {
            Some((400, 21609, "Invalid 'StatusCallback' URL"))
        }
        () if !events.iter().all(|event| EVENTS.contains(&event.as_str())) => {
            Some((400, 21626, "Invalid 'StatusCallbackEvent'"))
        }
        () if has(fields, "Timeout") && !seconds(field("Timeout")) => {
            Some((400, 21218, "Invalid 'Timeout'"))
        }
        () => None,
    }
}

fn message(state: &State, fields: &Fields) -> Option<Refusal> {
    let field = |name| one(fields, name);
    match () {
        () if field("To").is_empty() => Some((400, 21604, "A 'To' number is required")),
        () if !is_number(field("To")) => Some((400, 21211, "Invalid 'To' Phone Number")),
        () if field("From").is_empty() => Some((400, 21603, "A 'From' number is required")),
        () if !state.numbers.contains(field("From")) => {
            Some((400, 21606, "The 'From' number can't send messages"))
        }
        () if field("Body").is_empty() => Some((400, 21602, "Message body is required")),
        () if field("Body").chars().count() > BODY_MAX => {
            Some((400, 21617, "The message body exceeds the 1600 character limit"))
        }
        () if has(fields, "StatusCallback") && !is_address(field("StatusCallback")) => {
            Some((400, 21609, "Invalid 'StatusCallback' URL"))
        }
        () if state.opted_out.contains(field("To")) => {
            Some((400, 21610, "Attempt to send to unsubscribed recipient"))
        }
        () => None,
    }
}

fn has(fields: &Fields, name: &str) -> bool {
    fields.contains_key(name)
}

/// E.164.
fn is_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit())
    })
}

fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn refuse((status, code, message): Refusal) -> Response {
    let body = json!({
        "code": code,
        "message": message,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status,
    });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    reply(status, &body)
}
