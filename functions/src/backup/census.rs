//! Counting what is in a database: once in the snapshot that is dumped, once in what was restored.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::backup::{Census, TableCensus};

use super::{Failure, Session};

/// What is defined, as fingerprints.
const DEFINITIONS: &str = include_str!("census.sql");
/// The tables that hold rows of their own, with the expression that counts them. Those of extensions are made again by
/// the extension.
const TABLES: &str = "select coalesce(pg_catalog.jsonb_agg(pg_catalog.format('%I.%I', n.nspname, c.relname)), '[]') \
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' \
    and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass \
    and d.objid = c.oid and d.deptype = 'e')";
/// What sequences stand at; one that nobody has used yet stands nowhere.
const SEQUENCES: &str = "select coalesce(pg_catalog.jsonb_object_agg(pg_catalog.format('%I.%I', s.schemaname, s.sequencename), \
    s.last_value) filter (where s.last_value is not null), '{}') from pg_catalog.pg_sequences s \
    where s.schemaname !~ '^pg_'";

#[derive(Deserialize)]
struct Counted {
    rows: u64,
    hash: String,
}

/// Counts everything that this session sees.
pub fn take(session: &mut Session) -> Result<Census, Failure> {
    let definitions: BTreeMap<String, String> = session.json(DEFINITIONS)?;
    let sequences: BTreeMap<String, i64> = session.json(SEQUENCES)?;
    let names: Vec<String> = session.json(TABLES)?;
    let mut tables = BTreeMap::new();
    for name in names {
        // A column may be called like the table's alias: `(a.*)` is the row all the same.
        let Counted { rows, hash } = session.json(&format!(
            "select pg_catalog.jsonb_build_object('rows', pg_catalog.count(*), 'hash', \
             coalesce(pg_catalog.sum(pg_catalog.hashtextextended((a.*)::text, 0)), 0)::text) from only {name} a"
        ))?;
        tables.insert(name, TableCensus { rows, hash });
    }
    Ok(Census { tables, definitions, sequences })
}
