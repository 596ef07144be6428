//! Operations and the care of what actions leave behind: the journals beside the incidents.

use std::sync::Arc;

use super::turns::{derive, seal};
use super::{Engine, Store, StoreError, Target, Ts, Turn, View, WishError};
use crate::effect::{Finding, Lane, Outcome, Timer};
use crate::id::{EffectKey, PersonId};
use crate::incident::{Incident, Wish};
use crate::ledger::{Body, Hash};
use crate::operation::{
    self, Case, Ending, OPERATIONS_STREAM, Operation, OperationEvent, OperationWish, Operations,
    Refusal, Stage, ending_says,
};
use crate::plan::RecoveryMeans;
use crate::safety::{self, SafetyEvent};
use crate::store::{Owed, Wake};
use crate::timeline::act_says;

/// Owed effects looked through for those of operations.
const MAX_OWED: usize = 10_000;

/// What can go wrong for a person: their wish, or the store.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// It is refused, with what to do.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: Store> Engine<S> {
    /// A person wants something of an operation. `key` names this one utterance: said twice, it counts once.
    pub fn operate(
        &mut self,
        by: &PersonId,
        via: &str,
        key: &str,
        wish: &OperationWish,
        now: Ts,
    ) -> Result<Operation, OperationError> {
        if self.operations.turns > 0 && self.store.has_taken(&OPERATIONS_STREAM.into(), key)? {
            return Ok(self.meant(by, wish)?);
        }
        let via: Arc<str> = via.into();
        let event = operation::decide(self.case(now), by, &via, &self.linked(wish))?;
        let number = event.number();
        let turn = Turn { actor: by.as_str(), key, settles: None };
        self.append_operation(event, &turn, now)?;
        self.operation(number).map_err(OperationError::from)
    }

    /// The operation of that number.
    pub fn operation(&self, number: u32) -> Result<Operation, Refusal> {
        self.operations.all.get(&number).cloned().ok_or(Refusal::NoSuch(number))
    }

    /// Every turn of the journal, its chain checked.
    pub fn operation_turns(&self) -> Result<Vec<Body<OperationEvent>>, StoreError> {
        Ok(self.read::<OperationEvent>(&OPERATIONS_STREAM.into())?.0)
    }

    fn meant(&self, by: &PersonId, wish: &OperationWish) -> Result<Operation, Refusal> {
        let own = || self.operations.all.values().rev().find(|one| one.by == *by);
        let newest = || own().map_or(0, |one| one.number);
        self.operation(wish.number().unwrap_or_else(newest))
    }

    /// What is planned in the middle of an outage of what deployments and DNS can break belongs to it.
    fn linked(&self, wish: &OperationWish) -> OperationWish {
        let mut wish = wish.clone();
        if let OperationWish::Plan { incident: incident @ None, .. } = &mut wish {
            let deployed = |one: &&Incident| {
                let component = self.plan.component(&one.component);
                one.state.is_declared()
                    && component.is_some_and(|it| it.recovery == RecoveryMeans::RollbackOrFailover)
            };
            *incident = self.known.live().find(deployed).map(|one| one.number);
        }
        wish
    }

    fn case(&self, now: Ts) -> Case<'_> {
        Case { plan: &self.plan, standing: &self.standing, operations: &self.operations, now }
    }

    /// Takes up what the journal holds.
    pub(super) fn take_up_operations(&mut self) -> Result<(), StoreError> {
        let (bodies, hashes) = self.read::<OperationEvent>(&OPERATIONS_STREAM.into())?;
        self.operations = Operations::default();
        for (body, hash) in bodies.iter().zip(hashes) {
            self.operations.apply_turn(body, hash);
        }
        Ok(())
    }

    /// An operation that nobody runs any more may not act.
    pub(super) fn unasked(&self, key: &EffectKey) -> Option<Outcome> {
        let acting = |one: &Operation| one.stage == Stage::Acting;
        let why = || "nobody asks for this operation any more".to_owned();
        (!self.operations.owing(key).is_some_and(acting)).then(|| Outcome::Never { why: why() })
    }

    /// What came of an effect of an operation.
    pub(super) fn settle_operation(
        &mut self,
        owed: &Owed,
        outcome: &Outcome,
        now: Ts,
    ) -> Result<(), StoreError> {
        let event = operation::settle(self.case(now), &owed.key, &owed.effect, outcome);
        let Some(event) = event else { return self.store.settle(&owed.key) };
        let key = format!("outcome/{}", owed.key);
        let turn = Turn { actor: "hands", key: &key, settles: Some(&owed.key) };
        self.append_operation(event, &turn, now)
    }

    /// A wake-up of an operation.
    pub(super) fn wake_operation(&mut self, wake: &Wake, now: Ts) -> Result<(), StoreError> {
        let Some(event) = operation::woken(&self.operations, wake.timer) else {
            return self.store.settle(&wake.key);
        };
        let key = format!("wake/{}", wake.key);
        let turn = Turn { actor: "timer", key: &key, settles: Some(&wake.key) };
        self.append_operation(event, &turn, now)
    }

    /// Fires the wake-ups of operations alone: for a host that leaves incidents to a server.
    pub fn tick_operations(&mut self, now: Ts) -> Result<(), StoreError> {
        for wake in self.store.wakes(now, MAX_OWED)? {
            if wake.key.stream.as_str() == OPERATIONS_STREAM {
                self.wake_operation(&wake, now)?;
            }
        }
        Ok(())
    }

    /// What operations are owed now.
    pub fn owed_by_operations(&self, now: Ts) -> Result<Vec<Owed>, StoreError> {
        let mut owed = self.store.owed(Lane::Act, now, MAX_OWED)?;
        owed.retain(|one| one.key.stream.as_str() == OPERATIONS_STREAM);
        Ok(owed)
    }

    /// Whether something is still to be done for an operation that was begun: it may be over, and caches not yet told.
    pub fn is_unfinished(&self, operation: &Operation, now: Ts) -> Result<bool, StoreError> {
        if operation.under_way() {
            return Ok(true);
        }
        let number = operation.number;
        let owing = |owed: &Owed| self.operations.owing(&owed.key).map(|one| one.number);
        Ok(self.owed_by_operations(now)?.iter().any(|owed| owing(owed) == Some(number)))
    }

    fn append_operation(
        &mut self,
        event: OperationEvent,
        asked: &Turn,
        now: Ts,
    ) -> Result<(), StoreError> {
        let turn = self.operations.turns + 1;
        let mut body = Body {
            stream: OPERATIONS_STREAM.into(),
            turn,
            at: now,
            actor: Arc::from(asked.actor),
            key: asked.key.into(),
            events: vec![event],
            owes: Vec::new(),
            settles: asked.settles.cloned(),
        };
        let mut after = self.operations.clone();
        after.apply_turn(&body, Hash::default());
        let number = body.events[0].number();
        if let Some(operation) = after.all.get(&number) {
            body.owes = operation::react(&self.plan, operation, &body.events[0], now);
        }
        let sealed = seal(&self.operations.head, &body)?;
        self.store.append(&sealed, &derive(&body, None))?;
        after.head = sealed.hash;
        self.operations = after;
        self.note(number, &body.events[0], asked, now)
    }

    /// What an operation means beyond itself: its incident's timeline, and the proof that its class works.
    fn note(
        &mut self,
        number: u32,
        event: &OperationEvent,
        asked: &Turn,
        now: Ts,
    ) -> Result<(), StoreError> {
        let Ok(operation) = self.operation(number) else { return Ok(()) };
        if let OperationEvent::Ended { ending: Ending::Verified { .. }, .. } = event {
            let by = format!("operation {number}");
            let events = safety::prove(operation.act.class(), &by);
            self.append_safety(events, "hands", asked.key, now)?;
        }
        let (Some(incident), Some(said)) = (operation.incident, noted(&operation, event)) else {
            return Ok(());
        };
        let (target, wish) = (Target::Number(incident), Wish::Update(said));
        match self.wish(&target, &operation.by, "operation", asked.key, &wish, now) {
            Err(WishError::Store(error)) => Err(error),
            // An incident that is gone or full hears nothing; the operation's own story is whole.
            _ => Ok(()),
        }
    }

    /// Asks for the looks that pins need, when they are due. Only a host that can look calls this.
    pub fn care(&mut self, now: Ts) -> Result<(), StoreError> {
        let due = |at: Ts| now.since(at) >= safety::CARE_EVERY;
        if self.standing.cared_at.is_none_or(due) {
            self.append_safety(vec![SafetyEvent::CareAsked], "timer", "care", now)?;
        }
        Ok(())
    }

    /// What the safety journal's own look brought back.
    pub(super) fn settle_care(
        &mut self,
        owed: &Owed,
        outcome: &Outcome,
        now: Ts,
    ) -> Result<(), StoreError> {
        let Outcome::Done(Finding::Deployments(list)) = outcome else {
            return self.store.settle(&owed.key);
        };
        let well = self.well_since();
        let events = safety::care(&self.standing, &self.plan, list, well, now);
        if events.is_empty() {
            return self.store.settle(&owed.key);
        }
        let key = format!("outcome/{}", owed.key);
        let turn = Turn { actor: "lookout", key: &key, settles: Some(&owed.key) };
        self.append_safety_turn(events, &turn, now)
    }

    /// Since when our own probes see everything well that a deployment can break.
    fn well_since(&self) -> Option<Ts> {
        let deployed = |means| means == RecoveryMeans::RollbackOrFailover;
        let components = self.plan.components.iter().filter(|one| deployed(one.recovery));
        let since: Option<Vec<Ts>> = components
            .map(|one| match self.view(&one.id) {
                View::Healthy { since } => Some(since),
                View::Failing | View::Blind => None,
            })
            .collect();
        since?.into_iter().max()
    }

    /// Brings to mind what people still have to do.
    pub(super) fn remind(&mut self, wake: &Wake, now: Ts) -> Result<(), StoreError> {
        let events = match wake.timer {
            Timer::Remind(class) => safety::remind(&self.standing, class, now),
            _ => Vec::new(),
        };
        if events.is_empty() {
            return self.store.settle(&wake.key);
        }
        let key = format!("wake/{}", wake.key);
        let turn = Turn { actor: "timer", key: &key, settles: Some(&wake.key) };
        self.append_safety_turn(events, &turn, now)
    }
}

/// What an incident's timeline hears of an operation.
fn noted(operation: &Operation, event: &OperationEvent) -> Option<String> {
    let number = operation.number;
    match event {
        OperationEvent::Started { by, .. } => Some(format!(
            "operation {number}, {by} says go: {} ({})",
            act_says(&operation.act),
            operation.because
        )),
        OperationEvent::Ended { ending, .. } => {
            Some(format!("operation {number}: {}", ending_says(ending)))
        }
        _ => None,
    }
}
