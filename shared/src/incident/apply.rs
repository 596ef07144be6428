//! Folds an event into an incident. Total: whatever the ledger holds can be applied, and nothing is decided here.

use std::sync::Arc;

use super::event::{Choice, Event};
use super::{Incident, MAX_MONITORS, Paging, Phase, State};
use crate::effect::{Act, Finding, Look, Outcome, Page};
use crate::id::EffectKey;
use crate::time::Ts;

impl Incident {
    /// Folds one event that happened at `at`.
    pub fn apply(&mut self, event: &Event, at: Ts) {
        match event {
            Event::Opened { number, component, since, .. } => {
                self.opened(*number, component, *since, at)
            }
            Event::Joined { source, monitor, health, trust, .. } => {
                let key = (source.clone(), monitor.clone());
                let monitors = Arc::make_mut(&mut self.monitors);
                if monitors.len() < MAX_MONITORS || monitors.contains_key(&key) {
                    monitors.insert(key, (*health, *trust));
                }
            }
            Event::FirstFailure { since } => {
                self.since = *since;
                self.failing = true;
            }
            Event::Dismissed { .. } => self.close(State::Dismissed),
            Event::Declared { severity, because } => {
                self.state = State::Open;
                self.severity = *severity;
                self.severity_because.clone_from(because);
                self.marks.declared.get_or_insert(at);
                self.paging = Paging::Climbing { started: at, next: 0, pending: 0, sent: 0 };
            }
            Event::Confirmed { .. } => self.confirmed = true,
            Event::Certain { quorum } => self.recovery.certain = Some(quorum.clone()),
            Event::Blinded { .. } => {
                self.blind = true;
                self.recovery.certain = None;
            }
            Event::Sighted => self.blind = false,
            Event::Impaired { alert, .. } => self.impaired.push(*alert),
            Event::Eased { alert } => self.impaired.retain(|one| one != alert),
            Event::RungReached { rung, pages, .. } => self.reached(*rung, *pages),
            Event::Paged { page, outcome } => self.paged(page, outcome, at),
            Event::Acknowledged { by, .. } => {
                self.paging = Paging::Acknowledged { by: by.clone() };
                self.marks.acknowledged.get_or_insert(at);
            }
            Event::Updated { text } => self.last_update = Some(text.clone()),
            Event::SeveritySet { to, because, by_person } => {
                if *to < self.severity && self.state.is_declared() {
                    self.paging = Paging::Climbing { started: at, next: 0, pending: 0, sent: 0 };
                }
                self.severity = *to;
                self.severity_because.clone_from(because);
                self.severity_by_person |= by_person;
            }
            Event::Assigned { role, to } => drop(self.roles.insert(*role, to.clone())),
            Event::LooksAsked { round, looks } => {
                self.recovery.phase = Phase::Looking;
                self.recovery.round = *round;
                self.recovery.pending = looks.iter().cloned().collect();
                self.recovery.findings.asked(at);
            }
            Event::LookAsked { look } => drop(self.recovery.pending.insert(look.clone())),
            Event::Found { look, finding } => self.found(look, Some(finding)),
            Event::LookFailed { look, .. } => self.found(look, None),
            Event::Chose { choice } => self.chose(choice),
            Event::ActStarted { act, attempt } => {
                self.recovery.phase = Phase::Acting(act.clone());
                self.recovery.under_way = true;
                self.recovery.attempts = *attempt;
                if *attempt == 1 {
                    self.recovery.tried.push(act.clone());
                }
                self.marks.acted.get_or_insert(at);
            }
            Event::ActSettled { operation, act, outcome } => {
                self.act_settled(operation, act, outcome)
            }
            Event::DidNotHelp { .. } if self.state == State::Open => {
                self.recovery.phase = Phase::Ready;
            }
            Event::ObligationOpened { what } => self.obligations.push(what.clone()),
            Event::Recovered { at: since, .. } => {
                self.state = State::Mitigated;
                self.failing = false;
                self.marks.recovered = Some(*since);
                self.recovery.phase = Phase::Over;
                self.recovery.pending.clear();
                self.recovery.certain = None;
            }
            Event::Relapsed { .. } => {
                self.failing = true;
                self.state = State::Open;
                self.steady = false;
                self.marks.recovered = None;
                self.recovery.phase = Phase::Ready;
            }
            Event::Steady { .. } => self.steady = true,
            Event::Resolved { .. } => {
                self.marks.recovered.get_or_insert(at);
                self.marks.resolved = Some(at);
                self.close(State::Resolved);
            }
            Event::Reopened { .. } => self.reopened(at),
            Event::DidNotHelp { .. } | Event::ManyAgree { .. } | Event::Reported => {}
        }
    }

    fn opened(&mut self, number: u32, component: &crate::id::ComponentId, since: Ts, at: Ts) {
        self.number = number;
        self.component = component.clone();
        self.state = State::Suspected;
        self.since = since;
        self.openings += 1;
        self.paging = Paging::Off;
        self.failing = false;
        self.confirmed = false;
        self.steady = false;
        self.impaired.clear();
        self.recovery = super::Recovery {
            tried: std::mem::take(&mut self.recovery.tried),
            ..Default::default()
        };
        self.marks = super::Marks { opened: Some(at), ..Default::default() };
    }

    fn reopened(&mut self, at: Ts) {
        self.state = State::Open;
        self.steady = false;
        self.marks.recovered = None;
        self.marks.resolved = None;
        self.recovery.phase = Phase::Ready;
        self.paging = Paging::Climbing { started: at, next: 0, pending: 0, sent: 0 };
    }

    fn close(&mut self, state: State) {
        self.state = state;
        if !matches!(self.paging, Paging::Acknowledged { .. }) {
            self.paging = Paging::Off;
        }
        self.recovery.phase = Phase::Over;
        self.recovery.pending.clear();
        self.recovery.certain = None;
    }

    fn reached(&mut self, rung: u32, pages: u32) {
        if let Paging::Climbing { next, pending, sent, .. } = &mut self.paging {
            *next = rung + 1;
            *pending = pages;
            *sent = 0;
        }
    }

    fn paged(&mut self, page: &Page, outcome: &Outcome, at: Ts) {
        let went = matches!(outcome, Outcome::Done(_));
        if went {
            self.marks.paged.get_or_insert(at);
        }
        if let Paging::Climbing { next, pending, sent, .. } = &mut self.paging
            && page.rung + 1 == *next
            && (went || !super::may_copy(page))
        {
            *pending = pending.saturating_sub(1);
            *sent += u32::from(went);
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
            Choice::Wait { .. } => self.recovery.phase = Phase::Waiting,
        }
    }

    fn act_settled(&mut self, operation: &EffectKey, act: &Act, outcome: &Outcome) {
        self.recovery.phase = match outcome {
            _ if self.state != State::Open => Phase::Over,
            Outcome::Done(Finding::WouldHave) => Phase::Waiting,
            Outcome::Done(_) => Phase::Verifying(act.clone()),
            Outcome::Unknown { .. } => Phase::ReadingBack(act.clone()),
            Outcome::Later { .. } | Outcome::Never { .. } => Phase::Ready,
        };
        self.recovery.under_way = matches!(outcome, Outcome::Unknown { .. });
        self.recovery.unresolved =
            matches!(outcome, Outcome::Unknown { .. }).then(|| (operation.clone(), act.clone()));
    }
}
