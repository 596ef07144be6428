//! The failure list a serious reviewer looks for, one named test a row: detection, webhooks, crash, kill switch, empty
//! configuration. What vendors do wrong at the wire is tested beside each vendor.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use shared::effect::{Act, ActClass};
use shared::engine::{Engine, Receipt, Target, WishError};
use shared::incident::{Event, Refusal, Wish};
use shared::ledger::{Hash, verify};
use shared::plan::{Plan, built_in_text, read};
use shared::signal::{Health, Kind, Signal, TimeQuality, Trust};
use shared::store::{Delivery, MemoryStore, Store};
use shared::time::{Span, Ts};
use shared::town::{Asked, Call, Fault, START, Scenario, Script, Simulation};
use tests::rehearsal::{broken, plan, run, story};

/// Seeds that each row is played with.
const SEEDS: std::ops::Range<u64> = 0..40;

/// Plays a script with every seed; each must keep every promise.
fn each(script: &Script, check: impl Fn(&Simulation)) {
    for seed in SEEDS {
        let simulation = run(script.clone(), seed);
        assert_eq!(broken(&simulation), Vec::<String>::new(), "seed {seed}, {script}");
        check(&simulation);
    }
}

fn changes(simulation: &Simulation) -> Vec<(&Call, &Act)> {
    let changed = simulation.town().calls().iter().filter(|call| call.took_effect);
    let acts = changed.filter_map(|call| match &call.asked {
        Asked::Act(act) => Some((call, act)),
        Asked::Page(_) => None,
    });
    acts.collect()
}

fn classes(simulation: &Simulation) -> Vec<ActClass> {
    changes(simulation).into_iter().map(|(_, act)| act.class()).collect()
}

fn events(simulation: &Simulation) -> Vec<Event> {
    let store = simulation.store();
    let mut events = Vec::new();
    for incident in store.newest(usize::MAX).unwrap() {
        let turns = store.turns(&incident.id).unwrap();
        let bodies = verify::<Event>(&incident.id, &turns).unwrap();
        events.extend(bodies.into_iter().flat_map(|body| body.events));
    }
    events
}

fn people_were_told(simulation: &Simulation) -> bool {
    events(simulation).iter().any(|event| matches!(event, Event::Declared { .. }))
}

#[test]
fn a_flapping_service_causes_at_most_one_action() {
    each(&Script::of(Scenario::Flapping), |simulation| {
        assert!(changes(simulation).len() <= 1);
        assert!(people_were_told(simulation));
    });
}

#[test]
fn a_partition_of_43_s_pages_and_flips_nothing() {
    each(&Script::of(Scenario::Partition), |simulation| {
        assert!(people_were_told(simulation));
        assert_eq!(classes(simulation), []);
    });
}

#[test]
fn a_blip_of_20_s_wakes_nobody() {
    each(&Script::of(Scenario::Blip), |simulation| assert!(!people_were_told(simulation)));
}

#[test]
fn with_both_sides_down_nothing_is_flipped_while_they_are() {
    each(&Script::of(Scenario::BothSidesDown), |simulation| {
        assert!(people_were_told(simulation));
        for (call, _) in changes(simulation) {
            assert!(simulation.town().world().preflight(call.at).answers);
        }
    });
}

#[test]
fn a_shared_dependency_that_is_down_pages_and_flips_nothing() {
    each(&Script::of(Scenario::SharedDependencyDown), |simulation| {
        assert!(people_were_told(simulation));
        assert_eq!(classes(simulation), []);
    });
}

#[test]
fn with_our_own_network_cut_off_nothing_is_flipped() {
    each(&Script::of(Scenario::OwnNetworkDown), |simulation| {
        assert_eq!(classes(simulation), []);
    });
}

#[test]
fn a_stale_standby_is_refused_and_the_reason_is_said() {
    each(&Script::of(Scenario::StandbyStale), |simulation| {
        assert_eq!(classes(simulation), []);
        assert!(story(simulation).contains("the RPO is 5 min"));
    });
}

