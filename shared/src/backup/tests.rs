//! What a backup is called, what proves it, what may be forgotten, what would be lost.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::ledger::Hash;
use crate::plan::{BackupPolicy, Plan, built_in_text, read::read};
use crate::time::{Span, Ts};

/// 2026-11-22T03:04:05Z.
const T0: Ts = Ts(1_795_316_645_000);

fn digest(bytes: u64) -> Digest {
    Digest { bytes, sha256: Hash::of(&[b"x"]) }
}

fn manifest(at: Ts, what: &str) -> Manifest {
    let id = BackupId::new(at, what).unwrap();
    let object = |role, name: &str| Object {
        name: format!("{}/{name}", Manifest::folder(&id)),
        role,
        plain: digest(1_000_000),
        stored: digest(200_000),
    };
    let child = |program: &str| Child { program: program.into(), status: 0 };
    Manifest {
        format: FORMAT,
        objects: vec![
            object(Role::Roles, "roles.sql.zst.age"),
            object(Role::Database, "database.dump.zst.age"),
        ],
        snapshot_at: at,
        server_time: at,
        made_at: at + Span::secs(9),
        lsn: Some("0/1A2B3C4".into()),
        source: Source {
            system: Some("72".into()),
            database: "postgres".into(),
            version: "15.18".into(),
            bytes: 4_000_000,
        },
        tools: BTreeMap::new(),
        children: vec![child("pg_dump"), child("pg_dumpall"), child("psql")],
        census: Census::default(),
        recipients: vec!["age1abc".into()],
        locked_until: None,
        lacks: vec![],
        id,
    }
}

fn check(at: Ts, level: Level, fault: Option<&str>) -> Check {
    Check {
        backup: BackupId::new(T0, "database").unwrap(),
        level,
        at,
        took: Span::secs(2),
        bytes: 400_000,
        restored_in: None,
        faults: fault.map(Into::into).into_iter().collect(),
    }
}

fn entry(at: Ts, checks: Vec<Check>) -> Entry {
    Entry { manifest: manifest(at, "database"), checks, locked_until: None }
}

fn policy(keep_for: Option<Span>, keep_last: Option<u32>) -> BackupPolicy {
    BackupPolicy {
        what: "database".into(),
        component: Some("database".into()),
        covers: vec![],
        every: Some(Span::hours(6)),
        keep_for,
        keep_last,
        storage: "ours".into(),
        verification: "restore".into(),
        verify_every: Span::days(1),
        questions: vec![],
    }
}

fn plan() -> Plan {
    read("plan.toml", built_in_text()).unwrap()
}

#[test]
fn a_name_is_the_moment_and_what_and_reads_back() {
    let id = BackupId::new(Ts(T0.0 + 999), "database").unwrap();
    assert_eq!(id.to_string(), "20261122T030405Z-database");
    assert_eq!(id.to_string().parse(), Ok(id.clone()));
    assert_eq!(id.at(), T0);
    for wrong in ["", "database", "20261122T030405Z", "20261122T030405Z-../x", "20261122T0304Z-db"]
    {
        assert!(wrong.parse::<BackupId>().unwrap_err().contains("write LATEST"), "{wrong}");
    }
    assert_eq!(BackupId::new(T0, "Data base"), None);
    assert_eq!(BackupId::new(Ts(-1), "database"), None);
}

#[test]
fn the_plans_own_words_for_backups_are_understood() {
    for word in ["LATEST", "latest", "LATEST_BACKUP"] {
        assert_eq!(word.parse(), Ok(Wanted::Latest));
    }
    for word in ["LATEST_CLEAN", "latest-clean", "LATEST_CLEAN_BACKUP"] {
        assert_eq!(word.parse(), Ok(Wanted::LatestClean));
    }
    assert!("newest".parse::<Wanted>().is_err());
}

