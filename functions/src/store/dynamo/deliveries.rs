//! Webhook deliveries: one item each, as they came. Taking one in is one conditional write, and needs nothing else.
//!
//! A partition a delivery, so that a storm of a hundred thousand over one component is as many partitions. An index lists
//! those that were not heard yet, and those that were by the day they came, in [`TRAYS`] trays each for the same reason.
//! Bodies are compressed together with what they say; what is larger than an item is in chunks beside it, written before.

use aws_sdk_dynamodb::types::AttributeValue;
use axum::body::Bytes;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use shared::id::SourceId;
use shared::ledger::Hash;
use shared::signal::{Signal, Trust};
use shared::store::{Delivery, StoreError};
use shared::time::{Span, Ts};

use super::pack::{CHUNK, compress, decompress, delete_chunks, read_chunks, write_chunks};
use super::table::{
    Item, Put, Table, bytes, bytes_of, failure, key, number, number_of, text, text_of,
};
use super::token;
use crate::desk::Arrival;

/// The index over deliveries: partition key `tray` (S), sort key `received` (N), with `chunks` and
/// `token`.
pub const INDEX: &str = "trays";
/// Trays over which the index is spread: one partition takes a thousand small writes a second.
pub const TRAYS: u8 = 16;
/// Days before the bound in which is looked for deliveries to be forgotten.
const FORGET_BACK: i64 = 7;
/// Deliveries deleted at the same time.
const AT_ONCE: usize = 25;

/// Where deliveries come in.
#[derive(Clone, Debug)]
pub struct Inbox {
    table: Table,
}

/// What became of a delivery that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It is there now, to be heard.
    New,
    /// It was there already, heard or not.
    Duplicate,
}

/// A delivery as it is written.
#[derive(Debug)]
pub(super) struct Filed {
    key: Hash,
    tray: String,
    received_at: Ts,
    packed: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    source: SourceId,
    trust: Trust,
    received_at: Ts,
    verdict: Verdict,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Says(Vec<Signal>),
    /// It was heard when it came; so many signals.
    Said(u32),
    Refused(String),
}

impl Filed {
    /// One that was heard.
    pub fn new(delivery: &Delivery) -> Result<Self, StoreError> {
        let verdict = match &delivery.verdict {
            Ok(count) => Verdict::Said(*count),
            Err(why) => Verdict::Refused(why.clone()),
        };
        let Delivery { key, source, trust, received_at, body, .. } = delivery;
        let envelope =
            Envelope { source: source.clone(), trust: *trust, received_at: *received_at, verdict };
        let tray = heard_tray(key, day(*received_at));
        Ok(Self { key: *key, tray, received_at: *received_at, packed: packed(&envelope, body)? })
    }

    fn unheard(arrival: &Arrival) -> Result<Self, StoreError> {
        let Arrival { key, source, trust, received_at, body, verdict } = arrival;
        let verdict = match verdict {
            Ok(signals) => Verdict::Says(signals.clone()),
            Err(why) => Verdict::Refused(why.clone()),
        };
        let envelope =
            Envelope { source: source.clone(), trust: *trust, received_at: *received_at, verdict };
        let (tray, packed) = (unheard_tray(tray(key)), packed(&envelope, body)?);
        Ok(Self { key: *key, tray, received_at: *received_at, packed })
    }
}

impl Inbox {
    /// The inbox of a table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// Puts a delivery there, to be heard: once this is answered, it is durable.
    pub async fn put(&self, arrival: &Arrival) -> Result<Placed, StoreError> {
        self.file(Filed::unheard(arrival)?).await
    }

    pub(super) async fn file(&self, filed: Filed) -> Result<Placed, StoreError> {
        let pk = place(&filed.key);
        let mut item = key(&pk, 0);
        item.insert("tray".into(), text(filed.tray));
        item.insert("received".into(), number(filed.received_at.0));
        let (token, mut chunks) = (token()?, 0);
        item.insert("token".into(), text(&token));
        if filed.packed.len() > CHUNK {
            chunks = write_chunks(&self.table, &beside(&token), 0, &filed.packed).await?;
            item.insert("chunks".into(), number(chunks));
        } else {
            item.insert("body".into(), bytes(filed.packed));
        }
        match self.table.put_new(item).await? {
            Put::New => Ok(Placed::New),
            // Our own, whose reply was lost.
            Put::There(there) if text_of(&there, "token") == Some(&token) => Ok(Placed::New),
            Put::There(_) => {
                delete_chunks(&self.table, &beside(&token), 0, chunks).await?;
                Ok(Placed::Duplicate)
            }
            // Perhaps neither Region has it: whoever sent it has to send it again.
            Put::Raced => Err(StoreError::Unavailable("another Region takes it in, too".into())),
        }
    }

    /// Takes a copy of a delivery that was not heard yet; `None` if it was, or if there is none.
    pub async fn take(&self, key: Hash) -> Result<Option<Arrival>, StoreError> {
        let pk = place(&key);
        let Some(item) = self.table.get(&pk, 0).await? else { return Ok(None) };
        if text_of(&item, "tray").is_none_or(|tray| !tray.starts_with(UNHEARD)) {
            return Ok(None);
        }
        let damaged = |why: &str| StoreError::Corrupt(format!("delivery {key} is damaged: {why}"));
        let packed = match (bytes_of(&item, "body"), number_of(&item, "chunks")) {
            (Some(packed), _) => Some(packed.to_vec()),
            (None, Some(count)) => {
                let token = text_of(&item, "token").unwrap_or_default();
                read_chunks(&self.table, &beside(token), 0, count).await?
            }
            (None, None) => None,
        };
        let packed = packed.ok_or_else(|| damaged("its body is missing"))?;
        unpacked(key, &packed).map(Some).map_err(|why| damaged(&why))
    }

