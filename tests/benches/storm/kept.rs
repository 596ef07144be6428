//! What is in our store after the storm, read as an operator would: read-only, with plain SQL.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Result};

/// The store's contents as figures.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// Signals of all deliveries.
    pub signals: f64,
    /// Incidents.
    pub incidents: f64,
    /// Turns.
    pub turns: f64,
    /// The longest turn in bytes.
    pub longest_turn: f64,
    /// The longest owed effect in bytes: the most that any message is made from.
    pub longest_effect: f64,
    /// Pages on record as sent for the frontend.
    pub frontend_pages: f64,
}

/// Opens a store for reading.
pub fn open(store: &Path) -> Result<Connection> {
    Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Counts.
pub fn count(store: &Connection) -> Result<Kept> {
    let one = |sql: &str| store.query_row(sql, [], |row| row.get(0));
    Ok(Kept {
        signals: one("SELECT total(signals) FROM deliveries")?,
        incidents: one("SELECT total(1) FROM incidents")?,
        turns: one("SELECT total(1) FROM turns")?,
        longest_turn: one("SELECT max(length(turns.json)) * 1.0 FROM turns")?,
        longest_effect: one(
            "SELECT max(length(owed.value)) * 1.0 FROM turns, json_each(turns.json, '$.owes') AS owed",
        )?,
        frontend_pages: one("SELECT total(event.value ->> '$.paged' IS NOT NULL)
             FROM incidents JOIN turns ON stream = incidents.id, json_each(turns.json, '$.events') AS event
             WHERE component = 'frontend'")?,
    })
}

/// Whether a page about the frontend is still owed.
pub fn frontend_page_owed(store: &Connection) -> Result<bool> {
    store.query_row(
        "SELECT EXISTS (SELECT 1 FROM outbox JOIN incidents ON id = stream
                        WHERE component = 'frontend' AND lane = 'page')",
        [],
        |row| row.get(0),
    )
}
