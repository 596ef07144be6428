//! When the server acts, and what stops it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use functions::clock;
use functions::perform::{Hold, KillSwitch, Perform};
use functions::store::SqliteStore;
use functions::vendors::dry::Dry;
use shared::effect::{Act, ActClass, Effect, Finding, Outcome};
use shared::engine::{Engine, Target};
use shared::id::EffectKey;
use shared::incident::{Event, Wish};
use shared::ledger::{self, Body};
use shared::store::{Derived, Store};

use crate::harness::{Running, plan};

/// Acts on paper: notes every action whose lease still stands.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<Act>>>);

impl Perform for Paper {
    async fn perform(&self, key: &EffectKey, effect: &Effect, hold: &Hold) -> Outcome {
        let Effect::Act(act) = effect else { return Dry.perform(key, effect, hold).await };
        hold.stands().await.unwrap();
        self.0.lock().unwrap().push(act.clone());
        Outcome::Done(Finding::Nothing)
    }
}

/// A store in which a failover, proven by a drill, is owed.
fn owe_a_failover(path: &Path) {
    let now = clock::now();
    let mut engine = Engine::open(plan(), SqliteStore::open(path).unwrap(), now).unwrap();
    engine.prove(ActClass::Failover, "a drill", "proof", now).unwrap();
    let component = Target::Component("frontend".into());
    let wish = Wish::Declare {
        component: "frontend".into(),
        severity: None,
        says: "nothing loads".into(),
        number: 0,
    };
    let by = "lead-developer".into();
    let granted = engine.wish(&component, &by, "terminal", "said", &wish, now).unwrap();
    let incident = engine.load(&granted.id).unwrap();
    let body: Body<Event> = Body {
        stream: incident.id.clone(),
        turn: incident.turns + 1,
        at: now,
        actor: "test".into(),
        key: "owe".into(),
        events: vec![],
        owes: vec![Effect::Act(Act::FailOver)],
        settles: None,
    };
    let sealed = ledger::seal(&incident.head, &body).unwrap();
    let owes = body.owed().collect();
    let derived = Derived { owes, key: "owe", ..Derived::default() };
    engine.into_store().append(&sealed, &derived).unwrap();
}

const NO_ACT_OWED: &str =
    "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE effect LIKE '%fail-over%')";

#[tokio::test]
async fn an_armed_and_proven_action_is_done_once() {
    let paper = Paper::default();
    let server = Running::start_with(paper.clone(), |store| owe_a_failover(store)).await;
    server.until(NO_ACT_OWED).await;
    assert_eq!(*paper.0.lock().unwrap(), [Act::FailOver]);
    server.stop().await;
}

#[tokio::test]
async fn the_kill_switch_beside_the_store_stops_every_action() {
    let paper = Paper::default();
    let server = Running::start_with(paper.clone(), |store| {
        owe_a_failover(store);
        std::fs::write(KillSwitch::beside(store).path(), "hands off").unwrap();
    })
    .await;
    server.until(NO_ACT_OWED).await;
    assert_eq!(*paper.0.lock().unwrap(), []);
    server.until("SELECT event FROM timeline WHERE event LIKE '%frozen%hands off%'").await;
    let health = server.get("/health").await.text().await.unwrap();
    assert!(health.contains("hands off"), "{health}");
    server.stop().await;
}