    /// Notes that a delivery was heard; `received_at` is its own. One that is not there is no news.
    pub async fn heard(&self, key: Hash, received_at: Ts) -> Result<(), StoreError> {
        let update = self.table.client.update_item().table_name(&self.table.name);
        let update = update.set_key(Some(super::table::key(&place(&key), 0)));
        let update = update.update_expression("SET tray = :tray");
        let update = update.condition_expression("attribute_exists(pk)");
        let tray = text(heard_tray(&key, day(received_at)));
        match update.expression_attribute_values(":tray", tray).send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(known) if known.is_conditional_check_failed_exception() => Ok(()),
                _ => Err(failure(&error)),
            },
        }
    }

    /// Deliveries that were not heard yet, the oldest first. One of the last second may be missing.
    pub async fn unheard(&self, limit: usize) -> Result<Vec<(Ts, Hash)>, StoreError> {
        let trays = (0..TRAYS).map(|tray| self.tray(unheard_tray(tray), Ts(i64::MAX), limit));
        let trays = try_join_all(trays).await?;
        let mut found: Vec<_> = trays.iter().flatten().filter_map(listed).collect();
        found.sort_unstable();
        found.truncate(limit);
        Ok(found)
    }

    /// Deletes deliveries that were heard and came before that moment, at most `limit` of a tray; says how many.
    pub async fn forget(&self, before: Ts, limit: usize) -> Result<usize, StoreError> {
        let last = day(before);
        let mut forgotten = 0;
        for day in last - FORGET_BACK..=last {
            let trays = (0..TRAYS).map(|tray| self.tray(heard_in(day, tray), before, limit));
            let old = try_join_all(trays).await?.concat();
            forgotten += old.len();
            for some in old.chunks(AT_ONCE) {
                try_join_all(some.iter().map(|item| self.delete(item))).await?;
            }
        }
        Ok(forgotten)
    }

    async fn tray(&self, tray: String, before: Ts, limit: usize) -> Result<Vec<Item>, StoreError> {
        let query = self.table.client.query().table_name(&self.table.name).index_name(INDEX);
        let query = query.key_condition_expression("tray = :tray AND received < :before");
        let query = query.expression_attribute_values(":tray", text(tray));
        let query = query.expression_attribute_values(":before", number(before.0));
        let page = query.limit(i32::try_from(limit).unwrap_or(i32::MAX)).send().await;
        Ok(page.map_err(|error| failure(&error))?.items.unwrap_or_default())
    }

    /// The item last: a delivery without its chunks would be damaged, chunks without a delivery are found no more.
    async fn delete(&self, item: &Item) -> Result<(), StoreError> {
        let Some(pk) = text_of(item, "pk") else { return Ok(()) };
        if let (Some(token), Some(chunks)) = (text_of(item, "token"), number_of(item, "chunks")) {
            delete_chunks(&self.table, &beside(token), 0, chunks).await?;
        }
        self.table.delete(pk, 0).await
    }
}

/// The delivery that an item of the table announces to be heard.
pub(super) fn announced(item: &Item) -> Option<Hash> {
    let tray = item.get("tray").and_then(|tray| AttributeValue::as_s(tray).ok())?;
    tray.starts_with(UNHEARD).then(|| key_of(item))?
}

fn listed(item: &Item) -> Option<(Ts, Hash)> {
    Some((Ts(number_of(item, "received")?), key_of(item)?))
}

fn key_of(item: &Item) -> Option<Hash> {
    text_of(item, "pk")?.strip_prefix(DELIVERY)?.parse().ok()
}

/// The envelope in a line of JSON, then the body as it came: together they compress best.
fn packed(envelope: &Envelope, body: &[u8]) -> Result<Vec<u8>, StoreError> {
    let line = serde_json::to_vec(envelope);
    let mut plain = line.map_err(|error| StoreError::Corrupt(error.to_string()))?;
    plain.push(b'\n');
    plain.extend_from_slice(body);
    compress(&plain)
}

fn unpacked(key: Hash, packed: &[u8]) -> Result<Arrival, String> {
    let plain = Bytes::from(decompress(packed)?);
    let end = plain.iter().position(|byte| *byte == b'\n').ok_or("it has no envelope")?;
    let envelope = serde_json::from_slice(&plain[..end]).map_err(|error| error.to_string())?;
    let Envelope { source, trust, received_at, verdict } = envelope;
    let verdict = match verdict {
        Verdict::Says(signals) => Ok(signals),
        Verdict::Said(count) => return Err(format!("its {count} signals are not kept")),
        Verdict::Refused(why) => Err(why),
    };
    Ok(Arrival { key, source, trust, received_at, body: plain.slice(end + 1..), verdict })
}

const DELIVERY: &str = "delivery#";
const UNHEARD: &str = "unheard#";

fn place(key: &Hash) -> String {
    format!("{DELIVERY}{key}")
}

fn beside(token: &str) -> String {
    format!("body#{token}")
}

fn tray(key: &Hash) -> u8 {
    key.0[0] % TRAYS
}

fn unheard_tray(tray: u8) -> String {
    format!("{UNHEARD}{tray}")
}

fn heard_tray(key: &Hash, day: i64) -> String {
    heard_in(day, tray(key))
}

fn heard_in(day: i64, tray: u8) -> String {
    format!("heard#{day}#{tray}")
}

fn day(at: Ts) -> i64 {
    at.0.div_euclid(Span::days(1).0)
}
