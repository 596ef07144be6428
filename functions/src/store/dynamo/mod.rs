//! The store on AWS: a commit log in one DynamoDB table, and what it adds up to in memory.
//!
//! A table that is replicated with strong consistency can make exactly one item conditional on what is there, and a batch
//! writes several streams. So one batch is one item: the next in a [`log`]. Who writes its number first has won; whoever
//! lost takes up what the winner wrote, and decides again. Reading costs nothing: every question is answered from memory,
//! which is brought up to date once when a batch begins. A batch therefore takes two round trips: what is new, and the
//! commit.
//!
//! Beside the log there are [`deliveries`] as they came in, [`snapshot`]s so that opening needn't read the whole log, and a
//! [`shelf`] for incidents that are over. All of these can be lost and be made again from the log, but for the raw bytes of
//! deliveries. `infra/table.md` has the keys, the access patterns and the limits.

use std::cell::RefCell;

use ring::rand::{SecureRandom, SystemRandom};
use shared::effect::Lane;
use shared::id::{ComponentId, EffectKey, StreamId};
use shared::ledger::Sealed;
use shared::store::{Delivery, Derived, MemoryStore, Owed, Store, StoreError, Summary, Wake};
use shared::time::Ts;

pub mod deliveries;
mod log;
mod pack;
pub mod relay;
mod shelf;
pub mod snapshot;
mod table;
mod view;
mod wire;

use deliveries::{Filed, Inbox};
use log::{Landed, Op, Turned};
pub use relay::{Relayed, relayed};
pub use table::{Item, Table};
use view::View;
use wire::Wire;

/// How often a single write that lost its place in the log to another is done again.
const RACES: u32 = 32;

/// A store in one DynamoDB table.
#[derive(Debug)]
pub struct DynamoStore {
    table: Table,
    wire: Wire,
    view: RefCell<View>,
    batch: Option<Batch>,
    files_bodies: bool,
}

/// What an open batch will write.
#[derive(Debug, Default)]
struct Batch {
    ops: Vec<Op>,
    bodies: Vec<Filed>,
}

impl DynamoStore {
    /// Opens the store in a table: the newest snapshot, and what was committed since.
    ///
    /// It waits for the network, so the table's client must be its own: its connections are driven by the store's thread.
    pub fn open(table: Table) -> Result<Self, StoreError> {
        let wire = Wire::start()?;
        let place = table.clone();
        let view = wire.wait(async move { snapshot::read(&place).await })?;
        let view = RefCell::new(view);
        let store = Self { table, wire, view, batch: None, files_bodies: true };
        store.catch_up()?;
        store.view.borrow_mut().foreign = 0;
        Ok(store)
    }

    /// For whoever hears what an [`Inbox`] holds: the bodies are there already, and the inbox is told that they were heard.
    pub fn behind_inbox(self) -> Self {
        Self { files_bodies: false, ..self }
    }

    /// Takes up what others committed.
    fn catch_up(&self) -> Result<(), StoreError> {
        let (table, next) = (self.table.clone(), self.view.borrow().next);
        let commits = self.wire.wait(async move { log::after(&table, next).await })?;
        for ops in &commits {
            for op in ops {
                if let Op::Turn(turned) = op {
                    self.unshelve(&turned.sealed.stream)?;
                }
            }
            self.view.borrow_mut().take_up(ops)?;
        }
        Ok(())
    }

    /// Brings a stream into memory, if it is on the shelf.
    fn unshelve(&self, stream: &StreamId) -> Result<(), StoreError> {
        let Some(turns) = self.view.borrow().shelved(stream) else { return Ok(()) };
        let (table, id) = (self.table.clone(), stream.clone());
        let found = self.wire.wait(async move { shelf::take(&table, &id, turns).await })?;
        self.view.borrow_mut().unshelve(found);
        Ok(())
    }

    fn memory(&mut self) -> &mut MemoryStore {
        &mut self.view.get_mut().memory
    }

    /// Writes inside of the open batch, or in one of its own.
    fn write<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.batch.is_some() {
            return work(self);
        }
        let mut races = 0;
        loop {
            self.begin()?;
            let done = work(self).inspect_err(|_| self.rollback())?;
            match self.commit() {
                Err(StoreError::Conflict { .. }) if races < RACES => races += 1,
                committed => return committed.map(|()| done),
            }
        }
    }

    fn note(&mut self, op: Op) {
        if let Some(batch) = &mut self.batch {
            batch.ops.push(op);
        }
    }

    /// Writes the batch as the next commit.
    fn land(&self, ops: &[Op]) -> Result<(), StoreError> {
        let (table, next, ops) = (self.table.clone(), self.view.borrow().next, ops.to_vec());
        let token = token()?;
        match self.wire.wait(async move { log::commit(&table, next, token, ops).await })? {
            Landed::Ours => Ok(()),
            Landed::Theirs => Err(StoreError::Conflict { stream: "log".into(), turn: next as u32 }),
        }
    }

    /// Keeps the bodies of deliveries that were taken; nobody waits for it, and one that is lost is only not shown.
    fn file(&self, bodies: Vec<Filed>) {
        for body in bodies {
            let inbox = Inbox::new(self.table.clone());
            self.wire.begin(async move {
                if let Err(error) = inbox.file(body).await {
                    tracing::warn!(error = %error, "failed to keep the body of a delivery");
                }
            });
        }
    }
}

