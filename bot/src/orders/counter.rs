//! Where orders go: to the desk of the server in this process, or to the store itself.

use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use functions::desk::{Desk, Instruction, RosterChange, Utterance};
use functions::perform::{Hold, Perform};
use functions::store::PlacedStore;
use functions::vendors::dispatch::Dispatch;
use shared::effect::{Aim, Effect, Finding, Look, Outcome, Survey};
use shared::engine::{Engine, Glance, Granted, OperationError, RosterError, WishError};
use shared::id::{EffectKey, PersonId};
use shared::operation::{OPERATIONS_STREAM, Operation};
use shared::plan::Plan;
use shared::roster::RosterEvent;
use shared::store::StoreError;
use shared::time::Ts;

use crate::settings::Settings;
use crate::terminal::operations::survey;

/// How often an order gives way to others that were first.
const RACES: u32 = 16;

/// What orders need of the world.
pub trait Counter: Sync {
    /// The plan.
    fn plan(&self) -> Arc<Plan>;
    /// The time.
    fn now(&self) -> Ts;
    /// A person wants something of an incident.
    fn wish(&self, said: Utterance) -> impl Future<Output = Result<Granted>> + Send;
    /// A person wants something of an operation.
    fn operate(&self, said: Instruction) -> impl Future<Output = Result<Operation>> + Send;
    /// A person changes who is on call, or has a phone tested.
    fn change_roster(
        &self,
        said: RosterChange,
    ) -> impl Future<Output = Result<Vec<RosterEvent>>> + Send;
    /// Stops every action, or allows them again where there is no reason to stop.
    fn freeze(
        &self,
        by: PersonId,
        why: Option<String>,
        key: String,
    ) -> impl Future<Output = Result<()>> + Send;
    /// Looks at what is known.
    fn see<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Glance) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send;
    /// What a plan for this aim depends on, right now.
    fn survey(&self, aim: Aim) -> impl Future<Output = Result<Survey>> + Send;
}

/// The store itself: for a terminal. It is opened anew for every order, so that a mistyped path is an error and
/// nothing is held while a person thinks.
pub struct AtStore<'a>(pub &'a Settings);

impl Counter for AtStore<'_> {
    fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.0.plan)
    }

    fn now(&self) -> Ts {
        self.0.now()
    }

    async fn wish(&self, said: Utterance) -> Result<Granted> {
        let now = self.0.now();
        let mut engine = self.0.engine()?;
        let Utterance { target, by, via, key, wish } = said;
        let answer = at_once(&mut engine, now, |engine| {
            match engine.wish(&target, &by, &via, &key, &wish, now) {
                Err(WishError::Store(error)) => Err(error),
                other => Ok(other),
            }
        })?;
        Ok(answer?)
    }

    async fn operate(&self, said: Instruction) -> Result<Operation> {
        let now = self.0.now();
        let mut engine = self.0.engine()?;
        let Instruction { by, via, key, wish } = said;
        let answer = at_once(&mut engine, now, |engine| {
            match engine.operate(&by, &via, &key, &wish, now) {
                Err(OperationError::Store(error)) => Err(error),
                other => Ok(other),
            }
        })?;
        Ok(answer?)
    }

    async fn change_roster(&self, said: RosterChange) -> Result<Vec<RosterEvent>> {
        let now = self.0.now();
        let mut engine = self.0.engine()?;
        let RosterChange { by, via, key, wish } = said;
        let answer = at_once(&mut engine, now, |engine| {
            match engine.change_roster(&by, &via, &key, &wish, now) {
                Err(RosterError::Store(error)) => Err(error),
                other => Ok(other),
            }
        })?;
        Ok(answer?)
    }

    async fn freeze(&self, by: PersonId, why: Option<String>, key: String) -> Result<()> {
        let now = self.0.now();
        let mut engine = self.0.engine()?;
        at_once(&mut engine, now, |engine| match &why {
            Some(why) => engine.freeze(by.as_str(), why, &key, now),
            None => engine.unfreeze(by.as_str(), &key, now),
        })?;
        Ok(())
    }

    async fn see<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Glance) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        look(&self.0.reader()?)
    }

    async fn survey(&self, aim: Aim) -> Result<Survey> {
        surveyed(&survey::vendors(self.0)?, aim).await
    }
}

/// Does it as one batch; again, where somebody else wrote into the same table at that moment.
pub fn at_once<T>(
    engine: &mut Engine<PlacedStore>,
    now: Ts,
    mut work: impl FnMut(&mut Engine<PlacedStore>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut races = 0;
    loop {
        match engine.batch(now, &mut work) {
            Err(StoreError::Conflict { .. }) if races < RACES => races += 1,
            done => return done,
        }
    }
}

/// The desk of the server in this process.
#[derive(Clone)]
pub struct AtDesk {
    /// The way to it.
    pub desk: Desk,
    /// What surveys.
    pub vendors: Arc<Dispatch>,
}

impl Counter for AtDesk {
    fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.vendors.lookout.plan)
    }

    fn now(&self) -> Ts {
        functions::clock::now()
    }

    async fn wish(&self, said: Utterance) -> Result<Granted> {
        Ok(self.desk.wish(said).await??)
    }

    async fn operate(&self, said: Instruction) -> Result<Operation> {
        Ok(self.desk.operate(said).await??)
    }

    async fn change_roster(&self, said: RosterChange) -> Result<Vec<RosterEvent>> {
        Ok(self.desk.change_roster(said).await??)
    }

    async fn freeze(&self, by: PersonId, why: Option<String>, key: String) -> Result<()> {
        let by = by.as_str().to_owned();
        match why {
            Some(why) => self.desk.freeze(by, why, key).await?,
            None => self.desk.unfreeze(by, key).await?,
        }
        Ok(())
    }

    async fn see<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Glance) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.desk.see(look).await?
    }

    async fn survey(&self, aim: Aim) -> Result<Survey> {
        surveyed(&self.vendors, aim).await
    }
}

async fn surveyed(vendors: &Dispatch, aim: Aim) -> Result<Survey> {
    let key = EffectKey { stream: OPERATIONS_STREAM.into(), turn: 0, position: 0 };
    let look = Effect::Look(Look::Survey(aim));
    match vendors.perform(&key, &look, &Hold::Free).await {
        Outcome::Done(Finding::Surveyed(survey)) => Ok(survey),
        Outcome::Never { why } | Outcome::Later { why, .. } | Outcome::Unknown { why } => {
            Err(anyhow!("nothing can be planned: {why}"))
        }
        Outcome::Done(_) => bail!("nothing can be planned: the answer is of another kind"),
    }
}
