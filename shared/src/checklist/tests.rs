//! What each sort of event shows of each step, and what it doesn't.

use std::sync::Arc;

use super::*;
use crate::effect::{Change, Deployment};
use crate::id::EffectKey;
use crate::incident::{Choice, Sign};
use crate::ledger::Hash;
use crate::operation::{Operation, Proposal};
use crate::plan::{built_in_text, read};
use crate::signal::Trust;
use crate::time::Span;

const T0: Ts = Ts(1_795_356_160_000);
const ROLLBACK: usize = 4;
const FAILOVER: usize = 5;

fn plan() -> Plan {
    read::read("plan.toml", built_in_text()).unwrap()
}

/// A P1 of the frontend with these events a minute apart after it was declared, looked at that many minutes later.
fn after(minutes: i64, events: Vec<Event>, operations: &Operations) -> Checklist {
    of("frontend", Severity::P1, minutes, events, operations)
}

fn of(
    component: &str,
    severity: Severity,
    minutes: i64,
    events: Vec<Event>,
    operations: &Operations,
) -> Checklist {
    let sign = Sign { source: "pingdom".into(), says: "502".into(), trust: Trust::Signed };
    let opened = Event::Opened { number: 7, component: component.into(), since: T0, sign };
    let declared = Event::Declared { severity, because: "outage".into() };
    let rest = events.into_iter().map(|event| vec![event]);
    let all = std::iter::once(vec![opened, declared]).chain(rest);
    let turns: Vec<Body<Event>> = (0..).zip(all).map(|(n, events)| turn(n, events)).collect();
    let mut incident = Incident::unborn("i".into());
    for body in &turns {
        incident.apply_turn(body, Hash::default());
    }
    checklist(&plan(), &incident, &turns, operations, T0 + Span::mins(minutes))
}

fn turn(number: u32, events: Vec<Event>) -> Body<Event> {
    Body {
        stream: "i".into(),
        turn: number + 1,
        at: T0 + Span::mins(i64::from(number)),
        actor: "x".into(),
        key: number.to_string().into(),
        events,
        owes: vec![],
        settles: None,
    }
}

fn words(list: &Checklist) -> Vec<&'static str> {
    list.steps.iter().map(|step| step.progress.word()).collect()
}

fn none() -> Operations {
    Operations::default()
}

fn key() -> EffectKey {
    EffectKey { stream: "i".into(), turn: 1, position: 0 }
}

fn back() -> Act {
    Act::RollBack { from: "dpl_2".into(), to: "dpl_1".into() }
}

fn started(act: Act) -> Event {
    Event::ActStarted { act, attempt: 1 }
}

fn settled(act: Act, outcome: Outcome) -> Event {
    Event::ActSettled { operation: key(), act, outcome }
}

fn asked(looks: Vec<Look>) -> Event {
    Event::LooksAsked { round: 1, looks }
}

fn status(vendor: &str, working: bool) -> Event {
    let finding = Finding::Vendor { vendor: vendor.into(), working, says: "All green".into() };
    Event::Found { look: Look::VendorStatus(vendor.into()), finding }
}

#[test]
fn nothing_is_done_before_anything_happened_and_late_is_said() {
    let early = after(1, vec![], &none());
    assert_eq!(early.title, "Complete application outage");
    assert_eq!(words(&early)[..7], ["due"; 7]);
    assert_eq!(words(&early)[7..], ["people's"; 2]);
    let late = after(6, vec![], &none());
    assert_eq!(words(&late)[..4], ["OVERDUE", "OVERDUE", "OVERDUE", "due"]);
    assert_eq!(late.steps[0].to_string(), "OVERDUE, by 14:07:40");
    assert_eq!(late.steps[8].to_string(), "people's, within 1 d");
    let slow = after(
        9,
        [vec![started(back()); 15], vec![settled(back(), Outcome::Done(Finding::Nothing))]]
            .concat(),
        &none(),
    );
    assert_eq!(slow.steps[ROLLBACK].to_string(), "done 14:18:40, late: by 14:17:40");
}

