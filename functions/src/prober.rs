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
    /// What looks.
    pub eye: Eye,
    /// Where results go.
    pub desk: Desk,
}

/// Looks from one vantage point.
pub struct Eye {
    /// What to probe, and how often.
    pub plan: Arc<Plan>,
    /// The shared client.
    pub http: reqwest::Client,
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
    for component in prober.eye.plan.components.clone() {
        let prober = Arc::clone(&prober);
        watches.spawn(async move { prober.watch(component).await });
    }
    watches.join_all().await;
}

impl Prober {
    /// One probe after the other: what comes due while one is under way is skipped, so that the schedule never drifts.
    async fn watch(&self, component: Component) {
        let mut schedule = interval(self.eye.plan.detection.probe_every.to_std());
        schedule.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            schedule.tick().await;
            let (probe, control_ok) = self.eye.look(&component.health_url).await;
            if self.desk.probe(component.id.clone(), probe, control_ok).await.is_err() {
                tracing::warn!(component = %component.id, "failed to hand in a probe");
            }
        }
    }
}

impl Eye {
    /// Looks at a health URL: what was seen, and whether the control site answers from here.
    pub async fn look(&self, url: &str) -> (Probe, bool) {
        let probe = self.probe(url).await;
        // Only a failure needs to know whether it is our own network.
        let control_ok = probe.ok || self.control_answers().await;
        (probe, control_ok)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{plan, site};
    use crate::{clock, http};
    use shared::time::Span;

    fn eye(control: &str) -> Eye {
        let mut plan = Plan::clone(&plan());
        plan.detection.control_site = control.into();
        plan.detection.probe_timeout = Span::millis(300);
        let http = http::client(&http::Roots::default()).unwrap();
        Eye { plan: Arc::new(plan), http, clock: clock::now, vantage: "local".into() }
    }

    #[tokio::test]
    async fn a_good_answer_is_timed_and_a_bad_one_says_why() {
        let site = site().await;
        let eye = eye("unused");
        let good = eye.probe(&format!("{site}/up")).await;
        assert!(good.ok && good.latency_ms.is_some() && good.why.is_none(), "{good:?}");
        let ill = eye.probe(&format!("{site}/ill")).await;
        assert_eq!((ill.ok, ill.why.as_deref()), (false, Some("HTTP 503")));
        let slow = eye.probe(&format!("{site}/slow")).await;
        assert_eq!((slow.ok, slow.why.as_deref()), (false, Some("no answer in time")));
        let nobody = eye.probe("http://127.0.0.1:9/").await;
        assert!(nobody.why.unwrap().contains("refused"));
    }

    #[tokio::test]
    async fn the_control_site_tells_our_own_network_from_theirs() {
        let site = site().await;
        assert!(eye(&format!("{site}/up")).control_answers().await);
        assert!(!eye(&format!("{site}/slow")).control_answers().await);
    }

    #[test]
    fn this_process_stands_where_the_plan_puts_the_executor_unless_it_says_local() {
        let mut plan = Plan::clone(&plan());
        assert_eq!(own_vantage(&plan).unwrap().as_str(), plan.regions.executor);
        plan.detection.vantage_points.push(LOCAL.into());
        assert_eq!(own_vantage(&plan).unwrap().as_str(), LOCAL);
    }
}