/// Names one attempt to commit.
fn token() -> Result<String, StoreError> {
    let mut random = [0; 16];
    let failed = |_| StoreError::Unavailable("the system gives no random numbers".into());
    SystemRandom::new().fill(&mut random).map_err(failed)?;
    Ok(data_encoding::HEXLOWER.encode(&random))
}

impl Store for DynamoStore {
    fn begin(&mut self) -> Result<(), StoreError> {
        if self.batch.is_some() {
            return Err(StoreError::Unavailable("a batch is open already".into()));
        }
        self.catch_up()?;
        self.memory().begin()?;
        self.batch = Some(Batch::default());
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let batch = self.batch.take();
        let batch = batch.ok_or_else(|| StoreError::Unavailable("no batch is open".into()))?;
        if !batch.ops.is_empty()
            && let Err(error) = self.land(&batch.ops)
        {
            self.memory().rollback();
            return Err(error);
        }
        self.memory().commit()?;
        if !batch.ops.is_empty() {
            self.view.get_mut().landed(&batch.ops);
            self.file(batch.bodies);
        }
        Ok(())
    }

    fn rollback(&mut self) {
        self.batch = None;
        self.memory().rollback();
    }

    fn append(&mut self, turn: &Sealed, derived: &Derived) -> Result<(), StoreError> {
        self.write(|store| {
            store.unshelve(&turn.stream)?;
            store.memory().append(turn, derived)?;
            store.note(Op::Turn(Box::new(Turned::new(turn, derived))));
            Ok(())
        })
    }

    fn turns(&self, stream: &StreamId) -> Result<Vec<Sealed>, StoreError> {
        self.unshelve(stream)?;
        self.view.borrow().memory.turns(stream)
    }

    fn turn(&self, stream: &StreamId, number: u32) -> Result<Option<Sealed>, StoreError> {
        self.unshelve(stream)?;
        self.view.borrow().memory.turn(stream, number)
    }

    fn has_taken(&self, stream: &StreamId, key: &str) -> Result<bool, StoreError> {
        self.unshelve(stream)?;
        self.view.borrow().memory.has_taken(stream, key)
    }

    fn owed(&self, lane: Lane, now: Ts, limit: usize) -> Result<Vec<Owed>, StoreError> {
        self.view.borrow().memory.owed(lane, now, limit)
    }

    fn postpone(&mut self, key: &EffectKey, until: Ts) -> Result<(), StoreError> {
        self.write(|store| {
            let lane = store.memory().owed_under(key).and_then(|owed| owed.effect.lane());
            if let Some(lane) = lane {
                store.memory().postpone(key, until)?;
                store.note(Op::Postpone { key: key.clone(), until, lane });
            }
            Ok(())
        })
    }

    fn settle(&mut self, key: &EffectKey) -> Result<(), StoreError> {
        self.write(|store| {
            if store.memory().owed_under(key).is_some() {
                store.memory().settle(key)?;
                store.note(Op::Settle(key.clone()));
            }
            Ok(())
        })
    }

    fn wakes(&self, now: Ts, limit: usize) -> Result<Vec<Wake>, StoreError> {
        self.view.borrow().memory.wakes(now, limit)
    }

    fn next_due(&self, after: Ts) -> Result<Option<Ts>, StoreError> {
        self.view.borrow().memory.next_due(after)
    }

    fn keep(&mut self, delivery: &Delivery) -> Result<bool, StoreError> {
        self.write(|store| {
            let new = store.memory().note_delivery(delivery.key);
            if new {
                store.note(Op::Keep(delivery.key));
                if let (Some(batch), true) = (&mut store.batch, store.files_bodies) {
                    batch.bodies.push(Filed::new(delivery)?);
                }
            }
            Ok(new)
        })
    }

    fn next_number(&self) -> Result<u32, StoreError> {
        self.view.borrow().memory.next_number()
    }

    fn latest(&self, component: &ComponentId) -> Result<Option<Summary>, StoreError> {
        self.view.borrow().memory.latest(component)
    }

    fn numbered(&self, number: u32) -> Result<Option<Summary>, StoreError> {
        self.view.borrow().memory.numbered(number)
    }

    fn live(&self) -> Result<Vec<Summary>, StoreError> {
        self.view.borrow().memory.live()
    }

    fn newest(&self, limit: usize) -> Result<Vec<Summary>, StoreError> {
        self.view.borrow().memory.newest(limit)
    }

    fn last_written(&self) -> Result<i64, StoreError> {
        Ok(self.view.borrow().last_written())
    }

    fn written_since(&self, place: i64) -> Result<Option<Vec<(StreamId, u32)>>, StoreError> {
        Ok(self.view.borrow().written_since(place))
    }

    /// Asks the table, but not within a batch: that has asked when it began.
    fn foreign_writes(&self) -> Result<u64, StoreError> {
        if self.batch.is_none() {
            self.catch_up()?;
        }
        Ok(self.view.borrow().foreign)
    }
}
