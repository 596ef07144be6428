//! The store that forgets: for simulations, drills and tests.
//!
//! It keeps turns as they were sealed and effects as values, so nothing is parsed again. A batch is a list of what would
//! undo it. Lists of incidents are walked, not indexed: a simulated life has a handful.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::{Delivery, Derived, Owed, Store, StoreError, Summary, Wake};
use crate::effect::{Effect, Lane};
use crate::id::{ComponentId, EffectKey, StreamId};
use crate::ledger::{Hash, Sealed};
use crate::time::Ts;

mod image;

pub use image::{Image, Shelved};

/// A store in memory. A clone is a branch: what is written to one is unknown to the other.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    streams: BTreeMap<StreamId, Stream>,
    agenda: BTreeMap<Slot, Owed>,
    slots: BTreeMap<EffectKey, Slot>,
    incidents: BTreeMap<u32, Summary>,
    deliveries: BTreeSet<Hash>,
    arrivals: u64,
    batch: Option<Vec<Undo>>,
}

#[derive(Clone, Debug, Default)]
struct Stream {
    turns: Vec<Sealed>,
    keys: BTreeSet<Arc<str>>,
}

/// A place in the order of what is owed; wake-ups have no lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    lane: Option<Lane>,
    due: Ts,
    arrival: u64,
}

/// What takes one write back.
#[derive(Clone, Debug)]
enum Undo {
    Append(StreamId, u32, Arc<str>),
    Schedule(EffectKey),
    Remove(Slot, Owed),
    Index(u32, Option<Summary>),
    Keep(Hash),
}

impl MemoryStore {
    /// What a crash does: an open batch never happened.
    pub fn crash(&mut self) {
        self.rollback();
    }

    /// Notes that a delivery of this key was kept; `false` if that was known.
    pub fn note_delivery(&mut self, key: Hash) -> bool {
        let new = self.deliveries.insert(key);
        if new {
            self.log(Undo::Keep(key));
        }
        new
    }

    /// Forgets that a delivery of this key was kept; for good, whatever becomes of an open batch.
    pub fn forget_delivery(&mut self, key: &Hash) {
        self.deliveries.remove(key);
    }

    /// What is owed under this key, be it a wake-up.
    pub fn owed_under(&self, key: &EffectKey) -> Option<&Owed> {
        self.agenda.get(self.slots.get(key)?)
    }

    fn log(&mut self, undo: Undo) {
        if let Some(batch) = &mut self.batch {
            batch.push(undo);
        }
    }

    fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Append(stream, turn, key) => {
                if let Some(stream) = self.streams.get_mut(&stream) {
                    stream.turns.retain(|sealed| sealed.turn != turn);
                    stream.keys.remove(&key);
                }
            }
            Undo::Schedule(key) => {
                self.take(&key);
            }
            Undo::Remove(slot, owed) => self.put(slot, owed),
            Undo::Index(number, Some(summary)) => {
                self.incidents.insert(number, summary);
            }
            Undo::Index(number, None) => {
                self.incidents.remove(&number);
            }
            Undo::Keep(key) => {
                self.deliveries.remove(&key);
            }
        }
    }

    fn put(&mut self, slot: Slot, owed: Owed) {
        self.slots.insert(owed.key.clone(), slot);
        self.agenda.insert(slot, owed);
    }

    fn take(&mut self, key: &EffectKey) -> Option<(Slot, Owed)> {
        let slot = self.slots.remove(key)?;
        Some((slot, self.agenda.remove(&slot)?))
    }

    fn schedule(&mut self, key: EffectKey, effect: &Effect) {
        let due = effect.due();
        self.log(Undo::Schedule(key.clone()));
        self.arrivals += 1;
        let slot = Slot { lane: effect.lane(), due, arrival: self.arrivals };
        self.put(slot, Owed { key, effect: effect.clone(), attempts: 0 });
    }

    fn remove(&mut self, key: &EffectKey) {
        if let Some((slot, owed)) = self.take(key) {
            self.log(Undo::Remove(slot, owed));
        }
    }

    fn index(&mut self, summary: &Summary) {
        let before = self.incidents.insert(summary.number, summary.clone());
        self.log(Undo::Index(summary.number, before));
    }

    fn due(&self, lane: Option<Lane>, now: Ts) -> impl Iterator<Item = (&Slot, &Owed)> {
        let from = Slot { lane, due: Ts(i64::MIN), arrival: 0 };
        self.agenda.range(from..=Slot { lane, due: now, arrival: u64::MAX })
    }

    fn first_after(&self, lane: Option<Lane>, moment: Ts) -> Option<Ts> {
        let reached = Slot { lane, due: moment, arrival: u64::MAX };
        let (slot, _) = self.agenda.range((Bound::Excluded(reached), Bound::Unbounded)).next()?;
        (slot.lane == lane).then_some(slot.due)
    }

    fn number_is_taken(&self, summary: &Summary) -> bool {
        self.incidents.get(&summary.number).is_some_and(|there| there.id != summary.id)
    }
}

