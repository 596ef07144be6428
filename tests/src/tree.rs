//! The real program with both carriers before it.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::command::{Desk, Said};
use crate::exchange::Exchange;
use functions::http::{self, Roots};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// Far above what any of this takes.
const LIMIT: Duration = Duration::from_mins(1);
const EVERY: Duration = Duration::from_millis(50);

/// A server, its carriers, and a terminal beside it.
pub struct Tree {
    /// Carriers and phones.
    pub exchange: Exchange,
    /// Where commands are typed.
    pub desk: Desk,
    /// The server, without a slash at its end.
    pub url: String,
    child: Child,
    _folder: TempDir,
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _gone = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Tree {
    /// Starts the server. The first rungs of a P1 are seconds apart: nobody waits for minutes here.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn plant(exchange: Exchange) -> Self {
        Self::plant_with(exchange, &[], |plan| plan).await
    }

    /// Starts the server with more settings, and more in its plan.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn plant_with(
        exchange: Exchange,
        more: &[(&str, String)],
        change: impl FnOnce(String) -> String,
    ) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::in_folder(folder.path());
        exchange.leads_to(&url);
        let plan = Exchange::plan_text().replacen("after = \"2m\"", "after = \"4s\"", 1).replacen(
            "{ after = \"5m\"",
            "{ after = \"8s\"",
            1,
        );
        std::fs::write(desk.path("infra/plan.toml"), change(plan)).unwrap();
        let mut command = desk.command(&format!("serve --listen 127.0.0.1:{port}"));
        command.envs(exchange.settings()).envs(more.iter().map(|(name, value)| (name, value)));
        let log = std::fs::File::create(desk.path("log")).unwrap();
        let child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let tree = Self { exchange, desk, url, child, _folder: folder };
        let ready = format!("{}/ready", tree.url);
        let http = http::client(&Roots::default()).unwrap();
        let begun = Instant::now();
        while !http.get(&ready).send().await.is_ok_and(|it| it.status().is_success()) {
            assert!(begun.elapsed() < LIMIT, "the server does not start:\n{}", tree.log());
            sleep(EVERY).await;
        }
        tree
    }

    /// Somebody says that nothing works.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn declares(&self) {
        let said = self.types("--as stakeholder-rep incident declare frontend \"nothing loads\"");
        let said = said.await;
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    }

    /// Typed in a thread of its own: the stand-ins answer in this one.
    ///
    /// # Panics
    /// If it can't be started.
    pub async fn types(&self, line: &str) -> Said {
        let mut command = self.desk.command(line);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
        Said::from(&output.unwrap())
    }

    /// The incident's timeline, once it says so.
    ///
    /// # Panics
    /// If it never does.
    pub async fn says(&self, what: &str) -> String {
        match self.comes_to_say(what).await {
            Ok(timeline) => timeline,
            Err(timeline) => panic!(
                "nothing says {what}:\n{timeline}\n{}\n{}",
                self.exchange.phones.story(),
                self.log()
            ),
        }
    }

    /// The incident's timeline, once it says so; as an error, the one that still does not.
    ///
    /// # Errors
    /// The timeline that does not say so, far too late.
    pub async fn comes_to_say(&self, what: &str) -> Result<String, String> {
        let begun = Instant::now();
        loop {
            let timeline = self.types("incident timeline 1").await.out;
            if timeline.contains(what) {
                return Ok(timeline);
            }
            if begun.elapsed() >= LIMIT {
                return Err(timeline);
            }
            sleep(EVERY).await;
        }
    }

    /// Waits until something happened at the phones.
    ///
    /// # Panics
    /// If it never does.
    pub async fn until(&self, what: &str, seen: impl Fn(&Exchange) -> bool) {
        let begun = Instant::now();
        while !seen(&self.exchange) {
            let story = || format!("{}\n{}", self.exchange.phones.story(), self.log());
            assert!(begun.elapsed() < LIMIT, "{what} does not happen:\n{}", story());
            sleep(EVERY).await;
        }
    }

    /// What the server wrote.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.desk.path("log")).unwrap_or_default()
    }
}
