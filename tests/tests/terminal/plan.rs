//! The plan's check, and how words are understood.

use std::process::Stdio;

use insta::assert_snapshot;

use crate::Place;

#[test]
fn the_plan_is_checked_against_itself() {
    let place = Place::new();
    let says = place.does("plan check");
    assert!(says.starts_with("CONTRADICTION 1\n"), "{says}");
    let last = says.lines().last().unwrap();
    assert!(last.starts_with("infra/plan.toml: no mistakes; "), "{last}");
    let findings = place.json("plan check")["findings"].as_array().unwrap().len();
    let told = says.lines().filter(|line| line.starts_with(|first: char| first.is_uppercase()));
    assert_eq!(told.count(), findings);
}

#[test]
fn a_mistake_in_the_plan_names_its_line_and_what_to_write() {
    let place = Place::new();
    let text = place.read("infra/plan.toml").replacen("rto = \"15m\"", "rto = \"15 minuts\"", 1);
    let line = 1 + text.lines().position(|line| line.contains("minuts")).unwrap();
    std::fs::write(place.desk.path("mine.toml"), text).unwrap();
    for verb in ["plan check", "incident list", "serve", "drill blip"] {
        let says = place.refused(&format!("--plan-file mine.toml {verb}"));
        assert!(says.contains(&format!("mine.toml:{line}:7: ")), "{says}");
        assert!(says.contains("write e.g. 30s, 2m, 6h, 30d"), "{says}");
    }
    let says = place.refused("--plan-file nowhere.toml plan check");
    assert!(says.starts_with("error: failed to read the plan nowhere.toml: "), "{says}");
}

#[test]
fn without_a_plan_the_built_in_one_counts() {
    let place = Place::new();
    std::fs::remove_dir_all(place.desk.path("infra")).unwrap();
    assert!(place.does("doctor").starts_with("plan       the built-in plan (version 1.0)\n"));
}

#[test]
fn an_unknown_verb_names_the_nearest() {
    let place = Place::new();
    assert!(
        place.misunderstood("incdent list").contains("a similar subcommand exists: 'incident'")
    );
    assert!(
        place.misunderstood("incident lst").contains("similar subcommands exist: 'ls', 'list'")
    );
    let says = place.misunderstood("ack 1");
    assert!(says.ends_with("hint: did you mean `allclear incident ack`?\n"), "{says}");
    assert!(place.misunderstood("lunch").contains("unrecognized subcommand 'lunch'"));
}

#[test]
fn typing_nothing_shows_what_could_be_typed() {
    let place = Place::new();
    let said = place.desk.types("");
    assert_eq!(said.code, 2);
    assert!(said.err.contains("Rehearse a scenario in a simulated town"), "{}", said.err);
    assert!(said.err.contains("At 3 a.m.: `allclear incident list`"), "{}", said.err);
    assert_eq!(place.desk.types("--help").code, 0);
    assert_snapshot!(place.does("--version"), @"allclear 0.1.0");
}

#[test]
fn a_setting_given_twice_counts_as_given_last() {
    let place = Place::new();
    place.does("incident declare frontend is down");
    assert!(place.does("--store other.db --store allclear.db incident list").contains("frontend"));
}

#[test]
fn shells_get_their_completions() {
    let place = Place::new();
    let script = place.does("completions bash");
    assert!(script.contains("_allclear()") && script.contains("timeline"), "{script}");
    assert!(place.misunderstood("completions cmd").contains("bash"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    place.does("incident declare frontend is down");
    for line in ["incident list", "plan check", "drill list", "completions bash", "drill blip"] {
        let mut command = place.desk.command(line);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), said.as_ref()), (Some(0), ""), "allclear {line}");
    }
    assert!(place.desk.path("reports/drill-blip-1.md").exists(), "the report is still written");
}
