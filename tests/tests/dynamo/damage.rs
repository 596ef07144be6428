//! A table that holds what we never wrote: it is said, and nothing is built on it.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use functions::store::DynamoStore;
use functions::store::dynamo::Item;
use functions::store::dynamo::relay::{Relayed, relayed};
use shared::effect::Effect;
use shared::store::{Store, StoreError};
use tests::store_contract::{append, turn};
use tests::tables::Tables;

use super::{items_of, store};

fn put(tables: &Tables, name: &str, item: Item) {
    let client = tables.client().unwrap();
    tables.wait(client.put_item().table_name(name).set_item(Some(item)).send()).unwrap();
}

fn delete(tables: &Tables, name: &str, item: &Item) {
    let client = tables.client().unwrap();
    let delete = client.delete_item().table_name(name).key("pk", item["pk"].clone());
    tables.wait(delete.key("sk", item["sk"].clone()).send()).unwrap();
}

/// A table with two commits, the first one first.
fn two_commits(tables: &Tables) -> (String, Vec<Item>) {
    let name = tables.make().unwrap();
    let mut writer = store(tables, &name);
    append(&mut writer, "a", 1, &[Effect::Report]).unwrap();
    append(&mut writer, "a", 2, &[]).unwrap();
    let mut commits = items_of(tables, &name, "log#");
    commits.sort_by_key(|item| item["sk"].as_n().unwrap().parse::<u64>().unwrap());
    (name, commits)
}

fn refusal(tables: &Tables, name: &str) -> StoreError {
    DynamoStore::open(tables.table(name).unwrap()).unwrap_err()
}

fn assert_corrupt(error: &StoreError, says: &str) {
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    assert!(error.to_string().contains(says), "{error}");
}

#[test]
fn a_commit_that_is_missing_or_was_changed_is_refused() {
    let tables = Tables::start().unwrap();
    let (name, commits) = two_commits(&tables);
    delete(&tables, &name, &commits[0]);
    assert_corrupt(&refusal(&tables, &name), "commit 1 of the table is damaged: it is missing");

    let with = |name: &str, attribute: AttributeValue| {
        let mut changed = commits[0].clone();
        changed.insert(name.to_owned(), attribute);
        changed
    };
    let garbage = with("ops", AttributeValue::B(Blob::new(*b"garbage")));
    assert_eq!(relayed(&garbage), [Relayed::Sweep], "who can't read it has to look");
    put(&tables, &name, garbage);
    assert_corrupt(&refusal(&tables, &name), "commit 1");

    let mut empty = commits[0].clone();
    empty.remove("ops");
    put(&tables, &name, empty);
    assert_corrupt(&refusal(&tables, &name), "it holds nothing");

    put(&tables, &name, with("format", AttributeValue::N("99".into())));
    let newer = refusal(&tables, &name);
    assert!(matches!(newer, StoreError::Unavailable(_)), "{newer:?}");
    assert!(newer.to_string().contains("upgrade this program"), "{newer}");

    put(&tables, &name, commits[0].clone());
    assert_eq!(store(&tables, &name).turns(&"a".into()).unwrap().len(), 2);
}

#[test]
fn a_commit_that_contradicts_the_ones_before_is_refused_and_not_half_taken_up() {
    let tables = Tables::start().unwrap();
    let (name, commits) = two_commits(&tables);
    let reader = store(&tables, &name);
    let mut again = commits[0].clone();
    again.insert("sk".into(), AttributeValue::N("3".into()));
    put(&tables, &name, again);
    assert_corrupt(&reader.foreign_writes().unwrap_err(), "commit 3");
    assert_eq!(reader.turns(&"a".into()).unwrap(), [turn("a", 1), turn("a", 2)]);
    assert_corrupt(&refusal(&tables, &name), "commit 3");
}
