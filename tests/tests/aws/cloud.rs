//! The emulator with All Clear in it, and a site of the customer's beside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use functions::clock;
use functions::http::{self, Roots};
use functions::lambda::Function;
use functions::store::DynamoStore;
use functions::store::dynamo::Table;
use functions::vendors::aws::Aws;
use functions::vendors::aws::json::SQS;
use reqwest::Response;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::engine::Engine;
use shared::plan::{Plan, built_in_text, read::read};
use shared::timeline::timeline;
use tempfile::TempDir;
use tests::emulator::Emulator;
use tests::standin::site::{Authority, Site};
use tests::{binary, parts};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::policies;
use crate::proxy::{Proxy, Seen};

pub const REGION: &str = "us-west-2";
/// What the senders know.
pub const TOKEN: &str = "a-token-of-the-tests";
/// Far above what anything here takes.
const LIMIT: Duration = Duration::from_secs(100);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The plan in a hurry, with the customer's components on this machine.
pub fn plan_text(site: &str) -> String {
    let mut text = built_in_text().to_owned();
    for (old, new) in [
        ("down_for = \"30s\"", "down_for = \"1s\""),
        ("probe_every = \"10s\"", "probe_every = \"5s\""),
        ("confirm_within = \"60s\"", "confirm_within = \"30s\""),
        ("act_after = \"90s\"", "act_after = \"2s\""),
        ("up_successes = 10", "up_successes = 3"),
        ("up_for = \"15m\"", "up_for = \"2s\""),
        ("slow_ms = 500", "slow_ms = 5000"),
        ("https://www.vercel-status.com/api/v2/summary.json", site),
        ("https://status.supabase.com/api/v2/summary.json", site),
        ("https://standby.concierge-transaction-flow.com/health", site),
        ("https://example.com/", site),
        ("https://concierge-transaction-flow.com/health", site),
        ("https://api.concierge-transaction-flow.com/rest/v1/", site),
        ("https://api.concierge-transaction-flow.com/storage/v1/status", site),
        ("https://api.concierge-transaction-flow.com/auth/v1/health", site),
        ("https://api.concierge-transaction-flow.com/functions/v1/health", site),
    ] {
        assert!(text.contains(old), "the plan has no {old}");
        text = text.replace(old, new);
    }
    text
}

/// The emulator with everything deployed.
pub struct Cloud {
    _site: Site,
    pub plan: Plan,
    http: reqwest::Client,
    aws: Aws,
    client: aws_sdk_dynamodb::Client,
    outputs: BTreeMap<String, String>,
    pub proxy: Proxy,
    folder: TempDir,
    emulator: Emulator,
}