impl Store for MemoryStore {
    fn begin(&mut self) -> Result<(), StoreError> {
        if self.batch.is_some() {
            return Err(StoreError::Unavailable("a batch is open already".into()));
        }
        self.batch = Some(Vec::new());
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let open = self.batch.take().is_some();
        if open { Ok(()) } else { Err(StoreError::Unavailable("no batch is open".into())) }
    }

    fn rollback(&mut self) {
        for undo in self.batch.take().into_iter().flatten().rev() {
            self.undo(undo);
        }
    }

    fn append(&mut self, turn: &Sealed, derived: &Derived) -> Result<(), StoreError> {
        let conflict = || StoreError::Conflict { stream: turn.stream.clone(), turn: turn.turn };
        if derived.summary.as_ref().is_some_and(|summary| self.number_is_taken(summary)) {
            return Err(conflict());
        }
        let stream = self.streams.entry(turn.stream.clone()).or_default();
        let place = stream.turns.binary_search_by_key(&turn.turn, |sealed| sealed.turn);
        let (Err(place), false) = (place, stream.keys.contains(derived.key)) else {
            return Err(conflict());
        };
        let key: Arc<str> = derived.key.into();
        stream.turns.insert(place, turn.clone());
        stream.keys.insert(key.clone());
        self.log(Undo::Append(turn.stream.clone(), turn.turn, key));
        if let Some(key) = derived.settles {
            self.remove(key);
        }
        for (key, effect) in &derived.owes {
            self.schedule(key.clone(), effect);
        }
        if let Some(summary) = &derived.summary {
            self.index(summary);
        }
        Ok(())
    }

    fn turns(&self, stream: &StreamId) -> Result<Vec<Sealed>, StoreError> {
        Ok(self.streams.get(stream).map(|stream| stream.turns.clone()).unwrap_or_default())
    }

    fn turn(&self, stream: &StreamId, number: u32) -> Result<Option<Sealed>, StoreError> {
        let turns = self.streams.get(stream).map_or(&[][..], |stream| &stream.turns);
        Ok(turns.iter().find(|turn| turn.turn == number).cloned())
    }

    fn has_taken(&self, stream: &StreamId, key: &str) -> Result<bool, StoreError> {
        Ok(self.streams.get(stream).is_some_and(|stream| stream.keys.contains(key)))
    }

    fn owed(&self, lane: Lane, now: Ts, limit: usize) -> Result<Vec<Owed>, StoreError> {
        Ok(self.due(Some(lane), now).take(limit).map(|(_, owed)| owed.clone()).collect())
    }

    fn postpone(&mut self, key: &EffectKey, until: Ts) -> Result<(), StoreError> {
        if self.slots.get(key).is_none_or(|slot| slot.lane.is_none()) {
            return Ok(());
        }
        if let Some((slot, owed)) = self.take(key) {
            self.log(Undo::Remove(slot, owed.clone()));
            self.log(Undo::Schedule(key.clone()));
            self.put(Slot { due: until, ..slot }, Owed { attempts: owed.attempts + 1, ..owed });
        }
        Ok(())
    }

    fn settle(&mut self, key: &EffectKey) -> Result<(), StoreError> {
        self.remove(key);
        Ok(())
    }

    fn wakes(&self, now: Ts, limit: usize) -> Result<Vec<Wake>, StoreError> {
        let due = self.due(None, now).take(limit);
        Ok(due
            .filter_map(|(_, owed)| match owed.effect {
                Effect::WakeAt { at, timer } => Some(Wake { key: owed.key.clone(), at, timer }),
                _ => None,
            })
            .collect())
    }

    fn next_due(&self, after: Ts) -> Result<Option<Ts>, StoreError> {
        let lanes = Lane::ALL.map(Some).into_iter().chain([None]);
        Ok(lanes.filter_map(|lane| self.first_after(lane, after)).min())
    }

    fn keep(&mut self, delivery: &Delivery) -> Result<bool, StoreError> {
        Ok(self.note_delivery(delivery.key))
    }

    fn next_number(&self) -> Result<u32, StoreError> {
        Ok(self.incidents.last_key_value().map_or(1, |(number, _)| number + 1))
    }

    fn latest(&self, component: &ComponentId) -> Result<Option<Summary>, StoreError> {
        let mut newest_first = self.incidents.values().rev();
        Ok(newest_first.find(|summary| summary.component == *component).cloned())
    }

    fn numbered(&self, number: u32) -> Result<Option<Summary>, StoreError> {
        Ok(self.incidents.get(&number).cloned())
    }

    fn live(&self) -> Result<Vec<Summary>, StoreError> {
        let live = self.incidents.values().filter(|summary| summary.state.is_live());
        Ok(live.cloned().collect())
    }

    fn newest(&self, limit: usize) -> Result<Vec<Summary>, StoreError> {
        Ok(self.incidents.values().rev().take(limit).cloned().collect())
    }

    /// Nobody else can write here.
    fn foreign_writes(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}
