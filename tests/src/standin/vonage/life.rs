//! The life of a call and of a message, as quick as it can be.

use serde_json::{Value, json};
use tokio::time::sleep;

use super::ncco::Action;
use super::state::Resource;
use super::{NAME, Shared};
use crate::standin::phones::{Fault, Happening, Keys, Reaction};

/// A call that is given more NCCOs goes in circles.
const ANSWERS_MAX: u32 = 20;
/// When everything happens here.
const AT: &str = "2026-11-25T03:04:05.678Z";

/// Lives a call or a message to its end.
pub(super) async fn live(shared: Shared, one: Resource, fault: Option<Fault>) {
    if one.call {
        Call { shared, one, held: None }.live(fault).await;
    } else {
        message(&shared, &one, fault).await;
    }
}

async fn message(shared: &Shared, one: &Resource, fault: Option<Fault>) {
    let to = one.asked["to"].as_str().unwrap_or_default();
    let (end, error) = match fault {
        Some(Fault::Undelivered(code)) => ("undeliverable", Some(code)),
        Some(Fault::Lie) => ("delivered", None),
        _ => {
            let text = one.asked["text"].as_str().unwrap_or_default();
            shared.phones.text(&format!("+{to}"), NAME, text);
            ("delivered", None)
        }
    };
    let mut states = vec![("submitted", None), (end, error)];
    if shared.lock().post.swapped {
        states.reverse();
    }
    for (status, error) in states {
        shared.step().await;
        shared.change(&one.id, end);
        let Some(url) = one.asked["webhook_url"].as_str() else { continue };
        let mut json = json!({"message_uuid": one.id, "to": to, "from": one.asked["from"],
            "timestamp": AT, "status": status, "channel": "sms"});
        if let Some(code) = error {
            json["error"] = json!({"type": format!("https://developer.vonage.com/api-errors/messages#{code}"),
                "title": code, "detail": "Undeliverable on demand"});
        }
        shared.tell(url, &json).await;
    }
}

/// A call.
struct Call {
    shared: Shared,
    one: Resource,
    /// A callback that waits for the next one to overtake it.
    held: Option<Value>,
}

impl Call {
    async fn live(mut self, fault: Option<Fault>) {
        self.is("started").await;
        self.is("ringing").await;
        if let Some(Fault::Lie) = fault {
            // Said to have been answered: nobody's phone ever rang.
            self.is("answered").await;
            return self.ends("completed").await;
        }
        if let Some(Fault::Undelivered(_)) = fault {
            return self.ends("failed").await;
        }
        let reaction = self.shared.phones.ring(&self.to(), NAME);
        match reaction {
            Reaction::Sleeps => return self.ends("unanswered").await,
            Reaction::Busy => return self.ends("busy").await,
            Reaction::Presses(_) | Reaction::Voicemail | Reaction::HangsUp => {}
        }
        self.is("answered").await;
        if fault == Some(Fault::DieInMidCall) {
            self.shared.lock().down = true;
            return;
        }
        if !self.one.asked["advanced_machine_detection"].is_null() {
            let machine = reaction == Reaction::Voicemail;
            self.is(if machine { "machine" } else { "human" }).await;
        }
        self.talks(reaction).await;
        self.ends("completed").await;
    }

    /// Does what our NCCOs say, until one side hangs up.
    async fn talks(&self, reaction: Reaction) {
        let mut keys = Keys::new(if let Reaction::Presses(keys) = reaction { keys } else { "" });
        let url = self.one.asked["answer_url"][0].as_str().unwrap_or_default();
        let mut actions = self.shared.ask(url, &self.fields(), false).await;
        for _ in 0..ANSWERS_MAX {
            let Some((url, pressed)) = self.does(actions, reaction, &mut keys) else { return };
            let mut json = self.fields();
            let digits = pressed.as_deref().unwrap_or_default();
            json["dtmf"] = json!({"digits": digits, "timed_out": pressed.is_none()});
            actions = self.shared.ask(&url, &json, true).await;
            if keys.are_tired() {
                return;
            }
        }
        self.shared.phones.object("vonage: a call goes in circles".into());
    }

    /// Carries out an NCCO; answers with where what was pressed goes.
    fn does(
        &self,
        actions: Vec<Action>,
        reaction: Reaction,
        keys: &mut Keys,
    ) -> Option<(String, Option<String>)> {
        let note = |what| self.shared.phones.note(&self.to(), NAME, what);
        for action in actions {
            match action {
                Action::Talk { text, .. } if reaction == Reaction::HangsUp => {
                    note(Happening::Heard(text.chars().take(10).collect()));
                    return None;
                }
                Action::Talk { text, .. } => note(Happening::Heard(text)),
                Action::Input { .. } if reaction == Reaction::Voicemail => return None,
                Action::Input { event_url, digits } => {
                    let pressed = keys.press(digits);
                    if let Some(pressed) = &pressed {
                        note(Happening::Pressed(pressed.clone()));
                    }
                    return Some((event_url, pressed));
                }
                Action::Connect(number) => {
                    note(Happening::Heard(format!("[connected to +{number}]")));
                }
            }
        }
        None
    }

    async fn ends(&mut self, status: &str) {
        self.is(status).await;
        if let Some(held) = self.held.take() {
            self.post(&held).await;
        }
    }

    /// Reaches a state and tells of it.
    async fn is(&mut self, status: &str) {
        self.shared.step().await;
        self.shared.change(&self.one.id, status);
        let mut json = self.fields();
        json["status"] = json!(status);
        json["direction"] = json!("outbound");
        json["timestamp"] = json!(AT);
        let swapped = self.shared.lock().post.swapped;
        match (swapped, self.held.take()) {
            (true, None) => self.held = Some(json),
            (_, Some(earlier)) => {
                self.post(&json).await;
                self.post(&earlier).await;
            }
            (false, None) => self.post(&json).await,
        }
    }

    async fn post(&self, json: &Value) {
        let url = self.one.asked["event_url"][0].as_str().unwrap_or_default();
        self.shared.tell(url, json).await;
    }

    fn fields(&self) -> Value {
        let conversation = format!("CON-{}", self.one.id);
        json!({"uuid": self.one.id, "conversation_uuid": conversation,
            "to": self.one.asked["to"][0]["number"], "from": self.one.asked["from"]["number"]})
    }

    fn to(&self) -> String {
        format!("+{}", self.one.asked["to"][0]["number"].as_str().unwrap_or_default())
    }
}

impl Shared {
    async fn step(&self) {
        let step = self.lock().step;
        sleep(step).await;
    }

    fn change(&self, id: &str, status: &str) {
        if let Some(found) = self.lock().find(id) {
            status.clone_into(&mut found.status);
        }
    }
}
