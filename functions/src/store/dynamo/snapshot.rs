//! Snapshots: what the log adds up to, so that opening reads the newest of them and only what was committed since.
//!
//! They are written by whoever sweeps, never in a request's way. One that can't be read costs time and nothing else: the
//! log is whole without it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use shared::id::StreamId;
use shared::ledger::Hash;
use shared::store::{Image, MemoryStore, Shelved, StoreError};

use super::pack::{delete_chunks, pack, read_chunks, unpack, write_chunks};
use super::table::{Table, key, number, number_of, text, text_of};
use super::view::View;
use super::{DynamoStore, shelf, token};

/// So many commits are worth a snapshot.
pub const EVERY: u64 = 256;
/// Looks at the newest snapshot, each of which may find that it was just replaced.
const LOOKS: u32 = 4;
/// How snapshots are written today. Another one is passed over.
const FORMAT: u32 = 1;
/// Most streams put on the shelf at the same time.
const SHELVED_AT_ONCE: usize = 16;

#[derive(Serialize, Deserialize)]
struct Snapshot {
    next: u64,
    shelved: BTreeMap<StreamId, u32>,
    taken: VecDeque<Hash>,
    image: Image,
}

/// Which snapshot is the newest.
struct Head {
    n: u64,
    token: String,
    chunks: u64,
}

/// Writes a snapshot if [`EVERY`] commits were made since the last; says up to which commit.
pub fn write(store: &DynamoStore) -> Result<Option<u64>, StoreError> {
    write_after(store, EVERY)
}

/// Writes a snapshot if so many commits were made since the last; says up to which commit.
pub fn write_after(store: &DynamoStore, commits: u64) -> Result<Option<u64>, StoreError> {
    if store.batch.is_some() {
        return Err(StoreError::Unavailable(
            "a batch is open: a snapshot is of what is over".into(),
        ));
    }
    store.catch_up()?;
    let table = store.table.clone();
    let before = store.wire.wait(async move { head(&table).await })?;
    let n = store.view.borrow().next - 1;
    if n < before.as_ref().map_or(0, |head| head.n) + commits {
        return Ok(None);
    }
    shelve(store)?;
    let head = Head { n, token: token()?, chunks: 0 };
    let (table, packed) = (store.table.clone(), pack(&image(&store.view.borrow()))?);
    let moved = store.wire.wait(async move { place(&table, head, before, &packed).await })?;
    Ok(moved.then_some(n))
}

/// Puts the streams that are over on the shelf.
fn shelve(store: &DynamoStore) -> Result<(), StoreError> {
    let over: Vec<Shelved> = {
        let view = store.view.borrow();
        let streams = view.memory.over().into_iter().filter_map(|id| view.memory.stream(&id));
        let on_shelf = |one: &Shelved| view.shelved.get(&one.id) == Some(&(one.turns.len() as u32));
        streams.filter(|one| !on_shelf(one)).collect()
    };
    for some in over.chunks(SHELVED_AT_ONCE) {
        let (table, streams) = (store.table.clone(), some.to_vec());
        let puts = async move {
            try_join_all(streams.into_iter().map(|one| shelf::put(&table, one))).await.map(drop)
        };
        store.wire.wait(puts)?;
        let lengths = some.iter().map(|one| (one.id.clone(), one.turns.len() as u32));
        store.view.borrow_mut().shelved.extend(lengths);
    }
    Ok(())
}

fn image(view: &View) -> Snapshot {
    let over: BTreeSet<StreamId> = view.memory.over().into_iter().collect();
    let shelved = |id: &StreamId| view.shelved.contains_key(id) && over.contains(id);
    Snapshot {
        next: view.next,
        shelved: view.shelved.clone(),
        taken: view.taken.clone(),
        image: view.memory.image(shelved),
    }
}

/// Writes the chunks, then moves the head forward, then deletes what nobody is led to any more.
async fn place(
    table: &Table,
    mut head: Head,
    before: Option<Head>,
    packed: &[u8],
) -> Result<bool, StoreError> {
    head.chunks = write_chunks(table, &chunks(&head.token), 0, packed).await?;
    let mut item = key(HEAD, 0);
    item.insert("n".into(), number(head.n));
    item.insert("token".into(), text(&head.token));
    item.insert("chunks".into(), number(head.chunks));
    item.insert("format".into(), number(FORMAT));
    let moved = table.put_higher(item).await?;
    let stale = if moved { before } else { Some(head) };
    if let Some(stale) = stale {
        delete_chunks(table, &chunks(&stale.token), 0, stale.chunks).await?;
    }
    Ok(moved)
}

async fn head(table: &Table) -> Result<Option<Head>, StoreError> {
    let Some(item) = table.get(HEAD, 0).await? else { return Ok(None) };
    let read = || {
        Some(Head {
            n: number_of(&item, "n")?,
            token: text_of(&item, "token")?.to_owned(),
            chunks: number_of(&item, "chunks")?,
        })
    };
    Ok(read().filter(|_| number_of(&item, "format") == Some(FORMAT)))
}

/// The newest snapshot as a view; an empty one, to which the whole log is added, where there is none to be read.
pub(super) async fn read(table: &Table) -> Result<View, StoreError> {
    for _ in 0..LOOKS {
        let Some(head) = head(table).await? else { return Ok(View::default()) };
        let Some(packed) = read_chunks(table, &chunks(&head.token), 0, head.chunks).await? else {
            continue;
        };
        match unpack::<Snapshot>(&packed) {
            Ok(found) if found.next == head.n + 1 => {
                let memory = MemoryStore::of_image(found.image);
                return Ok(View::of(memory, found.next, found.shelved, found.taken));
            }
            Ok(_) => tracing::warn!("the snapshot is another one: the whole log is read"),
            Err(why) => tracing::warn!(why, "the snapshot is damaged: the whole log is read"),
        }
        return Ok(View::default());
    }
    tracing::warn!("the snapshot is not whole: the whole log is read");
    Ok(View::default())
}

const HEAD: &str = "head";

fn chunks(token: &str) -> String {
    format!("snapshot#{token}")
}
