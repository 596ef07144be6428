//! Drills at the keyboard: every scenario runs, keeps its promises, and can be repeated byte for byte.

use shared::town::{FAULTS, SCENARIOS};

use crate::Place;

#[test]
fn the_list_names_every_scenario_and_fault() {
    let place = Place::new();
    let list = place.does("drill list");
    let named = |name: &str| list.lines().any(|line| line.starts_with(&format!("  {name} ")));
    assert!(SCENARIOS.iter().all(|(_, name, _)| named(name)), "{list}");
    assert!(named("data-loss"), "the drill with a real database: {list}");
    assert!(FAULTS.iter().all(|(_, name, _)| named(name)), "{list}");
    assert_eq!(place.does("drill"), list);
    let json = place.json("drill list");
    assert_eq!(json["scenarios"].as_array().map(Vec::len), Some(SCENARIOS.len() + 1));
    assert_eq!(json["faults"].as_array().map(Vec::len), Some(FAULTS.len()));
}

#[test]
fn every_scenario_keeps_its_promises() {
    let place = Place::new();
    for (_, name, _) in &SCENARIOS {
        let told = place.does(&format!("drill {name}"));
        let card = told.split_once("\nPromises\n").map(|(_, card)| card).unwrap_or_default();
        assert!(card.contains("✓ kept") && !card.contains("✗ BROKEN"), "drill {name}\n{told}");
    }
    assert!(!place.desk.path("allclear.db").exists(), "a drill touches no store");
}

#[test]
fn the_same_seed_gives_the_same_drill_byte_for_byte() {
    let place = Place::new();
    let line = "drill complete-outage --fault on-call-asleep --fault lost-reply";
    let first = rehearsed(&place, line, 7);
    assert!(first == rehearsed(&place, line, 7), "two runs with one seed differ");
    assert!(first != rehearsed(&place, line, 8), "another seed is another drill");
}

/// What is printed, and the two files of the report, which the next run writes anew.
fn rehearsed(place: &Place, line: &str, seed: u64) -> [String; 3] {
    let told = place.does(&format!("{line} --seed {seed}"));
    let report = format!("reports/drill-complete-outage-{seed}");
    let files = ["md", "html"].map(|ending| place.desk.path(&format!("{report}.{ending}")));
    let [text, page] = files.map(|file| {
        let written = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        written
    });
    [told, text, page]
}

#[test]
fn a_drill_speaks_json() {
    let place = Place::new();
    let json = place.json("drill bad-deployment --seed 3 --fault slack-down");
    assert_eq!((&json["scenario"], &json["seed"]), (&"bad-deployment".into(), &3.into()));
    assert_eq!(json["faults"], serde_json::json!(["slack-down"]));
    assert!(json["promises"].as_array().unwrap().iter().all(|promise| promise["kept"] == true));
    assert!(!json["incidents"][0]["turns"].as_array().unwrap().is_empty());
}

#[test]
fn an_unknown_scenario_or_fault_names_the_nearest() {
    let place = Place::new();
    assert_eq!(
        place.refused("drill complete-outag"),
        "error: there is no scenario `complete-outag`: did you mean `complete-outage`?\n"
    );
    assert_eq!(
        place.refused("drill blip --fault lost-repl"),
        "error: there is no fault `lost-repl`: did you mean `lost-reply`?\n"
    );
    assert!(place.misunderstood("drill blip --seed seven").contains("seven"));
}
