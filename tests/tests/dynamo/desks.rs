//! Two desks at one table, as two functions are: every request is answered once, and no turn is lost.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use functions::clock;
use functions::desk::{self, Desk, Opened, Utterance};
use functions::store::DynamoStore;
use shared::detect::Probe;
use shared::engine::{Engine, Target};
use shared::incident::{Event, Wish};
use shared::ledger::verify;
use shared::store::{MemoryStore, Store, StoreError};
use shared::time::{Span, Ts};
use tests::rehearsal;
use tests::standin::flaky::{Flaky, Gate, Harm};
use tests::store_contract::delivery;
use tests::tables::Tables;

use super::{behind, items_of, store};

fn opened(store: DynamoStore) -> Opened {
    let engine = Engine::open(rehearsal::plan(), store, clock::now()).unwrap();
    desk::open(engine, clock::now).unwrap()
}

fn said(target: Target, key: &str, wish: Wish) -> Utterance {
    let (by, via) = ("lead-developer".into(), "terminal".into());
    Utterance { target, by, via, key: key.into(), wish }
}

fn declaration(component: &str) -> Utterance {
    let wish = Wish::Declare {
        component: component.into(),
        severity: None,
        says: "nothing loads".into(),
        number: 0,
    };
    said(Target::Component(component.into()), component, wish)
}

/// One person at one desk, who says many things.
async fn talk(desk: Desk, name: &str, component: &str, count: u32) -> Vec<String> {
    let number = desk.wish(declaration(component)).await.unwrap().unwrap().number;
    let mut told = Vec::new();
    for place in 0..count {
        let text = format!("{name} {place}");
        let wish = Wish::Update(text.clone());
        let granted = desk.wish(said(Target::Number(number), &text, wish)).await.unwrap().unwrap();
        assert_eq!(granted.events.len(), 1, "{text} is said once");
        told.push(text);
    }
    told
}

/// What was told in every incident, each chain checked.
fn updates(store: &DynamoStore) -> Vec<String> {
    let mut found = Vec::new();
    for incident in store.newest(usize::MAX).unwrap() {
        let turns = store.turns(&incident.id).unwrap();
        let bodies = verify::<Event>(&incident.id, &turns).unwrap();
        for event in bodies.into_iter().flat_map(|body| body.events) {
            if let Event::Updated { text, .. } = event {
                found.push(text);
            }
        }
    }
    found
}

#[test]
fn of_two_desks_that_race_each_answers_everybody_once() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let line = tables.wait(Flaky::start(&tables.url)).unwrap();
    let open = || opened(DynamoStore::open(behind(&line, &name)).unwrap());
    let (one, other) = (open(), open());
    let (a, b) = (one.desk.clone(), other.desk.clone());
    let told = tables.wait(async {
        let talks = [
            tokio::spawn(talk(a.clone(), "a", "frontend", 12)),
            tokio::spawn(talk(a, "b", "database", 12)),
            tokio::spawn(talk(b.clone(), "c", "frontend", 12)),
            tokio::spawn(talk(b, "d", "storage", 12)),
        ];
        futures_util::future::join_all(talks).await
    });
    let told: Vec<String> = told.into_iter().flat_map(Result::unwrap).collect();
    let store = store(&tables, &name);
    let mut found = updates(&store);
    assert_eq!(found.iter().collect::<BTreeSet<_>>(), told.iter().collect::<BTreeSet<_>>());
    found.sort();
    found.dedup();
    assert_eq!(found.len(), told.len());
    assert_eq!(store.next_number().unwrap(), 4, "both who declared the frontend mean one incident");
}

