//! Velocity limits over random traces of requests: whoever asks, whatever comes of it, and however long it takes, no
//! machine acts more often than the plan's `safety` allows.
//!
//! The oracle counts what took place by itself and shares nothing with the journal but the plan.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::super::*;
use crate::detect::Probe;
use crate::effect::{
    Act, ActClass, Aim, Change, Effect, Finding, Look, Outcome, Preflight, Survey,
};
use crate::id::EffectKey;
use crate::operation::OperationWish;
use crate::plan::{built_in_text, read::read};
use crate::store::{MemoryStore, Owed};
use crate::time::Span;
use crate::town::rehearsal_plan;

const START: Ts = Ts(1_795_316_400_000);
const FRONTEND: &str = "frontend";
const DAY: Span = Span::hours(24);
/// Traces.
const CASES: u32 = 1_000;

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// Time passes.
    Wait(Span),
    /// The recovery wants to act; `Some`: to roll back that deployment.
    Ask(Option<u8>),
    /// People fail over by hand.
    People,
    /// What was begun ends.
    End(Fate),
    /// A person acknowledges something.
    Acknowledge,
    /// Everything is frozen, or no longer.
    Freeze(bool),
}

/// What comes of an action.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Done,
    Failed,
    NotNow,
    /// The reply is lost; later it is found to have taken place or not.
    Lost(bool),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let wait = prop_oneof![
        (1..50_i64).prop_map(Span::mins),
        // Around the limit itself: who asks probes for 40 s first.
        (-2..3_i64).prop_map(|off| Span::mins(60) + Span::secs(off - 40)),
        (1..14_i64).prop_map(Span::hours),
    ];
    let fates = vec![
        Fate::Done,
        Fate::Done,
        Fate::Failed,
        Fate::NotNow,
        Fate::Lost(true),
        Fate::Lost(false),
    ];
    let ask = prop_oneof![3 => Just(None), 1 => (0..3_u8).prop_map(Some)];
    let one = prop_oneof![
        5 => wait.prop_map(Move::Wait),
        6 => ask.prop_map(Move::Ask),
        1 => Just(Move::People),
        6 => select(fates).prop_map(Move::End),
        1 => Just(Move::Acknowledge),
        1 => prop::bool::weighted(0.3).prop_map(Move::Freeze),
    ];
    prop::collection::vec(one, 1..60)
}

/// What really took place, counted anew.
#[derive(Default)]
struct Oracle {
    /// Failovers by anybody since a person last acknowledged.
    failovers: Vec<Ts>,
    rolled_back: Vec<Act>,
    frozen: bool,
    epoch: u32,
    failed: u32,
}

impl Oracle {
    fn took_place(&mut self, act: &Act, now: Ts) {
        match act {
            Act::FailOver => self.failovers.push(now),
            other => self.rolled_back.push(other.clone()),
        }
        self.failed = 0;
    }

    /// What forbids a machine to act now.
    fn forbids(&self, act: &Act, plan: &Plan, now: Ts) -> Option<&'static str> {
        let within = |span: Span| self.failovers.iter().filter(|at| now - **at < span).count();
        let safety = &plan.safety;
        match act {
            _ if self.frozen => Some("it is frozen"),
            Act::FailOver if within(safety.failover_block) > 0 => Some("one failover an hour"),
            Act::FailOver if within(DAY) >= safety.failovers_per_day as usize => {
                Some("so many failovers a day")
            }
            other if self.rolled_back.contains(other) => Some("one rollback a deployment"),
            _ => None,
        }
    }
}

/// An engine in the middle of an outage, and what was begun.
struct World {
    engine: Engine<MemoryStore>,
    now: Ts,
    asked: u32,
    begun: Option<Owed>,
    lost: Option<(Owed, bool)>,
    oracle: Oracle,
    /// What machines were let do, and under which epoch.
    grants: Vec<(EffectKey, u32)>,
}

impl World {
    fn new() -> Self {
        let plan = rehearsal_plan(&read("infra/plan.toml", built_in_text()).unwrap());
        let mut engine = Engine::open(Arc::new(plan), MemoryStore::default(), START).unwrap();
        for class in ActClass::ALL {
            engine.prove(class, "drill", class.says(), START).unwrap();
        }
        let oracle = Oracle::default();
        let mut world = Self {
            engine,
            now: START,
            asked: 0,
            begun: None,
            lost: None,
            oracle,
            grants: Vec::new(),
        };
        world.probe(15);
        world
    }

