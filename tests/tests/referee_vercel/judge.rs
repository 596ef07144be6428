//! The official client in a process of its own, and what it says of a reply.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tests::parts;
use tests::standin::vercel::TOKEN;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// A client that is silent for longer waits for something that never comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Vercel's official client; it ends when dropped.
pub struct Judge {
    questions: ChildStdin,
    verdicts: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

/// What the client made of a reply.
#[derive(Debug)]
pub enum Verdict {
    /// The client hands it on, as it is or mended.
    Accepted {
        /// What the client hands on.
        understood: Value,
        /// What the reply said.
        said: Value,
    },
    /// The client throws an error.
    Refused(Refusal),
}

/// Why a reply was not accepted.
#[derive(Debug)]
pub struct Refusal {
    /// The class of the client's error.
    pub class: String,
    /// The status of the reply, if there was one.
    pub status: Option<u64>,
    /// The header by which the reply asks to wait.
    pub retry_after: Option<String>,
    /// The client's words.
    pub says: String,
}

impl Judge {
    /// The client, asking this API.
    pub fn of(api: &str) -> Self {
        Self::with_token(api, TOKEN)
    }

    /// The same with another token.
    pub fn with_token(api: &str, token: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/referee_vercel/judge.mjs");
        let client = parts::program("vercel-sdk").canonicalize().unwrap();
        let mut node = Command::new("node");
        node.arg(script).arg(client).args([api, token]).kill_on_drop(true);
        let started = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let Ok(mut process) = started else {
            panic!("node is missing: install it, 20 or newer, and run tests/parts")
        };
        let questions = process.stdin.take().unwrap();
        let verdicts = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { questions, verdicts, _process: process }
    }

    /// Lets the client make a call, and hears what it thinks of the reply.
    pub async fn on(&mut self, call: &str, request: Value) -> Verdict {
        let question = json!({"call": call, "request": request}).to_string() + "\n";
        self.questions.write_all(question.as_bytes()).await.unwrap();
        let line = timeout(PATIENCE, self.verdicts.next_line()).await.unwrap().unwrap();
        let Some(line) = line else { panic!("the client ended before its verdict on {call}") };
        let mut said: Value = serde_json::from_str(&line).unwrap();
        if let Some(understood) = said.get_mut("understood").map(Value::take) {
            return Verdict::Accepted { understood, said: said["said"].take() };
        }
        let text = |key: &str| said[key].as_str().map(ToOwned::to_owned);
        Verdict::Refused(Refusal {
            class: text("refused").unwrap(),
            status: said["status"].as_u64(),
            retry_after: text("retryAfter"),
            says: text("says").unwrap(),
        })
    }

    /// What the client understood of a reply that it must accept as it is: nothing made up, nothing dropped.
    pub async fn accepts(&mut self, call: &str, request: Value) -> Value {
        match self.on(call, request).await {
            Verdict::Accepted { understood, said } => {
                let mended = mended(&understood, &said);
                assert!(mended.is_empty(), "the client mends the reply to {call}:\n{mended}");
                understood
            }
            Verdict::Refused(no) => panic!("the client refuses the reply to {call}: {}", no.says),
        }
    }

    /// How the client refuses a reply that it must not accept.
    pub async fn refuses(&mut self, call: &str, request: Value) -> Refusal {
        match self.on(call, request).await {
            Verdict::Refused(no) => no,
            Verdict::Accepted { said, .. } => panic!("the client accepts {call}: {said}"),
        }
    }
}

/// Where the client's understanding differs from what was said, a line each.
pub fn mended(understood: &Value, said: &Value) -> String {
    let mut lines = String::new();
    compare("", understood, said, &mut lines);
    lines
}

fn compare(at: &str, understood: &Value, said: &Value, lines: &mut String) {
    match (understood, said) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
            for key in keys {
                let at = format!("{at}/{key}");
                match (ours.get(key), theirs.get(key)) {
                    (Some(ours), Some(theirs)) => compare(&at, ours, theirs, lines),
                    (Some(ours), None) => *lines += &format!("{at} is made up: {ours}\n"),
                    (None, Some(theirs)) => *lines += &format!("{at} is dropped: {theirs}\n"),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            for (place, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                compare(&format!("{at}/{place}"), ours, theirs, lines);
            }
        }
        _ if understood == said => {}
        _ => *lines += &format!("{at} is {said}, and is taken for {understood}\n"),
    }
}
