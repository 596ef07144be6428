//! How fast disasters are played, and how fast the kernel decides: per core, medians of several runs.
//!
//! `cargo bench -p tests --bench simulation`. Goals: 2,000 complete disasters a second, 200,000 turns a second.

use std::hint::black_box;
use std::time::{Duration, Instant};

use shared::engine::{Engine, Target};
use shared::incident::Wish;
use shared::store::MemoryStore;
use shared::time::Span;
use shared::town::{START, Scenario, Script};
use tests::rehearsal::{plan, run};

const RUNS: usize = 9;
const DISASTERS: u64 = 300;
const TURNS: u32 = 9_000;

fn main() {
    report("complete disasters", median(DISASTERS, disasters));
    report("turns decided, applied and hashed", median(u64::from(TURNS), turns));
}

fn disasters() {
    for seed in 0..DISASTERS {
        black_box(run(Script::of(Scenario::CompleteOutage), seed));
    }
}

/// Updates of one incident: each is decided, folded, serialised, hashed and appended in memory.
fn turns() {
    let opened = Engine::open(plan(), MemoryStore::default(), START);
    let Ok(mut engine) = opened else { return };
    let by = "lead-developer".into();
    let declare = Wish::Declare {
        component: "frontend".into(),
        severity: None,
        says: "it is gone".into(),
        number: 0,
    };
    let target = Target::Component("frontend".into());
    let _declared = engine.wish(&target, &by, "bench", "declare", &declare, START);
    let update = Wish::Update("still looking".into());
    for n in 0..TURNS {
        let now = START + Span::secs(i64::from(n));
        let _granted = black_box(engine.wish(&target, &by, "bench", &n.to_string(), &update, now));
    }
}

/// Things a second in the median run.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn median(things: u64, work: impl Fn()) -> f64 {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    things as f64 / times[RUNS / 2].as_secs_f64()
}

#[expect(clippy::print_stdout, reason = "a benchmark's answer")]
fn report(what: &str, a_second: f64) {
    println!("{what}: {a_second:.0} a second and core");
}
