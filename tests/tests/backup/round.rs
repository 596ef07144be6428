//! What is restored is what was backed up.

use std::process::Command;

use functions::backup::{Identities, Scratch, verify};
use functions::clock;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use shared::backup::{Level, recipe};
use shared::plan::Question;
use tests::parts;

use crate::scene::{Scene, is_there, live, scratch};

#[test]
fn a_restored_database_has_the_same_rows_policies_grants_and_extensions() {
    let scene = Scene::new();
    let made = scene.back_up();
    let census = &made.census;
    assert_eq!((census.defined("policy"), census.defined("extension")), (3, 5));
    assert!(
        census.tables["public.orders"].rows == 250
            && census.tables.contains_key("public.empty_one")
    );
    assert!(made.lsn.is_some() && made.source.system.is_some() && made.server_time.0 > 0);
    assert_eq!(made.children.iter().map(|it| it.status).sum::<i32>(), 0);

    let done = scene.restore(&made, "equal").unwrap();
    assert_eq!(done.differences, Vec::<String>::new());

    let mut session = scratch().session("equal").unwrap();
    session
        .tell("delete from public.orders where id = 7; drop policy see_avatars on storage.objects")
        .unwrap();
    let now = functions::backup::count(&mut session).unwrap();
    assert_eq!(
        census.differences(&now),
        ["public.orders has 249 rows, not 250", "policy storage.objects.see_avatars is missing"],
        "what differs is seen"
    );
}

#[test]
fn a_backup_is_proven_level_by_level_and_the_scratch_database_goes_away() {
    let scene = Scene::new();
    let made = scene.back_up();
    let level = || scene.catalogue().entries()[0].level();
    assert_eq!(level(), Level::L0);
    let check = verify(&made, Level::L1, &scene.shelf, None, &scene.signer, clock::now).unwrap();
    assert_eq!((check.faults.len(), check.bytes), (0, made.stored_bytes()));
    assert_eq!(level(), Level::L1);
    let server = scratch().connection("postgres").unwrap();
    let with = Scratch {
        server: Some(&server),
        identities: &scene.identities,
        tools: &scene.tools,
        questions: &[],
    };
    let check =
        verify(&made, Level::L2, &scene.shelf, Some(with), &scene.signer, clock::now).unwrap();
    assert_eq!(check.faults, Vec::<String>::new());
    assert!(check.restored_in.is_some());
    assert_eq!(level(), Level::L2);
    let mut session = scratch().session("postgres").unwrap();
    let left: u32 = session
        .json(&format!("select pg_catalog.count(*) from pg_catalog.pg_database where datname like 'allclear_check_{}%'", made.id.at().0))
        .unwrap();
    assert_eq!(left, 0);
    let too_far = verify(&made, Level::L3, &scene.shelf, Some(with), &scene.signer, clock::now);
    assert!(too_far.unwrap_err().to_string().contains("`questions`"));
    let ask = |sql: &str| Question { ask: "Are there accounts?".into(), sql: sql.into() };
    let proven = |questions: &[Question]| {
        let with = Some(Scratch { questions, ..with });
        verify(&made, Level::L3, &scene.shelf, with, &scene.signer, clock::now).unwrap().faults
    };
    let yes = ask("select count(*) = 50 from auth.users;");
    let no = proven(&[
        yes.clone(),
        ask("select false"),
        ask("select max(null::bool::int) = 1"),
        ask("select 1 / 0 = 1"),
    ]);
    assert_eq!(no.len(), 3, "{no:?}");
    assert!(no[2].contains("Are there accounts?") && no[2].contains("division by zero"), "{no:?}");
    assert_eq!(proven(&[yes]), Vec::<String>::new());
    assert_eq!(level(), Level::L3);
}

#[test]
fn what_is_committed_while_it_is_dumped_is_not_half_in_it() {
    let mut session = live().session("postgres").unwrap();
    session.tell("create database busy").unwrap();
    let mut writer = live().session("busy").unwrap();
    writer.tell("create table public.t (n int primary key, body text); insert into public.t select n, repeat('x', 500) from generate_series(1, 20000) n").unwrap();
    let scene = Scene::of("busy");
    let done = std::sync::atomic::AtomicBool::new(false);
    let made = std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                if done.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
                writer.tell(&format!("update public.t set body = '{n}' where n % 97 = {n} % 97; delete from public.t where n = {n}")).unwrap();
            }
        });
        let made = scene.back_up();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        made
    });
    assert_eq!(scene.restore(&made, "busy_again").unwrap().differences, Vec::<String>::new());
}

