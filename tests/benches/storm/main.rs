//! An alert storm against us and against Prometheus Alertmanager, in turns, in the same run.
//!
//! Both get the same alerts over the same number of connections. Ours are on disk when they are accepted, Alertmanager's
//! are in memory. `cargo bench --bench storm -- 9` runs nine rounds.

use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use functions::clock;
use tests::bench::http::Connection;
use tests::bench::now;
use tests::bench::process::wait_for;
use tests::bench::servers::{STORE, Server, start_alertmanager, start_allclear};
use tests::binary::allclear;

mod alerts;
mod figures;
mod kept;
mod load;
mod sink;

use alerts::{ALERTS, Storm, Words};
use figures::{Round, show};
use kept::Kept;
use load::Load;
use sink::{Notified, Sink};

/// Rounds, unless the command line says another number.
const ROUNDS: usize = 5;
/// A page that isn't taken by then is lost.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> Result<()> {
    let rounds = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(ROUNDS);
    let program = allclear();
    for monitors in [1_000, ALERTS] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            ours.push(our_round(program, monitors)?);
            theirs.push(their_round(monitors)?);
        }
        show(monitors, &ours, &theirs);
    }
    Ok(())
}

fn our_round(program: &Path, monitors: usize) -> Result<(Round, Kept)> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let server = start_allclear(program, folder.path())?;
    let file = folder.path().join(STORE);
    let store = kept::open(&file)?;
    let taken = move || match kept::frontend_page_owed(&store) {
        Ok(owed) => Ok((!owed).then(now)),
        Err(error) => Err(io::Error::other(error)),
    };
    let alerts = Storm::new(Words::Webhook, monitors, clock::now());
    let round = measure(&server, &alerts, || wait_for("the page", PATIENCE, taken))?;
    Ok((round, kept::count(&kept::open(&file)?)?))
}

fn their_round(monitors: usize) -> Result<(Round, Notified)> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let sink = Sink::open()?;
    let server = start_alertmanager(folder.path(), sink.address)?;
    let alerts = Storm::new(Words::Api, monitors, clock::now());
    let told = || wait_for("the notification", PATIENCE, || Ok(sink.notified().frontend));
    let round = measure(&server, &alerts, told)?;
    Ok((round, sink.notified()))
}

/// Processor time and memory are taken when everything is answered and the last one's page has left.
fn measure(
    Server { process, address }: &Server,
    storm: &Storm,
    told: impl FnOnce() -> io::Result<std::time::Instant> + Send,
) -> io::Result<Round> {
    let before = process.cpu_seconds()?;
    let load: Load = load::send(*address, storm, told)?;
    // A server that still answers hasn't merely survived until its last 2xx.
    Connection::open(*address)?;
    let sent = ALERTS + load.singles_ms.len() + 1;
    Ok(Round {
        sent: sent as f64,
        per_second: ALERTS as f64 / load.seconds,
        per_cpu_second: sent as f64 / (process.cpu_seconds()? - before),
        peak_megabytes: process.peak_megabytes()?,
        load,
    })
}
