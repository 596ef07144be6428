//! Opening: a few round trips however long the log is, and the log itself where a snapshot can't be read.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use functions::store::DynamoStore;
use functions::store::dynamo::relay::{Relayed, relayed};
use functions::store::dynamo::snapshot;
use shared::effect::{Effect, Lane};
use shared::incident::State;
use shared::ledger::{Hash, Sealed};
use shared::store::{AT_ONCE, Derived, Store, StoreError};
use shared::time::Ts;
use tests::standin::flaky::Flaky;
use tests::store_contract::{append, append_line, delivery, is_conflict, key, summary, wake};
use tests::store_life::observe;
use tests::tables::Tables;

use super::{behind, items, items_of, store};

/// A turn with this text, which doesn't compress.
fn large(store: &mut DynamoStore, number: u32, size: usize) -> Result<(), StoreError> {
    let mut random = fastrand::Rng::with_seed(number.into());
    let json = std::iter::repeat_with(|| random.alphanumeric()).take(size).collect();
    let turn = Sealed { stream: "a".into(), turn: number, json, hash: Hash::default() };
    let command = number.to_string();
    let report = Effect::Report;
    let owes = vec![(key("a", number, 0), &report)];
    store.append(&turn, &Derived { owes, key: &command, ..Derived::default() })
}

#[test]
fn a_warm_batch_is_one_read_and_one_write_and_an_empty_one_no_write() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let line = tables.wait(Flaky::start(&tables.url)).unwrap();
    let mut one = DynamoStore::open(behind(&line, &name)).unwrap();
    assert_eq!(line.calls(), ["GetItem", "Query"]);
    one.begin().unwrap();
    for number in 1..=20 {
        append(&mut one, "a", number, &[Effect::Report, wake(9)]).unwrap();
        one.postpone(&key("a", number, 0), Ts(5)).unwrap();
        one.settle(&key("a", number, 1)).unwrap();
        one.owed(Lane::Archive, Ts(9), 9).unwrap();
        one.foreign_writes().unwrap();
    }
    one.commit().unwrap();
    assert_eq!(line.calls(), ["Query", "PutItem"]);
    one.begin().unwrap();
    one.settle(&key("nobody", 1, 0)).unwrap();
    one.postpone(&key("nobody", 1, 0), Ts(5)).unwrap();
    one.commit().unwrap();
    assert_eq!(line.calls(), ["Query"]);
}

#[test]
fn opening_takes_three_round_trips_after_a_snapshot() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let line = tables.wait(Flaky::start(&tables.url)).unwrap();
    let mut one = store(&tables, &name);
    for number in 1..=20 {
        append(&mut one, "a", number, &[Effect::Report, wake(9)]).unwrap();
    }
    append_line(&mut one, 1, &summary("i", 1, "frontend", State::Open)).unwrap();
    assert!(one.keep(&delivery(b"x")).unwrap());
    one.postpone(&key("a", 3, 0), Ts(7)).unwrap();
    assert_eq!(snapshot::write(&one).unwrap(), None, "too little has happened");
    assert_eq!(snapshot::write_after(&one, 20).unwrap(), Some(23));
    append(&mut one, "a", 21, &[Effect::Report]).unwrap();

    let mut again = DynamoStore::open(behind(&line, &name)).unwrap();
    assert_eq!(line.calls(), ["GetItem", "BatchGetItem", "Query"]);
    assert_eq!(observe(&again), observe(&one));
    assert!(!again.keep(&delivery(b"x")).unwrap());
    assert_eq!(snapshot::write_after(&one, 1).unwrap(), Some(24));
    assert_eq!(items_of(&tables, &name, "snapshot#").len(), 1, "the older one is gone");
    assert_eq!(observe(&store(&tables, &name)), observe(&again));
}

#[test]
fn a_snapshot_that_came_late_leaves_the_newer_one_alone() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let mut one = store(&tables, &name);
    append(&mut one, "a", 1, &[]).unwrap();
    assert_eq!(snapshot::write_after(&one, 1).unwrap(), Some(1));
    assert_eq!(snapshot::write_after(&one, 0).unwrap(), None, "it is there already");
    assert_eq!(items_of(&tables, &name, "snapshot#").len(), 1);
    one.begin().unwrap();
    append(&mut one, "a", 2, &[]).unwrap();
    assert!(snapshot::write_after(&one, 0).is_err(), "nobody may see half a batch");
    one.commit().unwrap();
}

#[test]
fn where_the_snapshot_is_damaged_the_log_is_read() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let mut one = store(&tables, &name);
    append(&mut one, "a", 1, &[Effect::Report]).unwrap();
    append(&mut one, "a", 2, &[wake(3)]).unwrap();
    snapshot::write_after(&one, 1).unwrap();
    let client = tables.client().unwrap();
    let mut chunk = items_of(&tables, &name, "snapshot#").pop().unwrap();
    chunk.insert("chunk".into(), AttributeValue::B(Blob::new(*b"garbage")));
    let (pk, sk) = (chunk["pk"].clone(), chunk["sk"].clone());
    let put = client.put_item().table_name(&name).set_item(Some(chunk));
    tables.wait(put.send()).unwrap();
    assert_eq!(observe(&store(&tables, &name)), observe(&one));
    let delete = client.delete_item().table_name(&name).key("pk", pk).key("sk", sk);
    tables.wait(delete.send()).unwrap();
    assert_eq!(observe(&store(&tables, &name)), observe(&one));
    append(&mut one, "a", 3, &[]).unwrap();
    assert_eq!(snapshot::write_after(&one, 1).unwrap(), Some(3), "and it is made anew");
    assert_eq!(observe(&store(&tables, &name)), observe(&one));
}