/// Asks, without waiting for the answer.
async fn asked<F: Future + Unpin>(request: &mut F) {
    poll_fn(|context| {
        assert!(Pin::new(&mut *request).poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[test]
fn a_desk_that_is_overtaken_runs_the_whole_batch_again() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let line = tables.wait(Flaky::start(&tables.url)).unwrap();
    let Opened { desk, lanes: _lanes, .. } =
        opened(DynamoStore::open(behind(&line, &name)).unwrap());
    let mut other = Engine::open(rehearsal::plan(), store(&tables, &name), clock::now()).unwrap();
    let (first, second) = (Gate::default(), Gate::default());
    tables.wait(async {
        desk.pulse().await.unwrap();
        line.harm("PutItem", Harm::Held(first.clone()));
        line.harm("PutItem", Harm::Held(second.clone()));
        let mut frontend = Box::pin(desk.wish(declaration("frontend")));
        asked(&mut frontend).await;
        first.reached().await;
        let mut storage = Box::pin(desk.wish(declaration("storage")));
        let mut look = Box::pin(desk.see(|seen| seen.live().len()));
        asked(&mut storage).await;
        asked(&mut look).await;
        first.open();
        assert_eq!(frontend.await.unwrap().unwrap().number, 1);
        second.reached().await;
        let said = declaration("database");
        let declare = |engine: &mut Engine<DynamoStore>| {
            let Utterance { target, by, via, key, wish } = &said;
            Ok(engine.wish(target, by, via, key, wish, clock::now()).unwrap())
        };
        assert_eq!(other.batch(clock::now(), declare).unwrap().number, 2);
        second.open();
        assert_eq!(storage.await.unwrap().unwrap().number, 3, "number 2 is the other's");
        assert_eq!(look.await.unwrap(), 3);
    });
    let turns = items_of(&tables, &name, "log#").len();
    assert_eq!(line.calls().iter().filter(|call| *call == "PutItem").count(), turns);
}

#[test]
fn a_warm_request_is_one_read_and_one_write_before_its_answer() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let line = tables.wait(Flaky::start(&tables.url)).unwrap();
    let store = DynamoStore::open(behind(&line, &name)).unwrap().behind_inbox();
    let engine = Engine::open(rehearsal::plan(), store, clock::now()).unwrap();
    let desk = desk::open_still(engine, clock::now).unwrap();
    tables.wait(async {
        desk.pulse().await.unwrap();
        line.calls();
        desk.wish(declaration("frontend")).await.unwrap().unwrap();
        assert_eq!(line.calls(), ["Query", "PutItem"]);
        desk.wish(declaration("frontend")).await.unwrap().unwrap();
        assert_eq!(line.calls(), ["Query"], "said twice it changes nothing");
        assert_eq!(desk.see(|seen| seen.live().len()).await.unwrap(), 1);
        assert_eq!(line.calls(), ["Query"]);
    });
}

/// Ten seconds between probes from each of three places; it fails from the 30th second on.
fn probes(engine: &Engine<impl Store>) -> Vec<Probe> {
    let places = engine.plan().detection.vantage_points.clone();
    let probe = |second: i64| {
        let vantage = places.get(usize::try_from(second % 10).unwrap())?.clone();
        let (at, ok) = (Ts(0) + Span::secs(second), second < 30);
        Some(Probe { vantage, at, ok, latency_ms: Some(80.0), why: None })
    };
    (0..150).filter_map(probe).collect()
}

#[test]
fn a_probe_whose_batch_was_overtaken_counts_as_if_it_had_not_been() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let mut alone = Engine::open(rehearsal::plan(), MemoryStore::default(), Ts(0)).unwrap();
    let mut raced = Engine::open(rehearsal::plan(), store(&tables, &name), Ts(0)).unwrap();
    let mut other = store(&tables, &name);
    for (number, probe) in (1..).zip(probes(&alone)) {
        let (at, frontend) = (probe.at, "frontend".into());
        alone.batch(at, |engine| engine.probe(&frontend, probe.clone(), true, at)).unwrap();
        let mut overtaken = false;
        loop {
            let done = raced.batch(at, |engine| {
                engine.probe(&frontend, probe.clone(), true, at)?;
                if !std::mem::replace(&mut overtaken, true) {
                    assert!(other.keep(&delivery(&u32::to_be_bytes(number)))?);
                }
                Ok(())
            });
            match done {
                Err(StoreError::Conflict { .. }) => {}
                done => break done.unwrap(),
            }
        }
    }
    let id = alone.store().numbered(1).unwrap().unwrap().id;
    let turns = alone.store().turns(&id).unwrap();
    assert!(turns.len() > 1, "it was an outage");
    assert_eq!(raced.store().turns(&id).unwrap(), turns);
}
