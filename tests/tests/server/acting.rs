//! When the server acts, and what stops it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use functions::clock;
use functions::desk::Desk;
use functions::perform::{Hold, KillSwitch, Perform};
use functions::vendors::dry::Dry;
use shared::detect::Probe;
use shared::effect::{Act, ActClass, Effect, Finding, Look, Outcome, Preflight};
use shared::id::EffectKey;
use shared::time::Span;
use tokio::time::sleep;

use crate::harness::{Running, plan};

/// How often everything is probed.
const PROBE_EVERY: Duration = Duration::from_millis(200);

/// Vendors on paper: all is well there but the frontend. Notes every action whose lease still stands.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<Act>>>);

impl Perform for Paper {
    async fn perform(&self, key: &EffectKey, effect: &Effect, hold: &Hold) -> Outcome {
        match effect {
            Effect::Act(act) => {
                hold.stands().await.unwrap();
                self.0.lock().unwrap().push(act.clone());
                Outcome::Done(Finding::Nothing)
            }
            Effect::Look(look) => seen(look).map_or_else(
                || Outcome::Never { why: "nobody looks at that on paper".into() },
                Outcome::Done,
            ),
            _ => Dry.perform(key, effect, hold).await,
        }
    }
}

fn seen(look: &Look) -> Option<Finding> {
    let says = String::new();
    match look {
        Look::VendorStatus(vendor) => {
            Some(Finding::Vendor { vendor: vendor.clone(), working: true, says })
        }
        Look::Dns => Some(Finding::Dns { right: true, says }),
        Look::Deployments => Some(Finding::Deployments(vec![])),
        Look::ControlSite => Some(Finding::ControlSite { reachable: true }),
        Look::Standby => Some(Finding::Standby(Preflight {
            answers: true,
            certificate_life: Span::days(60),
            database: true,
            data_age: Span::ZERO,
            build: None,
        })),
        Look::ReadBack { .. } | Look::Verify(_) | Look::CriticalPath | Look::Survey(_) => None,
    }
}

/// The frontend is down, seen from everywhere; the rest is well.
async fn outage(desk: Desk) {
    desk.prove(ActClass::Failover, "a drill".into(), "proof".into()).await.unwrap();
    let plan = plan();
    loop {
        for vantage in &plan.detection.vantage_points {
            for component in &plan.components {
                let probe = Probe {
                    vantage: vantage.clone(),
                    at: clock::now(),
                    ok: component.id.as_str() != "frontend",
                    latency_ms: None,
                    why: None,
                };
                desk.probe(component.id.clone(), probe, true).await.unwrap();
            }
        }
        sleep(PROBE_EVERY).await;
    }
}

#[tokio::test]
async fn an_armed_and_proven_action_is_done_once() {
    let paper = Paper::default();
    let server = Running::start_with(paper.clone(), |_| {}).await;
    let outage = tokio::spawn(outage(server.desk.clone()));
    server.until("SELECT event FROM timeline WHERE event LIKE '%act-settled%fail-over%'").await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(*paper.0.lock().unwrap(), [Act::FailOver]);
    outage.abort();
    server.stop().await;
}

#[tokio::test]
async fn the_kill_switch_beside_the_store_stops_every_action() {
    let paper = Paper::default();
    let throw = |store: &_| std::fs::write(KillSwitch::beside(store).path(), "hands off").unwrap();
    let server = Running::start_with(paper.clone(), throw).await;
    let outage = tokio::spawn(outage(server.desk.clone()));
    server.until("SELECT event FROM timeline WHERE event LIKE '%frozen%hands off%'").await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(*paper.0.lock().unwrap(), []);
    let health = server.get("/health").await.text().await.unwrap();
    assert!(health.contains("hands off"), "{health}");
    outage.abort();
    server.stop().await;
}
