//! A store that remembers what was committed since it was last asked: for whoever watches live, and for counting
//! boundaries. A decorator; it decides nothing.

use crate::effect::Lane;
use crate::id::{ComponentId, EffectKey, StreamId};
use crate::ledger::Sealed;
use crate::store::{Delivery, Derived, MemoryStore, Owed, Store, StoreError, Summary, Wake};
use crate::time::Ts;

/// A [`MemoryStore`] that remembers its last commits.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    inner: MemoryStore,
    drafted: Vec<Sealed>,
    committed: Vec<Sealed>,
    written: bool,
}

impl Recorder {
    /// The store itself.
    pub fn inner(&self) -> &MemoryStore {
        &self.inner
    }

    /// The turns committed since the last call.
    pub fn take(&mut self) -> Vec<Sealed> {
        std::mem::take(&mut self.committed)
    }

    /// Whether turns were committed since they were last taken.
    pub fn has_news(&self) -> bool {
        !self.committed.is_empty()
    }

    /// Whether the open batch has written anything.
    pub fn has_written(&self) -> bool {
        self.written
    }
}

impl Store for Recorder {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.written = false;
        self.inner.begin()
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.inner.commit()?;
        self.committed.append(&mut self.drafted);
        Ok(())
    }

    fn rollback(&mut self) {
        self.drafted.clear();
        self.inner.rollback();
    }

    fn append(&mut self, turn: &Sealed, derived: &Derived) -> Result<(), StoreError> {
        self.inner.append(turn, derived)?;
        self.drafted.push(turn.clone());
        self.written = true;
        Ok(())
    }

    fn turns(&self, stream: &StreamId) -> Result<Vec<Sealed>, StoreError> {
        self.inner.turns(stream)
    }

    fn turn(&self, stream: &StreamId, number: u32) -> Result<Option<Sealed>, StoreError> {
        self.inner.turn(stream, number)
    }

    fn has_taken(&self, stream: &StreamId, key: &str) -> Result<bool, StoreError> {
        self.inner.has_taken(stream, key)
    }

    fn owed(&self, lane: Lane, now: Ts, limit: usize) -> Result<Vec<Owed>, StoreError> {
        self.inner.owed(lane, now, limit)
    }

    fn postpone(&mut self, key: &EffectKey, until: Ts) -> Result<(), StoreError> {
        self.written = true;
        self.inner.postpone(key, until)
    }

    fn settle(&mut self, key: &EffectKey) -> Result<(), StoreError> {
        self.written = true;
        self.inner.settle(key)
    }

    fn wakes(&self, now: Ts, limit: usize) -> Result<Vec<Wake>, StoreError> {
        self.inner.wakes(now, limit)
    }

    fn next_due(&self, after: Ts) -> Result<Option<Ts>, StoreError> {
        self.inner.next_due(after)
    }

    fn keep(&mut self, delivery: &Delivery) -> Result<bool, StoreError> {
        let new = self.inner.keep(delivery)?;
        self.written |= new;
        Ok(new)
    }

    fn next_number(&self) -> Result<u32, StoreError> {
        self.inner.next_number()
    }

    fn latest(&self, component: &ComponentId) -> Result<Option<Summary>, StoreError> {
        self.inner.latest(component)
    }

    fn numbered(&self, number: u32) -> Result<Option<Summary>, StoreError> {
        self.inner.numbered(number)
    }

    fn live(&self) -> Result<Vec<Summary>, StoreError> {
        self.inner.live()
    }

    fn newest(&self, limit: usize) -> Result<Vec<Summary>, StoreError> {
        self.inner.newest(limit)
    }

    fn foreign_writes(&self) -> Result<u64, StoreError> {
        self.inner.foreign_writes()
    }
}
