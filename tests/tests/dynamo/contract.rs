//! It keeps what every store promises, and over restarts and between programs what the one in a file does.

use std::ops::RangeInclusive;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use shared::effect::Effect;
use shared::incident::State;
use shared::store::Store;
use shared::time::Ts;
use tests::store_contract::{
    append, append_line, delivery, holds, is_conflict, key, summary, wake,
};
use tests::store_life::observe;
use tests::tables::Tables;

use super::{items_of, store};

#[test]
fn the_store_in_a_table_holds_the_contract() {
    let tables = Tables::start().unwrap();
    holds(|| store(&tables, &tables.make().unwrap()));
}

#[test]
fn a_table_opened_again_holds_what_was_committed_and_only_that() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let mut first = store(&tables, &name);
    append(&mut first, "a", 1, &[Effect::Report, wake(3)]).unwrap();
    append_line(&mut first, 1, &summary("i", 1, "frontend", State::Open)).unwrap();
    assert!(first.keep(&delivery(b"body")).unwrap());
    first.postpone(&key("a", 1, 0), Ts(8)).unwrap();
    let committed = observe(&first);
    first.begin().unwrap();
    append(&mut first, "a", 2, &[Effect::Report]).unwrap();
    drop(first);

    let mut again = store(&tables, &name);
    assert_eq!(observe(&again), committed);
    assert!(!again.keep(&delivery(b"body")).unwrap());
}

#[test]
fn of_two_programs_on_one_table_the_second_writer_of_a_turn_conflicts() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let (mut server, mut terminal) = (store(&tables, &name), store(&tables, &name));
    let before = server.foreign_writes().unwrap();
    append(&mut server, "a", 1, &[]).unwrap();
    assert_eq!(server.foreign_writes().unwrap(), before, "its own writes are no news");

    append(&mut terminal, "a", 2, &[]).unwrap();
    assert!(server.foreign_writes().unwrap() > before);
    assert!(is_conflict(&append(&mut server, "a", 2, &[])));
    assert_eq!(server.turns(&"a".into()).unwrap().len(), 2);
}

#[test]
fn of_two_batches_that_began_alike_the_later_one_has_lost_and_changed_nothing() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let (mut one, mut other) = (store(&tables, &name), store(&tables, &name));
    one.begin().unwrap();
    other.begin().unwrap();
    append(&mut one, "a", 1, &[Effect::Report]).unwrap();
    append(&mut other, "b", 1, &[Effect::Report]).unwrap();
    assert!(other.keep(&delivery(b"x")).unwrap());
    one.commit().unwrap();
    assert!(is_conflict(&other.commit()));
    assert!(other.turns(&"b".into()).unwrap().is_empty());

    other.begin().unwrap();
    assert_eq!(other.turns(&"a".into()).unwrap().len(), 1, "what won is taken up");
    append(&mut other, "b", 1, &[]).unwrap();
    assert!(other.keep(&delivery(b"x")).unwrap(), "it was lost with its batch");
    other.commit().unwrap();
    one.foreign_writes().unwrap();
    assert_eq!(observe(&one), observe(&other));
    assert_eq!(observe(&one), observe(&store(&tables, &name)));
}

#[test]
fn what_was_written_since_is_named_by_stream() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let (mut one, mut other) = (store(&tables, &name), store(&tables, &name));
    append(&mut one, "a", 1, &[]).unwrap();
    let place = one.last_written().unwrap();
    assert_eq!(one.written_since(place).unwrap(), Some(vec![]));
    append(&mut other, "b", 2, &[]).unwrap();
    append(&mut other, "c", 1, &[]).unwrap();
    append(&mut other, "b", 3, &[]).unwrap();
    one.foreign_writes().unwrap();
    let streams = one.written_since(place).unwrap().unwrap();
    assert_eq!(streams, [("b".into(), 3), ("c".into(), 1)]);
    assert_eq!(one.written_since(-1).unwrap(), None, "that is too long ago to be known");
}

/// Writes the first commit again under these numbers, as if that much had happened.
fn repeat(tables: &Tables, name: &str, numbers: RangeInclusive<u32>) {
    let first = items_of(tables, name, "log#").pop().unwrap();
    let client = tables.client().unwrap();
    let again = |number: u32| {
        let mut item = first.clone();
        item.insert("sk".into(), AttributeValue::N(number.to_string()));
        let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    let writes: Vec<_> = numbers.map(again).collect();
    for some in writes.chunks(25) {
        let write = client.batch_write_item().request_items(name, some.to_vec());
        tables.wait(write.send()).unwrap();
    }
}

#[test]
fn the_log_goes_on_over_the_end_of_a_partition() {
    let tables = Tables::start().unwrap();
    let name = tables.make().unwrap();
    let mut one = store(&tables, &name);
    assert!(one.keep(&delivery(b"x")).unwrap());
    repeat(&tables, &name, 2..=997);
    for number in 1..=5 {
        append(&mut one, "a", number, &[]).unwrap();
    }
    assert_eq!(items_of(&tables, &name, "log#1").len(), 3, "commits 1000, 1001 and 1002");
    let mut again = store(&tables, &name);
    assert_eq!(observe(&again), observe(&one));
    append(&mut again, "a", 6, &[]).unwrap();
    assert!(is_conflict(&append(&mut one, "a", 6, &[])));
}
