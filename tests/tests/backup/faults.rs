//! Everything that can go wrong, and after none of it is there a backup or a proof.

use std::os::unix::fs::FileExt;
use std::sync::Arc;

use functions::backup::{
    Failure, Identities, Job, Recipients, Restore, Shelf, Signer, Tools, Trust, create, restore,
    verify,
};
use functions::clock;
use object_store::local::LocalFileSystem;
use shared::backup::{BackupId, Level, Manifest, Object, Role};
use shared::time::Ts;
use tests::standin::postgres::FullDisk;

use crate::scene::{Scene, is_there, live, scratch, with_program};

/// A backup with one of PostgreSQL's programs replaced.
fn fails_with(program: &str, script: &str) -> Failure {
    let scene = Scene::new();
    let (_folder, tools) = with_program(program, script);
    scene.fails(Job { tools: &tools, ..scene.job() })
}

#[test]
fn a_dump_that_fails_or_is_killed_makes_no_backup() {
    let failed = fails_with(
        "pg_dump",
        "[ $1 = --version ] && exec {real} $1\n{real} \"$@\"; echo 'disk quota' >&2; exit 1",
    );
    assert_eq!(failed.to_string(), "pg_dump failed (exit status 1): disk quota");
    let killed = fails_with(
        "pg_dump",
        "[ $1 = --version ] && exec {real} $1\n{real} \"$@\" | head -c 200000; kill -9 $$",
    );
    assert!(killed.to_string().contains("ended by a signal"), "{killed}");
    let roles = fails_with("pg_dumpall", "[ $1 = --version ] && exec {real} $1\nexit 3");
    assert!(matches!(roles, Failure::Program { .. }), "{roles}");
}

#[test]
fn a_dump_killed_at_any_tenth_makes_no_backup() {
    let whole = Scene::new().back_up();
    let bytes = whole.object(Role::Database).unwrap().plain.bytes;
    for tenth in 0..10 {
        let cut = bytes * tenth / 10;
        let script = format!(
            "[ $1 = --version ] && exec {{real}} $1\n{{real}} \"$@\" | head -c {cut}; kill -9 $$"
        );
        let why = fails_with("pg_dump", &script);
        assert!(why.to_string().contains("ended by a signal"), "{tenth}: {why}");
    }
}

#[test]
fn a_dump_that_ends_well_without_being_one_makes_no_backup() {
    let empty = fails_with("pg_dump", "[ $1 = --version ] && exec {real} $1\nexit 0");
    assert!(matches!(empty, Failure::Truncated(_)), "{empty}");
    let cut = fails_with(
        "pg_dumpall",
        "[ $1 = --version ] && exec {real} $1\n{real} \"$@\" | head -n -3; exit 0",
    );
    assert!(matches!(cut, Failure::Truncated(_)), "{cut}");
}

#[test]
fn an_old_dump_program_is_refused_before_anything_is_written() {
    let scene = Scene::new();
    let (_folder, tools) = with_program("pg_dump", "echo 'pg_dump (PostgreSQL) 14.9'");
    let why = scene.fails(Job { tools: &tools, ..scene.job() });
    assert_eq!(
        why.to_string(),
        "pg_dump is of version 14, the server of 15: install version 15 or newer"
    );
    assert_eq!(scene.catalogue().strays, []);
    let none = Tools { folder: Some("/nowhere".into()) };
    let why = scene.fails(Job { tools: &none, ..scene.job() });
    assert!(why.to_string().contains("ALLCLEAR_PG_BIN"), "{why}");
}

#[test]
fn a_full_disk_makes_no_backup_wherever_it_is_met() {
    let scene = Scene::new();
    let size = scene.back_up().stored_bytes();
    // At the roles, in the data, at its end, and at the manifest.
    for left in [10, size / 2, size * 9 / 10, size + 1_000] {
        let scene = Scene::of(&scene.database);
        let folder = scene.folder.path().join("store");
        let disk = LocalFileSystem::new_with_prefix(folder).unwrap();
        let shelf = Shelf::over(Arc::new(FullDisk::over(disk, left))).unwrap();
        let why = scene.fails(Job { shelf: &shelf, ..scene.job() });
        assert!(why.to_string().contains("no space left"), "{left}: {why}");
    }
}

#[test]
fn two_at_once_are_one() {
    let scene = Scene::new();
    let mut holder = live().session(&scene.database).unwrap();
    let lock = "select pg_catalog.to_jsonb(pg_catalog.pg_try_advisory_lock(7020105093439906162))";
    let lock: bool = holder.json(lock).unwrap();
    assert!(lock);
    let job = scene.job();
    assert!(matches!(create(job), Err(Failure::Busy)));
    drop(holder);
    // The server takes the lock back when the holder is gone, not before.
    while let Err(why) = create(job) {
        assert!(matches!(why, Failure::Busy), "{why}");
    }
    assert_eq!(scene.catalogue().entries().len(), 1);
}

