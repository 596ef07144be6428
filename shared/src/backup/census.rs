//! What was counted in a database: taken in the snapshot that is dumped, and again in what was restored from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Differences named one by one; the rest is counted.
const NAMED: usize = 10;

/// Everything that must be the same after a restore.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    /// Rows and their hash by table, `schema.table` as SQL quotes it.
    pub tables: BTreeMap<String, TableCensus>,
    /// Fingerprints of what is defined: columns, extensions, policies, grants, row security, constraints, indexes,
    /// triggers, functions, views. The name begins with the kind, e.g. `policy public.orders.own`.
    pub definitions: BTreeMap<String, String>,
    /// What sequences stood at. They don't take part in snapshots: a later value is no loss.
    #[serde(default)]
    pub sequences: BTreeMap<String, i64>,
}

/// One table's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCensus {
    /// How many.
    pub rows: u64,
    /// The sum of a 64-bit hash of each row's text: finds accidents, not forgers. The signed SHA-256 is for those.
    pub hash: String,
}

impl Census {
    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.values().map(|table| table.rows).sum()
    }

    /// How many things of a kind are defined, e.g. `policy`.
    pub fn defined(&self, kind: &str) -> usize {
        self.definitions.keys().filter(|name| name.split(' ').next() == Some(kind)).count()
    }

    /// In what a restored database differs from this; empty when it is the same.
    pub fn differences(&self, restored: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (name, was) in &self.tables {
            match restored.tables.get(name) {
                None => found.push(format!("table {name} is missing")),
                Some(is) if is.rows != was.rows => {
                    found.push(format!("{name} has {} rows, not {}", is.rows, was.rows));
                }
                Some(is) if is.hash != was.hash => {
                    found.push(format!("rows of {name} are different ones"));
                }
                Some(_) => {}
            }
        }
        let extra = restored.tables.keys().filter(|name| !self.tables.contains_key(*name));
        found.extend(extra.map(|name| format!("table {name} was not in the backup")));
        found.extend(defined_differently(&self.definitions, &restored.definitions));
        for (name, was) in &self.sequences {
            let is = restored.sequences.get(name);
            if is.is_none_or(|is| is < was) {
                let is = is.map_or_else(|| "missing".into(), |is| format!("at {is}"));
                found.push(format!("sequence {name} is {is}, it was at {was}"));
            }
        }
        found
    }
}

fn defined_differently(
    was: &BTreeMap<String, String>,
    is: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, print) in was {
        match is.get(name) {
            None => found.push(format!("{name} is missing")),
            Some(other) if other != print => found.push(format!("{name} is defined differently")),
            Some(_) => {}
        }
    }
    let extra = is.keys().filter(|name| !was.contains_key(*name));
    found.extend(extra.map(|name| format!("{name} was not in the backup")));
    found
}

/// The first differences in words, the others counted.
pub(super) fn in_words(differences: &[String]) -> String {
    let more = differences.len().saturating_sub(NAMED);
    let named = differences[..differences.len() - more].join("; ");
    if more == 0 { named } else { format!("{named}; and {more} more") }
}
