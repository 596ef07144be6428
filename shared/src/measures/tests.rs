//! Targets kept, broken and not measured; totals.

use super::*;
use crate::effect::{Act, Finding, Look, Outcome, Page, Preflight};
use crate::id::EffectKey;
use crate::incident::{Choice, Sign, Witness};
use crate::plan::{Alert, ContactKind, built_in_text, read};
use crate::signal::Trust;

const T0: Ts = Ts(1_795_356_160_000);

fn plan() -> Plan {
    read::read("plan.toml", built_in_text()).unwrap()
}

fn at(after: i64) -> Ts {
    T0 + Span::secs(after)
}

/// Folds what happened so many seconds after T0.
fn measured(beats: Vec<(i64, Event)>) -> Measures {
    let mut incident = Incident::unborn("i".into());
    let mut turns = Vec::new();
    for (turn, (after, event)) in (1..).zip(beats) {
        incident.apply(&event, at(after));
        turns.push(Body {
            stream: "i".into(),
            turn,
            at: at(after),
            actor: "x".into(),
            key: turn.to_string().into(),
            events: vec![event],
            owes: vec![],
            settles: None,
        });
    }
    Measures::of(&plan(), &incident, &turns)
}

fn opened(component: &str, since: i64) -> Event {
    let sign = Sign { source: "pingdom".into(), says: "down".into(), trust: Trust::Signed };
    Event::Opened { number: 7, component: component.into(), since: at(since), sign }
}

fn declared() -> Event {
    Event::Declared { severity: Severity::P1, because: "complete service outage".into() }
}

fn recovered(after: i64) -> Event {
    Event::Recovered { at: at(after), witness: Witness::Probes }
}

fn resolved() -> Event {
    Event::Resolved { witness: Witness::Probes, because: "steady".into() }
}

fn settled(act: Act, outcome: Outcome) -> Event {
    Event::ActSettled {
        operation: EffectKey { stream: "i".into(), turn: 5, position: 0 },
        act,
        outcome,
    }
}

fn rollback() -> Act {
    Act::RollBack { from: "dpl_2".into(), to: "dpl_1".into() }
}

fn standby(age: Span) -> Event {
    let preflight = Preflight {
        answers: true,
        certificate_life: Span::days(60),
        database: true,
        data_age: age,
        build: None,
    };
    Event::Found { look: Look::Standby, finding: Finding::Standby(preflight) }
}

fn chose(act: Act) -> Event {
    Event::Chose { choice: Choice::Act { act, because: vec!["it is down".into()] } }
}

fn page(by: ContactKind, copy: u8, outcome: Outcome) -> Event {
    let page = Page {
        person: "lead-developer".into(),
        by,
        code: 731,
        copy,
        rung: 0,
        incident: 7,
        severity: Severity::P1,
        component: "frontend".into(),
        not_before: None,
        test: false,
    };
    Event::Paged { page, outcome, key: None, again: false }
}

/// An outage of a component that recovers after so many seconds.
fn outage(component: &str, recovery: i64) -> Vec<(i64, Event)> {
    vec![
        (15, opened(component, 15)),
        (16, Event::FirstFailure { since: T0 }),
        (31, declared()),
        (75, Event::Acknowledged { by: "lead-developer".into(), via: "sms".into() }),
        (recovery + 2, recovered(recovery)),
        (recovery + 900, resolved()),
    ]
}

/// The outage with more events in its middle.
fn with(events: Vec<Event>) -> Measures {
    let mut beats = outage("frontend", 400);
    let more = (100..).zip(events);
    beats.splice(4..4, more);
    measured(beats)
}

#[test]
fn the_clock_starts_at_the_first_failing_probe() {
    let measures = measured(outage("frontend", 400));
    assert_eq!((measures.start, measures.start_was_probed), (T0, true));
    assert_eq!(measures.detection, Some(Span::secs(31)));
    assert_eq!(measures.acknowledgement, Some(Span::secs(44)));
    assert_eq!(measures.recovery, Some(Span::secs(400)));
    assert_eq!(measures.all_clear, Some(Span::secs(1_300)));
}

