//! What the log adds up to: a store in memory, and how far in the log it is.

use std::collections::{BTreeMap, VecDeque};

use shared::id::StreamId;
use shared::ledger::Hash;
use shared::store::{MemoryStore, Shelved, Store, StoreError};

use super::log::{Op, damaged};

/// Newest deliveries of which is remembered that they were taken. An older one that comes again is stopped by its own
/// item, which says that it was heard.
pub(super) const DELIVERIES_KNOWN: usize = 65_536;
/// Newest turns whose order is remembered; whoever was away for longer looks at everything.
const TURNS_KNOWN: usize = 4_096;

/// The fold of every commit before number `next`.
#[derive(Debug)]
pub(super) struct View {
    pub memory: MemoryStore,
    /// The number that the next commit gets, from 1.
    pub next: u64,
    /// Commits that others made.
    pub foreign: u64,
    /// Streams that are over, each with its turns: no longer in snapshots, and in memory once they are asked for.
    pub shelved: BTreeMap<StreamId, u32>,
    /// Deliveries that were taken, oldest first.
    pub taken: VecDeque<Hash>,
    written: VecDeque<(StreamId, u32)>,
    turns: i64,
}

impl Default for View {
    fn default() -> Self {
        Self::of(MemoryStore::default(), 1, BTreeMap::new(), VecDeque::new())
    }
}

impl View {
    pub fn of(
        mut memory: MemoryStore,
        next: u64,
        shelved: BTreeMap<StreamId, u32>,
        taken: VecDeque<Hash>,
    ) -> Self {
        for key in &taken {
            memory.note_delivery(*key);
        }
        Self { memory, next, foreign: 0, shelved, taken, written: VecDeque::new(), turns: 0 }
    }

    /// Takes up somebody else's commit: all of it, or nothing.
    pub fn take_up(&mut self, ops: &[Op]) -> Result<(), StoreError> {
        self.memory.begin()?;
        for op in ops {
            if let Err(error) = self.apply(op) {
                self.memory.rollback();
                return Err(damaged(self.next, &error.to_string()));
            }
        }
        self.memory.commit()?;
        self.foreign += 1;
        self.landed(ops);
        Ok(())
    }

    fn apply(&mut self, op: &Op) -> Result<(), StoreError> {
        match op {
            Op::Turn(turned) => self.memory.append(&turned.sealed, &turned.derived()),
            Op::Postpone { key, until, lane: _ } => self.memory.postpone(key, *until),
            Op::Settle(key) => self.memory.settle(key),
            Op::Keep(key) => {
                self.memory.note_delivery(*key);
                Ok(())
            }
        }
    }

    /// Notes that a commit, which is in memory already, has landed.
    pub fn landed(&mut self, ops: &[Op]) {
        self.next += 1;
        for op in ops {
            match op {
                Op::Turn(turned) => {
                    self.turns += 1;
                    let turn = &turned.sealed;
                    self.written.push_back((turn.stream.clone(), turn.turn));
                    if self.written.len() > TURNS_KNOWN {
                        self.written.pop_front();
                    }
                }
                Op::Keep(key) => self.know(*key),
                Op::Postpone { .. } | Op::Settle(_) => {}
            }
        }
    }

    /// Remembers a delivery that was taken, and forgets the oldest beyond the bound.
    pub fn know(&mut self, key: Hash) {
        self.taken.push_back(key);
        if self.taken.len() > DELIVERIES_KNOWN
            && let Some(oldest) = self.taken.pop_front()
        {
            self.memory.forget_delivery(&oldest);
        }
    }

    /// How many turns the shelf has of a stream that is not in memory.
    pub fn shelved(&self, stream: &StreamId) -> Option<u32> {
        if self.memory.holds(stream) { None } else { self.shelved.get(stream).copied() }
    }

    /// Takes a stream from the shelf into memory.
    pub fn unshelve(&mut self, stream: Shelved) {
        self.memory.put_stream(stream);
    }

    /// The place of the last turn that was committed.
    pub fn last_written(&self) -> i64 {
        self.turns
    }

    /// The streams that got turns after that place; `None` if that is too long ago.
    pub fn written_since(&self, place: i64) -> Option<Vec<(StreamId, u32)>> {
        let since = usize::try_from(self.turns - place).ok()?;
        let skip = self.written.len().checked_sub(since)?;
        let newest = self.written.iter().skip(skip).cloned();
        Some(newest.collect::<BTreeMap<_, _>>().into_iter().collect())
    }
}
