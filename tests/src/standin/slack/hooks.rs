//! Late answers to what somebody did: posts to a `response_url`, and what stands in our immediate reply.

use axum::body::Bytes;
use axum::extract::{Path, State as From};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::answer::{Args, Refusal};
use super::calls::Outcome;
use super::faults::Fault;
use super::state::{RESPONSE_LIFE, RESPONSES_MAX, ResponseUrl, State};
use super::workspace::{Ephemeral, Message};
use super::{BOT_USER, Shared, door, methods};
use crate::standin::http::lost;

/// The name of these posts in the list of calls and for faults.
const NAME: &str = "response_url";

/// A post to a `response_url`. Success is the word `ok`; an error is its name, with a status that says whose it is.
pub(super) async fn respond(
    From(state): From<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (call, fault) = {
        let mut state = state.lock();
        (state.note(NAME, message.clone()), state.faults.due(NAME))
    };
    match fault {
        Some(Fault::Delay(time)) => sleep(time).await,
        Some(Fault::Hang) => std::future::pending::<()>().await,
        _ => {}
    }
    if let Some(early) = door::before(&mut state.lock(), call, fault.as_ref(), refusal) {
        return early;
    }
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("application/json")));
    let answer = if is_json && message.is_object() {
        take(&mut state.lock(), &id, &message)
    } else {
        Err((StatusCode::BAD_REQUEST, "invalid_payload".into()))
    };
    let unheard = matches!(fault, Some(Fault::LoseReply | Fault::AcceptThenHang));
    let (outcome, response) = match answer {
        Ok(()) if unheard => (Outcome::DoneUnheard, lost()),
        Ok(()) => (Outcome::Done, "ok".into_response()),
        Err((status, error)) => (Outcome::Refused(error.clone()), (status, error).into_response()),
    };
    state.lock().settle(call, outcome);
    if fault == Some(Fault::AcceptThenHang) {
        std::future::pending::<()>().await;
    }
    response
}

/// An error as this address says it: its name alone.
fn refusal(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, error.to_owned()).into_response()
}

fn take(state: &mut State, id: &str, message: &Value) -> Result<(), (StatusCode, String)> {
    let now = state.now();
    let no = |error: &str| (StatusCode::NOT_FOUND, error.to_owned());
    let url = state.responses.get_mut(id).ok_or_else(|| no("expired_url"))?;
    if now - url.at > RESPONSE_LIFE.as_millis() as i64 {
        return Err(no("expired_url"));
    }
    if url.posts >= RESPONSES_MAX {
        return Err(no("used_url"));
    }
    url.posts += 1;
    let to = url.clone();
    state.answered(&to, message, NAME).map_err(|refusal| (StatusCode::BAD_REQUEST, refusal.error))
}

impl State {
    /// Shows an answer where it belongs: to one person unless it says otherwise, in place of what was clicked if it says
    /// so.
    pub(super) fn answered(
        &mut self,
        to: &ResponseUrl,
        message: &Value,
        by: &'static str,
    ) -> Result<(), Refusal> {
        let args = Args(message.clone());
        let blocks = methods::blocks_of(&args)?.unwrap_or_default();
        let (text, at) = (args.text("text"), self.now());
        if args.flag("delete_original") {
            return self.drop_original(to);
        }
        let text = text.ok_or("no_text")?;
        if args.flag("replace_original") {
            let blocks = Some(blocks).filter(|blocks| !blocks.is_null());
            return self.original(to).map(|message| message.change(at, Some(text), blocks));
        }
        let (channel, user) = (to.channel.clone(), to.user.clone());
        if message["response_type"] != json!("in_channel") {
            let ts = self.ts();
            self.ephemerals.push(Ephemeral { at, channel, user, ts, text, blocks, by });
            return Ok(());
        }
        let (ts, user) = (self.ts(), BOT_USER.into());
        let message = Message { ts, user, text, blocks, ..Message::default() };
        self.channel(&channel)?.messages.push(message);
        Ok(())
    }

    fn original(&mut self, to: &ResponseUrl) -> Result<&mut Message, Refusal> {
        let ts = to.ts.clone().ok_or("message_not_found")?;
        let channel = self.channel(&to.channel)?;
        let message = channel.messages.iter_mut().find(|message| message.ts == ts);
        message.ok_or_else(|| "message_not_found".into())
    }

    fn drop_original(&mut self, to: &ResponseUrl) -> Result<(), Refusal> {
        let ts = self.original(to)?.ts.clone();
        self.channel(&to.channel)?.messages.retain(|message| message.ts != ts);
        Ok(())
    }
}
