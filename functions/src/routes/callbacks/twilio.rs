//! Twilio's callbacks: forms, signed with the account's token.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use shared::id::EffectKey;

use super::super::answer::Refused;
use super::super::webhook::whole;
use super::texts::Text;
use super::{Callbacks, asked_for_code, named, round, twiml, unavailable};
use crate::proof;
use crate::vendors::phone::stage;

/// A form that is proven to be Twilio's: there is no other way to have one.
pub(super) struct Form(HashMap<String, String>);

impl FromRequest<Arc<Callbacks>> for Form {
    type Rejection = Refused;

    async fn from_request(request: Request, at: &Arc<Callbacks>) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        proven(at, &parts.uri, &parts.headers, body).await.map(Self)
    }
}

impl Form {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn field(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }
}

/// What to say to somebody who picked up.
pub(super) async fn answer(
    State(at): State<Arc<Callbacks>>,
    Path(page): Path<String>,
    uri: Uri,
    form: Form,
) -> Result<Response, Refused> {
    let key = named(&page)?;
    let machine = form.field("AnsweredBy");
    let machine = machine.starts_with("machine") || machine == "fax";
    let line = at.greet(&key, round(&uri), machine).await.map_err(unavailable)?;
    Ok(twiml::call(&line, &address(&at, &key)))
}

/// A key was pressed.
pub(super) async fn gather(
    State(at): State<Arc<Callbacks>>,
    Path(page): Path<String>,
    uri: Uri,
    form: Form,
) -> Result<Response, Refused> {
    let key = named(&page)?;
    let (call, digits) = (form.field("CallSid"), form.field("Digits"));
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
    form: Form,
) -> Result<Response, Refused> {
    let by = form.get("AnsweredBy");
    if let Some(stage) = stage::twilio_call(form.field("CallStatus"), by) {
        let sequence = form.get("SequenceNumber").and_then(|it| it.parse().ok());
        at.report(named(&page)?, "twilio", form.field("CallSid"), sequence, stage).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A message has come further.
pub(super) async fn text_status(
    State(at): State<Arc<Callbacks>>,
    Path(page): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let code = form.get("ErrorCode");
    if let Some(stage) = stage::twilio_text(form.field("MessageStatus"), code) {
        at.report(named(&page)?, "twilio", form.field("MessageSid"), None, stage).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Somebody wrote to us.
pub(super) async fn written(
    State(at): State<Arc<Callbacks>>,
    form: Form,
) -> Result<Response, Refused> {
    let (from, body) = (form.field("From"), form.field("Body"));
    let text = Text { from, body, id: form.field("MessageSid"), via: "twilio" };
    let reply = at.written(&text).await?;
    Ok(twiml::text(reply.as_deref()))
}

/// The fields of the form, once it is proven to be Twilio's.
async fn proven(
    at: &Callbacks,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<HashMap<String, String>, Refused> {
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

fn address(at: &Callbacks, key: &EffectKey) -> String {
    at.phones.urls.as_ref().map_or_else(String::new, |urls| urls.call("twilio", key).answer)
}
