//! `allclear drill`: rehearses a scenario in the simulated town, prints the timeline as it happens, then the scorecard,
//! and writes the report. The same seed gives the same output, byte for byte; only the pace differs in a terminal.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use serde_json::json;
use shared::incident::{Event, Incident};
use shared::ledger::Body;
use shared::store::{MemoryStore, Store, Summary};
use shared::timeline::{Line, timeline};
use shared::town::{
    FAULTS, Fault, SCENARIOS, Scenario, Script, Simulation, promises, rehearsal_plan,
};

use super::{data_loss, live_drill, paint, reports};
use crate::grammar::DrillArgs;
use crate::report::{Promise, Report};
use crate::settings::Settings;

/// Between two lines in a terminal, so that a person can follow; nowhere else is anything waited for.
const PACE: Duration = Duration::from_millis(40);

/// Runs a drill; fails when a promise was broken.
pub fn run(args: &DrillArgs, settings: &Settings, out: &mut dyn Write) -> Result<ExitCode> {
    if args.scenario == "list" {
        return list(settings, out);
    }
    if args.scenario == data_loss::NAME {
        return data_loss::run(args, settings, out);
    }
    let script = script(args)?;
    if args.live {
        return live_drill::run(script.scenario, &args.out, settings, out);
    }
    let plan = Arc::new(rehearsal_plan(&settings.plan));
    let mut simulation = Simulation::new(plan, script.clone(), args.seed)?;
    simulation.run();
    if !settings.json {
        writeln!(
            out,
            "Drill: {script}, seed {}. A simulated town: nothing real is touched.\n",
            args.seed
        )?;
        replay(&simulation, settings, out)?;
    }
    let scorecard = promises(&simulation);
    let kept = scorecard.iter().all(|promise| promise.kept);
    let report = report(&simulation, args.seed, scorecard.clone())?;
    if settings.json {
        print_json(args, &script, &simulation, &scorecard, report.as_ref(), out)?;
    } else {
        print_card(&scorecard, report.as_ref(), settings, out)?;
    }
    if let Some(report) = &report {
        let name = format!("drill-{}-{}", script.scenario, args.seed);
        let files = reports::write(report, &args.out, &name)?;
        if !settings.json {
            writeln!(out, "\nReport: {} and {}", files[0].display(), files[1].display())?;
        }
    }
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The script that the words mean; an unknown word gets the nearest known one.
pub fn script(args: &DrillArgs) -> Result<Script> {
    let scenario: Scenario = args.scenario.parse().map_err(|error: String| anyhow!(error))?;
    let faults: Result<Vec<Fault>, String> = args.fault.iter().map(|fault| fault.parse()).collect();
    Ok(Script::of(scenario).with(faults.map_err(|error| anyhow!(error))?))
}

fn list(settings: &Settings, out: &mut dyn Write) -> Result<ExitCode> {
    if settings.json {
        let simulated = SCENARIOS.iter().map(|(_, name, what)| (*name, *what));
        let all = simulated.chain([(data_loss::NAME, data_loss::WHAT)]);
        let scenarios: Vec<_> =
            all.map(|(name, what)| json!({"name": name, "what": what})).collect();
        let faults: Vec<_> =
            FAULTS.iter().map(|(_, name, what)| json!({"name": name, "what": what})).collect();
        writeln!(out, "{:#}", json!({"scenarios": scenarios, "faults": faults}))?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "Scenarios:")?;
    for (_, name, what) in &SCENARIOS {
        writeln!(out, "  {name:24} {what}")?;
    }
    writeln!(out, "  {:24} {}", data_loss::NAME, data_loss::WHAT)?;
    writeln!(out, "\nFaults (--fault, repeatable):")?;
    for (_, name, what) in &FAULTS {
        writeln!(out, "  {name:24} {what}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints every incident's lines in the order of time, at a pace that a person can follow.
fn replay(simulation: &Simulation, settings: &Settings, out: &mut dyn Write) -> Result<()> {
    let store = simulation.store();
    let mut lines = Vec::new();
    for summary in store.newest(usize::MAX)? {
        lines.extend(timeline(&read(store, &summary)?.1));
    }
    lines.sort_by_key(|line| line.at);
    lines.iter().try_for_each(|line| show(line, settings, out))
}

fn show(line: &Line, settings: &Settings, out: &mut dyn Write) -> Result<()> {
    out.write_all(paint::timeline_line(line, settings.brush()).as_bytes())?;
    if settings.colours {
        out.flush()?;
        std::thread::sleep(PACE);
    }
    Ok(())
}

/// The report of the drill's worst incident; a drill in which nothing was opened has none.
fn report(simulation: &Simulation, seed: u64, scorecard: Vec<Promise>) -> Result<Option<Report>> {
    let plan = simulation.plan();
    let store = simulation.store();
    let worst = store.newest(usize::MAX)?.into_iter().min_by_key(|one| (one.severity, one.number));
    let Some(worst) = worst else { return Ok(None) };
    let (incident, turns) = read(store, &worst)?;
    Ok(Some(Report::of(plan, incident, &turns).of_drill(seed, scorecard)))
}

fn read(store: &MemoryStore, summary: &Summary) -> Result<(Incident, Vec<Body<Event>>)> {
    let sealed = store.turns(&summary.id)?;
    let turns: Vec<Body<Event>> = shared::ledger::verify(&summary.id, &sealed)?;
    let mut incident = Incident::unborn(summary.id.clone());
    for (body, sealed) in turns.iter().zip(&sealed) {
        incident.apply_turn(body, sealed.hash);
    }
    Ok((incident, turns))
}

fn print_card(
    scorecard: &[Promise],
    report: Option<&Report>,
    settings: &Settings,
    out: &mut dyn Write,
) -> Result<()> {
    let brush = settings.brush();
    if let Some(report) = report {
        write!(out, "\n{}\n{}", report.title(), paint::measures(&report.measures, brush))?;
    }
    write!(out, "\nPromises\n{}", paint::scorecard(scorecard, brush))?;
    Ok(())
}

fn print_json(
    args: &DrillArgs,
    script: &Script,
    simulation: &Simulation,
    scorecard: &[Promise],
    report: Option<&Report>,
    out: &mut dyn Write,
) -> Result<()> {
    let store = simulation.store();
    let mut incidents = Vec::new();
    for summary in store.newest(usize::MAX)? {
        let turns = read(store, &summary)?.1;
        incidents.push(
            json!({"number": summary.number, "component": summary.component, "turns": turns}),
        );
    }
    let answer = json!({
        "scenario": script.scenario.name(),
        "seed": args.seed,
        "faults": script.faults.iter().map(|fault| fault.name()).collect::<Vec<_>>(),
        "promises": scorecard,
        "measures": report.map(|report| report.measures.rows()),
        "incidents": incidents,
    });
    writeln!(out, "{answer:#}")?;
    Ok(())
}
