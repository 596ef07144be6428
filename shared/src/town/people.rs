//! The people of the town: some sleep, some misread, some press twice, and whoever has it sets to work.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;

use super::script::{Fault, Script};
use super::world::seconds;
use crate::effect::Page;
use crate::id::PersonId;
use crate::incident::Wish;
use crate::plan::{ContactKind, Plan};
use crate::time::{Span, Ts};

/// What a person says, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Utterance {
    /// Who.
    pub by: PersonId,
    /// Through which face.
    pub via: Arc<str>,
    /// The incident they name, rightly or wrongly.
    pub incident: u32,
    /// What they want.
    pub wish: Wish,
    /// Names this one utterance: the same words, sent again, have the same key.
    pub key: Arc<str>,
}

/// Everyone in the plan.
#[derive(Clone, Debug)]
pub struct People {
    asleep_until: BTreeMap<PersonId, Ts>,
    answering: BTreeMap<(PersonId, u32), Ts>,
    utterances: u32,
    decline: bool,
    whims: Rng,
}

impl People {
    /// The plan's people under a script.
    pub fn new(
        plan: &Plan,
        script: &Script,
        first: Option<&PersonId>,
        rng: &mut Rng,
        seed: u64,
        start: Ts,
    ) -> Self {
        let asleep_until = plan
            .people
            .iter()
            .map(|person| {
                let until = if script.has(Fault::EveryoneAsleep) {
                    start + seconds(rng, 40 * 60, 80 * 60)
                } else if script.has(Fault::OnCallAsleep) && first == Some(&person.id) {
                    Ts(i64::MAX)
                } else {
                    start
                };
                (person.id.clone(), until)
            })
            .collect();
        let (decline, whims) = (script.has(Fault::PeopleDecline), Rng::with_seed(seed ^ 0xca4));
        Self { asleep_until, answering: BTreeMap::new(), utterances: 0, decline, whims }
    }

    /// A page reached a person at `at`: what they will say, and when.
    pub fn paged(&mut self, page: &Page, at: Ts, rng: &mut Rng) -> Vec<(Ts, Utterance)> {
        let until = self.asleep_until.get(&page.person).copied().unwrap_or(Ts(i64::MAX));
        let busy = self.answering.get(&(page.person.clone(), page.incident));
        if until > at || busy.is_some_and(|until| *until > at) || rng.u8(..100) < 12 {
            return Vec::new();
        }
        let hears = at + reaction(page.by, rng);
        self.answering.insert((page.person.clone(), page.incident), hears + Span::mins(2));
        if self.decline && self.whims.bool() {
            return vec![(hears, self.utterance(page, page.incident, Wish::Decline))];
        }
        let mut said = Vec::new();
        let mut answers = hears;
        if rng.u8(..100) < 10 {
            said.push((hears, self.utterance(page, page.incident + 7, Wish::Acknowledge)));
            answers = hears + seconds(rng, 10, 40);
        }
        said.push((answers, self.utterance(page, page.incident, Wish::Acknowledge)));
        if rng.u8(..100) < 15 {
            let again = answers + seconds(rng, 1, 20);
            said.push((again, self.utterance(page, page.incident, Wish::Acknowledge)));
        }
        if rng.u8(..100) < 25 {
            let hasty = answers + seconds(rng, 60, 600);
            let wish = Wish::Resolve { without_evidence: None };
            said.push((hasty, self.utterance(page, page.incident, wish)));
        }
        said
    }

    fn utterance(&mut self, page: &Page, incident: u32, wish: Wish) -> Utterance {
        self.utterances += 1;
        let via = match page.by {
            ContactKind::Voice => "keypad",
            ContactKind::Sms => "sms",
            ContactKind::Mail => "terminal",
            ContactKind::Slack => "slack",
        };
        Utterance {
            by: page.person.clone(),
            via: via.into(),
            incident,
            wish,
            key: format!("{}/{}", page.person, self.utterances).into(),
        }
    }
}

/// How long a person takes to hear, read and answer.
fn reaction(by: ContactKind, rng: &mut Rng) -> Span {
    match by {
        ContactKind::Voice => seconds(rng, 15, 50),
        ContactKind::Sms => seconds(rng, 20, 180),
        ContactKind::Slack => seconds(rng, 30, 400),
        ContactKind::Mail => seconds(rng, 120, 1_200),
    }
}
