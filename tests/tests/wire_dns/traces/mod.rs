//! Properties of the hands over random traces of moves, faults and deaths, judged by what the stand-ins were really
//! asked to write and what they would answer.
//!
//! The traces are the same in every run; a failure shows the shortest that still fails.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use functions::perform::{Hold, KillSwitch, Perform};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use shared::effect::{Act, Effect, Finding, Look, Outcome, Toward};
use shared::id::EffectKey;
use tokio::time::sleep;

mod trace;
mod world;

use trace::{Fault, Setting, Step, Trace, traces};
use world::{CHANGE, World};

/// Traces of each setting.
const CASES: u32 = 200;
/// Looks back until somebody can tell.
const READS: u32 = 9;
/// Until what was on its way when the hands died has arrived.
const ON_ITS_WAY: Duration = Duration::from_millis(3);

#[test]
fn whatever_goes_wrong_simple_records_keep_every_promise() {
    play(Setting::Simple);
}

#[test]
fn whatever_goes_wrong_pairs_behind_the_latch_keep_every_promise() {
    play(Setting::Latched);
}

#[test]
fn whatever_goes_wrong_pairs_behind_routing_controls_keep_every_promise() {
    play(Setting::Switched);
}

fn play(setting: Setting) {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let verdict = TestRunner::new_with_rng(config, rng)
        .run(&traces(setting), |trace| runtime.block_on(walk(&trace)).map_err(TestCaseError::fail));
    if let Err(broken) = verdict {
        panic!("{broken}");
    }
}

/// Plays a trace and judges it after every step.
async fn walk(trace: &Trace) -> Result<(), String> {
    let world = World::start(trace).await;
    let others = world.others();
    let mut lags = false;
    for (place, step) in trace.steps.iter().enumerate() {
        let says = |why: String| format!("step {place}: {why}");
        let key = EffectKey { stream: "operations".into(), turn: place as u32 + 1, position: 0 };
        let (asked, called) = (world.attempts(), world.route53.calls().len());
        step.faults.iter().for_each(|fault| world.suffer(*fault));
        let before = world.writes();
        let granted = Arc::new(AtomicUsize::new(0));
        let outcome = moved(&world, step, &key, &granted).await;
        let outcome = outcome.unwrap_or_else(|| Outcome::Unknown { why: "it died".into() });
        lags |= may_lag(step, &outcome);
        if world.others() != others || !world.wrong().is_empty() {
            return Err(says(format!("{:?}, others {:?}", world.wrong(), world.others())));
        }
        signed(&world, called, &key).map_err(says)?;
        let written = world.attempts() - asked;
        if written > granted.load(Ordering::Relaxed) {
            return Err(says(format!("{written} writes, and the lease was not asked for each")));
        }
        let idle = matches!(outcome, Outcome::Never { .. } | Outcome::Later { .. });
        if idle && world.writes() != before {
            return Err(says(format!("{outcome:?}, and yet {before:?} is {:?}", world.writes())));
        }
        told_the_truth(&world, step, &key, &outcome, lags).await.map_err(says)?;
        world.calm();
    }
    Ok(())
}

/// Whether name servers may show what was accepted later, or never: nobody followed the change, or it was stranded
/// again.
fn may_lag(step: &Step, outcome: &Outcome) -> bool {
    let followed = matches!(outcome, Outcome::Done(_));
    let stranded = step.faults.iter().map(|fault| match fault {
        Fault::Stranded(times) => *times,
        _ => 0,
    });
    let lagging = step.faults.iter().any(|fault| match fault {
        Fault::PendingForEver => true,
        Fault::Pending(_) => !followed,
        _ => false,
    });
    let stranded = stranded.sum::<u32>();
    lagging || stranded > 1 || (stranded > 0 && !followed)
}

/// One move, under a lease that may end; `None` if the hands died meanwhile.
async fn moved(
    world: &World,
    step: &Step,
    key: &EffectKey,
    granted: &Arc<AtomicUsize>,
) -> Option<Outcome> {
    let (granted, limit) = (Arc::clone(granted), step.lease_ends_after);
    let stands = move || {
        let earlier = granted.load(Ordering::Relaxed);
        if limit.is_some_and(|limit| earlier >= limit as usize) {
            return Err("its lease is over".to_owned());
        }
        granted.store(earlier + 1, Ordering::Relaxed);
        Ok(())
    };
    let switch = KillSwitch::beside(std::path::Path::new("nowhere/allclear.db"));
    let hold = Hold::Alone { stands: Box::new(stands), switch };
    let effect = Effect::Act(act(step.toward));
    let work = world.hands.perform(key, &effect, &hold);
    let outcome = Mortal { work: Box::pin(work), left: step.dies_after }.await;
    if outcome.is_none() {
        sleep(ON_ITS_WAY).await;
    }
    outcome
}

fn act(toward: Toward) -> Act {
    match toward {
        Toward::Standby => Act::FailOver,
        Toward::Primary => Act::FailBack,
    }
}

/// What was said to be done is done; what nobody knows is found out.
async fn told_the_truth(
    world: &World,
    step: &Step,
    key: &EffectKey,
    outcome: &Outcome,
    lags: bool,
) -> Result<(), String> {
    let leads = world.leads(step.toward);
    match outcome {
        Outcome::Done(_) if !leads => Err(format!("{outcome:?}, and it is not")),
        Outcome::Done(_) if !lags && !world.answers(step.toward) => {
            Err(format!("{outcome:?}, and it is not answered"))
        }
        Outcome::Unknown { .. } => {
            let told = read_back(world, step, key).await;
            if told == Some(leads) {
                return Ok(());
            }
            Err(format!("{outcome:?}, read back as {told:?}, and the truth is {leads}"))
        }
        _ => Ok(()),
    }
}

/// Looks back, at first while everything still goes wrong, until somebody can tell.
async fn read_back(world: &World, step: &Step, key: &EffectKey) -> Option<bool> {
    let look = Look::ReadBack { operation: key.clone(), act: act(step.toward) };
    for _ in 0..READS {
        let told = world.hands.perform(key, &Effect::Look(look.clone()), &Hold::Free).await;
        match told {
            Outcome::Done(Finding::ReadBack { applied }) => return Some(applied),
            Outcome::Done(_) => return None,
            _ => world.calm(),
        }
    }
    None
}

/// Every batch says whose it is, and speaks of nothing but addresses of the plan's names.
fn signed(world: &World, from: usize, key: &EffectKey) -> Result<(), String> {
    let calls = world.route53.calls();
    let names = &world.hands.plan.dns.names;
    for call in calls[from..].iter().filter(|call| call.operation == CHANGE) {
        let comment = call.comment.clone().unwrap_or_default();
        if !comment.starts_with(&format!("allclear {key}")) {
            return Err(format!("a batch says it is `{comment}`, not {key}"));
        }
        let foreign = call.touches.iter().find(|(name, kind)| {
            let listed = names.iter().any(|one| name.trim_end_matches('.') == one);
            !listed || !["A", "AAAA", "CNAME"].contains(&kind.as_str())
        });
        if let Some((name, kind)) = foreign {
            return Err(format!("a batch speaks of {kind} {name}"));
        }
    }
    Ok(())
}

/// Work that is woken only so many times and then dropped where it stands, as by a crash.
struct Mortal<F> {
    work: Pin<Box<F>>,
    left: Option<u32>,
}

impl<F: Future> Future for Mortal<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.left {
            Some(0) => return Poll::Ready(None),
            Some(left) => *left -= 1,
            None => {}
        }
        self.work.as_mut().poll(context).map(Some)
    }
}
