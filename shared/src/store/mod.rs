//! The store port: streams of turns with one conditional write, and what is derived from them.
//!
//! Only [`Store::append`] decides anything ("this turn number does not exist yet"). Owed effects, wake-ups and the index
//! of incidents are projections of the turns: a store may keep them as tables and must keep them in step.

use serde::{Deserialize, Serialize};

use crate::effect::{Effect, Lane, Timer};
use crate::id::{ComponentId, EffectKey, SourceId, StreamId};
use crate::incident::State;
use crate::ledger::{Hash, Sealed};
use crate::plan::Severity;
use crate::signal::Trust;
use crate::time::Ts;

mod memory;

pub use memory::{Image, MemoryStore, Shelved};

/// When a new effect is due: at once. Only a store's own order decides between two of them.
pub const AT_ONCE: Ts = Ts(0);

/// Why an append did not take place.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote that turn first, took that command's key or took that incident's number: load again and
    /// decide again.
    #[error("turn {turn} of {stream} exists already")]
    Conflict {
        /// The stream.
        stream: StreamId,
        /// The turn.
        turn: u32,
    },
    /// The store can't be used now.
    #[error("failed to use the store: {0}")]
    Unavailable(String),
    /// The store holds something that isn't ours, or was changed.
    #[error("failed to read the store: {0}")]
    Corrupt(String),
}

/// What a turn changes besides its stream.
#[derive(Clone, Debug, Default)]
pub struct Derived<'a> {
    /// The turn's owed effects, wake-ups included.
    pub owes: Vec<(EffectKey, &'a Effect)>,
    /// The effect that it settles.
    pub settles: Option<&'a EffectKey>,
    /// The command's idempotency key, unique within the stream.
    pub key: &'a str,
    /// The incident's new line in the index; `None` for journals.
    pub summary: Option<Summary>,
}

/// An incident's line in the index: what lists need, without loading the stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Its id.
    pub id: StreamId,
    /// Its number.
    pub number: u32,
    /// What is broken.
    pub component: ComponentId,
    /// Where it stands.
    pub state: State,
    /// How bad.
    pub severity: Severity,
    /// When the outage began.
    pub since: Ts,
    /// When it last ended, if it ended.
    pub ended: Option<Ts>,
}

/// An owed effect as the outbox holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owed {
    /// Its key.
    pub key: EffectKey,
    /// What is owed.
    pub effect: Effect,
    /// How often it was put off.
    pub attempts: u32,
}

/// A wake-up that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wake {
    /// The key of the effect that asked for it.
    pub key: EffectKey,
    /// When it was to happen.
    pub at: Ts,
    /// What for.
    pub timer: Timer,
}

/// A webhook delivery as kept for inspection and replay.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery<'a> {
    /// Its delivery key: the same delivery twice has the same.
    pub key: Hash,
    /// The endpoint it came to.
    pub source: SourceId,
    /// How sure we are of the sender.
    pub trust: Trust,
    /// When it came.
    pub received_at: Ts,
    /// The raw bytes.
    pub body: &'a [u8],
    /// How many signals it holds, or why it was refused.
    pub verdict: Result<u32, String>,
}

/// What a store must do. Every write between [`Store::begin`] and [`Store::commit`] becomes durable as one, or not at all.
pub trait Store {
    /// Opens a batch; writes outside of one become durable one by one.
    fn begin(&mut self) -> Result<(), StoreError>;
    /// Makes the batch durable; when this returns, a power cut no longer matters. The batch is over even if this fails.
    fn commit(&mut self) -> Result<(), StoreError>;
    /// Forgets the batch.
    fn rollback(&mut self);

    /// Appends a turn if its number does not exist yet, with everything derived from it.
    fn append(&mut self, turn: &Sealed, derived: &Derived) -> Result<(), StoreError>;
    /// A stream's turns in order; empty for an unknown stream.
    fn turns(&self, stream: &StreamId) -> Result<Vec<Sealed>, StoreError>;
    /// One turn of a stream.
    fn turn(&self, stream: &StreamId, number: u32) -> Result<Option<Sealed>, StoreError>;
    /// Whether the stream has taken a command of this key.
    fn has_taken(&self, stream: &StreamId, key: &str) -> Result<bool, StoreError>;

    /// Owed effects of a lane that are due, ordered by due time, then by age, at most `limit`.
    fn owed(&self, lane: Lane, now: Ts, limit: usize) -> Result<Vec<Owed>, StoreError>;
    /// Puts an owed effect off and counts the attempt; an unknown key or a wake-up's is no news.
    fn postpone(&mut self, key: &EffectKey, until: Ts) -> Result<(), StoreError>;
    /// Takes an owed effect or a wake-up off the list without a turn; an unknown key is no news.
    fn settle(&mut self, key: &EffectKey) -> Result<(), StoreError>;
    /// Wake-ups that are due, the earliest first, at most `limit`.
    fn wakes(&self, now: Ts, limit: usize) -> Result<Vec<Wake>, StoreError>;
    /// The earliest moment after that one at which anything is due in `wakes` or in a lane; [`AT_ONCE`] is when what
    /// nobody tried yet is due.
    fn next_due(&self, after: Ts) -> Result<Option<Ts>, StoreError>;

    /// Keeps a delivery; `false` if one of this key is there already.
    fn keep(&mut self, delivery: &Delivery) -> Result<bool, StoreError>;

    /// The number the next incident gets, from 1.
    fn next_number(&self) -> Result<u32, StoreError>;
    /// The component's incident of the highest number.
    fn latest(&self, component: &ComponentId) -> Result<Option<Summary>, StoreError>;
    /// The incident of that number.
    fn numbered(&self, number: u32) -> Result<Option<Summary>, StoreError>;
    /// Incidents that are not over, the lowest number first.
    fn live(&self) -> Result<Vec<Summary>, StoreError>;
    /// The newest incidents, the highest number first, at most `limit`.
    fn newest(&self, limit: usize) -> Result<Vec<Summary>, StoreError>;
    /// The place of the last turn in the order of writing over all streams; 0 if there is none.
    fn last_written(&self) -> Result<i64, StoreError> {
        Ok(0)
    }
    /// Streams that got turns after that place, each with the number of its last one; `None` where the store keeps no
    /// such order.
    fn written_since(&self, _place: i64) -> Result<Option<Vec<(StreamId, u32)>>, StoreError> {
        Ok(None)
    }
    /// A number that grows whenever anyone else wrote to the store.
    fn foreign_writes(&self) -> Result<u64, StoreError>;
}
