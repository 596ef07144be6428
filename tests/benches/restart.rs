//! How long a restart takes when a long past is in the store: from starting the process to taking deliveries.
//!
//! The past is one rehearsed incident, from the first failing probe to all clear, copied under other names and times. The
//! file was just written, so it is in the machine's memory: this measures our work and not the disk's.

use std::io;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use functions::store::SqliteStore;
use shared::id::incident_id;
use shared::incident::{Event, Incident, State};
use shared::ledger::{Body, Hash, seal, verify};
use shared::store::{Derived, Store};
use shared::time::Span;
use shared::town::{Scenario, Script};
use tests::bench::report::{Figure, Goal, print};
use tests::bench::servers::{STORE, start_allclear};
use tests::bench::{largest, median, now};
use tests::binary::allclear;
use tests::rehearsal;

/// Incidents of the past.
const INCIDENTS: u32 = 100_000;
/// Incidents written in one commit.
const BATCH: u32 = 1_000;
/// Between two of them.
const EVERY: Span = Span::hours(1);
const STARTS: usize = 5;

fn main() -> Result<()> {
    let program = allclear();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let store = folder.path().join(STORE);
    let past = past()?;
    let began = now();
    write(&store, &past)?;
    let writing = began.elapsed().as_secs_f64();
    let starts: Result<Vec<f64>, _> = (0..STARTS).map(|_| start(program, folder.path())).collect();
    let starts = starts?;
    print(
        &format!("a restart over {INCIDENTS} incidents of {} turns each", past.len()),
        &[
            Figure::new("start to ready, median", median(&starts), "ms", Goal::AtMost(250.0)),
            Figure::plain("start to ready, worst", largest(&starts), "ms"),
            Figure::plain("the store", store.metadata()?.len() as f64 / 1e6, "MB"),
            Figure::plain(
                "writing it",
                f64::from(INCIDENTS) * past.len() as f64 / writing,
                "turns/s",
            ),
        ],
    );
    Ok(())
}

fn start(program: &Path, folder: &Path) -> io::Result<f64> {
    let start: Instant = now();
    let _server = start_allclear(program, folder)?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

/// The turns of a rehearsed incident that is over.
fn past() -> Result<Vec<Body<Event>>> {
    let simulation = rehearsal::run(Script::of(Scenario::Slow), 1);
    let incidents = simulation.store().newest(10)?;
    let over = incidents.into_iter().find(|one| one.state == State::Resolved);
    let id = over.context("the rehearsal resolved nothing")?.id;
    let turns = simulation.store().turns(&id)?;
    verify(&id, &turns).context("the rehearsal's chain is broken")
}

fn write(file: &Path, past: &[Body<Event>]) -> Result<()> {
    let mut store = SqliteStore::open(file)?;
    for first in (1..=INCIDENTS).step_by(BATCH as usize) {
        store.begin()?;
        (first..first + BATCH).try_for_each(|number| copy(&mut store, past, number))?;
        store.commit()?;
    }
    Ok(())
}

/// Writes the incident of that number; the later ones happened later. What it owed was performed long ago.
fn copy(store: &mut SqliteStore, past: &[Body<Event>], number: u32) -> Result<()> {
    let shift = EVERY.times(i64::from(number));
    let mut incident = Incident::unborn("".into());
    let mut head = Hash::default();
    for body in past {
        let mut body = Body { at: body.at + shift, ..body.clone() };
        for event in &mut body.events {
            if let Event::Opened { number: own, component, since, .. } = event {
                (*own, *since) = (number, *since + shift);
                incident.id = incident_id(component, *since);
            }
        }
        body.stream = incident.id.clone();
        let turn = seal(&head, &body)?;
        incident.apply_turn(&body, turn.hash);
        head = turn.hash;
        let summary = Some(incident.summary(body.at));
        let key = &body.key.clone();
        store.append(&turn, &Derived { key, summary, ..Derived::default() })?;
    }
    Ok(())
}
