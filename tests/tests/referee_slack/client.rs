//! An official client in a process of its own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tests::parts;
use tests::standin::slack::{APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, Slack};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// A client that is silent for longer waits for something that never comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// One of Slack's clients; it ends when dropped.
pub struct Client {
    questions: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    process: Child,
}

impl Client {
    /// `@slack/web-api`, with the bot's token.
    pub fn web(slack: &Slack) -> Self {
        Self::web_at(&slack.api_url())
    }

    /// The same, asking the API at this address, which has no slash at its end.
    pub fn web_at(api: &str) -> Self {
        Self::start(api, "web", BOT_TOKEN)
    }

    /// The same with another token.
    pub fn web_with(slack: &Slack, token: &str) -> Self {
        Self::start(&slack.api_url(), "web", token)
    }

    /// `@slack/socket-mode`, which connects at once.
    pub fn socket(slack: &Slack) -> Self {
        Self::start(&slack.api_url(), "socket", APP_TOKEN)
    }

    /// An app of `@slack/bolt` behind its HTTP receiver, and where it listens.
    pub async fn bolt(slack: &Slack) -> (Self, String) {
        let mut client = Self::start(&slack.api_url(), "http", BOT_TOKEN);
        let port = client.hears().await["listens"].as_u64().unwrap();
        (client, format!("http://127.0.0.1:{port}"))
    }

    fn start(api: &str, role: &str, token: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/referee_slack/clients.mjs");
        let clients = parts::program("slack-clients").canonicalize().unwrap();
        let mut node = Command::new("node");
        node.arg(script).arg(clients).arg(format!("{api}/"));
        node.args([role, token, SIGNING_SECRET]).kill_on_drop(true);
        let started = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let Ok(mut process) = started else {
            panic!("node is missing: install it, 20 or newer, and run tests/parts")
        };
        let questions = process.stdin.take().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { questions, lines, process }
    }

    /// The next line of the client.
    pub async fn hears(&mut self) -> Value {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        let Ok(line) = line else { panic!("the client hears nothing") };
        let Some(line) = line.unwrap() else {
            panic!("the client ended: {:?}", self.process.try_wait())
        };
        serde_json::from_str(&line).unwrap()
    }

    /// The next line that tells of something Slack sent; the client's own state is passed over.
    pub async fn gets(&mut self) -> Value {
        loop {
            let line = self.hears().await;
            if line.get("is").is_none() {
                return line;
            }
        }
    }

    /// Waits until the client says that it is in this state.
    pub async fn is(&mut self, state: &str) {
        while self.hears().await["is"] != state {}
    }

    async fn ask(&mut self, call: &str, args: &Value, retries: u32) -> Value {
        let question = json!({"call": call, "args": args, "retries": retries}).to_string() + "\n";
        self.questions.write_all(question.as_bytes()).await.unwrap();
        self.hears().await
    }

    /// What a call answers that must succeed, however often the client has to try.
    pub async fn calls(&mut self, call: &str, args: Value) -> Value {
        let mut verdict = self.ask(call, &args, 2).await;
        assert!(verdict.get("said").is_some(), "{call} is refused: {verdict}");
        verdict["said"].take()
    }

    /// How the client says that a call was refused, without another try.
    pub async fn refuses(&mut self, call: &str, args: Value) -> Value {
        let verdict = self.ask(call, &args, 0).await;
        assert!(verdict.get("refused").is_some(), "{call} succeeds: {verdict}");
        verdict
    }

    /// Slack's name for why a call is refused.
    pub async fn error(&mut self, call: &str, args: Value) -> String {
        let verdict = self.refuses(call, args).await;
        assert_eq!(verdict["refused"], "slack_webapi_platform_error", "{verdict}");
        verdict["error"].as_str().unwrap().into()
    }
}
