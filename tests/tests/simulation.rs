//! The product's proof: thousands of disasters in the simulated town, each with faults and a server that may be killed
//! at any boundary, and every promise judged at the end of each.
//!
//! `SEEDS=1000000 cargo test -p tests --test simulation --release` runs more; `SEED=7 …` replays one and tells its story.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]
#![expect(clippy::print_stdout, reason = "a replayed seed tells its story")]

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use shared::store::Store;
use shared::town::{Fault, Scenario, Script, Simulation};
use tests::rehearsal::{broken, run, script, story};

/// Seeds that the test command plays.
const SEEDS: u64 = 20_000;
/// Broken seeds after which it is known well enough.
const ENOUGH: usize = 5;

#[expect(clippy::disallowed_methods, reason = "a test's own settings")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Plays scripts on every core until they end or enough of them broke a promise; returns what broke.
fn play(count: u64, one: impl Fn(u64) -> (Script, u64) + Sync) -> Vec<String> {
    let (next, failures) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= count || failures.lock().unwrap().len() >= ENOUGH {
                        return;
                    }
                    let (script, seed) = one(place);
                    let broken = broken(&run(script.clone(), seed));
                    if !broken.is_empty() {
                        let says = format!("seed {seed}, {script}:\n  {}", broken.join("\n  "));
                        failures.lock().unwrap().push(says);
                    }
                }
            });
        }
    });
    failures.into_inner().unwrap()
}

#[test]
fn every_promise_is_kept_whatever_the_seed() {
    if let Some(seed) = setting("SEED") {
        let simulation = run(script(seed), seed);
        println!("seed {seed}: {}\n{}", script(seed), story(&simulation));
        assert_eq!(broken(&simulation), Vec::<String>::new());
        return;
    }
    let failures = play(setting("SEEDS").unwrap_or(SEEDS), |seed| (script(seed), seed));
    let replay = "replay one with SEED=… cargo test -p tests --test simulation -- --nocapture";
    assert!(failures.is_empty(), "{}\n{replay}", failures.join("\n"));
}

#[test]
fn a_server_killed_at_any_boundary_keeps_every_promise() {
    for (scenario, seed) in [
        (Scenario::BadDeployment, 1),
        (Scenario::PlatformDown, 2),
        (Scenario::RollbackDoesNotHelp, 3),
        (Scenario::EdgeFunctionHang, 4),
        (Scenario::Partition, 5),
    ] {
        let boundaries = u64::from(run(Script::of(scenario), seed).boundaries());
        assert!(boundaries > 50, "{scenario} passes {boundaries} boundaries");
        let failures =
            play(boundaries, |place| (Script::of(scenario).killed_at(place as u32 + 1), seed));
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }
}

/// A lost reply makes the operation's fate unknown; being killed on top of it must not make it happen twice.
#[test]
fn a_server_killed_at_any_boundary_while_replies_get_lost_keeps_every_promise() {
    let script = Script::of(Scenario::PlatformDown).with([Fault::LostReply]);
    let boundaries = u64::from(run(script.clone(), 6).boundaries());
    let failures = play(boundaries, |place| (script.clone().killed_at(place as u32 + 1), 6));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let bytes = |simulation: &Simulation| -> Vec<String> {
        let store = simulation.store();
        let incidents = store.newest(usize::MAX).unwrap();
        let ids = incidents.into_iter().map(|one| one.id).chain(["safety".into()]);
        ids.flat_map(|id| store.turns(&id).unwrap()).map(|turn| turn.json).collect()
    };
    for seed in 0..64 {
        let (first, second) = (run(script(seed), seed), run(script(seed), seed));
        assert_eq!(bytes(&first), bytes(&second), "seed {seed}");
        assert_eq!(first.boundaries(), second.boundaries());
    }
}

/// Seeds of bad phones that the test command plays.
const PHONE_SEEDS: u64 = 5_000;

/// An outage that wakes everybody, with the phones, the providers and the sleepers of that seed.
fn bad_phones(seed: u64) -> Script {
    const OUTAGES: [Scenario; 3] =
        [Scenario::SharedDependencyDown, Scenario::BothSidesDown, Scenario::StandbyStale];
    const PHONES: [Fault; 13] = [
        Fault::CallsInVain,
        Fault::DeliveryLies,
        Fault::LateCallbacks,
        Fault::OptedOut,
        Fault::PeopleDecline,
        Fault::OnCallAsleep,
        Fault::EveryoneAsleep,
        Fault::VoiceDown,
        Fault::SmsDown,
        Fault::MailDown,
        Fault::LostReply,
        Fault::SlowVendors,
        Fault::Kill,
    ];
    let mut rng = fastrand::Rng::with_seed(seed ^ 0xbad);
    let faults: Vec<Fault> =
        (0..rng.usize(1..=5)).map(|_| PHONES[rng.usize(..PHONES.len())]).collect();
    Script::of(OUTAGES[seed as usize % OUTAGES.len()]).with(faults)
}

/// Kill points, providers that fail, lie and repeat themselves, people who sleep and people who can't: no page is lost,
/// and whatever is not acknowledged is still being escalated. `SEEDS=100000` plays more of them.
#[test]
fn no_page_is_lost_whatever_phones_do() {
    if setting("SEED").is_some() {
        return;
    }
    let seeds = setting("SEEDS").unwrap_or(PHONE_SEEDS);
    let failures = play(seeds, |seed| (bad_phones(seed), seed));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
