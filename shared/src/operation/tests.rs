//! Operations through the engine: told as stories, and every refusal once.

use std::cell::Cell;
use std::sync::Arc;

use super::*;
use crate::effect::{
    ActClass, Aim, Change, Deployment, Effect, Finding, Lane, Look, Outcome, Preflight, Survey,
    Tell,
};
use crate::engine::{Engine, OperationError, Permit};
use crate::plan::{Arm, built_in_text, read::read};
use crate::store::{MemoryStore, Owed};
use crate::time::Span;
use crate::town::rehearsal_plan;

const START: Ts = Ts(1_795_316_400_000);

fn plan_of(change: impl FnOnce(&mut Plan)) -> Plan {
    let mut plan = rehearsal_plan(&read("infra/plan.toml", built_in_text()).unwrap());
    change(&mut plan);
    plan
}

fn engine_under(plan: Plan) -> Engine<MemoryStore> {
    Engine::open(Arc::new(plan), MemoryStore::default(), START).unwrap()
}

fn engine() -> Engine<MemoryStore> {
    engine_under(plan_of(|_| {}))
}

fn after(seconds: i64) -> Ts {
    START + Span::secs(seconds)
}

fn deployment(id: &str, hours_ago: i64, current: bool) -> Deployment {
    Deployment {
        id: id.into(),
        live_at: START - Span::hours(hours_ago),
        current,
        candidate: !current,
        proven: true,
        schema_compatible: Some(true),
        commit: Some("0123456789abcdef".into()),
        by: Some("somebody".into()),
    }
}

fn hosting() -> Survey {
    let deployments = vec![
        deployment("dpl_3", 0, true),
        deployment("dpl_2", 5, false),
        deployment("dpl_1", 50, false),
    ];
    Survey { by: Some("vercel".into()), deployments: Some(deployments), ..Survey::default() }
}

fn names() -> Survey {
    let [before, after] = ["198.18.0.1", "198.18.0.2"].map(Into::into);
    Survey {
        by: Some("latch".into()),
        changes: vec![Change { target: "A example.com".into(), before, after }],
        preflight: Some(Preflight {
            answers: true,
            certificate_life: Span::days(30),
            database: true,
            data_age: Span::secs(9),
            build: None,
        }),
        ..Survey::default()
    }
}

fn planned(aim: Aim, survey: Survey) -> OperationWish {
    let because = "complete application outage".into();
    OperationWish::Plan { aim, because, survey: Box::new(survey), incident: None }
}

fn rollback() -> OperationWish {
    planned(Aim::RollBack(None), hosting())
}

fn said(
    engine: &mut Engine<MemoryStore>,
    by: &str,
    wish: &OperationWish,
    at: i64,
) -> Result<Operation, Refusal> {
    let key = format!("{by}/{at}");
    match engine.operate(&by.into(), "terminal", &key, wish, after(at)) {
        Ok(operation) => Ok(operation),
        Err(OperationError::Refused(refusal)) => Err(refusal),
        Err(OperationError::Store(error)) => panic!("{error}"),
    }
}

fn run(operation: &Operation) -> OperationWish {
    OperationWish::Run { number: operation.number, hash: operation.hash.short() }
}

fn approve(operation: &Operation) -> OperationWish {
    OperationWish::Approve { number: operation.number, hash: operation.hash.short() }
}

fn refused(answer: Result<Operation, Refusal>) -> String {
    answer.unwrap_err().to_string()
}

fn owed(engine: &Engine<MemoryStore>, at: i64) -> Vec<Owed> {
    engine.owed(Lane::Act, after(at), 100).unwrap()
}

/// Performs what is owed, one effect a second, until nothing is; `answer` plays the vendor.
fn perform(
    engine: &mut Engine<MemoryStore>,
    mut at: i64,
    mut answer: impl FnMut(&Effect) -> Outcome,
) -> i64 {
    while let Some(next) = owed(engine, at).into_iter().next() {
        let permit = match &next.effect {
            Effect::Act(act) => engine.permit(&next.key, act, after(at)).unwrap(),
            _ => Permit::Go { epoch: 0 },
        };
        let outcome = match permit {
            Permit::Go { .. } => answer(&next.effect),
            Permit::Settled(outcome) => outcome,
        };
        engine.settle(&next, &outcome, after(at)).unwrap();
        at += 1;
    }
    at
}

