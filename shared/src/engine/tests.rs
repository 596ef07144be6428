//! The engine over a store in memory: what a storm, a stranger and a late word must not do.

use super::*;
use crate::effect::{Act, ActClass, Deployment, Effect, Finding, Lane, Look, Outcome, Preflight};
use crate::plan::{Component, Severity, built_in_text, read::read};
use crate::signal::{Measurement, TimeQuality};
use crate::store::{MemoryStore, Owed};
use crate::time::Span;
use crate::town::rehearsal_plan;

mod pages;
mod velocity;

const START: Ts = Ts(1_795_316_400_000);
const FRONTEND: &str = "frontend";

fn engine() -> Engine<MemoryStore> {
    let plan = rehearsal_plan(&read("infra/plan.toml", built_in_text()).unwrap());
    Engine::open(Arc::new(plan), MemoryStore::default(), START).unwrap()
}

fn says(monitor: &str, health: Health, trust: Trust, at: Ts) -> Signal {
    Signal {
        source: "uptime-kuma".into(),
        kind: Kind::Transition,
        health,
        monitor: monitor.into(),
        component: FRONTEND.into(),
        alert: None,
        correlation: None,
        observed_at: Some(at),
        started_at: None,
        time_quality: TimeQuality::Zoned,
        received_at: at,
        name: None,
        target: None,
        reason: None,
        measurement: None,
        trust,
    }
}

fn counts(errors: u64, trust: Trust, at: Ts) -> Signal {
    let measurement =
        Measurement { requests: Some(100), errors: Some(errors), ..Measurement::default() };
    let kind = Kind::Sample;
    Signal { kind, measurement: Some(measurement), ..says("edge", Health::Unknown, trust, at) }
}

fn deliver(engine: &mut Engine<MemoryStore>, signals: &[Signal], now: Ts) {
    let name = format!("{signals:?}{now}");
    let delivery = Delivery {
        key: Hash::of(&[name.as_bytes()]),
        source: "uptime-kuma".into(),
        trust: signals[0].trust,
        received_at: now,
        body: &[],
        verdict: Ok(signals.len() as u32),
    };
    engine.batch(now, |engine| engine.receive(&delivery, signals, now)).unwrap();
}

fn after(seconds: i64) -> Ts {
    START + Span::secs(seconds)
}

/// Every vantage point probes every 10 s in `seconds`.
fn probe(engine: &mut Engine<MemoryStore>, seconds: std::ops::Range<i64>, ok: bool) {
    for second in seconds {
        let now = after(second);
        let place = (second % 10) as usize;
        let vantage = engine.plan().detection.vantage_points.get(place).cloned();
        engine.batch(now, |engine| engine.tick(now)).unwrap();
        let Some(vantage) = vantage else { continue };
        let probe = Probe { vantage, at: now, ok, latency_ms: Some(80.0), why: None };
        engine.batch(now, |engine| engine.probe(&FRONTEND.into(), probe, true, now)).unwrap();
    }
}

fn pages(engine: &Engine<MemoryStore>, now: Ts) -> Vec<Owed> {
    engine.owed(Lane::Page, now, 100).unwrap()
}

fn state(engine: &Engine<MemoryStore>) -> Option<State> {
    engine.live().next().map(|incident| incident.state)
}

/// A suspicion about which so much was said that its stream is full.
fn full() -> Engine<MemoryStore> {
    let mut engine = engine();
    deliver(&mut engine, &[says("m", Health::Down, Trust::Unauthenticated, START)], START);
    for word in 0..crate::incident::MAX_TURNS {
        let wish = Wish::Update(word.to_string());
        let (target, by) = (Target::Number(1), "lead-developer".into());
        engine.wish(&target, &by, "terminal", &word.to_string(), &wish, START).unwrap();
    }
    engine
}

#[test]
fn an_outage_behind_a_full_suspicion_is_paged_and_climbs() {
    let mut engine = full();
    assert_eq!(state(&engine), Some(State::Suspected));
    probe(&mut engine, 1..70, false);
    assert_eq!(state(&engine), Some(State::Open));
    let first = pages(&engine, after(70)).len();
    assert!(first > 0);
    probe(&mut engine, 70..300, false);
    assert!(pages(&engine, after(300)).len() > first);
}

