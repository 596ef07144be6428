//! The life of a call and of a message, as quick as it can be.

use tokio::time::sleep;

use super::post::{Form, form};
use super::state::Resource;
use super::twiml::Verb;
use super::{NAME, Shared};
use crate::standin::phones::{Fault, Happening, Keys, Reaction};

/// A call that fetches more documents goes in circles.
const DOCUMENTS_MAX: u32 = 20;

/// Lives a call or a message to its end.
pub(super) async fn live(shared: Shared, one: Resource, fault: Option<Fault>) {
    if one.sid.starts_with("CA") {
        Call { shared, one, sequence: 0, held: None }.live(fault).await;
    } else {
        message(&shared, &one, fault).await;
    }
}

async fn message(shared: &Shared, one: &Resource, fault: Option<Fault>) {
    let (to, body) = (one.field("To").unwrap_or_default(), one.field("Body").unwrap_or_default());
    let (end, error) = match fault {
        Some(Fault::Undelivered(code)) => ("undelivered", Some(code)),
        Some(Fault::Lie) => ("delivered", None),
        _ => {
            shared.phones.text(to, NAME, body);
            ("delivered", None)
        }
    };
    let mut states = vec![("queued", None), ("sent", None), (end, error)];
    if shared.lock().post.swapped {
        states.reverse();
    }
    for (status, error) in states {
        shared.step().await;
        // What was heard last is not how it is: the end stays the end.
        shared.change(&one.sid, |it| (it.status, it.error) = (end.into(), error.or(it.error)));
        let Some(url) = one.field("StatusCallback") else { continue };
        let mut fields = form(&[
            ("MessageSid", &one.sid),
            ("SmsSid", &one.sid),
            ("MessageStatus", status),
            ("SmsStatus", status),
            ("To", to),
            ("From", one.field("From").unwrap_or_default()),
        ]);
        fields.extend(error.map(|code| ("ErrorCode".to_owned(), code.to_string())));
        shared.tell(url, &fields).await;
    }
}

/// A call.
struct Call {
    shared: Shared,
    one: Resource,
    sequence: u32,
    /// A callback that waits for the next one to overtake it.
    held: Option<Form>,
}

impl Call {
    async fn live(mut self, fault: Option<Fault>) {
        self.is("initiated", "initiated").await;
        self.is("ringing", "ringing").await;
        let to = self.to();
        if let Some(Fault::Lie) = fault {
            // Said to have been answered: nobody's phone ever rang.
            self.is("in-progress", "answered").await;
            return self.ends("completed").await;
        }
        if let Some(Fault::Undelivered(_)) = fault {
            return self.ends("failed").await;
        }
        let reaction = self.shared.phones.ring(&to, NAME);
        match reaction {
            Reaction::Sleeps => return self.ends("no-answer").await,
            Reaction::Busy => return self.ends("busy").await,
            Reaction::Presses(_) | Reaction::Voicemail | Reaction::HangsUp => {}
        }
        let machine = self.one.field("MachineDetection").is_some();
        let by = if reaction == Reaction::Voicemail { "machine_end_beep" } else { "human" };
        self.one.answered_by = machine.then_some(by);
        self.is("in-progress", "answered").await;
        if fault == Some(Fault::DieInMidCall) {
            self.shared.lock().down = true;
            return;
        }
        self.talks(reaction).await;
        self.ends("completed").await;
    }

    /// Does what our documents say, until one side hangs up.
    async fn talks(&mut self, reaction: Reaction) {
        let mut keys = Keys::new(if let Reaction::Presses(keys) = reaction { keys } else { "" });
        let mut next = Some((self.one.field("Url").unwrap_or_default().to_owned(), None));
        for _ in 0..DOCUMENTS_MAX {
            let Some((url, pressed)) = next.take() else { return };
            self.shared.step().await;
            let Some(verbs) = self.document(&url, pressed).await else { return };
            match self.does(verbs, reaction, &mut keys) {
                Some(more) => next = Some(more),
                None => return,
            }
        }
        self.shared.phones.object("twilio: a call goes in circles".into());
    }