impl Cloud {
    pub async fn deploy() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new().unwrap();
        let pem = folder.path().join("authority.pem");
        std::fs::write(&pem, authority.pem()).unwrap();
        let loopback = "127.0.0.1:0".parse().unwrap();
        let site = Site::start(&authority, loopback, &["127.0.0.1"], None).await.unwrap();
        let text = plan_text(&format!("https://{}/", site.address));
        std::fs::write(folder.path().join("plan.toml"), &text).unwrap();
        // With AUTH it checks signatures, and every call against its role.
        let settings = [("ALLCLEAR_EXTRA_ROOTS", pem.to_str().unwrap()), ("AUTH", "true")];
        let emulator = Emulator::aws_with(&settings).await.unwrap();
        let secrets = json!({ "ALLCLEAR_SECRET_PINGDOM": TOKEN, "ALLCLEAR_SECRET_GENERIC": TOKEN });
        std::fs::write(folder.path().join("secrets.json"), secrets.to_string()).unwrap();
        let proxy = Proxy::start(&emulator.url).await;
        let between = format!("Endpoint={}", proxy.url);
        let up = ["up", "Probes=DISABLED", &between];
        let outputs = infra(&emulator, folder.path(), &up).await;
        let file = folder.path().join("secrets.json");
        infra(&emulator, folder.path(), &["secret", "monitors", file.to_str().unwrap()]).await;
        let (http, aws, client) = clients(&emulator.url);
        let plan = read("plan.toml", &text).unwrap();
        let outputs = outputs_of(&outputs);
        Self { _site: site, plan, http, aws, client, outputs, proxy, folder, emulator }
    }

    /// Deploys again what is there, by the documented command.
    pub async fn infra(&self, words: &[&str]) -> String {
        infra(&self.emulator, self.folder.path(), words).await
    }

    /// A POST of a monitor to the webhook's function.
    pub async fn post(&self, source: &str, body: &Value) -> Response {
        let host = self.outputs["Webhook"].trim_start_matches("https://").trim_end_matches('/');
        let request = self.http.post(format!("{}/webhook/{source}", self.emulator.url));
        let request = request.header("host", host).bearer_auth(TOKEN).body(body.to_string());
        request.send().await.unwrap()
    }

    /// Whoever probes from a Region has seen every component so, at this moment.
    pub async fn seen(&self, ok: bool) {
        for vantage in &self.plan.detection.vantage_points {
            let round: Vec<Value> = self.plan.components.iter().map(|component| {
                let ok = ok || component.id.as_str() != "frontend";
                let why = (!ok).then_some("HTTP 503");
                let probe = json!({ "vantage": vantage, "at": clock::now(), "ok": ok, "latency_ms": null, "why": why });
                json!({ "component": component.id, "probe": probe, "control_ok": true })
            }).collect();
            let place = vantage.as_str().bytes().map(u64::from).sum::<u64>();
            let put = self.client.put_item().table_name("allclear");
            put.item("pk", AttributeValue::S("vantage".into()))
                .item("sk", AttributeValue::N(place.to_string()))
                .item("round", AttributeValue::S(json!(round).to_string()))
                .send()
                .await
                .unwrap();
        }
        self.send("hear.fifo", &json!({ "look": clock::now() }).to_string()).await;
    }

    /// Puts a message into a queue, as a function would.
    pub async fn send(&self, queue: &str, body: &str) {
        let name = json!({ "QueueName": format!("allclear-{queue}") });
        let url = self.aws.json(SQS, REGION, "GetQueueUrl", &name).await.unwrap();
        let mut message = json!({ "QueueUrl": url["QueueUrl"], "MessageBody": body });
        if queue.contains(".fifo") {
            message["MessageGroupId"] = "one".into();
            message["MessageDeduplicationId"] = format!("{}", fastrand::u64(..)).into();
        }
        self.aws.json(SQS, REGION, "SendMessage", &message).await.unwrap();
    }

    /// Runs a function once, as its schedule would.
    pub async fn invoke(&self, function: &str) -> Value {
        let file = self.folder.path().join(format!("{function}.json"));
        let (name, path) = (format!("allclear-{function}"), file.to_str().unwrap());
        self.aws(&["lambda", "invoke", "--function-name", &name, path]).await;
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap_or_default()
    }

    /// From now on every record of the stream is relayed twice, so that every message comes twice.
    pub async fn relay_twice(&self) {
        let table = ["dynamodb", "describe-table", "--table-name", "allclear"];
        let stream = self.aws(&[&table[..], &["--query", "Table.LatestStreamArn"]].concat()).await;
        let create = ["lambda", "create-event-source-mapping", "--function-name", "allclear-relay"];
        let from = ["--starting-position", "TRIM_HORIZON", "--event-source-arn"];
        self.aws(&[&create[..], &from, &[stream.as_str().unwrap()]].concat()).await;
    }

    /// Kills an environment of a function, whatever it is doing.
    pub fn kill_one(&self) {
        let children = self.emulator.children().unwrap();
        if let Some(one) = fastrand::choice(&children) {
            let killed = std::process::Command::new("kill").args(["-9", &one.to_string()]).status();
            assert!(killed.is_ok());
        }
    }

    pub fn log(&self) -> String {
        self.emulator.log().unwrap()
    }

    /// What the role of a function allows.
    pub async fn role(&self, function: &str) -> BTreeSet<String> {
        let role = self.function(function).await["Role"].as_str().unwrap().to_owned();
        let name = role.rsplit('/').next().unwrap().to_owned();
        let get = ["iam", "get-role-policy", "--role-name", &name, "--policy-name", function];
        policies::allowed(&self.aws(&get).await["PolicyDocument"])
    }

    /// What each function has called so far. In the emulator a function's key follows from its name and its role.
    pub async fn seen_calls(&self) -> Seen {
        let by_key = self.proxy.seen();
        let mut seen = Seen::new();
        for function in Function::ALL.map(Function::name) {
            let found = self.function(function).await;
            let words = format!(
                "{}:{}",
                found["FunctionArn"].as_str().unwrap(),
                found["Role"].as_str().unwrap()
            );
            let digest = data_encoding::HEXUPPER.encode(&Sha256::digest(words));
            let calls = by_key.get(&format!("ASIA{}", &digest[..16])).cloned();
            seen.insert(function.to_owned(), calls.unwrap_or_default());
        }
        seen
    }

    async fn function(&self, name: &str) -> Value {
        let name = format!("allclear-{name}");
        self.aws(&["lambda", "get-function-configuration", "--function-name", &name]).await
    }

    /// AWS's own command.
    async fn aws(&self, words: &[&str]) -> Value {
        let mut command = Command::new(parts::program("aws"));
        let command = command.args(words).args(["--output", "json", "--region", REGION]);
        let output = signed(command, &self.emulator).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "aws {words:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// What a laptop sees that looks into the table.
    pub async fn engine(&self) -> Engine<DynamoStore> {
        let (table, plan) = (self.table(), self.plan.clone().into());
        let open = move || Engine::open(plan, DynamoStore::open(table).unwrap(), clock::now());
        tokio::task::spawn_blocking(open).await.unwrap().unwrap()
    }

    pub fn table(&self) -> Table {
        let (_, _, client) = clients(&self.emulator.url);
        Table::new(client, "allclear")
    }

    /// Waits until incident 1's timeline has a line with that text, and gives the whole of it.
    pub async fn until(&self, wanted: &str) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let lines = self.lines().await;
            if lines.iter().any(|line| line.contains(wanted)) {
                return lines;
            }
            let log = || self.emulator.log().unwrap_or_default();
            assert!(begun.elapsed() < LIMIT, "no `{wanted}` in\n{}\n{}", lines.join("\n"), log());
            sleep(LOOK_EVERY).await;
        }
    }

    async fn lines(&self) -> Vec<String> {
        let engine = self.engine().await;
        let lines = tokio::task::spawn_blocking(move || {
            let Ok(Some(found)) = shared::engine::Glance::numbered(&engine, 1) else {
                return vec![];
            };
            let turns = shared::engine::Glance::turns(&engine, &found.id).unwrap();
            timeline(&turns).into_iter().map(|line| line.text).collect()
        });
        lines.await.unwrap()
    }
}

