//! A slash command in Slack, from its arrival to the answer: how long it takes at 500 a second, and what it costs beside
//! the same app with Slack's own frameworks, Bolt for JavaScript and Bolt for Python.
//!
//! Every command is an update of an incident: its signature is checked, it is parsed, and its turn is on disk before the
//! answer. The frameworks' apps append a line to a file and make it durable, and do nothing else; ours also keeps the
//! room's cards, and what that costs is counted.

use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use tests::bench::http::Connection;
use tests::bench::report::{Figure, Goal, print};
use tests::bench::servers::{Server, start_bolt_js, start_bolt_python, start_in_slack};
use tests::bench::{largest, median, now, percentile};
use tests::binary::allclear;
use tests::standin::slack::{ADA, INCIDENTS, SIGNING_SECRET, Slack, signature};

/// Commands a second, where the time of an answer is measured.
const RATE: u32 = 500;
/// So many may wait for their answers at once.
const CONNECTIONS: usize = 32;
/// Commands of a round: at the rate, ten seconds' worth.
const COMMANDS: u32 = 10 * RATE;
/// Rounds of the comparison; the medians count.
const ROUNDS: usize = 3;
/// What the updates are about; together they have room for all of them.
const COMPONENTS: [&str; 5] = ["frontend", "database", "storage", "auth", "edge-functions"];

fn main() -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let slack = runtime.block_on(Slack::start())?;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let ours = start_in_slack(allclear(), folder.path(), &slack.api_url(), ADA)?;
    declare(&slack, ours.address)?;
    let waited_ms = at_rate(&slack, ours.address)?;
    print(
        &format!("{COMMANDS} slash commands, {RATE} a second, each to a durable turn"),
        &[
            Figure::plain("due to answered, p50", median(&waited_ms), "ms"),
            Figure::new(
                "due to answered, p99",
                percentile(&waited_ms, 0.99),
                "ms",
                Goal::AtMost(5.0),
            ),
            Figure::plain("due to answered, worst", largest(&waited_ms), "ms"),
        ],
    );
    compare(&slack, &ours, folder.path())
}

/// What rounds of commands cost a server.
#[derive(Default)]
struct Cost {
    per_cpu_second: Vec<f64>,
    per_second: Vec<f64>,
    peak_mb: f64,
}

fn compare(slack: &Slack, ours: &Server, folder: &Path) -> Result<()> {
    let js = start_bolt_js(folder, &slack.api_url())?;
    let python = start_bolt_python(folder, &slack.api_url())?;
    let mut costs = [Cost::default(), Cost::default(), Cost::default()];
    for _ in 0..ROUNDS {
        for (server, cost) in [ours, &js, &python].into_iter().zip(&mut costs) {
            cost.add_round(slack, server)?;
        }
    }
    let [ours, js, python] = costs;
    let over = |peer: &Cost| median(&ours.per_cpu_second) / median(&peer.per_cpu_second);
    let mut figures = vec![
        Figure::new(
            "commands per CPU second, over Bolt for JavaScript",
            over(&js),
            "x",
            Goal::AtLeast(7.0),
        ),
        Figure::new(
            "commands per CPU second, over Bolt for Python",
            over(&python),
            "x",
            Goal::AtLeast(10.0),
        ),
    ];
    for (name, cost) in
        [("All Clear", &ours), ("Bolt for JavaScript", &js), ("Bolt for Python", &python)]
    {
        let per_cpu = median(&cost.per_cpu_second);
        figures.push(Figure::plain(format!("{name}: commands per CPU second"), per_cpu, "/s"));
        figures.push(Figure::plain(
            format!("{name}: commands a second"),
            median(&cost.per_second),
            "/s",
        ));
        figures.push(Figure::plain(format!("{name}: peak resident memory"), cost.peak_mb, "MB"));
    }
    print(&format!("{ROUNDS} rounds of {COMMANDS} commands, {CONNECTIONS} at once"), &figures);
    Ok(())
}

impl Cost {
    fn add_round(&mut self, slack: &Slack, server: &Server) -> Result<()> {
        let requests = updates(slack);
        let (begun, before) = (now(), server.process.cpu_seconds()?);
        each_line(&requests, server.address, |line, request, _| {
            line.require(200, request)?;
            Ok(0.0)
        })?;
        let (took, cpu) = (begun.elapsed().as_secs_f64(), server.process.cpu_seconds()? - before);
        self.per_second.push(f64::from(COMMANDS) / took);
        self.per_cpu_second.push(f64::from(COMMANDS) / cpu);
        self.peak_mb = server.process.peak_megabytes()?;
        Ok(())
    }
}

/// Sends at the rate whatever happens; a command's time counts from the moment it was due.
fn at_rate(slack: &Slack, server: SocketAddr) -> Result<Vec<f64>> {
    let requests = updates(slack);
    let start = now() + Duration::from_millis(100);
    each_line(&requests, server, |line, request, place| {
        let due = start + Duration::from_secs(1) / RATE * place as u32;
        thread::sleep(due.saturating_duration_since(now()));
        line.require(200, request)?;
        Ok(since(due))
    })
}

fn since(due: Instant) -> f64 {
    due.elapsed().as_secs_f64() * 1e3
}

/// Sends every request, so many at once; a request's place decides its connection.
fn each_line(
    requests: &[Vec<u8>],
    server: SocketAddr,
    send: impl Fn(&mut Connection, &[u8], usize) -> std::io::Result<f64> + Sync,
) -> Result<Vec<f64>> {
    let send = &send;
    let line = |first: usize| {
        let mut connection = Connection::open(server)?;
        let own = requests.iter().enumerate().skip(first).step_by(CONNECTIONS);
        own.map(|(place, request)| send(&mut connection, request, place)).collect()
    };
    let line = &line;
    thread::scope(|scope| {
        let lines: Vec<_> =
            (0..CONNECTIONS).map(|first| scope.spawn(move || line(first))).collect();
        let mut waited = Vec::new();
        for one in lines {
            let came: std::io::Result<Vec<f64>> =
                one.join().map_err(|_| anyhow!("a line broke"))?;
            waited.extend(came.context("a command was not answered")?);
        }
        Ok(waited)
    })
}

/// Incidents that are nobody's emergency, one a component.
fn declare(slack: &Slack, server: SocketAddr) -> Result<()> {
    let mut line = Connection::open(server)?;
    for component in COMPONENTS {
        let request = signed(slack, &format!("declare p4 {component} is being measured"));
        line.require(200, &request)?;
    }
    let request = signed(slack, "status 5");
    ensure!(line.ask(&request)? == 200, "the incidents are not there");
    Ok(())
}

fn updates(slack: &Slack) -> Vec<Vec<u8>> {
    let update = |place: u32| {
        let incident = place as usize % COMPONENTS.len() + 1;
        signed(slack, &format!("update #{incident} step {place} is done, the cache is warm"))
    };
    (0..COMMANDS).map(update).collect()
}

/// A command as Slack sends it.
fn signed(slack: &Slack, text: &str) -> Vec<u8> {
    let command = slack.slash(ADA, INCIDENTS, "/incident", text);
    let (body, at) = (command.body(), command.signed_at);
    let signature = signature(SIGNING_SECRET, at, body.as_bytes());
    let length = body.len();
    format!(
        "POST /slack/commands HTTP/1.1\r\nhost: localhost\r\nx-slack-signature: {signature}\r\n\
         x-slack-request-timestamp: {at}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