#[test]
fn a_full_incident_that_failed_again_is_open_again() {
    let mut engine = full();
    probe(&mut engine, 1..70, false);
    probe(&mut engine, 70..130, true);
    assert_eq!(state(&engine), Some(State::Mitigated));
    probe(&mut engine, 130..190, false);
    assert_eq!(state(&engine), Some(State::Open));
}

#[test]
fn a_full_incident_that_is_over_is_not_joined() {
    let mut engine = full();
    let wish = Wish::Resolve { without_evidence: Some("a prank".into()) };
    let (target, by) = (Target::Number(1), "lead-developer".into());
    engine.wish(&target, &by, "terminal", "end", &wish, after(1)).unwrap();
    deliver(&mut engine, &[says("m", Health::Down, Trust::Signed, after(9))], after(9));
    assert_eq!(engine.live().next().map(|incident| incident.number), Some(2));
}

#[test]
fn what_a_stranger_counts_is_no_error_rate() {
    let mut engine = engine();
    for minute in 0..7 {
        let at = START + Span::mins(minute);
        deliver(&mut engine, &[counts(50, Trust::Unauthenticated, at)], at);
    }
    assert_eq!(state(&engine), None);
    for minute in 10..17 {
        let at = START + Span::mins(minute);
        deliver(&mut engine, &[counts(50, Trust::SharedSecret, at)], at);
    }
    assert_eq!(state(&engine), Some(State::Open));
}

#[test]
fn a_count_from_the_future_does_not_hide_those_of_today() {
    let mut engine = engine();
    let tomorrow = Signal { received_at: START, ..counts(0, Trust::Signed, after(80_000)) };
    deliver(&mut engine, &[tomorrow], START);
    for minute in 1..8 {
        let at = START + Span::mins(minute);
        deliver(&mut engine, &[counts(50, Trust::Signed, at)], at);
    }
    assert_eq!(state(&engine), Some(State::Open));
}

#[test]
fn an_up_from_the_future_does_not_silence_its_monitor() {
    let mut engine = engine();
    let early = says("m", Health::Up, Trust::Signed, after(80_000));
    deliver(&mut engine, &[Signal { received_at: START, ..early }], START);
    deliver(&mut engine, &[says("m", Health::Down, Trust::Signed, after(60))], after(60));
    assert_eq!(state(&engine), Some(State::Open));
}

#[test]
fn a_sample_that_cannot_tell_is_no_good_answer() {
    let mut engine = engine();
    probe(&mut engine, 0..60, false);
    let vantages = engine.plan().detection.vantage_points.clone();
    for vantage in vantages {
        let measurement = Measurement { vantage: Some(vantage), ..Measurement::default() };
        let sample = says("agent", Health::Unknown, Trust::SignedFresh, after(61));
        let sample = Signal { kind: Kind::Sample, measurement: Some(measurement), ..sample };
        deliver(&mut engine, &[sample], after(61));
    }
    assert_eq!(state(&engine), Some(State::Open));
}

#[test]
fn our_own_failing_probes_are_not_talked_away_from_a_blind_terminal() {
    let mut engine = engine();
    probe(&mut engine, 0..60, false);
    let store = engine.into_store();
    let plan = rehearsal_plan(&read("infra/plan.toml", built_in_text()).unwrap());
    let mut terminal = Engine::open(Arc::new(plan), store, after(61)).unwrap();
    let by = "lead-developer".into();
    let said = terminal.wish(&Target::Number(1), &by, "terminal", "k", &Wish::Mitigated, after(61));
    assert!(matches!(said, Err(WishError::Refused(Refusal::StillFailing))), "{said:?}");
}

/// Says something at the terminal and lists the numbers of what is live.
fn say(engine: &mut Engine<MemoryStore>, target: &Target, wish: &Wish, now: Ts) -> Vec<u32> {
    let by = "lead-developer".into();
    engine.wish(target, &by, "terminal", &now.to_string(), wish, now).unwrap();
    engine.live().map(|incident| incident.number).collect()
}

fn declaration() -> Wish {
    let says = "nothing loads".into();
    Wish::Declare { component: FRONTEND.into(), severity: None, says, number: 0 }
}

fn over() -> Wish {
    Wish::Resolve { without_evidence: Some("it works".into()) }
}

