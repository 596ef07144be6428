//! A real server on a free port of this machine, a client, and a second look at its store.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use functions::clock;
use functions::desk::Desk;
use functions::door::{self, Secrets};
use functions::http;
use functions::perform::Perform;
use functions::server::{Config, Server};
use functions::store::SqliteStore;
use functions::vendors::dry::Dry;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use shared::engine::Engine;
use shared::plan::{Plan, built_in_text, read::read};
use shared::time::Span;
use shared::town::rehearsal_plan;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What the senders of this harness know.
pub const TOKEN: &str = "a-token-of-the-tests";
/// Far above what anything here takes.
const LIMIT: Duration = Duration::from_secs(20);

/// A running server.
pub struct Running {
    pub address: SocketAddr,
    pub store: PathBuf,
    pub desk: Desk,
    _folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// The plan as it is rehearsed: people who can be reached, everything armed; and everybody in a hurry.
pub fn plan() -> Arc<Plan> {
    let mut plan = rehearsal_plan(&read("plan.toml", built_in_text()).unwrap());
    plan.detection.confirm_within = Span::secs(1);
    plan.detection.probe_every = Span::secs(1);
    plan.thresholds.down_for = Span::millis(500);
    plan.safety.act_after = Span::secs(1);
    Arc::new(plan)
}

/// Every source but SNS, which signs, has the same token.
pub fn secrets() -> Secrets {
    door::secrets(&plan().sources, |_| Some(TOKEN.into())).unwrap()
}

pub fn config(store: PathBuf) -> Config {
    let listen = "127.0.0.1:0".parse().unwrap();
    Config {
        store,
        listen,
        plan: plan(),
        secrets: secrets(),
        probes: false,
        roots: http::Roots::default(),
    }
}

impl Running {
    pub async fn start() -> Self {
        Self::start_with(Dry, |_| {}).await
    }

    /// Prepares the store's place, then starts with that performer.
    pub async fn start_with(performer: impl Perform, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("allclear.db");
        prepare(&store);
        let server = Server::open(config(store.clone())).await.unwrap();
        let address = server.address().unwrap();
        let desk = server.desk();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async move { drop(stopped.await) };
            server.run(performer, stopped).await.unwrap();
        });
        Self { address, store, desk, _folder: folder, stop: Some(stop), task }
    }

    /// A POST to a source, with its token.
    pub fn post(&self, source: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.post_as(TOKEN, source, body)
    }

    /// A POST to a source, with any token.
    pub fn post_as(
        &self,
        token: &str,
        source: &str,
        body: impl Into<reqwest::Body>,
    ) -> RequestBuilder {
        let url = format!("http://{}/webhook/{source}", self.address);
        http::client(&http::Roots::default()).unwrap().post(url).bearer_auth(token).body(body)
    }

    pub async fn get(&self, path: &str) -> Response {
        let url = format!("http://{}{path}", self.address);
        http::client(&http::Roots::default()).unwrap().get(url).send().await.unwrap()
    }

    /// What a terminal beside the server sees.
    pub fn beside(&self) -> Engine<SqliteStore> {
        let store = SqliteStore::open(&self.store).unwrap();
        Engine::open(plan(), store, clock::now()).unwrap()
    }

    /// Reads the store with stock tools.
    pub fn query(&self, sql: &str) -> Vec<String> {
        let connection = rusqlite::Connection::open(&self.store).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
        rows.map(|value| format!("{:?}", value.unwrap())).collect()
    }

    /// Waits until a query has an answer.
    pub async fn until(&self, sql: &str) -> Vec<String> {
        let poll = async {
            loop {
                match self.query(sql) {
                    found if found.is_empty() => tokio::time::sleep(LIMIT / 1_000).await,
                    found => return found,
                }
            }
        };
        tokio::time::timeout(LIMIT, poll).await.unwrap_or_else(|_| panic!("no rows: {sql}"))
    }

    pub async fn stop(mut self) {
        drop(self.stop.take());
        drop(self.desk);
        tokio::time::timeout(LIMIT, self.task).await.unwrap().unwrap();
    }
}

/// Sends, and takes the answer apart.
pub async fn answer(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}
