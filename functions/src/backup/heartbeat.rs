//! A row in the database that tells when it was written last, so that an idle database isn't taken for a lost one.

use shared::time::Ts;

use super::{Connection, Failure, Session, Tools};

/// Makes its place where there is none: a schema of its own, which no API shows.
const PLACE: &str = "create schema if not exists allclear; create table if not exists allclear.heartbeat \
    (only_row boolean primary key default true check (only_row), beat timestamptz not null)";
const BEAT: &str = "insert into allclear.heartbeat (beat) values (pg_catalog.clock_timestamp()) \
    on conflict (only_row) do update set beat = excluded.beat";
const NEWEST: &str = "select (extract(epoch from beat) * 1000)::bigint from allclear.heartbeat";
const IS_THERE: &str =
    "select pg_catalog.to_jsonb(pg_catalog.to_regclass('allclear.heartbeat') is not null)";

/// Writes the moment.
pub fn beat(database: &Connection, tools: &Tools) -> Result<(), Failure> {
    let mut session = Session::open(database, tools)?;
    if !session.json::<bool>(IS_THERE)? {
        session.tell(PLACE)?;
    }
    session.tell(BEAT)
}

/// The moment that was written last, by the database's clock; `None` where nobody writes one.
pub fn last_beat(database: &Connection, tools: &Tools) -> Result<Option<Ts>, Failure> {
    let mut session = Session::open(database, tools)?;
    if !session.json::<bool>(IS_THERE)? {
        return Ok(None);
    }
    session.json(NEWEST)
}
