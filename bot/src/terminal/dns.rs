//! `allclear dns setup` and `dns status`: what a failover stands on, seen and made ahead of the disaster.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use functions::clock;
use functions::perform::{Hold, KillSwitch};
use functions::vendors::dns::DnsHands;
use functions::vendors::dns::setup::{Leads, Made, Setup, Status};
use serde_json::{Value, json};
use shared::effect::{Finding, Toward};
use shared::engine::Engine;

use super::operations::survey::{runtime, vendors};
use crate::grammar::{DnsSetup, DnsVerb};
use crate::serve::setting;
use crate::settings::{Settings, client};

/// Exit code of a status that differs from the plan.
const DIFFERS: u8 = 3;

/// A line: its label and its text.
type Row = (String, String);

/// Runs the verb. stdout is the answer; the exit code says whether all is as planned.
pub fn run(verb: &DnsVerb, settings: &Settings, out: &mut dyn Write) -> Result<ExitCode> {
    let Some(hands) = vendors(settings)?.dns else {
        bail!("Route 53 cannot be asked: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    };
    match verb {
        DnsVerb::Status => status(&hands, settings, out),
        DnsVerb::Setup(DnsSetup { apply: Some(digits), .. }) => make(&hands, digits, settings, out),
        DnsVerb::Setup(DnsSetup { apply: None, .. }) => show(&hands, settings, out),
    }
}

fn status(hands: &DnsHands, settings: &Settings, out: &mut dyn Write) -> Result<ExitCode> {
    let status = runtime()?.block_on(hands.status());
    if settings.json {
        writeln!(out, "{:#}", status_json(&status))?;
    } else {
        let rows = status_rows(&status);
        print(&rows, settings, out)?;
    }
    Ok(if status.setup.is_as_planned() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERS) })
}

fn status_rows(status: &Status) -> Vec<Row> {
    let lead = |(name, leads): &(String, Leads)| match leads {
        Leads::To(toward) => ("traffic".into(), format!("{name} leads to the {}", toward.says())),
        Leads::Elsewhere(value) if value.is_empty() => {
            ("DIFFERS".into(), format!("{name} leads nowhere"))
        }
        Leads::Elsewhere(value) => {
            ("DIFFERS".into(), format!("{name} leads to {value}: neither primary nor standby"))
        }
        Leads::Split(says) => ("UNSURE".into(), format!("{name}: {says}")),
    };
    let mut rows: Vec<Row> = status.names.iter().map(lead).collect();
    rows.extend(status.means.iter().map(|(label, text)| ((*label).to_owned(), text.clone())));
    rows.extend(setup_rows(&status.setup, "DIFFERS"));
    if status.setup.is_as_planned() {
        rows.push(("records".into(), "failover records and checks are as planned".into()));
    }
    rows
}