#[test]
fn what_is_lost_with_point_in_time_recovery_is_told_by_the_heartbeat() {
    let now = T0 + Span::hours(5);
    let ago = |span| Ts(now.0 - Span::secs(span).0);
    let known = |latest, heartbeat: Option<Ts>| Recoverable {
        enabled: true,
        earliest: Some(T0),
        latest: Some(latest),
        heartbeat,
        ..Recoverable::default()
    };
    let loses = |latest: i64, beat: Option<i64>| known(ago(latest), beat.map(ago)).loses(now);
    assert_eq!(loses(3_600, None), Some(Span::hours(1)), "nobody knows whether it is idle");
    assert_eq!(loses(30, Some(20)), Some(Span::secs(10)));
    assert_eq!(loses(20, Some(30)), Some(Span::ZERO), "everything is there");
    assert_eq!(loses(3_600, Some(10)), Some(Span::secs(3_590)), "the log is not shipped");
    assert_eq!(loses(3_600, Some(7_200)), Some(Span::hours(1)), "it doesn't beat any more");
    let whole = Recoverable {
        whole: vec![(ago(900), "FAILED".into()), (ago(7_200), "COMPLETED".into())],
        ..Recoverable::default()
    };
    assert_eq!(whole.loses(now), Some(Span::hours(2)));
    assert_eq!(Recoverable::default().loses(now), None);
    let known = known(ago(30), None);
    assert_eq!(known.moment(None), Ok(ago(30)));
    assert!(known.moment(Some(now)).is_err() && known.moment(Some(ago(99_999))).is_err());
    assert!(whole.moment(None).unwrap_err().contains("isn't bought"));
}

#[test]
fn what_a_lambda_has_no_time_for_runs_as_a_container() {
    let fast = Speed { bytes: 60_000_000, took: Span::secs(1) };
    let slow = Speed { bytes: 1_000_000, took: Span::secs(1) };
    assert_eq!(Host::of(LAMBDA_MAX, None), Host::Lambda);
    assert_eq!(Host::of(LAMBDA_MAX, Some(fast)), Host::Lambda);
    assert_eq!(Host::of(LAMBDA_MAX + 1, Some(fast)), Host::Container);
    assert_eq!(Host::of(1_000_000_000, Some(slow)), Host::Container);
}

/// A backup of files instead of a database.
fn of_files() -> Manifest {
    let mut made = manifest(T0, "configuration");
    let object = Object { role: Role::Files, ..made.objects[0].clone() };
    made.objects = vec![object];
    made
}

#[test]
fn files_need_no_database_and_are_proven_by_being_equal() {
    let mut made = of_files();
    assert_eq!(made.sound(&made.id), Ok(()));
    let entry = Entry { manifest: made.clone(), checks: vec![], locked_until: None };
    let policy = policy(Some(Span::days(60)), None);
    let levels = |entries: &[Entry]| {
        due(&policy, entries, T0).into_iter().map(|due| due.level).collect::<Vec<_>>()
    };
    assert_eq!(levels(&[entry]), [Level::L1, Level::L2]);
    made.objects[0].stored.bytes = 0;
    assert!(made.sound(&made.id).unwrap_err().to_string().contains("no files"));
    let text = recipe(&of_files(), "/mnt/backups/");
    assert!(text.contains("zstd -dc | tar -x -C \"$TARGET\"") && !text.contains("pg_restore"));
    assert!(text.contains("sha256sum -c"), "{text}");
}

type Change = fn(&mut Manifest);

#[test]
fn only_a_whole_manifest_under_its_own_name_is_a_backup() {
    let good = manifest(T0, "database");
    let id = good.id.clone();
    assert_eq!(good.sound(&id), Ok(()));
    let changes: [(&str, Change); 9] = [
        ("did not end well", |it| it.children[0].status = 1),
        ("did not end well", |it| it.children[1].status = -9),
        ("no program", |it| it.children.clear()),
        ("no database", |it| drop(it.objects.pop())),
        ("no roles", |it| drop(it.objects.remove(0))),
        ("no database", |it| it.objects[1].plain.bytes = 0),
        ("no recipient", |it| it.recipients.clear()),
        ("form 2", |it| it.format = 2),
        ("none of its own", |it| it.objects[0].name = "backups/other/roles".into()),
    ];
    for (says, change) in changes {
        let mut bad = good.clone();
        change(&mut bad);
        assert!(bad.sound(&id).unwrap_err().to_string().contains(says), "{says}");
    }
    let other = BackupId::new(T0 + Span::secs(1), "database").unwrap();
    assert!(matches!(good.sound(&other), Err(Unsound::Name(_))));
}

#[test]
fn a_manifest_without_newer_fields_still_reads() {
    let mut old = serde_json::to_value(manifest(T0, "database")).unwrap();
    old.as_object_mut().unwrap().remove("lsn");
    old["source"].as_object_mut().unwrap().remove("system");
    old["census"].as_object_mut().unwrap().remove("sequences");
    let read: Manifest = serde_json::from_value(old).unwrap();
    assert_eq!((read.lsn, read.source.system), (None, None));
}

