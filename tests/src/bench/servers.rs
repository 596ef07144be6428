//! The servers as they are measured: `allclear serve`, built like the benchmark, and Debian's Alertmanager.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use shared::plan::built_in_text;

use super::http::{Connection, free_address, get};
use super::process::{Process, wait_for};
use crate::parts;

/// The secret that the benchmarks' monitors know.
pub const TOKEN: &str = "known-to-the-benchmark-only";
/// Where monitors' alerts go.
pub const WEBHOOK: &str = "/webhook/alertmanager";
/// A server that takes longer to start is broken.
const START_WITHIN: Duration = Duration::from_secs(30);

/// A server that answers.
pub struct Server {
    /// Its process.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Starts `allclear serve` over a store in `folder` and waits until it takes deliveries.
pub fn start_allclear(program: &Path, folder: &Path) -> io::Result<Server> {
    let address = free_address()?;
    let plan = folder.join("plan.toml");
    std::fs::write(&plan, secluded_plan())?;
    let mut command = Command::new(program);
    command.arg("--store").arg(folder.join(STORE)).arg("--plan-file").arg(plan);
    command.arg("serve").arg("--listen").arg(address.to_string());
    command.env("ALLCLEAR_SECRET_ALERTMANAGER", TOKEN).env("RUST_LOG", "warn");
    started(&mut command, address, "/ready")
}

/// The name of the store's file.
pub const STORE: &str = "allclear.db";

/// The built-in plan, with every address of the web on a closed port of this machine: nobody outside is asked anything.
fn secluded_plan() -> String {
    built_in_text().replace("https://", "https://127.0.0.1:9/")
}

/// Starts Alertmanager with its state in `folder`; it tells what it notifies to `sink`.
pub fn start_alertmanager(folder: &Path, sink: SocketAddr) -> io::Result<Server> {
    let address = free_address()?;
    let config = folder.join("alertmanager.yml");
    std::fs::write(&config, alertmanager_config(sink))?;
    let mut command = Command::new(parts::program("alertmanager").canonicalize()?);
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--storage.path={}", folder.join("alertmanager").display()));
    command.arg(format!("--web.listen-address={address}"));
    command.args(["--cluster.listen-address=", "--log.level=error"]);
    started(&mut command, address, "/-/ready")
}

/// Notifies as fast as it can, by service: its best case.
fn alertmanager_config(sink: SocketAddr) -> String {
    format!(
        "route:\n  receiver: sink\n  group_by: [service]\n  group_wait: 0s\n  group_interval: 1s\n  \
         repeat_interval: 4h\nreceivers:\n- name: sink\n  webhook_configs:\n  - url: http://{sink}/\n"
    )
}

fn started(command: &mut Command, address: SocketAddr, ready: &str) -> io::Result<Server> {
    let mut process = Process::start(command)?;
    wait_for(ready, START_WITHIN, || {
        process.check()?;
        let answer = Connection::open(address).and_then(|mut line| line.require(200, &get(ready)));
        Ok(answer.ok())
    })?;
    Ok(Server { process, address })
}
