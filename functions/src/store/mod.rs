//! The embedded store: one SQLite file, durable with every commit, that terminals and stock tools may open beside us.
//!
//! The tables are described in `schema.sql`, which `sqlite3 FILE .schema` shows to anyone. Nothing here decides more than
//! "this turn does not exist yet"; the ledger's hashes are checked by those who read it.

use std::path::Path;

use rusqlite::{Connection, Params, Row, params};
use shared::effect::Lane;
use shared::id::{ComponentId, EffectKey, StreamId};
use shared::ledger::Sealed;
use shared::store::{Delivery, Derived, Owed, Store, StoreError, Summary, Wake};
use shared::time::{Span, Ts};

mod append;
mod column;
pub mod dynamo;
mod failure;
mod lock;
mod open;
mod place;

use column::Word;
pub use dynamo::DynamoStore;
use failure::failure;
pub use lock::ServerLock;
pub use place::{Place, PlacedStore};

/// How long deliveries are worth keeping: see [`SqliteStore::forget_deliveries`].
pub const DELIVERIES_KEPT: Span = Span::days(7);

/// A store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    batch: bool,
}

impl SqliteStore {
    /// Opens the store at `path`, or makes one there if its folder exists. Refuses files that aren't ours.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { connection: open::open(path)?, batch: false })
    }

    /// Opens the store at `path` for reading; every write fails.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { connection: open::open_read_only(path)?, batch: false })
    }

    /// Forgets deliveries that came before that moment and says how many; callers keep [`DELIVERIES_KEPT`].
    pub fn forget_deliveries(&mut self, before: Ts) -> Result<usize, StoreError> {
        self.write("DELETE FROM deliveries WHERE received_at < ?1", params![before.0])
    }

    /// SQLite gives a whole batch up when the disk fails it. What follows must not slip out on its own.
    fn check_batch(&self) -> Result<(), StoreError> {
        if self.batch && self.connection.is_autocommit() {
            return Err(StoreError::Unavailable("this batch has failed: begin again".into()));
        }
        Ok(())
    }

    fn write(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        self.check_batch()?;
        execute(&self.connection, sql, params).map_err(failure)
    }

    fn list<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: fn(&Row) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = || -> rusqlite::Result<Vec<T>> {
            self.connection.prepare_cached(sql)?.query_map(params, read)?.collect()
        };
        rows().map_err(failure)
    }

    fn value<T: rusqlite::types::FromSql>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<T, StoreError> {
        let value = || self.connection.prepare_cached(sql)?.query_row(params, |row| row.get(0));
        value().map_err(failure)
    }

    fn summaries(&self, rest: &str, params: impl Params) -> Result<Vec<Summary>, StoreError> {
        let columns = "id, number, component, state, severity, since, ended";
        self.list(&format!("SELECT {columns} FROM incidents {rest}"), params, column::summary)
    }
}

fn execute(connection: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
    connection.prepare_cached(sql)?.execute(params)
}

