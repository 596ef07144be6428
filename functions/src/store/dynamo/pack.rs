//! Values as bytes, and bytes too many for one item: JSON, compressed, in chunks.

use std::io::Read;

use futures_util::future::try_join_all;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::store::StoreError;

use super::table::{Item, Table, bytes, bytes_of, key, number_of, text_of};

/// Most bytes of ours in one item. DynamoDB takes 400 KB, names of attributes included.
pub(super) const CHUNK: usize = 350_000;
/// Most bytes that anything unpacks to: what claims more isn't ours.
const UNPACKED_MAX: u64 = 256 * 1024 * 1024;
/// zstd's own default.
const LEVEL: i32 = 3;

pub(super) fn compress(plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    zstd::bulk::compress(plain, LEVEL).map_err(|error| StoreError::Unavailable(error.to_string()))
}

pub(super) fn decompress(packed: &[u8]) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    let reader = zstd::Decoder::new(packed).map_err(|error| error.to_string())?;
    let read = reader.take(UNPACKED_MAX).read_to_end(&mut plain);
    read.map_err(|error| error.to_string())?;
    Ok(plain)
}

pub(super) fn pack(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let json = serde_json::to_vec(value);
    compress(&json.map_err(|error| StoreError::Corrupt(error.to_string()))?)
}

pub(super) fn unpack<T: DeserializeOwned>(packed: &[u8]) -> Result<T, String> {
    serde_json::from_slice(&decompress(packed)?).map_err(|error| error.to_string())
}

/// Writes bytes as the items of a partition from `first` on, all at the same time; says how many.
pub(super) async fn write_chunks(
    table: &Table,
    pk: &str,
    first: u64,
    packed: &[u8],
) -> Result<u64, StoreError> {
    let chunks = packed.chunks(CHUNK);
    let count = chunks.len() as u64;
    let puts = (first..).zip(chunks).map(|(sk, chunk)| {
        let mut item = key(pk, sk);
        item.insert("chunk".into(), bytes(chunk.to_vec()));
        table.put(item)
    });
    try_join_all(puts).await?;
    Ok(count)
}

/// Reads what was written in so many chunks; `None` if one of them is missing.
pub(super) async fn read_chunks(
    table: &Table,
    pk: &str,
    first: u64,
    count: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let keys: Vec<_> = (first..first + count).map(|sk| (pk.to_owned(), sk)).collect();
    let mut items = table.get_many(&keys).await?;
    items.sort_by_key(|item| number_of::<u64>(item, "sk"));
    let whole = items.len() as u64 == count;
    let chunks = items.iter().map(|item| chunk_of(item, pk)).collect::<Option<Vec<_>>>();
    Ok(chunks.filter(|_| whole).map(|chunks| chunks.concat()))
}

fn chunk_of<'a>(item: &'a Item, pk: &str) -> Option<&'a [u8]> {
    bytes_of(item, "chunk").filter(|_| text_of(item, "pk") == Some(pk))
}

/// Deletes chunks.
pub(super) async fn delete_chunks(
    table: &Table,
    pk: &str,
    first: u64,
    count: u64,
) -> Result<(), StoreError> {
    try_join_all((first..first + count).map(|sk| table.delete(pk, sk))).await.map(drop)
}
