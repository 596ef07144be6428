//! Our own probes: every component's health URL, asked from here on a fixed schedule.
//!
//! Other vantage points send their samples to a source of the generic kind. A probe says only whether there was a good
//! answer; what that means is the kernel's.

use std::sync::Arc;
use std::time::Duration;

use shared::detect::Probe;
use shared::id::Vantage;
use shared::plan::{Component, Plan};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::clock::Clock;
use crate::desk::Desk;
use crate::vendors::lookout::ask;

/// The vantage point that stands for "wherever this process runs".
const LOCAL: &str = "local";

/// Probes from one vantage point.
pub struct Prober {
    /// What to probe, and how often.
    pub plan: Arc<Plan>,
    /// The shared client.
    pub http: reqwest::Client,
    /// Where results go.
    pub desk: Desk,
    /// When a result was had.
    pub clock: Clock,
    /// Where we are.
    pub vantage: Vantage,
}

/// Where this process stands among the plan's vantage points: `local`, else the executor's Region, else the first.
pub fn own_vantage(plan: &Plan) -> Option<Vantage> {
    let known = &plan.detection.vantage_points;
    let named = |name: &str| known.iter().find(|one| one.as_str() == name);
    named(LOCAL).or_else(|| named(&plan.regions.executor)).or_else(|| known.first()).cloned()
}

/// Probes every component until it is dropped.
pub async fn run(prober: Prober) {
    let prober = Arc::new(prober);
    let mut watches = JoinSet::new();
    for component in prober.plan.components.clone() {
        let prober = Arc::clone(&prober);
        watches.spawn(async move { prober.watch(component).await });
    }
    watches.join_all().await;
}

impl Prober {
    /// One probe after the other: what comes due while one is under way is skipped, so that the schedule never drifts.
    async fn watch(&self, component: Component) {
        let mut schedule = interval(self.plan.detection.probe_every.to_std());
        schedule.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            schedule.tick().await;
            let probe = self.probe(&component.health_url).await;
            // Only a failure needs to know whether it is our own network.
            let control_ok = probe.ok || self.control_answers().await;
            if self.desk.probe(component.id.clone(), probe, control_ok).await.is_err() {
                tracing::warn!(component = %component.id, "failed to hand in a probe");
            }
        }
    }

    async fn probe(&self, url: &str) -> Probe {
        let begun = Instant::now();
        let answer = within(self.limit(), ask(&self.http, url)).await;
        Probe {
            vantage: self.vantage.clone(),
            at: (self.clock)(),
            ok: answer.is_ok(),
            latency_ms: answer.is_ok().then(|| begun.elapsed().as_secs_f64() * 1_000.0),
            why: answer.err(),
        }
    }

    async fn control_answers(&self) -> bool {
        within(self.limit(), ask(&self.http, &self.plan.detection.control_site)).await.is_ok()
    }

    fn limit(&self) -> Duration {
        self.plan.detection.probe_timeout.to_std()
    }
}

async fn within(
    limit: Duration,
    asked: impl Future<Output = Result<(), String>>,
) -> Result<(), String> {
    timeout(limit, asked).await.unwrap_or_else(|_| Err("no answer in time".into()))
}