/// A vendor that does as it is told.
fn obedient(survey: Survey) -> impl FnMut(&Effect) -> Outcome {
    move |effect| {
        Outcome::Done(match effect {
            Effect::Look(Look::Survey(_)) => Finding::Surveyed(survey.clone()),
            Effect::Look(Look::Verify(_)) => {
                Finding::Verified { whole: true, says: "all agree".into(), tail: vec![] }
            }
            Effect::Look(Look::ReadBack { .. }) => Finding::ReadBack { applied: true },
            Effect::Purge(_) => Finding::Purged { says: "1 tag".into() },
            Effect::Act(_) => Finding::Changed { by: "vercel".into(), changes: vec![] },
            other => panic!("{other:?}"),
        })
    }
}

fn told(engine: &Engine<MemoryStore>) -> String {
    let lines = story(&engine.operation_turns().unwrap());
    lines.iter().map(|line| format!("{} {}\n", line.at.clock(), line.says)).collect()
}

#[test]
fn a_rollback_is_planned_run_verified_and_leaves_something_to_do() {
    let mut engine = engine();
    let operation = said(&mut engine, "lead-developer", &rollback(), 1).unwrap();
    said(&mut engine, "lead-developer", &run(&operation), 20).unwrap();
    perform(&mut engine, 21, obedient(hosting()));
    insta::assert_snapshot!(told(&engine), @"
    03:00:01 lead-developer plans to roll back dpl_3 to dpl_2: complete application outage (plan deb783c2)
    03:00:20 lead-developer says go (by terminal)
    03:00:21 nothing has changed since the plan: begun
    03:00:22 done by vercel: 
    03:00:23 VERIFIED: all agree
    03:00:24 1 tag
    ");
    let open = &engine.standing().obligations[&ActClass::Rollback];
    assert!(open.says().contains("rollback undo"), "{}", open.says());
    assert!(engine.standing().proofs.contains_key(&ActClass::Rollback), "it proves its class");
    assert!(engine.standing().leases.is_empty());
}

#[test]
fn undoing_a_rollback_ends_the_obligation() {
    let mut engine = engine();
    let operation = said(&mut engine, "lead-developer", &rollback(), 1).unwrap();
    said(&mut engine, "lead-developer", &run(&operation), 2).unwrap();
    let at = perform(&mut engine, 3, obedient(hosting()));
    let mut now = hosting();
    for one in now.deployments.iter_mut().flatten() {
        one.current = one.id.as_str() == "dpl_2";
    }
    let undo = planned(Aim::Promote(None), now.clone());
    let operation = said(&mut engine, "lead-developer", &undo, at).unwrap();
    assert_eq!(operation.act, Act::Promote { from: "dpl_2".into(), to: "dpl_3".into() });
    let history = operation.proposal.gates.iter().find(|gate| gate.what == "history").unwrap();
    assert_eq!(history.verdict, Verdict::Decide, "it was rolled back from");
    said(&mut engine, "lead-developer", &run(&operation), at + 1).unwrap();
    perform(&mut engine, at + 2, obedient(now));
    assert!(engine.standing().obligations.is_empty());
}

#[test]
fn going_back_takes_two_people_who_saw_the_same_plan() {
    let mut engine = engine();
    let back = planned(Aim::FailBack, names());
    let operation = said(&mut engine, "lead-developer", &back, 1).unwrap();
    let early = refused(said(&mut engine, "lead-developer", &run(&operation), 2));
    assert!(early.starts_with("operation 1 needs 1 more to agree"), "{early}");
    let own = refused(said(&mut engine, "lead-developer", &approve(&operation), 3));
    assert!(own.contains("another person must approve it"), "{own}");
    let other = OperationWish::Approve { number: 1, hash: "00000000".into() };
    let other = refused(said(&mut engine, "devops-engineer", &other, 4));
    assert!(other.starts_with("that is not the plan of operation 1"), "{other}");
    said(&mut engine, "devops-engineer", &approve(&operation), 5).unwrap();
    assert!(said(&mut engine, "senior-developer", &run(&operation), 6).is_ok());
    perform(&mut engine, 7, obedient(names()));
    assert!(matches!(engine.operation(1).unwrap().stage, Stage::Over(Ending::Verified { .. })));
}

#[test]
fn a_code_names_one_plan_for_one_person_while_it_waits() {
    let mut engine = engine();
    let seen = said(&mut engine, "lead-developer", &planned(Aim::FailBack, names()), 0).unwrap();
    let other = PersonId::from("senior-developer");
    let code = seen.code(&other);
    assert!((100..1_000).contains(&code));
    let found = |engine: &Engine<MemoryStore>, who: &str| {
        engine.operations().coded(&who.into(), code).map(|one| one.number)
    };
    assert_eq!(found(&engine, "senior-developer"), Some(seen.number));
    assert_eq!(found(&engine, "devops-engineer"), None, "it is nobody else's");
    let changed = Operation { hash: crate::ledger::Hash::default(), ..seen.clone() };
    assert_ne!(changed.code(&other), code, "it names what was seen");
    let abort = OperationWish::Abort { number: seen.number, because: "no".into() };
    said(&mut engine, "lead-developer", &abort, 1).unwrap();
    assert_eq!(found(&engine, "senior-developer"), None);
}

#[test]
fn whoever_left_the_team_does_not_count() {
    let mut engine = engine();
    let back = planned(Aim::FailBack, names());
    let operation = said(&mut engine, "lead-developer", &back, 1).unwrap();
    said(&mut engine, "devops-engineer", &approve(&operation), 2).unwrap();
    let without = plan_of(|plan| plan.people.retain(|one| one.id.as_str() != "devops-engineer"));
    let mut engine = Engine::open(Arc::new(without), engine.into_store(), after(3)).unwrap();
    let stranger = refused(said(&mut engine, "devops-engineer", &run(&operation), 3));
    assert!(stranger.contains("is not in the plan"), "{stranger}");
    assert!(said(&mut engine, "senior-developer", &run(&operation), 4).is_err());
}

#[test]
fn an_old_plan_is_no_plan() {
    let mut engine = engine();
    let operation = said(&mut engine, "lead-developer", &rollback(), 0).unwrap();
    let late = refused(said(&mut engine, "lead-developer", &run(&operation), 15 * 60 + 1));
    assert!(late.starts_with("the plan of operation 1 is older than 15 min"), "{late}");
    assert!(said(&mut engine, "lead-developer", &run(&operation), 15 * 60).is_ok());
}

#[test]
fn an_approval_is_used_once() {
    let mut engine = engine();
    let operation = said(&mut engine, "lead-developer", &rollback(), 1).unwrap();
    said(&mut engine, "lead-developer", &run(&operation), 2).unwrap();
    let again = refused(said(&mut engine, "lead-developer", &run(&operation), 3));
    assert_eq!(again, "operation 1 is under way: plan a new one");
    let at = perform(&mut engine, 4, obedient(hosting()));
    let again = refused(said(&mut engine, "lead-developer", &run(&operation), at));
    assert_eq!(again, "operation 1 is over: plan a new one");
}

#[test]
fn the_same_word_said_twice_counts_once() {
    let mut engine = engine();
    let first = said(&mut engine, "lead-developer", &rollback(), 1).unwrap();
    assert_eq!(said(&mut engine, "lead-developer", &rollback(), 1).unwrap(), first);
    said(&mut engine, "lead-developer", &run(&first), 2).unwrap();
    assert!(said(&mut engine, "lead-developer", &run(&first), 2).is_ok());
    assert_eq!(owed(&engine, 3).len(), 1);
}

#[test]
fn what_changed_since_the_plan_voids_it() {
    let mut engine = engine();
    let operation = said(&mut engine, "lead-developer", &rollback(), 1).unwrap();
    said(&mut engine, "lead-developer", &run(&operation), 2).unwrap();
    let mut moved = hosting();
    for one in moved.deployments.iter_mut().flatten() {
        one.current = one.id.as_str() == "dpl_1";
    }
    perform(&mut engine, 3, obedient(moved));
    let ended = engine.operation(1).unwrap().stage;
    assert!(matches!(&ended, Stage::Over(Ending::Drifted { .. })), "{ended:?}");
    assert!(engine.standing().leases.is_empty() && engine.standing().obligations.is_empty());
}

#[test]
fn a_detail_seen_in_passing_voids_nothing() {
    let mut engine = engine();
    let plan = planned(Aim::FailOver, names());
    let operation = said(&mut engine, "lead-developer", &plan, 1).unwrap();
    said(&mut engine, "lead-developer", &run(&operation), 2).unwrap();
    let mut older = names();
    older.preflight.as_mut().unwrap().data_age = Span::secs(60);
    perform(&mut engine, 3, obedient(older));
    assert!(matches!(engine.operation(1).unwrap().stage, Stage::Over(Ending::Verified { .. })));
}

#[test]
fn an_unfit_standby_stops_everyone() {
    let mut engine = engine();
    let mut survey = names();
    survey.preflight.as_mut().unwrap().certificate_life = Span::days(3);
    let unfit = planned(Aim::FailOver, survey);
    let operation = said(&mut engine, "lead-developer", &unfit, 1).unwrap();
    let why = refused(said(&mut engine, "lead-developer", &run(&operation), 2));
    assert!(why.ends_with("certificate ends in 3 d, less than 7 d: renew it first"), "{why}");
}

#[test]
fn data_of_the_standbys_own_is_for_people_to_fence() {
    let mut engine = engine_under(plan_of(|plan| plan.dns.shared.clear()));
    let operation =
        said(&mut engine, "lead-developer", &planned(Aim::FailOver, names()), 1).unwrap();
    let fence = operation.proposal.gates.iter().find(|gate| gate.what == "fence").unwrap();
    assert_eq!(fence.verdict, Verdict::Decide);
    assert!(fence.says.ends_with("stop writes to the primary's first"), "{}", fence.says);
}

#[test]
fn a_freeze_stops_people_too_until_they_thaw_it() {
    let mut engine = engine();
    let operation = said(&mut engine, "lead-developer", &rollback(), 1).unwrap();
    engine.freeze("ann", "migration tonight", "f", after(2)).unwrap();
    let frozen = refused(said(&mut engine, "lead-developer", &run(&operation), 3));
    assert!(frozen.starts_with("everything is frozen by ann: migration tonight"), "{frozen}");
    engine.unfreeze("ann", "u", after(4)).unwrap();
    assert!(said(&mut engine, "lead-developer", &run(&operation), 5).is_ok());
}

#[test]
fn in_dry_run_people_rehearse_to_the_end_and_nothing_is_asked() {
    let mut engine = engine_under(plan_of(|plan| plan.arming.rollback = Arm::DryRun));
    let operation = said(&mut engine, "lead-developer", &rollback(), 1).unwrap();
    said(&mut engine, "lead-developer", &run(&operation), 2).unwrap();
    let mut vendor = obedient(hosting());
    perform(&mut engine, 3, |effect| {
        assert!(!matches!(effect, Effect::Act(_)), "nothing may be changed");
        vendor(effect)
    });
    assert_eq!(engine.operation(1).unwrap().stage, Stage::Over(Ending::WouldHave));
    assert!(engine.standing().proofs.is_empty(), "a dry run proves nothing");
}

#[test]
fn a_lost_reply_is_read_back_until_somebody_can_tell() {
    let mut engine = engine();
    let operation = said(&mut engine, "lead-developer", &rollback(), 1).unwrap();
    said(&mut engine, "lead-developer", &run(&operation), 2).unwrap();
    let (mut vendor, mut acts, mut reads) = (obedient(hosting()), 0, 0);
    let mut lossy = |effect: &Effect| match effect {
        Effect::Act(_) => {
            acts += 1;
            Outcome::Unknown { why: "the connection broke".into() }
        }
        Effect::Look(Look::ReadBack { .. }) => {
            reads += 1;
            if reads == 1 { Outcome::Never { why: "HTTP 503".into() } } else { vendor(effect) }
        }
        other => vendor(other),
    };
    let at = perform(&mut engine, 3, &mut lossy);
    assert!(engine.operation(1).unwrap().under_way() && !engine.standing().leases.is_empty());
    engine.tick(after(at + 60)).unwrap();
    perform(&mut engine, at + 61, &mut lossy);
    assert_eq!((acts, reads), (1, 2), "it is asked again, never done again");
    assert!(matches!(engine.operation(1).unwrap().stage, Stage::Over(Ending::Verified { .. })));
}

/// Loses every request on its way until `after`; answers with what was asked for and how it ended.
fn deaf(ask_again_after: i64) -> (u32, Stage) {
    let mut engine = engine();
    let operation = said(&mut engine, "lead-developer", &rollback(), 1).unwrap();
    said(&mut engine, "lead-developer", &run(&operation), 2).unwrap();
    let (mut vendor, mut acts) = (obedient(hosting()), 0);
    perform(&mut engine, ask_again_after, |effect| match effect {
        Effect::Act(_) => {
            acts += 1;
            Outcome::Unknown { why: "the connection broke".into() }
        }
        Effect::Look(Look::ReadBack { .. }) => Outcome::Done(Finding::ReadBack { applied: false }),
        other => vendor(other),
    });
    assert!(engine.standing().leases.is_empty(), "nothing holds on to a target for ever");
    (acts, engine.operation(1).unwrap().stage)
}

#[test]
fn what_never_takes_place_is_tried_a_bounded_number_of_times_and_not_under_an_old_plan() {
    let (acts, stage) = deaf(3);
    assert_eq!(acts, super::RESUMES_MAX + 1);
    assert!(matches!(&stage, Stage::Over(Ending::Failed { why }) if why.ends_with("plan again")));
    let too_late = Span::mins(16).0 / 1_000;
    assert_eq!(deaf(too_late).0, 1, "the plan people saw no longer holds");
}

#[test]
fn a_kill_at_any_step_resumes_to_one_effect() {
    for (kill_at, done) in (0..9).flat_map(|step| [(step, true), (step, false)]) {
        let mut engine = engine();
        let operation = said(&mut engine, "lead-developer", &rollback(), 1).unwrap();
        said(&mut engine, "lead-developer", &run(&operation), 2).unwrap();
        let (mut vendor, changed, mut steps) = (obedient(hosting()), Cell::new(0), 0);
        let mut at = 3;
        while let Some(next) = owed(&engine, at).into_iter().next() {
            at += 1;
            let permit = match &next.effect {
                Effect::Act(act) => engine.permit(&next.key, act, after(at)).unwrap(),
                _ => Permit::Go { epoch: 0 },
            };
            steps += 1;
            let killed = steps == kill_at;
            let outcome = match permit {
                Permit::Settled(outcome) => outcome,
                // Killed with the permit in hand, before the vendor heard anything.
                Permit::Go { .. } if killed && !done => Outcome::Never { why: String::new() },
                Permit::Go { .. } => {
                    let acts = matches!(next.effect, Effect::Act(_));
                    changed.set(changed.get() + u32::from(acts));
                    match &next.effect {
                        Effect::Look(Look::ReadBack { .. }) => {
                            Outcome::Done(Finding::ReadBack { applied: changed.get() > 0 })
                        }
                        other => vendor(other),
                    }
                }
            };
            if killed {
                // What was done, nobody wrote down.
                let plan = engine.plan().clone();
                engine = Engine::open(plan, engine.into_store(), after(at)).unwrap();
                continue;
            }
            engine.settle(&next, &outcome, after(at)).unwrap();
        }
        let stage = engine.operation(1).unwrap().stage;
        assert!(matches!(stage, Stage::Over(Ending::Verified { .. })), "{kill_at}: {stage:?}");
        assert_eq!(changed.get(), 1, "killed at step {kill_at}, done: {done}");
    }
}

#[test]
fn verified_is_never_the_default() {
    for (finding, ending) in [
        (
            Outcome::Done(Finding::Verified {
                whole: false,
                says: "6 of 7".into(),
                tail: vec!["9.9.9.9".into()],
            }),
            "partly verified: 6 of 7; NOT yet 9.9.9.9",
        ),
        (
            Outcome::Never { why: "no answer in time".into() },
            "done, but its effect could NOT be seen: no answer in time; look yourself",
        ),
    ] {
        let mut engine = engine();
        let operation = said(&mut engine, "lead-developer", &rollback(), 1).unwrap();
        said(&mut engine, "lead-developer", &run(&operation), 2).unwrap();
        let mut vendor = obedient(hosting());
        perform(&mut engine, 3, |effect| match effect {
            Effect::Look(Look::Verify(_)) => finding.clone(),
            other => vendor(other),
        });
        let Stage::Over(ended) = engine.operation(1).unwrap().stage else { panic!() };
        assert_eq!(ending_says(&ended), ending);
        assert!(engine.standing().proofs.is_empty(), "what was not seen proves nothing");
    }
}

#[test]
fn one_operation_a_target() {
    let mut engine = engine();
    let first = said(&mut engine, "lead-developer", &rollback(), 1).unwrap();
    let second = said(&mut engine, "devops-engineer", &rollback(), 2).unwrap();
    said(&mut engine, "lead-developer", &run(&first), 3).unwrap();
    let busy = refused(said(&mut engine, "devops-engineer", &run(&second), 4));
    assert_eq!(busy, "operation 1 is under way on the same target: wait for its end");
}

#[test]
fn people_are_reminded_until_it_is_done() {
    let mut engine = engine();
    let operation = said(&mut engine, "lead-developer", &rollback(), 1).unwrap();
    said(&mut engine, "lead-developer", &run(&operation), 2).unwrap();
    perform(&mut engine, 3, obedient(hosting()));
    let notices = |engine: &mut Engine<MemoryStore>, hour: i64| {
        engine.tick(after(hour * 3_600)).unwrap();
        let due = engine.owed(Lane::Tell, after(hour * 3_600), 10).unwrap();
        for one in &due {
            engine.settle(one, &Outcome::Done(Finding::Nothing), after(hour * 3_600)).unwrap();
        }
        let is_notice = |one: &&Owed| matches!(one.effect, Effect::Tell(Tell::Notice(_)));
        due.iter().filter(is_notice).count()
    };
    assert_eq!([1, 5, 6, 10, 15].map(|hour| notices(&mut engine, hour)), [0, 1, 0, 1, 1]);
}

#[test]
fn an_incidents_timeline_hears_of_its_operations() {
    let mut engine = engine();
    let declare = crate::incident::Wish::Declare {
        component: "frontend".into(),
        severity: None,
        says: "white page".into(),
        number: 0,
    };
    let on = crate::engine::Target::Component("frontend".into());
    engine.wish(&on, &"lead-developer".into(), "terminal", "d", &declare, after(0)).unwrap();
    let operation = said(&mut engine, "lead-developer", &rollback(), 1).unwrap();
    assert_eq!(operation.incident, Some(1));
    said(&mut engine, "lead-developer", &run(&operation), 2).unwrap();
    let mut vendor = obedient(hosting());
    for next in owed(&engine, 3).into_iter().filter(|one| one.key.stream.as_str() == "operations") {
        engine.settle(&next, &vendor(&next.effect), after(3)).unwrap();
    }
    let incident = engine.live().next().unwrap();
    let update = incident.last_update.as_deref().unwrap();
    assert!(update.contains("says go: roll back dpl_3 to dpl_2 (complete application outage)"));
}

#[test]
fn a_deployment_that_was_well_under_traffic_is_pinned_and_missed_when_it_is_gone() {
    let standing = crate::safety::Standing::default();
    let plan = plan_of(|_| {});
    let list = hosting().deployments.unwrap();
    let care = |standing: &_, list: &[Deployment], well: Option<Ts>, now: Ts| {
        crate::safety::care(standing, &plan, list, well, now)
    };
    assert_eq!(care(&standing, &list, Some(START), after(899)), []);
    assert_eq!(care(&standing, &list, None, after(9_000)), []);
    let pinned = care(&standing, &list, Some(START), after(900));
    let id = || "dpl_3".into();
    assert_eq!(pinned, [crate::safety::SafetyEvent::Pinned { deployment: id() }]);
    let standing = crate::safety::Standing { pins: vec![id()], ..standing };
    assert_eq!(care(&standing, &list, Some(START), after(900)), []);
    let gone = care(&standing, &list[1..], None, after(900));
    assert_eq!(gone, [crate::safety::SafetyEvent::PinLost { deployment: id() }]);
}
