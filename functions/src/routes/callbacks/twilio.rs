//! Twilio's callbacks: forms, signed with the account's token.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use shared::id::EffectKey;

use super::super::answer::Refused;
use super::super::webhook::whole;
use super::texts::Text;
use super::{Callbacks, twiml, unavailable};
use crate::proof;
use crate::vendors::phone::{stage, urls};

type Form = HashMap<String, String>;

/// What to say to somebody who picked up.
pub(super) async fn answer(
    State(at): State<Arc<Callbacks>>,
    Path(page): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let form = proven(&at, &uri, &headers, body).await?;
    let key = named(&page)?;
    let machine = field(&form, "AnsweredBy");
    let machine = machine.starts_with("machine") || machine == "fax";
    let line = at.greet(&key, round(&uri), machine).await.map_err(unavailable)?;
    Ok(twiml::call(&line, &address(&at, &key)))
}

/// A key was pressed.
pub(super) async fn gather(
    State(at): State<Arc<Callbacks>>,
    Path(page): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let form = proven(&at, &uri, &headers, body).await?;
    let key = named(&page)?;
    let (call, digits) = (field(&form, "CallSid"), field(&form, "Digits"));
    let line = if asked_for_code(&uri) {
        at.code(&key, call, digits).await
    } else {
        at.press(&key, call, digits).await
    };
    Ok(twiml::call(&line, &address(&at, &key)))
}

/// A call has come further.
pub(super) async fn call_status(
    State(at): State<Arc<Callbacks>>,
    Path(page): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let form = proven(&at, &uri, &headers, body).await?;
    let by = form.get("AnsweredBy").map(String::as_str);
    if let Some(stage) = stage::twilio_call(field(&form, "CallStatus"), by) {
        let sequence = form.get("SequenceNumber").and_then(|it| it.parse().ok());
        at.report(named(&page)?, "twilio", field(&form, "CallSid"), sequence, stage).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A message has come further.
pub(super) async fn text_status(
    State(at): State<Arc<Callbacks>>,
    Path(page): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let form = proven(&at, &uri, &headers, body).await?;
    let code = form.get("ErrorCode").map(String::as_str);
    if let Some(stage) = stage::twilio_text(field(&form, "MessageStatus"), code) {
        at.report(named(&page)?, "twilio", field(&form, "MessageSid"), None, stage).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Somebody wrote to us.
pub(super) async fn written(
    State(at): State<Arc<Callbacks>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let form = proven(&at, &uri, &headers, body).await?;
    let (from, body) = (field(&form, "From"), field(&form, "Body"));
    let text = Text { from, body, id: field(&form, "MessageSid"), via: "twilio" };
    let reply = at.written(&text).await?;
    Ok(twiml::text(reply.as_deref()))
}

/// The form, once it is proven to be Twilio's.
async fn proven(
    at: &Callbacks,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<Form, Refused> {
    let body = whole(headers, body).await?;
    let asked = uri.path_and_query().map_or("/", |it| it.as_str());
    let mut last = None;
    for url in at.phones.urls.iter().flat_map(|urls| urls.all_of(asked)) {
        match proof::twilio(&at.tokens, headers, &url, body.clone()) {
            Ok(verified) => {
                let fields = form_urlencoded::parse(verified.body());
                return Ok(fields.into_owned().collect());
            }
            Err(refused) => last = Some(refused),
        }
    }
    let why = last.map_or_else(String::new, |refused| refused.to_string());
    tracing::warn!(provider = "twilio", why, "callback refused");
    let todo = "sign it with TWILIO_AUTH_TOKEN, for phone.callback_url of the plan";
    Err(Refused::new(StatusCode::UNAUTHORIZED, why, todo))
}

fn field<'a>(form: &'a Form, name: &str) -> &'a str {
    form.get(name).map_or("", String::as_str)
}

/// The page that a path names.
pub(super) fn named(page: &str) -> Result<EffectKey, Refused> {
    urls::named(page).ok_or_else(|| {
        let todo = "call the address that the page was sent with";
        Refused::new(StatusCode::NOT_FOUND, "there is no such page", todo)
    })
}

/// Which time the menu is said: 1 is the first.
pub(super) fn round(uri: &Uri) -> u32 {
    let query = uri.query().unwrap_or_default();
    let round = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "round");
    round.and_then(|(_, number)| number.parse().ok()).unwrap_or(1)
}

/// Whether what is pressed is a code: a slow finger's first digit must not be taken for a key of the menu.
pub(super) fn asked_for_code(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "code")
}

fn address(at: &Callbacks, key: &EffectKey) -> String {
    at.phones.urls.as_ref().map_or_else(String::new, |urls| urls.call("twilio", key).answer)
}
