//! Every store keeps the same promises, and the one in a file keeps them over restarts and between programs.

#![expect(clippy::unwrap_used, reason = "a store that fails here fails its test")]

use std::path::Path;
use std::time::{Duration, Instant};

use functions::store::SqliteStore;
use proptest::prelude::*;
use shared::effect::Effect;
use shared::engine::{Engine, Target};
use shared::incident::{State, Wish};
use shared::store::{MemoryStore, Store};
use shared::time::Ts;
use tests::rehearsal;
use tests::store_contract::{
    append, append_line, delivery, holds, is_conflict, key, summary, wake,
};
use tests::store_life::{observe, ops, perform};

/// A restart must answer its first questions within this time.
const RESTART_BUDGET: Duration = Duration::from_millis(250);

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn store_at(path: &Path) -> SqliteStore {
    SqliteStore::open(path).unwrap()
}

#[test]
fn the_store_in_memory_holds_the_contract() {
    holds(MemoryStore::default);
}

#[test]
fn the_store_in_a_file_holds_the_contract() {
    let folder = folder();
    let mut count = 0;
    holds(|| {
        count += 1;
        store_at(&folder.path().join(format!("{count}.db")))
    });
}

#[test]
fn a_crash_takes_the_open_batch_and_nothing_else() {
    let mut memory = MemoryStore::default();
    append(&mut memory, "a", 1, &[]).unwrap();
    let branch = memory.clone();
    memory.begin().unwrap();
    append(&mut memory, "a", 2, &[Effect::Report]).unwrap();
    memory.crash();
    assert_eq!(observe(&memory), observe(&branch));
    append(&mut memory, "a", 2, &[]).unwrap();
    assert_eq!(branch.turns(&"a".into()).unwrap().len(), 1);
}

#[test]
fn a_file_opened_again_holds_what_was_committed_and_only_that() {
    let folder = folder();
    let path = folder.path().join("allclear.db");
    let mut store = store_at(&path);
    append(&mut store, "a", 1, &[Effect::Report, wake(3)]).unwrap();
    append_line(&mut store, 1, &summary("i", 1, "frontend", State::Open)).unwrap();
    store.keep(&delivery(b"body")).unwrap();
    store.postpone(&key("a", 1, 0), Ts(8)).unwrap();
    let committed = observe(&store);
    store.begin().unwrap();
    append(&mut store, "a", 2, &[Effect::Report]).unwrap();
    drop(store);

    let mut store = store_at(&path);
    assert_eq!(observe(&store), committed);
    assert!(!store.keep(&delivery(b"body")).unwrap());
}

#[test]
fn of_two_programs_on_one_file_the_second_writer_of_a_turn_conflicts() {
    let folder = folder();
    let path = folder.path().join("allclear.db");
    let (mut server, mut terminal) = (store_at(&path), store_at(&path));
    let before = server.foreign_writes().unwrap();
    append(&mut server, "a", 1, &[]).unwrap();
    assert_eq!(server.foreign_writes().unwrap(), before, "its own writes are no news");

    append(&mut terminal, "a", 2, &[]).unwrap();
    assert!(server.foreign_writes().unwrap() > before);
    assert!(is_conflict(&append(&mut server, "a", 2, &[])));
    assert_eq!(server.turns(&"a".into()).unwrap().len(), 2);

    server.begin().unwrap();
    append(&mut server, "a", 3, &[]).unwrap();
    assert_eq!(terminal.turns(&"a".into()).unwrap().len(), 2, "readers don't wait for writers");
    server.commit().unwrap();
    assert!(is_conflict(&append(&mut terminal, "a", 3, &[])));
}

#[test]
fn many_programs_may_make_the_same_store_at_once() {
    for _ in 0..10 {
        let folder = folder();
        let path = folder.path().join("allclear.db");
        std::thread::scope(|scope| {
            for program in 1..=8 {
                let path = &path;
                scope.spawn(move || append(&mut store_at(path), "a", program, &[]).unwrap());
            }
        });
        assert_eq!(store_at(&path).turns(&"a".into()).unwrap().len(), 8);
    }
}

#[test]
fn a_restart_after_a_hundred_thousand_incidents_answers_at_once() {
    let folder = folder();
    let path = folder.path().join("allclear.db");
    drop(store_at(&path));
    fill(&path, 100_000);

    #[expect(clippy::disallowed_methods, reason = "the promise is about real time")]
    let started = Instant::now();
    let store = store_at(&path);
    let live = store.live().unwrap();
    let number = store.next_number().unwrap();
    let latest = store.latest(&"component-7".into()).unwrap().unwrap();
    let newest = store.newest(20).unwrap();
    assert_eq!(store.next_due(Ts(i64::MIN)).unwrap(), None);
    assert!(store.wakes(Ts(i64::MAX), 9).unwrap().is_empty());
    assert_eq!(store.turns(&latest.id).unwrap().len(), 3);
    assert!(store.has_taken(&latest.id, "key-3").unwrap());
    let taken = started.elapsed();

    assert_eq!((live.len(), number, newest.len()), (1, 100_001, 20));
    assert!(taken < RESTART_BUDGET, "{taken:?}");
}

