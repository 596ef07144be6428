//! What people write back. Only numbers of the plan are heard, and answered at most five times in a row without a word
//! that leads anywhere: two machines could talk to each other for ever.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use shared::engine::{Glance, Granted, Target, WishError};
use shared::grammar::declaration;
use shared::grammar::sms::{self, CarrierWord, Short, Texted};
use shared::id::{EffectKey, PersonId};
use shared::incident::Wish;
use shared::page::text::NOT_UNDERSTOOD;
use shared::page::voice::Answer;
use shared::page::{self, Stage, gsm};
use shared::plan::{ContactKind, Person};
use shared::roster::RosterWish;

use super::super::answer::Refused;
use super::Callbacks;
use super::approvals::Approval;
use super::keypad::refusal;
use crate::desk::{Away, Utterance};

/// Names messages in the ledger.
const VIA: &str = "sms";
/// Answers to one number without a word that led anywhere.
const REPLIES_MAX: u32 = 5;
/// How often each number was answered without a word that led anywhere.
#[derive(Default)]
pub(super) struct Replies(Mutex<HashMap<String, u32>>);

impl Replies {
    /// Whether one more answer may go out; it counts.
    fn take(&self, number: &str) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(number.to_owned()).or_default();
        *count += 1;
        *count <= REPLIES_MAX
    }

    fn forget(&self, number: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(number);
    }
}

/// A message as it came in.
pub(super) struct Text<'a> {
    /// From which number, in E.164.
    pub from: &'a str,
    /// What it says.
    pub body: &'a str,
    /// The carrier's own name for it: the same message, twice, counts once.
    pub id: &'a str,
    /// The carrier.
    pub via: &'static str,
}

impl Callbacks {
    /// Does what somebody wrote; answers with what is to be written back, or with silence.
    pub(super) async fn written(&self, text: &Text<'_>) -> Result<Option<String>, Refused> {
        if self.phones.canaries.came(text.body) {
            return Ok(None);
        }
        let Some(person) = self.plan.people.iter().find(|one| one.phone == text.from) else {
            tracing::warn!("a message from a number that is not in the plan");
            return Ok(None);
        };
        if let Texted::Carrier(word) = sms::texted(text.body) {
            // Carriers answer these themselves.
            self.carriers_word(text, &person.id, word).await?;
            return Ok(None);
        }
        let (led_somewhere, reply) = self.order(text, person).await.map_err(super::unavailable)?;
        if led_somewhere {
            self.replies.forget(text.from);
        }
        Ok((led_somewhere || self.replies.take(text.from)).then_some(reply))
    }

    /// What comes of what was written: whether it led anywhere, and what is written back.
    async fn order(&self, text: &Text<'_>, person: &Person) -> Result<(bool, String), Away> {
        match sms::texted(text.body) {
            Texted::About { number, what } => self.about(text, person, number, what).await,
            Texted::Status => self.standing().await,
            Texted::Declare(words) => self.declared(text, person, &words).await,
            Texted::Carrier(_) | Texted::Nothing => Ok((false, NOT_UNDERSTOOD.into())),
        }
    }

    async fn about(
        &self,
        text: &Text<'_>,
        person: &Person,
        number: u32,
        what: Short,
    ) -> Result<(bool, String), Away> {
        let by = person.id.clone();
        let look = move |seen: &dyn Glance| {
            let tested = seen.roster().awaits(&by, Some(number)).is_some();
            (tested, page::meant(&seen.live(), &by, number))
        };
        let (tested, meant) = self.desk.see(look).await?;
        let (wish, done) = match what {
            Short::Ack if tested => return self.test_read(text, person, number).await,
            Short::Ack => (Wish::Acknowledge, Answer::Taken),
            Short::No => (Wish::Decline, Answer::Passed),
            Short::Status => return self.status(meant).await,
            Short::Approve(code) => return Ok(self.approved(text, person, number, code).await),
        };
        let answer = match self.texted(text, person, Target::Number(meant), wish).await? {
            Ok(_) => done,
            Err(refused) => refusal(&person.id, &refused),
        };
        let led_somewhere = !matches!(answer, Answer::Refused(_) | Answer::Lost);
        Ok((led_somewhere, page::text::answer(meant, &answer)))
    }

    async fn status(&self, number: u32) -> Result<(bool, String), Away> {
        let found = self.desk.see(move |seen| seen.numbered(number)).await?;
        let says = found.map_err(|_| Away)?.map(|incident| page::text::status(&incident));
        Ok((says.is_some(), says.unwrap_or_else(|| NOT_UNDERSTOOD.into())))
    }

