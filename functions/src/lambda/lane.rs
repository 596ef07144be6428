//! The consumers of the lanes: claim, see whether it is still owed, perform, settle. The same step as in `serve`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use lambda_http::Error;
use serde_json::Value;
use shared::effect::{Effect, Lane};
use shared::id::EffectKey;
use shared::store::Owed;
use shared::time::Span;
use tokio::time::sleep;

use crate::desk::Desk;
use crate::outbox::{Outbox, time_for};
use crate::perform::{KillSwitch, Perform};
use crate::vendors::dispatch::Dispatch;

use super::batch::{Batch, again};
use super::claim::Claim;
use super::queues::Task;
use super::samples::Samples;
use super::secrets::Settings;
use super::{Ground, host, metrics};

/// A claim outlives its effect's own limit by this, for the commit that settles it.
const CLAIM_SPARE: Span = Span::secs(20);
/// How often, and how far apart, an outcome is brought to a store that could not take it.
const SETTLE_TRIES: u32 = 8;
const SETTLE_AGAIN: Duration = Duration::from_secs(1);

/// Performs a lane's effects with the vendors that are configured.
pub async fn run(ground: Ground, lane: Lane) -> Result<(), Error> {
    consume(ground, lane, |ground, settings, desk| {
        let vendors = Dispatch::from_environment(ground.lookout(), |name| settings.get(name));
        if let Some(phones) = &vendors.phones {
            phones.tell(desk.clone());
        }
        vendors
    })
    .await
}

/// Performs a lane's effects by a performer that is made anew when a secret was rotated.
pub async fn consume<P, M>(ground: Ground, lane: Lane, make: M) -> Result<(), Error>
where
    P: Perform,
    M: Fn(&Ground, &Settings, &Desk) -> P + Send + Sync + 'static,
{
    let desk = ground.desk().await?;
    let samples = Samples::new(ground.table.clone());
    let outbox = Mutex::default();
    let consumer = Arc::new(Consumer { ground, lane, desk, samples, make, made: outbox });
    // In init, so that the first page does not wait for it.
    consumer.outbox().await.map_or_else(|error| tracing::error!(%error, "not ready"), drop);
    host::handle(move |event| {
        let consumer = Arc::clone(&consumer);
        async move { consumer.batch(event).await }
    })
    .await
}

type Made<P> = Mutex<Option<(Arc<Settings>, Arc<Outbox<P>>)>>;

struct Consumer<P, M> {
    ground: Ground,
    lane: Lane,
    desk: Desk,
    samples: Samples,
    make: M,
    made: Made<P>,
}

impl<P, M> Consumer<P, M>
where
    P: Perform,
    M: Fn(&Ground, &Settings, &Desk) -> P,
{
    /// Everything in a batch at once: lanes are independent, and a queue that keeps an order brings one at a time.
    async fn batch(&self, event: Value) -> Result<Value, Error> {
        let batch: Batch = serde_json::from_value(event)?;
        let mut begun = BTreeSet::new();
        let asked = batch.records.iter().filter_map(|record| match record.task()? {
            Task::Perform(key) if begun.insert(key.clone()) => Some((record, key)),
            Task::Perform(_) | Task::Hear(_) | Task::Look(_) | Task::Wake(_) => None,
        });
        let carried = asked.map(async |(record, key)| match self.carry(&key).await {
            Ok(()) => None,
            Err(error) => {
                tracing::error!(effect.key = %key, %error, "not performed; it comes again");
                Some(record.message_id.as_str())
            }
        });
        let failed = join_all(carried).await;
        Ok(again(failed.into_iter().flatten()))
    }

    /// The way of one effect. Whoever finds it claimed, settled or not yet due has nothing to do: the sweep brings what
    /// is owed again for as long as it is.
    async fn carry(&self, key: &EffectKey) -> Result<(), Error> {
        let outbox = self.outbox().await?;
        let now = (self.ground.clock)();
        let Some(owed) = self.owed(key).await? else {
            tracing::info!(effect.key = %key, "not owed");
            return Ok(());
        };
        let until = now + Span::millis(time_for(&owed.effect).as_millis() as i64) + CLAIM_SPARE;
        let token = format!("{}/{}", self.ground.environment, now.0);
        let Some(claim) = Claim::take(&self.ground.table, key, token, now, until).await? else {
            tracing::info!(effect.key = %key, "somebody else performs it");
            return Ok(());
        };
        // Looked at again under the claim: whoever held it before may have settled it.
        let settled = match self.owed(key).await? {
            Some(owed) => self.perform(&outbox, owed).await,
            None => Ok(()),
        };
        if settled.is_ok() {
            claim.give_back().await;
        }
        settled
    }

    async fn perform(&self, outbox: &Outbox<P>, owed: Owed) -> Result<(), Error> {
        if matches!(owed.effect, Effect::Act(_)) {
            self.samples.feed(&self.desk).await?;
        }
        let begun = (self.ground.clock)();
        let outcome = outbox.outcome(&owed).await;
        let took = (self.ground.clock)().since(begun);
        metrics::performed(self.lane, &owed.key, &outcome, took, begun);
        for _ in 1..SETTLE_TRIES {
            if self.desk.settle(owed.clone(), outcome.clone()).await.is_ok() {
                return Ok(());
            }
            sleep(SETTLE_AGAIN).await;
        }
        Ok(self.desk.settle(owed, outcome).await?)
    }

    async fn owed(&self, key: &EffectKey) -> Result<Option<Owed>, Error> {
        let due = self.desk.due(self.lane).await?;
        Ok(due.into_iter().find(|owed| owed.key == *key))
    }

    async fn outbox(&self) -> Result<Arc<Outbox<P>>, Error> {
        let settings = self.ground.vault.settings((self.ground.clock)()).await?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, outbox)) = made.as_ref()
            && Arc::ptr_eq(of, &settings)
        {
            return Ok(Arc::clone(outbox));
        }
        let performer = (self.make)(&self.ground, &settings, &self.desk);
        // No file can be thrown here: what stops every action is the journal, or the function's concurrency set to 0.
        let switch = KillSwitch::beside(Path::new("/tmp/allclear"));
        let outbox = Arc::new(Outbox { desk: self.desk.clone(), performer, switch });
        *made = Some((settings, Arc::clone(&outbox)));
        Ok(outbox)
    }
}
