//! What a server promised before it was killed, it keeps after: a real process, real `SIGKILL`, under load.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails here fails its test")]

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use functions::clock;
use functions::http;
use functions::store::SqliteStore;
use serde_json::json;
use shared::engine::Engine;
use shared::plan::{built_in_text, read::read};
use shared::store::Store;
use tempfile::TempDir;
use tests::binary::allclear;
use tokio::task::JoinSet;

/// Kills in one life of a store.
const KILLS: u32 = 5;
/// Senders at once.
const SENDERS: u32 = 16;
/// Far above what anything here takes.
const LIMIT: Duration = Duration::from_mins(1);

/// A store and the program that serves it.
struct Place {
    folder: TempDir,
    binary: &'static Path,
    address: SocketAddr,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("plan.toml"), plan_text()).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { folder, binary: allclear(), address }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("allclear.db")
    }

    async fn serve(&self) -> Child {
        let server = Command::new(self.binary)
            .arg("--store")
            .arg(self.store())
            .arg("--plan-file")
            .arg(self.folder.path().join("plan.toml"))
            .args(["serve", "--listen", &self.address.to_string()])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let client = http::client(&http::Roots::default()).unwrap();
        let ready = format!("http://{}/ready", self.address);
        let up = async {
            while !client.get(&ready).send().await.is_ok_and(|answer| answer.status() == 200) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LIMIT, up).await.expect("the server does not become ready");
        server
    }

    fn count(&self, sql: &str) -> i64 {
        let connection = rusqlite::Connection::open(self.store()).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

fn plan_text() -> String {
    built_in_text()
        .replace("[Phone]", "+12025550123")
        .replace("[Email]", "someone@example.com")
        .replace("confirm_within = \"60s\"", "confirm_within = \"1s\"")
}

/// What was answered with 202.
type Accepted = Arc<Mutex<BTreeSet<String>>>;

/// Monitors of all components that say something new each time, as fast as they are answered.
async fn storm(
    address: SocketAddr,
    numbers: Arc<AtomicU32>,
    accepted: Accepted,
    over: Arc<AtomicBool>,
) {
    let client = http::client(&http::Roots::default()).unwrap();
    while !over.load(Ordering::Relaxed) {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let path =
            ["", "/rest/v1", "/auth/v1", "/storage/v1", "/functions/v1"][number as usize % 5];
        let body = json!({"check_id": number, "current_state": "DOWN", "check_name": path,
            "state_changed_timestamp": clock::now().0 / 1_000});
        let url = format!("http://{address}/webhook/pingdom");
        let answer = client.post(url).body(body.to_string()).send().await;
        if answer.is_ok_and(|answer| answer.status() == 202) {
            accepted.lock().unwrap().insert(body.to_string());
        }
    }
}

fn kept(store: &Path) -> BTreeSet<String> {
    let connection = rusqlite::Connection::open(store).unwrap();
    let mut statement = connection.prepare("SELECT CAST(body AS TEXT) FROM deliveries").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Every chain from its first turn to its last.
fn verify(store: &Path) -> usize {
    let plan = Arc::new(read("plan.toml", &plan_text()).unwrap());
    let engine = Engine::open(plan, SqliteStore::open(store).unwrap(), clock::now()).unwrap();
    let all = engine.store().newest(1_000).unwrap();
    for one in &all {
        assert!(engine.load(&one.id).unwrap().turns > 0);
    }
    all.len()
}

#[tokio::test]
async fn nothing_accepted_and_no_page_is_lost_to_sigkill() {
    let place = Place::new();
    let (numbers, accepted) = (Arc::new(AtomicU32::new(1)), Accepted::default());
    let mut chance = fastrand::Rng::with_seed(7);
    for _ in 0..KILLS {
        let mut server = place.serve().await;
        let over = Arc::new(AtomicBool::new(false));
        let mut senders = JoinSet::new();
        for _ in 0..SENDERS {
            let (numbers, accepted) = (numbers.clone(), accepted.clone());
            senders.spawn(storm(place.address, numbers, accepted, over.clone()));
        }
        tokio::time::sleep(Duration::from_millis(chance.u64(200..2_500))).await;
        server.kill().unwrap();
        server.wait().unwrap();
        over.store(true, Ordering::Relaxed);
        senders.join_all().await;
    }
    let mut server = place.serve().await;
    let settled = async {
        let owed = "SELECT count(*) FROM outbox WHERE lane = 'page'";
        let paged = "SELECT count(*) FROM timeline WHERE event LIKE '%\"provider\":\"dry-run\"%'";
        while place.count(owed) > 0 || place.count(paged) == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LIMIT, settled).await.expect("pages stay owed");
    server.kill().unwrap();
    server.wait().unwrap();
    let accepted = accepted.lock().unwrap();
    let kept = kept(&place.store());
    let lost: Vec<_> = accepted.iter().filter(|body| !kept.contains(*body)).collect();
    assert!(lost.is_empty(), "{} of {} lost, e.g. {:?}", lost.len(), accepted.len(), lost[0]);
    assert!(accepted.len() > 100, "only {} were accepted: no storm", accepted.len());
    assert_eq!(verify(&place.store()), 5, "one incident a component");
}
