//! What is owed and what came of it: wake-ups, outcomes, the permit to act, and the sweep that finds what was missed.

use super::{Arc, Command, Engine, SafetyEvent, State, Store, StoreError, Ts, Turn, View};
use crate::effect::{Act, Effect, Finding, Lane, Look, Outcome, Page, Timer};
use crate::id::EffectKey;
use crate::incident::{self, Incident, RUNG_GRACE};
use crate::operation::OPERATIONS_STREAM;
use crate::page::Report;
use crate::plan::Plan;
use crate::roster::ROSTER_STREAM;
use crate::safety::{self, Asker, End, Grant, SAFETY_STREAM};
use crate::store::Owed;
use crate::time::Span;

/// Wake-ups taken in one go; the rest follows in the next.
const WAKES_PER_TICK: usize = 256;
/// Pages looked through in one go for those that are still wanted.
const PAGES_AT_ONCE: usize = 1_000;
/// How long after an acknowledgement or an end its pages are withdrawn: those under way have come back by then.
const PAGE_UNDER_WAY: Span = Span::secs(30);
/// How often a look or an action is put off before its "later" is taken for an answer.
const MAX_PUT_OFFS: u32 = 5;
/// How long an operation waits for another one on the same target.
const BUSY_WAIT: Span = Span::secs(5);

/// Whether an operation may act.
#[derive(Clone, Debug, PartialEq)]
pub enum Permit {
    /// Act, under this epoch; ask [`Engine::holds`] right before each external write.
    Go {
        /// The lease's epoch.
        epoch: u32,
    },
    /// Don't: this is the outcome.
    Settled(Outcome),
}

/// What a turn owes, whatever happened in it.
#[derive(serde::Deserialize)]
struct Owing {
    #[serde(default)]
    owes: Vec<Effect>,
}

impl<S: Store> Engine<S> {
    /// Effects of a lane that are due. A page that nobody needs any more is not among them.
    pub fn owed(&self, lane: Lane, now: Ts, limit: usize) -> Result<Vec<Owed>, StoreError> {
        if lane != Lane::Page {
            return self.store.owed(lane, now, limit);
        }
        // Nearly all that are owed are wanted: only where they are not it is looked further.
        let mut looked = limit;
        loop {
            let mut pages = self.store.owed(lane, now, looked)?;
            let more = pages.len() == looked && looked < PAGES_AT_ONCE;
            pages.retain(|page| self.wants(page));
            if pages.len() >= limit || !more {
                pages.truncate(limit);
                return Ok(pages);
            }
            looked = (looked * 4).min(PAGES_AT_ONCE);
        }
    }

    /// Whether somebody is still to be woken. In doubt, they are.
    fn wants(&self, owed: &Owed) -> bool {
        let Effect::Page(page) = &owed.effect else { return true };
        if page.test {
            return self.roster.test(page.incident).is_none_or(|test| test.heard.is_none());
        }
        match self.remembered(&owed.key.stream) {
            Some(incident) => incident::wants_page(incident, page),
            None => self
                .load(&owed.key.stream)
                .map_or(true, |incident| incident::wants_page(&incident, page)),
        }
    }

    /// A provider says more of a page that it took: whether that was news. An unknown page is none.
    pub fn deliver(
        &mut self,
        key: &EffectKey,
        report: &Report,
        now: Ts,
    ) -> Result<bool, StoreError> {
        let Some(page) = self.page_of(key)? else { return Ok(false) };
        if page.test {
            return self.deliver_test(key, &page, report, now);
        }
        self.remember_stop(&page, report, now)?;
        let incident = self.known(&key.stream)?;
        let command =
            Command::Delivery { key: key.clone(), page: Box::new(page), report: report.clone() };
        let turn_key = format!("delivery/{key}/{}/{}", report.receipt, report.stage.rank());
        let turn = Turn { actor: &report.provider, key: &turn_key, settles: None };
        let events = self.decide_and_append(incident, &command, &turn, now)?;
        Ok(events.is_ok_and(|events| !events.is_empty()))
    }

    /// The page that an effect is.
    pub fn page_of(&self, key: &EffectKey) -> Result<Option<Page>, StoreError> {
        let Some(sealed) = self.store.turn(&key.stream, key.turn)? else { return Ok(None) };
        let owing: Owing = serde_json::from_str(&sealed.json)
            .map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(match owing.owes.into_iter().nth(usize::from(key.position)) {
            Some(Effect::Page(page)) => Some(page),
            _ => None,
        })
    }