#[test]
fn a_backup_is_written_once() {
    fn noon() -> Ts {
        Ts(1_795_348_800_000)
    }
    let scene = Scene::new();
    let job = Job { clock: noon, ..scene.job() };
    let first = create(job).unwrap();
    let again = create(job);
    assert!(matches!(again, Err(Failure::Busy)), "the name is taken");
    assert_eq!(scene.catalogue().entries()[0].id(), &first.id);
    assert_eq!(scene.restore(&first, "once_only").unwrap().differences, Vec::<String>::new());
}

/// What a check finds after somebody did something to the database's object.
fn after(harm: impl FnOnce(&Scene, &Object)) -> (Scene, Manifest, Vec<String>) {
    let scene = Scene::new();
    let made = scene.back_up();
    harm(&scene, made.object(Role::Database).unwrap());
    let check = verify(&made, Level::L1, &scene.shelf, None, &scene.signer, clock::now).unwrap();
    assert!(!check.passed());
    (scene, made, check.faults)
}

fn open(scene: &Scene, object: &Object) -> std::fs::File {
    std::fs::OpenOptions::new().read(true).write(true).open(scene.file(&object.name)).unwrap()
}

#[test]
fn a_flipped_bit_is_found_and_never_restored() {
    for place in [10, 30, 60, 99] {
        let (scene, made, faults) = after(|scene, object| {
            let (file, at) = (open(scene, object), object.stored.bytes * place / 100);
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 1], at).unwrap();
        });
        assert!(faults[0].contains("is not what was written"), "{faults:?}");
        let entries = scene.catalogue();
        assert_eq!(entries.entries()[0].level(), Level::L0);
        assert!(entries.entries()[0].broken().is_some());
        let into = format!("flipped_{place}");
        let why = scene.restore(&made, &into).unwrap_err();
        assert!(matches!(why, Failure::Damaged(_)), "{place}: {why}");
        assert!(!is_there(&into), "no half of it is left");
    }
}

#[test]
fn a_truncated_or_missing_object_is_no_backup_any_more() {
    let (scene, made, _) =
        after(|scene, object| open(scene, object).set_len(object.stored.bytes - 1).unwrap());
    assert_eq!(scene.catalogue().entries(), []);
    assert!(scene.catalogue().strays[0].because.contains("bytes, not"));
    assert!(scene.restore(&made, "cut").is_err() && !is_there("cut"));
    let (scene, made, _) =
        after(|scene, object| std::fs::remove_file(scene.file(&object.name)).unwrap());
    assert_eq!(scene.catalogue().entries(), []);
    assert!(scene.catalogue().strays[0].because.contains("is missing"));
    assert!(scene.restore(&made, "gone").is_err() && !is_there("gone"));
}

#[test]
fn an_object_of_another_backup_is_found_although_it_decrypts() {
    let scene = Scene::new();
    let (made, other) =
        (scene.back_up(), Scene { recipients: scene.recipients.clone(), ..Scene::new() });
    let theirs = other.back_up();
    let from = other.file(&theirs.object(Role::Database).unwrap().name);
    std::fs::copy(from, scene.file(&made.object(Role::Database).unwrap().name)).unwrap();
    let why = scene.restore(&made, "swapped").unwrap_err();
    assert!(why.to_string().contains("is not what was written"), "{why}");
    assert!(!is_there("swapped"), "nothing of it was committed");
}

#[test]
fn the_wrong_identity_opens_nothing_and_is_no_fault_of_the_backup() {
    let scene = Scene::new();
    let made = scene.back_up();
    let (stranger, _) = Identities::generate();
    let why = scene.restore_with(&made, "wrong_key", &stranger).unwrap_err();
    assert!(why.to_string().contains(&made.recipients[0]), "it says whose backup it is: {why}");
    assert!(!is_there("wrong_key"));
}

#[test]
fn a_manifest_that_was_changed_or_signed_by_a_stranger_counts_for_nothing() {
    let scene = Scene::new();
    let made = scene.back_up();
    let file = scene.file(&Manifest::key(&made.id));
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, whole.replacen("\"status\":0", "\"status\":1", 1)).unwrap();
    let all = scene.catalogue();
    assert_eq!(all.entries(), []);
    assert!(all.strays[0].because.contains("did not sign this"), "{:?}", all.strays);
    std::fs::write(&file, &whole).unwrap();
    let stranger = Signer::at(&scene.folder.path().join("other")).unwrap();
    let theirs = scene.shelf.catalogue(&Trust::new([stranger.name()])).unwrap();
    assert_eq!(theirs.entries(), []);
    assert!(theirs.strays[0].because.contains("not signed by anybody"));
    std::fs::remove_file(&file).unwrap();
    assert!(scene.catalogue().strays[0].because.contains("no manifest"), "never finished");
}