#[test]
fn incidents_that_are_over_are_read_when_they_are_asked_for() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let line = tables.wait(Flaky::start(&tables.url)).unwrap();
    let mut one = store(&tables, &name);
    let over = summary("i", 1, "frontend", State::Resolved);
    append_line(&mut one, 1, &over).unwrap();
    append_line(&mut one, 1, &summary("j", 2, "database", State::Open)).unwrap();
    let mut behind_the_times = store(&tables, &name);
    snapshot::write_after(&one, 1).unwrap();

    let mut again = DynamoStore::open(behind(&line, &name)).unwrap();
    line.calls();
    assert_eq!(again.numbered(1).unwrap(), Some(over.clone()));
    assert_eq!(line.calls(), Vec::<String>::new());
    assert_eq!(again.turns(&"i".into()).unwrap(), one.turns(&"i".into()).unwrap());
    assert!(again.has_taken(&"i".into(), "1").unwrap());
    assert_eq!(line.calls(), ["GetItem"]);

    let mut unread = store(&tables, &name);
    let mut fresh = store(&tables, &name);
    assert!(is_conflict(&append_line(&mut fresh, 1, &over)), "its first turn was written");
    let reopened = summary("i", 1, "frontend", State::Open);
    append_line(&mut fresh, 2, &reopened).unwrap();
    for other in [&mut one, &mut again, &mut behind_the_times, &mut unread] {
        other.foreign_writes().unwrap();
        assert_eq!(other.turns(&"i".into()).unwrap().len(), 2);
    }
    append_line(&mut fresh, 3, &over).unwrap();
    snapshot::write_after(&fresh, 1).unwrap();
    let last = store(&tables, &name);
    assert_eq!(last.turns(&"i".into()).unwrap().len(), 3);

    let shelf = items_of(&tables, &name, "stream#i#3").pop().unwrap();
    let client = tables.client().unwrap();
    let delete = client.delete_item().table_name(&name).key("pk", shelf["pk"].clone());
    tables.wait(delete.key("sk", shelf["sk"].clone()).send()).unwrap();
    let gone = store(&tables, &name).turns(&"i".into()).unwrap_err();
    assert!(matches!(gone, StoreError::Corrupt(_)), "{gone:?}");
}

#[test]
fn a_batch_that_one_item_can_not_hold_is_in_parts_and_a_monstrous_one_is_refused() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let mut one = store(&tables, &name);
    large(&mut one, 1, 1_500_000).unwrap();
    let parts = items_of(&tables, &name, "part#").len();
    assert!(parts > 1, "{parts} parts");
    let asked: Vec<_> = items(&tables, &name).iter().flat_map(relayed).collect();
    assert_eq!(asked, [Relayed::Sweep], "its record doesn't tell what is owed");
    assert_eq!(store(&tables, &name).turns(&"a".into()).unwrap(), one.turns(&"a".into()).unwrap());
    snapshot::write_after(&one, 1).unwrap();
    assert_eq!(store(&tables, &name).turns(&"a".into()).unwrap(), one.turns(&"a".into()).unwrap());

    let before = items(&tables, &name).len();
    let refused = large(&mut one, 2, 20_000_000).unwrap_err();
    assert!(refused.to_string().contains("too large"), "{refused}");
    assert_eq!(items(&tables, &name).len(), before, "nothing was written");
    assert_eq!(one.turns(&"a".into()).unwrap().len(), 1);
    append(&mut one, "a", 2, &[]).unwrap();
}

#[test]
fn a_commit_asks_for_what_it_leaves_owed_and_nothing_else() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let mut one = store(&tables, &name);
    one.begin().unwrap();
    append(&mut one, "a", 1, &[Effect::Report, Effect::Report, wake(70), wake(80)]).unwrap();
    one.settle(&key("a", 1, 0)).unwrap();
    one.settle(&key("a", 1, 3)).unwrap();
    one.commit().unwrap();
    one.postpone(&key("a", 1, 1), Ts(50)).unwrap();
    let mut commits = items_of(&tables, &name, "log#");
    commits.sort_by_key(|item| item["sk"].as_n().unwrap().clone());
    let perform = |due| Relayed::Perform { key: key("a", 1, 1), lane: Lane::Archive, due };
    let woken = Relayed::Wake { key: key("a", 1, 2), at: Ts(70) };
    assert_eq!(relayed(&commits[0]), [perform(AT_ONCE), woken]);
    assert_eq!(relayed(&commits[1]), [perform(Ts(50))]);
    snapshot::write_after(&one, 1).unwrap();
    let others = items(&tables, &name).into_iter().filter(|item| !commits.contains(item));
    assert_eq!(others.flat_map(|item| relayed(&item)).collect::<Vec<_>>(), []);
}