    /// Asks for the permit of an action. One that was granted before and never ended may have happened: it is read
    /// back, not repeated. Time may have passed since it was chosen: it must still be called for.
    pub fn permit(&mut self, key: &EffectKey, act: &Act, now: Ts) -> Result<Permit, StoreError> {
        self.review_arming(now);
        let by_people = key.stream.as_str() == OPERATIONS_STREAM;
        let asker = if by_people { Asker::People } else { Asker::Machine };
        let outcome = match safety::grant(&self.standing, key, act, asker, now) {
            Grant::Go(events) => {
                if let Some(outcome) = self.objection(key, asker, now)? {
                    return Ok(Permit::Settled(outcome));
                }
                self.append_safety(events, "engine", &key.to_string(), now)?;
                return Ok(Permit::Go { epoch: self.standing.turns });
            }
            Grant::Begun => Outcome::Unknown { why: "it was begun before a restart".into() },
            // Nothing failed: once it is allowed, it may be chosen again.
            Grant::Busy(why) | Grant::No(why) => Outcome::Later { why, after: BUSY_WAIT },
            Grant::NotArmed(_) => Outcome::Done(Finding::WouldHave),
        };
        Ok(Permit::Settled(outcome))
    }

    /// What the evidence of this moment says against an action that was chosen earlier.
    fn objection(
        &self,
        key: &EffectKey,
        asker: Asker,
        now: Ts,
    ) -> Result<Option<Outcome>, StoreError> {
        if asker == Asker::People {
            return Ok(self.unasked(key));
        }
        let incident = self.known(&key.stream)?;
        if incident.state != State::Open {
            return Ok(Some(Outcome::Never { why: "the outage is over".into() }));
        }
        let certain = incident.recovery.certain.is_some();
        let quorum = self.watches.get(&incident.component).map(|watch| watch.quorum(now));
        let seen =
            certain && quorum.is_some_and(|one| one.down() && one.fresh >= self.plan.safety.quorum);
        let unseen = || Outcome::Later {
            why: "our own probes do not see the outage at this moment".into(),
            after: BUSY_WAIT,
        };
        Ok((!seen).then(unseen))
    }

    /// Whether an operation still holds its lease under that epoch, and nothing is frozen.
    pub fn holds(&self, key: &EffectKey, epoch: u32) -> bool {
        self.standing.holds(key, epoch)
    }

    /// Takes in what came of an effect.
    pub fn settle(&mut self, owed: &Owed, outcome: &Outcome, now: Ts) -> Result<(), StoreError> {
        self.settle_lease(owed, outcome, now)?;
        if let Some(until) = put_off(owed, outcome, now) {
            return self.store.postpone(&owed.key, until);
        }
        if !incident::is_news(&owed.effect, outcome) {
            return self.store.settle(&owed.key);
        }
        match owed.key.stream.as_str() {
            OPERATIONS_STREAM => return self.settle_operation(owed, outcome, now),
            SAFETY_STREAM => return self.settle_care(owed, outcome, now),
            ROSTER_STREAM => return self.settle_roster(owed, outcome, now),
            _incident => {}
        }
        let incident = self.known(&owed.key.stream)?;
        let command = Command::Outcome {
            key: owed.key.clone(),
            effect: Box::new(owed.effect.clone()),
            outcome: outcome.clone(),
        };
        let key = format!("outcome/{}", owed.key);
        let turn = Turn { actor: actor_of(&owed.effect), key: &key, settles: Some(&owed.key) };
        let _refused = self.decide_and_append(incident, &command, &turn, now)?;
        Ok(())
    }

    /// Ends or keeps the lease of an operation: one whose reply was lost keeps it until it was read back.
    fn settle_lease(&mut self, owed: &Owed, outcome: &Outcome, now: Ts) -> Result<(), StoreError> {
        let (operation, end) = match (&owed.effect, outcome) {
            (Effect::Act(_), Outcome::Done(Finding::WouldHave) | Outcome::Later { .. }) => {
                (&owed.key, End::Withdrawn)
            }
            (Effect::Act(_), Outcome::Done(_)) => (&owed.key, End::TookPlace),
            (Effect::Act(_), Outcome::Never { .. }) => (&owed.key, End::Failed),
            (Effect::Look(Look::ReadBack { operation, .. }), Outcome::Done(finding)) => {
                let applied = matches!(finding, Finding::ReadBack { applied: true });
                (operation, if applied { End::TookPlace } else { End::Withdrawn })
            }
            _ => return Ok(()),
        };
        let events: Vec<SafetyEvent> = safety::release(&self.standing, &self.plan, operation, end);
        self.append_safety(events, "engine", &owed.key.to_string(), now)
    }

    /// Fires the wake-ups that are due; says whether there may be more of them.
    pub(super) fn fire(&mut self, now: Ts) -> Result<bool, StoreError> {
        let wakes = self.store.wakes(now, WAKES_PER_TICK)?;
        let more = wakes.len() == WAKES_PER_TICK;
        for wake in wakes {
            match wake.key.stream.as_str() {
                OPERATIONS_STREAM => {
                    self.wake_operation(&wake, now)?;
                    continue;
                }
                SAFETY_STREAM => {
                    self.remind(&wake, now)?;
                    continue;
                }
                _incident => {}
            }
            let incident = self.known(&wake.key.stream)?;
            let turn_key = format!("wake/{}", wake.key);
            let turn = Turn { actor: "timer", key: &turn_key, settles: Some(&wake.key) };
            self.wake(incident, wake.timer, &turn, now)?;
        }
        Ok(more)
    }

