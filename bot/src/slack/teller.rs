//! Telling the room: one living card an incident and an operation, edited in place, and under it what happens, in order.
//!
//! The lane brings one thing at a time. What is told is read from the ledger when it is told: a storm of news makes one
//! edit, and what Slack missed while it was away follows when it is back, each line once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use functions::perform::{Hold, Perform};
use shared::effect::{Effect, Finding, Outcome, Page, Tell};
use shared::engine::Glance;
use shared::id::{EffectKey, StreamId};
use shared::incident::{Event, Incident};
use shared::ledger::Body;
use shared::operation::{OPERATIONS_STREAM, Operation, story};
use shared::plan::ContactKind;
use shared::safety::{SAFETY_STREAM, Standing};
use shared::time::Span;
use shared::timeline::{Line, Mark, timeline};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use super::api::Trouble;
use super::book::Kept;
use super::face::Face;
use super::{Message, card, operation, room};
use crate::orders::Counter;

/// Slack takes about one message a second and channel.
const PACE: Duration = Duration::from_secs(1);
/// Messages of news in one go: together they take less time than the lane gives.
const NEWS_AT_ONCE: usize = 15;
/// The wait where Slack says no to the bot itself: somebody has to invite it, or to give it another token.
const MENDED: Span = Span::secs(15);
/// What Slack says when the message itself won't do, now and later.
const UNFIT: [&str; 5] =
    ["invalid_blocks", "msg_too_long", "no_text", "msg_blocks_too_long", "invalid_arguments"];
/// The wait before the room is told again what it could not be told.
const AGAIN: Span = Span::secs(5);
/// What the room hears of, beside the card.
const TOLD: [Mark; 7] = [
    Mark::Alarm,
    Mark::Page,
    Mark::Person,
    Mark::Choice,
    Mark::Action,
    Mark::Recovery,
    Mark::Clear,
];

/// Tells the room; everything else is performed by `inner`.
pub struct Teller<P> {
    /// Who performs everything else.
    pub inner: P,
    /// The face.
    pub face: Arc<Face>,
    /// When the room may be written to again.
    pub free: Mutex<Instant>,
}

impl<P: Perform> Teller<P> {
    /// Tells the room what `inner` would only say that it would.
    pub fn new(inner: P, face: Arc<Face>) -> Self {
        Self { inner, face, free: Mutex::new(Instant::now()) }
    }
}

impl<P: Perform> Perform for Teller<P> {
    async fn perform(&self, key: &EffectKey, effect: &Effect, hold: &Hold) -> Outcome {
        let told = match effect {
            Effect::Tell(tell) => self.tell(key, tell).await,
            Effect::Page(page) if page.by == ContactKind::Slack => return self.page(page).await,
            _ => return self.inner.perform(key, effect, hold).await,
        };
        self.notes(&told);
        match told {
            Ok(()) => Outcome::Done(Finding::Nothing),
            Err(Trouble::Later { why, after }) => {
                let after = Span::millis(after.as_millis() as i64);
                Outcome::Later { why, after }
            }
            // Told twice is better than not at all.
            Err(Trouble::Lost(why)) => Outcome::Later { why, after: AGAIN },
            Err(Trouble::Never(code)) if UNFIT.contains(&code.as_str()) => {
                tracing::error!(effect.key = %key, slack.error = code, "the room cannot be told");
                Outcome::Never { why: code }
            }
            Err(Trouble::Never(code)) => {
                tracing::warn!(slack.error = code, "Slack refuses the bot: is it invited?");
                Outcome::Later { why: code, after: MENDED }
            }
        }
    }
}

impl<P: Perform> Teller<P> {
    /// Notes whether the room can be told.
    fn notes(&self, told: &Result<(), Trouble>) {
        let now = (self.face.clock)();
        match told {
            Ok(()) => self.face.line.told(now),
            Err(trouble) => self.face.line.untold(&trouble.to_string(), now),
        }
    }

    async fn tell(&self, key: &EffectKey, tell: &Tell) -> Result<(), Trouble> {
        match (key.stream.as_str(), tell) {
            (OPERATIONS_STREAM, _) => self.operation(key).await,
            (SAFETY_STREAM, Tell::Notice(text)) => {
                self.turn().await;
                self.face.api.post(&self.face.channel, room::notice(text), None).await.map(drop)
            }
            (SAFETY_STREAM, Tell::Card) => Ok(()),
            (_incident, _) => self.incident(&key.stream).await,
        }
    }

    /// The incident's card as it stands now, and what happened since it was told last.
    async fn incident(&self, id: &StreamId) -> Result<(), Trouble> {
        let Seen { incident, turns, standing } = self.see_incident(id).await?;
        let subject = format!("incident/{}", incident.number);
        let kept = self.face.book.of(&subject);
        let told = kept.as_ref().map_or(0, |kept| kept.told);
        // A suspicion is nobody's news yet, and what was told already is none either.
        if !incident.state.has_severity() || told >= incident.turns {
            return Ok(());
        }
        let lines = timeline(&turns);
        let page = card::incident_card(&incident, &lines, self.face.scene(&standing));
        let mut kept = self.show(&subject, kept, page).await?;
        let is_news = |line: &&Line| line.turn > told && TOLD.contains(&line.mark);
        let news: Vec<Line> = lines.iter().filter(is_news).cloned().collect();
        self.news(&subject, &mut kept, incident.number, &news).await?;
        kept.told = incident.turns;
        self.keep(&subject, kept)
    }

