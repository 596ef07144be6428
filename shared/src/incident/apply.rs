//! Folds an event into an incident. Total: whatever the ledger holds can be applied, and nothing is decided here.

use std::sync::Arc;

use super::event::{Call, Choice, Event};
use super::{Incident, MAX_MONITORS, Paging, Phase, State, Word};
use crate::effect::{Act, Finding, Look, Outcome, Page};
use crate::id::{EffectKey, MonitorKey, PersonId, SourceId};
use crate::page::{Report, Stage, Stand};
use crate::plan::Severity;
use crate::time::Ts;

impl Incident {
    /// Folds one event that happened at `at`.
    pub fn apply(&mut self, event: &Event, at: Ts) {
        match event {
            Event::Opened { number, component, since, .. } => {
                self.opened(*number, component, *since, at);
            }
            Event::Joined { source, monitor, health, trust, alert, .. } => {
                let word = Word { health: *health, trust: *trust, alert: *alert };
                self.joined((source.clone(), monitor.clone()), word);
            }
            Event::FirstFailure { since } => (self.since, self.failing) = (*since, true),
            Event::Dismissed { .. } => self.close(State::Dismissed),
            Event::Declared { severity, because } => self.declared(*severity, because, at),
            Event::Confirmed { .. } => self.confirmed = true,
            Event::Certain { quorum } => self.recovery.certain = Some(quorum.clone()),
            Event::Blinded { .. } => (self.blind, self.recovery.certain) = (true, None),
            Event::Sighted => self.blind = false,
            Event::Impaired { alert, .. } => self.impaired.push(*alert),
            Event::Eased { alert } => self.impaired.retain(|one| one != alert),
            Event::RungReached { rung, pages, calls, .. } => {
                self.reached(*rung, *pages, calls, at);
            }
            Event::Summoned { calls, .. } => self.summoned(calls, at),
            Event::Paged { page, outcome, key, again } => {
                self.paged(page, outcome, key.as_ref(), *again, at);
            }
            Event::Delivered { key, page, report, again } => {
                self.delivered(key, page, report, *again, at);
            }
            Event::Rerouted { call, rung, .. } => self.owe(call, *rung, at),
            Event::Declined { by, .. } => self.declined(by, at),
            Event::Answered { by, .. } => drop(self.awaited.remove(by)),
            Event::Acknowledged { by, .. } => self.acknowledged(by, at),
            Event::Updated { text } => self.last_update = Some(text.clone()),
            Event::SeveritySet { to, because, by_person } => {
                self.severity_set(*to, because, *by_person, at);
            }
            Event::Assigned { role, to } => drop(self.roles.insert(*role, to.clone())),
            Event::LooksAsked { round, looks } => self.looks_asked(*round, looks, at),
            Event::LookAsked { look } => drop(self.recovery.pending.insert(look.clone())),
            Event::Found { look, finding } => self.found(look, Some(finding)),
            Event::LookFailed { look, .. } => self.found(look, None),
            Event::Chose { choice } => self.chose(choice),
            Event::ActStarted { act, attempt } => self.act_started(act, *attempt, at),
            Event::ActSettled { operation, act, outcome } => {
                self.act_settled(operation, act, outcome);
            }
            Event::DidNotHelp { .. } => self.did_not_help(),
            Event::ObligationOpened { what } => self.obligations.push(what.clone()),
            Event::Recovered { at: since, .. } => self.recovered(*since),
            Event::Relapsed { .. } => self.relapsed(),
            Event::Steady { .. } => self.steady = true,
            Event::Resolved { .. } => self.resolved(at),
            Event::Reopened { .. } => self.reopened(at),
            Event::Purged { .. } | Event::ManyAgree { .. } | Event::Reported => {}
        }
    }

    fn opened(&mut self, number: u32, component: &crate::id::ComponentId, since: Ts, at: Ts) {
        self.number = number;
        self.component = component.clone();
        self.state = State::Suspected;
        self.since = since;
        self.openings += 1;
        self.paging = Paging::Off;
        self.pages = Arc::default();
        self.forget_answers();
        self.failing = false;
        self.confirmed = false;
        self.steady = false;
        self.impaired.clear();
        // An operation outlives the incident's end: nothing else is begun before its fate is known.
        self.recovery.forget_looks();
        let before = std::mem::take(&mut self.recovery);
        self.recovery = super::Recovery {
            tried: before.tried,
            pending: before.pending,
            under_way: before.under_way,
            unresolved: before.unresolved,
            ..Default::default()
        };
        self.marks = super::Marks { opened: Some(at), ..Default::default() };
    }