    fn wake(
        &mut self,
        incident: Incident,
        timer: Timer,
        turn: &Turn,
        now: Ts,
    ) -> Result<(), StoreError> {
        let view = self.view(&incident.component);
        let command = Command::Wake { timer, view };
        let _refused = self.decide_and_append(incident, &command, turn, now)?;
        Ok(())
    }

    /// The auditor: a rung that is overdue is climbed even if its wake-up was lost, and what has been well for long
    /// enough ends even if nobody says so any more.
    pub(super) fn sweep(&mut self, now: Ts) -> Result<(), StoreError> {
        let plan = Arc::clone(&self.plan);
        let due = self.known.due(now, |incident| overdue_from(&plan, incident));
        let due: Vec<Incident> = due.into_iter().cloned().collect();
        let overdue = |one: &&Incident| self.overdue(one, now).is_some();
        debug_assert_eq!(
            self.known.live().filter(overdue).count(),
            due.iter().filter(overdue).count(),
            "an overdue incident is overlooked"
        );
        for incident in due {
            let Some(timer) = self.overdue(&incident, now) else { continue };
            let key = format!("sweep/{}", incident.turns + 1);
            let turn = Turn { actor: "sweeper", key: &key, settles: None };
            self.wake(incident, timer, &turn, now)?;
        }
        self.withdraw_pages(now)
    }

    /// Takes back pages that were owed when somebody took the incident: a crash had kept them from leaving.
    fn withdraw_pages(&mut self, now: Ts) -> Result<(), StoreError> {
        for page in self.store.owed(Lane::Page, now, PAGES_AT_ONCE)? {
            if self.wants(&page) {
                continue;
            }
            if page.key.stream.as_str() == ROSTER_STREAM {
                self.store.settle(&page.key)?;
                continue;
            }
            let marks = self.known(&page.key.stream)?.marks;
            let since = marks.acknowledged.max(marks.resolved);
            if since.is_none_or(|since| since + PAGE_UNDER_WAY < now) {
                let why = "withdrawn: nobody needs to be woken any more".into();
                self.settle(&page, &Outcome::Never { why }, now)?;
            }
        }
        Ok(())
    }

    fn overdue(&self, incident: &Incident, now: Ts) -> Option<Timer> {
        if !incident.state.is_declared() {
            return None;
        }
        match incident::next_rung(&self.plan, incident) {
            Some((rung, due)) if due + RUNG_GRACE < now => return Some(Timer::Rung(rung)),
            _ => {}
        }
        let long_well = well_until(&self.plan, incident).is_some_and(|until| until < now)
            && match self.view(&incident.component) {
                View::Healthy { since } => since + self.plan.safety.up_for <= now,
                View::Blind => true,
                View::Failing => false,
            };
        long_well.then_some(Timer::LookAgain(incident.recovery.round))
    }
}

/// The moment after which an incident may be overdue, if nothing happens to it until then.
pub(super) fn overdue_from(plan: &Plan, incident: &Incident) -> Option<Ts> {
    if !incident.state.is_declared() {
        return None;
    }
    let rung = incident::next_rung(plan, incident).map(|(_, due)| due + RUNG_GRACE);
    rung.into_iter().chain(well_until(plan, incident)).min()
}

/// Until when an incident that recovered is watched at least.
fn well_until(plan: &Plan, incident: &Incident) -> Option<Ts> {
    let watched = plan.safety.up_for + plan.detection.probe_every + RUNG_GRACE;
    let waits = incident.state == State::Mitigated
        && !incident.steady
        && incident.recovery.unresolved.is_none();
    incident.marks.recovered.filter(|_| waits).map(|at| at + watched)
}

/// Until when an effect is put off. Pages never are: their "later" is answered by another provider at once. What the
/// room is to be told waits as long as the room is away.
fn put_off(owed: &Owed, outcome: &Outcome, now: Ts) -> Option<Ts> {
    let Outcome::Later { after, .. } = outcome else { return None };
    let patient = match owed.effect {
        Effect::Page(_) => false,
        Effect::Tell(_) => true,
        _ => owed.attempts < MAX_PUT_OFFS,
    };
    patient.then(|| now + *after)
}

fn actor_of(effect: &Effect) -> &'static str {
    match effect {
        Effect::Page(_) => "pager",
        Effect::Look(_) => "lookout",
        Effect::Act(_) | Effect::Purge(_) => "hands",
        Effect::Tell(_) => "teller",
        Effect::Report => "reporter",
        Effect::WakeAt { .. } => "timer",
    }
}