    /// A document, from the fallback if need be.
    async fn document(&self, url: &str, pressed: Option<String>) -> Option<Vec<Verb>> {
        let mut fields = self.fields("in-progress");
        fields.extend(pressed.map(|keys| ("Digits".to_owned(), keys)));
        if let Some(verbs) = self.shared.ask(url, &fields).await {
            return Some(verbs);
        }
        let fallback = self.one.field("FallbackUrl")?.to_owned();
        fields.extend([
            ("ErrorCode".to_owned(), "11200".to_owned()),
            ("ErrorUrl".to_owned(), url.to_owned()),
        ]);
        self.shared.ask(&fallback, &fields).await
    }

    /// Carries out a document; answers with where to go on, and what was pressed.
    fn does(
        &self,
        verbs: Vec<Verb>,
        reaction: Reaction,
        keys: &mut Keys,
    ) -> Option<(String, Option<String>)> {
        let note = |what| self.shared.phones.note(&self.to(), NAME, what);
        for verb in verbs {
            match verb {
                Verb::Say(words) => note(Happening::Heard(words)),
                Verb::Gather { says, .. } if reaction == Reaction::HangsUp => {
                    let first = says.concat().chars().take(10).collect();
                    note(Happening::Heard(first));
                    return None;
                }
                Verb::Gather { says, action, digits } => {
                    note(Happening::Heard(says.join(" ")));
                    if let Some(pressed) = keys.press(digits) {
                        note(Happening::Pressed(pressed.clone()));
                        return Some((action, Some(pressed)));
                    }
                }
                Verb::Redirect(_) if keys.are_tired() || reaction == Reaction::Voicemail => {
                    return None;
                }
                Verb::Redirect(url) => return Some((url, None)),
                Verb::Dial(number) => note(Happening::Heard(format!("[connected to {number}]"))),
                Verb::Pause => {}
                Verb::Hangup => return None,
                Verb::Message(_) => {
                    self.shared.phones.object("twilio: a call can't <Message>".into());
                }
            }
        }
        None
    }

    async fn ends(&mut self, status: &str) {
        self.is(status, "completed").await;
        if let Some(held) = self.held.take() {
            self.post(&held).await;
        }
    }

    /// Reaches a state and tells of it, if that was asked for.
    async fn is(&mut self, status: &str, event: &str) {
        self.shared.step().await;
        let by = self.one.answered_by;
        self.shared.change(&self.one.sid, |it| {
            (it.status, it.answered_by) = (status.into(), by);
        });
        let wanted = self.one.asked.get("StatusCallbackEvent");
        if !wanted.is_some_and(|all| all.iter().any(|one| one == event)) {
            return;
        }
        let mut fields = self.fields(status);
        fields.push(("SequenceNumber".into(), self.sequence.to_string()));
        fields.push(("CallbackSource".into(), "call-progress-events".into()));
        if event == "completed" {
            fields.push(("CallDuration".into(), "7".into()));
        }
        self.sequence += 1;
        let swapped = self.shared.lock().post.swapped;
        match (swapped, self.held.take()) {
            (true, None) => self.held = Some(fields),
            (_, Some(earlier)) => {
                self.post(&fields).await;
                self.post(&earlier).await;
            }
            (false, None) => self.post(&fields).await,
        }
    }

    async fn post(&self, fields: &Form) {
        if let Some(url) = self.one.field("StatusCallback") {
            self.shared.tell(url, fields).await;
        }
    }

    fn fields(&self, status: &str) -> Form {
        let mut fields = form(&[
            ("CallSid", &self.one.sid),
            ("CallStatus", status),
            ("Direction", "outbound-api"),
            ("To", &self.to()),
            ("From", self.one.field("From").unwrap_or_default()),
        ]);
        let by = self.one.answered_by;
        fields.extend(by.map(|by| ("AnsweredBy".to_owned(), by.to_owned())));
        fields
    }

    fn to(&self) -> String {
        self.one.field("To").unwrap_or_default().to_owned()
    }
}

impl Shared {
    async fn step(&self) {
        let step = self.lock().step;
        sleep(step).await;
    }

    fn change(&self, sid: &str, change: impl FnOnce(&mut Resource)) {
        if let Some(found) = self.lock().find(sid) {
            change(found);
        }
    }
}
