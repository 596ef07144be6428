//! What to do with what Slack sends, whatever way it came: a command, a press, a form, an event.
//!
//! What Slack sends twice has one effect: everything is named by what Slack calls it, over HTTP and sockets alike.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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
pub const ANSWER_WITHIN: Duration = Duration::from_millis(1_500);
/// How long something may be sent again: the tolerance of a request's time, both ways.
const REPEATED_WITHIN: Span = Span::secs(600);
/// Names remembered in one age; only what Slack itself sent gets here.
const REMEMBERED: usize = 50_000;

/// Something Slack sent.
pub struct Sent {
    /// Its name: sent again it has the same.
    name: Hash,
    what: What,
}

enum What {
    Command(Box<SlackCommandEvent>),
    Press(Box<SlackInteractionBlockActionsEvent>),
    Form(Box<SlackInteractionViewSubmissionEvent>),
    Event(Value),
    /// Nothing of ours waits for it.
    Other,
}

impl Sent {
    /// Reads the fields of a slash command.
    ///
    /// # Errors
    /// It is none.
    pub fn command(payload: Value) -> serde_json::Result<Self> {
        let name = name_of(&payload);
        Ok(Self { name, what: What::Command(Box::new(serde_json::from_value(payload)?)) })
    }

    /// Reads a press, a form and their like.
    ///
    /// # Errors
    /// It is none.
    pub fn interaction(payload: Value) -> serde_json::Result<Self> {
        let name = name_of(&payload);
        let what = match serde_json::from_value(payload)? {
            SlackInteractionEvent::BlockActions(pressed) => What::Press(Box::new(pressed)),
            SlackInteractionEvent::ViewSubmission(form) => What::Form(Box::new(form)),
            SlackInteractionEvent::BlockSuggestion(_)
            | SlackInteractionEvent::DialogSubmission(_)
            | SlackInteractionEvent::MessageAction(_)
            | SlackInteractionEvent::Shortcut(_)
            | SlackInteractionEvent::ViewClosed(_) => What::Other,
        };
        Ok(Self { name, what })
    }

    /// What happened in the workspace.
    pub fn event(payload: Value) -> Self {
        Self { name: name_of(&payload), what: What::Event(payload) }
    }

    /// Whether what comes of it may stand in the answer; everything else can be acknowledged before it is done.
    pub fn is_answered(&self) -> bool {
        match self.what {
            What::Command(_) | What::Form(_) => true,
            What::Press(_) | What::Event(_) | What::Other => false,
        }
    }
}

/// A command or an interaction is named by its trigger, an event by its id. What has neither is named by what it says.
fn name_of(payload: &Value) -> Hash {
    let named = ["trigger_id", "event_id"].into_iter().find_map(|field| {
        let name = payload[field].as_str().filter(|name| !name.is_empty())?;
        Some(Hash::of(&[field.as_bytes(), name.as_bytes()]))
    });
    named.unwrap_or_else(|| Hash::of(&[payload.to_string().as_bytes()]))
}

/// Where everything from Slack comes in.
pub struct Inbox {
    /// Who does it.
    pub face: Arc<Face>,
    seen: Mutex<Seen>,
}

/// What was taken, in two ages: when the younger is as old as anything can be sent again, or full, the older is
/// forgotten.
#[derive(Default)]
struct Seen {
    young: HashSet<Hash>,
    old: HashSet<Hash>,
    since: Ts,
}

impl Seen {
    /// Whether this one was not taken before.
    fn takes(&mut self, name: Hash, now: Ts) -> bool {
        if now.since(self.since) > REPEATED_WITHIN || self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
            self.since = now;
        }
        !self.old.contains(&name) && self.young.insert(name)
    }
}

impl Inbox {
    /// An empty one.
    pub fn new(face: Arc<Face>) -> Self {
        Self { face, seen: Mutex::default() }
    }

    /// Does it, and says what stands in the answer: null for nothing, as for what was taken before. What takes longer
    /// than [`ANSWER_WITHIN`] is answered afterwards.
    pub async fn take(&self, sent: Sent) -> Value {
        let now = (self.face.clock)();
        if !self.seen.lock().unwrap_or_else(PoisonError::into_inner).takes(sent.name, now) {
            return Value::Null;
        }
        match sent.what {
            What::Command(typed) => command(&self.face, *typed).await,
            What::Press(pressed) => {
                // What is answered is done, unless it takes long.
                let work = tokio::spawn(press(Arc::clone(&self.face), *pressed));
                let _done_or_late = timeout(ANSWER_WITHIN, work).await;
                Value::Null
            }
            What::Form(form) => submit(&self.face, *form).await,
            What::Event(event) => happened(&self.face, &event),
            What::Other => Value::Null,
        }
    }
}

