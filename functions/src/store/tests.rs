//! What the file promises beyond the store contract: whom it lets in and what it says when it can't go on.

use std::fs;

use shared::ledger::{Body, Hash, seal};
use shared::signal::Trust;

use super::*;

fn turn(number: u32, text: &str) -> Sealed {
    let body = Body {
        stream: "a".into(),
        turn: number,
        at: Ts(1_000),
        actor: "lead-developer".into(),
        key: number.to_string().into(),
        events: vec![text],
        owes: vec![],
        settles: None,
    };
    seal(&Hash::default(), &body).unwrap()
}

fn append(store: &mut SqliteStore, number: u32, text: &str) -> Result<(), StoreError> {
    let key = number.to_string();
    store.append(&turn(number, text), &Derived { key: &key, ..Derived::default() })
}

fn refusal(path: &Path) -> String {
    SqliteStore::open(path).unwrap_err().to_string()
}

#[test]
fn every_commit_is_flushed_to_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("allclear.db")).unwrap();
    assert_eq!(store.value::<String>("PRAGMA journal_mode", []).unwrap(), "wal");
    let full = 2;
    assert_eq!(store.value::<u32>("PRAGMA synchronous", []).unwrap(), full);
    assert!(store.value::<bool>("PRAGMA foreign_keys", []).unwrap());
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(&folder.path().join("allclear.db")).unwrap();
    append(&mut store, 1, "x").unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
    }
}

#[test]
fn a_file_that_is_not_ours_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (text, other) = (folder.path().join("text"), folder.path().join("other.db"));
    fs::write(&text, "not a database, and longer than a header of one ".repeat(9)).unwrap();
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    for path in [&text, &other] {
        let before = fs::read(path).unwrap();
        let why = refusal(path);
        assert!(why.contains("not a store of All Clear") && why.contains("another path"), "{why}");
        assert_eq!(fs::read(path).unwrap(), before);
    }
}

#[test]
fn a_path_that_can_not_work_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(&folder.path().join("nowhere/allclear.db")).contains("create it first"));
    let absent = SqliteStore::open_read_only(&folder.path().join("absent.db")).unwrap_err();
    assert!(absent.to_string().contains("there is no store at"), "{absent}");
}

#[test]
fn a_store_from_the_future_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("allclear.db");
    let store = SqliteStore::open(&path).unwrap();
    store.connection.pragma_update(None, "user_version", 99).unwrap();
    assert!(refusal(&path).contains("upgrade this program"));
}

#[test]
fn a_reader_reads_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("allclear.db");
    append(&mut SqliteStore::open(&path).unwrap(), 1, "x").unwrap();
    let mut reader = SqliteStore::open_read_only(&path).unwrap();
    assert_eq!(reader.turns(&"a".into()).unwrap(), [turn(1, "x")]);
    let why = append(&mut reader, 2, "x").unwrap_err().to_string();
    assert!(why.contains("may only be read"), "{why}");
}

#[test]
fn a_full_disk_says_so_and_loses_nothing_committed() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(&folder.path().join("allclear.db")).unwrap();
    append(&mut store, 1, "x").unwrap();
    let pages: u32 = store.value("PRAGMA page_count", []).unwrap();
    let set = |store: &SqliteStore, most: u32| -> u32 {
        store.value(&format!("PRAGMA max_page_count = {most}"), []).unwrap()
    };
    set(&store, pages);
    store.begin().unwrap();
    append(&mut store, 2, "x").unwrap();
    let full = append(&mut store, 3, &"x".repeat(100_000)).unwrap_err();
    assert!(matches!(full, StoreError::Unavailable(_)), "{full:?}");
    assert!(full.to_string().contains("the disk is full"), "{full}");
    store.rollback();
    set(&store, u32::MAX - 1);
    assert_eq!(store.turns(&"a".into()).unwrap(), [turn(1, "x")]);
    append(&mut store, 2, "x").unwrap();
}

#[test]
fn nothing_slips_out_of_a_batch_that_sqlite_gave_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(&folder.path().join("allclear.db")).unwrap();
    store.begin().unwrap();
    append(&mut store, 1, "x").unwrap();
    store.connection.execute_batch("ROLLBACK").unwrap();
    assert!(append(&mut store, 2, "x").is_err());
    assert!(store.commit().is_err());
    assert!(store.turns(&"a".into()).unwrap().is_empty());
    append(&mut store, 1, "x").unwrap();
}

#[test]
fn a_locked_file_names_the_likely_culprit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("allclear.db");
    let (mut store, shell) = (SqliteStore::open(&path).unwrap(), Connection::open(&path).unwrap());
    store.connection.busy_timeout(std::time::Duration::from_millis(20)).unwrap();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let why = store.begin().unwrap_err().to_string();
    assert!(why.contains("another program keeps it locked"), "{why}");
    shell.execute_batch("ROLLBACK").unwrap();
    store.begin().unwrap();
}

#[test]
fn the_ledger_is_neither_changed_nor_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(&folder.path().join("allclear.db")).unwrap();
    append(&mut store, 1, "x").unwrap();
    for sql in ["UPDATE turns SET json = '{}'", "DELETE FROM turns"] {
        assert!(
            store.connection.execute(sql, []).unwrap_err().to_string().contains("turns are never")
        );
    }
}

#[test]
fn what_is_not_of_its_type_is_corrupt() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("allclear.db")).unwrap();
    let sql =
        "INSERT INTO turns VALUES (1, 'a', 1, 'k', '{}', 'no hash'), (2, 'b', -1, 'k', '{}', '')";
    store.connection.execute(sql, []).unwrap();
    for stream in ["a", "b"] {
        let error = store.turns(&stream.into()).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    }
}

#[test]
fn people_read_what_happened_with_stock_tools() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(&folder.path().join("allclear.db")).unwrap();
    append(&mut store, 1, "it broke").unwrap();
    let sql =
        "SELECT at || ' ' || stream || ' ' || turn || ' ' || actor || ' ' || event FROM timeline";
    let said = "1970-01-01T00:00:01Z a 1 lead-developer it broke";
    assert_eq!(store.value::<String>(sql, []).unwrap(), said);
    for view in ["owed", "live_incidents"] {
        assert_eq!(store.value::<u32>(&format!("SELECT count(*) FROM {view}"), []).unwrap(), 0);
    }
}

#[test]
fn old_deliveries_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(&folder.path().join("allclear.db")).unwrap();
    for day in 0..10_u8 {
        let delivery = Delivery {
            key: Hash::of(&[&[day]]),
            source: "pingdom-prod".into(),
            trust: Trust::Signed,
            received_at: Ts(0) + Span::days(day.into()),
            body: &[day],
            verdict: Err("no signature".into()),
        };
        assert!(store.keep(&delivery).unwrap());
    }
    let now = Ts(0) + Span::days(9);
    assert_eq!(store.forget_deliveries(now - DELIVERIES_KEPT).unwrap(), 2);
    assert_eq!(store.value::<u32>("SELECT count(*) FROM deliveries", []).unwrap(), 8);
}
