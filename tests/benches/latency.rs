//! How long a webhook waits until its turn and what it owes are on disk: 500 a second, each news, not one waiting for
//! another.
//!
//! A webhook's time counts from the moment it was to be sent, so that a slow answer cannot hide the ones behind it. What
//! the disk itself takes is measured in the same run.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use functions::clock;
use rusqlite::{Connection as Store, OpenFlags};
use shared::time::Ts;
use tests::bench::http::{Connection, post};
use tests::bench::report::{Figure, Goal, print};
use tests::bench::servers::{STORE, TOKEN, WEBHOOK, start_allclear};
use tests::bench::{largest, median, now, percentile};
use tests::binary::allclear;

/// Webhooks a second.
const RATE: u32 = 500;
/// All of them: ten seconds' worth.
const WEBHOOKS: u32 = 10 * RATE;
/// So many may wait for their answers at once before one waits to be sent.
const CONNECTIONS: u32 = 32;
/// A commit of one webhook writes some such many bytes.
const COMMIT: usize = 16 * 1024;
/// The plan's components, as its rules find them in a monitor's name.
const COMPONENTS: [&str; 5] = ["database", "auth", "storage", "function", "frontend"];

fn main() -> Result<()> {
    let program = allclear();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let disk_ms = disk(folder.path())?;
    let server = start_allclear(program, folder.path())?;
    let before = server.process.cpu_seconds()?;
    let waited_ms = send(server.address)?;
    let cpu = server.process.cpu_seconds()? - before;
    let turns = turns(&folder.path().join(STORE))?;
    let p99 = percentile(&waited_ms, 0.99);
    print(
        &format!("{WEBHOOKS} webhooks, {RATE} a second, each to a durable turn"),
        &[
            Figure::plain("scheduled to answered, p50", median(&waited_ms), "ms"),
            Figure::new("scheduled to answered, p99", p99, "ms", Goal::AtMost(10.0)),
            Figure::plain("scheduled to answered, worst", largest(&waited_ms), "ms"),
            Figure::new("turns on disk", turns, "turns", Goal::AtLeast(WEBHOOKS.into())),
            Figure::plain("processor time of a webhook", cpu * 1e6 / f64::from(WEBHOOKS), "µs"),
            Figure::plain("this disk: write and fdatasync, p50", median(&disk_ms), "ms"),
            Figure::plain("this disk: write and fdatasync, p99", percentile(&disk_ms, 0.99), "ms"),
        ],
    );
    Ok(())
}

/// Sends at the given rate whatever happens; a webhook's place in the schedule decides its connection.
fn send(server: SocketAddr) -> io::Result<Vec<f64>> {
    let at = clock::now();
    let start = now() + Duration::from_millis(100);
    thread::scope(|scope| {
        let lines: Vec<_> = (0..CONNECTIONS)
            .map(|first| scope.spawn(move || line(server, first, start, at)))
            .collect();
        let mut waited = Vec::new();
        for line in lines {
            waited.extend(line.join().unwrap_or_else(|_| Err(io::Error::other("a line broke")))?);
        }
        Ok(waited)
    })
}

/// Every so many-th webhook, on one connection.
fn line(server: SocketAddr, first: u32, start: Instant, at: Ts) -> io::Result<Vec<f64>> {
    let mut connection = Connection::open(server)?;
    let mut waited = Vec::new();
    for place in (first..WEBHOOKS).step_by(CONNECTIONS as usize) {
        let request = webhook(place, at);
        let scheduled = start + Duration::from_secs(1) / RATE * place;
        thread::sleep(scheduled.saturating_duration_since(now()));
        connection.require(202, &request)?;
        waited.push(scheduled.elapsed().as_secs_f64() * 1e3);
    }
    Ok(waited)
}

/// A monitor that nobody has heard of says that a component is down: always news, and so always a turn.
fn webhook(place: u32, at: Ts) -> Vec<u8> {
    let component = COMPONENTS[place as usize % COMPONENTS.len()];
    let json = format!(
        r#"{{"version":"4","status":"firing","alerts":[{{"status":"firing","fingerprint":"{place:016x}","labels":{{"alertname":"{component} is down","instance":"{component}-{place}","severity":"critical"}},"annotations":{{"summary":"no answer"}},"startsAt":"{}","endsAt":"0001-01-01T00:00:00Z"}}]}}"#,
        at.rfc3339()
    );
    post(WEBHOOK, Some(TOKEN), &json)
}

/// What appending and making durable takes on the same disk.
fn disk(folder: &Path) -> io::Result<Vec<f64>> {
    let mut file = OpenOptions::new().create(true).append(true).open(folder.join("disk"))?;
    let part = vec![7; COMMIT];
    (0..1_000)
        .map(|_| {
            let start = now();
            file.write_all(&part)?;
            file.sync_data()?;
            Ok(start.elapsed().as_secs_f64() * 1e3)
        })
        .collect()
}

fn turns(store: &Path) -> rusqlite::Result<f64> {
    let store = Store::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    store.query_row("SELECT total(1) FROM turns", [], |row| row.get(0))
}