    /// Somebody agrees to an operation's plan.
    async fn approved(
        &self,
        text: &Text<'_>,
        person: &Person,
        number: u32,
        code: u32,
    ) -> (bool, String) {
        let (by, key) = (person.id.clone(), named(text));
        let said = Approval { by, via: VIA, key, number: Some(number), code };
        let answer = self.approve(said).await;
        (answer == Answer::Approved, page::text::answer(number, &answer))
    }

    /// Somebody has read a test.
    async fn test_read(
        &self,
        text: &Text<'_>,
        person: &Person,
        code: u32,
    ) -> Result<(bool, String), Away> {
        let (key, wish) = (named(text), RosterWish::Hear { code: Some(code) });
        let answer = match self.change_roster(person.id.clone(), VIA, key, wish).await? {
            Ok(_) => Answer::Heard,
            Err(refused) => Answer::Refused(refused.to_string()),
        };
        Ok((answer == Answer::Heard, page::text::answer(code, &answer)))
    }

    /// Where everything stands: the newest that is not over.
    async fn standing(&self) -> Result<(bool, String), Away> {
        let newest = |seen: &dyn Glance| {
            let live = seen.live();
            let newest = live.iter().max_by_key(|incident| incident.number);
            newest.map_or_else(|| "No incident is open.".into(), |it| page::text::status(it))
        };
        Ok((true, self.desk.see(newest).await?))
    }

    async fn declared(
        &self,
        text: &Text<'_>,
        person: &Person,
        words: &[String],
    ) -> Result<(bool, String), Away> {
        let (severity, component, says) = match declaration(words, &self.plan) {
            Ok(declared) => declared,
            Err(why) => return Ok((false, gsm::segment(&why))),
        };
        let target = Target::Component(component.clone());
        let wish = Wish::Declare { component, severity, says, number: 0 };
        Ok(match self.texted(text, person, target, wish).await? {
            Ok(granted) => (true, format!("Recorded: incident {} is open.", granted.number)),
            Err(refused) => (false, gsm::segment(&refused.to_string())),
        })
    }

    async fn texted(
        &self,
        text: &Text<'_>,
        person: &Person,
        target: Target,
        wish: Wish,
    ) -> Result<Result<Granted, WishError>, Away> {
        let (by, key) = (person.id.clone(), named(text));
        let said = Utterance { target, by, via: VIA.into(), key, wish };
        match self.desk.wish(said).await? {
            Err(WishError::Store(_)) => Err(Away),
            answer => Ok(answer),
        }
    }

    /// After `STOP` nothing that we write reaches them: the roster knows, and every page of theirs that is out says so.
    async fn carriers_word(
        &self,
        text: &Text<'_>,
        person: &PersonId,
        word: CarrierWord,
    ) -> Result<(), Refused> {
        let stops = word == CarrierWord::Stop;
        let wish = if stops { RosterWish::OptOut } else { RosterWish::OptIn };
        let changed = self.change_roster(person.clone(), VIA, named(text), wish).await;
        if let Err(refused) = changed.map_err(super::unavailable)? {
            tracing::warn!(person = %person, %refused, "a carrier's word was refused");
        }
        if !stops {
            return Ok(());
        }
        let person = person.clone();
        let pages = self.desk.see(move |seen| -> Vec<EffectKey> {
            let stands = seen.live().into_iter().filter_map(|incident| {
                let stand = incident.pages.get(&(person.clone(), ContactKind::Sms))?;
                stand.last()?.key.clone()
            });
            stands.collect()
        });
        for key in pages.await.map_err(super::unavailable)? {
            self.report(key, text.via, text.id, None, Stage::OptedOut).await?;
        }
        Ok(())
    }
}

/// Names an utterance by its message.
fn named(text: &Text<'_>) -> String {
    format!("{VIA}/{}/{}", text.via, text.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_machines_do_not_talk_for_ever() {
        let replies = Replies::default();
        let answered = (0..20).filter(|_| replies.take("+12025550100")).count();
        assert_eq!(answered, REPLIES_MAX as usize);
        assert!(replies.take("+12025550101"), "each number counts for itself");
        replies.forget("+12025550100");
        assert!(replies.take("+12025550100"), "a word that leads somewhere starts over");
    }
}
