//! A page in an alert storm: it waits for one batch, not for the storm.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use functions::clock;
use functions::desk::{Arrival, Desk, Utterance};
use functions::perform::{Hold, Perform};
use functions::vendors::dry::Dry;
use shared::effect::{Effect, Outcome};
use shared::engine::Target;
use shared::id::{ComponentId, EffectKey};
use shared::incident::Wish;
use shared::plan::Severity;
use shared::signal::{Trust, delivery_key, parse};
use shared::time::Ts;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::harness::{Running, plan};

/// Monitors that post at once, each as fast as it is answered.
const MONITORS: usize = 100;
/// The promise is 100 ms (99 of 100); a machine that runs other tests beside this one gets ten times that.
const LIMIT_MS: i64 = 1_000;

/// Notes when each component's first page got through.
#[derive(Clone, Default)]
struct Pager(Arc<Mutex<Vec<(ComponentId, Ts)>>>);

impl Perform for Pager {
    async fn perform(&self, key: &EffectKey, effect: &Effect, hold: &Hold) -> Outcome {
        if let Effect::Page(page) = effect {
            self.0.lock().unwrap().push((page.component.clone(), clock::now()));
        }
        Dry.perform(key, effect, hold).await
    }
}

async fn post_for_ever(desk: Desk, monitor: usize) {
    let plan = plan();
    let source = plan.source(&"pingdom".into()).unwrap();
    for number in 0.. {
        let state = if number % 2 == 0 { "DOWN" } else { "UP" };
        let body = format!(r#"{{"check_id":{monitor},"current_state":"{state}","n":{number}}}"#);
        let now = clock::now();
        let signals = parse(source, Trust::Signed, now, body.as_bytes()).unwrap();
        let key = delivery_key(&source.id, None, body.as_bytes(), &signals, now);
        let (source, verdict) = (source.id.clone(), Ok(signals));
        let (trust, received_at, body) = (Trust::Signed, now, body.into());
        let arrival = Arrival { key, source, trust, received_at, body, verdict };
        if desk.receive(arrival).await.is_err() {
            return;
        }
    }
}

fn declaration(component: &ComponentId) -> Utterance {
    Utterance {
        target: Target::Component(component.clone()),
        by: "lead-developer".into(),
        via: "terminal".into(),
        key: format!("declare {component}"),
        wish: Wish::Declare {
            component: component.clone(),
            severity: Some(Severity::P1),
            says: "it is down".into(),
            number: 0,
        },
    }
}

#[tokio::test]
async fn a_page_does_not_wait_for_the_storm() {
    let pager = Pager::default();
    let server = Running::start_with(pager.clone(), |_| {}).await;
    let mut storm = JoinSet::new();
    (0..MONITORS).for_each(|one| drop(storm.spawn(post_for_ever(server.desk.clone(), one))));
    for component in ["database", "storage", "auth", "edge-functions"].map(ComponentId::from) {
        sleep(Duration::from_millis(300)).await;
        let asked = clock::now();
        server.desk.wish(declaration(&component)).await.unwrap().unwrap();
        sleep(Duration::from_millis(LIMIT_MS as u64)).await;
        let sent = pager.0.lock().unwrap().clone();
        let (_, at) = sent.iter().find(|(one, _)| *one == component).expect("no page");
        let waited = at.since(asked).0;
        assert!(waited <= LIMIT_MS, "the page for {component} waited {waited} ms");
    }
    storm.shutdown().await;
    server.stop().await;
}