#[test]
fn what_a_killed_worker_leaves_is_seen_and_no_backup() {
    let scene = Scene::new();
    let folder = scene.file("backups/20261122T030405Z-database");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("database.dump.zst.age#1"), "half").unwrap();
    std::fs::write(folder.join("roles.sql.zst.age"), "whole").unwrap();
    let all = scene.catalogue();
    assert_eq!((all.entries().len(), all.strays.len()), (0, 2), "{:?}", all.strays);
    let id: BackupId = "20261122T030405Z-database".parse().unwrap();
    assert!(scene.shelf.manifest(&id, &scene.trust()).is_err());
}

#[test]
fn a_restore_goes_neither_onto_its_source_nor_onto_anything_that_is_not_empty() {
    let scene = Scene::new();
    let made = scene.back_up();
    let mut live_session = live().session(&scene.database).unwrap();
    let order = |target| Restore {
        manifest: &made,
        shelf: &scene.shelf,
        identities: &scene.identities,
        tools: &scene.tools,
        target,
        clock: clock::now,
    };
    let why = restore(order(&scene.source)).unwrap_err();
    assert!(why.to_string().contains("is the database that was backed up"), "{why}");
    let before = functions::backup::count(&mut live_session).unwrap();
    assert_eq!(made.census.differences(&before), Vec::<String>::new(), "and nothing was touched");

    scratch().session("postgres").unwrap().tell("create database taken").unwrap();
    let mut taken = scratch().session("taken").unwrap();
    taken.tell("create table public.precious (n int)").unwrap();
    let why = scene.restore(&made, "taken").unwrap_err();
    assert!(why.to_string().contains("is not empty"), "{why}");
    taken.tell("drop table public.precious").unwrap();
    assert_eq!(scene.restore(&made, "taken").unwrap().differences, Vec::<String>::new());
}

#[test]
fn a_restore_that_fails_leaves_no_half_of_it() {
    let scene = Scene::new();
    let made = scene.back_up();
    let (_folder, tools) = with_program(
        "pg_restore",
        "[ $1 = --version ] && exec {real} $1\nhead -c 300000 | {real} \"$@\"",
    );
    let target = scratch().connection("half").unwrap();
    let why = restore(Restore {
        manifest: &made,
        shelf: &scene.shelf,
        identities: &scene.identities,
        tools: &tools,
        target: &target,
        clock: clock::now,
    });
    assert!(why.is_err() && !is_there("half"));
}

#[test]
fn a_database_has_its_name_only_once_it_is_whole() {
    let scene = Scene::new();
    let made = scene.back_up();
    // All of it is there when this one looks, and nobody knows yet whether it ended well.
    let (folder, tools) = with_program(
        "pg_restore",
        "[ $1 = --version ] && exec {real} $1\n{real} \"$@\" || exit 2\n\
         \"${0%/*}/psql\" -XAt -d postgres -c 'select datname from pg_database' >\"${0%/*}/seen\"; exit 1",
    );
    let target = scratch().connection("named_late").unwrap();
    let order = Restore {
        manifest: &made,
        shelf: &scene.shelf,
        identities: &scene.identities,
        tools: &tools,
        target: &target,
        clock: clock::now,
    };
    let why = restore(order).unwrap_err();
    assert!(why.to_string().contains("exit status 1"), "{why}");
    let seen = std::fs::read_to_string(folder.path().join("seen")).unwrap();
    assert!(seen.contains("allclear_restoring_") && !seen.contains("named_late"), "{seen}");
    let left = "select pg_catalog.count(*) from pg_catalog.pg_database where datname like 'allclear_restoring_%'";
    // Others restore at the same time: theirs go as well.
    let gone = (0..600).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        scratch().session("postgres").unwrap().json::<u32>(left).unwrap() == 0
    });
    assert!(gone && !is_there("named_late"));
    let whole = Restore { tools: &scene.tools, ..order };
    assert_eq!(restore(whole).unwrap().differences, Vec::<String>::new());
    assert!(is_there("named_late"));
}

#[test]
fn one_recipient_is_too_few() {
    let (_, one) = Identities::generate();
    let why = Recipients::parse(&[&one, &one]).unwrap_err();
    assert!(why.to_string().starts_with("1 recipients, 2 are needed"), "{why}");
    assert!(Recipients::parse(&["age1nonsense", &one]).is_err());
}