#[test]
fn without_a_probe_the_claimed_start_counts_and_is_called_so() {
    let measures = measured(vec![(20, opened("frontend", 5)), (90, declared())]);
    assert_eq!((measures.start, measures.start_was_probed), (at(5), false));
    assert!(measures.rows()[0].measured.ends_with("(as claimed)"));
}

#[test]
fn an_rto_is_kept_to_the_second_and_broken_after_it() {
    let verdict = |recovery| measured(outage("frontend", recovery)).rto_verdict();
    assert_eq!(verdict(900), Verdict::Kept);
    assert_eq!(verdict(901), Verdict::Broken { by: Span::secs(1) });
}

#[test]
fn auth_may_break_its_own_rto_and_keep_the_databases() {
    let measures = measured(outage("auth", 1_200));
    assert_eq!(measures.rto, Target { own: Span::mins(15), effective: Span::mins(30) });
    assert_eq!(measures.rto_verdict(), Verdict::Broken { by: Span::mins(5) });
    assert_eq!(measures.effective_rto_verdict(), Verdict::Kept);
    let rows = measures.rows();
    assert!(rows.iter().any(|row| row.name == "Recovery, with what it depends on"));
}

#[test]
fn a_failover_exposes_the_age_that_the_standbys_data_had_at_the_choice() {
    let took = settled(Act::FailOver, Outcome::Done(Finding::Nothing));
    let events = vec![standby(Span::secs(40)), chose(Act::FailOver), standby(Span::secs(90)), took];
    let measures = with(events);
    assert_eq!(measures.loss, Loss::UpTo(Span::secs(40)));
    let row = measures.rows().into_iter().find(|row| row.name == "Data loss").unwrap();
    assert_eq!(row.verdict, Verdict::Broken { by: Span::secs(40) });
}

#[test]
fn a_failover_whose_reply_was_lost_counts_once_it_is_read_back() {
    let operation = EffectKey { stream: "i".into(), turn: 5, position: 0 };
    let look = Look::ReadBack { operation, act: Act::FailOver };
    let lost = || settled(Act::FailOver, Outcome::Unknown { why: "timeout".into() });
    let choice = || vec![standby(Span::secs(40)), chose(Act::FailOver), lost()];
    assert_eq!(with(choice()).acts.executed, 0);
    let back = Event::Found { look, finding: Finding::ReadBack { applied: true } };
    let measures = with([choice(), vec![back]].concat());
    assert_eq!((measures.acts.executed, measures.loss), (1, Loss::UpTo(Span::secs(40))));
}

#[test]
fn a_rollback_loses_nothing_and_doing_nothing_measures_nothing() {
    assert_eq!(
        with(vec![settled(rollback(), Outcome::Done(Finding::Nothing))]).loss,
        Loss::Nothing
    );
    let nothing = with(vec![]);
    assert!(matches!(nothing.loss, Loss::Unknown(_)));
    let row = nothing.rows().into_iter().find(|row| row.name == "Data loss").unwrap();
    assert!(matches!(row.verdict, Verdict::NotMeasured { .. }));
}

#[test]
fn a_dry_run_is_no_action() {
    let wait = Choice::Wait { because: vec!["not armed".into()], would: Some(rollback()) };
    let measures = with(vec![
        Event::ActStarted { act: rollback(), attempt: 1 },
        settled(rollback(), Outcome::Done(Finding::WouldHave)),
        Event::Chose { choice: wait },
    ]);
    assert_eq!(measures.acts, Acts { executed: 0, refused: 0, held_back: 1 });
    assert_eq!((measures.action, measures.loss != Loss::Nothing), (None, true));
}

