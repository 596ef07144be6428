//! Sends a storm over four connections, with single alerts on a fifth, and the one that matters as the very last.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tests::bench::http::Connection;
use tests::bench::now;

use crate::alerts::Storm;

/// Connections of the storm.
const CONNECTIONS: usize = 4;
/// Between an answer on the fifth connection and its next alert.
const PAUSE: Duration = Duration::from_millis(10);

/// What was measured from outside.
pub struct Load {
    /// From the first byte of the storm to its last answer.
    pub seconds: f64,
    /// How long each single alert waited for its answer, in milliseconds.
    pub singles_ms: Vec<f64>,
    /// How long the last one waited for its answer, in milliseconds.
    pub last_ms: f64,
    /// From sending the last one until somebody was told, in milliseconds.
    pub told_ms: f64,
}

/// Sends it all. `told` waits until the last one has led to a page, and says when.
pub fn send(
    server: SocketAddr,
    storm: &Storm,
    told: impl FnOnce() -> io::Result<Instant> + Send,
) -> io::Result<Load> {
    let taken = AtomicUsize::new(0);
    let start = now();
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..CONNECTIONS).map(|_| scope.spawn(|| work(server, storm, &taken))).collect();
        let beside = scope.spawn(|| beside(server, storm, &taken, told));
        for worker in workers {
            joined(worker)?;
        }
        let seconds = start.elapsed().as_secs_f64();
        let (singles_ms, last_ms, told_ms) = joined(beside)?;
        Ok(Load { seconds, singles_ms, last_ms, told_ms })
    })
}

fn joined<T>(worker: thread::ScopedJoinHandle<'_, io::Result<T>>) -> io::Result<T> {
    worker.join().unwrap_or_else(|_| Err(io::Error::other("a sender panicked")))
}

fn work(server: SocketAddr, storm: &Storm, taken: &AtomicUsize) -> io::Result<()> {
    let mut line = Connection::open(server)?;
    while let Some(post) = storm.posts.get(taken.fetch_add(1, Ordering::Relaxed)) {
        line.require(storm.accepted, post)?;
    }
    Ok(())
}

/// Singles until the storm's last POST is on its way; then the one that matters, while those are still unanswered.
fn beside(
    server: SocketAddr,
    storm: &Storm,
    taken: &AtomicUsize,
    told: impl FnOnce() -> io::Result<Instant>,
) -> io::Result<(Vec<f64>, f64, f64)> {
    let mut line = Connection::open(server)?;
    let mut waited = Vec::new();
    let mut singles = storm.singles.iter();
    while taken.load(Ordering::Relaxed) < storm.posts.len() {
        if let Some(single) = singles.next() {
            let sent = now();
            line.require(storm.accepted, single)?;
            waited.push(millis(sent.elapsed()));
        }
        thread::sleep(PAUSE);
    }
    let sent = now();
    line.require(storm.accepted, &storm.last)?;
    let last_ms = millis(sent.elapsed());
    Ok((waited, last_ms, millis(told()?.saturating_duration_since(sent))))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
