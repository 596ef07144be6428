//! `probe`: for most of a minute, looks at every component as often as the plan wants, leaves what it saw in the table
//! and tells the desk to look at it.

use std::sync::Arc;
use std::time::Duration;

use lambda_http::Error;
use serde_json::{Value, json};
use shared::id::Vantage;
use shared::time::{Span, Ts};
use tokio::time::{MissedTickBehavior, interval};

use crate::prober::Eye;

use super::queues::{Message, Queue, Queues, Task};
use super::samples::{Sample, Samples};
use super::{Ground, host};

/// The next minute's invocation takes over.
const SHIFT: Span = Span::secs(55);

/// Probes.
pub async fn run(ground: Ground) -> Result<(), Error> {
    let samples = Samples::new(ground.table.clone());
    // The Region is the vantage point: what is deployed into another one looks from there.
    let vantage = Vantage::from(ground.region.as_str());
    let Ground { plan, http, clock, queues, .. } = ground;
    let scout = Arc::new(Scout { eye: Eye { plan, http, clock, vantage }, samples, queues });
    host::handle(move |_event| {
        let scout = Arc::clone(&scout);
        async move { scout.shift().await }
    })
    .await
}

struct Scout {
    eye: Eye,
    samples: Samples,
    queues: Queues,
}

impl Scout {
    async fn shift(&self) -> Result<Value, Error> {
        let every = self.eye.plan.detection.probe_every;
        let mut schedule = interval(every.to_std().max(Duration::from_secs(1)));
        schedule.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let end = (self.eye.clock)() + SHIFT;
        let mut rounds = 0;
        while (self.eye.clock)() + every < end || rounds == 0 {
            schedule.tick().await;
            self.round((self.eye.clock)()).await?;
            rounds += 1;
        }
        Ok(json!({ "rounds": rounds }))
    }

    async fn round(&self, at: Ts) -> Result<(), Error> {
        let components = self.eye.plan.components.iter().map(async |component| {
            let (probe, control_ok) = self.eye.look(&component.health_url).await;
            Sample { component: component.id.clone(), probe, control_ok }
        });
        let round = futures_util::future::join_all(components).await;
        self.samples.put(&self.eye.vantage, &round).await?;
        let nudge = Message { queue: Queue::Hear, task: Task::Look(at), delay: Span::ZERO };
        Ok(self.queues.send(vec![nudge]).await.map_err(|trouble| trouble.to_string())?)
    }
}
