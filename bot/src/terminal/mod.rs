//! The terminal: what people read when they type `allclear`. Answers are built as text here and printed in one place.

use anyhow::{Result, anyhow};
use functions::store::PlacedStore;
use shared::engine::Engine;
use shared::id::StreamId;
use shared::incident::Event;
use shared::ledger::{self, Body};
use shared::store::Store;

use crate::grammar::{PlanVerb, Verb};
use crate::settings::Settings;

pub mod backup;
mod checks;
mod data_loss;
pub mod dns;
mod doctor;
pub mod drill;
mod go_back;
mod incidents;
mod live_drill;
pub mod operations;
pub mod paint;
pub mod people;
mod prune;
mod reports;
mod restore;
pub mod said;
mod slack;

/// An answer in both forms.
#[derive(Clone, Debug)]
pub struct Answer {
    /// For people.
    pub text: String,
    /// For machines.
    pub json: serde_json::Value,
}

/// Runs a verb that answers at once; `None` for the verbs that take their time (drill, serve, completions).
pub fn answer(verb: &Verb, settings: &Settings) -> Result<Option<Answer>> {
    match verb {
        Verb::Report { number, out } => reports::run(*number, out, settings),
        Verb::Verify { number } => checks::verify(*number, settings),
        Verb::Doctor => doctor::run(settings),
        Verb::Plan(PlanVerb::Check) => Ok(checks::plan(settings)),
        Verb::Said(_)
        | Verb::Freeze { .. }
        | Verb::Unfreeze
        | Verb::Dns(_)
        | Verb::Drill(_)
        | Verb::Serve(_)
        | Verb::Completions { .. } => return Ok(None),
    }
    .map(Some)
}

/// A stream's turns, its chain checked.
fn turns_of(engine: &Engine<PlacedStore>, id: &StreamId) -> Result<Vec<Body<Event>>> {
    let turns = engine.store().turns(id)?;
    ledger::verify(id, &turns).map_err(|broken| anyhow!("the chain is broken: {broken}"))
}