#[test]
fn an_older_incident_that_was_opened_again_can_end() {
    let mut engine = engine();
    let frontend = Target::Component(FRONTEND.into());
    say(&mut engine, &frontend, &declaration(), after(0));
    say(&mut engine, &Target::Number(1), &over(), after(1));
    say(&mut engine, &frontend, &declaration(), after(4_000));
    say(&mut engine, &Target::Number(2), &over(), after(4_001));
    let reopen = Wish::Reopen { because: "it is back".into() };
    assert_eq!(say(&mut engine, &Target::Number(1), &reopen, after(4_002)), [1]);
    assert_eq!(say(&mut engine, &Target::Number(1), &over(), after(4_003)), [] as [u32; 0]);
}

/// What a look brings back when only the frontend is broken, and no deployment explains it.
fn finding(look: &Look) -> Finding {
    match look {
        Look::VendorStatus(vendor) => {
            Finding::Vendor { vendor: vendor.clone(), working: true, says: String::new() }
        }
        Look::Dns => Finding::Dns { right: true, says: String::new() },
        Look::Deployments => Finding::Deployments(Vec::new()),
        Look::Standby => Finding::Standby(Preflight {
            answers: true,
            certificate_life: Span::days(30),
            database: true,
            data_age: Span::secs(1),
            build: None,
        }),
        Look::ControlSite => Finding::ControlSite { reachable: true },
        Look::Survey(_) => Finding::Surveyed(crate::effect::Survey::default()),
        Look::ReadBack { .. } => Finding::ReadBack { applied: false },
        Look::Verify(_) => Finding::Verified { whole: true, says: String::new(), tail: vec![] },
        Look::CriticalPath => Finding::CriticalPath { passed: true, says: String::new() },
    }
}

/// Answers every look; returns the actions that are owed.
fn look(engine: &mut Engine<MemoryStore>, now: Ts) -> Vec<Owed> {
    let owed = engine.owed(Lane::Act, now, 100).unwrap();
    let (looks, acts): (Vec<_>, Vec<_>) =
        owed.into_iter().partition(|one| matches!(one.effect, Effect::Look(_)));
    for one in looks {
        let Effect::Look(look) = &one.effect else { continue };
        let outcome = Outcome::Done(finding(look));
        engine.batch(now, |engine| engine.settle(&one, &outcome, now)).unwrap();
    }
    acts
}

/// An outage of which everyone is certain; returns the failover that is owed.
fn outage(engine: &mut Engine<MemoryStore>) -> (Owed, i64) {
    for class in ActClass::ALL {
        engine.prove(class, "drill", class.says(), START).unwrap();
    }
    for second in 0..300 {
        probe(engine, second..second + 1, false);
        if let Some(act) = look(engine, after(second)).pop() {
            return (act, second + 1);
        }
    }
    panic!("nothing was done");
}

fn settle(engine: &mut Engine<MemoryStore>, owed: &Owed, outcome: &Outcome, now: Ts) {
    engine.batch(now, |engine| engine.settle(owed, outcome, now)).unwrap();
}

#[test]
fn an_action_that_was_only_put_off_is_chosen_again() {
    let mut engine = engine();
    let (act, second) = outage(&mut engine);
    let later = Outcome::Later { why: "too many requests".into(), after: Span::secs(5) };
    let patient = Owed { attempts: u32::MAX, ..act.clone() };
    settle(&mut engine, &patient, &later, after(second));
    assert!(look(&mut engine, after(second)).is_empty(), "not at once");
    let again = (second..second + 400).any(|second| {
        probe(&mut engine, second..second + 1, false);
        look(&mut engine, after(second)).iter().any(|owed| owed.effect == act.effect)
    });
    assert!(again);
}

#[test]
fn an_operation_under_way_is_not_forgotten_when_its_incident_opens_again() {
    let mut engine = engine();
    let (act, second) = outage(&mut engine);
    let unknown = Outcome::Unknown { why: "no answer in time".into() };
    settle(&mut engine, &act, &unknown, after(second));
    say(&mut engine, &Target::Number(1), &over(), after(second));
    say(&mut engine, &Target::Component(FRONTEND.into()), &declaration(), after(second + 1));
    let incident = engine.live().next().unwrap();
    assert_eq!((incident.number, incident.recovery.under_way), (1, true));
    look(&mut engine, after(second + 1));
    assert!(!engine.live().next().unwrap().recovery.under_way, "it was read back");
}

