//! What Slack sends us over HTTP: commands, presses, forms, events.
//!
//! The signature is checked first, over the raw bytes. Then the order is carried out, and what came of it is the
//! answer, if that takes no longer than [`ANSWER_WITHIN`]; what takes longer is acknowledged, and answered afterwards.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use functions::proof;
use serde_json::{Value, json};
use shared::ledger::Hash;
use shared::time::{Span, Ts};
use slack_morphism::prelude::{
    SlackCommandEvent, SlackInteractionBlockActionsEvent, SlackInteractionEvent,
    SlackInteractionViewSubmissionEvent, SlackResponseUrl, SlackUserId,
};
use tokio::time::timeout;

use super::action::Action;
use super::face::Face;
use super::{Message, modal, pinned, room};

/// Slack waits for three seconds, and its network takes some of them.
const ANSWER_WITHIN: Duration = Duration::from_millis(1_500);
/// How long a request may be replayed: the tolerance of its time, both ways.
const REPLAYED_WITHIN: Span = Span::secs(600);

/// The routes of the face.
pub fn routes(face: Arc<Face>) -> Router {
    let door = Arc::new(Door { face, seen: Mutex::default() });
    Router::new()
        .route("/slack/commands", post(commands))
        .route("/slack/interactions", post(interactions))
        .route("/slack/events", post(events))
        .with_state(door)
}

struct Door {
    face: Arc<Face>,
    seen: Mutex<Seen>,
}

/// Requests that were taken, in two ages: when the younger is as old as a request can be replayed, the older is
/// forgotten. Only what Slack signed gets here, so its own pace bounds them.
#[derive(Default)]
struct Seen {
    young: HashSet<Hash>,
    old: HashSet<Hash>,
    since: Ts,
}

impl Seen {
    /// Whether this one was not taken before.
    fn takes(&mut self, request: Hash, now: Ts) -> bool {
        if now.since(self.since) > REPLAYED_WITHIN {
            self.old = std::mem::take(&mut self.young);
            self.since = now;
        }
        !self.old.contains(&request) && self.young.insert(request)
    }
}

/// Why a request is not taken.
enum Closed {
    Refused(StatusCode, String),
    /// It was taken before.
    Replayed,
}

impl IntoResponse for Closed {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(status, why) => (
                status,
                [(header::CONTENT_TYPE, "application/json")],
                json!({"error": why}).to_string(),
            )
                .into_response(),
            Self::Replayed => StatusCode::OK.into_response(),
        }
    }
}

impl Door {
    /// The body, if Slack signed it just now and it was not taken before.
    fn open(&self, headers: &HeaderMap, body: Bytes) -> Result<Bytes, Closed> {
        if self.face.secrets.is_empty() {
            let why = "no signing secret is set: set SLACK_SIGNING_SECRET";
            return Err(Closed::Refused(StatusCode::SERVICE_UNAVAILABLE, why.into()));
        }
        let now = (self.face.clock)();
        let verified = proof::slack(&self.face.secrets, headers, body, now)
            .map_err(|why| Closed::Refused(StatusCode::UNAUTHORIZED, why.to_string()))?;
        // Not the signature, which may be written in more than one way: what it is made of.
        let signed_at =
            headers.get("x-slack-request-timestamp").map_or(&[][..], |it| it.as_bytes());
        let request = Hash::of(&[signed_at, verified.body()]);
        if self.seen.lock().unwrap_or_else(PoisonError::into_inner).takes(request, now) {
            Ok(verified.body().clone())
        } else {
            Err(Closed::Replayed)
        }
    }
}