    /// Every vantage point finds the frontend down, so many times.
    fn probe(&mut self, rounds: u32) {
        for _ in 0..rounds {
            let now = self.now;
            for vantage in self.engine.plan().detection.vantage_points.clone() {
                let probe = Probe { vantage, at: now, ok: false, latency_ms: None, why: None };
                let on = FRONTEND.into();
                self.engine.batch(now, |engine| engine.probe(&on, probe, true, now)).unwrap();
            }
            self.now = now + Span::secs(10);
        }
    }

    fn step(&mut self, next: Move) -> Result<(), TestCaseError> {
        let (now, key) = (self.now, self.asked.to_string());
        self.asked += 1;
        match next {
            Move::Wait(span) => self.now = now + span,
            Move::Ask(from) => return self.ask(from),
            Move::People => self.people(&key),
            Move::End(fate) => self.end(fate),
            Move::Acknowledge => self.acknowledge(&key),
            Move::Freeze(true) => {
                self.engine.freeze("ann", "hands off", &key, now).unwrap();
                self.oracle.frozen = true;
            }
            Move::Freeze(false) => {
                self.engine.unfreeze("ann", &key, now).unwrap();
                (self.oracle.frozen, self.oracle.failed) = (false, 0);
            }
        }
        Ok(())
    }

    /// The recovery wants to act, on evidence that is fresh.
    fn ask(&mut self, from: Option<u8>) -> Result<(), TestCaseError> {
        self.probe(4);
        let act = match from {
            None => Act::FailOver,
            Some(n) => Act::RollBack { from: format!("dpl_{n}").into(), to: "dpl_0".into() },
        };
        let incident = self.engine.live().find(|one| one.component.as_str() == FRONTEND);
        let stream = incident.map(|one| one.id.clone()).unwrap();
        let key = EffectKey { stream, turn: 1_000 + self.asked, position: 0 };
        let permit = self.engine.permit(&key, &act, self.now).unwrap();
        let Permit::Go { epoch } = permit else { return Ok(()) };
        let why = self.oracle.forbids(&act, self.engine.plan(), self.now);
        prop_assert_eq!(why, None, "{:?} was granted", act);
        let one_at_a_time = self.begun.iter().chain(self.lost.iter().map(|(owed, _)| owed));
        let class =
            |owed: &Owed| matches!(&owed.effect, Effect::Act(it) if it.class() == act.class());
        prop_assert!(!one_at_a_time.into_iter().any(class), "two at once");
        prop_assert!(epoch > self.oracle.epoch, "an epoch went back");
        for (old, epoch) in &self.grants {
            let open = self.lost.iter().map(|(owed, _)| owed).chain(&self.begun);
            let over = open.into_iter().all(|owed| owed.key != *old);
            prop_assert!(!over || !self.engine.holds(old, *epoch), "an old epoch still holds");
        }
        prop_assert!(self.engine.holds(&key, epoch) && !self.engine.holds(&key, epoch - 1));
        self.grants.push((key.clone(), epoch));
        self.oracle.epoch = epoch;
        let owed = Owed { key, effect: Effect::Act(act), attempts: 0 };
        // An older one of another class goes on beside it and ends well.
        if self.begun.is_some() {
            self.end(Fate::Done);
        }
        self.begun = Some(owed);
        Ok(())
    }