#[test]
fn a_round_that_ran_out_of_time_still_waits_for_an_operations_fate() {
    let mut engine = engine();
    let (act, second) = outage(&mut engine);
    let unknown = Outcome::Unknown { why: "no answer in time".into() };
    settle(&mut engine, &act, &unknown, after(second));
    say(&mut engine, &Target::Number(1), &over(), after(second));
    say(&mut engine, &Target::Component(FRONTEND.into()), &declaration(), after(second + 1));
    probe(&mut engine, second + 2..second + 40, false);
    look(&mut engine, after(second + 40));
    assert!(engine.live().next().unwrap().recovery.unresolved.is_none(), "it was read back");
}

#[test]
fn a_fate_that_nobody_can_tell_is_not_asked_for_every_second() {
    let mut engine = engine();
    let (act, second) = outage(&mut engine);
    let unknown = Outcome::Unknown { why: "no answer in time".into() };
    settle(&mut engine, &act, &unknown, after(second));
    probe(&mut engine, second..second + 20, true);
    assert_eq!(state(&engine), Some(State::Mitigated));
    for second in second + 20..second + 1_200 {
        engine.batch(after(second), |engine| engine.tick(after(second))).unwrap();
    }
    let turns = engine.live().next().unwrap().turns;
    for second in second + 1_200..second + 1_260 {
        engine.batch(after(second), |engine| engine.tick(after(second))).unwrap();
    }
    assert!(engine.live().next().unwrap().turns <= turns + 5);
}

#[test]
fn nobody_is_quoted_who_said_nothing() {
    let mut engine = engine();
    say(&mut engine, &Target::Component(FRONTEND.into()), &declaration(), after(0));
    say(&mut engine, &Target::Number(1), &Wish::Mitigated, after(1));
    for second in 0..2_000 {
        engine.batch(after(second), |engine| engine.tick(after(second))).unwrap();
    }
    assert_eq!(state(&engine), Some(State::Mitigated), "no monitor ever said that it is up");
}

#[test]
fn a_repair_that_went_live_during_the_outage_is_not_rolled_back() {
    let mut engine = engine();
    for class in ActClass::ALL {
        engine.prove(class, "drill", class.says(), START).unwrap();
    }
    let deployment = |id: &str, seconds: i64, current: bool| Deployment {
        id: id.into(),
        live_at: after(seconds),
        current,
        candidate: true,
        proven: true,
        schema_compatible: Some(true),
        commit: None,
        by: None,
    };
    let list = vec![deployment("repair", 150, true), deployment("old", -90_000, false)];
    for second in 0..300 {
        probe(&mut engine, second..second + 1, false);
        for one in engine.owed(Lane::Act, after(second), 100).unwrap() {
            let found = match &one.effect {
                Effect::Look(Look::Deployments) => Finding::Deployments(list.clone()),
                // The standby is no way out here: only the rollback is left.
                Effect::Look(Look::Standby) => continue,
                Effect::Look(look) => finding(look),
                other => panic!("{other:?}"),
            };
            settle(&mut engine, &one, &Outcome::Done(found), after(second));
        }
    }
    assert!(engine.live().next().unwrap().recovery.tried.is_empty());
}

#[test]
fn a_freeze_neither_ends_what_was_begun_nor_uses_up_what_was_not() {
    let mut engine = engine();
    let (owed, second) = outage(&mut engine);
    let now = after(second);
    let act = Act::FailOver;
    assert_eq!(owed.effect, Effect::Act(act.clone()));
    let mut begun = Engine::open(engine.plan().clone(), engine.store().clone(), now).unwrap();
    engine.freeze("somebody", "hands off", "freeze", now).unwrap();
    let put_off = engine.permit(&owed.key, &act, now).unwrap();
    assert!(matches!(put_off, Permit::Settled(Outcome::Later { .. })), "{put_off:?}");
    probe(&mut begun, second..second + 120, false);
    let now = after(second + 120);
    assert!(matches!(begun.permit(&owed.key, &act, now).unwrap(), Permit::Go { .. }));
    begun.freeze("somebody", "hands off", "freeze", now).unwrap();
    let fate = begun.permit(&owed.key, &act, now).unwrap();
    assert!(matches!(fate, Permit::Settled(Outcome::Unknown { .. })), "{fate:?}");
}