#[test]
fn traffic_moves_as_soon_as_certainty_our_own_work_and_the_ttl_allow() {
    let sure = |second: i64| (second, Event::LooksAsked { round: 1, looks: vec![] });
    let moves = |act: Act, done: i64| {
        let took = settled(act.clone(), Outcome::Done(Finding::Nothing));
        measured(
            [vec![(0, opened("frontend", 0)), sure(93), (94, chose(act)), (done, took)]].concat(),
        )
    };
    let words = |measures: &Measures| -> Vec<String> {
        let rows = measures.rows().into_iter().skip(4).take(2);
        rows.map(|row| format!("{}: {} ({}: {})", row.name, row.measured, row.target, row.verdict))
            .collect()
    };
    assert_eq!(
        words(&moves(Act::FailOver, 95)),
        [
            "Sure to accepted: 2.0 s (2 s: kept)",
            "Traffic moved: 2 min 35 s: sure after 1 min 33 s, ours 2.0 s, TTL 1 min (2 min 42 s: kept)"
        ]
    );
    assert_eq!(
        words(&moves(rollback(), 96)),
        [
            "Sure to accepted: 3.0 s (2 s: BROKEN by 1 s)",
            "Traffic moved: 1 min 36 s: sure after 1 min 33 s, ours 3.0 s (1 min 42 s: kept)"
        ]
    );
    let nobody = with(vec![chose(Act::FailOver)]);
    assert!(words(&nobody)[1].ends_with("not measured: no machine moved traffic)"));
}

#[test]
fn a_page_whose_copy_arrives_is_not_lost() {
    let taken = || Outcome::Done(Finding::Sent { provider: "telco".into(), receipt: "r".into() });
    let away = || Outcome::Never { why: "provider away".into() };
    let measures = with(vec![
        page(ContactKind::Voice, 1, taken()),
        page(ContactKind::Sms, 1, away()),
        page(ContactKind::Sms, 2, taken()),
        page(ContactKind::Mail, 1, away()),
        page(ContactKind::Slack, 1, Outcome::Done(Finding::WouldHave)),
    ]);
    assert_eq!(measures.pages, Pages { sent: 2, copies: 1, lost: 1, dry: 1 });
}

#[test]
fn downtime_counts_every_outage_and_burns_the_budget() {
    let mut beats = outage("frontend", 60);
    beats.insert(5, (100, Event::Relapsed { since: at(90) }));
    beats.insert(6, (150, recovered(130)));
    let measures = measured(beats);
    assert_eq!(measures.downtime, Some(Span::secs(100)));
    assert_eq!(measures.budget, Span::millis(259_200), "99.99 % of 30 days allow 4.32 min");
    let row = measures.rows().into_iter().find(|row| row.name == "Error budget").unwrap();
    assert_eq!(
        (row.measured.as_str(), row.verdict),
        ("1 min 40 s down: 39 % of the budget", Verdict::Kept)
    );
}

#[test]
fn slow_is_not_down_and_a_claim_that_passed_is_nothing() {
    let slow = Event::Impaired { alert: Alert::Warning, how: "answers in 900 ms".into() };
    let measures =
        measured(vec![(0, opened("frontend", 0)), (1, slow), (2, declared()), (60, recovered(60))]);
    assert_eq!(measures.downtime, None);
    let because = || "every monitor took it back".into();
    let claim = vec![(20, opened("frontend", 0)), (40, Event::Dismissed { because: because() })];
    assert_eq!(measured(claim).downtime, None);
}

#[test]
fn the_report_is_late_after_a_day() {
    let mut beats = outage("frontend", 100);
    beats.push((1_000 + 86_401, Event::Reported));
    let row = measured(beats).rows().pop().unwrap();
    assert_eq!((row.name, row.verdict), ("Report", Verdict::Broken { by: Span::secs(1) }));
}

#[test]
fn totals_are_by_severity_and_leave_out_what_was_never_declared() {
    let recoveries = [100, 200, 1_200, 300].map(|seconds| measured(outage("frontend", seconds)));
    let nothing = measured(vec![(0, opened("frontend", 0))]);
    let totals = Totals::over(recoveries.iter().chain([&nothing]));
    let p1 = totals.0[&Severity::P1];
    assert_eq!((totals.0.len(), p1.incidents, p1.within_rto), (1, 4, 3));
    assert_eq!(p1.recover, Some(Average { mean: Span::secs(450), median: Span::secs(250) }));
    assert_eq!(p1.detect.map(|average| average.mean), Some(Span::secs(31)));
}
