//! A bad line and a table in trouble: what was committed is committed once, and what was refused never took place.

use functions::store::DynamoStore;
use shared::store::{Store, StoreError};
use tests::standin::flaky::{Flaky, Harm};
use tests::store_contract::{append, is_conflict};
use tests::tables::Tables;

use super::{behind, items_of, store};

/// More than anybody tries.
const EVER: usize = 20;

/// A store behind a line, with one turn in it.
struct Scene {
    tables: Tables,
    name: String,
    line: Flaky,
    store: DynamoStore,
}

impl Scene {
    fn new() -> Self {
        let tables = Tables::start().unwrap();
        let name = tables.make().unwrap();
        let line = tables.wait(Flaky::start(&tables.url)).unwrap();
        let mut store = DynamoStore::open(behind(&line, &name)).unwrap();
        append(&mut store, "a", 1, &[]).unwrap();
        line.calls();
        Self { tables, name, line, store }
    }

    /// What somebody else sees: the turns of stream `a`, and the commits.
    fn seen(&self) -> (usize, usize) {
        let turns = store(&self.tables, &self.name).turns(&"a".into()).unwrap().len();
        (turns, items_of(&self.tables, &self.name, "log#").len())
    }

    fn puts(&self) -> usize {
        self.line.calls().iter().filter(|call| *call == "PutItem").count()
    }
}

#[test]
fn a_table_that_is_throttled_or_broken_for_a_moment_is_asked_again() {
    let mut scene = Scene::new();
    let moments = [
        Harm::Refused("ProvisionedThroughputExceededException"),
        Harm::Refused("ThrottlingException"),
        Harm::Refused("RequestLimitExceeded"),
        Harm::Broke,
        Harm::RequestLost,
        Harm::ReplyLost,
    ];
    for (number, harm) in (2..).zip(moments) {
        scene.line.harm("Query", harm.clone());
        scene.line.harm("PutItem", harm.clone());
        append(&mut scene.store, "a", number, &[]).unwrap();
        assert_eq!(scene.puts(), 2, "{harm:?}");
        assert_eq!(scene.seen(), (number as usize, number as usize), "{harm:?}");
    }
}

#[test]
fn a_table_that_stays_throttled_takes_nothing_and_says_so() {
    let mut scene = Scene::new();
    let refused = Harm::Refused("ThrottlingException");
    for _ in 0..EVER {
        scene.line.harm("PutItem", refused.clone());
    }
    let why = append(&mut scene.store, "a", 2, &[]).unwrap_err();
    assert!(matches!(why, StoreError::Unavailable(_)), "{why:?}");
    assert!(why.to_string().contains("takes no more for the moment"), "{why}");
    let tried = scene.puts();
    assert!((2..EVER).contains(&tried), "tried {tried} times");
    assert_eq!(scene.line.relent(), EVER - tried);
    assert_eq!(scene.seen(), (1, 1));
    append(&mut scene.store, "a", 2, &[]).unwrap();
    assert_eq!(scene.seen(), (2, 2));
}

#[test]
fn a_commit_that_landed_though_no_reply_came_is_found_to_be_ours() {
    let mut scene = Scene::new();
    scene.line.harm("PutItem", Harm::ReplyLost);
    for _ in 0..EVER {
        scene.line.harm("PutItem", Harm::RequestLost);
    }
    append(&mut scene.store, "a", 2, &[]).unwrap();
    assert_eq!(scene.line.calls().last().map(String::as_str), Some("GetItem"));
    scene.line.relent();
    assert_eq!(scene.store.foreign_writes().unwrap(), 0);
    assert_eq!(scene.seen(), (2, 2));
    append(&mut scene.store, "a", 3, &[]).unwrap();
    assert_eq!(scene.seen(), (3, 3));
}

#[test]
fn a_commit_of_which_nothing_can_be_learned_is_taken_up_when_it_shows() {
    let mut scene = Scene::new();
    scene.line.harm("PutItem", Harm::ReplyLost);
    for _ in 0..EVER {
        scene.line.harm("PutItem", Harm::RequestLost);
        scene.line.harm("GetItem", Harm::Broke);
    }
    let why = append(&mut scene.store, "a", 2, &[]).unwrap_err();
    assert!(matches!(why, StoreError::Unavailable(_)), "{why:?}");
    assert_eq!(scene.store.turns(&"a".into()).unwrap().len(), 1);
    scene.line.relent();
    assert_eq!(scene.store.foreign_writes().unwrap(), 1);
    assert!(is_conflict(&append(&mut scene.store, "a", 2, &[])), "it was written once");
    assert_eq!(scene.seen(), (2, 2));
}

#[test]
fn a_lost_race_whose_reply_is_lost_too_is_a_lost_race() {
    let mut scene = Scene::new();
    let mut other = store(&scene.tables, &scene.name);
    scene.store.begin().unwrap();
    append(&mut scene.store, "a", 2, &[]).unwrap();
    append(&mut other, "b", 1, &[]).unwrap();
    scene.line.harm("PutItem", Harm::ReplyLost);
    let lost = scene.store.commit();
    assert!(is_conflict(&lost), "{lost:?}");
    assert_eq!(scene.seen(), (1, 2));
}

#[test]
fn while_another_region_writes_the_same_number_it_is_asked_again_and_then_a_lost_race() {
    let mut scene = Scene::new();
    let raced = Harm::Refused("ReplicatedWriteConflictException");
    scene.line.harm("PutItem", raced.clone());
    append(&mut scene.store, "a", 2, &[]).unwrap();
    assert_eq!(scene.puts(), 2);
    scene.store.begin().unwrap();
    append(&mut scene.store, "a", 3, &[]).unwrap();
    for _ in 0..EVER {
        scene.line.harm("PutItem", raced.clone());
    }
    let lost = scene.store.commit();
    assert!(is_conflict(&lost), "{lost:?}");
    assert_eq!(scene.seen(), (2, 2));
}

#[test]
fn silence_does_not_hold_anybody_up_for_ever() {
    let mut scene = Scene::new();
    scene.line.harm("PutItem", Harm::Silence);
    append(&mut scene.store, "a", 2, &[]).unwrap();
    assert_eq!(scene.puts(), 2);
    assert_eq!(scene.seen(), (2, 2));
}

#[test]
fn who_has_no_table_or_no_right_learns_what_to_do() {
    let tables = Tables::start().unwrap();
    let absent = DynamoStore::open(tables.table("absent").unwrap()).unwrap_err();
    assert!(absent.to_string().contains("deploy infra first"), "{absent}");
    let line = tables.wait(Flaky::start(&tables.url)).unwrap();
    line.harm("GetItem", Harm::Refused("AccessDeniedException"));
    let refused = DynamoStore::open(behind(&line, "absent")).unwrap_err();
    assert!(refused.to_string().contains("check the role"), "{refused}");
}
