//! What the vantage points saw last: one item each, written by its prober, read by whoever must judge.
//!
//! A watch lives in the memory of one process, and here there are many. The desk that hears folds every sample into its
//! watches; the one that acts needs only the newest, to see whether the outage is still there.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use shared::detect::Probe;
use shared::id::{ComponentId, Vantage};
use shared::ledger::Hash;
use shared::store::StoreError;
use shared::time::Ts;

use crate::desk::Desk;
use crate::store::dynamo::Table;

/// The partition of all vantage points' items.
const PARTITION: &str = "vantage";

/// One component, seen once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// Which.
    pub component: ComponentId,
    /// What was seen.
    pub probe: Probe,
    /// Whether the control site answered from there.
    pub control_ok: bool,
}

/// The vantage points' items.
pub struct Samples {
    table: Table,
    fed: Mutex<HashMap<(Vantage, ComponentId), Ts>>,
}

impl Samples {
    /// The items of a table.
    pub fn new(table: Table) -> Self {
        Self { table, fed: Mutex::default() }
    }

    /// Writes a vantage point's newest round over the one before.
    pub async fn put(&self, vantage: &Vantage, round: &[Sample]) -> Result<(), StoreError> {
        let json = serde_json::to_string(round).map_err(|it| unavailable(&it.to_string()))?;
        let put = self.table.client.put_item().table_name(&self.table.name);
        let put = put
            .item("pk", AttributeValue::S(PARTITION.into()))
            .item("sk", AttributeValue::N(place(vantage).to_string()))
            .item("round", AttributeValue::S(json));
        let sent = put.send().await.map(drop);
        sent.map_err(|error| unavailable(error.code().unwrap_or("no answer")))
    }

    /// Hands every sample that is newer than the last one to the desk.
    pub async fn feed(&self, desk: &Desk) -> Result<(), lambda_http::Error> {
        for sample in self.read().await? {
            let of = (sample.probe.vantage.clone(), sample.component.clone());
            let at = sample.probe.at;
            let fed = self.fed().get(&of).is_some_and(|last| *last >= at);
            if !fed {
                desk.probe(sample.component, sample.probe, sample.control_ok).await?;
                self.fed().insert(of, at);
            }
        }
        Ok(())
    }

    async fn read(&self) -> Result<Vec<Sample>, StoreError> {
        let query = self.table.client.query().table_name(&self.table.name).consistent_read(true);
        let query = query
            .key_condition_expression("pk = :partition")
            .expression_attribute_values(":partition", AttributeValue::S(PARTITION.into()));
        let found = query.send().await;
        let found = found.map_err(|error| unavailable(error.code().unwrap_or("no answer")))?;
        let rounds = found.items().iter().filter_map(|item| item.get("round")?.as_s().ok());
        let samples = rounds.map(|json| serde_json::from_str::<Vec<Sample>>(json));
        let samples: Result<Vec<_>, _> = samples.collect();
        let samples = samples.map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(samples.into_iter().flatten().collect())
    }

    fn fed(&self) -> std::sync::MutexGuard<'_, HashMap<(Vantage, ComponentId), Ts>> {
        self.fed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A vantage point's place in the partition.
fn place(vantage: &Vantage) -> u32 {
    let hash = Hash::of(&[vantage.as_str().as_bytes()]);
    u32::from_be_bytes([hash.0[0], hash.0[1], hash.0[2], hash.0[3]])
}

fn unavailable(why: &str) -> StoreError {
    StoreError::Unavailable(why.into())
}