    fn joined(&mut self, key: (SourceId, MonitorKey), word: Word) {
        let monitors = Arc::make_mut(&mut self.monitors);
        if monitors.len() < MAX_MONITORS || monitors.contains_key(&key) {
            monitors.insert(key, word);
        }
    }

    fn declared(&mut self, severity: Severity, because: &str, at: Ts) {
        self.state = State::Open;
        self.severity = severity;
        self.severity_because = because.into();
        self.marks.declared.get_or_insert(at);
        self.set_up_ladder(at);
    }

    fn acknowledged(&mut self, by: &PersonId, at: Ts) {
        self.paging = Paging::Acknowledged { by: by.clone() };
        self.declined.remove(by);
        self.awaited.remove(by);
        self.marks.acknowledged.get_or_insert(at);
    }

    /// What got worse is paged anew, even if somebody has the milder incident.
    fn severity_set(&mut self, to: Severity, because: &str, by_person: bool, at: Ts) {
        if to < self.severity && self.state.is_declared() {
            self.set_up_ladder(at);
        }
        self.severity = to;
        self.severity_because = because.into();
        self.severity_by_person |= by_person;
    }

    fn set_up_ladder(&mut self, at: Ts) {
        self.pages = Arc::default();
        self.paging = Paging::Climbing { started: at, next: 0 };
    }

    fn looks_asked(&mut self, round: u32, looks: &[Look], at: Ts) {
        self.recovery.phase = Phase::Looking;
        self.recovery.round = round;
        self.recovery.forget_looks();
        self.recovery.pending.extend(looks.iter().cloned());
        self.recovery.findings.asked(at);
    }

    fn act_started(&mut self, act: &Act, attempt: u8, at: Ts) {
        self.recovery.phase = Phase::Acting(act.clone());
        self.recovery.under_way = true;
        self.recovery.attempts = attempt;
        if attempt == 1 {
            self.recovery.tried.push(act.clone());
        }
        self.marks.acted.get_or_insert(at);
    }

    fn did_not_help(&mut self) {
        if self.state == State::Open {
            self.recovery.phase = Phase::Ready;
        }
    }

    fn recovered(&mut self, since: Ts) {
        self.state = State::Mitigated;
        self.failing = false;
        self.marks.recovered = Some(since);
        self.recovery.phase = Phase::Over;
        self.recovery.forget_looks();
        self.recovery.certain = None;
    }

    fn relapsed(&mut self) {
        self.state = State::Open;
        self.failing = true;
        self.steady = false;
        self.marks.recovered = None;
        self.recovery.phase = Phase::Ready;
    }

    fn resolved(&mut self, at: Ts) {
        self.marks.recovered.get_or_insert(at);
        self.marks.resolved = Some(at);
        self.close(State::Resolved);
    }

    fn reopened(&mut self, at: Ts) {
        self.state = State::Open;
        self.steady = false;
        self.marks.recovered = None;
        self.marks.resolved = None;
        self.recovery.phase = Phase::Ready;
        self.forget_answers();
        self.set_up_ladder(at);
    }

    fn forget_answers(&mut self) {
        self.declined.clear();
        self.awaited.clear();
    }

    fn close(&mut self, state: State) {
        self.state = state;
        if !matches!(self.paging, Paging::Acknowledged { .. }) {
            self.paging = Paging::Off;
        }
        self.recovery.phase = Phase::Over;
        self.recovery.forget_looks();
        self.recovery.certain = None;
    }

    fn reached(&mut self, rung: u32, pages: u32, calls: &[Call], at: Ts) {
        if let Paging::Climbing { next, .. } = &mut self.paging {
            *next = rung + 1;
        }
        if calls.is_empty() && pages > 0 {
            // Of a ledger that did not list them yet: their outcomes do.
            self.pages = Arc::default();
        }
        for call in calls {
            self.owe(call, rung, at);
        }
    }

