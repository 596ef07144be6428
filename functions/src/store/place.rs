//! Where a store is: a file of this machine, or the table that the functions on AWS share.

use std::path::{Path, PathBuf};

use shared::effect::Lane;
use shared::id::{ComponentId, EffectKey, StreamId};
use shared::ledger::Sealed;
use shared::store::{Delivery, Derived, Owed, Store, StoreError, Summary, Wake};
use shared::time::Ts;

use super::dynamo::Table;
use super::{DynamoStore, SqliteStore};
use crate::vendors::aws::Aws;

/// What stands before the name of a table.
const TABLE: &str = "dynamodb:";

/// A place as people name it: `allclear.db`, or `dynamodb:allclear`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// A table in the Region of `AWS_REGION`.
    Table(String),
}

/// The store at some place.
#[derive(Debug)]
pub enum PlacedStore {
    /// In a file.
    File(SqliteStore),
    /// In a table.
    Table(Box<DynamoStore>),
}

impl Place {
    /// Reads a name.
    pub fn of(name: &Path) -> Self {
        match name.to_str().and_then(|name| name.strip_prefix(TABLE)) {
            Some(table) => Self::Table(table.into()),
            None => Self::File(name.into()),
        }
    }

    /// Whether there is something to open; of a table only opening it tells.
    pub fn exists(&self) -> bool {
        match self {
            Self::File(path) => path.exists(),
            Self::Table(_) => true,
        }
    }

    /// Opens it, or makes it if it is a file. `read` gives a setting of the environment by its name.
    pub fn open(
        &self,
        http: impl FnOnce() -> Result<reqwest::Client, String>,
        read: impl Fn(&str) -> Option<String>,
    ) -> Result<PlacedStore, StoreError> {
        match self {
            Self::File(path) => SqliteStore::open(path).map(PlacedStore::File),
            Self::Table(name) => table(name, http, read),
        }
    }

    /// Opens it to look only; it must be there.
    pub fn open_read_only(
        &self,
        http: impl FnOnce() -> Result<reqwest::Client, String>,
        read: impl Fn(&str) -> Option<String>,
    ) -> Result<PlacedStore, StoreError> {
        match self {
            Self::File(path) => SqliteStore::open_read_only(path).map(PlacedStore::File),
            Self::Table(name) => table(name, http, read),
        }
    }
}

fn table(
    name: &str,
    http: impl FnOnce() -> Result<reqwest::Client, String>,
    read: impl Fn(&str) -> Option<String>,
) -> Result<PlacedStore, StoreError> {
    let missing = |what: &str| {
        StoreError::Unavailable(format!("{what} is not set: the table {name} can't be reached"))
    };
    let region = read("AWS_REGION").filter(|it| !it.is_empty());
    let region = region.ok_or_else(|| missing("AWS_REGION"))?;
    let http = http().map_err(StoreError::Unavailable)?;
    let aws = Aws::from_environment(http.clone(), read);
    let aws = aws.ok_or_else(|| missing("AWS_ACCESS_KEY_ID"))?;
    let store = DynamoStore::open(Table::new(aws.dynamodb(&region, http), name))?;
    Ok(PlacedStore::Table(Box::new(store)))
}

/// The same of either store.
macro_rules! either {
    ($store:expr, $one:ident => $does:expr) => {
        match $store {
            PlacedStore::File($one) => $does,
            PlacedStore::Table($one) => $does,
        }
    };
}

impl Store for PlacedStore {
    fn begin(&mut self) -> Result<(), StoreError> {
        either!(self, store => store.begin())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        either!(self, store => store.commit())
    }

    fn rollback(&mut self) {
        either!(self, store => store.rollback());
    }

    fn append(&mut self, turn: &Sealed, derived: &Derived) -> Result<(), StoreError> {
        either!(self, store => store.append(turn, derived))
    }

    fn turns(&self, stream: &StreamId) -> Result<Vec<Sealed>, StoreError> {
        either!(self, store => store.turns(stream))
    }

    fn turn(&self, stream: &StreamId, number: u32) -> Result<Option<Sealed>, StoreError> {
        either!(self, store => store.turn(stream, number))
    }

    fn has_taken(&self, stream: &StreamId, key: &str) -> Result<bool, StoreError> {
        either!(self, store => store.has_taken(stream, key))
    }

    fn owed(&self, lane: Lane, now: Ts, limit: usize) -> Result<Vec<Owed>, StoreError> {
        either!(self, store => store.owed(lane, now, limit))
    }

    fn postpone(&mut self, key: &EffectKey, until: Ts) -> Result<(), StoreError> {
        either!(self, store => store.postpone(key, until))
    }

    fn settle(&mut self, key: &EffectKey) -> Result<(), StoreError> {
        either!(self, store => store.settle(key))
    }

    fn wakes(&self, now: Ts, limit: usize) -> Result<Vec<Wake>, StoreError> {
        either!(self, store => store.wakes(now, limit))
    }

    fn next_due(&self, after: Ts) -> Result<Option<Ts>, StoreError> {
        either!(self, store => store.next_due(after))
    }

    fn keep(&mut self, delivery: &Delivery) -> Result<bool, StoreError> {
        either!(self, store => store.keep(delivery))
    }

    fn next_number(&self) -> Result<u32, StoreError> {
        either!(self, store => store.next_number())
    }

    fn latest(&self, component: &ComponentId) -> Result<Option<Summary>, StoreError> {
        either!(self, store => store.latest(component))
    }

    fn numbered(&self, number: u32) -> Result<Option<Summary>, StoreError> {
        either!(self, store => store.numbered(number))
    }

    fn live(&self) -> Result<Vec<Summary>, StoreError> {
        either!(self, store => store.live())
    }

    fn newest(&self, limit: usize) -> Result<Vec<Summary>, StoreError> {
        either!(self, store => store.newest(limit))
    }

    fn last_written(&self) -> Result<i64, StoreError> {
        either!(self, store => store.last_written())
    }

    fn written_since(&self, place: i64) -> Result<Option<Vec<(StreamId, u32)>>, StoreError> {
        either!(self, store => store.written_since(place))
    }

    fn foreign_writes(&self) -> Result<u64, StoreError> {
        either!(self, store => store.foreign_writes())
    }
}
