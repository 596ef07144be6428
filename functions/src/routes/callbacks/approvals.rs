//! Agreeing to a plan by phone: by three digits that name the plan that was seen and the person who saw it.
//!
//! The digits count only on a call to that person's number, or in a text from it, and only as long as the plan holds.
//! After three wrong ones in that time, that person agrees elsewhere: a thousand guesses would find any code.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use shared::engine::OperationError;
use shared::id::PersonId;
use shared::operation::OperationWish;
use shared::page::voice::Answer;
use shared::time::{Span, Ts};
use tokio::time::timeout;

use super::Callbacks;
use super::keypad::COMMIT_WITHIN;
use crate::desk::{Away, Instruction};

/// Codes that somebody may get wrong while a plan holds.
const TRIES: u32 = 3;

/// How often each person was wrong, and since when. A restart forgives: plans don't hold for long.
#[derive(Default)]
pub(super) struct Tries(Mutex<HashMap<PersonId, (u32, Ts)>>);

impl Tries {
    /// Whether one more code may be looked up; it counts.
    fn take(&self, person: &PersonId, now: Ts, hold: Span) -> bool {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, since) = tries.entry(person.clone()).or_insert((0, now));
        if now.since(*since) > hold {
            (*count, *since) = (0, now);
        }
        *count += 1;
        *count <= TRIES
    }

    fn forget(&self, person: &PersonId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(person);
    }
}

/// The digits, and where they came from.
pub(super) struct Approval {
    /// Whose phone it was.
    pub by: PersonId,
    /// Through which face.
    pub via: &'static str,
    /// Names this one utterance: said twice, it counts once.
    pub key: String,
    /// The operation that was named beside the code.
    pub number: Option<u32>,
    /// The code.
    pub code: u32,
}

impl Callbacks {
    /// Agrees to the plan of that code; what came of it.
    pub(super) async fn approve(&self, said: Approval) -> Answer {
        if !self.tries.take(&said.by, (self.clock)(), self.plan.approvals.valid_for) {
            return Answer::Refused(
                "too many wrong codes: approve in Slack or in a terminal".into(),
            );
        }
        let Approval { by, via, key, number, code } = said;
        let person = by.clone();
        let found = self.desk.see(move |seen| {
            let plan = seen.operations().coded(&person, code)?;
            Some((plan.number, plan.hash.to_string()))
        });
        let (found, hash) = match timeout(COMMIT_WITHIN, found).await {
            Ok(Ok(Some(found))) => found,
            Ok(Ok(None)) => return Answer::Refused(NO_SUCH_CODE.into()),
            Ok(Err(Away)) | Err(_) => return Answer::Lost,
        };
        if number.is_some_and(|number| number != found) {
            return Answer::Refused(NO_SUCH_CODE.into());
        }
        let wish = OperationWish::Approve { number: found, hash };
        let wish = Instruction { by: by.clone(), via: via.into(), key, wish };
        match timeout(COMMIT_WITHIN, self.desk.operate(wish)).await {
            Ok(Ok(Ok(_))) => {
                self.tries.forget(&by);
                Answer::Approved
            }
            Ok(Ok(Err(OperationError::Refused(why)))) => Answer::Refused(why.to_string()),
            Ok(Ok(Err(OperationError::Store(_))) | Err(Away)) | Err(_) => Answer::Lost,
        }
    }
}

/// The same for a wrong code and for one that is too old: nobody learns which codes there are.
const NO_SUCH_CODE: &str = "no plan waits for you under that code";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_wrong_codes_and_no_more_until_plans_have_expired() {
        let (tries, hold) = (Tries::default(), Span::mins(15));
        let (one, other) = (PersonId::from("one"), PersonId::from("other"));
        let now = Ts(1_764_000_000_000);
        let looked_up = (0..900).filter(|_| tries.take(&one, now, hold)).count();
        assert_eq!(looked_up, 3);
        assert!(tries.take(&other, now, hold), "each counts for themselves");
        assert!(!tries.take(&one, now + hold, hold));
        assert!(tries.take(&one, now + hold + Span::secs(1), hold));
    }
}
