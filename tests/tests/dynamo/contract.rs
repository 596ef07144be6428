//! It keeps what every store promises, and over restarts and between programs what the one in a file does.

use functions::store::DynamoStore;
use shared::effect::Effect;
use shared::incident::State;
use shared::store::Store;
use shared::time::Ts;
use tests::store_contract::{
    append, append_line, delivery, holds, is_conflict, key, summary, wake,
};
use tests::tables::Tables;

fn store(tables: &Tables, name: &str) -> DynamoStore {
    DynamoStore::open(tables.table(name).unwrap()).unwrap()
}

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
    first.begin().unwrap();
    append(&mut first, "a", 2, &[Effect::Report]).unwrap();
    drop(first);

    let mut again = store(&tables, &name);
    assert_eq!(again.turns(&"a".into()).unwrap().len(), 1);
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