    fn end(&mut self, fate: Fate) {
        if let Some((owed, applied)) = self.lost.take() {
            let Effect::Act(act) = &owed.effect else { return };
            let look = Look::ReadBack { operation: owed.key.clone(), act: act.clone() };
            let key = EffectKey { position: 1, ..owed.key.clone() };
            let asked = Owed { key, effect: Effect::Look(look), attempts: 0 };
            let told = Outcome::Done(Finding::ReadBack { applied });
            self.engine.settle(&asked, &told, self.now).unwrap();
            if applied {
                self.oracle.took_place(act, self.now);
            }
        }
        let Some(owed) = self.begun.take() else { return };
        let Effect::Act(act) = owed.effect.clone() else { return };
        let why = String::from("as it happens");
        let outcome = match fate {
            Fate::Done => Outcome::Done(Finding::Nothing),
            Fate::Failed => Outcome::Never { why },
            Fate::NotNow => Outcome::Later { why, after: Span::secs(5) },
            Fate::Lost(_) => Outcome::Unknown { why },
        };
        self.engine.settle(&owed, &outcome, self.now).unwrap();
        match fate {
            Fate::Done => self.oracle.took_place(&act, self.now),
            Fate::Failed => {
                self.oracle.failed += 1;
                let limit = self.engine.plan().safety.failures_before_freeze;
                self.oracle.frozen |= self.oracle.failed >= limit;
            }
            Fate::NotNow => {}
            Fate::Lost(applied) => self.lost = Some((owed, applied)),
        }
    }

    /// Something else is declared, taken and over: whoever takes it has seen what machines did.
    fn acknowledge(&mut self, key: &str) {
        let by = "lead-developer".into();
        let on = Target::Component("storage".into());
        let says = "odd".into();
        let declare =
            Wish::Declare { component: "storage".into(), severity: None, says, number: 0 };
        let over = Wish::Resolve { without_evidence: Some("a mistake".into()) };
        for (place, wish) in [declare, Wish::Acknowledge, over].into_iter().enumerate() {
            let said =
                self.engine.wish(&on, &by, "terminal", &format!("{key}/{place}"), &wish, self.now);
            let taken = said.iter().flat_map(|granted| &granted.events);
            if taken.into_iter().any(|event| matches!(event, Event::Acknowledged { .. })) {
                self.oracle.failovers.clear();
            }
        }
    }

    /// People fail over by hand: no limit binds them, and it counts.
    fn people(&mut self, key: &str) {
        let (by, now) = ("lead-developer".into(), self.now);
        let plan = OperationWish::Plan {
            aim: Aim::FailOver,
            because: "outage".into(),
            survey: Box::new(names()),
            incident: None,
        };
        let Ok(operation) = self.engine.operate(&by, "terminal", &format!("{key}/p"), &plan, now)
        else {
            return;
        };
        let run = OperationWish::Run { number: operation.number, hash: operation.hash.short() };
        if self.engine.operate(&by, "terminal", &format!("{key}/r"), &run, now).is_err() {
            return;
        }
        while let Some(owed) = self.engine.owed_by_operations(now).unwrap().into_iter().next() {
            let found = match &owed.effect {
                Effect::Look(Look::Survey(_)) => Finding::Surveyed(names()),
                Effect::Act(act) => match self.engine.permit(&owed.key, act, now).unwrap() {
                    Permit::Go { epoch } => {
                        assert!(epoch > self.oracle.epoch && !self.oracle.frozen);
                        self.oracle.epoch = epoch;
                        self.oracle.took_place(act, now);
                        Finding::Nothing
                    }
                    Permit::Settled(outcome) => panic!("people were refused: {outcome:?}"),
                },
                _ => Finding::Verified { whole: true, says: "all agree".into(), tail: vec![] },
            };
            self.engine.settle(&owed, &Outcome::Done(found), now).unwrap();
        }
    }
}

fn names() -> Survey {
    let [before, after] = ["198.18.0.1", "198.18.0.2"].map(Into::into);
    let preflight = Preflight {
        answers: true,
        certificate_life: Span::days(30),
        database: true,
        data_age: Span::secs(9),
        build: None,
    };
    Survey {
        by: Some("latch".into()),
        changes: vec![Change { target: "A example.com".into(), before, after }],
        preflight: Some(preflight),
        ..Survey::default()
    }
}

#[test]
fn machines_never_act_more_often_than_the_plan_allows() {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let granted = Cell::new(0);
    let verdict = TestRunner::new_with_rng(config, rng).run(&moves(), |trace| {
        let mut world = World::new();
        for next in trace {
            world.step(next)?;
        }
        granted.set(granted.get() + world.grants.len() as u32);
        Ok(())
    });
    assert!(verdict.is_ok(), "{}", verdict.unwrap_err());
    assert!(
        granted.get() > CASES,
        "machines were let act {} times: that proves little",
        granted.get()
    );
}
