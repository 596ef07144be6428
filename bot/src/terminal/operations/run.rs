//! Running an operation: by the server where there is one, else by this very terminal.
//!
//! It may be interrupted at any moment: everything owed is on disk, and running it again goes on where it was.

use std::io::Write;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, bail};
use functions::alone::Alone;
use functions::store::{Place, PlacedStore, ServerLock};
use shared::engine::{Engine, OperationError};
use shared::grammar::Named;
use shared::operation::{Ending, OperationWish, Refusal, Stage, ending_says, story};
use shared::time::Span;

use super::{exit_code, survey};
use crate::orders::at_once;
use crate::settings::Settings;

/// How often the store is looked at for news of a server's work.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// A server that has not ended an operation by then is not waited for any longer.
const LONGEST: Span = Span::mins(30);

/// Runs it, or goes on with it, and tells what happens until it is over.
pub fn run(settings: &Settings, named: &Named, out: &mut dyn Write) -> Result<ExitCode> {
    let number = named.number;
    let mut engine = settings.engine()?;
    let known = engine.operation(number)?;
    if !engine.is_unfinished(&known, settings.now())? {
        start(settings, &mut engine, named)?;
    } else if !known.is_named(&named.hash) {
        return Err(Refusal::OtherPlan { number }.into());
    }
    // Beside a table it is the functions' work: a laptop that did it, too, would do it twice.
    let is_table = matches!(settings.place(), Place::Table(_));
    if is_table || ServerLock::holder(&settings.store).is_some() {
        follow(settings, number, out)?;
    } else {
        carry_out(settings, &mut engine, number, out)?;
    }
    let operation = settings.reader()?.operation(number)?;
    if settings.json {
        writeln!(out, "{:#}", super::page::operation_json(&operation, settings))?;
    } else if let Stage::Over(ending @ Ending::WouldHave) = &operation.stage {
        writeln!(out, "{}", ending_says(ending))?;
    }
    Ok(exit_code(&operation))
}

/// "Go": a refusal is the error.
fn start(settings: &Settings, engine: &mut Engine<PlacedStore>, named: &Named) -> Result<()> {
    let (by, now) = (settings.speaker()?, settings.now());
    let key = format!("terminal/{}/{}", std::process::id(), now.0);
    let wish = OperationWish::Run { number: named.number, hash: named.hash.clone() };
    let answer =
        at_once(engine, now, |engine| match engine.operate(&by, "terminal", &key, &wish, now) {
            Err(OperationError::Store(error)) => Err(error),
            other => Ok(other),
        })?;
    answer?;
    Ok(())
}

fn carry_out(
    settings: &Settings,
    engine: &mut Engine<PlacedStore>,
    number: u32,
    out: &mut dyn Write,
) -> Result<()> {
    let vendors = survey::vendors(settings)?;
    let alone =
        Alone::at(settings.store.clone(), settings.plan.clone(), vendors, functions::clock::now)?;
    let mut told = 0;
    let heard = |engine: &Engine<PlacedStore>| {
        // A reader that went away must not stop the operation.
        told = tell(settings, engine, number, told, out).unwrap_or(told);
    };
    survey::runtime()?.block_on(alone.carry_out(engine, number, heard))?;
    Ok(())
}

fn follow(settings: &Settings, number: u32, out: &mut dyn Write) -> Result<()> {
    let end = settings.now() + LONGEST;
    let mut told = 0;
    loop {
        let engine = settings.reader()?;
        told = tell(settings, &engine, number, told, out)?;
        if matches!(engine.operation(number)?.stage, Stage::Over(_)) {
            return Ok(());
        }
        if settings.now() >= end {
            bail!("operation {number} is not over yet: `allclear operation show {number}`");
        }
        sleep(LOOK_EVERY);
    }
}

/// Prints what is new of an operation's story; answers how many lines were told.
pub fn tell(
    settings: &Settings,
    engine: &Engine<PlacedStore>,
    number: u32,
    told: usize,
    out: &mut dyn Write,
) -> Result<usize> {
    let lines = story(&engine.operation_turns()?);
    let own: Vec<_> = lines.iter().filter(|line| line.number == number).collect();
    for line in own.iter().skip(told).filter(|_| !settings.json) {
        let label = line.at.clock();
        out.write_all(settings.brush().labelled(&label, &line.says).as_bytes())?;
    }
    Ok(own.len())
}
