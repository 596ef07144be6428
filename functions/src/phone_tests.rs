//! Tests of phones that the plan asks for by itself: one at a time, by day, and never while something is open.

use std::sync::Arc;
use std::time::Duration;

use shared::plan::Plan;
use shared::roster::{RosterWish, due_for_test};
use tokio::time::sleep;

use crate::clock::Clock;
use crate::desk::{Desk, RosterChange};

/// Names the schedule in the ledger.
const VIA: &str = "schedule";
/// How often it is looked whose test is due; also the time between two tests.
const EVERY: Duration = Duration::from_mins(10);

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