#[test]
fn a_standby_whose_certificate_ends_is_refused() {
    let script = Script::of(Scenario::PlatformDown).with([Fault::StandbyCertificate]);
    each(&script, |simulation| {
        assert_eq!(classes(simulation), []);
        assert!(story(simulation).contains("the standby's certificate ends in 3 d"));
    });
}

#[test]
fn a_standby_with_data_of_its_own_is_not_promoted_without_a_fence() {
    let mut plan: Plan = (*plan()).clone();
    plan.dns.shared.retain(|id| id.as_str() != "database");
    for seed in SEEDS {
        let script = Script::of(Scenario::PlatformDown);
        let mut simulation = Simulation::new(Arc::new(plan.clone()), script, seed).unwrap();
        simulation.run();
        assert_eq!(classes(&simulation), []);
        assert!(people_were_told(&simulation));
        assert!(story(&simulation).contains("fence it, then fail over by hand"));
    }
}

#[test]
fn duplicate_late_and_out_of_order_webhooks_are_one_incident_and_one_operation() {
    let faults = [Fault::DuplicateWebhooks, Fault::LateWebhooks];
    each(&Script::of(Scenario::PlatformDown).with(faults), |simulation| {
        assert_eq!(classes(simulation), [ActClass::Failover]);
        let frontend = simulation.store().latest(&"frontend".into()).unwrap().unwrap();
        assert_eq!(frontend.number, 1);
    });
}

#[test]
fn a_lost_reply_is_read_back_and_never_repeated_blindly() {
    each(&Script::of(Scenario::BadDeployment).with([Fault::LostReply]), |simulation| {
        let rollbacks = classes(simulation);
        let rollbacks = rollbacks.iter().filter(|class| **class == ActClass::Rollback);
        assert!(rollbacks.count() <= 1);
    });
}

#[test]
fn with_the_hosting_providers_api_away_the_standby_is_the_way_out() {
    each(&Script::of(Scenario::HostingApiDown), |simulation| {
        assert_eq!(classes(simulation), [ActClass::Failover]);
        assert!(story(simulation).contains("the list of deployments"));
    });
}

#[test]
fn a_kill_switch_thrown_in_mid_operation_stops_what_has_not_begun() {
    each(&Script::of(Scenario::RollbackDoesNotHelp).with([Fault::Frozen]), |simulation| {
        let frozen = simulation.record().frozen_at.expect("the switch was thrown");
        assert!(changes(simulation).iter().all(|(call, _)| call.at <= frozen));
        assert!(people_were_told(simulation), "detection and paging go on");
    });
}

#[test]
fn there_is_no_failback_when_the_primary_recovers() {
    each(&Script::of(Scenario::PlatformDown).with([Fault::EveryoneAsleep]), |simulation| {
        assert_eq!(classes(simulation), [ActClass::Failover]);
        assert!(simulation.town().world().on_standby(simulation.now()));
    });
}

#[test]
fn placeholder_contacts_disarm_everything() {
    let plan = Arc::new(read::read("infra/plan.toml", built_in_text()).unwrap());
    let script = Script::of(Scenario::BadDeployment);
    let mut simulation = Simulation::new(plan, script, 1).unwrap();
    simulation.run();
    assert_eq!(classes(&simulation), []);
    assert!(people_were_told(&simulation));
}

#[test]
fn an_unarmed_class_says_what_it_would_have_done() {
    each(&Script::of(Scenario::BadDeployment).with([Fault::NotArmed]), |simulation| {
        assert_eq!(classes(simulation), []);
        assert!(story(simulation).contains("not armed"));
    });
}

#[test]
fn an_empty_configuration_is_refused() {
    assert!(read::read("plan.toml", "").is_err());
    let mut empty: Plan = (*plan()).clone();
    empty.detection.vantage_points.clear();
    let mut engine = Engine::open(Arc::new(empty), MemoryStore::default(), START).unwrap();
    for minute in 0..60 {
        let now = START + Span::mins(minute);
        engine.batch(now, |engine| engine.tick(now)).unwrap();
    }
    assert_eq!(engine.store().newest(9).unwrap(), []);
}

