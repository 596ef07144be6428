//! What a shell command costs: wall clock, processor time of every process in it, and the most memory they held.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// How often is looked who is there and how much memory they had at most. A process that comes and goes in between is
/// too short to be large.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Programs that only start others.
const SHELLS: [&str; 2] = ["bash", "sh"];

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Seconds from start to end.
    pub wall: f64,
    /// Processor seconds of the client's processes; the server's are not theirs.
    pub cpu: f64,
    /// MB resident at most, all processes together, each at its own peak: never less than what was needed at once.
    pub peak: f64,
}

/// Runs a script of bash in a folder with these variables; a failure anywhere in a pipeline is one of the whole.
pub fn run(script: &str, folder: &Path, variables: &[(&str, String)]) -> Result<(Cost, String)> {
    let timed = format!("set -eo pipefail; TIMEFORMAT='%R %U %S'; time {{ {script}\n}}");
    let mut shell = Command::new("bash");
    shell.args(["-c", &timed]).current_dir(folder);
    shell.envs(variables.iter().map(|(name, value)| (*name, value)));
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut shell = shell.spawn()?;
    let (mut out, mut words) = (String::new(), String::new());
    let (pid, over) = (shell.id(), AtomicBool::new(false));
    let (mut said, mut told) =
        (shell.stdout.take().context("no output")?, shell.stderr.take().context("no words")?);
    let (peaks, status) = std::thread::scope(|scope| {
        let watch = scope.spawn(|| watch(pid, &over));
        scope.spawn(|| said.read_to_string(&mut out));
        let _read = told.read_to_string(&mut words);
        let status = shell.wait();
        over.store(true, Ordering::Relaxed);
        (watch.join(), status)
    });
    let seconds: Option<Vec<f64>> =
        words.lines().last().map(|line| line.split(' ').filter_map(|it| it.parse().ok()).collect());
    let (true, Some([wall, user, system])) = (status?.success(), seconds.as_deref()) else {
        bail!("failed: {script}\n{words}{out}");
    };
    let peaks = peaks.map_err(|_| anyhow::anyhow!("the watch over memory ended"))?;
    Ok((Cost { wall: *wall, cpu: user + system, peak: peaks.values().sum() }, out))
}

/// The peaks of all that a process started, by their ids, in MB.
fn watch(pid: u32, over: &AtomicBool) -> BTreeMap<u32, f64> {
    let mut peaks = BTreeMap::new();
    while !over.load(Ordering::Relaxed) {
        let mut left = vec![pid];
        while let Some(one) = left.pop() {
            left.extend(children(one));
            if let Some(peak) = peak(one) {
                peaks.insert(one, peak);
            }
        }
        std::thread::sleep(LOOK_EVERY);
    }
    peaks
}

fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let named = threads.filter_map(|it| std::fs::read_to_string(it.path().join("children")).ok());
    named
        .flat_map(|it| it.split(' ').filter_map(|it| it.parse().ok()).collect::<Vec<_>>())
        .collect()
}

fn peak(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    if SHELLS.contains(&field("Name:")?) {
        return None;
    }
    let kibibytes: f64 = field("VmHWM:")?.strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1_024.0 / 1e6)
}
