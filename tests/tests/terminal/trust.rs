//! What can be trusted: chains, reports, the doctor, the freeze; and stores that aren't ours.

use functions::store::ServerLock;
use insta::assert_snapshot;
use rusqlite::Connection;

use crate::Place;

/// A place with a story of two incidents.
fn lived_in() -> Place {
    let place = Place::new();
    place.does("incident declare p1 frontend is down");
    place.does("incident ack 1");
    place.does("incident update 1 looking");
    place.does("incident declare database is slow");
    place.does("freeze a vendor works on it");
    place
}

/// Changes the store behind its back, as somebody with the file could.
fn tamper(place: &Place, sql: &str) {
    let store = Connection::open(place.desk.path("allclear.db")).unwrap();
    assert!(store.execute(sql, []).is_err(), "the store itself forbids this");
    store.execute_batch("DROP TRIGGER turns_are_never_changed").unwrap();
    assert_eq!(store.execute(sql, []).unwrap(), 1);
}

#[test]
fn whole_chains_are_verified() {
    let place = lived_in();
    assert_snapshot!(place.does("verify"), @"Verified: 5 turns of 2 incidents and the safety journal, every hash as it should be.");
    assert_snapshot!(place.does("verify 2"), @"Verified: 1 turn of 1 incident, every hash as it should be.");
    let json = place.json("verify");
    assert_eq!((&json["verified"], &json["turns"]), (&true.into(), &5.into()));
    assert_eq!(json["heads"]["safety"].as_str().map(str::len), Some(64));
}

#[test]
fn a_changed_byte_is_found_where_it_is() {
    let place = lived_in();
    tamper(
        &place,
        "UPDATE turns SET json = replace(json, 'looking', 'l0oking')
         WHERE number = 3 AND stream = (SELECT id FROM incidents WHERE number = 1)",
    );
    let says = place.refused("verify");
    assert!(says.starts_with("error: incident 1: first bad turn is 3: "), "{says}");
    assert!(place.refused("verify 1").starts_with("error: incident 1: first bad turn is 3: "));
    place.does("verify 2");
    for verb in ["incident timeline 1", "report 1"] {
        assert!(place.refused(verb).contains('3'), "{verb} tells no story that can't be trusted");
    }
}

#[test]
fn a_changed_freeze_is_found_too() {
    let place = lived_in();
    tamper(
        &place,
        "UPDATE turns SET json = replace(json, 'vendor', 'Vendor') WHERE stream = 'safety'",
    );
    let says = place.refused("verify");
    assert!(says.starts_with("error: the safety journal: first bad turn is 1: "), "{says}");
}

