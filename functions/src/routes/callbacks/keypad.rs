//! What a key does, whichever carrier brought it. The words are the domain's: [`shared::page::voice`].

use std::time::Duration;

use shared::effect::Page;
use shared::engine::{Target, WishError};
use shared::id::{EffectKey, PersonId};
use shared::incident::{Refusal, Wish};
use shared::page::voice::{Answer, CODE_DIGITS, Key, MENU_ROUNDS, Prompt, Script};
use shared::roster::RosterWish;
use tokio::time::timeout;

use super::Callbacks;
use super::approvals::Approval;
use crate::desk::{Away, Utterance};

/// Names the keypad in the ledger.
const VIA: &str = "keypad";
/// Somebody holds a phone meanwhile, and carriers wait for 10 s.
pub(super) const COMMIT_WITHIN: Duration = Duration::from_secs(6);

/// What a call is told to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What is said, and what then.
    pub prompt: Prompt,
    /// The round of the menu that begins when no key is pressed; `None`: that was all.
    pub next: Option<u32>,
}

impl From<Prompt> for Line {
    fn from(prompt: Prompt) -> Self {
        Self { prompt, next: Some(2) }
    }
}

impl Callbacks {
    /// What somebody hears who picks up, or who has pressed nothing so far. A machine gets the message; whoever is behind
    /// it after all can still press a key.
    pub(super) async fn greet(
        &self,
        key: &EffectKey,
        round: u32,
        machine: bool,
    ) -> Result<Line, Away> {
        let Some(page) = self.page(key).await? else { return Ok(nothing()) };
        let script = Script::of(&self.plan, &page);
        if machine {
            return Ok(Line { prompt: message(&script), next: None });
        }
        if round > u32::from(MENU_ROUNDS) {
            return Ok(script.silence().into());
        }
        Ok(Line { prompt: script.menu(), next: Some(round + 1) })
    }

    /// What somebody hears who pressed a key. `call` is the carrier's receipt: the same key of the same call counts once.
    pub(super) async fn press(&self, key: &EffectKey, call: &str, digits: &str) -> Line {
        let page = match self.page(key).await {
            Ok(Some(page)) => page,
            Ok(None) => return nothing(),
            Err(Away) => return self.lost(),
        };
        let script = Script::of(&self.plan, &page);
        let pressed = Key::pressed(digits);
        let answer = match pressed {
            Some(Key::Acknowledge) if page.test => self.heard_test(&page, call).await,
            Some(Key::Acknowledge) => self.keyed(&page, call, Wish::Acknowledge).await,
            Some(Key::Decline) => self.keyed(&page, call, Wish::Decline).await,
            Some(Key::Approve | Key::Connect | Key::Repeat) | None => {
                return script.key(pressed).map_or_else(nothing, Line::from);
            }
        };
        script.answer(&answer).into()
    }

    /// What somebody hears who entered the code of a plan. Too few digits are no try.
    pub(super) async fn code(&self, key: &EffectKey, call: &str, digits: &str) -> Line {
        let page = match self.page(key).await {
            Ok(Some(page)) => page,
            Ok(None) => return nothing(),
            Err(Away) => return self.lost(),
        };
        let script = Script::of(&self.plan, &page);
        let whole = digits.len() == usize::from(CODE_DIGITS);
        let Some(code) = digits.parse().ok().filter(|_| whole) else {
            return script.key(None).map_or_else(nothing, Line::from);
        };
        let (by, key) = (page.person.clone(), format!("{VIA}/{call}/approve/{code}"));
        let said = Approval { by, via: VIA, key, number: None, code };
        script.answer(&self.approve(said).await).into()
    }

    /// Brings a wish to the desk; it is confirmed after the commit, never before.
    async fn keyed(&self, page: &Page, call: &str, wish: Wish) -> Answer {
        let answer = if wish == Wish::Acknowledge { Answer::Taken } else { Answer::Passed };
        let said = Utterance {
            target: Target::Number(page.incident),
            by: page.person.clone(),
            via: VIA.into(),
            key: format!("{VIA}/{call}/{answer:?}"),
            wish,
        };
        match timeout(COMMIT_WITHIN, self.desk.wish(said)).await {
            Ok(Ok(Ok(_))) => answer,
            Ok(Ok(Err(refused))) => refusal(&page.person, &refused),
            Ok(Err(Away)) | Err(_) => Answer::Lost,
        }
    }

    /// Brings to the desk that somebody's phone works.
    async fn heard_test(&self, page: &Page, call: &str) -> Answer {
        let wish = RosterWish::Hear { code: Some(page.code) };
        let said = self.change_roster(page.person.clone(), VIA, format!("{VIA}/{call}/test"), wish);
        match timeout(COMMIT_WITHIN, said).await {
            Ok(Ok(Ok(_))) => Answer::Heard,
            Ok(Ok(Err(refused))) => Answer::Refused(refused.to_string()),
            Ok(Err(Away)) | Err(_) => Answer::Lost,
        }
    }

    /// What is said when not even the page can be read.
    fn lost(&self) -> Line {
        let language = self.plan.phone.as_ref().map_or("en", |phone| phone.language.as_str());
        let say =
            "It could not be recorded. The incident is not yours, and others are called.".into();
        Prompt::Farewell { say, language: language.into() }.into()
    }
}

/// What the desk's refusal means for whoever asked.
pub(super) fn refusal(person: &PersonId, refused: &WishError) -> Answer {
    match refused {
        WishError::Refused(Refusal::AlreadyAcknowledged { by }) if by == person => Answer::Taken,
        WishError::Refused(Refusal::AlreadyAcknowledged { by }) => Answer::Has(by.to_string()),
        WishError::Refused(Refusal::WrongState { .. }) | WishError::NoSuchIncident(_) => {
            Answer::Over
        }
        WishError::Refused(other) => Answer::Refused(other.to_string()),
        WishError::Store(_) => Answer::Lost,
    }
}

/// The message, and the menu for whoever is no machine after all.
fn message(script: &Script<'_>) -> Prompt {
    match (script.message(), script.menu()) {
        (Prompt::Farewell { say: message, .. }, Prompt::Menu { say, language }) => {
            Prompt::Menu { say: format!("{message} {say}"), language }
        }
        (message, _) => message,
    }
}

/// The page is none of this store: another server's, or a stranger's guess.
fn nothing() -> Line {
    let say = "This page is not known here.".into();
    Prompt::Farewell { say, language: "en".into() }.into()
}
