//! Who is on call, who can't, and waking people by name.

use insta::assert_snapshot;

use super::Place;

/// A plan with a rotation, at the desk.
fn rotating() -> Place {
    let place = Place::new();
    let plan = shared::plan::built_in_text().to_owned()
        + "\n[on_call]\nzone = \"Europe/Berlin\"\nstart = \"2026-01-05\"\nhand_over = \"09:00\"\ndays = 7\n\
           people = [\"devops-engineer\", \"senior-developer\", \"lead-developer\"]\n";
    std::fs::write(place.desk.path("rotating.toml"), plan).unwrap();
    place
}

#[test]
fn who_is_on_call_is_said_now_next_and_for_a_week() {
    let place = rotating();
    let on_call = |line: &str| place.json(&format!("--plan-file rotating.toml oncall {line}"));
    let (now, next, week) = (on_call("now"), on_call("next"), on_call("week"));
    assert_eq!(now["zone"], "Europe/Berlin");
    assert_eq!(now["shifts"][0]["backup"], next["shifts"][0]["primary"]);
    assert_eq!(now["shifts"][0]["until"], next["shifts"][0]["since"]);
    let week = week["shifts"].as_array().unwrap();
    assert!(week.len() >= 2 && week[0] == now["shifts"][0] && week[1] == next["shifts"][0]);
    let said = place.does("--plan-file rotating.toml oncall");
    assert!(said.contains(", then ") && said.contains("09:00 Europe/Berlin"), "{said}");
    assert_snapshot!(place.does("oncall"), @r"
    devops-engineer, then senior-developer: at all times
    ! devops-engineer: no call can reach them: write their number into the plan
    ! lead-developer: no call can reach them: write their number into the plan
    ! senior-developer: no call can reach them: write their number into the plan
    ! carriers may drop our texts: register the sender (A2P), then set phone.registration
    ");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the program in the test has a real clock")]
fn somebody_stands_in_and_it_is_on_record() {
    let place = rotating();
    place.does("incident declare p1 down");
    let line = "--plan-file rotating.toml oncall override project-manager --until 2100-01-01T09:00";
    assert!(place.refused(line).contains("too long to stand in: change [on_call]"));
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(8);
    let line = format!("oncall override project-manager --until {until}");
    let said = place.does(&line);
    assert!(said.starts_with("project-manager, then devops-engineer: until "), "{said}");
    assert!(said.contains("1. project-manager stands in"), "{said}");
    place.does("page oncall somebody must look at this");
    let told = place.does("incident timeline 1");
    assert!(told.contains("lead-developer asks for project-manager: somebody must"), "{told}");
    assert!(place.does("oncall cancel 1").starts_with("devops-engineer"));
    assert_snapshot!(place.refused("oncall cancel 1"), @"error: nobody stands in under number 1: `oncall` shows who does");
    place.does("verify");
}

#[test]
fn whoever_cant_is_passed_over_and_the_next_one_is_paged() {
    let place = Place::new();
    place.does("incident declare p1 down");
    let said = place.desk.types("--as devops-engineer incident cant 1");
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("nobody has it yet"), "{}", said.out);
    let told = place.does("incident timeline 1");
    assert!(told.contains("devops-engineer can't (by terminal)"), "{told}");
    assert!(told.contains("rung 2 of the ladder: paging senior-developer"), "{told}");
    place.does("incident ack 1");
    assert_snapshot!(place.desk.types("--as devops-engineer incident ack 1").err, @"error: lead-developer has acknowledged this already");
    // Whoever has it gives it back by it.
    let back = place.does("incident decline 1");
    assert!(back.contains("nobody has it yet"), "{back}");
}

#[test]
fn people_are_asked_for_by_name_by_role_and_all_together() {
    let place = Place::new();
    assert_snapshot!(place.refused("page tech it burns"), @"error: failed to use the store: there is no store at allclear.db: a server or the first declaration makes it; else give another path");
    place.does("incident declare p2 slow");
    place.does("incident ack 1");
    place.does("page tech on 1 the index is gone");
    let told = place.does("incident timeline 1");
    assert!(told.contains("asks for senior-developer: the index is gone"), "{told}");
    assert_snapshot!(place.refused("page tech"), @"error: say why: `page tech nobody answers`");
    assert_snapshot!(place.refused("page nobody why"), @"error: `nobody` is nobody in the plan: people are lead-developer, senior-developer, devops-engineer, project-manager, stakeholder-rep");
    let coming = place.desk.types("--as senior-developer incident ack 1");
    assert_eq!(coming.code, 0, "{}", coming.err);
    assert!(place.does("incident timeline 1").contains("senior-developer is coming"));
}

#[test]
fn a_phone_is_tested_with_real_pages_and_no_incident() {
    let place = Place::new();
    place.does("incident declare p4 a trifle");
    let said = place.does("page test project-manager");
    assert!(said.contains("Test 1 of project-manager"), "{said}");
    assert!(said.contains("not answered yet. voice: under way; SMS: under way"), "{said}");
    let json = place.json("page tests");
    assert_eq!(json[0]["heard"], serde_json::Value::Null);
    assert_eq!(place.json("incident list").as_array().map(Vec::len), Some(1));
}
