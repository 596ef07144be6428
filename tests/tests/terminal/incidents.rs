//! An incident's life at the keyboard, and what a tired person gets wrong.

use insta::assert_snapshot;

use crate::Place;

/// A place where incident 1 is open.
fn open() -> Place {
    let place = Place::new();
    place.does("incident declare p1 frontend the login page is white");
    place
}

#[test]
fn an_incident_is_declared_worked_on_and_ended() {
    let place = open();
    assert!(place.does("incident ack").contains("lead-developer has it"));
    assert!(place.does("incident update 1 rolling back now").contains("rolling back now"));
    assert!(place.does("incident severity 1 P2 only half of it").contains("Incident 1  P2  open"));
    assert!(place.does("incident assign 1 tech senior-developer").contains("technical lead"));
    assert!(place.does("incident mitigated 1").contains("Incident 1  P2  mitigated"));
    let resolved = place.does(r#"incident resolve 1 --without-evidence "tried it by hand""#);
    assert!(resolved.contains("Incident 1  P2  resolved"), "{resolved}");
    assert!(place.does("incident reopen 1 white again").contains("Incident 1  P2  open"));
    let told: Vec<String> = place.does("incident timeline 1").lines().map(without_times).collect();
    assert_snapshot!(told.join("\n"), @"
    ! ALARM incident frontend looks wrong; lead-developer says: the login page is white
    ! ALARM declared P1: complete service outage
    » PAGE rung 1 of the ladder: paging devops-engineer
    ? LOOK checking, round vercel's status, supabase's status, the control site, our DNS names, recent deployments, the standby
    @ PERSON lead-developer has it (by terminal)
    @ PERSON lead-developer is now incident commander
    @ PERSON lead-developer says: rolling back now
    @ PERSON lead-developer set the severity to P2: only half of it
    @ PERSON senior-developer is now technical lead
    ↑ BETTER answers again since on a person's word alone, without evidence
    ✓ CLEAR ALL CLEAR, on a person's word alone, without evidence: tried it by hand
    ! ALARM lead-developer opened it again: white again
    » PAGE rung 1 of the ladder: paging devops-engineer
    ");
}

/// A line of the timeline without its times.
fn without_times(line: &str) -> String {
    let is_time = |word: &str| word.contains(':') && word.starts_with(['+', '0', '1', '2']);
    line.split_whitespace().filter(|word| !is_time(word)).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_declaration_needs_few_words() {
    let place = Place::new();
    let says = |line: &str| place.does(&format!("incident declare {line}"));
    assert!(says("the page is white").starts_with("Incident 1  P1  open\nApplication Frontend"));
    assert!(says("database is slow").contains("\nDatabase: "));
    assert!(says("p3 storage").starts_with("Incident 3  P3  open\nFile Storage"));
    assert!(place.does("incident timeline 3").contains("storage is down"));
}

#[test]
fn slips_of_the_thumb_are_asked_back() {
    let place = Place::new();
    let asks = |line: &str| place.refused(&format!("incident declare {line}"));
    assert_snapshot!(asks("p1 frotnend is down"), @"error: there is no component `frotnend`: did you mean `frontend`?");
    assert_snapshot!(asks("p7 frontend is down"), @"error: there is no severity `p7`: write p1, p2, p3 or p4, or none");
    assert!(place.misunderstood("incident declare").contains("<WORDS>"));
    assert!(place.misunderstood(r#"incident declare " ""#).contains("say it in words"));
    assert!(!place.desk.path("allclear.db").exists(), "nothing was opened by a slip");
}

#[test]
fn one_outage_has_one_incident() {
    let place = open();
    assert_snapshot!(place.refused("incident declare frontend is still down"), @"error: incident 1 is already open for frontend: use `allclear incident update 1`");
}

#[test]
fn the_first_to_acknowledge_has_it() {
    let place = open();
    place.does("incident ack 1");
    assert_snapshot!(place.refused("incident ack 1"), @"error: lead-developer has acknowledged this already");
    assert_snapshot!(place.refused("incident ack"), @"error: nothing waits to be acknowledged");
    let other = place.desk.types("--as senior-developer incident ack 1");
    assert_eq!((other.code, other.err.contains("lead-developer has acknowledged")), (1, true));
}

#[test]
fn several_waiting_incidents_are_not_guessed_between() {
    let place = open();
    place.does("incident declare database is slow");
    assert_snapshot!(place.refused("incident ack"), @"error: several incidents wait, say which: 1, 2");
    assert!(place.does("incident ack 2").starts_with("Incident 2"));
    assert!(place.does("incident ack").starts_with("Incident 1"));
}

#[test]
fn only_people_of_the_plan_are_heard() {
    let place = open();
    let nobody = place.desk.types("incident ack 1");
    assert_eq!(nobody.code, 1);
    assert_snapshot!(nobody.err, @"error: say who you are: --as PERSON or ALLCLEAR_PERSON, one of lead-developer, senior-developer, devops-engineer, project-manager, stakeholder-rep");
    let stranger = place.desk.types("--as stranger incident ack 1");
    assert_eq!(stranger.code, 1);
    assert_snapshot!(stranger.err, @"error: `stranger` is not in the plan: people are lead-developer, senior-developer, devops-engineer, project-manager, stakeholder-rep");
    assert_snapshot!(place.refused("incident assign 1 comms stranger"), @"error: `stranger` is nobody in the plan: people are lead-developer, senior-developer, devops-engineer, project-manager, stakeholder-rep");
    assert!(
        place.misunderstood("incident assign 1 boss lead-developer").contains("write commander")
    );
    assert!(place.does("incident show 1").contains("nobody has it yet"));
}

#[test]
fn all_clear_needs_evidence_or_a_reason() {
    let place = open();
    assert_snapshot!(place.refused("incident resolve 1"), @r#"error: not resolved: our own probes cannot see it. If you know better: --without-evidence "why""#);
    assert!(place.misunderstood(r#"incident resolve 1 --without-evidence """#).contains("words"));
    assert!(place.does("incident show").contains("Incident 1  P1  open"));
    place.does("incident mitigated 1");
    let told = place.does("incident timeline 1");
    assert!(told.contains("on a person's word alone, without evidence"), "{told}");
}

#[test]
fn what_is_over_is_over() {
    let place = open();
    assert_snapshot!(place.refused("incident reopen 1 why not"), @"error: incident 1 is already open for frontend: use `allclear incident update 1`");
    place.does("incident resolve 1 --without-evidence checked");
    assert_snapshot!(place.refused("incident resolve 1"), @"error: incident 1 is resolved: it is over");
    assert_snapshot!(place.refused("incident mitigated 1"), @"error: incident 1 is resolved: only an open incident can be mitigated");
    assert_snapshot!(place.refused("incident ack 1"), @"error: incident 1 is resolved: there is nothing to acknowledge");
}

#[test]
fn a_severity_is_one_of_four() {
    let place = open();
    assert_snapshot!(place.misunderstood("incident severity 1 p9 worse"), @"
    error: invalid value 'p9' for '<TO>': write p1 (complete outage), p2 (partial), p3 (minor) or p4

    For more information, try '--help'.
    ");
    assert!(place.misunderstood("incident severity 1 p2").contains("<BECAUSE>"));
}

#[test]
fn the_list_names_the_newest_first() {
    let place = open();
    place.does("incident declare p3 storage");
    let list = place.does("incident list");
    let heads: Vec<&str> = list.lines().filter_map(|line| line.split(", ").next()).collect();
    assert_snapshot!(heads.join("\n"), @"
    2  P3  open       storage
    1  P1  open       frontend
    ");
    assert_eq!(place.does("incident list --limit 1").lines().count(), 1);
    assert!(place.does("incident show").starts_with("Incident 2"), "the newest that is live");
}

#[test]
fn an_incident_that_is_not_there_is_said_so() {
    let place = open();
    let verbs =
        ["incident show 9", "incident ack 9", "incident timeline 9", "report 9", "verify 9"];
    for line in verbs {
        let says = place.refused(line);
        assert_eq!(says, "error: there is no incident 9: `incident list` shows them\n");
    }
}

#[test]
fn a_mistyped_store_is_not_all_clear() {
    let place = open();
    for verb in ["incident list", "incident show", "verify", "report 1"] {
        let says = place.refused(&format!("--store alclear.db {verb}"));
        assert!(says.contains("there is no store at alclear.db"), "{verb}: {says}");
    }
    assert!(!place.desk.path("alclear.db").exists());
}

#[test]
fn machines_get_json() {
    let place = open();
    place.does("incident ack 1");
    let shown = place.json("incident show 1");
    assert_eq!((&shown["number"], &shown["severity"]), (&1.into(), &"P1".into()));
    assert_eq!(shown["acknowledged_by"], "lead-developer");
    let rows = place.json("incident list");
    assert_eq!((&rows[0]["state"], &rows[0]["ended"]), (&"open".into(), &().into()));
    assert_eq!(rows[0]["since"], shown["since"]);
    assert_eq!(place.json("incident timeline 1").as_array().unwrap().len(), 2);
    for line in ["update 1 hello", "severity 1 p2 half", "assign 1 comms project-manager"] {
        assert_eq!(place.json(&format!("incident {line}"))["number"], 1);
    }
    assert_eq!(place.json("incident mitigated 1")["state"], "mitigated");
    assert_eq!(place.json("incident resolve 1 --without-evidence x")["state"], "resolved");
    assert_eq!(place.json("incident reopen 1 again")["state"], "open");
    assert_eq!(place.json("incident declare database down")["number"], 2);
}