    /// Tells what is new, and remembers after each message how far it came: whatever breaks off goes on there.
    async fn news(
        &self,
        subject: &str,
        kept: &mut Kept,
        number: u32,
        mut news: &[Line],
    ) -> Result<(), Trouble> {
        for _ in 0..NEWS_AT_ONCE {
            let Some((message, taken)) = room::news(number, news) else { return Ok(()) };
            self.turn().await;
            self.face.api.post(&kept.channel, message, Some(&kept.ts)).await?;
            let last = news[taken - 1].turn;
            news = &news[taken..];
            if news.first().is_none_or(|next| next.turn > last) {
                kept.told = last;
                self.keep(subject, kept.clone())?;
            }
        }
        if news.is_empty() {
            return Ok(());
        }
        let why = "there is more to tell than fits into one go".to_owned();
        Err(Trouble::Later { why, after: Duration::ZERO })
    }

    async fn operation(&self, key: &EffectKey) -> Result<(), Trouble> {
        let owed = key.clone();
        let look = move |seen: &dyn Glance| {
            let operations = seen.operations();
            let (operation, turns) = (operations.owing(&owed).cloned(), operations.turns);
            Ok((operation, story(&seen.operation_turns()?), seen.standing().clone(), turns))
        };
        let (operation, lines, standing, turns): (Option<Operation>, _, _, _) =
            self.face.counter.see(look).await.map_err(|why| away(&why))?;
        let Some(operation) = operation else { return Ok(()) };
        let subject = format!("operation/{}", operation.number);
        let kept = self.face.book.of(&subject);
        if kept.as_ref().is_some_and(|kept| kept.told >= key.turn) {
            return Ok(());
        }
        let page = operation::operation_card(&operation, &lines, self.face.scene(&standing));
        let mut kept = self.show(&subject, kept, page).await?;
        kept.told = turns;
        self.keep(&subject, kept)
    }

    /// Edits the card that is there, or posts one. One that somebody deleted is posted anew.
    async fn show(
        &self,
        subject: &str,
        kept: Option<Kept>,
        page: Message,
    ) -> Result<Kept, Trouble> {
        let face = &self.face;
        self.turn().await;
        if let Some(kept) = kept {
            let posted = super::api::Posted { channel: kept.channel.clone(), ts: kept.ts.clone() };
            match face.api.edit(&posted, page.clone()).await {
                Ok(()) => return Ok(kept),
                Err(Trouble::Never(code)) if code == "message_not_found" => {}
                Err(other) => return Err(other),
            }
        }
        let posted = face.api.post(&face.channel, page, None).await?;
        let kept = Kept { channel: posted.channel, ts: posted.ts, told: 0 };
        self.keep(subject, kept.clone())?;
        Ok(kept)
    }

    /// A page in the room: a mention rings the phone of whoever is in Slack.
    async fn page(&self, page: &Page) -> Outcome {
        let never = |why: String| Outcome::Never { why };
        let Some(user) = self.face.user_of(&page.person) else {
            return never(format!("{} has no Slack id in the plan", page.person));
        };
        let message = super::card::page(page, &user, &self.face.plan);
        match self.face.api.post(&self.face.channel, message, None).await {
            Ok(posted) => {
                let receipt = posted.ts.0;
                Outcome::Done(Finding::Sent { provider: "slack".into(), receipt })
            }
            Err(Trouble::Lost(why)) => Outcome::Unknown { why },
            Err(other) => never(other.to_string()),
        }
    }

    async fn see_incident(&self, id: &StreamId) -> Result<Seen, Trouble> {
        let id = id.clone();
        let look = move |seen: &dyn Glance| {
            let (incident, turns) = (seen.incident(&id)?, seen.turns(&id)?);
            Ok(Seen { incident, turns, standing: seen.standing().clone() })
        };
        self.face.counter.see(look).await.map_err(|why| away(&why))
    }

    fn keep(&self, subject: &str, kept: Kept) -> Result<(), Trouble> {
        self.face.book.keep(subject, kept).map_err(|error| Trouble::Later {
            why: format!("failed to remember the card: {error}"),
            after: PACE,
        })
    }

    /// Waits until the room may be written to again.
    async fn turn(&self) {
        let mut free = self.free.lock().await;
        sleep_until(*free).await;
        *free = Instant::now() + PACE;
    }
}

/// An incident as it stands now.
struct Seen {
    incident: Incident,
    turns: Vec<Body<Event>>,
    standing: Standing,
}

fn away(why: &anyhow::Error) -> Trouble {
    Trouble::Later { why: why.to_string(), after: PACE }
}
