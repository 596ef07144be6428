//! Vonage's callbacks: JSON, with a token that is good once.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use shared::id::EffectKey;
use shared::plan::Carrier;

use super::super::answer::Refused;
use super::super::webhook::whole;
use super::texts::Text;
use super::{Callbacks, asked_for_code, named, ncco, round, unavailable};
use crate::proof;
use crate::vendors::phone::stage;

/// A body that is proven to be Vonage's, with the token that it came with: there is no other way to have one.
pub(super) struct Proven {
    json: Value,
    token: String,
    /// Whether this very request was carried out before.
    again: bool,
}

impl FromRequest<Arc<Callbacks>> for Proven {
    type Rejection = Refused;

    async fn from_request(request: Request, at: &Arc<Callbacks>) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        proven(at, &parts.headers, body).await
    }
}

/// What to say to somebody who picked up.
pub(super) async fn answer(
    State(at): State<Arc<Callbacks>>,
    Path(page): Path<String>,
    uri: Uri,
    _proven: Proven,
) -> Result<Response, Refused> {
    let key = named(&page)?;
    let line = at.greet(&key, round(&uri), false).await.map_err(unavailable)?;
    Ok(ncco::call(&line, &address(&at, &key)))
}

/// A key was pressed, or none in time.
pub(super) async fn input(
    State(at): State<Arc<Callbacks>>,
    Path(page): Path<String>,
    uri: Uri,
    Proven { json, .. }: Proven,
) -> Result<Response, Refused> {
    let key = named(&page)?;
    let line = match json["dtmf"]["digits"].as_str().unwrap_or_default() {
        "" => at.greet(&key, round(&uri), false).await.map_err(unavailable)?,
        digits if asked_for_code(&uri) => at.code(&key, text(&json, "uuid"), digits).await,
        pressed => at.press(&key, text(&json, "uuid"), pressed).await,
    };
    Ok(ncco::call(&line, &address(&at, &key)))
}

/// A call has come further.
pub(super) async fn call_status(
    State(at): State<Arc<Callbacks>>,
    Path(page): Path<String>,
    Proven { json, token, again }: Proven,
) -> Result<Response, Refused> {
    let (uuid, status) = (text(&json, "uuid"), text(&json, "status"));
    if status == "machine" {
        at.machines.note(uuid.to_owned());
    }
    match stage::vonage_call(status, at.machines.has(uuid)) {
        Some(stage) if !again => at.report(named(&page)?, "vonage", uuid, None, stage).await?,
        _ => {}
    }
    at.heard.note(token);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A message has come further.
pub(super) async fn text_status(
    State(at): State<Arc<Callbacks>>,
    Path(page): Path<String>,
    Proven { json, token, again }: Proven,
) -> Result<Response, Refused> {
    let error = &json["error"];
    let code =
        error["title"].as_str().map_or_else(|| error["title"].to_string(), ToOwned::to_owned);
    let stage = stage::vonage_text(text(&json, "status"), &code, text(error, "detail"));
    match stage {
        Some(stage) if !again => {
            at.report(named(&page)?, "vonage", text(&json, "message_uuid"), None, stage).await?;
        }
        _ => {}
    }
    at.heard.note(token);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Somebody wrote to us. An answer is a message of its own.
pub(super) async fn written(
    State(at): State<Arc<Callbacks>>,
    Proven { json, token, again }: Proven,
) -> Result<Response, Refused> {
    if !again {
        let from = format!("+{}", text(&json, "from"));
        let id = text(&json, "message_uuid");
        let written = Text { from: &from, body: text(&json, "text"), id, via: "vonage" };
        if let Some(reply) = at.written(&written).await? {
            tokio::spawn(reply_to(Arc::clone(&at), from, reply));
        }
        at.heard.note(token);
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn reply_to(at: Arc<Callbacks>, to: String, reply: String) {
    let said = at.phones.text(Carrier::Vonage, &to, &reply, None).await;
    tracing::info!(provider = "vonage", taken = said.counts_for_it(), "answered a message");
}

/// The body, once it is proven to be Vonage's.
async fn proven(at: &Callbacks, headers: &HeaderMap, body: Body) -> Result<Proven, Refused> {
    let body = whole(headers, body).await?;
    let verified = proof::vonage(&at.secrets, headers, body, (at.clock)()).map_err(|refused| {
        tracing::warn!(provider = "vonage", why = %refused, "callback refused");
        let todo = "sign it with VONAGE_SIGNATURE_SECRET";
        Refused::new(StatusCode::UNAUTHORIZED, refused.to_string(), todo)
    })?;
    let json = serde_json::from_slice(verified.body()).map_err(|_| {
        Refused::new(StatusCode::BAD_REQUEST, "the body is no JSON", "send webhooks as POST")
    })?;
    let token = format!("vonage/{}", verified.delivery_id().unwrap_or_default());
    let again = at.heard.has(&token);
    Ok(Proven { json, token, again })
}

fn text<'a>(json: &'a Value, name: &str) -> &'a str {
    json[name].as_str().unwrap_or_default()
}

fn address(at: &Callbacks, key: &EffectKey) -> String {
    at.phones.urls.as_ref().map_or_else(String::new, |urls| urls.call("vonage", key).answer)
}
