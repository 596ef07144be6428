//! The shelf: streams of incidents that are over, one compressed text each. Snapshots leave them out, so that opening
//! takes as long after a hundred incidents as after one.

use shared::id::StreamId;
use shared::store::{Shelved, StoreError};

use super::pack::{CHUNK, pack, read_chunks, unpack, write_chunks};
use super::table::{Table, bytes, bytes_of, key, number, number_of};

/// Puts a stream there. With one turn more it has another place: what is on the shelf never changes.
pub(super) async fn put(table: &Table, stream: Shelved) -> Result<(), StoreError> {
    let pk = place(&stream.id, stream.turns.len() as u32);
    let packed = pack(&stream)?;
    let mut item = key(&pk, 0);
    if packed.len() > CHUNK {
        item.insert("chunks".into(), number(write_chunks(table, &pk, 1, &packed).await?));
    } else {
        item.insert("turns".into(), bytes(packed));
    }
    table.put(item).await
}

/// Takes a copy of a stream that has so many turns.
pub(super) async fn take(
    table: &Table,
    stream: &StreamId,
    turns: u32,
) -> Result<Shelved, StoreError> {
    let damaged = |why: &str| {
        StoreError::Corrupt(format!("{turns} turns of {stream} can't be read: {why}; restore them"))
    };
    let pk = place(stream, turns);
    let item = table.get(&pk, 0).await?.ok_or_else(|| damaged("they are missing"))?;
    let packed = match (bytes_of(&item, "turns"), number_of(&item, "chunks")) {
        (Some(packed), _) => packed.to_vec(),
        (None, Some(count)) => {
            read_chunks(table, &pk, 1, count).await?.ok_or_else(|| damaged("a part is missing"))?
        }
        (None, None) => return Err(damaged("they are empty")),
    };
    let found: Shelved = unpack(&packed).map_err(|why| damaged(&why))?;
    let ours = found.id == *stream && found.turns.len() == turns as usize;
    if ours { Ok(found) } else { Err(damaged("they are another stream's")) }
}

fn place(stream: &StreamId, turns: u32) -> String {
    format!("stream#{stream}#{turns}")
}
