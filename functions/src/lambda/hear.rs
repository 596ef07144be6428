//! `hear`: the one that hears. Its queue keeps one order and brings one batch at a time, so that in a Region one process
//! folds what monitors and vantage points say; its watches live in its memory, and a new environment is a restart.

use std::sync::Arc;

use futures_util::future::join_all;
use lambda_http::Error;
use serde_json::Value;
use shared::ledger::Hash;

use crate::desk::Desk;
use crate::store::dynamo::deliveries::Inbox;

use super::batch::{Batch, Record, again};
use super::queues::Task;
use super::samples::Samples;
use super::{Ground, host};

/// Hears.
pub async fn run(ground: Ground) -> Result<(), Error> {
    let ear = Arc::new(Ear {
        desk: ground.desk().await?,
        inbox: Inbox::new(ground.table.clone()),
        samples: Samples::new(ground.table),
    });
    host::handle(move |event| {
        let ear = Arc::clone(&ear);
        async move { ear.batch(event).await }
    })
    .await
}

struct Ear {
    desk: Desk,
    inbox: Inbox,
    samples: Samples,
}

impl Ear {
    /// Hears everything of a batch as one commit. From the first that could not be heard on, all come again: later ones
    /// must not overtake it.
    async fn batch(&self, event: Value) -> Result<Value, Error> {
        let batch: Batch = serde_json::from_value(event)?;
        let heard = join_all(batch.records.iter().map(|record| self.hear(record))).await;
        self.desk.tick().await?;
        let missed = heard.iter().position(Result::is_err).unwrap_or(batch.records.len());
        if let Some(Err(error)) = heard.get(missed) {
            tracing::error!(%error, "not heard; it comes again");
        }
        Ok(again(batch.records[missed..].iter().map(|record| record.message_id.as_str())))
    }

    async fn hear(&self, record: &Record) -> Result<(), Error> {
        match record.task() {
            Some(Task::Hear(key)) => self.delivery(key).await,
            Some(Task::Look(_)) => self.samples.feed(&self.desk).await,
            Some(Task::Wake(_) | Task::Perform(_)) | None => Ok(()),
        }
    }

    async fn delivery(&self, key: Hash) -> Result<(), Error> {
        let Some(arrival) = self.inbox.take(key).await? else {
            tracing::info!(delivery.key = %key, "it was heard before");
            return Ok(());
        };
        let received_at = arrival.received_at;
        let receipt = self.desk.receive(arrival).await?;
        self.inbox.heard(key, received_at).await?;
        tracing::info!(delivery.key = %key, ?receipt, "delivery heard");
        Ok(())
    }
}