async fn command(face: &Arc<Face>, typed: SlackCommandEvent) -> Value {
    let (worker, url) = (Arc::clone(face), typed.response_url.clone());
    let work = async move {
        let text = typed.text.unwrap_or_default();
        let place = (&typed.user_id, &typed.channel_id);
        worker.typed(&typed.command.0, &text, place, &typed.trigger_id.0).await
    };
    let answer = soon(Arc::clone(face), Some(url), work).await;
    let answer = answer.unwrap_or_else(|| room::notice("Working on it: the answer follows here."));
    json!({"response_type": "ephemeral", "text": answer.text, "blocks": answer.blocks})
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
async fn submit(face: &Arc<Face>, form: SlackInteractionViewSubmissionEvent) -> Value {
    let (order, channel) = match face.submitted(&form.view) {
        Ok(asked) => asked,
        Err(rejection) => {
            let response = rejection.response().and_then(|it| serde_json::to_value(it).ok());
            return response.unwrap_or_else(|| modal_says(&rejection.to_string()));
        }
    };
    let key = format!("view/{}", form.view.state_params.id.0);
    let (worker, user) = (Arc::clone(face), form.user.id.clone());
    let mut work = tokio::spawn(async move { worker.obey(&order, &user, &key).await });
    match timeout(ANSWER_WITHIN, &mut work).await {
        Ok(Ok(Err(why))) => return modal_says(&format!("{why:#}")),
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
    Value::Null
}

/// A form that says why nothing was done.
fn modal_says(why: &str) -> Value {
    let mut view = serde_json::to_value(modal::refused(why)).unwrap_or_default();
    view["type"] = json!("modal");
    json!({"response_action": "update", "view": view})
}

fn happened(face: &Arc<Face>, event: &Value) -> Value {
    if event["type"] == "url_verification" {
        return json!({"challenge": event["challenge"]});
    }
    let inner = &event["event"];
    pinned::heard(face, inner);
    if let (Some("app_home_opened"), Some(user)) = (inner["type"].as_str(), inner["user"].as_str())
    {
        let (face, user) = (Arc::clone(face), SlackUserId(user.to_owned()));
        tokio::spawn(async move {
            if let Err(trouble) = face.home(&user).await {
                tracing::warn!(error = %trouble, "failed to show a home tab");
            }
        });
    }
    Value::Null
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(number: usize) -> Hash {
        name_of(&json!({"event_id": format!("Ev{number}"), "retry": number}))
    }

    #[test]
    fn what_slack_names_alike_is_taken_once_whatever_stands_around_it() {
        let mut seen = Seen::default();
        let (first, again) =
            (json!({"event_id": "Ev1"}), json!({"event_id": "Ev1", "retry_attempt": 1}));
        assert!(seen.takes(name_of(&first), Ts(0)));
        assert!(!seen.takes(name_of(&again), Ts(1)));
        assert!(seen.takes(name_of(&json!({"trigger_id": "Ev1"})), Ts(2)), "another kind of name");
        let (bare, other) = (json!({"event_id": "", "a": 1}), json!({"a": 2}));
        assert!(seen.takes(name_of(&bare), Ts(3)) && seen.takes(name_of(&other), Ts(3)));
        assert!(!seen.takes(name_of(&bare), Ts(4)));
    }

    #[test]
    fn what_can_be_sent_again_is_remembered_and_no_more_than_that() {
        let mut seen = Seen::default();
        assert!(seen.takes(sent(0), Ts(0)));
        assert!(!seen.takes(sent(0), Ts(0) + REPEATED_WITHIN));
        assert!(seen.takes(sent(1), Ts(1) + REPEATED_WITHIN));
        assert!(!seen.takes(sent(0), Ts(2) + REPEATED_WITHIN), "the age before is known, too");
        for number in 2..3 * REMEMBERED {
            assert!(seen.takes(sent(number), Ts(3) + REPEATED_WITHIN));
        }
        assert!(seen.young.len() + seen.old.len() <= 2 * REMEMBERED);
    }
}
