//! Looks whether everybody can be reached who would be paged, and tests the phones that the plan wants tested: one at a
//! time, by day, and never while something is open.

use std::sync::Arc;
use std::time::Duration;

use shared::plan::Plan;
use shared::roster::{RosterWish, due_for_test};
use shared::time::Ts;
use tokio::time::sleep;

use crate::clock::Clock;
use crate::desk::{Desk, RosterChange};

/// Names the schedule in the ledger.
const VIA: &str = "schedule";
/// How often it is looked whose test is due; also the time between two tests.
const EVERY: Duration = Duration::from_mins(10);

/// Says whom nothing reaches whenever that is news, until it is dropped. Only worth saying where calls are real.
pub async fn review(plan: Arc<Plan>, desk: Desk, clock: Clock) {
    loop {
        look(&plan, &desk, clock()).await;
        sleep(EVERY).await;
    }
}

async fn look(plan: &Plan, desk: &Desk, now: Ts) {
    let by = plan.roles.incident_commander.clone();
    let key = format!("{VIA}/review/{}", now.0);
    let said = RosterChange { by, via: VIA.into(), key, wish: RosterWish::Review };
    match desk.change_roster(said).await {
        Ok(Ok(events)) if events.is_empty() => {}
        Ok(Ok(_)) => tracing::warn!("whom a page would reach has changed: see `allclear oncall`"),
        Ok(Err(error)) => tracing::warn!(%error, "failed to note whom nothing reaches"),
        Err(away) => tracing::warn!(%away, "failed to note whom nothing reaches"),
    }
}

/// Tests whose phone is due, until it is dropped. What was tested is in the journal: a restart repeats nothing.
pub async fn run(plan: Arc<Plan>, desk: Desk, clock: Clock) {
    loop {
        let (known, now) = (Arc::clone(&plan), clock());
        let due = desk.see(move |seen| {
            let quiet = seen.live().is_empty();
            let due = due_for_test(&known, seen.roster(), now).filter(|_| quiet)?;
            Some((due.clone(), seen.roster().numbers))
        });
        if let Ok(Some((person, number))) = due.await {
            let key = format!("{VIA}/{person}/{number}");
            let wish = RosterWish::Test { person: person.clone() };
            let said = RosterChange { by: person.clone(), via: VIA.into(), key, wish };
            match desk.change_roster(said).await {
                Ok(Ok(_)) => tracing::info!(%person, "a phone is tested"),
                Ok(Err(error)) => tracing::warn!(%person, %error, "failed to test a phone"),
                Err(away) => tracing::warn!(%person, %away, "failed to test a phone"),
            }
        }
        sleep(EVERY).await;
    }
}