#[test]
fn a_look_counts_when_it_came_back_and_of_several_all() {
    let (vercel, supabase) =
        (Look::VendorStatus("vercel".into()), Look::VendorStatus("supabase".into()));
    let ask = || asked(vec![vercel.clone(), supabase.clone(), Look::Dns]);
    let at = |events: Vec<Event>| after(4, events, &none()).steps[0].progress.word();
    assert_eq!(at(vec![ask()]), "in progress");
    assert_eq!(at(vec![ask(), status("vercel", true)]), "in progress");
    assert_eq!(at(vec![ask(), status("vercel", true), status("supabase", false)]), "done");
    let away = Event::LookFailed { look: supabase.clone(), why: "no answer".into() };
    assert_eq!(at(vec![ask(), status("vercel", true), away.clone()]), "did not work");
    // A later round is looked at anew.
    assert_eq!(at(vec![ask(), status("vercel", true), away, ask()]), "in progress");
    assert_eq!(words(&after(4, vec![ask()], &none()))[..3], ["in progress", "in progress", "due"]);
}

#[test]
fn migrations_count_where_somebody_could_tell() {
    let deployment = |candidate, schema_compatible| Deployment {
        id: "dpl_1".into(),
        live_at: T0,
        current: false,
        candidate,
        proven: true,
        schema_compatible,
        commit: None,
        by: None,
    };
    for (deployment, word) in [
        (deployment(true, Some(true)), "done"),
        (deployment(true, Some(false)), "done"),
        (deployment(true, None), "did not work"),
        (deployment(false, Some(true)), "due"),
    ] {
        let finding = Finding::Deployments(vec![deployment]);
        let events =
            vec![asked(vec![Look::Deployments]), Event::Found { look: Look::Deployments, finding }];
        let list = after(3, events, &none());
        assert_eq!((words(&list)[2], words(&list)[3]), ("done", word));
    }
}

#[test]
fn an_action_is_done_where_it_took_place_and_helped() {
    let unheard = || Outcome::Unknown { why: "no reply".into() };
    let read_back = |applied| Event::Found {
        look: Look::ReadBack { operation: key(), act: back() },
        finding: Finding::ReadBack { applied },
    };
    let done = || settled(back(), Outcome::Done(Finding::Nothing));
    let never = || Outcome::Never { why: "no candidate".into() };
    let because = vec!["x".to_owned()];
    for (events, word) in [
        (vec![Event::Chose { choice: Choice::Act { act: back(), because } }], "due"),
        (vec![started(back())], "in progress"),
        (vec![started(back()), done()], "done"),
        (vec![started(back()), settled(back(), Outcome::Done(Finding::WouldHave))], "did not work"),
        (vec![started(back()), settled(back(), never())], "did not work"),
        (vec![started(back()), settled(back(), unheard())], "in progress"),
        (vec![started(back()), settled(back(), unheard()), read_back(true)], "done"),
        (vec![started(back()), settled(back(), unheard()), read_back(false)], "did not work"),
        (vec![started(back()), done(), Event::DidNotHelp { act: back() }], "did not work"),
    ] {
        let list = after(9, events.clone(), &none());
        assert_eq!(words(&list)[ROLLBACK], word, "{events:?}");
        assert_eq!(words(&list)[FAILOVER], "due", "a rollback is no failover");
    }
}