#[test]
fn a_report_is_written_in_both_forms() {
    let place = lived_in();
    assert_snapshot!(place.does("report 1"), @"
    reports/incident-1.md
    reports/incident-1.html
    ");
    assert!(
        place.read("reports/incident-1.md").starts_with("# Incident 1: Application Frontend (P1)")
    );
    let page = place.read("reports/incident-1.html");
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let page = roxmltree::Document::parse_with_options(&page, options).unwrap();
    assert_eq!(page.root_element().tag_name().name(), "html");
    let json = place.json("report 1 --out elsewhere");
    assert_eq!(json["files"][1], "elsewhere/incident-1.html");
    assert!(place.refused("report 1 --out /dev/null/x").contains("failed to make the folder"));
}

#[test]
fn the_doctor_says_what_is_armed_and_what_is_not() {
    let place = Place::new();
    let says = place.does("doctor");
    assert!(says.contains("store      allclear.db (not there yet"), "{says}");
    assert!(says.contains("disarmed   failover: the plan says dry-run"), "{says}");
    assert!(says.contains("missing    Lead Developer has no name, phone, mail"), "{says}");
    assert!(says.contains("overdue    12 of 12 drills, the plan's review by "), "{says}");
    assert!(says.contains("missing    backups of our own"), "{says}");
    assert!(!place.desk.path("allclear.db").exists(), "a doctor changes nothing");
}

#[test]
fn the_doctor_says_which_means_outlives_a_lost_control_plane() {
    let place = Place::new();
    let says = place.does("doctor");
    assert!(says.contains("latch: not filled in"), "{says}");
    let filled = place
        .read("infra/plan.toml")
        .replacen("zone_id = \"[Hosted zone id]\"", "zone_id = \"Z0EXAMPLE\"", 1)
        .replacen("bucket = \"[Bucket]\"", "bucket = \"latch\"", 1);
    std::fs::write(place.desk.path("filled.toml"), filled).unwrap();
    let says = place.does("--plan-file filled.toml doctor");
    assert!(says.contains("latch: still works when us-east-1's control planes don't"), "{says}");
    assert!(says.contains("records: needs Route 53's control plane in us-east-1"), "{says}");
    let json = place.json("--plan-file filled.toml doctor");
    assert_eq!(json["traffic"][1]["survives_us_east_1"], false);
}

#[test]
fn the_doctor_sees_what_waits_and_who_serves() {
    let place = lived_in();
    let says = place.does("doctor");
    assert!(says.contains("server     none: nobody is paged"), "{says}");
    assert!(says.contains("owed       pages "), "{says}");
    assert!(says.contains("FROZEN     by lead-developer: a vendor works on it"), "{says}");
    assert!(says.ends_with("open       2 incidents\n"), "{says}");
    let _server = ServerLock::take(&place.desk.path("allclear.db")).unwrap();
    let says = place.does("doctor");
    assert!(says.contains(&format!("process {} serves this store", std::process::id())), "{says}");
    let json = place.json("doctor");
    assert_eq!(json["open"], serde_json::json!([1, 2]));
    assert_eq!(json["frozen"]["by"], "lead-developer");
}

#[test]
fn the_first_freeze_stays_until_it_is_lifted() {
    let place = Place::new();
    assert_snapshot!(place.does(r#"freeze "vendor maintenance""#), @"Frozen: nothing acts any more. Detection and paging go on.");
    assert_snapshot!(place.does("freeze something else"), @"Frozen already, by lead-developer: vendor maintenance");
    assert_snapshot!(place.does("unfreeze"), @"No longer frozen: what is armed may act.");
    assert_snapshot!(place.does("unfreeze"), @"Nothing was frozen.");
    assert!(place.misunderstood("freeze").contains("<WHY>"));
    assert_eq!(place.json("freeze again")["new"], true);
    assert_eq!(place.json("unfreeze")["was"]["why"], "again");
    assert_eq!(place.desk.types("freeze please").code, 1, "nobody said who they are");
}

#[test]
fn the_kill_switch_outlasts_an_unfreeze() {
    let place = lived_in();
    std::fs::write(place.desk.path("allclear.db.freeze"), "migration tonight").unwrap();
    assert_snapshot!(place.does("unfreeze"), @"Still stopped by the file allclear.db.freeze: remove it too.");
    let says = place.does("doctor");
    assert!(says.contains("FROZEN     allclear.db.freeze is there: migration tonight"), "{says}");
}

#[test]
fn a_file_that_is_not_ours_is_left_alone() {
    let place = Place::new();
    std::fs::write(place.desk.path("diary.txt"), "dear diary").unwrap();
    let foreign = Connection::open(place.desk.path("foreign.db")).unwrap();
    foreign.execute_batch("CREATE TABLE orders (id INTEGER)").unwrap();
    for store in ["diary.txt", "foreign.db"] {
        for verb in ["incident list", "incident declare frontend is down", "verify", "doctor"] {
            let says = place.refused(&format!("--store {store} {verb}"));
            assert!(says.contains(&format!("{store} is not a store of All Clear")), "{says}");
        }
    }
    assert_eq!(place.read("diary.txt"), "dear diary");
    let says = place.refused("--store nowhere/x.db incident declare frontend is down");
    assert!(says.contains("the folder of nowhere/x.db does not exist: create it first"), "{says}");
}
