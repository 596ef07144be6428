//! What the store in memory holds, as values: for stores elsewhere that use it as their view, to write it down and to
//! come back to it.
//!
//! Which deliveries were kept is not part of it: how long that is worth knowing is such a store's own matter.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{MemoryStore, Slot, Stream};
use crate::id::StreamId;
use crate::ledger::Sealed;
use crate::store::{Owed, Summary};
use crate::time::Ts;

/// Everything but the deliveries, and but the streams that were left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Image {
    streams: Vec<Shelved>,
    agenda: Vec<Entry>,
    incidents: Vec<Summary>,
    arrivals: u64,
}

/// One stream, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shelved {
    /// Its name.
    pub id: StreamId,
    /// Its turns in order.
    pub turns: Vec<Sealed>,
    /// The keys of the commands that it has taken.
    pub keys: Vec<Arc<str>>,
}

/// Something owed, with its place in the order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    due: Ts,
    arrival: u64,
    owed: Owed,
}

impl MemoryStore {
    /// Writes down what it holds, without the streams that `leave_out` names.
    pub fn image(&self, leave_out: impl Fn(&StreamId) -> bool) -> Image {
        let written = self.streams.keys().filter(|id| !leave_out(id));
        let entry = |(slot, owed): (&Slot, &Owed)| Entry {
            due: slot.due,
            arrival: slot.arrival,
            owed: owed.clone(),
        };
        Image {
            streams: written.filter_map(|id| self.stream(id)).collect(),
            agenda: self.agenda.iter().map(entry).collect(),
            incidents: self.incidents.values().cloned().collect(),
            arrivals: self.arrivals,
        }
    }

    /// The store of which this is the image.
    pub fn of_image(image: Image) -> Self {
        let mut store = Self { arrivals: image.arrivals, ..Self::default() };
        for Entry { due, arrival, owed } in image.agenda {
            store.put(Slot { lane: owed.effect.lane(), due, arrival }, owed);
        }
        store.incidents = image.incidents.into_iter().map(|one| (one.number, one)).collect();
        image.streams.into_iter().for_each(|stream| store.put_stream(stream));
        store
    }

    /// A stream, whole; `None` if it has no turns here.
    pub fn stream(&self, id: &StreamId) -> Option<Shelved> {
        let stream = self.streams.get(id).filter(|stream| !stream.turns.is_empty())?;
        let keys = stream.keys.iter().cloned().collect();
        Some(Shelved { id: id.clone(), turns: stream.turns.clone(), keys })
    }

    /// Whether it holds turns of this stream.
    pub fn holds(&self, id: &StreamId) -> bool {
        self.streams.get(id).is_some_and(|stream| !stream.turns.is_empty())
    }

    /// Puts a stream back that was left out of the image, whatever becomes of an open batch.
    pub fn put_stream(&mut self, Shelved { id, turns, keys }: Shelved) {
        self.streams.insert(id, Stream { turns, keys: keys.into_iter().collect() });
    }

    /// Streams of incidents that are over and owe nothing any more.
    pub fn over(&self) -> Vec<StreamId> {
        let owing: BTreeSet<&StreamId> = self.slots.keys().map(|key| &key.stream).collect();
        let over = self.incidents.values().filter(|incident| !incident.state.is_live());
        over.filter(|incident| !owing.contains(&incident.id)).map(|one| one.id.clone()).collect()
    }
}
