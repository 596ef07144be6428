//! What it costs to keep time over many open incidents: it grows with what is due, not with what is open. And how late
//! the timers of ten thousand are in a real server.
//!
//! One incident is live a component, so the plan is the built-in one with as many components as incidents are open: a
//! fleet, all of it down. Each was declared P2 and nobody has answered: its ladder is being climbed. The pages of its
//! first rung were sent. That is the worst there is, for an incident that somebody took has no timers.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use functions::clock;
use functions::store::SqliteStore;
use rusqlite::{Connection, OpenFlags};
use shared::effect::{Effect, Finding, Lane, Outcome};
use shared::engine::{Engine, Target};
use shared::id::{ComponentId, EffectKey};
use shared::incident::{Event, Wish};
use shared::ledger::Body;
use shared::plan::{Plan, Severity, read};
use shared::store::Store;
use shared::time::{Span, Ts};
use tests::bench::report::{Figure, Goal, print};
use tests::bench::servers::{STORE, secluded_plan, start_under};
use tests::bench::{largest, median, now, percentile};
use tests::binary::allclear;

/// So many incidents are open.
const OPEN: [usize; 3] = [1_000, 10_000, 100_000];
/// So many in the real server.
const SERVED: usize = 10_000;
/// The second rung of a P2 is due this long after its declaration (the plan's `[[escalation]]`).
const SECOND_RUNG: Span = Span::mins(5);
/// The incidents were declared over this time, one after the other: their rungs are due over the same time.
const SPREAD: Span = Span::secs(60);
/// The server has this long to start before the first rung is due.
const HEAD_START: Span = Span::secs(40);
/// Wishes and outcomes in one commit.
const BATCH: usize = 500;
/// Ticks measured of each kind.
const TICKS: usize = 50;
/// As many wake-ups as one tick takes.
const MANY: usize = 256;

type Desk = Engine<SqliteStore>;

fn main() -> Result<()> {
    for open in OPEN {
        in_process(open)?;
    }
    in_serve()
}

/// The built-in plan with more components; nobody outside is asked anything.
fn plan_text(components: usize) -> String {
    let mut text = secluded_plan();
    for place in 0..components {
        let id = name(place);
        let _ = write!(
            text,
            "\n[[components]]\nid = \"{id}\"\nname = \"{id}\"\nrto = \"1h\"\nrpo = \"5m\"\npriority = \"medium\"\n\
             vendor = \"supabase\"\nhealth_url = \"https://127.0.0.1:9/{id}\"\nrecovery = \"manual\"\n"
        );
    }
    text
}

fn name(place: usize) -> String {
    format!("service-{place:06}")
}

fn plan(components: usize) -> Result<Arc<Plan>> {
    let plan = read::read("plan.toml", &plan_text(components));
    plan.map(Arc::new).map_err(|mistakes| anyhow!("{} mistakes in the plan", mistakes.len()))
}

/// Declares an incident on every component, the last of them at `last`, and sends their first pages.
fn fill(engine: &mut Desk, open: usize, last: Ts) -> Result<()> {
    let at = |place: usize| last - Span::millis(SPREAD.0 * (open - place) as i64 / open as i64);
    for first in (0..open).step_by(BATCH) {
        let places = first..open.min(first + BATCH);
        engine.batch(at(first), |engine| {
            Ok(places.into_iter().try_for_each(|place| declare(engine, place, at(place))))
        })??;
        send(engine, at((first + BATCH).min(open) - 1))?;
    }
    Ok(())
}

fn declare(engine: &mut Desk, place: usize, now: Ts) -> Result<()> {
    let component: ComponentId = name(place).as_str().into();
    let (severity, says) = (Some(Severity::P2), "everything is down".to_owned());
    let wish = Wish::Declare { component: component.clone(), severity, says, number: 0 };
    let (by, key) = ("lead-developer".into(), format!("declare/{place}"));
    engine.wish(&Target::Component(component), &by, "terminal", &key, &wish, now)?;
    Ok(())
}

/// Performs whatever is due, as vendors do that take everything and find nothing.
fn send(engine: &mut Desk, now: Ts) -> Result<()> {
    loop {
        let mut due = Vec::new();
        for lane in Lane::ALL {
            due.extend(engine.owed(lane, now, BATCH)?);
        }
        if due.is_empty() {
            return Ok(());
        }
        engine.batch(now, |engine| {
            due.iter().try_for_each(|owed| engine.settle(owed, &outcome(&owed.effect), now))
        })?;
    }
}

fn outcome(effect: &Effect) -> Outcome {
    match effect {
        Effect::Page(_) => {
            Outcome::Done(Finding::Sent { provider: "bench".into(), receipt: "taken".into() })
        }
        Effect::Tell(_) | Effect::Report => Outcome::Done(Finding::Nothing),
        Effect::Look(_) | Effect::Act(_) | Effect::Purge(_) | Effect::WakeAt { .. } => {
            Outcome::Never { why: "this is a benchmark".into() }
        }
    }
}