#[test]
fn what_people_did_for_this_incident_counts_and_nothing_else() {
    let journal = |incident, stage| {
        let change = Change { target: "t".into(), before: "a".into(), after: "b".into() };
        let one = Operation {
            number: 3,
            act: back(),
            by: "ada".into(),
            because: Arc::from("why"),
            incident,
            proposal: Proposal { by: "api".into(), changes: vec![change], gates: vec![] },
            hash: Hash::default(),
            planned_at: T0,
            approvals: vec![],
            resumes: 0,
            stage,
        };
        let mut operations = none();
        operations.all.insert(3, one);
        operations
    };
    let verified = || Stage::Over(Ending::Verified { says: "x".into() });
    let aborted = Stage::Over(Ending::Aborted { by: "ada".into(), because: "no".into() });
    let failed = Stage::Over(Ending::Failed { why: "no".into() });
    for (incident, stage, says) in [
        (Some(7), Stage::Planned, "due, by 14:17:40"),
        (Some(7), Stage::Acting, "in progress, operation 3"),
        (Some(7), verified(), "done, operation 3"),
        (Some(7), aborted, "due, by 14:17:40"),
        (Some(7), failed, "did not work, 14:02:40: operation 3: no"),
        (Some(8), verified(), "due, by 14:17:40"),
        (None, verified(), "due, by 14:17:40"),
    ] {
        let list = after(2, vec![], &journal(incident, stage));
        assert_eq!(list.steps[ROLLBACK].to_string(), says);
    }
    let tried = vec![started(back()), Event::DidNotHelp { act: back() }];
    let list = after(5, tried, &journal(Some(7), verified()));
    assert_eq!(
        list.steps[ROLLBACK].progress.word(),
        "done",
        "people did what the machine could not"
    );
}

#[test]
fn the_end_says_what_was_not_needed_and_what_nobody_showed() {
    let recovered = || Event::Recovered { at: T0, witness: Witness::Probes };
    let path = |passed| Event::Found {
        look: Look::CriticalPath,
        finding: Finding::CriticalPath { passed, says: "log in".into() },
    };
    let over = |witness| Event::Resolved { witness, because: "steady".into() };
    let list = |events| words(&after(9, events, &none()));
    let mitigated = list(vec![recovered()]);
    assert_eq!(mitigated[ROLLBACK..7], ["not needed", "not needed", "due"]);
    assert_eq!(list(vec![recovered(), path(false)])[6], "did not work");
    assert_eq!(list(vec![recovered(), path(true)])[6], "done");
    let relapsed = vec![recovered(), path(true), Event::Relapsed { since: T0 }];
    assert_eq!(list(relapsed)[6], "due");
    assert_eq!(list(vec![recovered(), over(Witness::PersonAlone)])[6], "not shown");
    // Opened again, the runbook begins anew.
    let reopened = vec![path(true), over(Witness::Probes), Event::Reopened { because: "x".into() }];
    assert_eq!(list(reopened)[6], "due");
}

#[test]
fn a_degradation_is_cleared_by_evidence_only() {
    let quorum = crate::detect::Quorum {
        total: 3,
        fresh: 3,
        failing: 3,
        lost: 0,
        in_row: 3,
        since: Some(T0),
        held_since: None,
    };
    let recovered = Event::Recovered { at: T0, witness: Witness::Probes };
    let over = |witness| Event::Resolved { witness, because: "steady".into() };
    let confirmed = Event::Confirmed { quorum };
    for (events, expected) in [
        (vec![confirmed.clone()], ["done", "due", "due"]),
        (vec![recovered.clone()], ["due", "not needed", "in progress"]),
        (vec![confirmed, recovered.clone(), over(Witness::Probes)], ["done", "not needed", "done"]),
        (vec![recovered, over(Witness::PersonAlone)], ["not shown", "not needed", "did not work"]),
    ] {
        let list = of("edge-functions", Severity::P3, 4, events, &none());
        assert_eq!(words(&list), expected);
    }
    assert_eq!(
        of("database", Severity::P1, 1, vec![], &none()).title,
        "Database corruption or loss"
    );
}

#[test]
fn each_provider_is_quoted_with_its_time() {
    let away = Event::LookFailed { look: Look::VendorStatus("supabase".into()), why: "x".into() };
    let turns =
        vec![turn(0, vec![status("vercel", false)]), turn(1, vec![status("vercel", true), away])];
    let seen = vendors_seen(&turns);
    let seen: Vec<_> =
        seen.iter().map(|one| (one.vendor.as_str(), one.working, one.at.clock())).collect();
    assert_eq!(
        seen,
        [("supabase", None, "14:03:40".to_owned()), ("vercel", Some(true), "14:03:40".to_owned())]
    );
}
