//! `allclear rollback`, `promote`, `failover`, `failback`, `operation`: plan, approve, run, look.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Result, bail};
use functions::store::SqliteStore;
use serde_json::json;
use shared::effect::Aim;
use shared::engine::Engine;
use shared::operation::{Ending, Operation, OperationWish, Stage};

use crate::grammar::{
    Abort, Change, ChangeVerb, HostingPlan, Named, NamesPlan, OperationVerb, Rollback,
    RollbackVerb, Verb,
};
use crate::settings::Settings;

mod page;
mod run;
pub mod survey;

pub use page::{gate_label, operation_page, operation_row, proposal_rows, stage_says};

/// Exit code of an operation that took place and of which not everybody has heard yet.
const PARTLY: u8 = 3;

/// What was typed, whatever verb it stood behind.
enum Asked {
    Plan { aim: Aim, because: String, incident: Option<u32> },
    Candidates,
    Approve(Named),
    Run(Named),
    Abort(Abort),
    List(usize),
    Show(u32),
}

/// Whether a verb is one of these.
pub fn is_about(verb: &Verb) -> bool {
    matches!(
        verb,
        Verb::Rollback(_)
            | Verb::Promote(_)
            | Verb::Failover(_)
            | Verb::Failback(_)
            | Verb::Operation(_)
    )
}

/// Runs such a verb. stdout is the answer; the exit code says whether an operation was verified.
pub fn run(verb: &Verb, settings: &Settings, out: &mut dyn Write) -> Result<ExitCode> {
    let Some(asked) = asked(verb) else { bail!("that is no operation") };
    match asked {
        Asked::Plan { aim, because, incident } => {
            let survey = Box::new(survey::survey(settings, aim.clone())?);
            let wish = OperationWish::Plan { aim, because, survey, incident };
            answer(settings, out, &wish)
        }
        Asked::Candidates => candidates(settings, out),
        Asked::Approve(Named { number, hash }) => {
            answer(settings, out, &OperationWish::Approve { number, hash })
        }
        Asked::Abort(Abort { number, because }) => {
            let because = because.join(" ");
            answer(settings, out, &OperationWish::Abort { number, because })
        }
        Asked::Run(named) => run::run(settings, &named, out),
        Asked::List(limit) => list(settings, limit, out),
        Asked::Show(number) => show(settings, number, out),
    }
}

fn asked(verb: &Verb) -> Option<Asked> {
    Some(match verb {
        Verb::Rollback(rollback) => rollback_asked(rollback),
        Verb::Promote(change) => changed(change, |plan: &HostingPlan| {
            let aim = Aim::Promote(plan.to.as_deref().map(Into::into));
            planned(aim, &plan.because, plan.incident)
        }),
        Verb::Failover(change) => {
            changed(change, |plan: &NamesPlan| planned(Aim::FailOver, &plan.because, plan.incident))
        }
        Verb::Failback(change) => {
            changed(change, |plan: &NamesPlan| planned(Aim::FailBack, &plan.because, plan.incident))
        }
        Verb::Operation(verb) => match verb {
            OperationVerb::List { limit } => Asked::List(*limit),
            OperationVerb::Show { number } => Asked::Show(*number),
            OperationVerb::Approve(named) => Asked::Approve(named.clone()),
            OperationVerb::Run(named) => Asked::Run(named.clone()),
            OperationVerb::Abort(abort) => Asked::Abort(abort.clone()),
        },
        _ => return None,
    })
}

fn rollback_asked(rollback: &Rollback) -> Asked {
    let back = |plan: &HostingPlan| {
        let aim = Aim::RollBack(plan.to.as_deref().map(Into::into));
        planned(aim, &plan.because, plan.incident)
    };
    match &rollback.verb {
        None => back(&rollback.plan),
        Some(RollbackVerb::Plan(plan)) => back(plan),
        Some(RollbackVerb::Undo(plan)) => {
            let aim = Aim::Promote(plan.to.as_deref().map(Into::into));
            planned(aim, &plan.because, plan.incident)
        }
        Some(RollbackVerb::Candidates) => Asked::Candidates,
        Some(RollbackVerb::Approve(named)) => Asked::Approve(named.clone()),
        Some(RollbackVerb::Run(named)) => Asked::Run(named.clone()),
        Some(RollbackVerb::Abort(abort)) => Asked::Abort(abort.clone()),
    }
}

