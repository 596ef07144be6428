//! `sweep`: lets time pass, every minute and whenever a wake-up is due; brings again whatever is owed and due, finds
//! deliveries that nobody heard, shortens the log, forgets, proves that pages get out.
//!
//! It is what makes the rest safe to lose: a stream that stands still, a queue that was purged, a Region that is gone cost
//! a minute.

use std::sync::Arc;

use lambda_http::Error;
use serde_json::{Value, json};
use shared::effect::Lane;
use shared::time::{Span, Ts};

use crate::dead_man::{ADDRESS, Switch};
use crate::desk::Desk;
use crate::store::DELIVERIES_KEPT;
use crate::store::dynamo::deliveries::Inbox;

use super::queues::{Message, Queue, Task};
use super::{Ground, host, metrics};

/// Rounds of wake-ups in one go.
const ROUNDS: usize = 10;
/// Deliveries that are brought again in one go.
const UNHEARD_AT_ONCE: usize = 100;
/// Old deliveries that are deleted in one go, of each tray.
const FORGOTTEN_AT_ONCE: usize = 100;
/// How often the log is looked at for its length.
const SHORTEN_EVERY: Span = Span::mins(5);
/// Every lane, the most urgent first.
const LANES: [Lane; 4] = [Lane::Page, Lane::Act, Lane::Tell, Lane::Archive];

/// Sweeps.
pub async fn run(ground: Ground) -> Result<(), Error> {
    let desk = ground.desk().await?;
    let inbox = Inbox::new(ground.table.clone());
    let began = (ground.clock)();
    let broom = Arc::new(Broom { ground, desk, inbox, began });
    host::handle(move |_event| {
        let broom = Arc::clone(&broom);
        async move { broom.sweep().await }
    })
    .await
}

struct Broom {
    ground: Ground,
    desk: Desk,
    inbox: Inbox,
    began: Ts,
}

impl Broom {
    async fn sweep(&self) -> Result<Value, Error> {
        let now = (self.ground.clock)();
        for _ in 0..ROUNDS {
            if !self.desk.tick().await? {
                break;
            }
        }
        let mut messages = self.unheard().await?;
        let unheard = messages.len();
        for lane in LANES {
            let due = self.desk.due(lane).await?;
            metrics::owed(lane, due.len(), now);
            messages.extend(due.into_iter().map(|owed| {
                let task = Task::Perform(owed.key);
                Message { queue: Queue::of(lane), task, delay: Span::ZERO }
            }));
        }
        let brought = messages.len();
        self.ground.queues.send(messages).await.map_err(|trouble| trouble.to_string())?;
        let proven = self.prove().await;
        metrics::swept(unheard, proven, now);
        self.tidy(now).await;
        Ok(json!({ "brought": brought, "unheard": unheard, "proven": proven }))
    }

    /// Deliveries that the stream should have brought by now.
    async fn unheard(&self) -> Result<Vec<Message>, Error> {
        let keys = self.inbox.unheard(UNHEARD_AT_ONCE).await?;
        let hear =
            |(_, key)| Message { queue: Queue::Hear, task: Task::Hear(key), delay: Span::ZERO };
        Ok(keys.into_iter().map(hear).collect())
    }

    /// Tells the outside that pages get out, if that can be proven; nobody to tell is no failure.
    async fn prove(&self) -> Option<bool> {
        let settings = self.ground.vault.settings((self.ground.clock)()).await.ok()?;
        let address = settings.get(ADDRESS).filter(|it| !it.trim().is_empty())?;
        let limits = self.ground.plan.phone.as_ref()?.dead_man;
        let (desk, http, clock) = (self.desk.clone(), self.ground.http.clone(), self.ground.clock);
        let switch = Switch { limits, address, desk, canaries: None, http, clock };
        let told = switch.once(self.began).await;
        Some(told.inspect_err(|why| tracing::error!(%why, "no proof for the outside")).is_ok())
    }

    /// What can wait until the next minute, and must not fail what can't.
    async fn tidy(&self, now: Ts) {
        if now.0 % SHORTEN_EVERY.0 < Span::mins(1).0
            && let Err(error) = self.ground.shorten().await
        {
            tracing::warn!(%error, "failed to shorten the log; the next sweep tries again");
        }
        match self.inbox.forget(now - DELIVERIES_KEPT, FORGOTTEN_AT_ONCE).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "old deliveries forgotten"),
            Err(error) => tracing::warn!(%error, "failed to forget old deliveries"),
        }
    }
}