/// SQLite counts in 63 bits.
fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Store for SqliteStore {
    fn begin(&mut self) -> Result<(), StoreError> {
        if self.batch {
            return Err(StoreError::Unavailable("a batch is open already".into()));
        }
        self.write("BEGIN IMMEDIATE", [])?;
        self.batch = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if !self.batch {
            return Err(StoreError::Unavailable("no batch is open".into()));
        }
        let committed = self.write("COMMIT", []);
        self.rollback();
        committed.map(|_| ())
    }

    fn rollback(&mut self) {
        self.batch = false;
        if !self.connection.is_autocommit() {
            // If even this fails, the next write fails too and says why.
            let _ = execute(&self.connection, "ROLLBACK", []);
        }
    }

    fn append(&mut self, turn: &Sealed, derived: &Derived) -> Result<(), StoreError> {
        self.check_batch()?;
        append::append(&self.connection, turn, derived)
    }

    fn turns(&self, stream: &StreamId) -> Result<Vec<Sealed>, StoreError> {
        let sql = "SELECT stream, number, json, hash FROM turns WHERE stream = ?1 ORDER BY number";
        self.list(sql, params![stream.as_str()], column::sealed)
    }

    fn turn(&self, stream: &StreamId, number: u32) -> Result<Option<Sealed>, StoreError> {
        let sql = "SELECT stream, number, json, hash FROM turns WHERE stream = ?1 AND number = ?2";
        let found = self.list(sql, params![stream.as_str(), number], column::sealed)?;
        Ok(found.into_iter().next())
    }

    fn has_taken(&self, stream: &StreamId, key: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM turns WHERE stream = ?1 AND key = ?2)";
        self.value(sql, params![stream.as_str(), key])
    }

    fn owed(&self, lane: Lane, now: Ts, limit: usize) -> Result<Vec<Owed>, StoreError> {
        let sql = "SELECT stream, turn, position, effect, attempts FROM outbox
                   WHERE lane = ?1 AND due <= ?2 ORDER BY due, seq, position LIMIT ?3";
        self.list(sql, params![Word(lane), now.0, rows(limit)], column::owed)
    }

    fn postpone(&mut self, key: &EffectKey, until: Ts) -> Result<(), StoreError> {
        let sql = "UPDATE outbox SET due = ?4, attempts = attempts + 1
                   WHERE stream = ?1 AND turn = ?2 AND position = ?3";
        self.write(sql, params![key.stream.as_str(), key.turn, key.position, until.0]).map(|_| ())
    }

    fn settle(&mut self, key: &EffectKey) -> Result<(), StoreError> {
        self.check_batch()?;
        append::settle(&self.connection, key).map_err(failure)
    }

    fn wakes(&self, now: Ts, limit: usize) -> Result<Vec<Wake>, StoreError> {
        let sql = "SELECT stream, turn, position, at, timer FROM wakes
                   WHERE at <= ?1 ORDER BY at, seq, position LIMIT ?2";
        self.list(sql, params![now.0, rows(limit)], column::wake)
    }

    fn next_due(&self, after: Ts) -> Result<Option<Ts>, StoreError> {
        let first = "SELECT min(due) FROM outbox WHERE lane = ?1 AND due > ?2";
        let wake = "SELECT min(at) FROM wakes WHERE at > ?1";
        let mut next: Option<i64> = self.value(wake, params![after.0])?;
        for lane in Lane::ALL {
            let due: Option<i64> = self.value(first, params![Word(lane), after.0])?;
            next = next.into_iter().chain(due).min();
        }
        Ok(next.map(Ts))
    }

    fn keep(&mut self, delivery: &Delivery) -> Result<bool, StoreError> {
        let sql = "INSERT INTO deliveries (key, source, trust, received_at, signals, refused, body)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (key) DO NOTHING";
        let row = params![
            delivery.key.to_string(),
            delivery.source.as_str(),
            Word(delivery.trust),
            delivery.received_at.0,
            delivery.verdict.as_ref().ok(),
            delivery.verdict.as_ref().err(),
            delivery.body,
        ];
        Ok(self.write(sql, row)? == 1)
    }

    fn next_number(&self) -> Result<u32, StoreError> {
        self.value("SELECT ifnull(max(number), 0) + 1 FROM incidents", [])
    }

    fn latest(&self, component: &ComponentId) -> Result<Option<Summary>, StoreError> {
        let rest = "WHERE component = ?1 ORDER BY number DESC LIMIT 1";
        Ok(self.summaries(rest, params![component.as_str()])?.pop())
    }

    fn numbered(&self, number: u32) -> Result<Option<Summary>, StoreError> {
        Ok(self.summaries("WHERE number = ?1", params![number])?.pop())
    }

    fn live(&self) -> Result<Vec<Summary>, StoreError> {
        self.summaries("WHERE live = 1 ORDER BY number", [])
    }

    fn newest(&self, limit: usize) -> Result<Vec<Summary>, StoreError> {
        self.summaries("ORDER BY number DESC LIMIT ?1", params![rows(limit)])
    }

    fn last_written(&self) -> Result<i64, StoreError> {
        self.value("SELECT ifnull(max(seq), 0) FROM turns", [])
    }

    fn written_since(&self, place: i64) -> Result<Option<Vec<(StreamId, u32)>>, StoreError> {
        let sql = "SELECT stream, max(number) FROM turns WHERE seq > ?1 GROUP BY stream";
        let read = |row: &Row| Ok((row.get::<_, String>(0)?.into(), row.get(1)?));
        self.list(sql, params![place], read).map(Some)
    }

    fn foreign_writes(&self) -> Result<u64, StoreError> {
        let version: u32 = self.value("PRAGMA data_version", [])?;
        Ok(version.into())
    }
}

#[cfg(test)]
mod tests;