#[test]
fn stock_tools_alone_restore_the_same() {
    let work = tempfile::tempdir().unwrap();
    let identity = work.path().join("identity.txt");
    // A backup for an identity that stock `age-keygen` made.
    let keys =
        Command::new(parts::program("age-keygen")).arg("-o").arg(&identity).output().unwrap();
    let said = String::from_utf8(keys.stderr).unwrap();
    let public = said.trim().rsplit(' ').next().unwrap().to_owned();
    let recipients =
        functions::backup::Recipients::parse(&[public, Identities::generate().1]).unwrap();
    let other = Scene { recipients, ..Scene::new() };
    let made = other.back_up();
    let script = recipe(&made, other.folder.path().join("store").to_str().unwrap());
    let script = script.replace("KEY=identity.txt", &format!("KEY={}", identity.display()));
    let script = script.replace("TARGET=restored ", "TARGET=by_hand ");
    let mut shell = Command::new("bash");
    let url = scratch().connection("postgres").unwrap();
    url.tell(&mut shell);
    let path = format!("{}:/usr/bin:/bin", parts::postgres().canonicalize().unwrap().display());
    let done =
        shell.arg("-c").arg(&script).env("PATH", path).current_dir(work.path()).output().unwrap();
    assert!(done.status.success(), "{script}\n{}", String::from_utf8_lossy(&done.stderr));
    let now = functions::backup::count(&mut scratch().session("by_hand").unwrap()).unwrap();
    assert_eq!(made.census.differences(&now), Vec::<String>::new());
    assert!(is_there("by_hand"));
}

#[test]
fn any_table_comes_back_as_it_was() {
    let columns = prop_oneof![
        Just(("text", "text")),
        Just(("bytea", "bytea")),
        Just(("jsonb", "jsonb")),
        Just(("numeric", "numeric")),
        Just(("float8", "float8")),
        Just(("text[]", "array")),
        Just(("timestamptz", "moment")),
    ];
    let name = "[a-zA-Z \"'.;$äß𐍈]{1,12}";
    let tables = proptest::collection::btree_map(
        name,
        (
            proptest::collection::btree_map(name, columns, 0..5),
            proptest::collection::vec(any::<u64>(), 0..20),
        ),
        1..4,
    );
    let mut runner = TestRunner::new(Config {
        cases: 4,
        max_shrink_iters: 8,
        failure_persistence: None,
        ..Config::default()
    });
    let case = std::cell::Cell::new(0);
    let round = |tables: std::collections::BTreeMap<String, _>| {
        case.set(case.get() + 1);
        let database = format!("any_{}", case.get());
        live().session("postgres").unwrap().tell(&format!("create database {database}")).unwrap();
        let mut session = live().session(&database).unwrap();
        for (name, table) in &tables {
            session.tell(&sql(name, table)).unwrap();
        }
        let scene = Scene::of(&database);
        let made = scene.back_up();
        prop_assert_eq!(made.census.tables.len(), tables.len());
        let done = scene.restore(&made, &database).unwrap();
        prop_assert_eq!(done.differences, Vec::<String>::new());
        Ok(())
    };
    runner.run(&tables, round).unwrap();
}

type Table = (std::collections::BTreeMap<String, (&'static str, &'static str)>, Vec<u64>);

/// The statements that make one table and its rows.
fn sql(name: &str, (columns, rows): &Table) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let list: Vec<String> =
        columns.iter().map(|(name, (kind, _))| format!("{} {kind}", quoted(name))).collect();
    let mut sql = format!("create table public.{} ({})", quoted(name), list.join(", "));
    for seed in rows {
        let values: Vec<String> = columns
            .values()
            .zip(1..)
            .map(|((_, kind), n)| value(kind, seed.rotate_left(n * 7)))
            .collect();
        let row = if values.is_empty() {
            "default values".into()
        } else {
            format!("values ({})", values.join(", "))
        };
        sql += &format!("; insert into public.{} {row}", quoted(name));
    }
    sql
}

fn value(kind: &str, seed: u64) -> String {
    let texts = ["''", "E'a\\tb\\n\\\\.'", "'it''s'", "'\"{,}'", "repeat('𐍈', 3000)", "null"];
    let text = texts[(seed % 6) as usize];
    match kind {
        "text" => text.into(),
        "bytea" => format!("decode(repeat('{seed:016x}', {}), 'hex')", seed % 40),
        "jsonb" => format!("to_jsonb({text}::text)"),
        "numeric" => {
            if seed.is_multiple_of(5) {
                "'NaN'".into()
            } else {
                format!("{seed} / 7.0")
            }
        }
        "float8" => ["'-0'", "'NaN'", "'Infinity'", "5e-324", "0.1::float8 + 0.2"]
            [(seed % 5) as usize]
            .into(),
        "array" => format!("array[{text}, null, '']"),
        _ => format!("to_timestamp({} / 1000.0)", seed % 4_000_000_000_000),
    }
}
