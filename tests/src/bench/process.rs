//! A server under measurement: its processor time and memory as Linux counts them, and its end.

use std::io::{self, Error};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Clock ticks a second in `/proc`: Linux' `USER_HZ`, the same on every architecture we run on.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running server; killed when dropped.
pub struct Process(Child);

impl Process {
    /// Starts it, silent but for its errors.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map(Self)
    }

    /// Fails if it has ended.
    pub fn check(&mut self) -> io::Result<()> {
        match self.0.try_wait()? {
            Some(status) => Err(Error::other(format!("the server ended: {status}"))),
            None => Ok(()),
        }
    }

    /// Processor time of all its threads so far, in seconds, to a hundredth.
    pub fn cpu_seconds(&self) -> io::Result<f64> {
        let stat = self.proc("stat")?;
        // The name in parentheses may hold anything; utime and stime are the 12th and 13th field after it.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: f64 =
            fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        Ok(ticks / TICKS_PER_SECOND)
    }

    /// The most memory it ever had resident, in MB of 1,000,000 bytes.
    pub fn peak_megabytes(&self) -> io::Result<f64> {
        let status = self.proc("status")?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = peak.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        Ok(kibibytes.unwrap_or(f64::NAN) * 1024.0 / 1e6)
    }

    fn proc(&self, file: &str) -> io::Result<String> {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.0.id()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _already_ended = self.0.kill();
        let _already_waited = self.0.wait();
    }
}

/// Waits until something holds, looking every fifth of a millisecond; fails after `patience`.
pub fn wait_for<T>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> io::Result<Option<T>>,
) -> io::Result<T> {
    let start = super::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if start.elapsed() > patience {
            return Err(Error::other(format!("{what} did not come within {patience:?}")));
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}