fn in_process(open: usize) -> Result<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let file = folder.path().join(STORE);
    let plan = plan(open)?;
    let start = clock::now();
    let mut engine = Engine::open(Arc::clone(&plan), SqliteStore::open(&file)?, start - SPREAD)?;
    fill(&mut engine, open, start)?;
    catch_up(&mut engine, start)?;
    let idle: Result<Vec<f64>> = (0..TICKS).map(|_| time(&mut engine, start)).collect();
    let one: Result<Vec<f64>> = (0..TICKS).map(|_| after_wakes(&mut engine, 1)).collect();
    let many: Result<Vec<f64>> = (0..2).map(|_| after_wakes(&mut engine, MANY)).collect();
    let mut beside = Engine::open(plan, SqliteStore::open(&file)?, start)?;
    let noticed: Result<Vec<f64>> =
        (0..5).map(|round| after_another_wrote(&mut engine, &mut beside, round)).collect();
    print(
        &format!("{open} incidents open, their ladders being climbed"),
        &[
            Figure::plain("a tick with nothing due, median", median(&idle?), "µs"),
            Figure::plain("a tick with one timer due, median", median(&one?), "µs"),
            Figure::plain(format!("a tick with {MANY} timers due"), median(&many?), "µs"),
            Figure::plain("a tick after another program wrote, median", median(&noticed?), "µs"),
        ],
    );
    Ok(())
}

/// Fires whatever became due while the incidents were being declared.
fn catch_up(engine: &mut Desk, now: Ts) -> Result<()> {
    while engine.batch(now, |engine| engine.tick(now))? {
        send(engine, now)?;
    }
    send(engine, now)
}

/// Microseconds of a tick at that moment.
fn time(engine: &mut Desk, at: Ts) -> Result<f64> {
    let began = now();
    engine.batch(at, |engine| engine.tick(at).and_then(|_| engine.care(at)))?;
    Ok(began.elapsed().as_secs_f64() * 1e6)
}

/// A tick as soon as so many wake-ups are due; what they owe is sent afterwards.
fn after_wakes(engine: &mut Desk, count: usize) -> Result<f64> {
    let wakes = engine.store().wakes(Ts(i64::MAX), count)?;
    let at = wakes.last().context("nothing is to be woken")?.at;
    let took = time(engine, at)?;
    send(engine, at)?;
    Ok(took)
}

/// A tick after a terminal gave an update.
fn after_another_wrote(engine: &mut Desk, beside: &mut Desk, round: u32) -> Result<f64> {
    let wakes = engine.store().wakes(Ts(i64::MAX), 1)?;
    let at = wakes.last().context("nothing is to be woken")?.at - Span::millis(1);
    let wish = Wish::Update("still down".into());
    let (by, key) = ("lead-developer".into(), format!("update/{round}"));
    beside.batch(at, |beside| {
        Ok(beside.wish(&Target::Number(1 + round), &by, "terminal", &key, &wish, at))
    })??;
    time(engine, at)
}

/// The real server: its clock, its desk, its outbox, its prober.
fn in_serve() -> Result<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let file = folder.path().join(STORE);
    let mut engine = Engine::open(plan(SERVED)?, SqliteStore::open(&file)?, clock::now())?;
    let first_due = clock::now() + HEAD_START;
    fill(&mut engine, SERVED, first_due + SPREAD - SECOND_RUNG)?;
    drop(engine);
    let began = now();
    let server = start_under(allclear(), folder.path(), &plan_text(SERVED))?;
    let starting = began.elapsed().as_secs_f64();
    std::thread::sleep((first_due + SPREAD + Span::secs(10)).since(clock::now()).to_std());
    let cpu = server.process.cpu_seconds()?;
    let late_ms = lateness(&file)?;
    print(
        &format!("a server with {SERVED} incidents open, a rung of each due within {SPREAD}"),
        &[
            Figure::new("timers fired", late_ms.len() as f64, "", Goal::AtLeast(SERVED as f64)),
            Figure::plain("due to fired, p50", median(&late_ms), "ms"),
            Figure::plain("due to fired, p99", percentile(&late_ms, 0.99), "ms"),
            Figure::new("due to fired, worst", largest(&late_ms), "ms", Goal::AtMost(1_000.0)),
            Figure::plain("start to ready", starting, "s"),
            Figure::plain("processor time, start and probes included", cpu, "s"),
        ],
    );
    Ok(())
}

/// How late each wake-up was that the server fired, in milliseconds, by its ledger.
fn lateness(file: &Path) -> Result<Vec<f64>> {
    let store = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut turns = store.prepare("SELECT json FROM turns WHERE stream NOT IN ('safety', 'roster', 'operations') ORDER BY seq")?;
    let mut due: HashMap<EffectKey, Ts> = HashMap::new();
    let mut late = Vec::new();
    for json in turns.query_map([], |row| row.get::<_, String>(0))? {
        let body: Body<Event> = serde_json::from_str(&json?)?;
        let fired = body.settles.as_ref().and_then(|key| due.get(key));
        late.extend(fired.map(|at| body.at.since(*at).as_secs_f64() * 1e3));
        for (key, effect) in body.owed() {
            if let Effect::WakeAt { at, .. } = effect {
                due.insert(key, *at);
            }
        }
    }
    Ok(late)
}