fn clients(url: &str) -> (reqwest::Client, Aws, aws_sdk_dynamodb::Client) {
    let http = http::client(&Roots::default()).unwrap();
    let read = |name: &str| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        "AWS_ENDPOINT_URL" => Some(url.to_owned()),
        _ => None,
    };
    let aws = Aws::from_environment(http.clone(), read).unwrap();
    let client = aws.dynamodb(REGION, http::client(&Roots::default()).unwrap());
    (http, aws, client)
}

/// `infra/deploy`, against the emulator.
async fn infra(emulator: &Emulator, folder: &Path, words: &[&str]) -> String {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/deploy");
    let aws = parts::program("aws");
    let path = format!("{}:{}", aws.parent().unwrap().display(), env!("PATH"));
    let mut deploy = Command::new(deploy);
    deploy.args(words).env("PATH", path).env("ALLCLEAR_PLAN", folder.join("plan.toml"));
    deploy.env("ALLCLEAR_BUILT", binary::bootstrap());
    let output = signed(&mut deploy, emulator).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "infra/deploy {words:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// With the keys of the emulator's owner.
fn signed<'a>(command: &'a mut Command, emulator: &Emulator) -> &'a mut Command {
    command.env("AWS_ENDPOINT_URL", &emulator.url);
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test")
}

fn outputs_of(said: &str) -> BTreeMap<String, String> {
    let lines = said.lines().filter_map(|line| {
        let mut words = line.split('\t').skip(1);
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    });
    lines.collect()
}
