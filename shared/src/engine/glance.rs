//! What a face can look at, whatever store is behind it.

use std::sync::Arc;

use super::{Engine, Store, StoreError};
use crate::effect::Page;
use crate::id::{EffectKey, StreamId};
use crate::incident::{Event, Incident};
use crate::ledger::{Body, Sealed};
use crate::operation::{OperationEvent, Operations};
use crate::plan::Plan;
use crate::roster::Roster;
use crate::safety::Standing;
use crate::store::Summary;

/// A look at everything that is known. Nothing is changed by it.
pub trait Glance {
    /// The plan.
    fn plan(&self) -> &Arc<Plan>;
    /// Freeze, arming, leases, velocity, obligations.
    fn standing(&self) -> &Standing;
    /// Who stands in, whom texts don't reach, tests of phones.
    fn roster(&self) -> &Roster;
    /// Every operation.
    fn operations(&self) -> &Operations;
    /// Incidents that are not over.
    fn live(&self) -> Vec<&Incident>;
    /// The incident of that number.
    fn numbered(&self, number: u32) -> Result<Option<Incident>, StoreError>;
    /// The incident of that stream.
    fn incident(&self, id: &StreamId) -> Result<Incident, StoreError>;
    /// The newest incidents, newest first.
    fn newest(&self, limit: usize) -> Result<Vec<Summary>, StoreError>;
    /// The page that an effect is.
    fn page(&self, key: &EffectKey) -> Result<Option<Page>, StoreError>;
    /// Every turn of an incident, its chain checked.
    fn turns(&self, id: &StreamId) -> Result<Vec<Body<Event>>, StoreError>;
    /// The same as they are stored, for whoever checks them elsewhere: a long story must hold nobody up.
    fn sealed(&self, id: &StreamId) -> Result<Vec<Sealed>, StoreError>;
    /// Every turn of the operations' journal, its chain checked.
    fn operation_turns(&self) -> Result<Vec<Body<OperationEvent>>, StoreError>;
}

impl<S: Store> Glance for Engine<S> {
    fn plan(&self) -> &Arc<Plan> {
        Self::plan(self)
    }

    fn standing(&self) -> &Standing {
        Self::standing(self)
    }

    fn roster(&self) -> &Roster {
        Self::roster(self)
    }

    fn operations(&self) -> &Operations {
        Self::operations(self)
    }

    fn live(&self) -> Vec<&Incident> {
        Self::live(self).collect()
    }

    fn numbered(&self, number: u32) -> Result<Option<Incident>, StoreError> {
        let summary = self.store().numbered(number)?;
        summary.map(|summary| self.known(&summary.id)).transpose()
    }

    fn incident(&self, id: &StreamId) -> Result<Incident, StoreError> {
        self.known(id)
    }

    fn newest(&self, limit: usize) -> Result<Vec<Summary>, StoreError> {
        self.store().newest(limit)
    }

    fn page(&self, key: &EffectKey) -> Result<Option<Page>, StoreError> {
        self.page_of(key)
    }

    fn turns(&self, id: &StreamId) -> Result<Vec<Body<Event>>, StoreError> {
        Ok(self.read::<Event>(id)?.0)
    }

    fn sealed(&self, id: &StreamId) -> Result<Vec<Sealed>, StoreError> {
        self.store().turns(id)
    }

    fn operation_turns(&self) -> Result<Vec<Body<OperationEvent>>, StoreError> {
        Self::operation_turns(self)
    }
}
