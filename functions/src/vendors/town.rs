//! The simulated town on the real clock: its vendors perform, its monitors and people come to the desk by themselves.
//! For hands-on training: everything but the world is the real server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::effect::{ActClass, Effect, Outcome};
use shared::engine::Target;
use shared::id::EffectKey;
use shared::plan::Plan;
use shared::signal::{self, Signal};
use shared::time::{Span, Ts};
use shared::town::{Callback, Happening, Script, Town, Webhook};
use tokio::time::sleep;

use crate::clock::Clock;
use crate::desk::{Arrival, Away, Desk, Utterance};
use crate::perform::{Hold, Perform};

/// What became due in the town is looked for this often.
const LOOK_EVERY: Span = Span::millis(100);
/// The wait before an action that lost its lease asks for another.
const ASK_AGAIN: Span = Span::secs(1);

/// A town that several tasks share.
#[derive(Clone)]
pub struct LiveTown {
    town: Arc<Mutex<Town>>,
    plan: Arc<Plan>,
    clock: Clock,
}

impl Perform for LiveTown {
    async fn perform(&self, key: &EffectKey, effect: &Effect, hold: &Hold) -> Outcome {
        if let Err(why) = hold.stands().await {
            return Outcome::Later { why, after: ASK_AGAIN };
        }
        let (latency, outcome) = self.town().perform(key, effect, (self.clock)());
        sleep(latency.to_std()).await;
        outcome
    }
}

impl LiveTown {
    /// A town that awakes now. The plan must be a [`shared::town::rehearsal_plan`].
    pub fn new(plan: Arc<Plan>, script: Script, seed: u64, clock: Clock) -> Self {
        let town = Town::new(Arc::clone(&plan), script, seed, clock());
        Self { town: Arc::new(Mutex::new(town)), plan, clock }
    }

    /// Lives until it is dropped: arms what a rehearsal may do, probes, posts, speaks.
    pub async fn live(self, desk: Desk) {
        for class in ActClass::ALL {
            let key = format!("rehearsal/{}", class.says());
            if desk.prove(class, "this rehearsal".into(), key).await.is_err() {
                tracing::error!("failed to arm {} for the rehearsal", class.says());
            }
        }
        let mut next_round = (self.clock)();
        loop {
            let now = (self.clock)();
            if now >= next_round {
                next_round = now + self.plan.detection.probe_every;
                self.probe(&desk, now).await;
            }
            let happenings = self.town().happenings(now);
            for happening in happenings {
                if self.bring(&desk, &happening, now).await.is_err() {
                    self.town().unheard(happening, now);
                }
            }
            sleep(LOOK_EVERY.to_std()).await;
        }
    }

    async fn probe(&self, desk: &Desk, now: Ts) {
        for vantage in &self.plan.detection.vantage_points {
            for component in &self.plan.components {
                let (probe, control_ok) = self.town().probe(vantage, &component.id, now);
                if desk.probe(component.id.clone(), probe, control_ok).await.is_err() {
                    tracing::warn!(component = %component.id, "failed to hand in a probe");
                }
            }
        }
    }

    async fn bring(&self, desk: &Desk, happening: &Happening, now: Ts) -> Result<(), Away> {
        match happening {
            Happening::Webhook(webhook) => desk.receive(self.arrival(webhook, now)).await.map(drop),
            Happening::Callback(callback) => {
                let Callback { key, report } = callback.clone();
                desk.deliver(key, report).await.map(drop)
            }
            Happening::Person(said) => {
                let utterance = Utterance {
                    target: Target::Number(said.incident),
                    by: said.by.clone(),
                    via: said.via.clone(),
                    key: said.key.to_string(),
                    wish: said.wish.clone(),
                };
                // A refusal is an answer: people of the town misread and press twice.
                desk.wish(utterance).await.map(drop)
            }
        }
    }

    fn arrival(&self, webhook: &Webhook, now: Ts) -> Arrival {
        let verdict = self.parse(webhook, now);
        let signals = verdict.as_deref().unwrap_or_default();
        Arrival {
            key: signal::delivery_key(&webhook.source, None, &webhook.body, signals, now),
            source: webhook.source.clone(),
            trust: webhook.trust,
            received_at: now,
            body: webhook.body.clone().into(),
            verdict,
        }
    }

    fn parse(&self, webhook: &Webhook, now: Ts) -> Result<Vec<Signal>, String> {
        let source = self.plan.source(&webhook.source).ok_or("the town knows no such source")?;
        signal::parse(source, webhook.trust, now, &webhook.body).map_err(|wrong| wrong.to_string())
    }

    /// A town that panicked in one task is still the town.
    fn town(&self) -> MutexGuard<'_, Town> {
        self.town.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