#[test]
fn a_sealed_file_comes_apart_as_it_was_put_together() {
    let seal = Seal { key: [7; 32], signature: [9; 64] };
    let file = compose(r#"{"a":1}"#, &seal);
    assert_eq!(split(&file), Some((r#"{"a":1}"#, seal)));
    for wrong in
        ["", "{}\n", "{}\ned25519 00 00\n", &format!("{file}more\n"), &file.replace("ed", "rs")]
    {
        assert_eq!(split(wrong), None, "{wrong}");
    }
    assert_ne!(sealed_bytes(MANIFEST, "{}"), sealed_bytes(CHECK, "{}"));
}

#[test]
fn a_later_failure_takes_a_proof_away_and_a_later_proof_gives_it_back() {
    let at = |hour| T0 + Span::hours(hour);
    let bad = Some("bit flip");
    for (checks, level) in [
        (vec![], Level::L0),
        (vec![check(at(1), Level::L1, None)], Level::L1),
        (vec![check(at(1), Level::L2, None), check(at(2), Level::L1, bad)], Level::L0),
        (vec![check(at(1), Level::L1, None), check(at(2), Level::L2, bad)], Level::L1),
        (
            vec![
                check(at(1), Level::L1, None),
                check(at(2), Level::L1, bad),
                check(at(3), Level::L2, bad),
            ],
            Level::L0,
        ),
        (vec![check(at(1), Level::L1, bad), check(at(2), Level::L2, None)], Level::L2),
        (vec![check(at(1), Level::L2, None), check(at(1), Level::L2, bad)], Level::L0),
    ] {
        assert_eq!(entry(T0, checks.clone()).level(), level, "{checks:?}");
    }
}

#[test]
fn latest_clean_is_verified_and_older_than_the_breach() {
    let hour = |n| T0 + Span::hours(n);
    let proven = |n| entry(hour(n), vec![check(hour(n), Level::L1, None)]);
    let bare = |n| entry(hour(n), vec![]);
    let clean = |entries, breach| {
        let catalogue = Catalogue::new(entries, vec![]);
        let found = catalogue.resolve(&Wanted::LatestClean, "database", Some(hour(breach)));
        found.map(|entry| entry.manifest.snapshot_at).map_err(|why| why.to_string())
    };
    assert_eq!(clean(vec![proven(1), proven(2), proven(9), bare(3)], 5), Ok(hour(2)));
    assert_eq!(clean(vec![proven(5), proven(1)], 5), Ok(hour(1)), "at the breach is too late");
    assert!(clean(vec![bare(1), proven(9)], 5).unwrap_err().contains("not verified"));
    assert!(clean(vec![proven(9)], 5).unwrap_err().contains("all are younger"));
    assert!(clean(vec![], 5).unwrap_err().contains("backup create"));
    let catalogue = Catalogue::new(vec![proven(1), bare(2)], vec![]);
    let latest = catalogue.resolve(&Wanted::Latest, "database", None).unwrap();
    assert_eq!(latest.manifest.snapshot_at, hour(2));
    let nobody_said = catalogue.resolve(&Wanted::LatestClean, "database", None);
    assert_eq!(nobody_said, Err(Refused::WithoutBreach));
}

#[test]
fn a_restore_differs_in_what_it_lacks_has_changed_or_added() {
    let table = |rows, hash: &str| TableCensus { rows, hash: hash.into() };
    let was = Census {
        tables: BTreeMap::from([("a".into(), table(3, "x")), ("b".into(), table(1, "y"))]),
        definitions: BTreeMap::from([
            ("policy a.own".into(), "1".into()),
            ("grants a".into(), "2".into()),
        ]),
        sequences: BTreeMap::from([("s".into(), 7)]),
    };
    assert_eq!(was.differences(&was), Vec::<String>::new());
    assert_eq!((was.rows(), was.defined("policy"), was.defined("pol")), (4, 1, 0));
    let is = Census {
        tables: BTreeMap::from([("a".into(), table(2, "x")), ("c".into(), table(0, ""))]),
        definitions: BTreeMap::from([
            ("grants a".into(), "3".into()),
            ("trigger t".into(), "4".into()),
        ]),
        sequences: BTreeMap::from([("s".into(), 6)]),
    };
    assert_eq!(
        was.differences(&is),
        [
            "a has 2 rows, not 3",
            "table b is missing",
            "table c was not in the backup",
            "grants a is defined differently",
            "policy a.own is missing",
            "trigger t was not in the backup",
            "sequence s is at 6, it was at 7",
        ]
    );
    let mut later = was.clone();
    later.sequences.insert("s".into(), 8);
    assert_eq!(was.differences(&later), Vec::<String>::new(), "sequences run ahead of snapshots");
    later.tables.get_mut("a").unwrap().hash = "z".into();
    assert_eq!(was.differences(&later), ["rows of a are different ones"]);
}

#[test]
fn the_policy_says_what_may_be_forgotten_and_why() {
    let day = |n| T0 - Span::days(n);
    let proven = |n| entry(day(n), vec![check(day(n), Level::L1, None)]);
    let over = |policy: &BackupPolicy, entries: Vec<Entry>| {
        let expired = expired(policy, &Catalogue::new(entries, vec![]), T0);
        expired.into_iter().map(|it| format!("{} {}", it.backup, it.because)).collect::<Vec<_>>()
    };
    let thirty = policy(Some(Span::days(30)), None);
    assert_eq!(
        over(&thirty, vec![proven(1), proven(30), proven(31), proven(40)]),
        ["20261013T030405Z-database older than 30 d", "20261022T030405Z-database older than 30 d"]
    );
    let last_two = policy(None, Some(2));
    assert_eq!(
        over(&last_two, vec![proven(1), proven(2), proven(3)]),
        ["20261119T030405Z-database not among the last 2"]
    );
    let only_old = over(&thirty, vec![proven(50), entry(day(40), vec![])]);
    assert_eq!(only_old, Vec::<String>::new(), "the newest, and the last good one");
    let mut locked = proven(40);
    locked.locked_until = Some(T0 + Span::days(1));
    assert_eq!(over(&thirty, vec![proven(1), locked]), Vec::<String>::new());
    assert_eq!(over(&policy(None, None), vec![proven(400), proven(1)]), Vec::<String>::new());
}

#[test]
fn proofs_become_overdue_level_by_level() {
    let policy = policy(Some(Span::days(30)), None);
    let late = |checks: Vec<Check>| {
        let entries = [entry(T0, vec![]), entry(T0, checks)];
        due(&policy, &entries, T0).into_iter().map(|due| due.level).collect::<Vec<_>>()
    };
    let day = |n| T0 - Span::days(n);
    assert_eq!(late(vec![]), [Level::L1, Level::L2, Level::L3]);
    assert_eq!(late(vec![check(day(1), Level::L3, None)]), []);
    assert_eq!(late(vec![check(day(2), Level::L3, None)]), [Level::L1]);
    assert_eq!(
        late(vec![check(day(8), Level::L3, None), check(day(0), Level::L1, None)]),
        [Level::L2]
    );
    let failed = check(day(0), Level::L3, Some("rows differ"));
    assert_eq!(late(vec![failed]), [Level::L1, Level::L2, Level::L3], "a failed proof is none");
}

#[test]
fn the_meter_shows_what_would_be_lost_and_what_the_plan_cannot_keep() {
    let plan = plan();
    let mut timed = check(T0, Level::L2, None);
    timed.restored_in = Some(Span::secs(4));
    let mut entry = entry(T0, vec![timed]);
    entry.manifest.objects[1].plain.bytes = 399_000_000;
    let catalogue = Catalogue::new(vec![entry], vec![]);
    let meter = Meter::read(&plan, &catalogue, T0 + Span::mins(4));
    let database = meter.readings.iter().find(|it| it.component.as_str() == "database").unwrap();
    assert_eq!((database.loses, database.takes), (Some(Span::mins(4)), Some(Span::secs(4))));
    assert_eq!(database.alarms(), Vec::<String>::new());
    assert_eq!(
        database.contradiction().unwrap(),
        "database: backups every 6 h cannot keep the plan's 5 min; point-in-time recovery can"
    );
    let later = Meter::read(&plan, &catalogue, T0 + Span::hours(6));
    assert!(later.alarms().contains(&"database: 6 h would be lost, the plan allows 5 min".into()));
    let none = Meter::read(&plan, &Catalogue::default(), T0);
    assert!(none.alarms().contains(&"database: no backup, all of it would be lost".into()));
}

#[test]
fn a_restore_is_expected_to_be_as_slow_as_the_slowest_of_the_last() {
    let timed = |at: i64, secs| {
        let mut check = check(T0 + Span::hours(at), Level::L2, None);
        check.restored_in = Some(Span::secs(secs));
        check
    };
    let mut failed = timed(9, 900);
    failed.faults.push("rows differ".into());
    let entry = entry(T0, vec![timed(1, 500), timed(2, 2), timed(3, 10), timed(4, 4), failed]);
    let speed = Speed::of(&[entry]).unwrap();
    assert_eq!(speed.took, Span::secs(10));
    assert_eq!(speed.span_of(4_000_000), Span::secs(20));
    assert_eq!(Speed::of(&[]), None);
}

#[test]
fn the_recipe_names_every_object_and_only_stock_tools() {
    insta::assert_snapshot!(recipe(&manifest(T0, "database"), "/mnt/it's here"), @r#"
    # 20261122T030405Z-database: postgres of PostgreSQL 15.18, as of 2026-11-22T03:04:05Z
    # Needs age, zstd, and psql and pg_restore of PostgreSQL 15 or newer.
    set -e -o pipefail
    KEY=identity.txt               # one of the age identities that are kept offline
    TARGET=restored                # a new, empty database, never the live one
    echo '028f0df5b8596fbcd10c9720b7a4784f8e7e04f629bd5a62bfbdf139678b6624  /mnt/it'\''s here/backups/20261122T030405Z-database/roles.sql.zst.age'  | sha256sum -c
    echo '028f0df5b8596fbcd10c9720b7a4784f8e7e04f629bd5a62bfbdf139678b6624  /mnt/it'\''s here/backups/20261122T030405Z-database/database.dump.zst.age'  | sha256sum -c
    # Roles that are there already are named as errors here; that harms nothing.
    age -d -i "$KEY" '/mnt/it'\''s here/backups/20261122T030405Z-database/roles.sql.zst.age' | zstd -dc | psql -X -q -d postgres
    createdb -T template0 "$TARGET"
    age -d -i "$KEY" '/mnt/it'\''s here/backups/20261122T030405Z-database/database.dump.zst.age' | zstd -dc | pg_restore --exit-on-error --single-transaction -d "$TARGET"
    "#);
}

proptest! {
    #[test]
    fn names_read_back_and_sort_by_time(a in 0..4_000_000_000_i64, b in 0..4_000_000_000_i64, what in "[a-z][a-z0-9-]{0,39}") {
        let id = |secs: i64| BackupId::new(Ts(secs * 1_000), &what).unwrap();
        prop_assert_eq!(id(a).to_string().parse::<BackupId>(), Ok(id(a)));
        prop_assert_eq!(id(a).to_string().cmp(&id(b).to_string()), a.cmp(&b));
    }

    #[test]
    fn retention_never_takes_the_newest_the_last_good_or_a_locked_one(
        all in proptest::collection::vec((0..90_i64, proptest::option::of(any::<bool>()), any::<bool>()), 0..30),
        days in 1..40_i64, keep in proptest::option::of(0..5_u32), by_time in any::<bool>(),
    ) {
        let entries: Vec<Entry> = all.iter().enumerate().map(|(n, (age, verified, locked))| {
            let at = T0 - Span::days(*age) - Span::secs(n as i64);
            let checks = verified.map(|good| check(at, Level::L1, (!good).then_some("bit flip")));
            let locked_until = locked.then_some(T0 + Span::days(1));
            Entry { locked_until, ..entry(at, checks.into_iter().collect()) }
        }).collect();
        let catalogue = Catalogue::new(entries, vec![]);
        let policy = policy(by_time.then_some(Span::days(days)), keep);
        let gone: Vec<BackupId> = expired(&policy, &catalogue, T0).into_iter().map(|it| it.backup).collect();
        let left: Vec<&Entry> = catalogue.entries().iter().filter(|it| !gone.contains(it.id())).collect();
        let good = |entry: &&Entry| entry.level() >= Level::L1;
        prop_assert_eq!(catalogue.entries().last().map(Entry::id), left.last().map(|it| it.id()));
        prop_assert_eq!(
            catalogue.entries().iter().rfind(good).map(Entry::id),
            left.iter().copied().rfind(good).map(Entry::id)
        );
        prop_assert!(catalogue.entries().iter().filter(|it| it.locked_until.is_some()).all(|it| !gone.contains(it.id())));
        prop_assert!(by_time || keep.is_some() || gone.is_empty());
        let young = |entry: &&Entry| T0.since(entry.manifest.snapshot_at) <= Span::days(days);
        prop_assert!(!by_time || catalogue.entries().iter().filter(young).all(|it| !gone.contains(it.id())));
    }
}

#[test]
fn the_recipe_of_a_backup_in_a_bucket_fetches_it_first() {
    let text = recipe(&manifest(T0, "database"), "s3://ours/of-us?region=us-west-2");
    let fetch = "aws s3 cp --recursive 's3://ours/of-us/backups/20261122T030405Z-database' \
                 'backups/20261122T030405Z-database'\n";
    assert!(text.contains(fetch), "{text}");
    assert!(text.contains("\"$KEY\" './backups/20261122T030405Z-database/database.dump"), "{text}");
}

#[test]
fn a_backup_that_is_late_comes_first_and_is_then_proven() {
    let (plan, kinds) = (plan(), ["database"]);
    let due =
        |entries: Vec<Entry>, now| agenda(&plan, &kinds, &Catalogue::new(entries, vec![]), now);
    let make = Task::Make { what: "database".into() };
    assert_eq!(due(vec![], T0), std::slice::from_ref(&make), "without any, one is made at once");
    let prove = |level| Task::Prove { backup: BackupId::new(T0, "database").unwrap(), level };
    assert_eq!(due(vec![entry(T0, vec![])], T0 + Span::mins(1)), [prove(Level::L2)]);
    let proven = entry(T0, vec![check(T0 + Span::mins(2), Level::L2, None)]);
    assert_eq!(due(vec![proven.clone()], T0 + Span::mins(3)), []);
    assert_eq!(due(vec![proven.clone()], T0 + Span::hours(6)), std::slice::from_ref(&make));
    assert_eq!(due(vec![proven.clone()], T0 + Span::hours(25)), [make.clone(), prove(Level::L1)]);
    assert_eq!(due(vec![proven], T0 + Span::days(8)), [make, prove(Level::L2)]);
    assert_eq!(agenda(&plan, &[], &Catalogue::default(), T0), [], "only what can be made");
}

#[test]
fn only_what_is_surely_rubbish_is_deleted_and_by_its_name() {
    let policies = [policy(Some(Span::days(30)), None)];
    let old = |days| entry(T0 - Span::days(days), vec![]);
    let mut good = old(0);
    let prune = |entries: Vec<Entry>, strays: Vec<Stray>, now| {
        Prune::plan(&policies, &Catalogue::new(entries, strays), [].iter(), now)
    };
    assert!(
        prune(vec![old(40), old(0)], vec![], T0).is_empty(),
        "while none is proven, any may be the only good one"
    );
    good.checks = vec![check(T0, Level::L1, None)];
    let plan = prune(vec![old(40), good.clone()], vec![], T0);
    assert_eq!(plan.backups.len(), 1);
    assert_eq!(plan.hash(), prune(vec![old(40), good.clone()], vec![], T0 + Span::hours(1)).hash());
    assert_ne!(plan.hash(), prune(vec![old(41), old(40), good.clone()], vec![], T0).hash());
    let mut locked = old(40);
    locked.locked_until = Some(T0 + Span::days(1));
    assert!(prune(vec![locked, good], vec![], T0).is_empty());
    let stray = |unfinished| Stray {
        name: "backups/x/begun".into(),
        bytes: 6,
        at: T0,
        because: "it has no manifest".into(),
        unfinished,
    };
    let swept = |unfinished, after| prune(vec![], vec![stray(unfinished)], T0 + after).strays.len();
    assert_eq!(swept(true, STRAY_GRACE), 0, "it may be a backup that is being made");
    assert_eq!(swept(true, STRAY_GRACE + Span::secs(1)), 1);
    assert_eq!(swept(false, Span::days(99)), 0, "what has a manifest is nobody's rubbish");
}

#[test]
fn what_is_left_of_a_backup_whose_manifest_was_taken_away_is_never_swept() {
    let id = BackupId::new(T0, "database").unwrap();
    let left = Stray {
        name: format!("{}/database.dump.zst.age", Manifest::folder(&id)),
        bytes: 9,
        at: T0,
        because: "no manifest".into(),
        unfinished: true,
    };
    let all = Catalogue::new(vec![], vec![left]);
    let mut standing = crate::safety::Standing::default();
    let swept = |standing: &crate::safety::Standing| {
        let vanished = standing.backups.vanished(&all);
        Prune::plan(&[], &all, vanished, T0 + Span::days(99)).strays.len()
    };
    assert_eq!(swept(&standing), 1, "it was never finished");
    standing.backups.kept.insert(id.clone());
    assert_eq!(standing.backups.vanished(&all).collect::<Vec<_>>(), [&id]);
    assert_eq!(swept(&standing), 0);
    let whole = Catalogue::new(vec![entry(T0, vec![])], vec![]);
    assert_eq!(standing.backups.vanished(&whole).count(), 0);
}
