//! Performs an operation's effects without a server: a laptop can do all of it (safety rule 15).
//!
//! Only operations are carried out. An incident's pages and looks stay owed to a server: a laptop has neither the
//! credentials nor the patience for them. It may be killed at any moment; whoever comes next resumes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use shared::effect::{Act, Effect, Outcome};
use shared::engine::{Engine, Permit};
use shared::operation::{Operation, Stage};
use shared::plan::Plan;
use shared::store::{Owed, Store, StoreError};
use shared::time::Span;
use tokio::time::{sleep, timeout};

use crate::clock::Clock;
use crate::outbox::{time_for, without_answer};
use crate::perform::{Hold, KillSwitch, Perform, Standpoint};
use crate::store::{ServerLock, SqliteStore};

/// Between two looks at what is owed, where nothing is due.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// An operation that takes longer is left to be resumed.
const LONGEST: Span = Span::mins(30);

/// Who performs operations while no server does.
pub struct Alone<P> {
    plan: Arc<Plan>,
    store: PathBuf,
    performer: P,
    clock: Clock,
    _lock: ServerLock,
}

impl<P: Perform> Alone<P> {
    /// Takes the server's place at the store; fails while a server is there.
    pub fn at(
        store: PathBuf,
        plan: Arc<Plan>,
        performer: P,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let lock = ServerLock::take(&store)?;
        Ok(Self { plan, store, performer, clock, _lock: lock })
    }

    /// Performs what the operation owes until it is over and nothing of it is owed any more. `heard` is told after
    /// every step.
    pub async fn carry_out<S: Store>(
        &self,
        engine: &mut Engine<S>,
        number: u32,
        mut heard: impl FnMut(&Engine<S>),
    ) -> Result<(), StoreError> {
        let end = (self.clock)() + LONGEST;
        while (self.clock)() < end {
            let now = (self.clock)();
            engine.batch(now, |engine| engine.tick_operations(now))?;
            heard(engine);
            let owed = engine.owed_by_operations(now)?;
            let over = engine.operation(number).is_ok_and(|one| is_over(&one));
            match owed.first() {
                Some(next) => self.step(engine, next).await?,
                None if over => break,
                None => sleep(LOOK_EVERY).await,
            }
        }
        heard(engine);
        Ok(())
    }

    async fn step<S: Store>(&self, engine: &mut Engine<S>, owed: &Owed) -> Result<(), StoreError> {
        let outcome = match &owed.effect {
            Effect::Act(act) => self.act(engine, owed, act).await?,
            _ => self.perform(owed, &Hold::Free).await,
        };
        let now = (self.clock)();
        engine.batch(now, |engine| engine.settle(owed, &outcome, now))
    }

    async fn act<S: Store>(
        &self,
        engine: &mut Engine<S>,
        owed: &Owed,
        act: &Act,
    ) -> Result<Outcome, StoreError> {
        let now = (self.clock)();
        match engine.batch(now, |engine| engine.permit(&owed.key, act, now))? {
            Permit::Settled(outcome) => Ok(outcome),
            Permit::Go { epoch } => {
                let switch = KillSwitch::beside(&self.store);
                let hold = Hold::Alone { stands: self.standpoint(owed, epoch), switch };
                Ok(self.perform(owed, &hold).await)
            }
        }
    }

    /// Another terminal may freeze everything meanwhile: the store is read afresh.
    fn standpoint(&self, owed: &Owed, epoch: u32) -> Standpoint {
        let (store, plan, clock) = (self.store.clone(), Arc::clone(&self.plan), self.clock);
        let key = owed.key.clone();
        Box::new(move || {
            let afresh = SqliteStore::open_read_only(&store)
                .and_then(|store| Engine::open(Arc::clone(&plan), store, clock()));
            match afresh {
                Ok(engine) if engine.holds(&key, epoch) => Ok(()),
                Ok(_) => Err("its lease is over, or everything was frozen".into()),
                Err(error) => Err(error.to_string()),
            }
        })
    }

    async fn perform(&self, owed: &Owed, hold: &Hold) -> Outcome {
        let performed = self.performer.perform(&owed.key, &owed.effect, hold);
        let late = |_| without_answer(&owed.effect);
        timeout(time_for(&owed.effect), performed).await.unwrap_or_else(late)
    }
}

fn is_over(operation: &Operation) -> bool {
    matches!(operation.stage, Stage::Over(_))
}
