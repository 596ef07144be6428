//! Disasters in the simulated town: any number of scripts by seed, and what became of one in a few lines.

use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use shared::incident::Event;
use shared::ledger::verify;
use shared::plan::{Plan, built_in_text, read};
use shared::store::Store;
use shared::timeline::{elapsed, timeline};
use shared::town::{FAULTS, SCENARIOS, Script, Simulation, promises, rehearsal_plan};

/// At most so many faults at once.
const MAX_FAULTS: usize = 3;

/// The built-in plan as it is rehearsed.
///
/// # Panics
/// If the built-in plan has mistakes, which its own tests exclude.
#[must_use]
pub fn plan() -> Arc<Plan> {
    static PLAN: OnceLock<Arc<Plan>> = OnceLock::new();
    PLAN.get_or_init(|| match read::read("infra/plan.toml", built_in_text()) {
        Ok(plan) => Arc::new(rehearsal_plan(&plan)),
        Err(mistakes) => panic!("the built-in plan has {} mistakes", mistakes.len()),
    })
    .clone()
}

/// The script of a seed: every scenario in turn, with some faults.
#[must_use]
pub fn script(seed: u64) -> Script {
    let mut rng = fastrand::Rng::with_seed(seed);
    let (scenario, ..) = SCENARIOS[seed as usize % SCENARIOS.len()];
    let faults = (0..rng.usize(0..=MAX_FAULTS)).map(|_| FAULTS[rng.usize(..FAULTS.len())].0);
    Script::of(scenario).with(faults.collect::<Vec<_>>())
}

/// Runs a disaster to its end.
///
/// # Panics
/// If a store in memory cannot be opened.
#[must_use]
pub fn run(script: Script, seed: u64) -> Simulation {
    let simulation = Simulation::new(plan(), script, seed);
    let mut simulation = simulation.unwrap_or_else(|error| panic!("{error}"));
    simulation.run();
    simulation
}

/// The promises that a simulation broke, with how.
#[must_use]
pub fn broken(simulation: &Simulation) -> Vec<String> {
    let promises = promises(simulation).into_iter().filter(|promise| !promise.kept);
    promises.map(|promise| format!("{}: {}", promise.name, promise.says)).collect()
}

/// The timeline of every incident, one after the other.
///
/// # Panics
/// If a chain is broken.
#[must_use]
pub fn story(simulation: &Simulation) -> String {
    let mut text = String::new();
    let store = simulation.store();
    let mut incidents = store.newest(usize::MAX).unwrap_or_default();
    incidents.sort_by_key(|incident| incident.number);
    for incident in incidents {
        let turns = store.turns(&incident.id).unwrap_or_default();
        let bodies = verify::<Event>(&incident.id, &turns);
        let bodies = bodies.unwrap_or_else(|broken| panic!("{broken}"));
        let _ = writeln!(text, "#{} {}", incident.number, incident.component);
        for line in timeline(&bodies) {
            let _ =
                writeln!(text, "{:>6} {:6} {}", elapsed(line.after), line.mark.word(), line.text);
        }
    }
    text
}
