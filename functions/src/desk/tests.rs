//! The desk: batches, lanes and what survives a store that fails.

use shared::effect::{Effect, Finding, Lane, Outcome};
use shared::store::{MemoryStore, Owed};
use tokio::sync::mpsc;
use tokio::time::{Duration, timeout};

use super::*;
use crate::clock;
use crate::testing::{declaration, desk, plan};

/// Far above what a turn takes, far below what a test may take.
const SOON: Duration = Duration::from_secs(5);

fn lane(lanes: &mut Lanes, wanted: Lane) -> mpsc::Receiver<Owed> {
    let place = lanes.iter().position(|(lane, _)| *lane == wanted).unwrap();
    lanes.remove(place).1
}

#[tokio::test]
async fn pages_are_handed_out_with_the_answer_and_only_once() {
    let Opened { desk, mut lanes, .. } = desk();
    let mut pages = lane(&mut lanes, Lane::Page);
    desk.wish(declaration()).await.unwrap().unwrap();
    let first = timeout(SOON, pages.recv()).await.unwrap().unwrap();
    let second = timeout(SOON, pages.recv()).await.unwrap().unwrap();
    assert!(matches!(first.effect, Effect::Page(_)));
    assert_ne!(first.key, second.key);
    desk.pulse().await.unwrap();
    assert!(pages.try_recv().is_err(), "a page under way must not be handed out again");
}

#[tokio::test]
async fn the_chat_lane_keeps_its_order() {
    let Opened { desk, mut lanes, .. } = desk();
    let mut tells = lane(&mut lanes, Lane::Tell);
    desk.wish(declaration()).await.unwrap().unwrap();
    let first = timeout(SOON, tells.recv()).await.unwrap().unwrap();
    desk.freeze("lead-developer".into(), "a test".into(), "freeze".into()).await.unwrap();
    assert!(tells.try_recv().is_err(), "the second must wait for the first");
    let wish = shared::incident::Wish::Update("still looking".into());
    let said = Utterance { key: "second".into(), wish, ..declaration() };
    desk.wish(said).await.unwrap().unwrap();
    desk.settle(first, Outcome::Done(Finding::Nothing)).await.unwrap();
    timeout(SOON, tells.recv()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_pulse_shows_since_when_the_oldest_page_waits() {
    let Opened { desk, lanes: _lanes, .. } = desk();
    assert_eq!(desk.pulse().await.unwrap().oldest_page, None);
    desk.wish(declaration()).await.unwrap().unwrap();
    let pulse = desk.pulse().await.unwrap();
    assert!(pulse.oldest_page.is_some());
    assert_eq!(pulse.live, 1);
}

#[tokio::test]
async fn a_refused_wish_is_an_answer_and_not_a_failure() {
    let Opened { desk, .. } = desk();
    let stranger = Utterance { by: "nobody".into(), ..declaration() };
    let refusal = desk.wish(stranger).await.unwrap().unwrap_err();
    assert!(refusal.to_string().contains("nobody is not in the plan"));
}

#[tokio::test]
async fn the_desk_closes_with_its_last_caller() {
    let Opened { desk, thread, .. } = desk();
    drop(desk);
    tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_still_desk_lets_time_pass_only_when_told_to() {
    let engine = Engine::open(plan(), MemoryStore::default(), clock::now()).unwrap();
    let desk = open_still(engine, clock::now).unwrap();
    desk.wish(declaration()).await.unwrap().unwrap();
    assert_eq!(desk.pulse().await.unwrap().last_tick, None);
    assert!(!desk.tick().await.unwrap());
    assert!(desk.pulse().await.unwrap().last_tick.is_some());
    let due = desk.due(Lane::Page).await.unwrap();
    assert!(!due.is_empty());
    desk.settle(due[0].clone(), Outcome::Never { why: "a test".into() }).await.unwrap();
    assert!(desk.due(Lane::Page).await.unwrap().iter().all(|owed| owed.key != due[0].key));
}
