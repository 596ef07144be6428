//! Knot DNS as the name server that answers: real queries see what Route 53 would make them see.
//!
//! The stand-in decides each answer; a bridge tells it to knotd as a dynamic update (RFC 2136) whenever it changes.
//! Several servers may follow one stand-in, and one that stops following is a name server that lags.

use std::collections::BTreeMap;
use std::io::{Error, Result};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::route53::{Answer, Route53};
use crate::parts;

/// A name server that takes longer to start, or an answer that takes longer to change, is broken.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often is looked whether something has come.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Another program may take a port between our look at it and its use.
const PORTS_TRIED: u32 = 3;

/// A running knotd with one zone; it ends when dropped.
#[derive(Debug)]
pub struct Knot {
    /// Where it answers, over UDP and TCP.
    pub address: SocketAddr,
    zone: String,
    process: Child,
    folder: TempDir,
    bridge: Option<JoinHandle<()>>,
}

/// Answers by name and type.
type Answers = BTreeMap<(String, String), Answer>;

impl Knot {
    /// Starts it with an empty zone.
    pub async fn start(zone: &str) -> Result<Self> {
        let mut last = Error::other("no port was tried");
        for _ in 0..PORTS_TRIED {
            match Self::try_start(zone).await {
                Ok(knot) => return Ok(knot),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn try_start(zone: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = free_port()?;
        let zone = zone.trim_end_matches('.').to_owned();
        let config = folder.path().join("knot.conf");
        std::fs::write(&config, configuration(folder.path(), address, &zone))?;
        std::fs::write(folder.path().join(format!("{zone}.zone")), zone_file(&zone))?;
        let log = std::fs::File::create(folder.path().join("log"))?;
        let process = Command::new(parts::program("knotd").canonicalize()?)
            .arg("-c")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let mut knot = Self { address, zone, process, folder, bridge: None };
        knot.answers().await?;
        Ok(knot)
    }

    /// Waits until it answers for its zone. A query before it listens would wait for its own time limit.
    async fn answers(&mut self) -> Result<()> {
        let begun = Instant::now();
        while TcpStream::connect(self.address).await.is_err() || self.dig_zone().await.is_err() {
            let ended = self.process.try_wait()?;
            if ended.is_some() || begun.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(self.folder.path().join("log"))?;
                return Err(Error::other(format!("knotd does not answer ({ended:?}):\n{log}")));
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    async fn dig_zone(&self) -> Result<()> {
        let found = self.dig(&self.zone, "SOA").await?;
        if found.is_empty() { Err(Error::other("no SOA yet")) } else { Ok(()) }
    }

    /// Answers as the stand-in's name servers do, now and from now on.
    ///
    /// # Panics
    /// Later, in the background and in words, if knotd refuses an answer.
    pub async fn follow(&mut self, route53: &Route53, zone: &str) -> Result<()> {
        let bridge = Bridge {
            address: self.address,
            domain: self.zone.clone(),
            route53: route53.clone(),
            zone: zone.to_owned(),
        };
        let mut bell = route53.bell().listen();
        let mut shown = bridge.show(Answers::new()).await?;
        let task = async move {
            while bell.changed().await.is_ok() {
                match bridge.show(shown).await {
                    Ok(now) => shown = now,
                    Err(error) => panic!("failed to tell knotd: {error}"),
                }
            }
        };
        self.stop_following();
        self.bridge = Some(tokio::spawn(task));
        Ok(())
    }

    /// Keeps its answers as they are: a name server that lags.
    pub fn stop_following(&mut self) {
        if let Some(bridge) = self.bridge.take() {
            bridge.abort();
        }
    }

    /// What `kdig +short` says, sorted; empty if there is no such record.
    pub async fn dig(&self, name: &str, kind: &str) -> Result<Vec<String>> {
        let mut kdig = Command::new(parts::program("kdig"));
        kdig.args(["+short", "+time=2", "+retry=0", &format!("@{}", self.address.ip())]);
        kdig.args(["-p", &self.address.port().to_string(), name, kind]);
        let output = kdig.output().await?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() || text.contains(";;") {
            return Err(Error::other(format!("kdig: {text}")));
        }
        let mut lines: Vec<_> = text.lines().map(ToOwned::to_owned).collect();
        lines.sort();
        Ok(lines)
    }

    /// Waits until the answer is this one, in any order; fails with the last answer if it never is.
    pub async fn wait_for(&self, name: &str, kind: &str, values: &[&str]) -> Result<()> {
        let mut wanted = values.to_vec();
        wanted.sort_unstable();
        let begun = Instant::now();
        loop {
            let found = self.dig(name, kind).await?;
            if found == wanted {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(Error::other(format!("{name} {kind} is still {found:?}")));
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

impl Drop for Knot {
    fn drop(&mut self) {
        self.stop_following();
    }
}

/// From the stand-in to one knotd.
struct Bridge {
    address: SocketAddr,
    domain: String,
    route53: Route53,
    zone: String,
}

impl Bridge {
    /// Tells what differs from what is shown, and answers with what is shown now.
    async fn show(&self, shown: Answers) -> Result<Answers> {
        let now = self.answers();
        let script = self.script(&shown, &now);
        if let Some(script) = script {
            update(&script).await?;
        }
        Ok(now)
    }

    fn answers(&self) -> Answers {
        let names = self.route53.names(&self.zone).into_iter();
        let answers = names.map(|(name, kind)| {
            let answer = self.route53.resolve(&self.zone, &name, &kind);
            ((name, kind), answer)
        });
        answers.filter(|(_, answer)| !answer.values.is_empty()).collect()
    }

    /// One update message: name servers apply it wholly, so nobody ever sees a name without its records.
    fn script(&self, shown: &Answers, now: &Answers) -> Option<String> {
        let gone = shown.iter().filter(|(key, answer)| now.get(*key) != Some(*answer));
        let come = now.iter().filter(|(key, answer)| shown.get(*key) != Some(*answer));
        let deletes = gone.map(|((name, kind), _)| format!("update delete {name} {kind}\n"));
        let adds = come.flat_map(|((name, kind), answer)| {
            let add = move |value| format!("update add {name} {} {kind} {value}\n", answer.ttl);
            answer.values.iter().map(add)
        });
        let changes: String = deletes.chain(adds).collect();
        let (ip, port, domain) = (self.address.ip(), self.address.port(), &self.domain);
        let script = format!("server {ip} {port}\nzone {domain}\n{changes}send\n");
        (!changes.is_empty()).then_some(script)
    }
}

async fn update(script: &str) -> Result<()> {
    let mut knsupdate = Command::new(parts::program("knsupdate"));
    let piped = knsupdate.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = piped.kill_on_drop(true).spawn()?;
    if let Some(mut input) = process.stdin.take() {
        input.write_all(script.as_bytes()).await?;
    }
    let output = process.wait_with_output().await?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if output.status.success() && said.trim().is_empty() {
        return Ok(());
    }
    Err(Error::other(format!("knsupdate: {said}\n{script}")))
}

/// A port that was free for both protocols a moment ago.
fn free_port() -> Result<SocketAddr> {
    let udp = UdpSocket::bind("127.0.0.1:0")?;
    let address = udp.local_addr()?;
    TcpListener::bind(address)?;
    Ok(address)
}

fn configuration(folder: &Path, address: SocketAddr, zone: &str) -> String {
    let (folder, ip, port) = (folder.display(), address.ip(), address.port());
    format!(
        "server:\n  rundir: \"{folder}\"\n  listen: {ip}@{port}\n  udp-workers: 1\n  tcp-workers: 1\n  \
         background-workers: 1\nlog:\n- target: stderr\n  any: info\ndatabase:\n  storage: \"{folder}\"\nacl:\n\
         - id: bridge\n  address: {ip}\n  action: update\nzone:\n- domain: {zone}\n  storage: \"{folder}\"\n  \
         zonefile-sync: -1\n  acl: bridge\n"
    )
}

fn zone_file(zone: &str) -> String {
    format!(
        "$ORIGIN {zone}.\n$TTL 60\n@ SOA ns1 hostmaster 1 7200 900 1209600 86400\n@ NS ns1\nns1 A 127.0.0.1\n"
    )
}