fn show(hands: &DnsHands, settings: &Settings, out: &mut dyn Write) -> Result<ExitCode> {
    let setup = runtime()?.block_on(hands.setup());
    let can_be_made = setup.obstacles.is_empty();
    if settings.json {
        writeln!(out, "{:#}", setup_json(&setup))?;
    } else {
        let mut rows = setup_rows(&setup, "to make");
        rows.extend(next(&setup));
        print(&rows, settings, out)?;
    }
    Ok(if can_be_made { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn setup_rows(setup: &Setup, label: &str) -> Vec<Row> {
    let changes = setup
        .changes
        .iter()
        .map(|one| (label.to_owned(), format!("{}: {} → {}", one.target, one.before, one.after)));
    let obstacles = setup.obstacles.iter().map(|why| ("obstacle".to_owned(), why.clone()));
    let notes = setup.notes.iter().map(|note| ("note".to_owned(), note.clone()));
    changes.chain(obstacles).chain(notes).collect()
}

/// What can be typed next.
fn next(setup: &Setup) -> Option<Row> {
    if !setup.obstacles.is_empty() {
        return None;
    }
    Some(if setup.changes.is_empty() {
        ("records".into(), "failover records and checks are as planned".into())
    } else {
        ("next".into(), format!("allclear dns setup --apply {}", setup.hash().short()))
    })
}

/// Makes what was seen. Who does it is on record before anything is done.
fn make(
    hands: &DnsHands,
    digits: &str,
    settings: &Settings,
    out: &mut dyn Write,
) -> Result<ExitCode> {
    let (by, now) = (settings.speaker()?, settings.now());
    let what = format!("failover records and health checks of {}", settings.plan.dns.zone);
    let mut engine = settings.engine()?;
    let key = format!("terminal/{}/{}", std::process::id(), now.0);
    let may = engine.batch(now, |engine| engine.prepare(by.as_str(), &what, &key, now))?;
    may.map_err(|why| anyhow!("nothing is made: {why}"))?;
    let hold = hold(settings);
    let agreed = |setup: &Setup| setup.hash().is_named(digits);
    let made = runtime()?.block_on(hands.set_up(agreed, &hold));
    let made = made.map_err(|why| anyhow!("not everything was made: {why}"))?;
    if settings.json {
        writeln!(out, "{:#}", made_json(&made))?;
    } else {
        print(&made_rows(&made), settings, out)?;
    }
    Ok(if is_whole(&made) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A freeze, or an operation that began meanwhile, stops what is being made.
fn hold(settings: &Settings) -> Hold {
    let (place, plan) = (settings.place(), settings.plan.clone());
    let switch = KillSwitch::beside(&settings.store);
    let stands = move || {
        let store = place.open_read_only(client, setting).map_err(|error| error.to_string())?;
        let engine = Engine::open(plan.clone(), store, clock::now());
        engine.map_err(|error| error.to_string())?.standing().may_prepare()
    };
    Hold::Alone { stands: Box::new(stands), switch }
}

/// Everything is there, and visitors are still where they were.
fn is_whole(made: &Made) -> bool {
    made.left.is_as_planned() && matches!(made.proof, Finding::Verified { whole: true, .. })
}

fn made_rows(made: &Made) -> Vec<Row> {
    let mut rows = setup_rows(&made.left, "MISSING");
    if made.left.is_as_planned() {
        rows.push(("made".into(), "failover records and checks are as planned".into()));
    }
    if let Finding::Verified { whole, says, .. } = &made.proof {
        let label = if *whole { "primary" } else { "UNPROVEN" };
        rows.push((label.into(), says.clone()));
    }
    rows
}

fn print(rows: &[Row], settings: &Settings, out: &mut dyn Write) -> Result<()> {
    let brush = settings.brush();
    for (label, text) in rows {
        out.write_all(brush.labelled(label, text).as_bytes())?;
    }
    Ok(())
}

fn setup_json(setup: &Setup) -> Value {
    json!({
        "changes": setup.changes,
        "obstacles": setup.obstacles,
        "notes": setup.notes,
        "hash": setup.hash().to_string(),
    })
}

fn status_json(status: &Status) -> Value {
    let lead = |(name, leads): &(String, Leads)| {
        let (to, says) = match leads {
            Leads::To(Toward::Primary) => ("primary", None),
            Leads::To(Toward::Standby) => ("standby", None),
            Leads::Elsewhere(value) => ("elsewhere", Some(value)),
            Leads::Split(says) => ("unsure", Some(says)),
        };
        json!({"name": name, "leads_to": to, "says": says})
    };
    let means = status.means.iter().map(|(label, text)| json!({"of": label, "says": text}));
    json!({
        "names": status.names.iter().map(lead).collect::<Vec<_>>(),
        "means": means.collect::<Vec<_>>(),
        "setup": setup_json(&status.setup),
    })
}

fn made_json(made: &Made) -> Value {
    json!({"left": setup_json(&made.left), "proof": made.proof, "whole": is_whole(made)})
}