fn accusation(source: &str, at: Ts) -> Signal {
    Signal {
        source: source.into(),
        kind: Kind::Transition,
        health: Health::Down,
        monitor: "7".into(),
        component: "frontend".into(),
        alert: None,
        correlation: None,
        observed_at: Some(at),
        started_at: Some(at),
        time_quality: TimeQuality::Zoned,
        received_at: at,
        name: None,
        target: None,
        reason: None,
        measurement: None,
        trust: Trust::SignedFresh,
    }
}

fn deliver(engine: &mut Engine<MemoryStore>, signal: &Signal, now: Ts) -> Receipt {
    let delivery = Delivery {
        key: Hash::of(&[signal.source.as_str().as_bytes(), &signal.received_at.0.to_be_bytes()]),
        source: signal.source.clone(),
        trust: signal.trust,
        received_at: now,
        body: b"{}",
        verdict: Ok(1),
    };
    engine
        .batch(now, |engine| engine.receive(&delivery, std::slice::from_ref(signal), now))
        .unwrap()
}

fn engine() -> Engine<MemoryStore> {
    Engine::open(plan(), MemoryStore::default(), START).unwrap()
}

#[test]
fn one_signed_webhook_alone_pages_and_acts_on_nothing() {
    let mut engine = engine();
    for class in ActClass::ALL {
        engine.batch(START, |engine| engine.prove(class, "test", "test", START)).unwrap();
    }
    let signal = accusation("generic", START);
    deliver(&mut engine, &signal, START);
    for second in (0..3_600).step_by(10) {
        let now = START + Span::secs(second);
        engine.batch(now, |engine| engine.tick(now)).unwrap();
    }
    let incident = engine.live().next().unwrap();
    assert!(incident.state.is_declared());
    assert_eq!(incident.marks.acted, None);
}

#[test]
fn a_replayed_webhook_changes_nothing() {
    let mut engine = engine();
    let signal = accusation("generic", START);
    assert!(matches!(deliver(&mut engine, &signal, START), Receipt::New { .. }));
    let turns = engine.live().next().unwrap().turns;
    let later = START + Span::mins(20);
    assert_eq!(deliver(&mut engine, &signal, later), Receipt::Duplicate);
    assert_eq!(engine.live().next().unwrap().turns, turns);
}

/// Two incidents of one component: the first is over, the second goes on.
fn two_incidents() -> (Engine<MemoryStore>, Ts) {
    let mut engine = engine();
    let by = "lead-developer".into();
    let mut now = START;
    for round in 0..2 {
        let declare = Wish::Declare {
            component: "frontend".into(),
            severity: None,
            says: "it is gone".into(),
            number: 0,
        };
        let target = Target::Component("frontend".into());
        engine.wish(&target, &by, "terminal", &format!("d{round}"), &declare, now).unwrap();
        if round == 0 {
            let over = Wish::Resolve { without_evidence: Some("it was me".into()) };
            engine.wish(&Target::Number(1), &by, "terminal", "r", &over, now).unwrap();
            now = now + plan().detection.join_window + Span::mins(1);
        }
    }
    (engine, now)
}

#[test]
fn what_is_said_of_an_old_incident_does_not_silence_the_new_one() {
    let (mut engine, now) = two_incidents();
    let update = Wish::Update("the report is wrong".into());
    let by = "lead-developer".into();
    engine.wish(&Target::Number(1), &by, "terminal", "u", &update, now).unwrap();
    assert_eq!(engine.live().next().map(|incident| incident.number), Some(2));
}

#[test]
fn an_old_incident_is_not_reopened_beside_a_new_one() {
    let (mut engine, now) = two_incidents();
    let reopen = Wish::Reopen { because: "it is back".into() };
    let by = "lead-developer".into();
    let refused = engine.wish(&Target::Number(1), &by, "terminal", "o", &reopen, now);
    assert!(matches!(refused, Err(WishError::Refused(Refusal::AlreadyOpen { number: 2, .. }))));
}
