//! What a durable turn costs, against the least a disk allows: appending the same bytes to a file and flushing it.
//!
//! Both are measured in turns within one run, since a disk's mood changes by the second. Not by criterion, which measures
//! one thing after the other. The target is a ratio of 1.5 for a whole turn.

#![expect(clippy::print_stdout, reason = "the figures are its output")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has no figures")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use functions::store::SqliteStore;
use shared::effect::{Effect, Tell};
use shared::id::{EffectKey, StreamId};
use shared::incident::State;
use shared::ledger::{Body, Hash, Sealed, seal};
use shared::plan::Severity;
use shared::store::{Derived, MemoryStore, Store, Summary};
use shared::time::Ts;

/// Durable turns measured; a fifth of them warms up.
const DURABLE_TURNS: u32 = 5_000;
/// Turns of an incident before the next one begins.
const TURNS_PER_INCIDENT: u32 = 60;
/// Lives of an incident written to memory.
const LIVES: u32 = 2_000;
/// The most a durable turn should cost, in flushed appends of the same bytes.
const TARGET_RATIO: f64 = 1.5;

fn main() {
    // Not the system's temporary folder, which may be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let [raw, bare, whole] = durable(folder.path());
    let ratio = |times: &[Duration]| median(times).as_secs_f64() / median(&raw).as_secs_f64();
    row("flushed append to a log", &raw, 1.0);
    row("turn alone", &bare, ratio(&bare));
    row("turn, effect, settlement, index", &whole, ratio(&whole));
    let verdict = if ratio(&whole) <= TARGET_RATIO { "met" } else { "missed" };
    println!("target {TARGET_RATIO:.1}: {verdict}");
    println!("in memory: {:.2} µs a turn", in_memory().as_secs_f64() * 1e6);
}

/// Times of the raw log, of turns with nothing derived, and of turns with all that a usual one derives.
fn durable(folder: &Path) -> [Vec<Duration>; 3] {
    let mut log = append_only(&folder.join("log"));
    let mut bare = SqliteStore::open(&folder.join("bare.db")).unwrap();
    let mut whole = SqliteStore::open(&folder.join("whole.db")).unwrap();
    let mut times = [const { Vec::new() }; 3];
    for n in 0..DURABLE_TURNS {
        let written = Written::nth(n);
        let round = [
            timed(|| {
                log.write_all(written.turn.json.as_bytes()).unwrap();
                log.write_all(&written.turn.hash.0).unwrap();
                log.sync_data().unwrap();
            }),
            timed(|| {
                let derived = Derived { key: &written.key, ..Derived::default() };
                written_in_batch(&mut bare, &written.turn, &derived);
            }),
            timed(|| written_in_batch(&mut whole, &written.turn, &written.derived())),
        ];
        for (times, time) in times.iter_mut().zip(round) {
            times.push(time);
        }
    }
    times.map(|times| times[times.len() / 5..].to_vec())
}

fn append_only(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

fn written_in_batch(store: &mut impl Store, turn: &Sealed, derived: &Derived) {
    store.begin().unwrap();
    store.append(turn, derived).unwrap();
    store.commit().unwrap();
}

/// The mean time of a whole turn in memory, sealing not counted.
fn in_memory() -> Duration {
    let turns: Vec<_> = (0..TURNS_PER_INCIDENT).map(Written::nth).collect();
    let spent = timed(|| {
        for _ in 0..LIVES {
            let mut store = MemoryStore::default();
            for written in &turns {
                written_in_batch(&mut store, &written.turn, &written.derived());
            }
        }
    });
    spent / (LIVES * TURNS_PER_INCIDENT)
}

/// A turn as incidents have them: a key, one effect owed and the one before settled.
struct Written {
    turn: Sealed,
    key: String,
    effect: Effect,
    owes: EffectKey,
    settles: Option<EffectKey>,
    summary: Summary,
}

impl Written {
    fn nth(n: u32) -> Self {
        let (incident, number) = (n / TURNS_PER_INCIDENT + 1, n % TURNS_PER_INCIDENT + 1);
        let stream = StreamId::from(Hash::of(&[&incident.to_be_bytes()]).to_string());
        let effect_of = |turn| EffectKey { stream: stream.clone(), turn, position: 0 };
        let effect = Effect::Tell(Tell::Card);
        let settles = (number > 1).then(|| effect_of(number - 1));
        let body = Body {
            stream: stream.clone(),
            turn: number,
            at: Ts(i64::from(n)),
            actor: "lead-developer".into(),
            key: format!("command-{n}").into(),
            events: vec!["what happened, in some words, as long as an event usually is"; 2],
            owes: vec![effect.clone()],
            settles: settles.clone(),
        };
        Self {
            turn: seal(&Hash::default(), &body).unwrap(),
            key: body.key.to_string(),
            effect,
            owes: effect_of(number),
            settles,
            summary: summary(stream, incident),
        }
    }

    fn derived(&self) -> Derived<'_> {
        Derived {
            owes: vec![(self.owes.clone(), &self.effect)],
            settles: self.settles.as_ref(),
            key: &self.key,
            summary: Some(self.summary.clone()),
        }
    }
}

fn summary(id: StreamId, number: u32) -> Summary {
    Summary {
        id,
        number,
        component: "frontend".into(),
        state: State::Open,
        severity: Severity::P1,
        since: Ts(0),
        ended: None,
    }
}

fn row(what: &str, times: &[Duration], ratio: f64) {
    let p99 = quantile(times, 99).as_secs_f64() * 1e6;
    let p50 = median(times).as_secs_f64() * 1e6;
    println!("{what:<32} p50 {p50:>7.0} µs  p99 {p99:>7.0} µs  ratio {ratio:.2}");
}

fn median(times: &[Duration]) -> Duration {
    quantile(times, 50)
}

fn quantile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}
