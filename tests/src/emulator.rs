//! Emulators that nobody here wrote, each a process of its own on loopback. They keep fewer rules than our stand-ins do,
//! but they share none of our mistakes.

use std::io::{Error, Result};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use functions::http::{self, Roots};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::parts;

/// An emulator that takes longer to start is broken.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often is looked whether it answers.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Another program may take a port between our look at it and its use.
const PORTS_TRIED: u32 = 3;

/// A running emulator; it ends when dropped, and what it wrote goes with it.
#[derive(Debug)]
pub struct Emulator {
    /// Where it answers, without a slash.
    pub url: String,
    process: Child,
    folder: TempDir,
}

impl Emulator {
    /// All of AWS, with nothing in it.
    pub async fn aws() -> Result<Self> {
        Self::aws_with(&[]).await
    }

    /// All of AWS, with nothing in it; its functions inherit these settings.
    pub async fn aws_with(settings: &[(&str, &str)]) -> Result<Self> {
        let command = |folder: &Path, port: u16| {
            let mut ministack = Command::new(parts::program("ministack"));
            ministack.envs(settings.iter().copied());
            // It would listen on every address, and on another port for the Internet of Things.
            ministack.env("BIND_HOST", "127.0.0.1").env("IOT_MTLS_ENABLED", "0");
            ministack.env("GATEWAY_PORT", port.to_string()).env("TMPDIR", folder);
            Ok(ministack)
        };
        Self::start(command).await
    }

    /// Vercel, with what a seed in YAML describes.
    pub async fn vercel(seed: &str) -> Result<Self> {
        Self::emulate("vercel", seed).await
    }

    /// Slack's Web API, with what a seed in YAML describes.
    pub async fn slack(seed: &str) -> Result<Self> {
        Self::emulate("slack", seed).await
    }

    /// Twilio's messages, with what a seed in YAML describes.
    pub async fn twilio(seed: &str) -> Result<Self> {
        Self::emulate("twilio", seed).await
    }

    async fn emulate(service: &str, seed: &str) -> Result<Self> {
        let command = |folder: &Path, port: u16| {
            let file = folder.join("seed.yaml");
            std::fs::write(&file, seed)?;
            let mut emulate = Command::new(parts::program("emulate"));
            emulate.args(["start", "--service", service, "--port", &port.to_string()]);
            emulate.arg("--seed").arg(file);
            Ok(emulate)
        };
        Self::start(command).await
    }

    /// What it and its functions have written so far.
    pub fn log(&self) -> Result<String> {
        std::fs::read_to_string(self.folder.path().join("log"))
    }

    /// The processes that it has started, by their ids.
    pub fn children(&self) -> Result<Vec<u32>> {
        let Some(id) = self.process.id() else { return Ok(Vec::new()) };
        let mut children = Vec::new();
        for thread in std::fs::read_dir(format!("/proc/{id}/task"))? {
            let listed = std::fs::read_to_string(thread?.path().join("children"));
            let listed = listed.unwrap_or_default();
            children.extend(listed.split_whitespace().filter_map(|one| one.parse::<u32>().ok()));
        }
        Ok(children)
    }

    async fn start(command: impl Fn(&Path, u16) -> Result<Command>) -> Result<Self> {
        let mut last = Error::other("no port was tried");
        for _ in 0..PORTS_TRIED {
            let folder = tempfile::tempdir()?;
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let mut command = command(folder.path(), port)?;
            let log = std::fs::File::create(folder.path().join("log"))?;
            command.current_dir(folder.path()).kill_on_drop(true);
            let quiet = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
            let url = format!("http://127.0.0.1:{port}");
            let mut emulator = Self { url, process: quiet.spawn()?, folder };
            match emulator.answers(port).await {
                Ok(()) => return Ok(emulator),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Waits until it answers anything at all, and makes sure that only this machine can ask it.
    async fn answers(&mut self, port: u16) -> Result<()> {
        let http = http::client(&Roots::default()).map_err(Error::other)?;
        let begun = Instant::now();
        while http.get(&self.url).send().await.is_err() {
            let ended = self.process.try_wait()?;
            if ended.is_some() || begun.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(self.folder.path().join("log"))?;
                return Err(Error::other(format!("no answer ({ended:?}):\n{log}")));
            }
            sleep(LOOK_EVERY).await;
        }
        // Loopback has many addresses: one that nobody asked for answers only where every address does.
        match TcpStream::connect(("127.0.0.2", port)) {
            Ok(_) => Err(Error::other("it listens on every address of this machine")),
            Err(_) => Ok(()),
        }
    }
}
