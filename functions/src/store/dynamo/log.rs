//! The commit log: one batch, one item, numbered without gaps. Whoever writes number n first has won.
//!
//! It is the ledger: nothing of it is ever changed or deleted. A partition holds so many commits and then the next one
//! begins, so that none grows without bound.

use serde::{Deserialize, Serialize};
use shared::effect::{Effect, Lane};
use shared::id::EffectKey;
use shared::ledger::{Hash, Sealed};
use shared::store::{Derived, StoreError, Summary};
use shared::time::Ts;

use super::pack::{CHUNK, pack, read_chunks, unpack, write_chunks};
use super::table::{Item, Put, Table, bytes, bytes_of, key, number, number_of, text, text_of};

/// Commits of one partition.
pub(super) const SPAN: u64 = 1_000;
/// Largest batch in bytes, compressed: some hundred times what 64 requests ever wrote.
pub(super) const BATCH_MAX: usize = 8 * 1024 * 1024;
/// How commits are written today. A higher one is from a newer program.
const FORMAT: u32 = 1;

/// One write of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Op {
    /// A turn with everything derived from it.
    Turn(Box<Turned>),
    /// An effect is put off.
    Postpone {
        key: EffectKey,
        until: Ts,
        /// The lane it travels on, for whoever reads only this.
        lane: Lane,
    },
    /// An effect or a wake-up is off the list, without a turn.
    Settle(EffectKey),
    /// A delivery was taken.
    Keep(Hash),
}

/// A turn and what it changes besides its stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Turned {
    pub sealed: Sealed,
    pub key: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owes: Vec<(EffectKey, Effect)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settles: Option<EffectKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
}

impl Turned {
    pub fn new(turn: &Sealed, derived: &Derived) -> Self {
        let owed = |(key, effect): &(EffectKey, &Effect)| (key.clone(), (*effect).clone());
        Self {
            sealed: turn.clone(),
            key: derived.key.to_owned(),
            owes: derived.owes.iter().map(owed).collect(),
            settles: derived.settles.cloned(),
            summary: derived.summary.clone(),
        }
    }

    pub fn derived(&self) -> Derived<'_> {
        Derived {
            owes: self.owes.iter().map(|(key, effect)| (key.clone(), effect)).collect(),
            settles: self.settles.as_ref(),
            key: &self.key,
            summary: self.summary.clone(),
        }
    }
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Landed {
    Ours,
    /// Somebody else has this number.
    Theirs,
}

/// Writes commit `n`. `token` names this one attempt of ours: it tells our own item, whose reply was lost, from another's.
pub(super) async fn commit(
    table: &Table,
    n: u64,
    token: String,
    ops: Vec<Op>,
) -> Result<Landed, StoreError> {
    let packed = pack(&ops)?;
    if packed.len() > BATCH_MAX {
        let size = packed.len();
        let why = format!("a batch of {size} bytes is too large, {BATCH_MAX} is the most");
        return Err(StoreError::Unavailable(why));
    }
    let mut item = key(&partition(n), n);
    item.insert("token".into(), text(&token));
    item.insert("format".into(), number(FORMAT));
    if packed.len() > CHUNK {
        let parts = write_chunks(table, &parts(&token), 0, &packed).await?;
        item.insert("parts".into(), number(parts));
    } else {
        item.insert("ops".into(), bytes(packed));
    }
    let whose = |there: &Item| match text_of(there, "token") {
        Some(theirs) if theirs == token => Landed::Ours,
        _ => Landed::Theirs,
    };
    match table.put_new(item).await {
        Ok(Put::New) => Ok(Landed::Ours),
        Ok(Put::There(there)) => Ok(whose(&there)),
        Ok(Put::Raced) => Ok(Landed::Theirs),
        // It may have landed all the same.
        Err(error) => match table.get(&partition(n), n).await {
            Ok(Some(there)) => Ok(whose(&there)),
            Ok(None) | Err(_) => Err(error),
        },
    }
}

/// Every commit from number `next` on, in order.
pub(super) async fn after(table: &Table, next: u64) -> Result<Vec<Vec<Op>>, StoreError> {
    let (mut commits, mut from) = (Vec::new(), next);
    loop {
        let items = table.list(&partition(from), from).await?;
        let none = items.is_empty();
        for item in items {
            if number_of(&item, "sk") != Some(from) {
                return Err(damaged(from, "it is missing"));
            }
            commits.push(read(table, from, &item).await?);
            from += 1;
        }
        if none || from % SPAN != 0 {
            return Ok(commits);
        }
    }
}

async fn read(table: &Table, n: u64, item: &Item) -> Result<Vec<Op>, StoreError> {
    if let Some(ops) = whole(n, item)? {
        return Ok(ops);
    }
    let (token, count) = (text_of(item, "token"), number_of(item, "parts"));
    let (Some(token), Some(count)) = (token, count) else {
        return Err(damaged(n, "it holds nothing"));
    };
    let packed = read_chunks(table, &parts(token), 0, count).await?;
    let packed = packed.ok_or_else(|| damaged(n, "a part of it is missing"))?;
    unpack(&packed).map_err(|why| damaged(n, &why))
}

/// What a commit's item holds; `None` if it is in parts.
pub(super) fn whole(n: u64, item: &Item) -> Result<Option<Vec<Op>>, StoreError> {
    match number_of::<u32>(item, "format") {
        Some(FORMAT) => {}
        Some(newer) if newer > FORMAT => {
            let why = "the table was written by a newer version: upgrade this program";
            return Err(StoreError::Unavailable(why.into()));
        }
        _ => return Err(damaged(n, "its format is unknown")),
    }
    let packed = bytes_of(item, "ops");
    packed.map(|packed| unpack(packed).map_err(|why| damaged(n, &why))).transpose()
}

/// The number of a commit; `None` if the item is something else.
pub(super) fn commit_number(item: &Item) -> Option<u64> {
    text_of(item, "pk").filter(|pk| pk.starts_with(LOG))?;
    number_of(item, "sk")
}

pub(super) fn damaged(n: u64, why: &str) -> StoreError {
    StoreError::Corrupt(format!("commit {n} of the table is damaged: {why}; restore the table"))
}

const LOG: &str = "log#";

fn partition(n: u64) -> String {
    format!("{LOG}{}", n / SPAN)
}

fn parts(token: &str) -> String {
    format!("part#{token}")
}