fn changed<P: clap::Args>(change: &Change<P>, plan: impl Fn(&P) -> Asked) -> Asked {
    match &change.verb {
        None => plan(&change.plan),
        Some(ChangeVerb::Plan(asked)) => plan(asked),
        Some(ChangeVerb::Approve(named)) => Asked::Approve(named.clone()),
        Some(ChangeVerb::Run(named)) => Asked::Run(named.clone()),
        Some(ChangeVerb::Abort(abort)) => Asked::Abort(abort.clone()),
    }
}

fn planned(aim: Aim, because: &[String], incident: Option<u32>) -> Asked {
    Asked::Plan { aim, because: because.join(" "), incident }
}

/// Says something of an operation, and shows it.
fn answer(settings: &Settings, out: &mut dyn Write, wish: &OperationWish) -> Result<ExitCode> {
    let mut engine = settings.engine()?;
    let operation = say(settings, &mut engine, wish)?;
    print(settings, out, &engine, &operation)?;
    Ok(ExitCode::SUCCESS)
}

/// A person speaks; a refusal is the error.
fn say(
    settings: &Settings,
    engine: &mut Engine<SqliteStore>,
    wish: &OperationWish,
) -> Result<Operation> {
    let (by, now) = (settings.speaker()?, settings.now());
    let key = format!("terminal/{}/{}", std::process::id(), now.0);
    let answer =
        engine.batch(now, |engine| match engine.operate(&by, "terminal", &key, wish, now) {
            Err(shared::engine::OperationError::Store(error)) => Err(error),
            other => Ok(other),
        })?;
    Ok(answer?)
}

fn print(
    settings: &Settings,
    out: &mut dyn Write,
    engine: &Engine<SqliteStore>,
    operation: &Operation,
) -> Result<()> {
    if settings.json {
        writeln!(out, "{:#}", page::operation_json(operation, settings))?;
    } else {
        let page = operation_page(operation, engine.standing(), settings);
        out.write_all(page.as_bytes())?;
    }
    Ok(())
}

fn show(settings: &Settings, number: u32, out: &mut dyn Write) -> Result<ExitCode> {
    let engine = settings.reader()?;
    let operation = engine.operation(number)?;
    print(settings, out, &engine, &operation)?;
    if !settings.json {
        run::tell(settings, &engine, number, 0, out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn list(settings: &Settings, limit: usize, out: &mut dyn Write) -> Result<ExitCode> {
    let engine = settings.reader()?;
    let newest: Vec<&Operation> = engine.operations().all.values().rev().take(limit).collect();
    if settings.json {
        let rows: Vec<_> = newest.iter().map(|one| page::operation_json(one, settings)).collect();
        writeln!(out, "{:#}", json!(rows))?;
    } else if newest.is_empty() {
        writeln!(out, "No operations.")?;
    }
    if !settings.json {
        for operation in newest {
            out.write_all(operation_row(operation, settings).as_bytes())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn candidates(settings: &Settings, out: &mut dyn Write) -> Result<ExitCode> {
    let survey = survey::survey(settings, Aim::RollBack(None))?;
    let engine = settings.reader().ok();
    let pins = engine.as_ref().map(|engine| engine.standing().pins.as_slice()).unwrap_or_default();
    let list = survey.deployments.unwrap_or_default();
    if settings.json {
        writeln!(out, "{:#}", json!(list))?;
    } else {
        for one in &list {
            out.write_all(page::candidate_row(one, pins, settings).as_bytes())?;
        }
    }
    for trouble in &survey.troubles {
        out.write_all(settings.brush().labelled("trouble", trouble).as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Success is verified, or rehearsed to its end; never merely begun.
fn exit_code(operation: &Operation) -> ExitCode {
    match &operation.stage {
        Stage::Over(Ending::Verified { .. } | Ending::WouldHave) => ExitCode::SUCCESS,
        Stage::Over(Ending::PartlyVerified { .. }) => ExitCode::from(PARTLY),
        _ => ExitCode::FAILURE,
    }
}
