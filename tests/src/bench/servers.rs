//! The servers as they are measured: `allclear serve`, built like the benchmark, and beside it Debian's Alertmanager and
//! apps of Slack's own frameworks.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use shared::plan::built_in_text;

use super::http::{Connection, free_address, get};
use super::process::{Process, wait_for};
use crate::parts;
use crate::standin::slack::{BOT_TOKEN, INCIDENTS, SIGNING_SECRET};

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
    start_under(program, folder, &secluded_plan())
}

/// The same, under another plan.
pub fn start_under(program: &Path, folder: &Path, text: &str) -> io::Result<Server> {
    let address = free_address()?;
    let plan = folder.join("plan.toml");
    std::fs::write(&plan, text)?;
    let mut command = Command::new(program);
    command.arg("--store").arg(folder.join(STORE)).arg("--plan-file").arg(plan);
    command.arg("serve").arg("--listen").arg(address.to_string());
    command.env("ALLCLEAR_SECRET_ALERTMANAGER", TOKEN).env("RUST_LOG", "warn");
    started(&mut command, address, "/ready")
}

/// The same, as an app in Slack whose Web API is at `api`; the lead developer is `user` there.
pub fn start_in_slack(program: &Path, folder: &Path, api: &str, user: &str) -> io::Result<Server> {
    let address = free_address()?;
    let plan = folder.join("plan.toml");
    let lead = "id = \"lead-developer\"\n";
    let known = secluded_plan().replacen(lead, &format!("{lead}slack = \"{user}\"\n"), 1);
    std::fs::write(&plan, known)?;
    let mut command = Command::new(program);
    command.arg("--store").arg(folder.join(STORE)).arg("--plan-file").arg(plan);
    command.arg("serve").arg("--listen").arg(address.to_string());
    command.env("SLACK_API_URL", api).env("SLACK_CHANNEL_ID", INCIDENTS).env("RUST_LOG", "warn");
    started(in_slack(&mut command), address, "/ready")
}

/// Starts the app of Bolt for JavaScript; what it keeps is in `folder`.
pub fn start_bolt_js(folder: &Path, api: &str) -> io::Result<Server> {
    let mut command = Command::new("node");
    command.arg(peer("bolt.mjs")).arg(parts::program("slack-clients").canonicalize()?);
    start_bolt(command.arg(api).arg(folder.join("bolt.mjs.log")))
}

/// Starts the app of Bolt for Python; what it keeps is in `folder`.
pub fn start_bolt_python(folder: &Path, api: &str) -> io::Result<Server> {
    let mut command = Command::new(parts::program("bolt-python"));
    start_bolt(command.arg(peer("bolt.py")).arg(api).arg(folder.join("bolt.py.log")))
}

/// It answers any path but its own with 404: then it is there.
fn start_bolt(command: &mut Command) -> io::Result<Server> {
    let address = free_address()?;
    let mut process = Process::start(in_slack(command.env("PORT", address.port().to_string())))?;
    wait_for("Bolt", START_WITHIN, || {
        process.check()?;
        let answer = Connection::open(address).and_then(|mut line| line.require(404, &get("/")));
        Ok(answer.ok())
    })?;
    Ok(Server { process, address })
}

fn in_slack(command: &mut Command) -> &mut Command {
    command.env("SLACK_BOT_TOKEN", BOT_TOKEN).env("SLACK_SIGNING_SECRET", SIGNING_SECRET)
}

/// An app beside the benchmark that measures it.
fn peer(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/slash").join(file)
}

/// The name of the store's file.
pub const STORE: &str = "allclear.db";

/// The built-in plan, with every address of the web on a closed port of this machine: nobody outside is asked anything.
#[must_use]
pub fn secluded_plan() -> String {
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
