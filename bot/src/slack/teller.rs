//! The lane that tells the room: takes one thing at a time, and says what became of it.

use std::sync::Arc;

use functions::perform::{Hold, Perform};
use shared::effect::{Effect, Finding, Outcome, Page, Tell};
use shared::id::EffectKey;
use shared::operation::OPERATIONS_STREAM;
use shared::plan::ContactKind;
use shared::roster::ROSTER_STREAM;
use shared::safety::SAFETY_STREAM;
use shared::time::Span;
use tokio::task::JoinHandle;

use super::api::{Place, Told, Trouble};
use super::face::Face;
use super::telling::Telling;
use super::{card, telling};

/// The wait where Slack says no to the bot itself: somebody has to invite it, or to give it another token.
const MENDED: Span = Span::secs(15);
/// What Slack says when the message itself won't do, now and later.
const UNFIT: [&str; 5] =
    ["invalid_blocks", "msg_too_long", "no_text", "msg_blocks_too_long", "invalid_arguments"];
/// The wait before the room is told again what it could not be told.
const AGAIN: Span = Span::secs(5);

/// Tells the room; everything else is performed by `inner`.
pub struct Teller<P> {
    /// Who performs everything else.
    pub inner: P,
    /// Who tells.
    telling: Arc<Telling>,
    /// Keeps the clocks of live cards right, as long as this is there.
    clock: JoinHandle<()>,
}

impl<P> Drop for Teller<P> {
    fn drop(&mut self) {
        self.clock.abort();
    }
}

impl<P: Perform> Teller<P> {
    /// Tells the room what `inner` would only say that it would. Within a runtime only.
    pub fn new(inner: P, face: Arc<Face>) -> Self {
        let telling = Arc::new(Telling::new(face));
        let clock = tokio::spawn(telling::keep_time(Arc::clone(&telling)));
        Self { inner, telling, clock }
    }
}

impl<P: Perform> Perform for Teller<P> {
    async fn perform(&self, key: &EffectKey, effect: &Effect, hold: &Hold) -> Outcome {
        let told = match effect {
            Effect::Tell(tell) => self.tell(key, tell).await,
            Effect::Page(page) if page.by == ContactKind::Slack => {
                return self.page(key, page).await;
            }
            _ => return self.inner.perform(key, effect, hold).await,
        };
        self.notes(&told);
        match told {
            Ok(()) => Outcome::Done(Finding::Nothing),
            Err(Trouble::Later { why, after }) => {
                let after = Span::millis(after.as_millis() as i64);
                Outcome::Later { why, after }
            }
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
        let now = (self.telling.face.clock)();
        match told {
            Ok(()) => self.telling.face.line.told(now),
            Err(trouble) => self.telling.face.line.untold(&trouble.to_string(), now),
        }
    }

    async fn tell(&self, key: &EffectKey, tell: &Tell) -> Result<(), Trouble> {
        match (key.stream.as_str(), tell) {
            (OPERATIONS_STREAM, _) => self.telling.operation(key).await,
            (SAFETY_STREAM | ROSTER_STREAM, Tell::Notice(text)) => {
                self.telling.notice(key, text).await
            }
            (SAFETY_STREAM | ROSTER_STREAM, Tell::Card) => Ok(()),
            (_incident, _) => self.telling.incident(&key.stream, key.turn).await,
        }
    }

    /// A page in the room: a mention rings the phone of whoever is in Slack. It waits for nothing else that is told.
    async fn page(&self, key: &EffectKey, page: &Page) -> Outcome {
        let never = |why: String| Outcome::Never { why };
        let face = &self.telling.face;
        let Some(user) = face.user_of(&page.person) else {
            return never(format!("{} has no Slack id in the plan", page.person));
        };
        let message = card::page(page, &user, &face.plan);
        let (place, told) = (Place::channel(&face.channel), Told::whole(key.to_string()));
        match face.api.post(&place, message, &told).await {
            Ok(posted) => {
                let receipt = posted.ts.0;
                Outcome::Done(Finding::Sent { provider: "slack".into(), receipt })
            }
            Err(Trouble::Lost(why)) => Outcome::Unknown { why },
            Err(other) => never(other.to_string()),
        }
    }
}