/// A past of that many incidents of three turns; the last is still open.
fn fill(path: &Path, incidents: u32) {
    let past = "
        WITH RECURSIVE past (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM past WHERE n < ?1)
        INSERT INTO incidents SELECT n, 'incident-' || n, 'component-' || (n % 20),
          iif(n = ?1, 'open', 'resolved'), 'P1', n, iif(n = ?1, NULL, n), n = ?1 FROM past";
    let turns = "
        WITH turn (t) AS (VALUES (1), (2), (3))
        INSERT INTO turns (stream, number, key, json, hash)
        SELECT id, t, 'key-' || t, '{}', printf('%064d', 0) FROM turn, incidents";
    let file = rusqlite::Connection::open(path).unwrap();
    file.execute(past, [incidents]).unwrap();
    file.execute(turns, []).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_to_them_both_stores_answer_alike(
        ops in prop::collection::vec(ops(), 1..40),
    ) {
        let folder = folder();
        let mut memory = MemoryStore::default();
        let mut file = store_at(&folder.path().join("allclear.db"));
        for op in &ops {
            prop_assert_eq!(perform(&mut memory, op), perform(&mut file, op), "{:?}", op);
            prop_assert_eq!(observe(&memory), observe(&file), "after {:?}", op);
        }
    }
}

#[test]
fn what_was_written_since_is_named_by_stream() {
    let folder = folder();
    let mut store = store_at(&folder.path().join("allclear.db"));
    assert_eq!(store.last_written().unwrap(), 0);
    append(&mut store, "a", 1, &[]).unwrap();
    append(&mut store, "b", 1, &[]).unwrap();
    let place = store.last_written().unwrap();
    assert_eq!(store.written_since(place).unwrap(), Some(vec![]));
    append(&mut store, "b", 2, &[]).unwrap();
    append(&mut store, "c", 1, &[]).unwrap();
    append(&mut store, "b", 3, &[]).unwrap();
    let streams = store.written_since(place).unwrap().unwrap();
    assert_eq!(streams, [("b".into(), 3), ("c".into(), 1)]);
}

/// A server keeps what it knows and takes up only what others wrote: that must be all of it.
#[test]
fn a_server_knows_what_a_terminal_wrote_beside_it() {
    let folder = folder();
    let path = folder.path().join("allclear.db");
    let open = || Engine::open(rehearsal::plan(), store_at(&path), Ts(0)).unwrap();
    let (mut server, mut terminal) = (open(), open());
    let says = |engine: &mut Engine<SqliteStore>, target: Target, wish: Wish, second: i64| {
        let (by, now) = ("lead-developer".into(), Ts(second * 1_000));
        let key = second.to_string();
        engine
            .batch(now, |it| Ok(it.wish(&target, &by, "terminal", &key, &wish, now)))
            .unwrap()
            .unwrap();
    };
    for (second, component) in [(1, "frontend"), (2, "database")] {
        let says_so = "down".to_owned();
        let wish =
            Wish::Declare { component: component.into(), severity: None, says: says_so, number: 0 };
        says(&mut server, Target::Component(component.into()), wish, second);
    }
    says(&mut terminal, Target::Number(1), Wish::Acknowledge, 3);
    says(&mut server, Target::Number(2), Wish::Update("looking".into()), 4);
    let storage = Wish::Declare {
        component: "storage".into(),
        severity: None,
        says: "down".into(),
        number: 0,
    };
    says(&mut terminal, Target::Component("storage".into()), storage, 5);
    says(
        &mut terminal,
        Target::Number(2),
        Wish::Resolve { without_evidence: Some("it is back".into()) },
        6,
    );
    let frozen =
        |it: &mut Engine<SqliteStore>| it.freeze("lead-developer", "wait", "freeze", Ts(7_000));
    terminal.batch(Ts(7_000), frozen).unwrap();

    server.batch(Ts(8_000), |_| Ok(())).unwrap();
    let anew = open();
    let known = |engine: &Engine<SqliteStore>| {
        let mut live: Vec<_> = engine.live().cloned().collect();
        live.sort_by_key(|one| one.number);
        live
    };
    assert_eq!(known(&server), known(&anew));
    assert_eq!(known(&server).len(), 2);
    assert_eq!(server.standing(), anew.standing());
    assert!(server.standing().frozen.is_some());
}