/// Fails every page that is owed until none is, copies included.
fn nobody_is_reached(engine: &mut Engine<MemoryStore>, now: Ts) -> usize {
    let mut failed = 0;
    loop {
        let owed = pages(engine, now);
        if owed.is_empty() {
            return failed;
        }
        failed += owed.len();
        for page in owed {
            settle(engine, &page, &Outcome::Never { why: "no line".into() }, now);
        }
    }
}

#[test]
fn a_ladder_that_reached_nobody_is_not_the_end_even_of_a_p4() {
    let mut engine = engine();
    let severity = Some(Severity::P4);
    let says = "odd colours".to_owned();
    let wish = Wish::Declare { component: FRONTEND.into(), severity, says, number: 0 };
    say(&mut engine, &Target::Component(FRONTEND.into()), &wish, START);
    assert!(nobody_is_reached(&mut engine, START) > 0);
    for minute in 1..30 {
        let now = after(60 * minute);
        engine.batch(now, |engine| engine.tick(now)).unwrap();
        let tried = nobody_is_reached(&mut engine, now);
        assert_eq!(tried > 0, minute % 5 == 0, "minute {minute}: {tried} pages");
    }
}

#[test]
fn machines_act_on_an_outage_whose_incident_was_opened_again_in_the_middle_of_it() {
    let mut engine = engine();
    probe(&mut engine, 1..140, false);
    say(&mut engine, &Target::Number(1), &over(), after(140));
    probe(&mut engine, 141..170, false);
    let again = Wish::Reopen { because: "it is down indeed".into() };
    say(&mut engine, &Target::Number(1), &again, after(170));
    probe(&mut engine, 171..190, false);
    assert!(engine.live().next().unwrap().recovery.certain.is_some());
}

#[test]
fn nothing_is_done_when_everything_looks_down_at_once() {
    let mut plan = rehearsal_plan(&read("infra/plan.toml", built_in_text()).unwrap());
    plan.dns.shared.clear();
    let mut engine = Engine::open(Arc::new(plan), MemoryStore::default(), START).unwrap();
    for class in ActClass::ALL {
        engine.prove(class, "drill", class.says(), START).unwrap();
    }
    let everything: Vec<ComponentId> =
        engine.plan().components.iter().map(|one| one.id.clone()).collect();
    for second in 0..300 {
        let now = after(second);
        let vantage = engine.plan().detection.vantage_points.get((second % 10) as usize).cloned();
        for component in everything.iter().filter(|_| vantage.is_some()) {
            let vantage = vantage.clone().unwrap();
            let probe = Probe { vantage, at: now, ok: false, latency_ms: None, why: None };
            engine.batch(now, |engine| engine.probe(component, probe, true, now)).unwrap();
        }
        engine.batch(now, |engine| engine.tick(now)).unwrap();
        assert!(look(&mut engine, now).is_empty(), "second {second}");
    }
    assert!(!pages(&engine, after(300)).is_empty());
}

#[test]
fn rungs_that_are_due_together_are_all_climbed_without_waiting_for_the_next_second() {
    const OPEN: u32 = 300;
    let mut plan = rehearsal_plan(&read("infra/plan.toml", built_in_text()).unwrap());
    let one = plan.components[0].clone();
    let id = |place| ComponentId::from(format!("service-{place}").as_str());
    plan.components = (0..OPEN).map(|place| Component { id: id(place), ..one.clone() }).collect();
    let mut engine = Engine::open(Arc::new(plan), MemoryStore::default(), START).unwrap();
    for component in (0..OPEN).map(id) {
        let key = component.to_string();
        let (severity, says) = (Some(Severity::P2), "down".to_owned());
        let wish = Wish::Declare { component: component.clone(), severity, says, number: 0 };
        let by = "lead-developer".into();
        engine.wish(&Target::Component(component), &by, "terminal", &key, &wish, START).unwrap();
    }
    let due = START + Span::mins(5);
    let rungs = |engine: &Engine<MemoryStore>| {
        let second =
            |one: &&Incident| crate::incident::next_rung(engine.plan(), one).unwrap().0 == 2;
        engine.live().filter(second).count()
    };
    let mut ticks = 1;
    while engine.batch(due, |engine| engine.tick(due)).unwrap() {
        ticks += 1;
    }
    assert!(ticks > 1, "they fit into one tick: this shows nothing");
    assert_eq!(rungs(&engine), OPEN as usize);
}