async fn commands(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Closed> {
    let body = door.open(&headers, body)?;
    let fields: serde_json::Map<String, Value> = form_urlencoded::parse(&body)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    let event: SlackCommandEvent =
        serde_json::from_value(Value::Object(fields)).map_err(|error| unreadable(&error))?;
    let face = Arc::clone(&door.face);
    let url = event.response_url.clone();
    let work = async move {
        let text = event.text.unwrap_or_default();
        let place = (&event.user_id, &event.channel_id);
        face.typed(&event.command.0, &text, place, &event.trigger_id.0).await
    };
    let answer = soon(Arc::clone(&door.face), Some(url), work).await;
    let answer = answer.unwrap_or_else(|| room::notice("Working on it: the answer follows here."));
    Ok(ephemeral(&answer))
}

async fn interactions(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Closed> {
    let body = door.open(&headers, body)?;
    let payload = form_urlencoded::parse(&body).find(|(name, _)| name == "payload");
    let payload = payload.map(|(_, value)| value.into_owned()).unwrap_or_default();
    let event: SlackInteractionEvent =
        serde_json::from_str(&payload).map_err(|error| unreadable(&error))?;
    match event {
        SlackInteractionEvent::BlockActions(pressed) => {
            // What is acknowledged is done, unless it takes long.
            let work = tokio::spawn(press(Arc::clone(&door.face), pressed));
            let _done_or_late = timeout(ANSWER_WITHIN, work).await;
            Ok(StatusCode::OK.into_response())
        }
        SlackInteractionEvent::ViewSubmission(form) => Ok(submit(&door.face, form).await),
        // Nothing of ours waits for these.
        SlackInteractionEvent::BlockSuggestion(_)
        | SlackInteractionEvent::DialogSubmission(_)
        | SlackInteractionEvent::MessageAction(_)
        | SlackInteractionEvent::Shortcut(_)
        | SlackInteractionEvent::ViewClosed(_) => Ok(StatusCode::OK.into_response()),
    }
}

/// Does what was pressed; whoever pressed hears what came of it.
async fn press(face: Arc<Face>, event: SlackInteractionBlockActionsEvent) {
    let Some(user) = event.user.as_ref().map(|user| user.id.clone()) else { return };
    let channel = event.channel.as_ref().map(|channel| channel.id.clone());
    for pressed in event.actions.iter().flatten() {
        let at = pressed.action_ts.as_ref().map_or("", |ts| ts.0.as_str());
        let key = format!("{}/{at}/{}", event.trigger_id.0, pressed.action_id.0);
        let answers = match Action::pressed(pressed) {
            Ok(action) => {
                face.pressed(action, &user, &event.trigger_id, channel.clone(), &key).await
            }
            Err(why) => vec![room::refusal(&why.to_string())],
        };
        for answer in answers {
            reply(&face, event.response_url.as_ref(), answer).await;
        }
    }
}

/// A form closes when it was taken; what is wrong with it is shown in it.
async fn submit(face: &Arc<Face>, form: SlackInteractionViewSubmissionEvent) -> Response {
    let (order, channel) = match face.submitted(&form.view) {
        Ok(asked) => asked,
        Err(rejection) => {
            let response = rejection.response().and_then(|it| serde_json::to_value(it).ok());
            let says = || modal_says(&rejection.to_string());
            return as_json(&response.unwrap_or_else(says));
        }
    };
    let key = format!("view/{}", form.view.state_params.id.0);
    let (worker, user) = (Arc::clone(face), form.user.id.clone());
    let mut work = tokio::spawn(async move { worker.obey(&order, &user, &key).await });
    match timeout(ANSWER_WITHIN, &mut work).await {
        Ok(Ok(Err(why))) => return as_json(&modal_says(&format!("{why:#}"))),
        // It is done: the card says what came of it.
        Ok(_) => {}
        Err(_late) => {
            let (face, user) = (Arc::clone(face), form.user.id);
            tokio::spawn(async move {
                if let Ok(Err(why)) = work.await {
                    let channel = channel.as_ref().unwrap_or(&face.channel);
                    let refusal = room::refusal(&format!("{why:#}"));
                    if let Err(trouble) = face.api.whisper(channel, &user, refusal).await {
                        tracing::warn!(error = %trouble, "failed to answer in Slack");
                    }
                }
            });
        }
    }
    StatusCode::OK.into_response()
}

/// A form that says why nothing was done.
fn modal_says(why: &str) -> Value {
    let mut view = serde_json::to_value(modal::refused(why)).unwrap_or_default();
    view["type"] = json!("modal");
    json!({"response_action": "update", "view": view})
}

async fn events(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Closed> {
    let body = door.open(&headers, body)?;
    let event: Value = serde_json::from_slice(&body).map_err(|error| unreadable(&error))?;
    match event["type"].as_str() {
        Some("url_verification") => Ok(as_json(&json!({"challenge": event["challenge"]}))),
        Some("event_callback") => {
            pinned::heard(&door.face, &event["event"]);
            if let ("app_home_opened", Some(user)) = (
                event["event"]["type"].as_str().unwrap_or_default(),
                event["event"]["user"].as_str(),
            ) {
                let (face, user) = (Arc::clone(&door.face), SlackUserId(user.to_owned()));
                tokio::spawn(async move {
                    if let Err(trouble) = face.home(&user).await {
                        tracing::warn!(error = %trouble, "failed to show a home tab");
                    }
                });
            }
            Ok(StatusCode::OK.into_response())
        }
        _ => Ok(StatusCode::OK.into_response()),
    }
}

/// The first part of the answer, if it is there soon; the rest, or all of it, follows by the response URL.
async fn soon(
    face: Arc<Face>,
    url: Option<SlackResponseUrl>,
    work: impl Future<Output = Vec<Message>> + Send + 'static,
) -> Option<Message> {
    let (first, mut answered) = tokio::sync::oneshot::channel();
    let worker = async move {
        let mut answers = work.await.into_iter();
        let unheard = match answers.next() {
            Some(answer) => first.send(answer).err(),
            None => None,
        };
        for answer in unheard.into_iter().chain(answers) {
            reply(&face, url.as_ref(), answer).await;
        }
    };
    tokio::spawn(worker);
    match timeout(ANSWER_WITHIN, &mut answered).await {
        Ok(answer) => answer.ok(),
        Err(_late) => {
            // What came in this very moment is not lost either.
            answered.close();
            answered.try_recv().ok()
        }
    }
}

async fn reply(face: &Face, url: Option<&SlackResponseUrl>, answer: Message) {
    let Some(url) = url else { return };
    if let Err(trouble) = face.api.answer(url, answer).await {
        tracing::warn!(error = %trouble, "failed to answer in Slack");
    }
}

fn ephemeral(message: &Message) -> Response {
    as_json(&json!({
        "response_type": "ephemeral",
        "text": message.text,
        "blocks": message.blocks,
    }))
}

fn as_json(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn unreadable(error: &serde_json::Error) -> Closed {
    Closed::Refused(StatusCode::BAD_REQUEST, format!("this is not what Slack sends: {error}"))
}