    fn owe(&mut self, call: &Call, rung: u32, at: Ts) {
        let slot = (call.person.clone(), call.by);
        Arc::make_mut(&mut self.pages).insert(slot, Stand::owed(rung, at));
    }

    fn summoned(&mut self, calls: &[Call], at: Ts) {
        let rung = self.present_rung();
        for call in calls {
            self.awaited.insert(call.person.clone());
            self.declined.remove(&call.person);
            self.owe(call, rung, at);
        }
    }

    fn declined(&mut self, by: &PersonId, at: Ts) {
        self.declined.insert(by.clone());
        self.awaited.remove(by);
        if self.acknowledged_by() == Some(by) {
            self.set_up_ladder(at);
        }
    }

    fn paged(
        &mut self,
        page: &Page,
        outcome: &Outcome,
        key: Option<&EffectKey>,
        again: bool,
        at: Ts,
    ) {
        if let Outcome::Done(_) = outcome {
            self.marks.paged.get_or_insert(at);
        }
        let slot = (page.person.clone(), page.by);
        let pages = Arc::make_mut(&mut self.pages);
        let stand = pages.entry(slot).or_insert_with(|| Stand::owed(page.rung, at));
        if stand.rung != page.rung {
            return;
        }
        if let Some(copy) = stand.copy_mut(page.copy, at) {
            copy.settled(key, outcome, at);
        }
        if again {
            stand.copy_mut(page.copy + 1, at);
        }
    }

    fn delivered(&mut self, key: &EffectKey, page: &Page, report: &Report, again: bool, at: Ts) {
        if report.stage == Stage::OptedOut {
            self.opted_out.insert(page.person.clone());
        }
        let slot = (page.person.clone(), page.by);
        let Some(stand) = Arc::make_mut(&mut self.pages).get_mut(&slot) else { return };
        if stand.rung != page.rung {
            return;
        }
        if let Some(copy) = stand.copy_mut(page.copy, at) {
            copy.said(key, report, at);
        }
        if again {
            stand.copy_mut(page.copy + 1, at);
        }
    }

    fn found(&mut self, look: &Look, finding: Option<&Finding>) {
        self.recovery.pending.remove(look);
        self.recovery.findings.learn(look, finding);
        if let (Look::ReadBack { .. }, Some(_)) = (look, finding) {
            self.recovery.unresolved = None;
            self.recovery.under_way = false;
        }
        if self.state != State::Open {
            return;
        }
        match (look, finding) {
            (Look::ReadBack { act, .. }, Some(Finding::ReadBack { applied: true })) => {
                self.recovery.phase = Phase::Verifying(act.clone());
            }
            (Look::Verify(act), _) => self.recovery.phase = Phase::Recovering(act.clone()),
            _ => {}
        }
        let all_in = self.recovery.pending.is_empty();
        if all_in && self.recovery.phase == Phase::Looking {
            self.recovery.phase = Phase::Ready;
        }
    }

    fn chose(&mut self, choice: &Choice) {
        match choice {
            Choice::Act { .. } => self.recovery.attempts = 0,
            Choice::Wait { .. } if self.state == State::Open => {
                self.recovery.phase = Phase::Waiting;
            }
            Choice::Wait { .. } => {}
        }
    }

    fn act_settled(&mut self, operation: &EffectKey, act: &Act, outcome: &Outcome) {
        self.recovery.phase = match outcome {
            _ if self.state == State::Suspected => Phase::Idle,
            _ if self.state != State::Open => Phase::Over,
            Outcome::Done(Finding::WouldHave) => Phase::Waiting,
            Outcome::Done(_) => Phase::Verifying(act.clone()),
            Outcome::Unknown { .. } => Phase::ReadingBack(act.clone()),
            Outcome::Later { .. } | Outcome::Never { .. } => Phase::Ready,
        };
        if let Outcome::Later { .. } = outcome {
            // It did not take place: it may be chosen again.
            self.recovery.tried.retain(|tried| tried != act);
        }
        self.recovery.under_way = matches!(outcome, Outcome::Unknown { .. });
        self.recovery.unresolved =
            matches!(outcome, Outcome::Unknown { .. }).then(|| (operation.clone(), act.clone()));
    }
}
